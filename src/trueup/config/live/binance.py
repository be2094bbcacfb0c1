"""Read Binance directly, without the engine and without its adapter: the check must not trust what it checks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from trueup.config.trading_node.venues import BinanceClientConfig, KeyType, VenueEnvironment
from trueup.errors import ConfigValueError, VenueRefusedError, VenueUnavailableError

REQUEST_SECS_MAX = 5.0
"""Limit of one question. The venue answers in tens of milliseconds; five seconds of silence is an outage."""

_FUTURES_ADDRESSES = {
    VenueEnvironment.LIVE: "https://fapi.binance.com",
    VenueEnvironment.TESTNET: "https://demo-fapi.binance.com",
    VenueEnvironment.DEMO: "https://demo-fapi.binance.com",
}
_SPOT_ADDRESSES = {
    VenueEnvironment.LIVE: "https://api.binance.com",
    VenueEnvironment.TESTNET: "https://testnet.binance.vision",
    VenueEnvironment.DEMO: "https://demo-api.binance.com",
}
US_ADDRESS = "https://api.binance.us"


def default_address(client: BinanceClientConfig) -> str:
    """Return the environment's own REST address."""
    if client.us:
        return US_ADDRESS
    return (_FUTURES_ADDRESSES if client.is_futures else _SPOT_ADDRESSES)[client.environment]


def permissions_address(client: BinanceClientConfig) -> str | None:
    """Return where to ask for a key's permissions: only the live venue itself can tell."""
    if client.environment is not VenueEnvironment.LIVE or client.base_url_http is not None or client.us:
        return None
    return _SPOT_ADDRESSES[VenueEnvironment.LIVE]


class BinanceReader:
    """Ask Binance's REST interface with the operator's own key. Reads only.

    Parameters
    ----------
    client : BinanceClientConfig
        The client's settings, with its credentials.
    address : str
        REST address.

    Raises
    ------
    VenueUnavailableError
        From every question, if no answer comes.
    VenueRefusedError
        From every question, if the venue answers with an error code. Neither text ever holds a credential.
    """

    def __init__(self, client: BinanceClientConfig, address: str) -> None:
        self.client = client
        self.address = address.rstrip("/")
        self.permissions_address = permissions_address(client)
        self.skew_ms = 0.0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_SECS_MAX))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def measure_skew_ms(self) -> float:
        """Return how far this machine's clock is ahead of the venue's, in milliseconds, and correct for it from now on.

        Half of the round trip is taken for the way there.
        """
        path = "/fapi/v1/time" if self.client.is_futures else "/api/v3/time"
        before_ms = time.time() * 1_000
        answer = await self._get(path, {}, {})
        after_ms = time.time() * 1_000
        self.skew_ms = (before_ms + after_ms) / 2 - float(answer["serverTime"])
        return self.skew_ms

    async def account(self) -> dict[str, Any]:
        """Return the account; `canTrade` is what the check reads."""
        answer: dict[str, Any] = await self._signed("/fapi/v2/account" if self.client.is_futures else "/api/v3/account")
        return answer

    async def is_hedging(self) -> bool:
        """Return whether the account holds long and short legs side by side; spot accounts cannot."""
        if not self.client.is_futures:
            return False
        answer = await self._signed("/fapi/v1/positionSide/dual")
        return bool(answer["dualSidePosition"])

    async def open_symbols(self) -> dict[str, int]:
        """Return the symbols with open orders, conditional ones included, and how many each has."""
        paths = ["/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"] if self.client.is_futures else ["/api/v3/openOrders"]
        counts: dict[str, int] = {}
        for path in paths:
            for order in await self._signed(path):
                counts[order["symbol"]] = counts.get(order["symbol"], 0) + 1
        return counts

    async def can_withdraw(self) -> bool | None:
        """Return whether the key may withdraw; None where the venue has no such question (test worlds)."""
        if self.permissions_address is None:
            return None
        answer = await self._signed("/sapi/v1/account/apiRestrictions", self.permissions_address)
        return bool(answer["enableWithdrawals"])

    async def _signed(self, path: str, address: str | None = None) -> Any:
        client = self.client
        assert client.api_key is not None
        assert client.api_secret is not None
        parameters = {
            "recvWindow": str(client.recv_window_ms),
            "timestamp": str(round(time.time() * 1_000 - self.skew_ms)),
        }
        secret = client.api_secret.get_secret_value()
        signature = sign(urlencode(parameters), secret, client.key_type)
        headers = {"X-MBX-APIKEY": client.api_key.get_secret_value()}
        return await self._get(path, {**parameters, "signature": signature}, headers, address)

    async def _get(
        self, path: str, parameters: dict[str, str], headers: dict[str, str], address: str | None = None
    ) -> Any:
        assert self._session is not None, "the reader is used as a context manager"
        proxy = self.client.proxy_url.get_secret_value() if self.client.proxy_url is not None else None
        url = f"{address or self.address}{path}"
        try:
            async with self._session.get(url, params=parameters, headers=headers, proxy=proxy) as response:
                answer, status = await _read(response), response.status
        except TimeoutError as error:
            raise VenueUnavailableError(f"{url} gave no answer within {REQUEST_SECS_MAX:g} s") from error
        except (aiohttp.ClientError, ValueError, OSError) as error:
            # The error's text may quote the whole URL, signature included: only its kind is told.
            kind = type(error).__name__
            raise VenueUnavailableError(f"{url} cannot be read ({kind})") from None
        if status >= 400:
            told = answer if isinstance(answer, dict) else {}
            text = f"{told.get('code', '')} {told.get('msg', '')}".strip() or "no reason given"
            raise VenueRefusedError(f"{url} answers {status}: {text}")
        return answer


async def _read(response: aiohttp.ClientResponse) -> Any:
    """Return the answer's JSON; None for an error that a proxy or gateway wrote in its own words."""
    if response.status < 400:
        return await response.json(content_type=None)
    try:
        return await response.json(content_type=None)
    except ValueError:
        return None


def sign(query: str, secret: str, key_type: KeyType) -> str:
    """Sign a query string as Binance wants it: HMAC-SHA256 in hex, or Ed25519 in base64.

    Raises
    ------
    ConfigValueError
        If the secret of an Ed25519 key is no private key.
    """
    if key_type is KeyType.HMAC:
        return hmac.new(secret.encode(), query.encode(), hashlib.sha256).hexdigest()
    try:
        raw = secret.strip()
        key = (
            load_pem_private_key(raw.encode(), password=None)
            if raw.startswith("-----BEGIN")
            else load_der_private_key(base64.b64decode(raw), password=None)
        )
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigValueError(
            "the api_secret is no Ed25519 private key", allowed="PKCS#8, as base64 or PEM", action="check key_type"
        ) from None
    return base64.b64encode(key.sign(query.encode())).decode()
