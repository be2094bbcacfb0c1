"""Programs over the whole venue, drawn by Hypothesis: three accounts, three symbols, everything that can happen."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import hypothesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.unit.emulator.engine.arrange import START_MS, SYMBOLS, fingerprint
from tests.unit.emulator.engine.crowd import ACCOUNTS, crowd, price_near, quantity_worth
from tests.unit.emulator.engine.oracle import check_account
from trueup.emulator.engine.clock import ManualClock
from trueup.emulator.engine.enums import (
    MarginType,
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from trueup.emulator.engine.events import AccountEvent, AlgoEvent, MarginCall, OrderEvent, VenueEvent
from trueup.emulator.engine.rejections import Rejection
from trueup.emulator.engine.settings import MarketSettings, VenueSettings
from trueup.emulator.engine.values import Order, OrderRequest
from trueup.emulator.engine.venue import Venue

MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Programs are about replay, not about the disk, whose syncs would be most of their time."""

accounts = st.sampled_from(sorted(ACCOUNTS))
symbols = st.sampled_from(SYMBOLS)
sides = st.sampled_from(Side)
offsets = st.one_of(st.integers(-3, 3), st.integers(-60, 60), st.integers(-400, 400))
"""Distance of a price from the market's bid, in basis points or ticks, as the rule says."""
sizes = st.one_of(st.integers(3, 8), st.integers(3, 8), st.integers(1, 60))
picks = st.integers(0, 60)
seldom = st.sampled_from([False, False, False, False, True])


REACHED: Counter[str] = Counter()
"""What the programs of the last `run` led to: a campaign that reaches nothing proves nothing."""


def note(event: VenueEvent) -> None:
    """Count what an event shows."""
    match event:
        case OrderEvent(execution_type=execution, order=order, trade=trade):
            REACHED[f"order {execution}"] += 1
            REACHED[f"order {order.status}"] += 1
            if trade is not None:
                REACHED["maker fill" if trade.maker else "taker fill"] += 1
        case AlgoEvent(algo=algo):
            REACHED[f"conditional {algo.status}"] += 1
        case AccountEvent(reason=reason):
            REACHED[f"account {reason}"] += 1
        case MarginCall():
            REACHED["margin call"] += 1


class VenueMachine(RuleBasedStateMachine):
    """One venue in one directory, checked whole after every step."""

    home: Path
    """Where programs make their directories; `run` sets and removes it, so that none is left behind."""

    @initialize(replenish=st.booleans(), seed=st.integers(0, 3))
    def begin(self, replenish: bool, seed: int) -> None:
        REACHED["program"] += 1
        self.directory = Path(tempfile.mkdtemp(dir=self.home))
        self.clock = ManualClock(START_MS)
        venue_settings = VenueSettings(
            market=MarketSettings(seed=seed, levels=4, level_notional=Decimal(3_000), replenish=replenish),
            symbols=SYMBOLS,
        )
        self.sequence = 0
        self.checked: dict[str, tuple[int, int]] = {}
        self.executed: dict[int, Decimal] = {}
        self.venue = Venue.recover(self.directory, venue_settings, clock=self.clock)
        self.venue.subscribe(self._listen)
        for account in ACCOUNTS.values():
            self.venue.create_account(account)
        crowd(self.venue)

    def _order(self, pick: int) -> Order | None:
        """Return one of all working orders."""
        working = [order for account in ACCOUNTS for order in self.venue.open_orders(account)]
        return working[pick % len(working)] if working else None

    def teardown(self) -> None:
        if hasattr(self, "venue"):
            self.venue.close()
            shutil.rmtree(self.directory)

    def _listen(self, event: VenueEvent) -> None:
        assert event.sequence == self.sequence + 1
        self.sequence = event.sequence
        note(event)
        if isinstance(event, OrderEvent):
            order = event.order
            before = self.executed.get(order.order_id, Decimal(0))
            filled = event.trade.quantity if event.trade is not None else Decimal(0)
            assert order.executed_quantity == before + filled
            self.executed[order.order_id] = order.executed_quantity

    def _attempt(self, command: Callable[[], object]) -> None:
        """Run a command; when it is refused, nothing may have changed."""
        self.venue.advance()
        before = fingerprint(self.venue)
        try:
            command()
        except Rejection:
            REACHED["refusal"] += 1
            assert fingerprint(self.venue) == before

    def _price(self, symbol: str, ticks: int, basis_points: int = 0) -> Decimal:
        return price_near(self.venue, symbol, ticks, basis_points)

    def _leg(self, account: str, choice: bool) -> PositionSide:
        if not self.venue.hedge_mode(account):
            return PositionSide.BOTH
        return PositionSide.LONG if choice else PositionSide.SHORT

    # --- clients ------------------------------------------------------------------------------------------------------

    @rule(
        account=accounts,
        symbol=symbols,
        side=sides,
        units=sizes,
        ticks=offsets,
        leg=st.booleans(),
        reduce_only=seldom,
        prevention=st.sampled_from(SelfTradePrevention),
        tif=st.sampled_from([TimeInForce.GTC] * 14 + [*TimeInForce]),
        match=st.sampled_from([PriceMatch.NONE] * 14 + [PriceMatch.OPPONENT, PriceMatch.QUEUE, PriceMatch.QUEUE_5]),
    )
    def place_limit(
        self,
        account: str,
        symbol: str,
        side: Side,
        units: int,
        ticks: int,
        leg: bool,
        reduce_only: bool,
        prevention: SelfTradePrevention,
        tif: TimeInForce,
        match: PriceMatch,
    ) -> None:
        request = OrderRequest(
            symbol,
            side,
            OrderType.LIMIT,
            self._leg(account, leg),
            tif,
            quantity_worth(self.venue, symbol, units),
            self._price(symbol, ticks) if match is PriceMatch.NONE else None,
            reduce_only=reduce_only and not self.venue.hedge_mode(account),
            self_trade_prevention=prevention,
            price_match=match,
            good_till_date_ms=self.venue.now_ms + 600_001 + ticks * 1000 if tif is TimeInForce.GTD else None,
        )
        self._attempt(lambda: self.venue.place_order(account, request))

    @rule(account=accounts, symbol=symbols, side=sides, units=sizes, leg=st.booleans(), reduce_only=seldom)
    def place_market(self, account: str, symbol: str, side: Side, units: int, leg: bool, reduce_only: bool) -> None:
        request = OrderRequest(
            symbol,
            side,
            OrderType.MARKET,
            self._leg(account, leg),
            quantity=quantity_worth(self.venue, symbol, units * 2),
            reduce_only=reduce_only and not self.venue.hedge_mode(account),
        )
        self._attempt(lambda: self.venue.place_order(account, request))

    @rule(
        account=accounts,
        symbol=symbols,
        side=sides,
        kind=st.sampled_from([kind for kind in OrderType if kind.is_conditional]),
        units=sizes,
        away=st.integers(-150, 150),
        leg=st.booleans(),
        whole=st.booleans(),
        tif=st.sampled_from(
            [None, TimeInForce.GTC, TimeInForce.GTE_GTC, TimeInForce.IOC, TimeInForce.GTD, TimeInForce.GTX]
        ),
        working=st.sampled_from(WorkingType),
    )
    def place_conditional(
        self,
        account: str,
        symbol: str,
        side: Side,
        kind: OrderType,
        units: int,
        away: int,
        leg: bool,
        whole: bool,
        tif: TimeInForce | None,
        working: WorkingType,
    ) -> None:
        trailing = kind is OrderType.TRAILING_STOP_MARKET
        closes = whole and kind in (OrderType.STOP_MARKET, OrderType.TAKE_PROFIT_MARKET)
        request = OrderRequest(
            symbol,
            side,
            kind,
            self._leg(account, leg),
            tif,
            None if closes else quantity_worth(self.venue, symbol, units),
            self._price(symbol, 3, away) if kind.is_limit else None,
            close_position=closes,
            reduce_only=whole and not closes and not self.venue.hedge_mode(account),
            trigger_price=None if trailing else self._price(symbol, 0, away),
            activate_price=self._price(symbol, 0, away) if trailing and away % 2 else None,
            callback_rate=Decimal(1 + abs(away) % 20) / 10 if trailing else None,
            working_type=working,
            good_till_date_ms=self.venue.now_ms + 700_000 if tif is TimeInForce.GTD else None,
        )
        self._attempt(lambda: self.venue.place_algo_order(account, request))

    @rule(pick=picks, ticks=offsets, units=sizes)
    def amend(self, pick: int, ticks: int, units: int) -> None:
        order = self._order(pick)
        if order is not None:
            owner = order.account_id
            quantity = quantity_worth(self.venue, order.symbol, units)
            price = self._price(order.symbol, ticks)
            self._attempt(
                lambda: self.venue.amend_order(
                    owner, order.symbol, order_id=order.order_id, quantity=quantity, price=price
                )
            )

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        order = self._order(pick)
        if order is not None:
            key = order.client_order_id
            self._attempt(lambda: self.venue.cancel_order(order.account_id, order.symbol, client_order_id=key))

    @rule(account=accounts, pick=picks)
    def cancel_conditional(self, account: str, pick: int) -> None:
        algos = self.venue.open_algo_orders(account)
        if algos:
            algo = algos[pick % len(algos)]
            self._attempt(lambda: self.venue.cancel_algo_order(account, algo_id=algo.algo_id))

    @rule(account=accounts, symbol=symbols, conditional=st.booleans())
    def cancel_all(self, account: str, symbol: str, conditional: bool) -> None:
        if conditional:
            self._attempt(lambda: self.venue.cancel_all_algo_orders(account, symbol))
        else:
            self._attempt(lambda: self.venue.cancel_all_orders(account, symbol))

    @rule(account=accounts, symbol=symbols, countdown_ms=st.sampled_from([0, 1_000, 60_000]))
    def count_down(self, account: str, symbol: str, countdown_ms: int) -> None:
        self._attempt(lambda: self.venue.countdown_cancel_all(account, symbol, countdown_ms))

    @rule(account=accounts, symbol=symbols, leverage=st.sampled_from([1, 3, 20, 100]))
    def set_leverage(self, account: str, symbol: str, leverage: int) -> None:
        self._attempt(lambda: self.venue.set_leverage(account, symbol, leverage))

    @rule(account=accounts, symbol=symbols, margin_type=st.sampled_from(MarginType))
    def set_margin_type(self, account: str, symbol: str, margin_type: MarginType) -> None:
        self._attempt(lambda: self.venue.set_margin_type(account, symbol, margin_type))

    @rule(account=accounts, hedge=st.booleans())
    def set_position_mode(self, account: str, hedge: bool) -> None:
        self._attempt(lambda: self.venue.set_position_mode(account, hedge))

    @rule(account=accounts, symbol=symbols, leg=st.booleans(), amount=st.integers(-20, 20))
    def adjust_margin(self, account: str, symbol: str, leg: bool, amount: int) -> None:
        side = self._leg(account, leg)
        self._attempt(lambda: self.venue.adjust_margin(account, symbol, Decimal(amount), side))

    @rule(account=accounts, amount=st.integers(-300, 300).filter(bool))
    def transfer(self, account: str, amount: int) -> None:
        if amount > 0:
            self._attempt(lambda: self.venue.deposit(account, "USDT", Decimal(amount)))
        else:
            self._attempt(lambda: self.venue.withdraw(account, "USDT", Decimal(-amount)))

    # --- the market and the venue -------------------------------------------------------------------------------------

    @rule(symbol=symbols, basis_points=offsets, spread=st.integers(1, 5))
    def set_market(self, symbol: str, basis_points: int, spread: int) -> None:
        bid = self._price(symbol, 0, basis_points)
        self.venue.set_market(symbol, bid, bid + self.venue.symbol(symbol).tick * spread)

    @rule(symbol=symbols, basis_points=offsets)
    def move_to(self, symbol: str, basis_points: int) -> None:
        self.venue.move_to(symbol, self._price(symbol, 5, basis_points))

    @rule(symbol=symbols, basis_points=offsets)
    def set_mark_price(self, symbol: str, basis_points: int) -> None:
        self.venue.set_mark_price(symbol, self._price(symbol, 1, basis_points))

    @rule(steps=st.integers(1, 3))
    def step_market(self, steps: int) -> None:
        self.venue.step_market(steps)

    @rule(symbol=symbols, ticks=st.integers(-20, 20), units=sizes, buyer_maker=st.booleans())
    def print_trade(self, symbol: str, ticks: int, units: int, buyer_maker: bool) -> None:
        quantity = quantity_worth(self.venue, symbol, units)
        self.venue.print_trade(symbol, self._price(symbol, ticks), quantity, buyer_maker)

    @rule(pick=picks, part=st.booleans())
    def fill(self, pick: int, part: bool) -> None:
        order = self._order(pick)
        if order is not None:
            step = self.venue.symbol(order.symbol).step
            self._attempt(lambda: self.venue.fill(order.order_id, step if part else None))

    @rule(symbol=symbols, rate=st.integers(-200, 200))
    def apply_funding(self, symbol: str, rate: int) -> None:
        self.venue.apply_funding(symbol, Decimal(rate) / 10_000)

    @rule(account=accounts, symbol=symbols)
    def liquidate(self, account: str, symbol: str) -> None:
        self.venue.liquidate(account, symbol)

    @rule(account=accounts, pick=picks)
    def auto_deleverage(self, account: str, pick: int) -> None:
        legs = self.venue.positions(account)
        if legs:
            leg = legs[pick % len(legs)]
            quantity = self.venue.symbol(leg.symbol).step
            self.venue.auto_deleverage(account, leg.symbol, quantity, leg.position_side)

    @rule(step_ms=st.sampled_from([1, 1_000, 600_000, 9 * 3_600_000]))
    def wait(self, step_ms: int) -> None:
        self.clock.advance(step_ms)

    # --- durability ---------------------------------------------------------------------------------------------------

    @rule(checkpoint=st.booleans())
    @precondition(lambda self: self.sequence > 0)
    def recover(self, checkpoint: bool) -> None:
        before = fingerprint(self.venue)
        if checkpoint:
            self.venue.checkpoint()
        self.venue.close()
        self.clock = ManualClock(self.clock.now_ms())
        self.venue = Venue.recover(self.directory, clock=self.clock)
        self.venue.subscribe(self._listen)
        REACHED["recovery"] += 1
        assert fingerprint(self.venue) == before
        assert self.venue.sequence == self.sequence

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "venue"):
            return
        REACHED["step"] += 1
        self.venue.ledger.check_invariants()
        for account in ACCOUNTS:
            record = self.venue.ledger.account(account)
            written = (len(record.trades), len(record.incomes))
            if self.checked.get(account) != written:
                check_account(record, ACCOUNTS[account].fee_tier)
                self.checked[account] = written
            for asset in self.venue.balances(account):
                assert asset.available >= 0


def run(programs: int, *, seed: int, steps: int) -> Counter[str]:
    """Run programs of up to `steps` steps and return what they led to; the same seed gives the same programs."""
    profile = settings(
        max_examples=programs,
        stateful_step_count=steps,
        deadline=None,  # a program is not timed
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    REACHED.clear()
    with tempfile.TemporaryDirectory(prefix="venue-", dir=MEMORY) as home:
        VenueMachine.home = Path(home)
        run_state_machine_as_test(hypothesis.seed(seed)(VenueMachine), settings=profile)
    return Counter(REACHED)
