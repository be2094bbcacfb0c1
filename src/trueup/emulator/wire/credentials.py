"""API keys: whose they are and how their signatures are checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trueup.emulator.engine import rejections
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.venue import Venue
from trueup.emulator.wire.parameters import Parameters, missing
from trueup.emulator.wire.signing import Verifier, hmac_verifier, public_key_verifier

RECV_WINDOW_DEFAULT_MS: Final = 5_000
RECV_WINDOW_MAX_MS: Final = 60_000
AHEAD_MAX_MS: Final = 1_000  # the venue: a timestamp more than a second ahead is refused
KEY_LENGTH_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class Credential:
    """One API key.

    Parameters
    ----------
    kind : str
        ``"HMAC"`` or ``"PUBLIC"`` (Ed25519 or RSA).
    """

    account_id: str
    api_key: str
    kind: str
    verify: Verifier


def no_key() -> Rejection:
    """Return the venue's rejection of a call without an API key."""
    return Rejection(-2014, "API-key format invalid.", 401)


def bad_signature() -> Rejection:
    """Return the venue's rejection of a signature that does not fit."""
    return Rejection(-1022, "Signature for this request is not valid.")


class Credentials:
    """Find and check API keys; checks are made once per key and kept."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._known: dict[str, Credential] = {}

    def find(self, api_key: str | None) -> Credential:
        """Return the credential of a key; -2014 without one, -2015 for an unknown one."""
        if not api_key or len(api_key) > KEY_LENGTH_MAX:
            raise no_key()
        credential = self._known.get(api_key)
        if credential is not None:
            return credential
        settings = self._venue.account_by_key(api_key)
        if settings is None:
            raise rejections.invalid_api_key()
        if settings.public_key:
            credential = Credential(settings.account_id, api_key, "PUBLIC", public_key_verifier(settings.public_key))
        else:
            credential = Credential(settings.account_id, api_key, "HMAC", hmac_verifier(settings.secret))
        # Bounded by the accounts of the venue: unknown keys are never kept.
        self._known[api_key] = credential
        return credential


def check_time(parameters: Parameters, now_ms: int) -> None:
    """Check `timestamp` and `recvWindow` as the venue does.

    Raises
    ------
    Rejection
        -1102 without a timestamp, -1021 outside the window, -1131 for a window over a minute.
    """
    timestamp = parameters.integer("timestamp")
    if timestamp is None:
        raise missing("timestamp")
    window = parameters.integer("recvWindow")
    if window is None:
        window = RECV_WINDOW_DEFAULT_MS
    elif not 0 < window <= RECV_WINDOW_MAX_MS:
        raise Rejection(-1131, "recvWindow must be less than 60000.")
    if timestamp >= now_ms + AHEAD_MAX_MS:
        raise Rejection(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - timestamp > window:
        raise Rejection(-1021, "Timestamp for this request is outside of the recvWindow.")
