"""Who claims which instrument: by its id, by a pattern, or by claiming everything.

Ownership is a function: `ClaimBook.of` refuses claims under which one instrument could have two owners, now or when it
loads later, so `ClaimBook.owner_of` never has to choose. Whether two patterns can ever meet is decided, not tried out.

An id beats a pattern of another strategy (no name is more exact than the whole name, so this needs no ranking). Two
patterns of different strategies that can match one instrument are refused: every ranking of patterns would make some
owner depend on how a pattern is spelt. Claiming everything is the pattern ``*.*``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Self

from trueup.errors import ConfigValueError

PATTERN_CHARS_MAX = 128
"""Longer than any instrument id in use; bounds the comparison of two patterns."""
EVERYTHING = "*.*"
ANY_TEXT = "*"
ANY_CHARACTER = "?"


class Product(StrEnum):
    """What kind of instrument a claim can be narrowed to."""

    SPOT = "spot"
    PERPETUAL = "perpetual"
    FUTURE = "future"
    OPTION = "option"
    OTHER = "other"


def is_pattern(text: str) -> bool:
    """Return whether a text holds a wildcard."""
    return ANY_TEXT in text or ANY_CHARACTER in text


def pattern_problem(text: str) -> str:
    """Return what is wrong with a pattern, or an empty text."""
    symbol, dot, venue = text.rpartition(".")
    if not dot or not symbol or not venue:
        return "it needs a symbol and a venue, with a dot between them"
    if any(character.isspace() or not character.isprintable() for character in text):
        return "it holds a blank or a control character"
    if len(text) > PATTERN_CHARS_MAX:
        return f"it has {len(text)} characters, more than {PATTERN_CHARS_MAX}"
    if not is_pattern(text):
        return "it has no wildcard"
    return ""


def matches(pattern: str, instrument_id: str) -> bool:
    """Return whether a pattern matches an instrument id: symbol by symbol part, venue by venue part, case and all."""
    symbol, _, venue = instrument_id.rpartition(".")
    symbol_pattern, _, venue_pattern = pattern.rpartition(".")
    return fits(venue_pattern, venue) and fits(symbol_pattern, symbol)


def can_meet(first: str, second: str) -> bool:
    """Return whether any instrument id, known or not, matches both patterns."""
    first_symbol, _, first_venue = first.rpartition(".")
    second_symbol, _, second_venue = second.rpartition(".")
    return _share_a_text(first_venue, second_venue) and _share_a_text(first_symbol, second_symbol)


def fits(pattern: str, text: str) -> bool:
    """Return whether one part of a pattern, the symbol's or the venue's, matches a text.

    On a mismatch only the last star is widened, so no pattern costs more than the product of the two lengths.
    """
    i = j = 0
    star, after_star = -1, 0
    while j < len(text):
        if i < len(pattern) and pattern[i] == ANY_TEXT:
            star, after_star = i, j
            i += 1
        elif i < len(pattern) and pattern[i] in (ANY_CHARACTER, text[j]):
            i, j = i + 1, j + 1
        elif star >= 0:
            after_star += 1
            i, j = star + 1, after_star
        else:
            return False
    return not pattern[i:].strip(ANY_TEXT)


def _share_a_text(first: str, second: str) -> bool:
    """Return whether two patterns of one part have a text in common.

    Both are read at once from the left, over all pairs of places that a common beginning can lead to.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [(0, 0)]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        i, j = here
        one = first[i] if i < len(first) else ""
        other = second[j] if j < len(second) else ""
        if not one and not other:
            return True
        if one == ANY_TEXT:
            waiting.append((i + 1, j))
            if other:
                waiting.append((i, j + 1))
        if other == ANY_TEXT:
            waiting.append((i, j + 1))
            if one:
                waiting.append((i + 1, j))
        if one and other and (one == other or ANY_CHARACTER in {one, other}) and ANY_TEXT not in {one, other}:
            waiting.append((i + 1, j + 1))
    return False


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Claim:
    """One claim of one strategy.

    Parameters
    ----------
    claimant : str
        The strategy.
    text : str
        An instrument id, or a pattern.
    is_pattern : bool
        Which of them it is; an id may hold a star of its own.
    products : tuple of Product
        What a pattern is narrowed to; empty for every product. Ids are never narrowed.
    client : str
        The execution client whose account it is about, where several trade one venue; empty for every one.
    """

    claimant: str
    text: str
    is_pattern: bool = False
    products: tuple[Product, ...] = ()
    client: str = ""

    def covers(self, instrument_id: str, product: Product | None, client: str = "") -> bool:
        """Return whether an instrument is claimed; one whose product is not known only by what is not narrowed.

        Without a client it is asked about an account that is not known: what is narrowed to one does not cover it.
        """
        if self.client not in ("", client):
            return False
        if not self.is_pattern:
            return self.text == instrument_id
        return (not self.products or product in self.products) and matches(self.text, instrument_id)

    def can_meet(self, other: Claim) -> bool:
        """Return whether some instrument could be claimed by both with equal right."""
        if self.is_pattern is not other.is_pattern:
            return False  # the id wins
        if self.client and other.client and self.client != other.client:
            return False
        if not self.is_pattern:
            return self.text == other.text
        if self.products and other.products and not set(self.products) & set(other.products):
            return False
        return can_meet(self.text, other.text)

    @property
    def subject(self) -> str:
        """Return in words what is claimed."""
        on = f" on {self.client}" if self.client else ""
        if not self.is_pattern:
            return self.text + on
        what = "everything" if self.text == EVERYTHING else f"'{self.text}'"
        return (f"{what} of {', '.join(self.products)}" if self.products else what) + on

    def explain(self) -> str:
        """Return the claim in words."""
        return f"{self.claimant} claims {self.subject}"


@dataclass(frozen=True, slots=True)
class ClaimConflict:
    """Two claims of two strategies under which one instrument would have two owners."""

    first: Claim
    second: Claim

    def explain(self) -> str:
        """Return the conflict in words, both names in it."""
        return f"{self.first.explain()} and {self.second.explain()}"


def conflicts_of(claims: Iterable[Claim]) -> tuple[ClaimConflict, ...]:
    """Return every pair of claims of different strategies that can meet, in the order of the claims."""
    by_id: dict[str, list[Claim]] = {}
    patterns: list[Claim] = []
    for claim in dict.fromkeys(claims):
        if claim.is_pattern:
            patterns.append(claim)
        else:
            by_id.setdefault(claim.text, []).append(claim)
    groups: list[Collection[Claim]] = [group for group in by_id.values() if len(group) > 1]
    return tuple(
        ClaimConflict(one, other)
        for group in (*groups, patterns)
        for one, other in combinations(group, 2)
        if one.claimant != other.claimant and one.can_meet(other)
    )


def overridden_of(claims: Collection[Claim]) -> tuple[ClaimConflict, ...]:
    """Return where an id takes an instrument out of another strategy's pattern: first the id, then the pattern."""
    patterns = [claim for claim in claims if claim.is_pattern]
    return tuple(
        ClaimConflict(one, other)
        for one in claims
        if not one.is_pattern
        for other in patterns
        if one.claimant != other.claimant and matches(other.text, one.text)
        if not (one.client and other.client and one.client != other.client)
    )


@dataclass(frozen=True, slots=True)
class ClaimBook:
    """Hold claims that do not contradict each other; make it with `of`."""

    claims: tuple[Claim, ...] = ()

    @classmethod
    def of(cls, claims: Iterable[Claim]) -> Self:
        """Return the book of some claims, in whatever order they come.

        Raises
        ------
        ConfigValueError
            If one instrument could have two owners, naming both strategies and what they claim.
        """
        ordered = tuple(sorted(set(claims)))
        if found := conflicts_of(ordered):
            raise ConfigValueError(
                "; ".join(one.explain() for one in found),
                allowed="one claimant for each account and instrument: two ids or two patterns of different strategies "
                "must not meet, an id beats a pattern",
                action="let one of the two strategies claim it, or narrow a pattern",
            )
        return cls(ordered)

    def claim_on(self, instrument_id: str, product: Product | None = None, client: str = "") -> Claim | None:
        """Return the claim by which an instrument has its owner: the id if there is one, else a pattern."""
        covering = self.covering(instrument_id, product, client)
        return covering[0] if covering else None

    def covering(self, instrument_id: str, product: Product | None = None, client: str = "") -> tuple[Claim, ...]:
        """Return every claim on an instrument, the one that decides first."""
        found = [claim for claim in self.claims if claim.covers(instrument_id, product, client)]
        return tuple(sorted(found, key=lambda claim: (claim.is_pattern, claim)))

    def owner_of(self, instrument_id: str, product: Product | None = None, client: str = "") -> str | None:
        """Return the one strategy that claims an instrument, None if there is none."""
        claim = self.claim_on(instrument_id, product, client)
        return None if claim is None else claim.claimant

    def may_claim(self, instrument_id: str) -> bool:
        """Return whether an instrument of a product that is not known may turn out to be claimed."""
        return any(claim.covers(instrument_id, product, claim.client) for claim in self.claims for product in Product)

    def with_claims(self, claims: Iterable[Claim]) -> ClaimBook:
        """Return the book with more claims.

        Raises
        ------
        ConfigValueError
            If they contradict those that it holds.
        """
        return ClaimBook.of((*self.claims, *claims))

    def without(self, claimant: str) -> ClaimBook:
        """Return the book without the claims of one strategy."""
        return ClaimBook(tuple(claim for claim in self.claims if claim.claimant != claimant))

    def without_claim(self, claim: Claim) -> ClaimBook:
        """Return the book without one claim."""
        return ClaimBook(tuple(one for one in self.claims if one != claim))
