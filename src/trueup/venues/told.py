"""What the venue said of single orders that have ended, so that no look has to ask for them again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trueup.model.coverage import RecordKind
from trueup.model.orders import OrderRecord
from trueup.venues.draft import ReadingDraft
from trueup.venues.questions import About, Question

TOLD_MAX = 1_000
"""Orders that are remembered, the newest. An order is needed only while its fills are in the window of a look."""


class ToldOrders:
    """Remember what the venue said of orders that have ended and that the node holds alike.

    An order that rested since before the window of a look and filled in it is in no list that the look reads, and is
    asked for by itself. A look may put ten questions. Of eighteen the same ten were put in look after look: no reading
    was whole, nothing was proven, the window did not move on, and a busy node stayed UNKNOWN for good (found by a soak,
    in its fourth minute). What has ended does not change any more, so it is asked for until both sides agree, and what
    was not put in one look comes first in the next.
    """

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], tuple[OrderRecord, Any]] = {}
        self._asked: list[Question] = []
        self._put: frozenset[Question] = frozenset()

    def __len__(self) -> int:
        return len(self._orders)

    @property
    def is_waiting(self) -> bool:
        """Return whether a look's outcome matters: something was asked in it, or is remembered."""
        return bool(self._asked or self._put or self._orders)

    def begin(self) -> None:
        """Begin a look."""
        self._asked = []

    def answer(self, draft: ReadingDraft, questions: Iterable[Question]) -> list[Question]:
        """Put what is remembered into a reading, and return the questions that are left, those put last at the end."""
        left = []
        for question in questions:
            held = self._orders.get((question.instrument_id, question.venue_order_id))
            if held is None or question.about is not About.ORDER:
                left.append(question)
                continue
            draft.add_order(held[1])
            draft.answered(question)
        self._asked += left
        return sorted(left, key=lambda one: one in self._put)

    def learn(self, draft: ReadingDraft, disputed: frozenset[str]) -> None:
        """Take the answers of a look that was compared: keep those to which the node agreed, forget the others.

        Parameters
        ----------
        draft : ReadingDraft
            The reading.
        disputed : frozenset of str
            The names of the orders on which the two sides do not agree, or not yet.
        """
        put = [question for question in self._asked if _was_put(draft, question)]
        self._put = frozenset(put)
        for key, (order, _) in list(self._orders.items()):
            if disputed.intersection((order.venue_order_id, order.client_order_id)):
                del self._orders[key]
        for question in put:
            key = (question.instrument_id, question.venue_order_id)
            answer = draft.orders.get(key)
            if question.about is not About.ORDER or answer is None or not answer[0].is_closed:
                continue
            if not disputed.intersection((answer[0].venue_order_id, answer[0].client_order_id)):
                self._orders[key] = answer
        while len(self._orders) > TOLD_MAX:
            del self._orders[next(iter(self._orders))]


def _was_put(draft: ReadingDraft, question: Question) -> bool:
    kind = RecordKind.ORDERS_CLOSED if question.about is About.ORDER else RecordKind.FILLS
    held = draft.kinds.get(kind)
    return held is not None and not held.orders.isdisjoint(question.names)
