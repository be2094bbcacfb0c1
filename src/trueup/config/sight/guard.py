"""The guard: what a node that is not true may still do, and who may command it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from trueup.config.base import Count, Number, Seconds, Section, fault
from trueup.core.lifecycle import LifeState
from trueup.guard.checks import made_needless, why_never, why_weaker
from trueup.guard.defaults import DEFAULT_BY_ID, DEFAULT_ROWS
from trueup.guard.facts import LEVELS, Dimension
from trueup.guard.groups import GROUPS, kinds_named
from trueup.guard.policy import GuardPolicy, PolicyRow
from trueup.model.discrepancies import DiscrepancyKind, Severity
from trueup.model.guard import GuardState
from trueup.model.phase import Phase
from trueup.model.steps import GuardAdvice
from trueup.model.verdicts import VerdictState

KEY_CHARS_MIN = 32
"""The length of the MAC's own output in bytes: a shorter key is the weakest part of it (RFC 2104, section 3)."""
RISK_CHARS_MIN = 10
"""Of a reason: "ok" is none."""

BadVerdict = Literal[VerdictState.UNKNOWN, VerdictState.DISCREPANT]


class GuardRowConfig(Section):
    """Configure one row of the policy. With the id of a default row, what is left out is taken from that row."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")
    """Name of the row; that of a default row replaces it (``trueup guard explain FILE`` lists them)."""

    state: GuardState | None = None
    """``ACTIVE`` (the row does nothing), ``REDUCING`` or ``HALTED``. Needed in a row of your own."""

    discrepancies: tuple[str, ...] | None = None
    """Kinds of discrepancy, or groups of them: ``exposure``, ``fills``, ``working_orders``, ``ownership``,
    ``identifiers``, ``records``."""

    severity: Severity | None = None
    """Least severity: ``INFO``, ``WARNING``, ``CRITICAL``."""

    life: LifeState | None = None
    """Least state of a discrepancy's life: ``NEW``, ``CONFIRMED``, ``HEALING``, ``REFUSED``, ``GIVEN_UP``."""

    advice: GuardAdvice | None = None
    """Least advice of a true-up that refuses to heal: ``REDUCING``, ``HALTED``."""

    node_is_flat: bool | None = None
    """Only positions of which the node holds nothing."""

    phases: tuple[Phase, ...] | None = None
    """Phases of the node."""

    verdicts: tuple[BadVerdict, ...] | None = None
    """``UNKNOWN``, ``DISCREPANT``."""

    coverage: Literal["INCOMPLETE"] | None = None
    """``INCOMPLETE``: a reading had a gap."""

    store: Literal["BEHIND", "LOST"] | None = None
    """Least trouble of the store: ``BEHIND``, ``LOST``."""

    clock: Literal["SKEWED", "STEPPED"] | None = None
    """Least trouble of the clock: ``SKEWED`` (30 s or more from the venue's, as far as a client measures it),
    ``STEPPED`` (it jumped, or the machine slept)."""

    writers: Literal["SEVERAL"] | None = None
    """``SEVERAL``: another node of the same identity is alive."""

    min_age_secs: Annotated[float, Number] | None = Field(default=None, ge=0, le=86_400)
    """How long all of it must have stood."""

    why: str = Field(default="", max_length=300)
    """Why, in a sentence; shown to operators."""

    accept_risk: str = Field(default="", max_length=300)
    """The reason for a row that is weaker than the default row of its name. Without one it is refused."""

    @field_validator("discrepancies")
    @classmethod
    def _known_kinds(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        unknown = [name for name in names or () if kinds_named(name) is None]
        if unknown or names == ():
            raise fault(
                f"there is no kind or group of discrepancy {', '.join(unknown)}" if unknown else "the list is empty",
                allowed=f"groups {', '.join(GROUPS)}; kinds {', '.join(sorted(DiscrepancyKind))}",
            )
        return names

    @property
    def default(self) -> PolicyRow | None:
        """Return the default row that it replaces, None for a row of its own."""
        return DEFAULT_BY_ID.get(self.id)

    def row(self) -> PolicyRow:
        """Return the row in force."""
        base = self.default or PolicyRow(id=self.id, state=GuardState.ACTIVE)
        levels = dict(base.levels)
        for dimension in Dimension:
            name = getattr(self, dimension.value)
            if name is not None:
                levels[dimension] = LEVELS[dimension].index(name)
        named = [kinds_named(name) or frozenset() for name in self.discrepancies or ()]
        return PolicyRow(
            id=self.id,
            state=base.state if self.state is None else self.state,
            why=self.why or base.why,
            kinds=base.kinds if self.discrepancies is None else frozenset[DiscrepancyKind]().union(*named),
            severity=base.severity if self.severity is None else self.severity,
            life=base.life if self.life is None else self.life,
            advice=base.advice if self.advice is None else self.advice,
            node_is_flat=base.node_is_flat if self.node_is_flat is None else self.node_is_flat,
            phases=base.phases if self.phases is None else frozenset(self.phases),
            verdicts=base.verdicts if self.verdicts is None else frozenset(self.verdicts),
            levels=tuple(sorted(levels.items())),
            age_secs=base.age_secs if self.min_age_secs is None else self.min_age_secs,
        )

    @model_validator(mode="after")
    def _can_matter(self) -> Self:
        row = self.row()
        if self.default is None and self.state in (None, GuardState.ACTIVE):
            raise fault(
                f"the row {self.id} is none of the default rows and has no state that restricts anything",
                allowed="state REDUCING or HALTED, or the id of a default row",
                action=f"default rows: {', '.join(DEFAULT_BY_ID)}",
            )
        if why := why_never(row):
            raise fault(f"the row {self.id} can never match: {why}", allowed="conditions that can hold together")
        return self

    @model_validator(mode="after")
    def _weaker_with_a_reason(self) -> Self:
        weaker = why_weaker(self.row(), self.default) if self.default is not None else ()
        if weaker and len(self.accept_risk.strip()) < RISK_CHARS_MIN:
            raise fault(
                f"the row {self.id} is weaker than the default row of that name: {'; '.join(weaker)}",
                allowed=f'accept_risk = "the reason", of {RISK_CHARS_MIN} characters or more',
                action="add a row of your own instead, or say why this risk is taken",
            )
        return self


class GuardConfig(Section):
    """Configure the guard, which holds a node back while it is not true to the venue."""

    enabled: bool = True
    """Whether trouble holds the node back. When off, only an operator and the auditor can. Off needs `accept_risk`."""

    accept_risk: str = Field(default="", max_length=300)
    """The reason for switching it off."""

    control_key: SecretStr | None = None
    """Shared secret, 32 characters or more, with which commands through the store are signed. Without it a live node
    takes none. Only from the environment or the secrets file."""

    clock_window_secs: Annotated[Seconds, Field(ge=1, le=300)] = 30.0
    """How far the time in a command may lie from the node's clock."""

    release_looks: Annotated[Count, Field(ge=1, le=100)] = 2
    """Looks in a row that must be sound before the guard lets go: all was read, nothing differs but mere records."""

    history_max: Annotated[Count, Field(ge=1, le=1_000)] = 100
    """Changes that are remembered."""

    rows: tuple[GuardRowConfig, ...] = Field(default=(), max_length=100)
    """Rows beside, or instead of, the default ones. All that match count; the strictest wins."""

    @field_validator("control_key")
    @classmethod
    def _strong_key(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < KEY_CHARS_MIN:
            raise fault(
                f"guard.control_key has {len(key.get_secret_value())} characters",
                allowed=f"{KEY_CHARS_MIN} or more",
                action="make one with: openssl rand -base64 32",
            )
        return key

    @model_validator(mode="after")
    def _off_with_a_reason(self) -> Self:
        if not self.enabled and len(self.accept_risk.strip()) < RISK_CHARS_MIN:
            raise fault(
                "the guard is switched off",
                allowed=f'enabled = true, or accept_risk = "the reason", of {RISK_CHARS_MIN} characters or more',
            )
        return self

    @model_validator(mode="after")
    def _rows_matter(self) -> Self:
        ids = [one.id for one in self.rows]
        if twice := sorted({name for name in ids if ids.count(name) > 1}):
            raise fault(f"two rows are called {', '.join(twice)}", allowed="one row for each id")
        in_force = self.policy().rows
        for one in self.rows:
            stronger = made_needless(one.row(), in_force) if one.default is None else None
            if stronger is not None:
                raise fault(
                    f"the row {one.id} can never matter: {stronger.id} holds whenever it does, at least as strictly",
                    allowed="a row that is stricter, earlier or about more than the rest",
                )
        return self

    def policy(self) -> GuardPolicy:
        """Return the policy in force: the default rows, those of the file instead of them, and those beside them."""
        if not self.enabled:
            return GuardPolicy(rows=(), release_looks=self.release_looks)
        written = {one.id: one.row() for one in self.rows}
        rows = tuple(written.pop(row.id, row) for row in DEFAULT_ROWS)
        return GuardPolicy(rows=(*rows, *written.values()), release_looks=self.release_looks)

    @property
    def secrets(self) -> list[SecretStr | None]:
        """Return every secret of the section."""
        return [self.control_key]
