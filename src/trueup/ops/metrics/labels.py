"""The labels that several metrics have. None of them is an order, an instrument, a strategy or a text of an error."""

from __future__ import annotations

from typing import Final

from trueup.core.lifecycle import LifeState
from trueup.model.coverage import RecordKind
from trueup.model.discrepancies import DiscrepancyKind
from trueup.model.guard import GuardState
from trueup.model.verdicts import VerdictState
from trueup.ops.metric import Label
from trueup.ops.metrics.words import ACCOUNTS_MAX, CHECKS, CLIENTS_MAX, ENGINE_CHECKS, QUERIES, TARGETS_MAX

ACCOUNT: Final = Label.open("account_id", ACCOUNTS_MAX, "account of the venue")
CLIENT: Final = Label.open("client_id", CLIENTS_MAX, "execution client")
TRADER: Final = Label.open("trader_id", TARGETS_MAX, "node that is audited")
KIND: Final = Label.of("kind", DiscrepancyKind, "kind of discrepancy")
VERDICT: Final = Label.of("verdict", VerdictState, "verdict")
GUARD: Final = Label.of("state", GuardState, "what the node may do")
CHECK: Final = Label.of("check", (*CHECKS, *ENGINE_CHECKS), "check")
QUERY: Final = Label.of("query", QUERIES, "kind of question to the venue")
RECORD: Final = Label.of("record", RecordKind, "kind of record")
LIFE: Final = Label.of(
    "state", tuple(s for s in LifeState if s is not LifeState.RESOLVED), "where a discrepancy stands"
)
