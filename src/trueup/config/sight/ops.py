"""The ops endpoint: where a node tells how it is."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from trueup.config.base import Number, Section, fault

DEFAULT_PORT = 9464
"""The default of OpenTelemetry's Prometheus exporters: in the range that Prometheus keeps for exporters (9100 to 9999),
and below the ports that Linux hands out by itself (32768 and above), so that no outgoing connection is ever on it."""

TOKEN_CHARS_MIN = 16
"""96 bits when it is random letters and digits: beyond guessing over a network."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""What RFC 6750 allows a bearer token to be made of."""

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def is_loopback(host: str) -> bool:
    """Return whether only programs of this machine can reach `host`.

    A name other than ``localhost`` may resolve to anything, so it is taken for reachable.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class OpsConfig(Section):
    """Configure the ops endpoint: metrics, health, status and the status page, on a thread of its own."""

    enabled: bool = True
    """Serve it. Without it nothing can scrape, probe or look at the node."""

    host: str = Field(default="127.0.0.1", min_length=1, max_length=255)
    """Address to listen on. Any but loopback needs `auth_token`."""

    port: Annotated[int, Number] = Field(default=DEFAULT_PORT, ge=0, le=65_535)
    """TCP port; 0 lets the system choose one. Each node of a machine needs its own."""

    auth_token: SecretStr | None = None
    """Bearer token that a reader must show, 16 characters or more. Only from the environment or the secrets file."""

    allowed_hosts: tuple[str, ...] = Field(default=(), max_length=64)
    """Names in a request's ``Host`` that are answered beside addresses, ``localhost`` and `host`: those of a reverse
    proxy or a container. Any other name is refused, since a foreign web page could have made it point here."""

    @field_validator("auth_token")
    @classmethod
    def _strong_token(cls, token: SecretStr | None) -> SecretStr | None:
        if token is None:
            return None
        text = token.get_secret_value()
        if len(text) < TOKEN_CHARS_MIN or not _TOKEN.fullmatch(text):
            raise fault(
                f"ops.auth_token has {len(text)} characters"
                if len(text) < TOKEN_CHARS_MIN
                else "ops.auth_token holds a character that no bearer token may hold",
                allowed=f"{TOKEN_CHARS_MIN} or more of letters, digits and . _ ~ + / = -",
                action="make one with: openssl rand -base64 32",
            )
        return token

    @field_validator("allowed_hosts")
    @classmethod
    def _bare_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _HOST_NAME.fullmatch(name):
                raise fault(
                    f"ops.allowed_hosts holds {name!r:.80}",
                    allowed="names without scheme, port, path or wildcard, such as node1.example.com",
                )
        return tuple(name.lower() for name in names)

    @model_validator(mode="after")
    def _closed_or_guarded(self) -> Self:
        if not self.is_guarded:
            raise fault(
                f"ops.host is {self.host}, which other machines can reach, and there is no ops.auth_token",
                allowed="a loopback address, or any address with a token",
                action="give TRUEUP_OPS__AUTH_TOKEN, or set host to 127.0.0.1 and reach it through an SSH tunnel",
            )
        return self

    @property
    def is_guarded(self) -> bool:
        """Whether nobody on another machine can read the node without a token."""
        return not self.enabled or is_loopback(self.host) or self.auth_token is not None
