"""What a client listens to, and the frames a step of the market makes for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.gateway import answers
from adapters.gateway.tape import STEP, Range, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.gateway.contracts import Contract
    from adapters.gateway.tape import Tape
    from adapters.gateway.wire import Fields

_BID, _ASK, _LAST, _HIGH, _LOW, _VOLUME, _CLOSE = 1, 2, 4, 6, 7, 8, 9
_DELAYED: Final = 65
"""What is added to a tick's number when the data are delayed (1 to 66, 2 to 67, 4 to 68)."""


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
        begins = seen.begins - seen.begins % self.size
        if self.size >= 86_400:
            begins = next(iter(self._dates(seen)), seen).begins
        return next(
            iter(self.tape.history(begins, seen.begins + 1, self.size, regular=self.regular)), seen
        )

    def _dates(self, seen: Range) -> Iterator[Range]:
        bars = list(self.tape.history(seen.begins, seen.begins + 1, self.size))
        return iter(bars[-1:])

    def _frame(self, bar: Range) -> Fields:
        return answers.live_bar(self.about, self.contract, bar, self.form, self.size)


@dataclass(slots=True)
class RealTimeBars:
    """5-second bars."""

    about: int
    contract: Contract
    tape: Tape
    regular: bool = False
    fine: bool = True

    def update(self, seen: Range, now: float) -> Iterator[Fields]:  # noqa: ARG002 - as the others
        """Nothing: whole bars only."""
        yield from ()

    def step(self, part: Range) -> Iterator[Fields]:
        """A 5-second bar is over."""
        if not self.regular or self.tape.hours.is_regular(part.begins / 60):
            yield answers.real_time_bar(self.about, self.contract, part)


@dataclass(slots=True)
class MarketData:
    """Quotes and last prices."""

    about: int
    contract: Contract
    tape: Tape
    delayed: bool = False
    fine: bool = True

    def update(self, seen: Range, now: float) -> Iterator[Fields]:  # noqa: ARG002 - as the others
        """Bid, ask, last, the day's volume."""
        price, close = self.contract.price, seen.close
        shift = _DELAYED if self.delayed else 0
        quotes = ((_BID, close - 1), (_ASK, close + 1), (_LAST, close))
        for kind, ticks in quotes:
            number = kind + shift if kind < _LAST else kind + shift - (1 if shift else 0)
            yield answers.tick_price(self.about, number, price(ticks), 3)
        yield answers.tick_size(self.about, 74 if self.delayed else _VOLUME, seen.volume)

    def step(self, part: Range) -> Iterator[Fields]:
        """The same in between."""
        yield from self.update(part, part.begins + STEP)


@dataclass(slots=True)
class Ticks:
    """Every trade, quote or mid point, as far as there are any: one each step."""

    about: int
    contract: Contract
    tape: Tape
    kind: str
    fine: bool = True

    def update(self, seen: Range, now: float) -> Iterator[Fields]:
        """The last price at this moment."""
        price, close, at = self.contract.price, seen.close, int(now)
        if self.kind == "BidAsk":
            yield answers.tick_quote(self.about, at, price(close - 1), price(close + 1))
        elif self.kind == "MidPoint":
            yield answers.tick_middle(self.about, at, price(close))
        else:
            every = self.kind == "AllLast"
            size = max(1, seen.volume)
            yield answers.tick_last(
                self.about, all_of_them=every, now=at, price=price(close), size=size
            )

    def step(self, part: Range) -> Iterator[Fields]:
        """The last price of a 5-second bar, in its last second."""
        yield from self.update(part, part.begins + STEP - 1)


Subscription = LiveBars | RealTimeBars | MarketData | Ticks
