"""A live run looked back on: what the same program does on the bars as they are known now, and why.

The live journal's side is what was recorded. The other side is a replay over the official bars,
from the account as it stood, under the rules the account was kept by. Where bars differ, each of
them alone is put in place of the one that was lived, so a cause is shown and not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.execution import state as at
from engine.execution.records import Kind
from engine.live.deeds import Deed, Deeds, Setup, told_live
from engine.live.entries import WITHHELD
from engine.live.events import Moved, Planned
from engine.live.family import Phase
from engine.live.floor import FLATTENED, live_reasons
from engine.live.retelling import (
    BarDiffers,
    Replay,
    Retelling,
    Story,
    bars_that_differ,
    opening_of,
    with_bar,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market
    from engine.live.events import Event, Stepped
    from engine.run import Strategy

MOST_TRIED: Final = 60
"""Bars that are tried alone, nearest first; a day with more of them has another problem."""


class Why(StrEnum):
    """Where a difference comes from."""

    BARS = "bars"  # these bars were other than they are officially
    WITHHELD = "withheld"  # the engine sent no order, and said why
    CLOSED = "closed"  # somebody or something ended it early, and said why
    BROKER = "broker"  # the broker filled otherwise than the fill rules do
    ACCOUNT = "account"  # the account stood otherwise
    DECIDED = "decided"  # the journal's decision is not what its own bars give
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a difference comes from: `bars` that differ, and the journal's own words if any."""

    why: Why
    bars: tuple[BarDiffers, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class SetupDiffers:
    """A setup with what was done about it live and what is on the official bars, either empty."""

    setup: Setup
    name: str
    live: tuple[Deed, ...]
    official: tuple[Deed, ...]
    cause: Cause


@dataclass(frozen=True, slots=True)
class CandidateDiffers:
    """A candidate whose story parts: from `minute` on it was `live`, and is `official`."""

    name: str
    minute: int
    live: str
    official: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Said:
    """What a live journal says beside its steps: why setups were not entered, or left early."""

    withheld: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, happened: Iterable[Event]) -> Said:
        """What these events say, by candidate."""
        names: dict[str, str] = {}
        withheld: dict[str, str] = {}
        closed: dict[str, str] = {}
        for event in happened:
            match event:
                case Planned(family=family):
                    names[family.name] = family.signal.candidate
                case Moved(family=name, ending=ending, why=why) if ending == WITHHELD:
                    withheld[names[name]] = why
                case Moved(family=name, phase=Phase.CLOSING, why=why):
                    closed[names[name]] = why
                case _:
                    pass
        return cls(withheld, closed)


@dataclass(frozen=True)
class Hindsight:
    """A live run beside its replay, from minute `since` to `until`, both included.

    `cash` is the account's equity after it. `lived` is None where the journal has kept no bars:
    then no cause can be a bar.
    """

    live: Deeds
    cash: int
    official: Replay
    lived: Replay | None
    said: Said
    retell: Callable[[Market], Replay]
    since: int
    until: int

    # --- what differs -----------------------------------------------------------------------

    @cached_property
    def bars(self) -> tuple[BarDiffers, ...]:
        """Every bar that differs, warm-up included."""
        if self.lived is None:
            return ()
        return bars_that_differ(self.lived.run.market, self.official.run.market)

    @cached_property
    def setups(self) -> tuple[SetupDiffers, ...]:
        """Setups about which something else was decided or done, in order."""
        live, official = self._within(self.live), self._within(self.official.deeds)
        keys = sorted({key for key in (*live, *official) if key is not None})
        return tuple(
            self._setup(key, live.get(key, ()), official.get(key, ()))
            for key in keys
            if _acts(live.get(key, ())) != _acts(official.get(key, ()))
        )

    @cached_property
    def account_differs(self) -> bool:
        """Whether the account was another one after any deed, or reduced or latched otherwise."""
        return self._within(self.live) != self._within(self.official.deeds)

    @cached_property
    def candidates(self) -> tuple[CandidateDiffers, ...]:
        """Candidates decided otherwise on the bars that were lived, in order."""
        if self.lived is None:
            return ()
        live, official = self.lived.stories, self.official.stories
        found = []
        for key in sorted({*live, *official}, key=lambda one: one[1]):
            one, other = live.get(key, ()), official.get(key, ())
            parted = _parted(one, other)
            if parted is not None and self.since <= parted[0] <= self.until:
                found.append(self._candidate(key, *parted))
        return tuple(found)

    @property
    def is_equal(self) -> bool:
        """Whether every decision, fill, trade and amount is the same."""
        return not (self.setups or self.candidates or self.account_differs)

    def counts(self, deeds: Deeds) -> dict[Kind, int]:
        """How many records of each kind there are in the span."""
        found = dict.fromkeys(Kind, 0)
        for told in self._within(deeds).values():
            for deed in told:
                found[deed.kind] += 1
        return found

    def net(self, deeds: Deeds) -> int:
        """What the round trips closed in the span brought, in money units."""
        return sum(
            deed.net
            for told in self._within(deeds).values()
            for deed in told
            if deed.kind is Kind.CLOSED
        )

    def _within(self, deeds: Deeds) -> dict[Setup | None, tuple[Deed, ...]]:
        kept = {
            key: tuple(deed for deed in told if self.since <= deed.minute <= self.until)
            for key, told in deeds.items()
        }
        return {key: told for key, told in kept.items() if told}

    # --- and why ----------------------------------------------------------------------------

    def _setup(
        self, key: Setup, live: tuple[Deed, ...], official: tuple[Deed, ...]
    ) -> SetupDiffers:
        named = (self.lived.names if self.lived else {}, self.official.names)
        name = next((names[key] for names in named if key in names), "")
        return SetupDiffers(key, name, live, official, self._cause(key, name, live, official))

    def _cause(
        self, key: Setup, name: str, live: tuple[Deed, ...], official: tuple[Deed, ...]
    ) -> Cause:
        """The first that holds, the surest first."""
        decided = _decision(live), _decision(official)
        if decided[0] != decided[1]:
            return self._cause_of_decision(key, decided[0])
        if name in self.said.withheld:
            return Cause(Why.WITHHELD, words=self.said.withheld[name])
        one, other = _first_parted(_acts(live), _acts(official))
        if one is not None and one.reason == FLATTENED:
            return Cause(Why.CLOSED, words=self.said.closed.get(name, ""))
        at_fault = {deed.minute for deed in (one, other) if deed is not None}
        bars = tuple(bar for bar in self.bars if bar.minute in at_fault)
        if bars:
            return Cause(Why.BARS, bars)
        if one is None or other is None or one.kind is Kind.INTENT or one.kind is not other.kind:
            return Cause(Why.ACCOUNT)
        is_price = {"price", "minute", "reason"} & set(one.parts(other))
        return Cause(Why.BROKER if is_price else Why.ACCOUNT)

    def _cause_of_decision(self, key: Setup, live: tuple[int, ...] | None) -> Cause:
        if self.lived is None:
            return Cause(Why.UNKNOWN)
        if _decision(self.lived.deeds.get(key, ())) != live:
            return Cause(Why.DECIDED)
        return self._bars_behind(
            key.minute, lambda tried: _decision(tried.deeds.get(key, ())) != live
        )

    def _candidate(
        self, key: tuple[str, int], minute: int, live: str, official: str
    ) -> CandidateDiffers:
        assert self.lived is not None
        names = {**self.official.candidates, **self.lived.candidates}
        story = self.lived.stories.get(key, ())

        def other(tried: Replay) -> bool:
            found = _parted(story, tried.stories.get(key, ()))
            return found is not None and found[0] <= minute

        cause = self._bars_behind(minute, other)
        return CandidateDiffers(names[key], minute, live, official, cause)

    def _bars_behind(self, minute: int, is_other: Callable[[Replay], bool]) -> Cause:
        """The bar that alone makes it otherwise; all that may where none does alone."""
        before = [bar for bar in self.bars if bar.minute <= minute]
        for bar in reversed(before[-MOST_TRIED:]):
            if is_other(self._tried(bar)):
                return Cause(Why.BARS, (bar,))
        return Cause(Why.BARS if before else Why.UNKNOWN, tuple(before))

    def _tried(self, bar: BarDiffers) -> Replay:
        """The lived market with this one bar made official, told anew."""
        if bar not in self._tries:
            assert self.lived is not None
            self._tries[bar] = self.retell(with_bar(self.lived.run.market, bar))
        return self._tries[bar]

    @cached_property
    def _tries(self) -> dict[BarDiffers, Replay]:
        return {}


def _decision(deeds: Sequence[Deed]) -> tuple[int, ...] | None:
    """What was decided: price and stop of the intent; None where there was none."""
    intent = next((deed for deed in deeds if deed.kind is Kind.INTENT), None)
    return None if intent is None else (intent.minute, intent.price, intent.stop)


def _acts(deeds: Sequence[Deed]) -> tuple[Deed, ...]:
    """Deeds without how the account stood after them, which earlier ones decide."""
    return tuple(replace(deed, equity=0, peak=0) for deed in deeds)


def _first_parted(
    live: Sequence[Deed], official: Sequence[Deed]
) -> tuple[Deed | None, Deed | None]:
    for k in range(max(len(live), len(official))):
        one, other = (told[k] if k < len(told) else None for told in (live, official))
        if one != other:
            return one, other
    return None, None


def _parted(one: Story, other: Story) -> tuple[int, str, str] | None:
    """The minute from which two stories are not the same, and what each says there."""
    for k in range(max(len(one), len(other))):
        told = [story[k] if k < len(story) else None for story in (one, other)]
        if told[0] != told[1]:
            minute = min(said[0] for said in told if said is not None)
            words = ["" if said is None else f"{said[1]}" for said in told]
            return minute, words[0], words[1]
    return None


def looked_back(
    strategy: Strategy,
    calendars: Calendars,
    events: Mapping[str, Ints],
    steps: Sequence[Stepped],
    said: Said,
    lived: Market | None,
    official: Market,
    span: tuple[int, int],
) -> Hindsight:
    """A live run beside its replay; `steps` of that strategy on one contract, at least one.

    `lived` and `official` begin with the history that the strategy needs; `span` is the first and
    the last minute to compare. Raises what a run raises.
    """
    program = strategy.program
    since, until = span
    retelling = Retelling(strategy, calendars, events, opening_of(program, steps, since))
    before = (step for step in reversed(steps) if step.minute <= until)

    def told(market: Market) -> Replay:
        rows = int(np.searchsorted(market.minute, until, side="right"))
        return retelling.of(market.rows(0, rows))

    return Hindsight(
        live=told_live(steps, live_reasons(program)),
        cash=next((step.account[at.CASH] for step in before), retelling.opening.cash),
        official=told(official),
        lived=None if lived is None else told(lived),
        said=said,
        retell=told,
        since=since,
        until=until,
    )
