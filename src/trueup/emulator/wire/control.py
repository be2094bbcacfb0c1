"""The control port: the owner's commands, the oracle's view, faults, the request log and the clock.

Commands of the engine are called by name with named arguments: ``POST /venue/set_market {"symbol": "BTCUSDT", "bid":
"50000.0", "ask": "50000.1"}``. Names, arguments and their types are those of :class:`Venue`'s methods; nothing else can
be called. Numbers that matter are JSON strings, as everywhere at this venue.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Final, get_type_hints

import msgspec
from aiohttp import web

from trueup.emulator.engine.clock import ManualClock, RealClock
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.venue import Venue
from trueup.emulator.wire.core import WireCore
from trueup.emulator.wire.fault_values import parse_fault
from trueup.errors import ConfigValueError, EmulatorError, TrueupError

BODY_BYTES_MAX: Final = 4 * 1024 * 1024
REQUESTS_PAGE_MAX: Final = 20_000

COMMANDS: Final = (
    "create_account",
    "deposit",
    "withdraw",
    "set_fee_tier",
    "set_market",
    "set_mark_price",
    "move_to",
    "print_trade",
    "step_market",
    "pause_market",
    "fill",
    "auto_deleverage",
    "liquidate",
    "apply_funding",
    "set_funding_rate",
    "load_history",
    "place_order",
    "amend_order",
    "cancel_order",
    "cancel_all_orders",
    "place_algo_order",
    "cancel_algo_order",
    "cancel_all_algo_orders",
    "countdown_cancel_all",
    "set_leverage",
    "set_margin_type",
    "set_position_mode",
    "adjust_margin",
)
QUERIES: Final = (
    "account",
    "summary",
    "balances",
    "positions",
    "symbol_configs",
    "commission_rate",
    "hedge_mode",
    "order",
    "open_orders",
    "all_orders",
    "trades",
    "income",
    "amendments",
    "algo_order",
    "open_algo_orders",
    "all_algo_orders",
    "symbols",
    "symbol",
    "book",
    "book_top",
    "ticker",
    "mark_price",
    "klines",
    "agg_trades",
)
ORACLE: Final = ("orders", "trades", "algo_orders", "incomes")
_ORACLE_ORDER: Final[dict[str, Callable[[Any], Any]]] = {
    "orders": lambda order: order.order_id,
    "trades": lambda trade: (trade.time_ms, trade.trade_id),
    "algo_orders": lambda algo: algo.algo_id,
    "incomes": lambda income: income.transaction_id,
}

type _Endpoint = Callable[[web.Request], Awaitable[Any]]


def argument_struct(name: str) -> type[msgspec.Struct]:
    """Return the struct of a method's named arguments, made from its annotations."""
    method = getattr(Venue, name)
    hints = get_type_hints(method)
    fields: list[Any] = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.default is inspect.Parameter.empty:
            fields.append((parameter.name, hints[parameter.name]))
        else:
            fields.append((parameter.name, hints[parameter.name], parameter.default))
    return msgspec.defstruct(f"Arguments_{name}", fields, kw_only=True, forbid_unknown_fields=True)


class Control:
    """Serve the control port.

    Parameters
    ----------
    core : WireCore
        What is controlled.
    """

    def __init__(self, core: WireCore) -> None:
        self._core = core
        self._arguments = {name: argument_struct(name) for name in (*COMMANDS, *QUERIES)}

    def application(self) -> web.Application:
        """Return the aiohttp application."""
        application = web.Application(client_max_size=BODY_BYTES_MAX, middlewares=[_envelope])
        application.add_routes(
            [
                web.get("/health", self._health),
                web.post("/venue/{name}", self._venue),
                web.get("/oracle/{account}/{kind}", self._oracle),
                web.post("/invariants", self._invariants),
                web.get("/accounts", self._accounts),
                web.get("/clock", self._clock),
                web.post("/clock/step", self._step_clock),
                web.post("/clock/offset", self._offset_clock),
                web.get("/faults", self._faults),
                web.post("/faults", self._add_fault),
                web.delete("/faults", self._clear_faults),
                web.delete("/faults/{fault_id}", self._remove_fault),
                web.get("/requests", self._requests),
                web.get("/requests/totals", self._totals),
                web.delete("/requests", self._clear_requests),
                web.post("/limits/forgive", self._forgive),
                web.post("/streams/{account}/cut", self._cut_streams),
                web.post("/streams/{account}/expire", self._expire_listen_key),
            ]
        )
        return application

    # --- the engine ---------------------------------------------------------------------------------------------------

    async def _venue(self, request: web.Request) -> Any:
        name = request.match_info["name"]
        struct = self._arguments.get(name)
        if struct is None:
            raise ConfigValueError(f"the venue has no command {name!r}", allowed=", ".join((*COMMANDS, *QUERIES)))
        body = await request.read()
        arguments = msgspec.json.decode(body or b"{}", type=struct)
        method = getattr(self._core.venue, name)
        try:
            result = method(**{field: getattr(arguments, field) for field in struct.__struct_fields__})
        finally:
            # A refused command may have let due events happen first.
            waiter = self._core.commit.settled()
            if waiter is not None:
                await waiter
        return result

    async def _oracle(self, request: web.Request) -> Any:
        """Return everything the ledger holds of one kind: no page, no window, nothing forgotten."""
        kind, account_id = request.match_info["kind"], request.match_info["account"]
        if kind not in ORACLE:
            raise ConfigValueError(f"the oracle has no view {kind!r}", allowed=", ".join(ORACLE))
        records = getattr(self._core.venue.ledger.account(account_id), kind)
        symbol = request.query.get("symbol")
        kept = [record for record in records if symbol is None or record.symbol == symbol]
        waiter = self._core.commit.settled()
        if waiter is not None:
            await waiter
        return sorted(kept, key=_ORACLE_ORDER[kind])

    async def _invariants(self, _request: web.Request) -> Any:
        self._core.venue.ledger.check_invariants()
        return {"sequence": self._core.venue.sequence}

    async def _accounts(self, _request: web.Request) -> Any:
        return [self._core.venue.account(account_id) for account_id in self._core.venue.account_ids]

    async def _health(self, _request: web.Request) -> Any:
        return {"now_ms": self._core.clock.now_ms(), "sequence": self._core.venue.sequence, **self._core.counts()}

    # --- the clock ----------------------------------------------------------------------------------------------------

    async def _clock(self, _request: web.Request) -> Any:
        clock = self._core.clock
        return {
            "kind": "manual" if isinstance(clock, ManualClock) else "real",
            "now_ms": clock.now_ms(),
            "offset_ms": getattr(clock, "offset_ms", 0),
        }

    async def _step_clock(self, request: web.Request) -> Any:
        clock = self._core.clock
        step_ms = await _integer(request, "step_ms")
        if not isinstance(clock, ManualClock):
            raise ConfigValueError("the clock is real", allowed="a manual clock", action='set clock.kind = "manual"')
        if step_ms < 0:
            raise ConfigValueError(f"step_ms was {step_ms}", allowed="0 or more: a clock only steps forward")
        clock.advance(step_ms)
        self._core.on_time()
        waiter = self._core.commit.settled()
        if waiter is not None:
            await waiter
        return {"now_ms": clock.now_ms()}

    async def _offset_clock(self, request: web.Request) -> Any:
        clock = self._core.clock
        if not isinstance(clock, RealClock):
            raise ConfigValueError("the clock is manual", allowed="a real clock", action="use /clock/step")
        clock.offset_ms = await _integer(request, "offset_ms")
        return {"now_ms": clock.now_ms()}

    # --- faults -------------------------------------------------------------------------------------------------------

    async def _faults(self, _request: web.Request) -> Any:
        return [
            {"fault_id": fault_id, "fault": fault.model_dump(mode="json"), "seen": seen, "hits": hits}
            for fault_id, fault, seen, hits in self._core.faults.listing()
        ]

    async def _add_fault(self, request: web.Request) -> Any:
        raw = msgspec.json.decode(await request.read())
        return {"fault_id": self._core.faults.add(parse_fault(raw))}

    async def _clear_faults(self, _request: web.Request) -> Any:
        return {"cleared": self._core.faults.clear()}

    async def _remove_fault(self, request: web.Request) -> Any:
        text = request.match_info["fault_id"]
        if not text.isdecimal() or not self._core.faults.remove(int(text)):
            raise ConfigValueError(f"no fault {text} is armed", action="list the armed faults with GET /faults")
        return {"removed": int(text)}

    # --- the request log and the limits -------------------------------------------------------------------------------

    async def _requests(self, request: web.Request) -> Any:
        limit = min(int(request.query.get("limit", "1000")), REQUESTS_PAGE_MAX)
        after = int(request.query.get("after", "0"))
        return self._core.log.entries(after=after, limit=limit, path=request.query.get("path"))

    async def _totals(self, _request: web.Request) -> Any:
        return self._core.log.totals()

    async def _clear_requests(self, _request: web.Request) -> Any:
        self._core.log.clear()
        return {}

    async def _forgive(self, _request: web.Request) -> Any:
        self._core.limits.forgive()
        return {}

    # --- streams ------------------------------------------------------------------------------------------------------

    async def _cut_streams(self, request: web.Request) -> Any:
        return {"cut": self._core.user_streams.cut(request.match_info["account"], "control")}

    async def _expire_listen_key(self, request: web.Request) -> Any:
        return {"expired": self._core.user_streams.expire_account(request.match_info["account"])}


async def _integer(request: web.Request, name: str) -> int:
    raw = msgspec.json.decode(await request.read() or b"{}")
    value = raw.get(name) if isinstance(raw, dict) else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ConfigValueError(f"{name} was {value!r}", allowed="an integer")
    return value


@web.middleware
async def _envelope(request: web.Request, handler: _Endpoint) -> web.StreamResponse:
    """Wrap results as ``{"result": ...}`` and errors as ``{"error": {...}}``."""
    try:
        result = await handler(request)
    except web.HTTPException as error:
        return _error(error.status, "http", error.reason)
    except Rejection as rejection:
        return _error(400, "rejection", rejection.message, code=rejection.code)
    except TrueupError as error:
        kind = "emulator" if isinstance(error, EmulatorError) else "config"
        return _error(400, kind, str(error))
    except (msgspec.MsgspecError, ValueError) as error:
        return _error(400, "config", f"the request cannot be used: {error}")
    except Exception as error:
        traceback.print_exc(limit=20, file=sys.stderr)
        return _error(500, "emulator", f"the emulator failed inside: {type(error).__name__}: {error}")
    return web.Response(body=msgspec.json.encode({"result": result}), content_type="application/json")


def _error(status: int, kind: str, message: str, code: int = 0) -> web.Response:
    body = msgspec.json.encode({"error": {"kind": kind, "code": code, "message": message}})
    return web.Response(body=body, status=status, content_type="application/json")
