"""Which NautilusTrader versions are supported, and which parameters each of them knows.

The table was read from the configuration classes inside the published packages of 1.222.0 to 1.231.0, one by one;
the tests compare both ends with what is installed.
"""

from __future__ import annotations

import importlib.metadata
import re
from dataclasses import dataclass

Version = tuple[int, int]

OLDEST_SUPPORTED: Version = (1, 222)
"""1.222.0 brought the continuous position check, without which a lost fill of a closed order is never found."""

NEWEST_SUPPORTED: Version = (1, 231)
"""1.231.0 is the last 1.x release; 2.x has another engine and needs another binding."""

DISTRIBUTION = "nautilus_trader"


@dataclass(frozen=True, slots=True)
class FieldSpan:
    """The versions that know one parameter.

    Parameters
    ----------
    since : Version, optional
        First version with the parameter; None for every supported one.
    until : Version, optional
        First version without it again.
    """

    since: Version | None = None
    until: Version | None = None

    def covers(self, version: Version) -> bool:
        """Return whether `version` knows the parameter."""
        return (self.since is None or version >= self.since) and (self.until is None or version < self.until)

    def describe(self) -> str:
        """Return the span in words, for messages and the reference."""
        if self.until is not None:
            return f"before {format_version(self.until)}"
        return f"{format_version(self.since or OLDEST_SUPPORTED)} and later"


EVERY_VERSION = FieldSpan()

# Parameters that not every supported version knows: (configuration class, parameter) -> span.
FIELD_SPANS: dict[tuple[str, str], FieldSpan] = {
    ("LiveExecEngineConfig", "position_check_retries"): FieldSpan(since=(1, 224)),
    ("LiveExecEngineConfig", "convert_quote_qty_to_base"): FieldSpan(until=(1, 225)),
    ("DatabaseConfig", "timeout"): FieldSpan(until=(1, 226)),
    ("DatabaseConfig", "connection_timeout"): FieldSpan(since=(1, 226)),
    ("DatabaseConfig", "response_timeout"): FieldSpan(since=(1, 226)),
    ("DatabaseConfig", "number_of_retries"): FieldSpan(since=(1, 226)),
    ("DatabaseConfig", "exponent_base"): FieldSpan(since=(1, 226)),
    ("DatabaseConfig", "max_delay"): FieldSpan(since=(1, 226)),
    ("DatabaseConfig", "factor"): FieldSpan(since=(1, 226)),
    ("CacheConfig", "bulk_read_batch_size"): FieldSpan(since=(1, 223)),
    ("LoggingConfig", "use_tracing"): FieldSpan(since=(1, 223)),
    ("LoggingConfig", "fileout_sync_on_flush"): FieldSpan(since=(1, 228)),
    ("LoggingConfig", "buffered_stdout"): FieldSpan(since=(1, 228)),
    ("BinanceDataClientConfig", "testnet"): FieldSpan(until=(1, 227)),
    ("BinanceDataClientConfig", "environment"): FieldSpan(since=(1, 223)),
    ("BinanceExecClientConfig", "testnet"): FieldSpan(until=(1, 227)),
    ("BinanceExecClientConfig", "environment"): FieldSpan(since=(1, 223)),
    ("BinanceExecClientConfig", "base_url_ws_stream"): FieldSpan(since=(1, 223)),
    ("BinanceExecClientConfig", "listen_key_ping_max_failures"): FieldSpan(until=(1, 223)),
}


def field_span(config_class: str, parameter: str) -> FieldSpan:
    """Return the versions in which `config_class` knows `parameter`: every one, unless the table says otherwise."""
    return FIELD_SPANS.get((config_class, parameter), EVERY_VERSION)


def installed_version() -> str | None:
    """Return the installed NautilusTrader's version without importing it, or None if it is not installed."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return None


def parse_version(text: str | None) -> Version | None:
    """Return the major and minor number of a version, or None if there is none to read."""
    match = re.match(r"(\d+)\.(\d+)", text or "")
    return (int(match[1]), int(match[2])) if match else None


def format_version(version: Version) -> str:
    """Return a version as people write it."""
    return f"{version[0]}.{version[1]}"


def is_supported(text: str | None) -> bool:
    """Return whether trueup was checked against this version."""
    version = parse_version(text)
    return version is not None and OLDEST_SUPPORTED <= version <= NEWEST_SUPPORTED
