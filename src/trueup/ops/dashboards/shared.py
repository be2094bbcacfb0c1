"""What the dashboards share: variables, marks on the time axis, and the matchers that they put into every query."""

from __future__ import annotations

from typing import Final

from trueup.ops.alert import NODE_JOB, WATCH_JOB
from trueup.ops.panel import Annotation, Colour, Variable

ONE: Final = f'job="{NODE_JOB}", instance="$instance"'
"""Matchers for the node that is looked at."""
ALL: Final = f'job="{NODE_JOB}", instance=~"$instance"'
"""Matchers for the nodes that are looked at."""
AUDIT: Final = f'job="{WATCH_JOB}"'
"""Matchers for auditors."""

TRADER: Final = Variable(
    name="trader", label="Trader", query=f'label_values(trueup_node_info{{job="{NODE_JOB}"}}, trader_id)', several=True
)
INSTANCE: Final = Variable(
    name="instance",
    label="Instance",
    query=f'label_values(trueup_node_info{{job="{NODE_JOB}", trader_id=~"$trader"}}, instance)',
)
INSTANCES: Final = Variable(name="instance", label="Instance", query=INSTANCE.query, several=True)
VENUE: Final = Variable(
    name="venue",
    label="Venue",
    query=f'label_values(trueup_venue_reachable{{job="{NODE_JOB}", instance=~"$instance"}}, client_id)',
    several=True,
)


def marks(matchers: str) -> tuple[Annotation, ...]:
    """Return marks for changes of the guard and of the phase."""
    return (
        Annotation(
            name="Guard changes",
            expression="sum by (instance, state) "
            f"(increase(trueup_guard_changes_total{{{matchers}}}[$__interval])) > 0",
            title="guard {{state}} on {{instance}}",
            colour=Colour.WATCH,
        ),
        Annotation(
            name="Phase changes",
            expression=f"trueup_phase{{{matchers}}} == 1 and on (job, instance) "
            f"changes(trueup_phase_since_timestamp_seconds{{{matchers}}}[$__interval]) > 0",
            title="phase {{phase}} on {{instance}}",
            colour=Colour.UNKNOWN,
        ),
    )
