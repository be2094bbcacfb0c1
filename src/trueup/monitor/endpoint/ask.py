"""Ask endpoints how their nodes are, all at once; one that does not answer hides no other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp
import msgspec

from trueup.config.sight.ops import DEFAULT_PORT
from trueup.errors import ConfigValueError
from trueup.monitor.endpoint.documents import decode_document
from trueup.monitor.endpoint.judgement import judge, worst
from trueup.monitor.status import NodeStatus

DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"
URLS_MAX = 256
ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""Of one status: a fleet of a hundred nodes with a thousand discrepancies each stays under it."""
AT_ONCE_MAX = 32
REASON_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold what one endpoint said.

    Parameters
    ----------
    url : str
        Who was asked.
    nodes : tuple[NodeStatus, ...]
        What it said; empty when it could not be asked.
    failure : str
        Why it could not be asked; empty when it could.
    """

    url: str
    nodes: tuple[NodeStatus, ...] = ()
    failure: str = ""

    @property
    def verdict(self) -> str:
        """What may be relied on of all its nodes: UNKNOWN when it could not be asked, or had none."""
        return worst([judge(node).verdict for node in self.nodes])


def read_url(text: str) -> str:
    """Return the base URL that an operator means: a URL, ``host:port`` or a port of this machine.

    Raises
    ------
    ConfigValueError
        If it is none of them, or holds a password.
    """
    whole = f"127.0.0.1:{text}" if text.isdecimal() else text
    whole = whole if "://" in whole else f"http://{whole}"
    allowed = f"{DEFAULT_URL}, node1:{DEFAULT_PORT} or {DEFAULT_PORT}"
    try:
        parts = urlsplit(whole)
        port = parts.port
    except ValueError:
        raise ConfigValueError(f"{text!r:.80} is not a URL", allowed=allowed) from None
    if parts.username or parts.password:
        raise ConfigValueError(
            "a URL holds a user or a password", allowed=allowed, action="give the token by TRUEUP_OPS__AUTH_TOKEN"
        )
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ConfigValueError(f"{text!r:.80} is not a URL of an ops endpoint", allowed=allowed)
    return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('/status.json').rstrip('/')}"


async def ask_all(urls: Sequence[str], *, token: str | None, timeout_secs: float) -> tuple[Answer, ...]:
    """Ask every endpoint at once.

    Parameters
    ----------
    urls : Sequence[str]
        Base URLs, as `read_url` gives them.
    token : str or None
        Shown to every one of them, and to nobody that they may redirect to.
    timeout_secs : float
        For each whole answer.

    Returns
    -------
    tuple[Answer, ...]
        In the order of `urls`.
    """
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=timeout_secs),
        connector=aiohttp.TCPConnector(limit=AT_ONCE_MAX),
        headers=headers,
    ) as session:
        return tuple(await asyncio.gather(*(_ask(session, url, timeout_secs) for url in urls)))


async def _ask(session: aiohttp.ClientSession, url: str, timeout_secs: float) -> Answer:
    try:
        async with session.get(f"{url}/status.json", allow_redirects=False) as answer:
            if answer.status != 200:
                return Answer(url, failure=await _refusal(answer))
            body = await _read(answer.content)
        return Answer(url, decode_document(body))
    except TimeoutError:
        return Answer(url, failure=f"no answer within {timeout_secs:g} s")
    except msgspec.DecodeError as error:
        return Answer(url, failure=f"not a trueup status: {error}"[:REASON_CHARS_MAX])
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Answer(url, failure=_reason(error))


async def _read(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for part in content.iter_any():
        body += part
        if len(body) > ANSWER_BYTES_MAX:
            raise msgspec.DecodeError(f"more than {ANSWER_BYTES_MAX} bytes")
    return bytes(body)


async def _refusal(answer: aiohttp.ClientResponse) -> str:
    if answer.status == 401:
        return "it wants a token, or refused the one it got"
    if 300 <= answer.status < 400:
        return f"HTTP {answer.status}: it leads elsewhere, which is not followed"
    said = (await answer.content.read(REASON_CHARS_MAX)).decode("utf-8", "replace").partition("\n")[0]
    return f"HTTP {answer.status}: {said}" if answer.content_type == "text/plain" and said else f"HTTP {answer.status}"


def _reason(error: Exception) -> str:
    inner = getattr(error, "os_error", error)
    if isinstance(inner, OSError) and inner.errno is not None and inner.errno > 0:
        return os.strerror(inner.errno).lower()
    text = getattr(inner, "strerror", None) or str(error) or type(error).__name__
    return text[:REASON_CHARS_MAX]
