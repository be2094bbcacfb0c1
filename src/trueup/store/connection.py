"""The way to a Redis or Valkey server: its address, a client with time-outs, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from trueup.errors import ConfigValueError, StoreUnavailableError

DEFAULT_PORT = 6379
DEFAULT_TIMEOUT_SECS = 5.0
"""A local server answers in under a millisecond; five seconds of silence is an outage, not load."""


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a node's store is, and how to get in.

    The database number is always 0: NautilusTrader 1.x has no setting for another.

    Parameters
    ----------
    host : str
        Host name or IP address.
    port : int
        TCP port.
    username, password : str, optional
        Credentials. Never shown by `repr` nor by `url`.
    ssl : bool
        Whether to speak TLS.
    timeout_secs : float
        Limit of each connect and of each answer.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ssl: bool = False
    timeout_secs: float = DEFAULT_TIMEOUT_SECS

    @property
    def url(self) -> str:
        """The address as a URL, without credentials: fit for logs."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'rediss' if self.ssl else 'redis'}://{host}:{self.port}/0"

    @classmethod
    def from_url(cls, url: str, *, timeout_secs: float = DEFAULT_TIMEOUT_SECS) -> StoreAddress:
        """Read ``redis://[user[:password]@]host[:port][/0]`` (or ``rediss``, ``valkey``, ``valkeys``).

        Raises
        ------
        ConfigValueError
            If the URL is of another form or asks for another database than 0. The message never holds the password.
        """
        parts = urlsplit(url)
        allowed = "redis://[user:password@]host[:port][/0], or rediss:// for TLS"
        try:
            port = parts.port or DEFAULT_PORT
        except ValueError as error:
            raise ConfigValueError(
                "the port of the store's URL is not a number up to 65535", allowed=allowed
            ) from error
        if parts.scheme not in ("redis", "rediss", "valkey", "valkeys") or not parts.hostname:
            raise ConfigValueError(f"the store's URL has the scheme '{parts.scheme}' or no host", allowed=allowed)
        if parts.path not in ("", "/", "/0"):
            raise ConfigValueError(
                f"the store's URL asks for database '{parts.path.lstrip('/')}'",
                allowed=allowed,
                action="use database 0: NautilusTrader 1.x has no setting for another",
            )
        return cls(
            host=parts.hostname,
            port=port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            ssl=parts.scheme in ("rediss", "valkeys"),
            timeout_secs=timeout_secs,
        )


def open_client(address: StoreAddress) -> redis.Redis:
    """Return a client that never waits longer than the address says and never retries by itself.

    The retries are left out on purpose: the callers measure, and an answer that needed three tries is a finding.
    """
    return redis.Redis(
        host=address.host,
        port=address.port,
        username=address.username,
        password=address.password,
        ssl=address.ssl,
        socket_connect_timeout=address.timeout_secs,
        socket_timeout=address.timeout_secs,
        retry=Retry(NoBackoff(), 0),
        # RESP2 is what every server since 6.2 speaks in one form; RESP3 changes reply types between client
        # versions
        protocol=2,
        client_name="trueup",
        encoding_errors="surrogateescape",  # a key of any bytes can be named and found again
    )


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Turn the client's errors into ours: no answer, no access, or a refusal, each with what to do.

    Raises
    ------
    StoreUnavailableError
        In place of every `redis.RedisError`.
    """
    try:
        yield
    except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as error:
        raise StoreUnavailableError(
            f"the store at {url} refuses access: {error}",
            action="set the user name and password that the server asks for",
        ) from error
    except redis.exceptions.BusyLoadingError as error:
        raise StoreUnavailableError(
            f"the store at {url} is still loading its data", action="wait until it has loaded and try again"
        ) from error
    except redis.TimeoutError as error:
        raise StoreUnavailableError(
            f"the store at {url} did not answer in time: {error}",
            action="check that the server is not stopped, swapping or blocked by a slow command",
        ) from error
    except redis.ConnectionError as error:
        raise StoreUnavailableError(
            f"the store at {url} cannot be reached: {error}", action="check the address and that the server runs"
        ) from error
    except redis.ResponseError as error:
        refusal = (
            "asks for a password" if "NOAUTH" in str(error) or "Authentication" in str(error) else "refused a command"
        )
        raise StoreUnavailableError(
            f"the store at {url} {refusal}: {error}",
            action="check the credentials, and that the user may run read commands",
        ) from error
    except redis.RedisError as error:
        raise StoreUnavailableError(f"the store at {url} failed: {error}", action="check the server's log") from error
