"""The control port and its client: the owner's commands, the oracle's view, and what cannot be done."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.emulator.conftest import Start
from tests.integration.emulator.venue_client import VenueClient
from trueup.emulator import ControlClient, RefusedError, parse_fault
from trueup.emulator.engine.enums import IncomeType, MarginType, OrderType, Side, TimeInForce
from trueup.emulator.engine.settings import AccountSettings
from trueup.emulator.engine.values import OrderRequest
from trueup.errors import ConfigValueError, EmulatorError, VenueUnavailableError

BUY = OrderRequest(
    "BTCUSDT",
    Side.BUY,
    OrderType.LIMIT,
    time_in_force=TimeInForce.GTC,
    quantity=Decimal("0.010"),
    price=Decimal("45000.0"),
)


async def use(client: VenueClient, act: Callable[[ControlClient], Any]) -> Any:
    """Use the synchronous client from a thread, as the emulator runs in this loop."""

    def work() -> Any:
        with ControlClient(client.emulator.urls.control) as control:
            return act(control)

    return await asyncio.to_thread(work)


async def test_another_client_of_the_account_trades_and_the_user_stream_tells(client: VenueClient) -> None:
    async with client.user_stream() as stream:
        order = await use(client, lambda control: control.place_order("main", BUY))
        assert (await stream.next())["o"]["i"] == order.order_id
        filled = await use(client, lambda control: control.fill(order.order_id, Decimal("0.004")))
        assert (filled.status, filled.executed_quantity) == ("PARTIALLY_FILLED", Decimal("0.004"))
        amended = await use(
            client,
            lambda control: control.amend_order(
                "main", "BTCUSDT", order_id=order.order_id, quantity=Decimal("0.020"), price=Decimal("45100.0")
            ),
        )
        assert amended.price == Decimal("45100.0")
        cancelled = await use(client, lambda c: c.cancel_order("main", "BTCUSDT", order_id=order.order_id))
        assert cancelled.status == "CANCELED"

    def look(control: ControlClient) -> None:
        (trade,) = control.trades("main", "BTCUSDT")
        (position,) = control.positions("main")
        assert trade.quantity == position.quantity == Decimal("0.004")
        assert [each.order_id for each in control.orders("main")] == [order.order_id]
        assert control.open_orders("main") == []
        assert control.trades("main", "ETHUSDT") == []
        incomes = {income.type: income.amount for income in control.income("main")}
        assert incomes[IncomeType.COMMISSION] == -trade.commission
        usdt = next(balance for balance in control.balances("main") if balance.asset == "USDT")
        assert usdt.wallet == Decimal(100_000) - trade.commission
        assert control.check_invariants() == control.health().sequence

    await use(client, look)


async def test_accounts_are_made_funded_set_up_and_used_with_their_own_key(client: VenueClient) -> None:
    settings = AccountSettings("second", api_key="key2", secret="secret2", deposits={"USDT": Decimal(500)})

    def work(control: ControlClient) -> None:
        assert control.create_account(settings) == "second"
        control.deposit("second", Decimal(100))
        control.withdraw("second", Decimal(50))
        control.set_fee_tier("second", 3)
        assert control.set_leverage("second", "BTCUSDT", 5).leverage == 5
        control.set_margin_type("second", "ETHUSDT", MarginType.ISOLATED)
        control.set_position_mode("second", hedge_mode=True)
        assert [account.account_id for account in control.accounts()] == ["main", "second"]

    await use(client, work)
    second = VenueClient(client.emulator, client.session, "second")
    account = await second.get("/fapi/v2/account")
    assert (account.body["totalWalletBalance"], account.body["feeTier"]) == ("550.00000000", 3)
    assert (await second.get("/fapi/v1/positionSide/dual")).body == {"dualSidePosition": True}


async def test_the_market_and_forced_events_are_the_owners(client: VenueClient) -> None:
    await client.market(quantity="1.000")

    def work(control: ControlClient) -> None:
        control.set_market("BTCUSDT", Decimal("51000.0"), Decimal("51000.1"), Decimal("51000.00"))
        assert control.book_top("BTCUSDT").bid == Decimal("51000.0")
        control.set_funding_rate("BTCUSDT", Decimal("0.0002"))
        assert control.mark_price("BTCUSDT").funding_rate == Decimal("0.0002")
        control.apply_funding("BTCUSDT")
        assert "FUNDING_FEE" in {income.type for income in control.income("main")}
        control.step_market(3)
        control.pause_market()
        control.print_trade("BTCUSDT", control.book_top("BTCUSDT").bid, Decimal("0.010"), buyer_maker=True)
        control.move_to("BTCUSDT", Decimal("50500.0"))
        control.set_mark_price("BTCUSDT", Decimal("50500.00"))
        assert control.auto_deleverage("main", "BTCUSDT", Decimal("0.400")).client_order_id.startswith("adl_autoclose")
        assert control.positions("main")[0].quantity == Decimal("0.600")
        assert control.liquidate("main")
        assert control.positions("main") == []
        control.check_invariants()

    await use(client, work)


async def test_conditional_orders_are_placed_triggered_cancelled_and_seen_whole(client: VenueClient) -> None:
    stop = OrderRequest(
        "BTCUSDT", Side.SELL, OrderType.STOP_MARKET, quantity=Decimal("0.010"), trigger_price=Decimal("49000.0")
    )

    def work(control: ControlClient) -> None:
        first = control.place_algo_order("main", stop)
        second = control.place_algo_order("main", stop)
        assert control.cancel_algo_order("main", algo_id=second.algo_id).status == "CANCELED"
        control.move_to("BTCUSDT", Decimal("48990.0"))
        seen = {algo.algo_id: algo for algo in control.algo_orders("main")}
        assert (seen[first.algo_id].status, seen[second.algo_id].status) == ("FINISHED", "CANCELED")
        (order,) = control.orders("main")
        assert seen[first.algo_id].actual_order_id == order.order_id
        assert control.positions("main")[0].quantity == Decimal("-0.010")

    await use(client, work)


async def test_a_refused_command_carries_the_venues_code(client: VenueClient) -> None:
    with pytest.raises(RefusedError) as caught:
        await use(client, lambda control: control.cancel_order("main", "BTCUSDT", order_id=1))
    assert (caught.value.code, caught.value.message) == (-2011, "Unknown order sent.")


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda control: control.orders("nobody"), EmulatorError),
        (lambda control: control.place_order("nobody", BUY), EmulatorError),
        (lambda control: control.add_fault({"action": {"kind": "explode"}}), ConfigValueError),
        (lambda control: control.remove_fault(7), ConfigValueError),
        (lambda control: control.step_clock(-1), ConfigValueError),
        (lambda control: control.offset_clock(5), ConfigValueError),
        (lambda control: control._call("POST", "/venue/subscribe", dict, {}), ConfigValueError),
        (lambda control: control._call("POST", "/venue/set_market", dict, {"symbol": 5}), ConfigValueError),
        (lambda control: control._call("POST", "/venue/set_market", dict, {"colour": "red"}), ConfigValueError),
        (lambda control: control._call("GET", "/nowhere", dict), EmulatorError),
        (lambda control: control._call("GET", "/requests?limit=x", dict), ConfigValueError),
    ],
)
async def test_what_cannot_be_done_is_said(client: VenueClient, act: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        await use(client, act)


async def test_faults_are_armed_listed_and_cleared(client: VenueClient) -> None:
    fault = parse_fault({"name": "late", "match": {"symbol": "BTCUSDT"}, "action": {"kind": "close_before"}})

    def work(control: ControlClient) -> None:
        first = control.add_fault(fault)
        second = control.add_fault({"action": {"kind": "drop_event"}})
        listed = control.faults()
        assert [each.fault_id for each in listed] == [first, second]
        assert parse_fault(listed[0].fault) == fault
        control.remove_fault(first)
        assert control.clear_faults() == 1
        assert control.faults() == []

    await use(client, work)


async def test_the_clock_is_read_stepped_and_a_real_one_offset(start: Start) -> None:
    manual, real = await start(), await start(clock={"kind": "real", "offset_ms": 60_000})
    before = manual.emulator.clock.now_ms()

    assert await use(manual, lambda control: control.step_clock(5_000)) == before + 5_000
    assert (await use(manual, lambda control: control.clock())).kind == "manual"
    reading = await use(real, lambda control: control.clock())
    assert (reading.kind, reading.offset_ms) == ("real", 60_000)
    assert await use(real, lambda control: control.offset_clock(0)) < reading.now_ms
    with pytest.raises(ConfigValueError):
        await use(real, lambda control: control.step_clock(1))


async def test_streams_are_cut_and_listen_keys_expired_on_command(client: VenueClient) -> None:
    async with client.user_stream() as stream:
        assert await use(client, lambda control: control.expire_listen_key("main"))
        assert (await stream.next())["e"] == "listenKeyExpired"
    assert not await use(client, lambda control: control.expire_listen_key("main"))
    async with client.user_stream() as stream:
        assert await use(client, lambda control: control.cut_streams("main")) == 1
        assert await stream.ended()


async def test_requests_totals_and_limits_are_read_and_forgotten(start: Start) -> None:
    client = await start(limits={"weight_per_minute": 41})
    await client.get("/fapi/v1/openOrders")
    await client.get("/fapi/v1/openOrders")

    def work(control: ControlClient) -> None:
        assert [request.status for request in control.requests(path="/fapi/v1/openOrders")] == [200, 429]
        (total,) = control.request_totals()
        assert (total.count, total.weight, total.errors) == (2, 80, 1)
        control.clear_requests()
        assert control.requests() == []
        control.forgive_limits()

    await use(client, work)
    assert (await client.get("/fapi/v1/openOrders")).status == 200


async def test_a_past_is_loaded_and_read_whole_although_the_venue_would_page_it(client: VenueClient) -> None:
    def work(control: ControlClient) -> tuple[int, int]:
        control.load_history("main", 3_000, symbols=("ETHUSDT",))
        return len(control.orders("main")), len(control.trades("main"))

    orders, trades = await use(client, work)
    page = await client.get("/fapi/v1/allOrders", symbol="ETHUSDT", limit=1_000)
    assert orders == 3_000
    assert trades > 2_000
    assert len(page.body) == 1_000


def test_a_control_port_where_nobody_listens_is_named() -> None:
    with pytest.raises(VenueUnavailableError, match=r"127\.0\.0\.1:9 does not answer"):
        ControlClient("http://127.0.0.1:9", timeout_secs=2).health()
    with pytest.raises(ConfigValueError, match="http://host:port"):
        ControlClient("nonsense")
