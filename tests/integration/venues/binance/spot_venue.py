"""A small spot venue on loopback: enough of the documented REST and WebSocket API for one account of one client.

Orders rest where they are placed and fill when told; what is checked is the client, so there is no book. Signatures are
verified, weights charged, lists paged and windows kept as the venue documents them.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from decimal import Decimal
from typing import Any, Self

from aiohttp import WSMsgType, web

KEY, SECRET = "spot-key", "spot-secret"
WEIGHTS = {
    "/api/v3/time": 1,
    "/api/v3/exchangeInfo": 20,
    "/api/v3/account": 20,
    "/api/v3/order": 4,
    "/api/v3/allOrders": 20,
    "/api/v3/myTrades": 20,
    "/sapi/v1/asset/tradeFee": 1,
}
UNKNOWN_ORDER = {"code": -2013, "msg": "Order does not exist."}
DAY_MS = 86_400_000
HANG_SECS = 1.0  # longer than the client under test waits


class SpotVenue:
    """One account; start it on the running loop."""

    def __init__(self, symbols: dict[str, Decimal]) -> None:
        self.prices = symbols
        self.orders: list[dict[str, Any]] = []
        self.trades: list[dict[str, Any]] = []
        self.faults: dict[str, str] = {}
        self.lose_next_submit: bool | None = None
        self.requests: list[tuple[str, int]] = []
        self._sockets: list[web.WebSocketResponse] = []
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/ws-api/v3", self._socket)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for socket in self._sockets:
            await socket.close()
        assert self._runner is not None
        await self._runner.cleanup()

    # -- what a test does -------------------------------------------------------------------------------------

    def place(self, symbol: str, side: str, kind: str, quantity: str, price: str, name: str = "") -> dict[str, Any]:
        """Place an order; a market order fills at once at the symbol's price."""
        now_ms = _now_ms()
        order: dict[str, Any] = {
            "symbol": symbol,
            "orderId": len(self.orders) + 1,
            "orderListId": -1,
            "clientOrderId": name or f"other-{len(self.orders) + 1}",
            "price": price,
            "origQty": quantity,
            "executedQty": "0.00000",
            "cummulativeQuoteQty": "0.00",
            "status": "NEW",
            "timeInForce": "GTC",
            "type": kind,
            "side": side,
            "stopPrice": "0.00",
            "time": now_ms,
            "updateTime": now_ms,
        }
        self.orders.append(order)
        self._tell(order, "NEW")
        if kind == "MARKET":
            self.fill(order["orderId"], quantity, self.prices[symbol], maker=False)
        return order

    def fill(self, order_id: int, quantity: str, price: Decimal | None = None, *, maker: bool = True) -> None:
        """Fill an order wholly."""
        order = self.orders[order_id - 1]
        at = Decimal(order["price"]) if price is None else price
        quote = Decimal(quantity) * at
        trade = {
            "symbol": order["symbol"],
            "id": 100 + len(self.trades),
            "orderId": order_id,
            "orderListId": -1,
            "price": str(at),
            "qty": quantity,
            "quoteQty": str(quote),
            "commission": format(quote / 1_000, ".8f"),
            "commissionAsset": "USDT",
            "time": _now_ms(),
            "isBuyer": order["side"] == "BUY",
            "isMaker": maker,
            "isBestMatch": True,
        }
        self.trades.append(trade)
        order.update(
            status="FILLED", executedQty=quantity, cummulativeQuoteQty=format(quote, ".8f"), updateTime=trade["time"]
        )
        self._tell(order, "TRADE", trade)

    def cut(self) -> None:
        """Cut every stream without a close frame."""
        for socket in self._sockets:
            if socket._req is not None and socket._req.transport is not None:
                socket._req.transport.abort()

    # -- REST -------------------------------------------------------------------------------------------------

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path, query = request.path, request.query
        weight = WEIGHTS.get(path, 1)
        if path == "/api/v3/openOrders":
            weight = 6 if "symbol" in query else 80
        elif path == "/api/v3/order" and request.method != "GET":
            weight = 1
        self.requests.append((f"{request.method} {path}?{_stable(query)}", weight))
        fault = self.faults.get(path) if request.method == "GET" else None
        if fault is not None:
            return await self._fail(request, fault)
        if "signature" in query and not _is_signed(request.query_string):
            return _answer({"code": -1022, "msg": "Signature for this request is not valid."}, 400)
        body, status = self._handle(request.method, path, dict(query))
        if path == "/api/v3/order" and request.method == "POST" and self.lose_next_submit is not None:
            self.lose_next_submit = None
            body, status = {"code": -1007, "msg": "Timeout waiting for response from backend server."}, 408
        return _answer(body, status)

    async def _fail(self, request: web.Request, fault: str) -> web.StreamResponse:
        if fault == "hang":
            await asyncio.sleep(HANG_SECS)
        if fault == "close":
            assert request.transport is not None
            request.transport.abort()
        if fault == "cut":
            return web.Response(text='[{"symbol": "BTC', content_type="application/json")
        return _answer({"code": -1001, "msg": "Internal error; unable to process your request. Please try again."}, 503)

    def _handle(self, method: str, path: str, query: dict[str, str]) -> tuple[Any, int]:
        match (method, path):
            case (_, "/api/v3/time"):
                return {"serverTime": _now_ms()}, 200
            case (_, "/api/v3/exchangeInfo"):
                return self._exchange_info(), 200
            case (_, "/sapi/v1/asset/tradeFee"):
                fee = {"makerCommission": "0.001", "takerCommission": "0.001"}
                return [{"symbol": symbol, **fee} for symbol in self.prices], 200
            case (_, "/api/v3/account"):
                return self._account(), 200
            case ("GET", "/api/v3/openOrders"):
                return [one for one in self.orders if one["status"] == "NEW"], 200
            case ("GET", "/api/v3/allOrders"):
                return _page(self.orders, query, "orderId", "orderId"), 200
            case ("GET", "/api/v3/myTrades"):
                return _page(self.trades, query, "fromId", "id"), 200
            case (_, "/api/v3/order"):
                return self._order(method, query)
        return {"code": -1000, "msg": f"no such path {path}"}, 404

    def _order(self, method: str, query: dict[str, str]) -> tuple[Any, int]:
        if method == "POST":
            if self.lose_next_submit is False:
                return {}, 200
            name = query["newClientOrderId"]
            price = query.get("price", "0.00")
            return self.place(query["symbol"], query["side"], query["type"], query["quantity"], price, name), 200
        wanted = query.get("orderId"), query.get("origClientOrderId")
        found = [one for one in self.orders if str(one["orderId"]) == wanted[0] or one["clientOrderId"] == wanted[1]]
        if not found:
            return UNKNOWN_ORDER, 400
        if method == "DELETE":
            found[-1].update(status="CANCELED", updateTime=_now_ms())
            self._tell(found[-1], "CANCELED")
        return found[-1], 200

    def _exchange_info(self) -> dict[str, Any]:
        filters = [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.00000", "stepSize": "0.00001"},
        ]
        form = {
            "status": "TRADING",
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
            "icebergAllowed": True,
            "ocoAllowed": True,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": filters,
            "permissions": ["SPOT"],
        }
        symbols = [{"symbol": symbol, "baseAsset": symbol.removesuffix("USDT"), **form} for symbol in self.prices]
        head = {"timezone": "UTC", "serverTime": _now_ms(), "rateLimits": [], "exchangeFilters": []}
        return {**head, "symbols": symbols}

    def _account(self) -> dict[str, Any]:
        commissions = dict.fromkeys(("makerCommission", "takerCommission", "buyerCommission", "sellerCommission"), 10)
        rights = dict.fromkeys(("canTrade", "canWithdraw", "canDeposit"), True)
        balances = [{"asset": "USDT", "free": "100000.00", "locked": "0.00"}]
        rest = {"updateTime": _now_ms(), "accountType": "SPOT", "balances": balances, "permissions": ["SPOT"]}
        return {**commissions, **rights, **rest}

    # -- stream -----------------------------------------------------------------------------------------------

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            call = json.loads(message.data)
            parameters = call["params"]
            text = f"apiKey={parameters['apiKey']}&timestamp={parameters['timestamp']}"
            signed = parameters["signature"] == _sign(text)
            if not signed or call["method"] != "userDataStream.subscribe.signature":
                await socket.send_json({"id": call["id"], "status": 400, "error": {"code": -1022, "msg": "refused"}})
                continue
            self._sockets.append(socket)
            await socket.send_json({"id": call["id"], "status": 200, "result": {"subscriptionId": 0}})
        if socket in self._sockets:
            self._sockets.remove(socket)
        return socket

    def _tell(self, order: dict[str, Any], execution: str, trade: dict[str, Any] | None = None) -> None:
        if self.lose_next_submit is not None:
            return
        now_ms = _now_ms()
        event = {
            "e": "executionReport",
            "E": now_ms,
            "s": order["symbol"],
            "c": order["clientOrderId"],
            "S": order["side"],
            "o": order["type"],
            "f": "GTC",
            "q": order["origQty"],
            "p": order["price"],
            "P": "0.00",
            "F": "0.00",
            "g": -1,
            "C": "",
            "x": execution,
            "X": order["status"],
            "r": "NONE",
            "i": order["orderId"],
            "l": trade["qty"] if trade else "0.00000",
            "z": order["executedQty"],
            "L": trade["price"] if trade else "0.00",
            "n": trade["commission"] if trade else "0",
            "N": trade["commissionAsset"] if trade else None,
            "T": now_ms,
            "t": trade["id"] if trade else -1,
            "I": 1,
            "w": True,
            "m": bool(trade and trade["isMaker"]),
            "M": False,
            "O": order["time"],
            "Z": order["cummulativeQuoteQty"],
            "Y": trade["quoteQty"] if trade else "0.00",
            "Q": "0.00",
        }
        for socket in self._sockets:
            task = asyncio.ensure_future(socket.send_json({"subscriptionId": 0, "event": event}))
            task.add_done_callback(lambda done: done.exception())


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _sign(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def _is_signed(query: str) -> bool:
    text, _, signature = query.partition("&signature=")
    return signature == _sign(text)


def _stable(query: Any) -> str:
    ignored = ("timestamp", "signature", "recvWindow")
    return "&".join(sorted(f"{name}={value}" for name, value in query.items() if name not in ignored))


def _answer(body: Any, status: int) -> web.Response:
    return web.json_response(body, status=status)


def _page(records: list[dict[str, Any]], query: dict[str, str], asked_id: str, own_id: str) -> list[dict[str, Any]]:
    """Page as the venue documents: from an id on, or in a window of at most a day, or from a start on."""
    mine = [one for one in records if one["symbol"] == query["symbol"]]
    limit = int(query.get("limit", 500))
    if asked_id in query:
        return [one for one in mine if one[own_id] >= int(query[asked_id])][:limit]
    start, end = int(query.get("startTime", 0)), int(query.get("endTime", 2**62))
    assert "endTime" not in query or end - start <= DAY_MS, "the venue refuses a window of more than a day"
    return [one for one in mine if start <= one["time"] <= end][:limit]
