"""What only a look at the running store and at the venue can tell (``trueup check --live``)."""

from __future__ import annotations

from trueup.config.rules.rule import Rule, Severity

STORE_UNREACHABLE = Rule(
    "TU801",
    "store-unreachable",
    Severity.ERROR,
    why="The node cannot start without its store.",
    source="PING to the server",
    action="Start the server, or correct [redis].",
)
STORE_TOO_OLD = Rule(
    "TU802",
    "store-too-old",
    Severity.ERROR,
    why="The engine needs Redis 6.2 and only logs an error below it.",
    source="NautilusTrader 1.231.0: minimum version 6.2.0; INFO server",
    action="Install Redis 6.2 or newer, or any Valkey.",
)
STORE_FORGETFUL = Rule(
    "TU803",
    "store-not-persistent",
    Severity.ERROR,
    why="With neither an append-only file nor snapshots, a restart of the server loses every order's owner.",
    source="INFO persistence, CONFIG GET",
    action="Set appendonly yes (and appendfsync everysec or always).",
)
STORE_EVICTS = Rule(
    "TU804",
    "store-evicts",
    Severity.ERROR,
    why="When memory is full the server deletes keys, live orders among them.",
    source="CONFIG GET maxmemory-policy",
    action="Set maxmemory-policy noeviction.",
)
STORE_UNFIT = Rule(
    "TU805",
    "store-unfit",
    Severity.WARNING,
    why="The server answers, but not as one that has to keep live orders: it is slow, nearly full, a replica, or loses "
    "what came after its last snapshot.",
    source="INFO, and the round trip of PING",
    action="Use a primary near the node, with memory to spare and appendonly yes.",
)
JOURNAL_UNUSABLE = Rule(
    "TU806",
    "journal-cannot-be-written",
    Severity.WARNING,
    why="The node runs and records nothing: what differed, what was done about it and what the guard allowed is lost.",
    source="a look at the journal's file or server; nothing is written",
    action="Free the way to it, or name another place in [journal] url.",
)
CREDENTIALS_MISSING = Rule(
    "TU811",
    "credentials-missing",
    Severity.ERROR,
    why="The client cannot sign a request.",
    source="the environment of this process",
    action="Set the variables, or name a secrets_file.",
)
VENUE_UNREACHABLE = Rule(
    "TU812",
    "venue-unreachable",
    Severity.ERROR,
    why="The venue does not answer, or refuses the key.",
    source="the venue's REST interface, asked independently of the engine",
    action="Check the address, the proxy, the key and the addresses that the key allows.",
)
CLOCK_SKEW = Rule(
    "TU813",
    "clock-skew",
    Severity.ERROR,
    why="The venue refuses signed requests whose time is ahead of its own by a second, or older than the receive "
    "window.",
    source="Binance: error -1021; the venue's time, corrected by half of the round trip",
    action="Synchronise the clock (chrony, systemd-timesyncd).",
)
VENUE_HEDGES = Rule(
    "TU814",
    "venue-in-hedge-mode",
    Severity.ERROR,
    why="The account holds long and short legs side by side, whatever the file says; see hedge-mode.",
    source="NautilusTrader issue #3104; the venue's dualSidePosition",
    action="Close the positions and set one-way mode at the venue.",
)
KEY_CANNOT_TRADE = Rule(
    "TU815",
    "key-cannot-trade",
    Severity.ERROR,
    why="The key or the account may not place orders.",
    source="the venue's account: canTrade",
    action="Allow trading for the key, or lift the account's restriction.",
)
KEY_CAN_WITHDRAW = Rule(
    "TU816",
    "key-can-withdraw",
    Severity.WARNING,
    why="A key that can withdraw is worth stealing, and a node never needs it.",
    source="the venue's key permissions: enableWithdrawals",
    action="Make a key without the permission to withdraw.",
)
UNCLAIMED_OPEN_ORDERS = Rule(
    "TU817",
    "open-orders-outside-claims",
    Severity.WARNING,
    why="Orders rest at the venue on instruments that no strategy claims: the node will hold them as EXTERNAL.",
    source="the venue's open orders against [[strategies]] claims; NautilusTrader issue #3054",
    action="Claim the instruments, or cancel the orders.",
)
VENUE_NOT_PROBED = Rule(
    "TU818",
    "venue-not-probed",
    Severity.INFO,
    why="For this client trueup has no independent way to the venue, so nothing was asked there.",
    source="trueup's readers: Binance spot and USD-M",
    action="Check by hand: clock, one-way mode, permissions of the key, open orders.",
)

LIVE_RULES: tuple[Rule, ...] = (
    STORE_UNREACHABLE,
    STORE_TOO_OLD,
    STORE_FORGETFUL,
    STORE_EVICTS,
    STORE_UNFIT,
    JOURNAL_UNUSABLE,
    CREDENTIALS_MISSING,
    VENUE_UNREACHABLE,
    CLOCK_SKEW,
    VENUE_HEDGES,
    KEY_CANNOT_TRADE,
    KEY_CAN_WITHDRAW,
    UNCLAIMED_OPEN_ORDERS,
    VENUE_NOT_PROBED,
)
