"""What a client listens to, and the frames a step of the market makes for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.gateway import answers
from adapters.gateway.quotes import SPREAD, VIEWS
from adapters.gateway.tape import STEP, Range, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.gateway.contracts import Contract
    from adapters.gateway.tape import Tape
    from adapters.gateway.wire import Fields

_BID, _ASK, _LAST, _HIGH, _LOW, _VOLUME, _CLOSE, _OPEN = 1, 2, 4, 6, 7, 8, 9, 14
_DELAYED: Final = {
    _BID: 66,
    _ASK: 67,
    _LAST: 68,
    _HIGH: 72,
    _LOW: 73,
    _VOLUME: 74,
    _CLOSE: 75,
    _OPEN: 76,
}
"""The number of a tick when the data are delayed."""

_MIDDLE: Final = "MidPoint"
_QUOTED: Final = frozenset({_MIDDLE, "BidAsk"})

_A_DATE: Final = 86_400
_BEFORE: Final = 5 * _A_DATE
"""Seconds in which there was a session before this one, also on a Monday."""


@dataclass(slots=True)
class LiveBars:
    """History that is kept up to date: bars of `size` seconds, the one at hand again and again."""

    about: int
    contract: Contract
    tape: Tape
    size: int
    form: int
    regular: bool = False
    what: str = "TRADES"
    bar: Range | None = None
    fine: bool = False

    def update(self, seen: Range, now: float) -> Iterator[Fields]:
        """The bar that `seen`, the tape's bar as far as it has come, is part of."""
        if self.regular and not self.tape.hours.is_regular(now / 60):
            return
        if self.size <= self.tape.seconds:
            if self.size == self.tape.seconds:
                yield self._frame(seen)
            return
        yield self._frame(self.whole(seen))

    def step(self, part: Range) -> Iterator[Fields]:
        """A 5-second bar is over: bars shorter than the tape's are made of these."""
        if self.size >= self.tape.seconds:
            return
        begins = part.begins - part.begins % self.size
        if self.bar is not None and self.bar.begins == begins:
            self.bar = joined([self.bar, part], begins)
        else:
            self.bar = Range(begins, part.open, part.high, part.low, part.close, part.volume)
        yield self._frame(self.bar)

    def whole(self, seen: Range) -> Range:
        """The larger bar around `seen`."""
        since = seen.begins - max(0, self.size - _A_DATE)
        *_, bar = (
            seen,
            *self.tape.history(since, seen.begins + 1, self.size, regular=self.regular),
        )
        return bar

    def _frame(self, bar: Range) -> Fields:
        seen = VIEWS[self.what](bar)
        return answers.live_bar(self.about, self.contract, seen, self.form, self.size)


@dataclass(slots=True)
class RealTimeBars:
    """5-second bars."""

    about: int
    contract: Contract
    tape: Tape
    what: str = "TRADES"
    regular: bool = False
    fine: bool = True

    def update(self, seen: Range, now: float) -> Iterator[Fields]:  # noqa: ARG002 - as the others
        """Nothing: whole bars only."""
        yield from ()

    def step(self, part: Range) -> Iterator[Fields]:
        """A 5-second bar is over."""
        if not self.regular or self.tape.hours.is_regular(part.begins / 60):
            yield answers.real_time_bar(self.about, self.contract, VIEWS[self.what](part))


@dataclass(slots=True)
class MarketData:
    """Quotes and last prices."""

    about: int
    contract: Contract
    tape: Tape
    delayed: bool = False
    fine: bool = True

    def update(self, seen: Range, now: float) -> Iterator[Fields]:  # noqa: ARG002 - as the others
        """Bid, ask, last, the volume of the session."""
        close = seen.close
        for kind, ticks in ((_BID, close - SPREAD), (_ASK, close + SPREAD), (_LAST, close)):
            yield self._price(kind, ticks, 3)
        yield answers.tick_size(self.about, self._number(_VOLUME), self.tape.day_volume)

    def day(self) -> Iterator[Fields]:
        """Extremes and first price of the session, and where the one before it closed."""
        since = self.tape.known_until() - _BEFORE
        *before, today = self.tape.history(since, self.tape.known_until(), _A_DATE)
        told = [(_HIGH, today.high), (_LOW, today.low), (_OPEN, today.open)]
        if before:
            told.append((_CLOSE, before[-1].close))
        for kind, ticks in told:
            yield self._price(kind, ticks, 0)

    def _price(self, kind: int, ticks: int, size: int) -> Fields:
        return answers.tick_price(self.about, self._number(kind), self.contract.price(ticks), size)

    def _number(self, kind: int) -> int:
        return _DELAYED[kind] if self.delayed else kind

    def step(self, part: Range) -> Iterator[Fields]:
        """The same in between."""
        yield from self.update(part, part.begins + STEP)


@dataclass(slots=True)
class Ticks:
    """Quotes or mid points, one each step; or trades, which together are the bars.

    `told`: of the volume of the step at hand.
    """

    about: int
    contract: Contract
    tape: Tape
    kind: str
    fine: bool = True
    told: int = 0

    def update(self, seen: Range, now: float) -> Iterator[Fields]:
        """The quote at this moment, or a bar's first trade: the others come with their steps."""
        if self.kind in _QUOTED:
            yield self._quote(seen.close, int(now))
        elif now == seen.begins and self.tape.has_traded:
            self.told = min(1, self.tape.walk()[0].volume)
            yield self._trade(seen.close, int(now), self.told)

    def step(self, part: Range) -> Iterator[Fields]:
        """A 5-second bar in its last second: what traded came in at its last price."""
        at = part.begins + STEP - 1
        if self.kind in _QUOTED:
            yield self._quote(part.close, at)
            return
        size, self.told = part.volume - self.told, 0
        if size or part.close != part.open:
            yield self._trade(part.close, at, size)

    def _quote(self, ticks: int, at: int) -> Fields:
        price = self.contract.price
        if self.kind == _MIDDLE:
            return answers.tick_middle(self.about, at, price(ticks))
        return answers.tick_quote(self.about, at, price(ticks - SPREAD), price(ticks + SPREAD))

    def _trade(self, ticks: int, at: int, size: int) -> Fields:
        price, every = self.contract.price(ticks), self.kind == "AllLast"
        return answers.tick_last(self.about, all_of_them=every, now=at, price=price, size=size)


Subscription = LiveBars | RealTimeBars | MarketData | Ticks
