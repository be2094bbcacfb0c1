"""Signatures of the venue: HMAC-SHA256, Ed25519 and RSA, verified on the raw bytes that were sent.

The signed text is the query string followed by the form body, exactly as they travelled, without the ``signature``
parameter itself. Nothing is decoded and encoded again before the check: a client that escapes differently from the
server would otherwise pass here and fail at the real venue.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from trueup.errors import ConfigValueError

SIGNATURE_PREFIX: Final = b"signature="

type Verifier = Callable[[bytes, bytes], bool]
"""Takes the signed text and the signature as sent (still escaped); returns whether they belong together."""


def split_signature(raw: bytes) -> tuple[bytes, bytes | None]:
    """Take the ``signature`` parameter out of a query string or form body.

    Parameters
    ----------
    raw : bytes
        The query string (without ``?``) or the form body, as sent.

    Returns
    -------
    tuple[bytes, bytes | None]
        The text that remains, and the signature's value still escaped, or ``None`` if there was none.
    """
    if SIGNATURE_PREFIX not in raw:
        return raw, None
    # Nearly every client puts the signature last, so look there before splitting everything.
    head, found, tail = raw.rpartition(b"&" + SIGNATURE_PREFIX)
    if found and b"&" not in tail:
        return head, tail
    kept: list[bytes] = []
    signature: bytes | None = None
    for part in raw.split(b"&"):
        if part.startswith(SIGNATURE_PREFIX) and signature is None:
            signature = part[len(SIGNATURE_PREFIX) :]
        else:
            kept.append(part)
    return b"&".join(kept), signature


def hmac_verifier(secret: str) -> Verifier:
    """Return the check of hexadecimal HMAC-SHA256 signatures made with `secret`."""
    key = secret.encode()

    def verify(text: bytes, signature: bytes) -> bool:
        expected = hmac.digest(key, text, hashlib.sha256).hex().encode()
        return hmac.compare_digest(expected, signature.lower())

    return verify


def public_key_verifier(pem: str) -> Verifier:
    """Return the check of base64 Ed25519 or RSA (PKCS#1 v1.5, SHA-256) signatures of the key in `pem`.

    Raises
    ------
    ConfigValueError
        The text is not a PEM public key of either kind.
    """
    allowed = "a PEM public key (BEGIN PUBLIC KEY) of an Ed25519 or RSA pair"
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise ConfigValueError("the account's public key cannot be read", allowed=allowed) from error
    if isinstance(key, Ed25519PublicKey):
        return _asymmetric(key.verify)
    if isinstance(key, RSAPublicKey):
        rsa = key
        return _asymmetric(lambda signature, text: rsa.verify(signature, text, padding.PKCS1v15(), SHA256()))
    raise ConfigValueError(f"the account's public key is a {type(key).__name__}", allowed=allowed)


def _asymmetric(verify_raw: Callable[[bytes, bytes], None]) -> Verifier:
    def verify(text: bytes, signature: bytes) -> bool:
        try:
            # An unescaped "+" arrives as it is; unquote_to_bytes leaves it alone, as base64 wants it.
            verify_raw(base64.b64decode(unquote_to_bytes(signature), validate=True), text)
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    return verify


def sign_hmac(secret: str, text: str) -> str:
    """Sign `text` as a client with an HMAC key would; used by the clients of the emulator's own tests and load."""
    return hmac.digest(secret.encode(), text.encode(), hashlib.sha256).hex()
