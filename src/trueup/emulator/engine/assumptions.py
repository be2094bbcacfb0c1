"""What of the venue is faithful, assumed or left out: data for the documentation.

*Faithful*: as Binance documents it, or as its own clients and the NautilusTrader adapter require it. *Assumed*: a
choice of ours where neither says. *Absent*: not emulated.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Standing(StrEnum):
    """How sure a statement is."""

    FAITHFUL = "faithful"
    ASSUMED = "assumed"
    ABSENT = "absent"


class Statement(NamedTuple):
    """One statement about the engine."""

    topic: str
    standing: Standing
    text: str


_F, _A, _N = Standing.FAITHFUL, Standing.ASSUMED, Standing.ABSENT

ENGINE: tuple[Statement, ...] = (
    Statement(
        "symbols",
        _A,
        "The table is written from public knowledge, not read from the live venue; maximum "
        "quantities after the majors are round numbers, start prices are plausible and no facts.",
    ),
    Statement("symbols", _A, "PERCENT_PRICE allows 5 per cent for BTC and ETH and 15 per cent for the others."),
    Statement("symbols", _A, "All symbols allow 200 working and 100 conditional orders, and share one onboard date."),
    Statement(
        "ids", _A, "Order ids are one rising sequence over all symbols, above 2**53; the venue's rise per symbol."
    ),
    Statement("ids", _F, "Trade ids rise per symbol, and both sides of a match share one."),
    Statement("matching", _F, "Price first, then time; an amended order goes to the end of its queue."),
    Statement("matching", _A, "At one price the accounts' orders come before the synthetic liquidity."),
    Statement(
        "matching",
        _A,
        "The market fills a working order whole, at its own price, when it arrives there or "
        "crosses it; a print of the tape fills at most its quantity.",
    ),
    Statement(
        "matching",
        _A,
        "Synthetic liquidity comes back after each order (setting `replenish`), except where a "
        "working order of an account would cross it.",
    ),
    Statement(
        "matching",
        _F,
        "What an IOC or MARKET order cannot take EXPIRES; FOK that cannot fill is refused with "
        "-5021, GTX that would take with -5022, and neither leaves a record.",
    ),
    Statement("matching", _F, "A MARKET order does not take beyond the market take bound around the mark price."),
    Statement("matching", _F, "Self-trade prevention expires taker, maker or both as EXPIRED_IN_MATCH."),
    Statement(
        "matching",
        _A,
        "The default self-trade prevention is EXPIRE_MAKER; Binance's documents name NONE in one "
        "place and show EXPIRE_MAKER in answers.",
    ),
    Statement(
        "matching",
        _F,
        "A partly filled order amended to its executed quantity or less is cancelled, as is a GTX "
        "order amended to a price that would take.",
    ),
    Statement("reduce-only", _F, "Without an opposite position a reduce-only order is refused with -2022."),
    Statement(
        "reduce-only",
        _A,
        "A reduce-only order larger than the position is taken, fills at most the position, "
        "and its rest EXPIRES when the leg is closed or turned over.",
    ),
    Statement(
        "reduce-only",
        _A,
        "In hedge mode the closing side of a leg is reduce-only by itself and refused with "
        "-2022 when it is larger than the leg.",
    ),
    Statement(
        "conditional",
        _F,
        "Conditional types go through the algo service only (-4120 at the plain endpoint); the "
        "order it sends on bears clientAlgoId as its client order id.",
    ),
    Statement(
        "conditional", _A, "Events of a trigger: ALGO TRIGGERING, order NEW, ALGO TRIGGERED, fills, ALGO FINISHED."
    ),
    Statement(
        "conditional",
        _A,
        "A refusal at the trigger gives REJECTED with the refusal's text; nothing to close "
        "gives EXPIRED. No margin is looked at before the trigger.",
    ),
    Statement(
        "conditional",
        _A,
        "Last-price triggers see every traded price; mark-price triggers see the mark after "
        "each command. A trailing stop measures its callback from the extreme to the last price.",
    ),
    Statement("conditional", _F, "GTE_GTC conditional orders EXPIRE when the position they belong to is closed."),
    Statement(
        "events",
        _A,
        "A fill tells TRADE_LITE, ACCOUNT_UPDATE, ORDER_TRADE_UPDATE, in that order; the maker's "
        "side of a match is told first.",
    ),
    Statement(
        "money",
        _A,
        "Fees, realised profits, margins and fundings round half to even at the eighth decimal, "
        "average prices at the twelfth.",
    ),
    Statement("money", _F, "Fees follow the published tiers 0 to 9, in the quote asset; no BNB discount, no rebates."),
    Statement(
        "margin",
        _F,
        "Initial margin of a one-way symbol is the larger of both directions with open orders; "
        "reduce-only orders need none.",
    ),
    Statement(
        "margin",
        _A,
        "One maintenance rate per symbol in place of brackets; position limits fall with leverage "
        "by a formula; multi-assets margin is off.",
    ),
    Statement(
        "margin",
        _A,
        "A new order's margin is looked at with its own price (a sell: the better bid; MARKET: the "
        "best opposite price), without fees.",
    ),
    Statement("margin", _A, "MARGIN_CALL is sent once when maintenance margin reaches 80 per cent of margin balance."),
    Statement("liquidation", _F, "Client order ids begin with autoclose- or adl_autoclose; fills are CALCULATED."),
    Statement(
        "liquidation",
        _A,
        "All of an account's crossed legs close at once at the mark price after its orders "
        "were cancelled, without smaller steps; the fee goes out as INSURANCE_CLEAR, and so does what fills a "
        "wallet below zero.",
    ),
    Statement("liquidation", _A, "ADL happens when told to; it is not ranked. ADL quantiles are 1 or 2."),
    Statement(
        "funding",
        _F,
        "Settled at multiples of the interval since the epoch (00:00, 08:00, 16:00 UTC), at the "
        "mark price; the event names the position only when it is isolated.",
    ),
    Statement(
        "funding",
        _A,
        "The rate is what was set (0.01 per cent at first), not computed from a premium; isolated "
        "positions pay from the wallet.",
    ),
    Statement("prices", _A, "Mark price and index price are the middle of the synthetic market unless set."),
    Statement(
        "history",
        _F,
        "Windows of 7 days, the last 7 when none is given; unfilled orders are forgotten after 3 "
        "days, all after 90; pages of at most 1000 (bars 1500, amendments 100).",
    ),
    Statement("history", _A, "With a start the oldest of a window come first to the limit, without one the newest."),
    Statement("history", _A, "The public tape keeps 2,000 to 4,000 trades a symbol; bars begin with the first trade."),
    Statement(
        "matching", _N, "Price matching at amendment of conditional orders, RPI orders, iceberg, strategy orders."
    ),
    Statement("margin", _N, "Portfolio margin, multi-assets mode, leverage brackets, auto-add margin, BNB fees."),
    Statement(
        "symbols", _N, "Delivery contracts, listing and delisting, trading halts, symbol status other than TRADING."
    ),
)
