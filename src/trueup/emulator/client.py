"""A typed client of the control port, for tests, drills and demonstrations."""

from __future__ import annotations

import http.client
import threading
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from trueup.emulator.engine.enums import MarginType, PositionSide
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.statements import AccountSummary, Balance, BookTop, Level, MarkPrice, Position, SymbolConfig
from trueup.emulator.engine.values import AlgoOrder, Income, Order, OrderRequest, Trade
from trueup.emulator.wire.fault_values import Fault
from trueup.emulator.wire.request_log import LoggedRequest, RequestTotal
from trueup.errors import ConfigValueError, EmulatorError, VenueRefusedError, VenueUnavailableError

TIMEOUT_SECS: Final = 30.0


class RefusedError(VenueRefusedError):
    """The emulated venue refused a command given through the control port.

    Parameters
    ----------
    code : int
        The venue's code, for example -2011.
    message : str
        The venue's text.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


class ArmedFault(msgspec.Struct, frozen=True):
    """A fault that is armed: how many occurrences matched, and how many were hit."""

    fault_id: int
    fault: dict[str, Any]
    seen: int
    hits: int


class ClockReading(msgspec.Struct, frozen=True):
    """The emulator's clock: its kind (real or manual), its time, and its offset if it is real."""

    kind: str
    now_ms: int
    offset_ms: int


class Health(msgspec.Struct, frozen=True):
    """The emulator's size: last event, connections, sockets among them, frames that wait; errors should be 0."""

    now_ms: int
    sequence: int
    connections: int
    sockets: int
    queued_frames: int
    internal_errors: int
    journal_failures: int


class ControlClient:
    """Talk to the control port. One connection, kept alive; safe to share between threads.

    Parameters
    ----------
    url : str
        The control base URL that ``serve`` printed.
    timeout_secs : float
        Time-out of each call.

    Raises
    ------
    VenueUnavailableError
        No answer.
    RefusedError
        The venue refused a command, with its code.
    EmulatorError, ConfigValueError
        The emulator cannot do it, or what was sent cannot be used.
    """

    def __init__(self, url: str, timeout_secs: float = TIMEOUT_SECS) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname is None or parts.port is None:
            raise ConfigValueError(f"the control URL was {url!r}", allowed="http://host:port")
        self._address = (parts.hostname, parts.port)
        self._timeout_secs = timeout_secs
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> ControlClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # --- accounts -----------------------------------------------------------------------------------------------------

    def create_account(self, settings: AccountSettings) -> str:
        """Open an account and return its id; key and secret are those of `settings`."""
        return self._venue("create_account", str, settings=settings)

    def accounts(self) -> list[AccountSettings]:
        """Return what every account was created with, keys and secrets included."""
        return self._call("GET", "/accounts", list[AccountSettings])

    def deposit(self, account_id: str, amount: Decimal, asset: str = "USDT") -> None:
        """Transfer into the wallet."""
        self._tell("deposit", account_id=account_id, asset=asset, amount=amount)

    def withdraw(self, account_id: str, amount: Decimal, asset: str = "USDT") -> None:
        """Transfer out of the wallet."""
        self._tell("withdraw", account_id=account_id, asset=asset, amount=amount)

    def set_fee_tier(self, account_id: str, fee_tier: int) -> None:
        """Change the fee tier."""
        self._tell("set_fee_tier", account_id=account_id, fee_tier=fee_tier)

    def set_leverage(self, account_id: str, symbol: str, leverage: int) -> SymbolConfig:
        """Change the leverage of a symbol."""
        return self._venue("set_leverage", SymbolConfig, account_id=account_id, symbol=symbol, leverage=leverage)

    def set_margin_type(self, account_id: str, symbol: str, margin_type: MarginType) -> None:
        """Change the margin type of a symbol."""
        self._tell("set_margin_type", account_id=account_id, symbol=symbol, margin_type=margin_type)

    def set_position_mode(self, account_id: str, *, hedge_mode: bool) -> None:
        """Switch between one-way and hedge mode."""
        self._tell("set_position_mode", account_id=account_id, hedge_mode=hedge_mode)

    # --- trading as another client of the account ---------------------------------------------------------------------

    def place_order(self, account_id: str, request: OrderRequest) -> Order:
        """Place a LIMIT or MARKET order as another client of the account would."""
        return self._venue("place_order", Order, account_id=account_id, request=request)

    def amend_order(
        self,
        account_id: str,
        symbol: str,
        *,
        order_id: int | None = None,
        client_order_id: str | None = None,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
    ) -> Order:
        """Change price and quantity of a working order."""
        return self._venue(
            "amend_order",
            Order,
            account_id=account_id,
            symbol=symbol,
            order_id=order_id,
            client_order_id=client_order_id,
            quantity=quantity,
            price=price,
        )

    def cancel_order(
        self, account_id: str, symbol: str, *, order_id: int | None = None, client_order_id: str | None = None
    ) -> Order:
        """Cancel a working order."""
        return self._venue(
            "cancel_order",
            Order,
            account_id=account_id,
            symbol=symbol,
            order_id=order_id,
            client_order_id=client_order_id,
        )

    def cancel_all_orders(self, account_id: str, symbol: str) -> list[Order]:
        """Cancel the working orders of a symbol."""
        return self._venue("cancel_all_orders", list[Order], account_id=account_id, symbol=symbol)

    def place_algo_order(self, account_id: str, request: OrderRequest) -> AlgoOrder:
        """Place a conditional order."""
        return self._venue("place_algo_order", AlgoOrder, account_id=account_id, request=request)

    def cancel_algo_order(
        self, account_id: str, *, algo_id: int | None = None, client_algo_id: str | None = None
    ) -> AlgoOrder:
        """Cancel a conditional order that waits."""
        return self._venue(
            "cancel_algo_order", AlgoOrder, account_id=account_id, algo_id=algo_id, client_algo_id=client_algo_id
        )

    # --- market and forced events -------------------------------------------------------------------------------------

    def set_market(
        self,
        symbol: str,
        bid: Decimal,
        ask: Decimal,
        mark: Decimal | None = None,
        *,
        bids: tuple[Level, ...] = (),
        asks: tuple[Level, ...] = (),
    ) -> None:
        """Set best bid, best ask and mark price, with explicit liquidity if given."""
        self._tell("set_market", symbol=symbol, bid=bid, ask=ask, mark=mark, bids=bids, asks=asks)

    def set_mark_price(self, symbol: str, mark: Decimal) -> None:
        """Set the mark price alone."""
        self._tell("set_mark_price", symbol=symbol, mark=mark)

    def move_to(self, symbol: str, price: Decimal) -> None:
        """Move the market so that it trades at a price: everything on the way fills and triggers."""
        self._tell("move_to", symbol=symbol, price=price)

    def print_trade(self, symbol: str, price: Decimal, quantity: Decimal, *, buyer_maker: bool) -> None:
        """Let an outside taker trade."""
        self._tell("print_trade", symbol=symbol, price=price, quantity=quantity, buyer_maker=buyer_maker)

    def step_market(self, steps: int = 1, symbols: tuple[str, ...] = ()) -> None:
        """Step the seeded random walk."""
        self._tell("step_market", steps=steps, symbols=symbols)

    def pause_market(self, *, paused: bool = True) -> None:
        """Stop or restart the random walk."""
        self._tell("pause_market", paused=paused)

    def fill(self, order_id: int, quantity: Decimal | None = None, price: Decimal | None = None) -> Order:
        """Fill a working order against an outside counterparty."""
        return self._venue("fill", Order, order_id=order_id, quantity=quantity, price=price)

    def auto_deleverage(
        self,
        account_id: str,
        symbol: str,
        quantity: Decimal,
        position_side: PositionSide = PositionSide.BOTH,
        price: Decimal | None = None,
    ) -> Order:
        """Reduce a position by ADL."""
        return self._venue(
            "auto_deleverage",
            Order,
            account_id=account_id,
            symbol=symbol,
            quantity=quantity,
            position_side=position_side,
            price=price,
        )

    def liquidate(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Liquidate positions of an account."""
        return self._venue("liquidate", list[Order], account_id=account_id, symbol=symbol)

    def apply_funding(self, symbol: str, rate: Decimal | None = None) -> None:
        """Settle funding now."""
        self._tell("apply_funding", symbol=symbol, rate=rate)

    def set_funding_rate(self, symbol: str, rate: Decimal) -> None:
        """Set the rate of the fundings to come."""
        self._tell("set_funding_rate", symbol=symbol, rate=rate)

    def load_history(
        self,
        account_id: str,
        orders: int,
        *,
        symbols: tuple[str, ...] = ("BTCUSDT",),
        seed: int = 1,
        span_ms: int = 7 * 86_400_000,
    ) -> None:
        """Give an account a past of closed orders."""
        self._tell("load_history", account_id=account_id, orders=orders, symbols=symbols, seed=seed, span_ms=span_ms)

    # --- the oracle's view --------------------------------------------------------------------------------------------

    def orders(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Return every order the ledger holds, oldest first: no page, no window, nothing forgotten."""
        return self._oracle(account_id, "orders", symbol, list[Order])

    def trades(self, account_id: str, symbol: str | None = None) -> list[Trade]:
        """Return every trade the ledger holds, oldest first."""
        return self._oracle(account_id, "trades", symbol, list[Trade])

    def algo_orders(self, account_id: str, symbol: str | None = None) -> list[AlgoOrder]:
        """Return every conditional order the ledger holds, oldest first."""
        return self._oracle(account_id, "algo_orders", symbol, list[AlgoOrder])

    def income(self, account_id: str, symbol: str | None = None) -> list[Income]:
        """Return every movement of the wallet, oldest first."""
        return self._oracle(account_id, "incomes", symbol, list[Income])

    def open_orders(self, account_id: str, symbol: str | None = None) -> list[Order]:
        """Return the working orders."""
        return self._venue("open_orders", list[Order], account_id=account_id, symbol=symbol)

    def positions(self, account_id: str, symbol: str | None = None) -> list[Position]:
        """Return the open positions."""
        return self._venue("positions", list[Position], account_id=account_id, symbol=symbol)

    def balances(self, account_id: str) -> list[Balance]:
        """Return the balances."""
        return self._venue("balances", list[Balance], account_id=account_id)

    def summary(self, account_id: str) -> AccountSummary:
        """Return an account whole."""
        return self._venue("summary", AccountSummary, account_id=account_id)

    def book_top(self, symbol: str) -> BookTop:
        """Return best bid and best ask."""
        return self._venue("book_top", BookTop, symbol=symbol)

    def mark_price(self, symbol: str) -> MarkPrice:
        """Return mark price and funding."""
        return self._venue("mark_price", MarkPrice, symbol=symbol)

    def check_invariants(self) -> int:
        """Check the ledger's invariants and return the sequence of the last event; `EmulatorError` if one is broken."""
        return self._call("POST", "/invariants", dict[str, int])["sequence"]

    # --- clock --------------------------------------------------------------------------------------------------------

    def clock(self) -> ClockReading:
        """Return the clock."""
        return self._call("GET", "/clock", ClockReading)

    def step_clock(self, step_ms: int) -> int:
        """Step a manual clock, let happen what is due, and return the new time."""
        return self._call("POST", "/clock/step", dict[str, int], {"step_ms": step_ms})["now_ms"]

    def offset_clock(self, offset_ms: int) -> int:
        """Set the offset of a real clock and return the new time."""
        return self._call("POST", "/clock/offset", dict[str, int], {"offset_ms": offset_ms})["now_ms"]

    # --- faults -------------------------------------------------------------------------------------------------------

    def add_fault(self, fault: Fault | dict[str, Any]) -> int:
        """Arm a fault and return its id."""
        raw = fault.model_dump(mode="json") if isinstance(fault, Fault) else fault
        return self._call("POST", "/faults", dict[str, int], raw)["fault_id"]

    def faults(self) -> list[ArmedFault]:
        """Return the armed faults with their counts."""
        return self._call("GET", "/faults", list[ArmedFault])

    def remove_fault(self, fault_id: int) -> None:
        """Disarm one fault."""
        self._send("DELETE", f"/faults/{fault_id}")

    def clear_faults(self) -> int:
        """Disarm every fault and return how many there were."""
        return self._call("DELETE", "/faults", dict[str, int])["cleared"]

    # --- requests, limits, streams ------------------------------------------------------------------------------------

    def requests(self, *, after: int = 0, limit: int = 1_000, path: str | None = None) -> list[LoggedRequest]:
        """Return logged requests, oldest first."""
        query = {"after": after, "limit": limit} | ({"path": path} if path is not None else {})
        return self._call("GET", f"/requests?{urlencode(query)}", list[LoggedRequest])

    def request_totals(self) -> list[RequestTotal]:
        """Return count and weight per endpoint, the heaviest first."""
        return self._call("GET", "/requests/totals", list[RequestTotal])

    def clear_requests(self) -> None:
        """Forget the request log and its totals."""
        self._send("DELETE", "/requests")

    def forgive_limits(self) -> None:
        """Forget used weights, order counts and bans."""
        self._send("POST", "/limits/forgive")

    def cut_streams(self, account_id: str) -> int:
        """Cut the account's user stream sockets without a close frame and return how many there were."""
        return self._call("POST", f"/streams/{quote(account_id, safe='')}/cut", dict[str, int])["cut"]

    def expire_listen_key(self, account_id: str) -> bool:
        """End the account's listen key now; return whether it had one."""
        return self._call("POST", f"/streams/{quote(account_id, safe='')}/expire", dict[str, bool])["expired"]

    def health(self) -> Health:
        """Return the emulator's sizes."""
        return self._call("GET", "/health", Health)

    # --- the call itself ----------------------------------------------------------------------------------------------

    def _venue[T](self, name: str, kind: type[T], /, **arguments: Any) -> T:
        return self._call("POST", f"/venue/{name}", kind, arguments)

    def _tell(self, name: str, /, **arguments: Any) -> None:
        self._send("POST", f"/venue/{name}", arguments)

    def _oracle[T](self, account_id: str, kind_name: str, symbol: str | None, kind: type[T]) -> T:
        query = f"?{urlencode({'symbol': symbol})}" if symbol is not None else ""
        return self._call("GET", f"/oracle/{quote(account_id, safe='')}/{kind_name}{query}", kind)

    def _call[T](self, method: str, path: str, kind: type[T], body: Any = None) -> T:
        envelope = msgspec.json.decode(self._send(method, path, body), type=dict[str, msgspec.Raw])
        return msgspec.json.decode(envelope["result"], type=kind)

    def _send(self, method: str, path: str, body: Any = None) -> bytes:
        encoded = msgspec.json.encode(body) if body is not None else None
        with self._lock:
            status, answer = self._exchange(method, path, encoded)
        if status != 200:
            raise _error(answer)
        return answer

    def _exchange(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        fresh = self._connection is None
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=self._timeout_secs)
        try:
            self._connection.request(method, path, body=body, headers={"Content-Type": "application/json"})
            response = self._connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            # A kept-alive connection may have been closed by the other side between calls; only such a one, which
            # ended before any answer, is tried once more, on a fresh connection.
            if not fresh and isinstance(error, (http.client.RemoteDisconnected, BrokenPipeError)):
                return self._exchange(method, path, body)
            host, port = self._address
            raise VenueUnavailableError(
                f"the emulator's control port {host}:{port} does not answer: {error}", action="see whether it runs"
            ) from error


def _error(answer: bytes) -> Exception:
    try:
        error = msgspec.json.decode(answer)["error"]
        kind, code, message = error["kind"], error["code"], error["message"]
    except (msgspec.MsgspecError, KeyError, TypeError):
        return VenueUnavailableError("the control port's answer is not the emulator's")
    if kind == "rejection":
        return RefusedError(code, message)
    if kind == "config":
        return ConfigValueError(message)
    return EmulatorError(message)
