"""Tell the node's own doing from what somebody or something else did to its orders and positions.

A change is the node's own where the node commanded it. Everything else is told apart by what the venue says of it:

* The name of the order. Binance closes positions by orders of its own: ``autoclose-`` is a liquidation,
  ``adl_autoclose`` an auto-deleveraging, ``settlement_autoclose-`` a delivery or delisting (Binance's documentation of
  the order update event). Its own clients name their orders ``web_``, ``ios_``, ``android_`` or ``electron_``, which is
  custom and not documented: it names the surface and decides nothing.
* How it ended: Binance gives an order that it expired a reason in numbers, and marks an amendment as such.
* When: the venue takes working orders away in the same instant in which it liquidates.

So the answer needs what came shortly after the change, too (`Context`); who calls waits for it. Pure: values in, values
out.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trueup.core.terms import NO_PAST, NO_TERMS, Past, Terms
from trueup.core.wording import plain
from trueup.model.enums import OrderSide, TimeInForce

NEAR_NS = 2_000_000_000
"""How far a closing by the venue may lie from the orders on its instrument that it took away. At the emulator it is one
millisecond; that the venue needs no longer than this is assumed."""
SAME_NS = 100_000_000
"""The same for orders on other instruments, which a liquidation of a whole account takes away. Shorter, because a hand
may well cancel something while another instrument is liquidated."""


class Doing(StrEnum):
    """Whose doing a change was."""

    OWN = "OWN"
    MANUAL = "MANUAL"
    """Another client of the account: a person, a script, another node."""
    LIQUIDATION = "LIQUIDATION"
    ADL = "ADL"
    SETTLEMENT = "SETTLEMENT"
    FUNDING = "FUNDING"
    EXPIRY = "EXPIRY"
    """The order's own instruction ended it: its time, or that it must fill at once."""
    VENUE = "VENUE"
    """The venue by one of its rules: post-only that would take, reduce-only without a position, self-trade."""


class ChangeKind(StrEnum):
    """What changed."""

    PLACED = "PLACED"
    AMENDED = "AMENDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FILLED = "FILLED"
    FUNDED = "FUNDED"
    LEVERAGE = "LEVERAGE"
    MARGIN_TYPE = "MARGIN_TYPE"
    TRANSFER = "TRANSFER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded:
    """Hold what the node commanded of one order before the change.

    Parameters
    ----------
    sent : bool
        The node placed it.
    cancel : bool
        The node asked to cancel it, and was not refused.
    amends : tuple of Terms
        What the node asked to change and was neither done nor refused yet.
    past : Past
        What the order was before an amendment.
    """

    sent: bool = False
    cancel: bool = False
    amends: tuple[Terms, ...] = ()
    past: Past = NO_PAST


NOTHING = Commanded()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Hold one change of an order, of a position, or of the account.

    Parameters
    ----------
    kind : ChangeKind
        What changed.
    time_ns : int
        When, by the venue.
    instrument_id : str
        Empty for what concerns the account alone.
    client_order_id, venue_order_id : str
        The order.
    side : OrderSide or None
        The order's.
    terms_before, terms : Terms
        The order's quantity and prices before and after an amendment.
    fill_quantity : Decimal
        What a fill filled.
    position_before : Decimal or None
        The position, signed, before a fill; None where it is not known.
    time_in_force, expires_ns, post_only, reduce_only
        The order's instructions.
    is_market : bool
        Whether the order takes what there is at once.
    is_amendment : bool
        The venue itself called it an amendment.
    expiry_code : int
        The venue's reason of an expiry; 0 where it gave none.
    amount, currency, before, after
        Of what concerns the account: a payment, or a setting before and after.
    """

    kind: ChangeKind
    time_ns: int
    instrument_id: str = ""
    client_order_id: str = ""
    venue_order_id: str = ""
    side: OrderSide | None = None
    terms_before: Terms = NO_TERMS
    terms: Terms = NO_TERMS
    fill_quantity: Decimal = Decimal(0)
    position_before: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    expires_ns: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    is_market: bool = False
    is_amendment: bool = False
    expiry_code: int = 0
    amount: Decimal = Decimal(0)
    currency: str = ""
    before: str = ""
    after: str = ""

    @property
    def name(self) -> str:
        """Return what people call the order."""
        return self.client_order_id or self.venue_order_id


@dataclass(frozen=True, slots=True)
class Closing:
    """Hold one closing of a position by the venue itself, which takes other orders of the account with it."""

    doing: Doing
    instrument_id: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class Context:
    """Hold the venue's own closings on the account around a change."""

    closings: tuple[Closing, ...] = ()

    def that_took(self, change: Change) -> Closing | None:
        """Return the closing that took an order away, None where there is none: a deleveraging takes none."""
        found = [one for one in self.closings if abs(one.time_ns - change.time_ns) <= _reach_ns(one, change)]
        return min(found, key=lambda one: abs(one.time_ns - change.time_ns), default=None)


def _reach_ns(closing: Closing, change: Change) -> int:
    if closing.doing is Doing.ADL:
        return -1
    if closing.instrument_id == change.instrument_id:
        return NEAR_NS
    return SAME_NS if closing.doing is Doing.LIQUIDATION else -1


ALONE = Context()


@dataclass(frozen=True, slots=True)
class Attribution:
    """Hold whose doing a change was, and why that is so, in one line."""

    doing: Doing
    line: str

    @property
    def is_external(self) -> bool:
        """Return whether it was not the node's own doing."""
        return self.doing is not Doing.OWN


_FORCED = (
    ("settlement_autoclose-", Doing.SETTLEMENT),
    ("delivery_autoclose-", Doing.SETTLEMENT),
    ("delivery-", Doing.SETTLEMENT),
    ("adl_autoclose", Doing.ADL),
    ("autoclose-", Doing.LIQUIDATION),
)
_FORCED_WORDS = {
    Doing.LIQUIDATION: "the venue liquidated",
    Doing.ADL: "the venue deleveraged (ADL)",
    Doing.SETTLEMENT: "the venue settled",
}
_SURFACES = (
    ("web_", "the web page"),
    ("ios_", "the telephone (iOS)"),
    ("android_", "the telephone (Android)"),
    ("electron_", "the desktop program"),
    ("x-", "a program of a partner of the venue"),
    ("O-", "another node"),
)
_EXPIRIES = {
    1: (Doing.VENUE, "it would have traded with an order of its own account"),
    2: (Doing.EXPIRY, "immediate-or-cancel, and not all could be filled"),
    3: (Doing.VENUE, "it would have traded with an order of its own account"),
    4: (Doing.VENUE, "reduce-only, and the position was taken by another order or would have been reversed"),
    5: (Doing.LIQUIDATION, "the venue liquidated the account"),
    6: (Doing.VENUE, "the position that it was to close was gone"),
    7: (Doing.SETTLEMENT, "the instrument is delisted"),
    8: (Doing.VENUE, "its conditional order took its place"),
    9: (Doing.EXPIRY, "a market order, and not all could be filled"),
    10: (Doing.EXPIRY, "fill-or-kill, and not all could be filled"),
    11: (Doing.VENUE, "post-only, and it would have taken"),
}
"""Binance's expiry reasons of the order update event (its documentation: 1 to 9, 10 and 11 in the Chinese one)."""


def forced_by(client_order_id: str) -> Doing | None:
    """Return what a client order id of the venue's own stands for; None for any other."""
    return next((doing for prefix, doing in _FORCED if client_order_id.startswith(prefix)), None)


def surface_of(client_order_id: str) -> str:
    """Return in words which client an order's name points to."""
    return next((words for prefix, words in _SURFACES if client_order_id.startswith(prefix)), "another client")


def closing_of(change: Change) -> Closing | None:
    """Return the closing by the venue that a change is a part of, None for all others."""
    doing = forced_by(change.client_order_id)
    if doing is None:
        return None
    return Closing(doing, change.instrument_id, change.time_ns)


def attribute(change: Change, commanded: Commanded = NOTHING, context: Context = ALONE) -> Attribution:
    """Return whose doing a change was.

    Parameters
    ----------
    change : Change
        What changed.
    commanded : Commanded
        What the node had commanded of the order by then.
    context : Context
        What the venue did around it.
    """
    match change.kind:
        case ChangeKind.PLACED | ChangeKind.FILLED:
            return _of_order(change, commanded)
        case ChangeKind.AMENDED:
            return _of_amendment(change, commanded)
        case ChangeKind.CANCELLED | ChangeKind.EXPIRED:
            return _of_end(change, commanded, context)
        case ChangeKind.FUNDED:
            paid = "received" if change.amount > 0 else "paid"
            line = f"funding {paid}: {plain(abs(change.amount))} {change.currency}"
            return Attribution(Doing.FUNDING, f"{line} on {change.instrument_id}" if change.instrument_id else line)
        case _:
            return _of_account(change)


def _of_order(change: Change, commanded: Commanded) -> Attribution:
    forced = forced_by(change.client_order_id)
    is_fill = change.kind is ChangeKind.FILLED
    if forced is not None and not commanded.sent:
        what = _effect(change) if is_fill else f"with {change.name}"
        return Attribution(forced, f"{_FORCED_WORDS[forced]}: {what}")
    if commanded.sent:
        return Attribution(Doing.OWN, f"{change.name} was sent by this node")
    who = surface_of(change.client_order_id)
    if is_fill:
        return Attribution(Doing.MANUAL, f"{who} {_effect(change)} with {change.name}")
    return Attribution(Doing.MANUAL, f"{who} placed {change.name}")


def _effect(change: Change) -> str:
    """Return in words what a fill did to the position."""
    side = "bought" if change.side is OrderSide.BUY else "sold"
    traded = f"{side} {plain(change.fill_quantity)} {change.instrument_id}"
    before = change.position_before
    if before is None:
        return traded
    after = before + (change.fill_quantity if change.side is OrderSide.BUY else -change.fill_quantity)
    if not before:
        verb = "opened"
    elif not after:
        verb = "closed"
    elif (before > 0) != (after > 0):
        verb = "reversed"
    else:
        verb = "increased" if abs(after) > abs(before) else "reduced"
    return f"{verb} {change.instrument_id} from {plain(before)} to {plain(after)}"


def _of_amendment(change: Change, commanded: Commanded) -> Attribution:
    before, after = change.terms_before, change.terms
    if any(wanted.agrees_with(after) for wanted in commanded.amends):
        return Attribution(Doing.OWN, f"this node amended {change.name}")
    if before != after and commanded.past.holds(before, after, change.time_ns):
        return Attribution(Doing.OWN, f"{change.name} was told as it had been, or as it was again")
    if before == after:
        return Attribution(Doing.OWN, f"{change.name} was triggered: it works under another number of the venue")
    what = _amended(before, after)
    is_cut = before.quantity is not None and after.quantity is not None and after.quantity < before.quantity
    only_quantity = before.price == after.price and before.trigger_price == after.trigger_price
    if change.reduce_only and is_cut and only_quantity and not change.is_amendment:
        return Attribution(Doing.VENUE, f"the venue cut {change.name} to the position: {what}")
    return Attribution(Doing.MANUAL, f"another client amended {change.name}: {what}")


def _amended(before: Terms, after: Terms) -> str:
    pairs = (
        ("quantity", before.quantity, after.quantity),
        ("price", before.price, after.price),
        ("trigger", before.trigger_price, after.trigger_price),
    )
    return ", ".join(
        f"{name} {'none' if was is None else plain(was)} to {plain(now)}"
        for name, was, now in pairs
        if now is not None and was != now
    )


def _of_end(change: Change, commanded: Commanded, context: Context) -> Attribution:
    is_expiry = change.kind is ChangeKind.EXPIRED
    ended = "expired" if is_expiry else "cancelled"
    if commanded.cancel:
        return Attribution(Doing.OWN, f"this node cancelled {change.name}")
    if is_expiry and change.expiry_code in _EXPIRIES:
        doing, why = _EXPIRIES[change.expiry_code]
        return Attribution(doing, f"{change.name} expired: {why}")
    closing = context.that_took(change)
    if closing is not None:
        where = f" {closing.instrument_id}" if closing.instrument_id else ""
        return Attribution(closing.doing, f"{_FORCED_WORDS[closing.doing]}{where} and {ended} {change.name} for it")
    if change.expires_ns is not None and change.time_ns >= change.expires_ns:
        return Attribution(Doing.EXPIRY, f"the time of {change.name} was up")
    if change.is_market or change.time_in_force in {TimeInForce.IOC, TimeInForce.FOK}:
        return Attribution(Doing.EXPIRY, f"{change.name} was to fill at once, and not all could be filled")
    if is_expiry:
        why = _rule(change)
        return Attribution(Doing.VENUE, f"the venue expired {change.name}{why}")
    return Attribution(Doing.MANUAL, f"another client cancelled {change.name}")


def _rule(change: Change) -> str:
    if change.post_only:
        return ": post-only, and it would have taken"
    if change.reduce_only:
        return ": reduce-only, and there was nothing left to reduce"
    return ""


def _of_account(change: Change) -> Attribution:
    if change.kind is ChangeKind.LEVERAGE:
        was = f" from {change.before}" if change.before else ""
        return Attribution(
            Doing.MANUAL, f"another client changed the leverage of {change.instrument_id}{was} to {change.after}"
        )
    if change.kind is ChangeKind.MARGIN_TYPE:
        return Attribution(Doing.MANUAL, f"another client changed the margin type of {change.instrument_id}")
    verb = "moved in" if change.amount > 0 else "moved out"
    return Attribution(Doing.MANUAL, f"{plain(abs(change.amount))} {change.currency} {verb}")
