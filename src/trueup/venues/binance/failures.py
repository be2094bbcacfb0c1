"""How a request can fail beyond the adapter's own errors, and every failure as the value it is judged by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nautilus_trader.adapters.binance.http.error import BinanceClientError, BinanceError, BinanceServerError

from trueup.venues.binance.outcomes import CODE_TOO_MANY_REQUESTS, Failure


class NoAnswerError(BinanceServerError):
    """A request that got no answer: timed out, or its connection closed or refused.

    A kind of `BinanceError`, so that the adapter's own handlers know it.

    Parameters
    ----------
    message : str
        What happened.
    sent : bool
        Whether it may have reached the venue.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(status=None, message=message, headers={})
        self.sent = sent


class NotSentError(BinanceClientError):
    """A request that was held back: the venue's limits leave no room for it in the time that it may wait."""

    def __init__(self, message: str) -> None:
        super().__init__(status=429, message={"code": CODE_TOO_MANY_REQUESTS, "msg": message}, headers={})


def failure_of(error: BaseException) -> Failure:
    """Return an adapter's or the transport's error as the value that outcomes are classified by."""
    if isinstance(error, NotSentError):
        return Failure(429, CODE_TOO_MANY_REQUESTS, str(error), sent=False)
    if isinstance(error, NoAnswerError):
        return Failure(None, None, str(error.message), sent=error.sent)
    if isinstance(error, BinanceError):
        code, text = _code_and_text(error.message)
        return Failure(error.status, code, text)
    return Failure(None, None, f"{type(error).__name__}: {error}")


def _code_and_text(message: Any) -> tuple[int | None, str]:
    if isinstance(message, Mapping):
        code = message.get("code")
        return (int(code) if code is not None else None), str(message.get("msg", ""))
    return None, str(message)
