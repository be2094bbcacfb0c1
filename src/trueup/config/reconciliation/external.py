"""What is done with orders and positions that nobody of this node made and nobody claims."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from trueup.config.base import Section, fault
from trueup.core.claims import is_pattern, pattern_problem
from trueup.core.external import FORCED, POLICIES_MAX, ExternalAction, ExternalPolicy, ExternalSource, PolicyBook

MATCHERS_MAX = 20
"""Of one kind in one policy."""
NAME_CHARS_MAX = 128

DefaultAction = Literal[ExternalAction.ADOPT, ExternalAction.ALERT, ExternalAction.HALT]


def _check_instrument(value: str) -> str:
    problem = pattern_problem(value) if is_pattern(value) else ""
    if not is_pattern(value) and "." not in value:
        problem = "it needs a symbol and a venue, with a dot between them"
    if problem:
        raise fault(
            f"'{value}' names no instrument: {problem}",
            allowed="an instrument id such as BTCUSDT-PERP.BINANCE, or a pattern such as BTC*-PERP.BINANCE",
        )
    return value


def _check_name(value: str) -> str:
    if not value or len(value) > NAME_CHARS_MAX or any(character.isspace() for character in value):
        raise fault(
            "a pattern of client order ids is empty, too long or holds a blank",
            allowed="text with * for any text and ? for one character, such as grid-*",
        )
    return value


InstrumentText = Annotated[str, AfterValidator(_check_instrument)]
ClientOrderIdText = Annotated[str, AfterValidator(_check_name)]


class ExternalPolicyConfig(Section):
    """Configure one policy. Whatever matcher is named must fit; one that is left out fits everything."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")
    """What it is called in the log, the journal and every verdict. Not ``default``."""

    action: ExternalAction
    """``adopt``: the node holds it for EXTERNAL. ``alert``: the same, told once as a warning. ``halt``: the same, and
    the guard halts the node until an operator releases it. ``cancel``: working orders are cancelled at the venue.
    ``ignore``: not checked, and every verdict says so. Only in verified mode."""

    instruments: tuple[InstrumentText, ...] = Field(default=(), max_length=MATCHERS_MAX)
    """Instrument ids, and patterns such as ``XRP*-PERP.BINANCE``."""

    client_order_ids: tuple[ClientOrderIdText, ...] = Field(default=(), max_length=MATCHERS_MAX)
    """Patterns of client order ids, such as ``grid-*`` of another bot. A policy with them is about orders alone."""

    sources: tuple[ExternalSource, ...] = ()
    """``hand`` (the venue's web page, telephone and desktop programs), ``liquidation``, ``adl``, ``settlement``,
    ``unnamed`` (no client order id), ``client`` (any other client order id), ``position`` (a position that nobody
    owns). Only Binance's are told apart; at other venues an order is ``client`` or ``unnamed``."""

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        if self.name == "default":
            raise fault("a policy is called default", allowed="another name: external.default is one already")
        if self.client_order_ids and set(self.sources) == {ExternalSource.POSITION}:
            raise fault(
                f"the policy {self.name} can never fit: a position has no client order id",
                allowed="client_order_ids with other sources than position, or without sources",
            )
        if self.action is ExternalAction.CANCEL:
            self._check_cancel()
        if self.action is ExternalAction.IGNORE and not (self.instruments or self.client_order_ids or self.sources):
            raise fault(
                f"the policy {self.name} ignores everything",
                allowed="ignore with instruments, client_order_ids or sources",
                action="name what is to go unchecked",
            )
        return self

    def _check_cancel(self) -> None:
        if not (self.instruments or self.client_order_ids or self.sources):
            raise fault(
                f"the policy {self.name} cancels everything that nobody claims",
                allowed="cancel with instruments, client_order_ids or sources",
                action='name what is to be cancelled; instruments = ["*.BINANCE"] if it is to be all of a venue',
            )
        never = sorted(FORCED & set(self.sources))
        never += [ExternalSource.POSITION] if ExternalSource.POSITION in self.sources else []
        if never:
            raise fault(
                f"the policy {self.name} cancels {', '.join(never)}",
                allowed="cancel of working orders: hand, unnamed, client",
                action="halt or alert, and close the position by hand",
            )

    def policy(self) -> ExternalPolicy:
        """Return the policy in force."""
        return ExternalPolicy(
            name=self.name,
            action=self.action,
            instruments=self.instruments,
            client_order_ids=self.client_order_ids,
            sources=self.sources,
        )


class ExternalConfig(Section):
    """Configure what is done with what nobody of this node made and nobody claims.

    A claim comes before every policy: what a strategy claims is the strategy's.
    """

    default: DefaultAction = ExternalAction.ADOPT
    """What is done where no policy fits: ``adopt``, ``alert`` or ``halt``. To cancel or to ignore takes a policy."""

    policies: tuple[ExternalPolicyConfig, ...] = Field(default=(), max_length=POLICIES_MAX)
    """Asked in their order; the first that fits decides."""

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        names = [one.name for one in self.policies]
        twice = sorted({one for one in names if names.count(one) > 1})
        if twice:
            raise fault(f"several policies are called {', '.join(twice)}", allowed="each name once")
        return self

    def book(self) -> PolicyBook:
        """Return the policies in force."""
        return PolicyBook(policies=tuple(one.policy() for one in self.policies), default=ExternalAction(self.default))
