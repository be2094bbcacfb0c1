"""Signatures are checked on the raw bytes, wherever the client put them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from trueup.emulator.wire.signing import hmac_verifier, public_key_verifier, sign_hmac, split_signature
from trueup.errors import ConfigValueError

TEXT = b"symbol=BTCUSDT&note=a%20b&timestamp=1"


def _pem(key: ed25519.Ed25519PublicKey | rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("raw", "text", "signature"),
    [
        (b"a=1&signature=ff", b"a=1", b"ff"),
        (b"signature=ff&a=1", b"a=1", b"ff"),
        (b"a=1&signature=ff&b=2", b"a=1&b=2", b"ff"),
        (b"signature=ff", b"", b"ff"),
        (b"a=1", b"a=1", None),
        (b"", b"", None),
        (b"asignature=ff", b"asignature=ff", None),
    ],
)
def test_the_signature_is_taken_out_wherever_it_stands(raw: bytes, text: bytes, signature: bytes | None) -> None:
    assert split_signature(raw) == (text, signature)


@given(st.lists(st.sampled_from([b"a=1", b"b=%26", b"c=signature", b"d="]), min_size=1, max_size=6), st.integers(0, 6))
def test_the_rest_of_the_text_stays_byte_for_byte_the_same(parts: list[bytes], place: int) -> None:
    with_signature = [*parts[:place], b"signature=abc", *parts[place:]]

    assert split_signature(b"&".join(with_signature)) == (b"&".join(parts), b"abc")


def test_an_hmac_signature_fits_only_its_text_and_secret() -> None:
    signature = hmac.new(b"secret", TEXT, hashlib.sha256).hexdigest()

    assert sign_hmac("secret", TEXT.decode()) == signature
    assert hmac_verifier("secret")(TEXT, signature.encode())
    assert hmac_verifier("secret")(TEXT, signature.upper().encode())
    assert not hmac_verifier("other")(TEXT, signature.encode())
    assert not hmac_verifier("secret")(TEXT.replace(b"%20", b"+"), signature.encode())
    assert not hmac_verifier("secret")(TEXT, b"")


def test_an_ed25519_signature_fits_escaped_and_plain() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    verify = public_key_verifier(_pem(key.public_key()))
    signature = base64.b64encode(key.sign(TEXT)).decode()

    assert verify(TEXT, signature.encode())
    assert verify(TEXT, quote(signature, safe="").encode())
    assert not verify(TEXT + b"0", signature.encode())
    assert not verify(TEXT, b"not base64!")


def test_an_rsa_signature_fits_only_its_text() -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    verify = public_key_verifier(_pem(key.public_key()))
    signature = quote(base64.b64encode(key.sign(TEXT, padding.PKCS1v15(), SHA256())).decode(), safe="").encode()

    assert verify(TEXT, signature)
    assert not verify(b"x" + TEXT, signature)


@pytest.mark.parametrize("pem", ["", "nonsense", _pem(ec.generate_private_key(ec.SECP256R1()).public_key())])
def test_a_key_of_another_kind_is_refused_with_what_is_allowed(pem: str) -> None:
    with pytest.raises(ConfigValueError, match="Ed25519 or RSA"):
        public_key_verifier(pem)
