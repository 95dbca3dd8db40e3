"""Closed bars out of whatever is heard: bars in the making, 5-second bars, ticks. Pure.

A bar is given out once, when a later one was heard, all of its 5-second bars were, or the broker's
clock has passed its close by some grace. A hole is asked for in history before anything later is
given out, and what was not heard from its first second on is taken from history as a whole. Where
history has no bar there is none.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from adapters.ib.port import Bar
from engine.live.meanwhile import Making

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

STEP: Final = 5
"""Seconds of the shortest bars that are told."""

_MINUTE: Final = 60
_REMEMBERED: Final = 256
_LATE: Final = 10
"""Seconds after its close when a bar's last word should have come."""

_ASKED_TWICE: Final = 2


@dataclass(frozen=True, slots=True)
class Closed:
    """A bar is over; `heard`: what the market's words had made of it, where that was not it."""

    bar: Bar
    heard: Bar | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """History is asked for bars that open from minute `since` up to, not including, `until`."""

    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Late:
    """A bar that was given to nobody, heard of when a later one was out."""

    bar: Bar


@dataclass(frozen=True, slots=True)
class Revised:
    """A bar that was given out, told differently afterwards; `now` None: history has none."""

    was: Bar
    now: Bar | None


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing is heard in open hours, and history has nothing: so many times in a row."""

    times: int


Outcome = Closed | Wanted | Late | Revised | Quiet


@dataclass(slots=True)
class _Draft:
    """A bar in the making; `steps`: which 5-second bars are in it; `official`: out of history.

    `words`: how many different ones told of it; `repeated`: one came again; `torn`: one may be
    lost. `heard`: what more than one word had made of an official bar, where that was not it.
    `ticks`: it is made of trades.
    """

    bar: Bar
    whole: bool
    steps: dict[int, Bar] | None = None
    official: bool = False
    words: int = 1
    repeated: bool = False
    torn: bool = False
    heard: Bar | None = None
    ticks: bool = False

    @property
    def is_known(self) -> bool:
        """Whether all was heard that it has traded at so far; a bar as told says it by itself."""
        if self.steps is not None:
            first = self.bar.minute * _MINUTE
            return sorted(self.steps) == list(range(first, first + len(self.steps) * STEP, STEP))
        return self.whole if self.ticks else not self.torn

    @property
    def is_complete(self) -> bool:
        """Whether nothing can be added to it: all of its 5-second bars were told."""
        return self.whole and self.steps is not None


class Assembler:
    """Bars of one contract. Each call gives what came of it, in order.

    `after`: bars up to this minute are known already. `is_shut` says whether the market is closed
    all through some minutes, so that no bar is missing there.
    """

    def __init__(
        self,
        bar_minutes: int,
        after: int,
        *,
        is_shut: Callable[[int, int], bool] = lambda _since, _until: False,
        grace: float = 3.0,
        words: int = 1,
    ) -> None:
        """Nothing heard yet. `grace` seconds are waited for a bar's last words.

        A bar in the making of which fewer different `words` were heard is taken from history: its
        last ones may be late or lost.
        """
        self._size = bar_minutes
        self._next = after + bar_minutes
        self._is_shut = is_shut
        self._grace = grace
        self._words = words
        self._drafts: dict[int, _Draft] = {}
        self._listens_from: float | None = None
        self._wanted: Wanted | None = None
        self._tries: dict[int, int] = {}
        self._covered = self._next
        self._quiet_until = 0
        self._quiet = 0
        self._silent = False
        self._now = 0.0
        self._out: OrderedDict[int, Bar] = OrderedDict()

    @property
    def next_minute(self) -> int:
        """The first minute of which no bar was given out yet."""
        return self._next

    @property
    def wanted(self) -> Wanted | None:
        """What history is asked for and has not answered."""
        return self._wanted

    def due(self) -> float | None:
        """The second of the broker's clock at which `passed` has something to say, if any."""
        if self._wanted is not None:
            return None
        first = min(self._drafts, default=max(self._next, self._quiet_until))
        return (first + self._size) * _MINUTE + self._grace

    @property
    def making(self) -> Making | None:
        """What has traded since the last bar given out; None where some of it was not heard."""
        since = self._listens_from
        if since is None or self._wanted is not None:
            return None
        minute = max(self._drafts, default=self._next)
        draft = self._drafts.get(minute)
        if draft is None:
            return Making(minute) if since <= minute * _MINUTE else None
        if not draft.is_known:
            return None
        parts = [draft.bar] if draft.steps is None else list(draft.steps.values())
        return Making(minute, max(part.high for part in parts), min(part.low for part in parts))

    # --- what is heard ----------------------------------------------------------------------

    def listening(self, now: float) -> list[Outcome]:
        """From this second on everything is heard; what was heard before is not trusted."""
        self._drafts.clear()
        self._wanted = None
        self._tries.clear()
        self._quiet_until = 0
        self._silent = False
        self._listens_from = now
        return list(self._proceed())

    def hear_history(self, bars: Iterable[Bar]) -> list[Outcome]:
        """The first answer of a subscription: whole bars, and the one at hand."""
        told = sorted(bars, key=lambda bar: bar.minute)
        out: list[Outcome] = []
        for bar in told[:-1]:
            if bar.minute < self._next:
                out += self._past(bar)
            else:
                self._drafts[bar.minute] = _Draft(bar, whole=True, official=True)
        for bar in told[-1:]:
            out += self.hear_bar(bar)
        return out

    def hear_bar(self, bar: Bar, now: float = 0.0) -> list[Outcome]:
        """A bar as far as it has come: its last word counts.

        A word that comes long after the bar's close, by the broker's clock `now`, may not be its
        last one: then the bar is taken from history.
        """
        if bar.minute < self._next:
            return list(self._past(bar))
        known = self._drafts.get(bar.minute)
        if known is None or not known.official:
            in_time = now < (bar.minute + self._size) * _MINUTE + _LATE
            made = _Draft(bar, whole=False)
            if known is not None:
                made.torn, made.words = known.torn, known.words + (bar != known.bar)
                made.repeated = known.repeated or bar == known.bar
            made.whole = in_time and not made.torn and made.words >= self._words
            self._drafts[bar.minute] = made
        return self._heard()

    def hear_step(self, second: int, step: Bar) -> list[Outcome]:
        """A 5-second bar that begins at `second`; its own `minute` is not looked at."""
        minute = self._minute_of(second)
        if minute < self._next:
            return self._late_part(minute, step)
        empty = _Draft(replace(step, minute=minute), whole=False, steps={})
        draft = self._drafts.setdefault(minute, empty)
        if draft.steps is not None:
            draft.steps[second] = step
            draft.whole = len(draft.steps) == self._size * _MINUTE // STEP
        return self._heard()

    def hear_tick(self, second: int, price: int, size: int) -> list[Outcome]:
        """A trade."""
        minute = self._minute_of(second)
        one = Bar(minute, price, price, price, price, size)
        if minute < self._next:
            return self._late_part(minute, one)
        draft = self._drafts.get(minute)
        if draft is None:
            since = self._listens_from
            whole = since is not None and since <= minute * _MINUTE
            self._drafts[minute] = _Draft(one, whole=whole, ticks=True)
        elif not draft.official:
            draft.bar = joined(draft.bar, one)
        return self._heard()

    def doubt(self) -> None:
        """A word was lost: what is in the making is taken from history once it is over."""
        for draft in self._drafts.values():
            if not draft.official:
                draft.torn, draft.whole = True, False

    def passed(self, now: float) -> list[Outcome]:
        """The broker's clock shows `now` (seconds since the epoch)."""
        self._now = max(self._now, now)
        return list(self._proceed())

    def answered(self, asked: Wanted, bars: Iterable[Bar]) -> list[Outcome]:
        """History has answered; bars outside what was asked are not looked at."""
        if asked != self._wanted:
            return []
        self._wanted = None
        told = {bar.minute: bar for bar in bars if asked.since <= bar.minute < asked.until}
        asked_twice = self._tries.get(asked.until, 0) >= _ASKED_TWICE
        if asked_twice:  # before, history may only lag behind
            unknown = [minute for minute, draft in self._drafts.items() if not draft.whole]
            for minute in unknown:
                if asked.since <= minute < asked.until and minute not in told:
                    del self._drafts[minute]
        for minute, bar in told.items():
            if minute >= self._next:
                heard = self._made_of(minute)
                heard = None if heard == bar else heard
                self._drafts[minute] = _Draft(bar, whole=True, official=True, heard=heard)
        last = asked.until - self._size
        if last in told or asked_twice:
            self._covered = max(self._covered, asked.until)
        out: list[Outcome] = []
        if self._silent:
            self._silent = False
            self._quiet = 0 if told else self._quiet + 1
            out += [] if told else [Quiet(self._quiet)]
        return [*out, *self._proceed()]

    def compare(self, since: int, until: int, bars: Iterable[Bar]) -> list[Outcome]:
        """What history tells of bars that were given out, where it differs."""
        told = {bar.minute: bar for bar in bars if since <= bar.minute < min(until, self._next)}
        out: list[Outcome] = []
        for minute, was in self._out.items():
            if since <= minute < until and told.get(minute) != was:
                out.append(Revised(was, told.get(minute)))
                if minute in told:
                    self._out[minute] = told[minute]
        first = next(iter(self._out), self._next)
        out += [
            Late(bar) for minute, bar in told.items() if first < minute and minute not in self._out
        ]
        return out

    # --- what comes of it -------------------------------------------------------------------

    def _made_of(self, minute: int) -> Bar | None:
        """What was heard of a bar, if more than its first word."""
        draft = self._drafts.get(minute)
        if draft is None or (draft.words == 1 and not draft.repeated):
            return None
        return draft.bar

    def _minute_of(self, second: int) -> int:
        return second // _MINUTE // self._size * self._size

    def _heard(self) -> list[Outcome]:
        self._quiet = 0
        return list(self._proceed())

    def _past(self, bar: Bar) -> Iterator[Outcome]:
        was = self._out.get(bar.minute)
        if was is None:
            if self._out and bar.minute > next(iter(self._out)):
                yield Late(bar)
        elif was != bar and bar.volume >= was.volume:  # less is a word from its making
            self._out[bar.minute] = bar
            yield Revised(was, bar)

    def _late_part(self, minute: int, part: Bar) -> list[Outcome]:
        """Part of a bar that is out: news only where it does not fit into it."""
        was = self._out.get(minute)
        if was is None or (was.low <= part.low and part.high <= was.high):
            return []
        return [Late(replace(part, minute=minute))]

    def _proceed(self) -> Iterator[Outcome]:
        while self._wanted is None:
            minute = min(self._drafts, default=None)
            if minute is None:
                yield from self._silence()
                return
            draft = self._drafts[minute]
            is_over = len(self._drafts) > 1 or draft.is_complete or self._passed(minute)
            hole = self._hole_after(minute, draft)
            if self._lacks(minute, is_over=is_over):
                yield self._want(self._next, minute)
            elif not is_over:
                return
            elif hole is not None:
                yield self._want(self._next, hole)
            elif not draft.whole and self._covered < minute + self._size:
                yield self._want(self._next, minute + self._size)
            else:
                del self._drafts[minute]
                self._next = minute + self._size
                self._covered = max(self._covered, self._next)
                yield from self._give(draft)

    def _hole_after(self, minute: int, draft: _Draft) -> int | None:
        """The next bar heard of, where some lack in between: then last words may lack too."""
        follows = min((other for other in self._drafts if other > minute), default=None)
        end = minute + self._size
        if follows is None or follows == end or draft.official or self._covered >= end:
            return None
        return None if self._is_shut(end, follows) else follows

    def _lacks(self, minute: int, *, is_over: bool) -> bool:
        """Whether bars may lack before this one: asked at once, and again when it is over."""
        if minute <= self._next or self._covered >= minute or self._is_shut(self._next, minute):
            return False
        return is_over or minute not in self._tries

    def _passed(self, minute: int) -> bool:
        return self._now >= (minute + self._size) * _MINUTE + self._grace

    def _want(self, since: int, until: int) -> Wanted:
        self._tries[until] = self._tries.get(until, 0) + 1
        self._wanted = Wanted(since, until)
        return self._wanted

    def _give(self, draft: _Draft) -> Iterator[Outcome]:
        bar = draft.bar if draft.steps is None else _of_steps(draft)
        self._tries = {until: n for until, n in self._tries.items() if until > self._next}
        if bar is None:
            return
        self._out[bar.minute] = bar
        if len(self._out) > _REMEMBERED:
            self._out.popitem(last=False)
        yield Closed(bar, draft.heard)

    def _silence(self) -> Iterator[Outcome]:
        """Nothing is in the making though the next bar should be over: ask once a bar."""
        until = int(self._now - self._grace) // _MINUTE // self._size * self._size
        if until <= self._next or until <= self._quiet_until or self._is_shut(self._next, until):
            return
        self._quiet_until = until
        self._silent = True
        self._wanted = Wanted(self._next, until)
        yield self._wanted


def joined(first: Bar, second: Bar) -> Bar:
    """One bar of two, the earlier one first."""
    return Bar(
        first.minute,
        first.open,
        max(first.high, second.high),
        min(first.low, second.low),
        second.close,
        first.volume + second.volume,
    )


def _of_steps(draft: _Draft) -> Bar | None:
    """The bar of its 5-second bars. None: nobody traded.

    A step in which nobody traded repeats the last price; at the front that is the bar before's.
    """
    assert draft.steps is not None
    traded = [step for _, step in sorted(draft.steps.items()) if step.volume or _moves(step)]
    if not traded:
        return None
    bar = traded[0]
    for step in traded[1:]:
        bar = joined(bar, step)
    return replace(bar, minute=draft.bar.minute)


def _moves(step: Bar) -> bool:
    return step.low < step.high
