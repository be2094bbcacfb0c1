"""The journal: where it is kept, how long, and what seals it."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from trueup.config.base import Count, Number, PositiveSeconds, Section, fault

ALLOWED = "a path, or postgresql+psycopg://USER@HOST:PORT/DATABASE"
SCHEMES = frozenset({"sqlite", "postgresql", "postgresql+psycopg"})
KEY_CHARS_MIN = 16
"""A shorter key could be found by trying, by whoever holds a copy of the journal."""
INSTANCE = r"^([A-Za-z0-9][A-Za-z0-9_.:-]{0,63})?$"


class JournalConfig(Section):
    """Configure the durable record of discrepancies, verdicts, steps and guard changes."""

    enabled: bool = True
    """Keep one."""

    url: str | None = Field(default=None, min_length=1, max_length=2_000)
    """A file's path, or ``postgresql+psycopg://USER@HOST:PORT/DATABASE`` for several nodes in one; without it
    ``journal.sqlite3`` in the node's state directory. A password in it is refused."""

    password: SecretStr | None = None
    """Of the PostgreSQL user. Only from the environment or the secrets file; ``PGPASSWORD``, ``.pgpass`` and a peer's
    identity work too."""

    secret_key: SecretStr | None = None
    """Seals every entry (HMAC-SHA-256), so that who may write the file still cannot rewrite its history. 16 characters
    or more, only from the environment or the secrets file. Do not lose it: ``verify`` needs it."""

    instance: str = Field(default="", pattern=INSTANCE)
    """Tells apart two nodes of one trader id that write to one server."""

    retention_days: Annotated[int, Number] = Field(default=90, ge=1, le=3_650)
    """Days that an entry is kept."""

    rows_max: Count = Field(default=200_000, ge=1_000, le=100_000_000)
    """Entries that one writer keeps; 200,000 take 110 to 250 MB."""

    heartbeat_secs: PositiveSeconds = Field(default=300.0, ge=10.0, le=86_400.0)
    """An unchanged verdict is written again after so long; a changed one at once."""

    queue_max: Count = Field(default=10_000, ge=100, le=1_000_000)
    """Entries that may wait for a disk or a server that does not answer; what comes on top is dropped and counted."""

    @field_validator("url")
    @classmethod
    def _without_password(cls, url: str | None) -> str | None:
        if url is None or "://" not in url:
            return url
        try:
            parts = urlsplit(url)
            has_password = parts.password is not None
        except ValueError:
            raise fault("journal.url cannot be read as a URL", allowed=ALLOWED) from None
        if has_password:
            raise fault(
                "journal.url has a password in it",
                allowed=ALLOWED,
                action="take it out, and give it by TRUEUP_JOURNAL__PASSWORD or in the secrets file",
            )
        if parts.scheme not in SCHEMES:
            raise fault(f"journal.url begins with {parts.scheme}://", allowed=ALLOWED)
        return url

    @field_validator("secret_key")
    @classmethod
    def _strong_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < KEY_CHARS_MIN:
            raise fault(
                f"journal.secret_key has {len(key.get_secret_value())} characters",
                allowed=f"{KEY_CHARS_MIN} or more",
                action="make one with: openssl rand -hex 32",
            )
        return key

    @model_validator(mode="after")
    def _password_for_a_server(self) -> Self:
        if self.password is not None and not self.is_server:
            raise fault(
                "journal.password stands without a server in journal.url",
                allowed="a password with a postgresql URL",
                action="remove it, or name the server",
            )
        return self

    @property
    def is_server(self) -> bool:
        """Whether the journal is kept by a PostgreSQL server."""
        return self.url is not None and self.url.startswith("postgresql")

    @property
    def file(self) -> str | None:
        """The path of the file, None for a server or for the default."""
        if self.url is None or self.is_server:
            return None
        return self.url.removeprefix("sqlite:///") if self.url.startswith("sqlite:") else self.url
