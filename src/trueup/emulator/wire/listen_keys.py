"""Listen keys: one per account, sixty minutes by the emulator's clock, renewed by every call that touches it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from trueup.emulator.engine.rejections import Rejection

VALIDITY_MS: Final = 60 * 60 * 1_000


def no_such_listen_key() -> Rejection:
    """Return the venue's rejection of a listen key that is not alive."""
    return Rejection(-1125, "This listenKey does not exist.")


@dataclass(slots=True)
class ListenKeys:
    """The listen keys that are alive.

    Parameters
    ----------
    validity_ms : int
        How long a key lives without being touched; the venue's is sixty minutes.
    """

    validity_ms: int = VALIDITY_MS
    _key_of: dict[str, str] = field(default_factory=dict)
    _expiry_of: dict[str, tuple[str, int]] = field(default_factory=dict)
    _made: int = 0

    def start(self, account_id: str, now_ms: int) -> str:
        """Return the account's key, extended, or a new one."""
        key = self._key_of.get(account_id)
        if key is None:
            self._made += 1
            # Sixty-four letters and digits as the venue's; derived, so that a seeded run repeats.
            key = hashlib.sha256(f"{account_id}/{self._made}/{now_ms}".encode()).hexdigest()
            self._key_of[account_id] = key
        self._expiry_of[key] = (account_id, now_ms + self.validity_ms)
        return key

    def keep_alive(self, account_id: str, now_ms: int) -> str:
        """Extend the account's key; -1125 if it has none."""
        key = self._key_of.get(account_id)
        if key is None:
            raise no_such_listen_key()
        self._expiry_of[key] = (account_id, now_ms + self.validity_ms)
        return key

    def stop(self, account_id: str) -> str | None:
        """End the account's key and return it; the venue answers ``{}`` whether there was one or not."""
        key = self._key_of.pop(account_id, None)
        if key is not None:
            del self._expiry_of[key]
        return key

    def account_of(self, key: str) -> str | None:
        """Return the account of a living key."""
        entry = self._expiry_of.get(key)
        return entry[0] if entry is not None else None

    def key_of(self, account_id: str) -> str | None:
        """Return the living key of an account."""
        return self._key_of.get(account_id)

    def expire(self, now_ms: int) -> list[tuple[str, str]]:
        """End the keys that are due and return ``(account_id, key)`` of each."""
        due = [(account_id, key) for key, (account_id, expiry_ms) in self._expiry_of.items() if expiry_ms <= now_ms]
        for account_id, key in due:
            del self._expiry_of[key]
            del self._key_of[account_id]
        return due
