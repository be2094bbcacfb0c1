"""Accounts with a key of each kind that the venue knows: HMAC secret, Ed25519 and RSA pair."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from trueup.emulator import EmulatorProcess
from trueup.emulator.engine.settings import AccountSettings

KINDS: Final = ("HMAC", "ED25519", "RSA")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client of one account holds: a secret, or a private key in PEM."""

    account_id: str
    api_key: str
    secret: str = ""
    private_key: str = ""

    @property
    def for_sdk(self) -> dict[str, str]:
        """Return the fields of the SDK's configurations."""
        signing = {"private_key": self.private_key} if self.private_key else {"api_secret": self.secret}
        return {"api_key": self.api_key, **signing}


@cache
def _pair(kind: str) -> Ed25519PrivateKey | RSAPrivateKey:
    if kind == "ED25519":
        return Ed25519PrivateKey.generate()
    return generate_private_key(public_exponent=65_537, key_size=2_048)


def open_account(emulator: EmulatorProcess, kind: str = "HMAC", **settings: Any) -> Credentials:
    """Open an account of its own for one test and return its credentials."""
    account_id = f"{kind.lower()}-{next(_numbers)}"
    api_key = account_id.ljust(64, "k")
    if kind == "HMAC":
        emulator.control.create_account(AccountSettings(account_id, api_key=api_key, secret="s" * 64, **settings))
        return Credentials(account_id, api_key, secret="s" * 64)
    pair = _pair(kind)
    public = pair.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = pair.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    emulator.control.create_account(AccountSettings(account_id, api_key=api_key, public_key=public, **settings))
    return Credentials(account_id, api_key, private_key=private)
