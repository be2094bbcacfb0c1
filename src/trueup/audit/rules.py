"""What an audit of one account may do and what it expects, in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from trueup.config.sight.audit import AuditConfig, ExpectedHistory
from trueup.core.tolerance import Tolerance
from trueup.model.coverage import RecordKind
from trueup.model.verdicts import DEFAULT_CLAIMS

NS_PER_SEC: Final = 1_000_000_000
GAP_SHARE: Final = 0.8
"""Of the pause between two looks: the rule measures from the end of one reading to the start of the next."""

CATCH_UP_SECS: Final = 0.25
"""Between the venue's answer and the node's reading: an event that the answer holds is in the store by then, on a
machine that keeps up (measured lags of stream and store lie below 0.15 s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRules:
    """Hold the rules of one account's audit.

    Parameters
    ----------
    lookback_ns : int
        How far back history is compared.
    expect : ExpectedHistory
        What of it the node must hold.
    purge_buffer_ns : int or None
        Age at which the node deletes closed orders from its store; None where it does not.
    looks_max : int
        Looks in one audit.
    second_look_secs : float
        Pause between two.
    lag_ns : int
        How long an event may be on its way into the store.
    catch_up_secs : float
        Pause between the venue's answer and the node's reading.
    timeout_secs : float
        Limit of the audit.
    tolerance : Tolerance
        Of the comparison.
    report_writers : bool
        Whether another writer makes the account discrepant.
    shown_max : int
        Differences that are listed one by one.
    claims : frozenset of RecordKind
        What the verdict speaks for.
    instrument_ids : frozenset of str
        Instruments to read whoever names them.
    notes : tuple of str
        What the operator should know whatever comes out.
    """

    lookback_ns: int = 24 * 3_600 * NS_PER_SEC
    expect: ExpectedHistory = ExpectedHistory.SINCE_BIRTH
    purge_buffer_ns: int | None = None
    looks_max: int = 4
    second_look_secs: float = 1.0
    lag_ns: int = 2 * NS_PER_SEC
    catch_up_secs: float = CATCH_UP_SECS
    timeout_secs: float = 120.0
    tolerance: Tolerance = field(default_factory=Tolerance)
    report_writers: bool = True
    shown_max: int = 1_000
    claims: frozenset[RecordKind] = DEFAULT_CLAIMS
    instrument_ids: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: AuditConfig, purge_buffer_secs: float | None = None) -> AuditRules:
        """Return the rules that an operator wrote."""
        grace_ns = int(config.submit_grace_secs * NS_PER_SEC)
        balance = None if config.balance_tolerance is None else Decimal(str(config.balance_tolerance))
        return cls(
            lookback_ns=int(config.lookback_hours * 3_600 * NS_PER_SEC),
            expect=config.expect,
            purge_buffer_ns=None if purge_buffer_secs is None else int(purge_buffer_secs * NS_PER_SEC),
            looks_max=config.looks_max,
            second_look_secs=config.second_look_secs,
            lag_ns=int(config.store_lag_secs * NS_PER_SEC),
            timeout_secs=config.audit_timeout_secs,
            # A request may wait in the node's client for the venue's weight, for as long as a submit may.
            tolerance=Tolerance(submit_grace_ns=grace_ns, settle_ns=grace_ns, balance=balance),
            claims=DEFAULT_CLAIMS if balance is None else DEFAULT_CLAIMS | {RecordKind.BALANCES},
            report_writers=config.report_other_writers,
            shown_max=config.discrepancies_shown_max,
        )

    @property
    def gap_ns(self) -> int:
        """Return how far two looks must lie apart to count as two."""
        return int(self.second_look_secs * NS_PER_SEC * GAP_SHARE)

    def known_from_ns(self, born_ns: int | None, now_ns: int) -> int | None:
        """Return from when on the node is expected to hold everything; see `NodeSnapshot`."""
        since_ns = max(0, now_ns - self.lookback_ns)
        if self.expect is ExpectedHistory.ALIVE:
            return None
        if self.expect is ExpectedHistory.SINCE_BIRTH:
            if born_ns is None:
                return None
            since_ns = max(since_ns, born_ns)
        if self.purge_buffer_ns is not None:
            since_ns = max(since_ns, now_ns - self.purge_buffer_ns)
        return since_ns
