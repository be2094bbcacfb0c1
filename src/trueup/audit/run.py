"""Audit every account of a file, side by side: what ails one hides nothing of another."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from trueup._version import __version__
from trueup.audit.account import AccountAuditor, AccountOutcome
from trueup.audit.accounts import AccountPlan, build_auditor, plan_accounts
from trueup.audit.result import AccountResult, AuditReport, exit_code_of, worst
from trueup.audit.statement import Statement
from trueup.audit.statement_legs import reconcile
from trueup.config.trading_node.live_config import LiveTradingNodeConfig
from trueup.errors import ConfigValueError
from trueup.model.coverage import Coverage
from trueup.model.verdicts import verdict_of

_logger = logging.getLogger("trueup.audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """Hold the report of one audit, and the outcomes behind it by account."""

    report: AuditReport
    outcomes: Mapping[str, AccountOutcome]


class FileAuditor:
    """Audit the accounts of one configuration, once or again and again.

    Parameters
    ----------
    config : LiveTradingNodeConfig
        The file.
    source : str
        Its name in reports.
    only : tuple of str
        Names of the accounts to audit; all without any.

    Raises
    ------
    ConfigValueError
        If an account cannot be audited for want of a setting, or a name is none of them.
    """

    def __init__(self, config: LiveTradingNodeConfig, source: str, only: tuple[str, ...] = ()) -> None:
        self.config = config
        self.source = source
        plans = plan_accounts(config)
        names = [plan.name for plan in plans]
        unknown = [name for name in only if name not in names]
        if unknown:
            raise ConfigValueError(
                f"there is no account {', '.join(unknown)}", allowed=", ".join(names), action="correct the name"
            )
        self.plans: tuple[AccountPlan, ...] = tuple(plan for plan in plans if not only or plan.name in only)
        self.auditors = {plan.name: build_auditor(plan, config) for plan in self.plans if not plan.refusal}

    def trader_id_of(self, plan: AccountPlan) -> str:
        """Return the node that an account belongs to."""
        return plan.settings.trader_id or self.config.trader_id

    async def close(self) -> None:
        """Let go of every connection."""
        await asyncio.gather(*(auditor.close() for auditor in self.auditors.values()), return_exceptions=True)

    async def audit(
        self, *, anew: bool = True, statement: Statement | None = None, only: tuple[str, ...] = ()
    ) -> Audited:
        """Audit every account.

        Parameters
        ----------
        anew : bool
            Read the whole window, instead of what is newer than the audit before.
        statement : Statement, optional
            A venue's export to reconcile with the only account.
        only : tuple of str
            Names of the accounts whose turn it is; all without any.
        """
        began_ns = time.time_ns()
        plans = [plan for plan in self.plans if not only or plan.name in only]
        done = await asyncio.gather(*(self._one(plan, anew=anew) for plan in plans))
        outcomes = {plan.name: outcome for plan, outcome in zip(plans, done, strict=True) if outcome is not None}
        results = [
            refused_outcome(plan).result if outcome is None else outcome.result
            for plan, outcome in zip(plans, done, strict=True)
        ]
        if statement is not None:
            results = [self._with_statement(one, outcomes.get(one.name), statement) for one in results]
        return Audited(report=self.report(tuple(results), began_ns), outcomes=outcomes)

    def report(self, results: tuple[AccountResult, ...], began_ns: int) -> AuditReport:
        """Return the report of some accounts."""
        state = worst([one.state for one in results])
        return AuditReport(
            trueup_version=__version__,
            file=self.source,
            started_ns=began_ns,
            ended_ns=time.time_ns(),
            state=state,
            exit_code=exit_code_of(state),
            accounts=results,
        )

    def _with_statement(
        self, result: AccountResult, outcome: AccountOutcome | None, statement: Statement
    ) -> AccountResult:
        auditor = self.auditors.get(result.name)
        if outcome is None or auditor is None:
            return result
        found = reconcile(statement, outcome.venue, outcome.node, auditor.venue.realised())
        return msgspec.structs.replace(result, statement=found, state=worst([result.state, found.state]))

    async def _one(self, plan: AccountPlan, *, anew: bool) -> AccountOutcome | None:
        auditor = self.auditors.get(plan.name)
        if auditor is None:
            return None
        return await guarded(auditor, anew=anew)


async def guarded(auditor: AccountAuditor, *, anew: bool) -> AccountOutcome:
    """Audit one account within its time limit; whatever goes wrong is an UNKNOWN of this account alone."""
    began = time.monotonic()
    try:
        return await asyncio.wait_for(auditor.audit(anew=anew), auditor.rules.timeout_secs)
    except TimeoutError:
        reason = f"the audit was not done within {auditor.rules.timeout_secs:g} s"
    except Exception as error:
        _logger.exception("the audit of account %s failed", auditor.name)
        reason = f"the audit failed ({type(error).__name__}); this is a defect of trueup, please report it"
    return auditor.unfinished(reason, time.monotonic() - began)


def refused_outcome(plan: AccountPlan) -> AccountOutcome:
    """Return the outcome of an account that no reader exists for: UNKNOWN, and why."""
    time_ns = time.time_ns()
    result = AccountResult(
        name=plan.name, exchange=plan.exchange, state="UNKNOWN", time_ns=time_ns, unknowns=(plan.refusal,)
    )
    verdict = verdict_of(
        account_id="",
        time_ns=time_ns,
        coverage=Coverage(),
        discrepancies=(),
        node_unknowns=(plan.refusal,),
        claims=frozenset(),
    )
    return AccountOutcome(result=result, verdict=verdict)
