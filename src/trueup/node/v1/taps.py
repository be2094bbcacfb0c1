"""Hear of a 1.x node what no event tells: questions to the venue, the engine's own checks, and what it invents.

Each tap wraps a function of one instance and does nothing but call it, note, and pass on what came: the result, the
exception, the cancellation. What is missing in an engine is not tapped, and everything else still is.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from trueup.monitor.eyes import Taps

_logger = logging.getLogger("trueup.node")

EXTERNAL_OWNER = "EXTERNAL"
RATE_LIMIT_STATUSES = frozenset({418, 429})
RATE_LIMIT_WORDS = ("too many requests", "rate limit", "-1003", "-1015", "429", "418")
"""As HTTP and Binance say it."""
ENGINE_CHECKS = {
    "_check_inflight_orders": "engine_inflight",
    "_check_orders_consistency": "engine_orders",
    "_check_positions_consistency": "engine_positions",
}
ERROR_CHARS_MAX = 300

Function = Callable[..., Any]


def outcome_of(error: BaseException) -> str:
    """Return how a question that raised is counted: ``timeout``, ``rate_limited`` or ``failure``."""
    if isinstance(error, TimeoutError | asyncio.CancelledError):
        return "timeout"  # whoever asked did not wait any longer
    text = f"{type(error).__name__}: {error}".lower()
    limited = getattr(error, "status", None) in RATE_LIMIT_STATUSES or any(word in text for word in RATE_LIMIT_WORDS)
    if limited or type(error).__name__ == "NotSentError":
        return "rate_limited"
    return "timeout" if "timed out" in text or "timeout" in text else "failure"


class NodeTaps:
    """Put taps on one engine and its clients.

    Parameters
    ----------
    engine : LiveExecutionEngine
        Of the node.
    clients : tuple of LiveExecutionClient
        Its clients.
    taps : Taps
        What to call.
    claimed : Callable[[str], None]
        Told the name of each external order that a strategy claims.
    """

    def __init__(self, engine: Any, clients: tuple[Any, ...], taps: Taps, claimed: Callable[[str], None]) -> None:
        self._engine = engine
        self._clients = clients
        self._taps = taps
        self._claimed = claimed

    def install(self) -> None:
        """Wrap what is there."""
        for client in self._clients:
            for name, kind in QUESTIONS.items():
                if callable(ask := getattr(client, name, None)):
                    setattr(client, name, self._question(client.id.value, ask, kind))
        for name, check in ENGINE_CHECKS.items():
            if callable(run := getattr(self._engine, name, None)):
                setattr(self._engine, name, self._check(check, run))
        if callable(generate := getattr(self._engine, "_generate_order", None)):
            self._engine._generate_order = self._generated(generate)  # noqa: SLF001 - listed in names.py
        if callable(infer := getattr(self._engine, "_generate_inferred_fill", None)):
            self._engine._generate_inferred_fill = self._inferred(infer)  # noqa: SLF001 - listed in names.py

    def _question(self, client_id: str, ask: Function, kind: Callable[[Any], str]) -> Function:
        async def asked(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            outcome, text = "success", ""
            try:
                answer = await ask(*arguments, **named)
                if answer is None and kind is _whole:
                    outcome, text = "failure", "the client gave no mass status"
                return answer
            except BaseException as error:
                outcome, text = outcome_of(error), _said(error, time.perf_counter() - began)
                raise
            finally:
                command = arguments[0] if arguments else None
                self._tell(self._taps.venue_query, client_id, kind(command), time.perf_counter() - began, outcome, text)

        return asked

    def _check(self, check: str, run: Function) -> Function:
        async def checked(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            text = ""
            try:
                return await run(*arguments, **named)
            except Exception as error:
                text = f"{type(error).__name__}: {error}"[:ERROR_CHARS_MAX]
                raise
            finally:
                self._tell(self._taps.engine_check, check, time.perf_counter() - began, text)

        return checked

    def _generated(self, generate: Function) -> Function:
        def generated(report: Any, is_external: bool = True) -> Any:
            order = generate(report, is_external)
            try:
                self._note_generated(order, is_external)
            except Exception:
                _logger.exception("a tap failed")
            return order

        return generated

    def _note_generated(self, order: Any, is_external: bool) -> None:
        if not is_external:
            self._taps.synthetic_order()
        elif order is None:
            self._taps.external_order("filtered")
        elif order.strategy_id.value == EXTERNAL_OWNER:
            self._taps.external_order("unclaimed")
        else:
            self._claimed(order.client_order_id.value)
            self._taps.external_order("claimed")

    def _inferred(self, infer: Function) -> Function:
        def inferred(*arguments: Any, **named: Any) -> Any:
            fill = infer(*arguments, **named)  # in verified mode this raises: nothing is invented, nothing is counted
            self._tell(self._taps.inferred_fill)
            return fill

        return inferred

    def _tell(self, tap: Function, *values: Any) -> None:
        """Call a tap; whatever it raises stays here, since the engine ends the process for less."""
        try:
            tap(*values)
        except Exception:
            _logger.exception("a tap failed")


def _said(error: BaseException, secs: float) -> str:
    if isinstance(error, asyncio.CancelledError):
        return f"no answer within {secs:.1f} s"
    return f"{type(error).__name__}: {error}"[:ERROR_CHARS_MAX]


def _orders(command: Any) -> str:
    return "open_orders" if getattr(command, "open_only", False) else "orders"


def _fills(command: Any) -> str:
    return "fills" if getattr(command, "venue_order_id", None) is None else "order_fills"


def _whole(_command: Any) -> str:
    return "mass_status"


QUESTIONS: dict[str, Callable[[Any], str]] = {
    "generate_order_status_reports": _orders,
    "generate_fill_reports": _fills,
    "generate_position_status_reports": lambda _command: "positions",
    "generate_order_status_report": lambda _command: "order",
    "generate_mass_status": _whole,
}
"""What an execution client is asked by, and which kind of question a command is."""
