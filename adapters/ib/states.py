"""How far an order is, from the broker's words alone: messages 3, 5 and 11, and refusals.

Words come twice, shuffled, or not at all, so each can only raise what is known of an incarnation:
the order of the words does not matter, nor how often they come. Only an answered snapshot, which
is made of fresh words, takes something back.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from engine.domain.order import OrderKind
from engine.live.holdings import OrderState

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from engine.domain.order import Action


class StrangeWord(ValueError):
    """A status that no broker we know of has."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order asks for, as it was sent or as the broker echoes it. `price` as on the wire."""

    ref: str
    contract: int
    action: Action
    kind: OrderKind
    price: float | None
    contracts: int
    lasts: str
    outside_hours: bool
    parent: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """Message 5: the broker echoes an order, with a status and no reason for it."""

    client: int
    number: int
    permanent: int
    terms: Terms
    status: str


@dataclass(frozen=True, slots=True)
class Stood:
    """Message 3: an order's status, how much is filled, and why it is held."""

    client: int
    number: int
    permanent: int
    status: str
    filled: int
    held: str


@dataclass(frozen=True, slots=True)
class Traded:
    """Message 11, as far as it tells of the order: how much of it is filled by now."""

    client: int
    number: int
    permanent: int
    cumulative: int


OrderWord = Opened | Stood | Traded


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One order at the broker, as known by now. `level` is how far its words have raised it.

    Executions are no words about it: they tell that it was there, not that it is.
    """

    client: int
    number: int
    permanent: int = 0
    terms: Terms | None = None
    level: int = 0
    filled: int = 0

    @property
    def acknowledged(self) -> bool:
        """Whether the broker has ever shown that it has the order, or had it."""
        return self.level > _REFUSED or self.filled > 0

    @property
    def is_whole(self) -> bool:
        """Whether all of it is filled."""
        return self.terms is not None and 0 < self.terms.contracts <= self.filled

    @property
    def is_told(self) -> bool:
        """Whether a broker that was asked for its open orders has it, or has filled all of it.

        What only executions tell of is over: the rest of it was withdrawn.
        """
        return self.level > _REFUSED or self.is_whole

    @property
    def state(self) -> OrderState:
        """How far it is."""
        if self.is_whole:
            return OrderState.FILLED
        return _LEVELS[max(self.level, _WORKING) if self.filled > 0 else self.level]


_LEVELS: Final = (
    OrderState.UNKNOWN,
    OrderState.REJECTED,  # by a code; any sign of life is stronger
    OrderState.HELD,
    OrderState.WORKING,
    OrderState.CANCELLING,
    OrderState.REJECTED,  # the broker made it inactive
    OrderState.CANCELLED,
    OrderState.FILLED,
)
_REFUSED, _HELD, _WORKING, _CANCELLING, _INACTIVE, _CANCELLED, _FILLED = range(1, 8)

_STATUS: Final[Mapping[str, int]] = {
    "ApiPending": _HELD,
    "PendingSubmit": _HELD,
    "PreSubmitted": _HELD,  # or working: see _presubmitted
    "Submitted": _WORKING,
    "PendingCancel": _CANCELLING,
    "Inactive": _INACTIVE,
    "ApiCancelled": _CANCELLED,
    "Cancelled": _CANCELLED,
    "Filled": _FILLED,
}

_CHILD: Final = "child"
_TRIGGER: Final = "trigger"


def _level(status: str) -> int:
    found = _STATUS.get(status)
    if found is None:
        raise StrangeWord(f"the broker tells of an order status {status[:40]!r}")
    return found


def _presubmitted(held: str, terms: Terms | None) -> int:
    """A stop that waits for its trigger is armed; one that waits for its parent protects nothing.

    Without a reason it counts as asleep if it is a stop: better protect twice than not at all.
    """
    reasons = {one.strip() for one in held.split(",")} - {""}
    if _CHILD in reasons:
        return _HELD
    if _TRIGGER in reasons:
        return _WORKING
    if reasons or terms is None or terms.kind is OrderKind.STOP:
        return _HELD
    return _WORKING


def after(known: Incarnation, word: OrderWord) -> Incarnation:
    """What is known after one more word; raises `StrangeWord`, and then nothing has changed."""
    permanent = word.permanent or known.permanent
    if isinstance(word, Opened):
        level = _level(word.status)
        if word.status == "PreSubmitted" and not word.terms.parent:
            level = _presubmitted("", word.terms)
        return replace(known, permanent=permanent, terms=word.terms, level=max(known.level, level))
    if isinstance(word, Stood):
        level = _level(word.status)
        if word.status == "PreSubmitted":
            level = _presubmitted(word.held, known.terms)
        filled = max(known.filled, word.filled)
        return replace(known, permanent=permanent, level=max(known.level, level), filled=filled)
    return replace(known, permanent=permanent, filled=max(known.filled, word.cumulative))


def refused(known: Incarnation) -> Incarnation:
    """What is known after a code that refuses it: weaker than any sign of life."""
    return replace(known, level=max(known.level, _REFUSED))


@dataclass(slots=True)
class OrderBook:
    """Every incarnation that was heard of on a connection, and what we sent on it."""

    client: int
    _known: dict[tuple[int, int, int], Incarnation] = field(default_factory=dict)
    _sent: dict[int, Terms] = field(default_factory=dict)

    def sent(self, number: int, terms: Terms) -> None:
        """An order leaves under this number."""
        self._sent[number] = terms
        self._known[self.client, number, 0] = Incarnation(self.client, number, 0, terms)

    def terms_of(self, number: int) -> Terms | None:
        """What was sent under a number."""
        return self._sent.get(number)

    def hear(self, word: OrderWord) -> tuple[Incarnation, bool]:
        """What is known of an order after a word, and whether it is new. See `after`."""
        before = self._find(word)
        now = after(before, word)
        self._keep(before, now)
        return now, now != before

    def refuse(self, number: int) -> Incarnation | None:
        """A code refuses an order that was never acknowledged; None: it was, or is not known."""
        for one in self.of_number(number):
            if one.acknowledged:
                return None
        known = self._known.get((self.client, number, 0))
        if known is None:
            return None
        now = self._known[self.client, number, 0] = refused(known)
        return now

    def of_number(self, number: int) -> list[Incarnation]:
        """Every incarnation that our client sent under a number."""
        return [
            one
            for (client, known, _), one in self._known.items()
            if client == self.client and known == number
        ]

    def replaced_by(self, answered: Iterable[Incarnation]) -> None:
        """A snapshot was answered: what it says stands, even if it takes something back."""
        for one in answered:
            self._known[self._key(one)] = one
            if one.permanent:
                self._known.pop((one.client, one.number, 0), None)

    def fresh(self) -> OrderBook:
        """A book for the answer to a question: it knows what was sent, and no word."""
        return OrderBook(self.client, {}, self._sent)

    def __iter__(self) -> Iterator[Incarnation]:
        """Every incarnation known, in the order they were first heard of."""
        return iter(tuple(self._known.values()))

    def _key(self, one: Incarnation) -> tuple[int, int, int]:
        # an order of a person has no number: the lasting one alone tells it from others
        return one.client, one.number, one.permanent

    def _find(self, word: OrderWord) -> Incarnation:
        found = self._known.get((word.client, word.number, word.permanent))
        if found is None and word.permanent:
            found = self._known.get((word.client, word.number, 0))
        if found is None and not word.permanent:
            same = [
                one
                for one in self._known.values()
                if (one.client, one.number) == (word.client, word.number)
            ]
            found = same[-1] if same else None
        if found is not None:
            return found
        terms = self._sent.get(word.number) if word.client == self.client else None
        return Incarnation(word.client, word.number, word.permanent, terms)

    def _keep(self, before: Incarnation, now: Incarnation) -> None:
        if before.permanent != now.permanent:
            self._known.pop(self._key(before), None)
        self._known[self._key(now)] = now
