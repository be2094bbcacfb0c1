"""Rules broken on purpose, and what the lint must say of each."""

from __future__ import annotations

from tests.unit.ops.mutation import RuleMutation

RULE_MUTATIONS = (
    RuleMutation(
        name="a metric that nobody exports",
        found="trueup_store_up == 0",
        broken="trueup_store_down == 0",
        where="TrueupStoreDown",
        what="trueup_store_down is exported by nobody",
    ),
    RuleMutation(
        name="a label that the metric has not",
        found='state="HALTED"',
        broken='phase="HALTED"',
        where="TrueupGuardHalted",
        what="trueup_guard_state has no label phase",
    ),
    RuleMutation(
        name="a state that never is",
        found='state="HALTED"',
        broken='state="halted"',
        where="TrueupGuardHalted",
        what="state of trueup_guard_state is never 'halted'",
    ),
    RuleMutation(
        name="a comparison that is never true",
        found="trueup_store_up == 0",
        broken="trueup_store_up > 1",
        where="TrueupStoreDown",
        what="is never true: the left side is 0 to 1, the right side 1",
    ),
    RuleMutation(
        name="a comparison that is always true",
        found="trueup_store_up == 0",
        broken="trueup_store_up >= 0",
        where="TrueupStoreDown",
        what="is always true",
    ),
    RuleMutation(
        name="a target that is summed away",
        found="expr: trueup_store_up == 0",
        broken="expr: sum(trueup_store_up) == 0",
        where="TrueupStoreDown",
        what="loses instance, job",
    ),
    RuleMutation(
        name="an expression that is no PromQL",
        found="trueup_store_up == 0",
        broken="trueup_store_up = 0",
        where="TrueupStoreDown",
        what="is no PromQL",
    ),
    RuleMutation(
        name="a severity that no route knows",
        found="severity: critical",
        broken="severity: urgent",
        where="TrueupNodeDown",
        what="has the severity urgent, which no route knows",
    ),
    RuleMutation(
        name="a text by a label that is not there",
        found="$labels.client_id",
        broken="$labels.client",
        where="TrueupVenueUnreachable",
        what="names client in its summary",
    ),
    RuleMutation(
        name="a dead link to a runbook",
        found="runbooks/TrueupStoreDown.md",
        broken="runbooks/TrueupStoreGone.md",
        where="TrueupStoreDown",
        what="leads to the runbook runbooks/TrueupStoreGone.md, which is not there",
    ),
    RuleMutation(
        name="two rules of one name",
        found="alert: TrueupStoreDown",
        broken="alert: TrueupNodeDown",
        where="TrueupNodeDown",
        what="two rules of one name",
    ),
)
