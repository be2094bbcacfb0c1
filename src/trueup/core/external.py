"""What is done with what nobody of this node made and nobody claims: a policy for each source that can be told apart.

Policies are asked in their order and the first that fits decides, as in a firewall; where none fits, the default does.
A matcher that is left out fits everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from trueup.core.claims import can_meet, fits, is_pattern, matches
from trueup.model.identifiers import EXTERNAL_PREFIX

POLICIES_MAX = 50
"""Each order is held against each of them."""


class ExternalAction(StrEnum):
    """What is done with it."""

    ADOPT = "adopt"
    """The node holds it for EXTERNAL; it is checked like everything else."""
    ALERT = "alert"
    """The same, and it is told once, as a warning."""
    HALT = "halt"
    """The same, and the guard halts the node until an operator releases it."""
    CANCEL = "cancel"
    """Working orders are cancelled at the venue, one by one."""
    IGNORE = "ignore"
    """It is not checked, and every verdict says so."""


class ExternalSource(StrEnum):
    """Where an order or a position comes from, as far as its client order id tells."""

    HAND = "hand"
    """The venue's own web page, telephone or desktop program."""
    LIQUIDATION = "liquidation"
    ADL = "adl"
    """Auto-deleveraging: a position closed against the loser of another account."""
    SETTLEMENT = "settlement"
    """Delivery or delisting."""
    UNNAMED = "unnamed"
    """An order without a client order id."""
    CLIENT = "client"
    """Any other client order id: another program, or another node."""
    POSITION = "position"
    """A position that nobody owns, whatever orders made it."""


# The first four are Binance's documentation of ORDER_TRADE_UPDATE; the front ends' prefixes are not documented, and are
# those that orders in public records of Binance bear.
_PREFIXES: tuple[tuple[str, ExternalSource], ...] = (
    ("adl_autoclose", ExternalSource.ADL),
    ("settlement_autoclose-", ExternalSource.SETTLEMENT),
    ("delivery_autoclose-", ExternalSource.SETTLEMENT),
    ("delivery-", ExternalSource.SETTLEMENT),
    ("autoclose-", ExternalSource.LIQUIDATION),
    ("web_", ExternalSource.HAND),
    ("ios_", ExternalSource.HAND),
    ("android_", ExternalSource.HAND),
    ("electron_", ExternalSource.HAND),
)
TOLD_APART_ON = "BINANCE"
"""The venue whose prefixes are known; at others every named order is a `ExternalSource.CLIENT`'s."""
FORCED = frozenset({ExternalSource.LIQUIDATION, ExternalSource.ADL, ExternalSource.SETTLEMENT})
"""What the venue itself trades: filled at once, and never to be cancelled."""


def source_of(client_order_id: str | None, venue_order_id: str | None = None) -> ExternalSource:
    """Return where an order comes from.

    Parameters
    ----------
    client_order_id : str or None
        As the venue has it, or as the node calls an order that the venue lists without one.
    venue_order_id : str or None
        The venue's number, by which the engine itself calls such an order.
    """
    if not client_order_id or client_order_id == venue_order_id or client_order_id.startswith(EXTERNAL_PREFIX):
        return ExternalSource.UNNAMED
    for prefix, source in _PREFIXES:
        if client_order_id.startswith(prefix):
            return source
    return ExternalSource.CLIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalPolicy:
    """Hold one policy. Every matcher that is named must fit.

    Parameters
    ----------
    name : str
        What it is called wherever it acts.
    action : ExternalAction
        What is done.
    instruments : tuple of str
        Instrument ids and patterns of them.
    client_order_ids : tuple of str
        Patterns of client order ids. A position has none, so such a policy is about orders alone.
    sources : tuple of ExternalSource
        Sources.
    """

    name: str
    action: ExternalAction
    instruments: tuple[str, ...] = ()
    client_order_ids: tuple[str, ...] = ()
    sources: tuple[ExternalSource, ...] = ()

    def fits_order(self, instrument_id: str, client_order_id: str | None, source: ExternalSource) -> bool:
        """Return whether it is about an order."""
        return (
            self.fits_instrument(instrument_id)
            and (not self.sources or source in self.sources)
            and (not self.client_order_ids or any(fits(one, client_order_id or "") for one in self.client_order_ids))
        )

    def fits_position(self, instrument_id: str) -> bool:
        """Return whether it is about a position that nobody owns."""
        is_about_positions = not self.client_order_ids and (not self.sources or ExternalSource.POSITION in self.sources)
        return is_about_positions and self.action is not ExternalAction.CANCEL and self.fits_instrument(instrument_id)

    def fits_instrument(self, instrument_id: str) -> bool:
        """Return whether it may be about something on an instrument."""
        return not self.instruments or any(_names(one, instrument_id) for one in self.instruments)

    def may_meet(self, text: str) -> bool:
        """Return whether it may be about something on an instrument that an id or a pattern names."""
        return not self.instruments or any(
            can_meet(one, text) if is_pattern(one) and is_pattern(text) else _names(one, text) or _names(text, one)
            for one in self.instruments
        )

    @property
    def subject(self) -> str:
        """Return in words what it is about."""
        said = [f"instruments {', '.join(self.instruments)}"] if self.instruments else []
        said += [f"client order ids {', '.join(self.client_order_ids)}"] if self.client_order_ids else []
        said += [f"sources {', '.join(self.sources)}"] if self.sources else []
        return "; ".join(said) or "everything"


def _names(text: str, instrument_id: str) -> bool:
    return matches(text, instrument_id) if is_pattern(text) else text == instrument_id


DEFAULT_NAME = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyBook:
    """Hold the policies of one node, in their order, and what holds where none fits."""

    policies: tuple[ExternalPolicy, ...] = ()
    default: ExternalAction = ExternalAction.ADOPT

    def of_order(self, instrument_id: str, client_order_id: str | None, venue_order_id: str | None) -> ExternalPolicy:
        """Return the policy for an order that nobody owns."""
        source = source_of(client_order_id, venue_order_id)
        for policy in self.policies:
            if policy.fits_order(instrument_id, client_order_id, source):
                return policy
        return ExternalPolicy(name=DEFAULT_NAME, action=self.default)

    def of_position(self, instrument_id: str) -> ExternalPolicy:
        """Return the policy for a position that nobody owns."""
        for policy in self.policies:
            if policy.fits_position(instrument_id):
                return policy
        return ExternalPolicy(name=DEFAULT_NAME, action=self.default)

    def explain(self, instrument_id: str) -> str:
        """Return in words what is done with what nobody owns on an instrument."""
        said = [
            f"{one.name} ({one.action}{'' if one.subject == 'everything' else f': {one.subject}'})"
            for one in self.policies
            if one.fits_instrument(instrument_id)
        ]
        return ", else ".join([*said, str(self.default)])

    @property
    def ignored(self) -> tuple[ExternalPolicy, ...]:
        """Return the policies that let something go unchecked."""
        return tuple(one for one in self.policies if one.action is ExternalAction.IGNORE)

    @property
    def is_idle(self) -> bool:
        """Return whether everything is adopted in silence, as without any policy."""
        return self.default is ExternalAction.ADOPT and all(one.action is ExternalAction.ADOPT for one in self.policies)
