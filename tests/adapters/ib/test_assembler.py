"""However a market is cut into words, the closed bars are the market's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from adapters.gateway.tape import Range, way_of
from adapters.ib.assembler import Assembler, Closed, Late, Quiet, Revised, Wanted
from adapters.ib.port import Bar
from engine.live.meanwhile import Making

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.ib.assembler import Outcome

FIRST = 29_464_000


class Market:
    """True bars, and an assembler whose questions history answers from them."""

    def __init__(self, bars: list[Bar], *, lag: int = 0) -> None:
        """`lag`: seconds after which history has a bar; asked the same again it has settled."""
        self.truth = {bar.minute: bar for bar in bars}
        self.lag = lag
        self.assembler = Assembler(1, FIRST - 1)
        self.closed: list[Bar] = []
        self.other: list[Outcome] = []
        self.asked: list[Wanted] = []
        self.now = FIRST * 60.0

    def take(self, outcomes: Iterable[Outcome]) -> None:
        """What came of something; history answers at once, with what is over."""
        for one in outcomes:
            if isinstance(one, Closed):
                self.closed.append(one.bar)
            elif isinstance(one, Wanted):
                known = self.now - (0 if one in self.asked else self.lag)
                self.asked.append(one)
                told = [bar for bar in self.truth.values() if (bar.minute + 1) * 60 <= known]
                self.take(self.assembler.answered(one, told))
            else:
                self.other.append(one)

    def check(self) -> None:
        """Each bar once, in order, none before another, all of them true."""
        minutes = [bar.minute for bar in self.closed]
        assert minutes == sorted(set(minutes))
        assert self.closed == [self.truth[minute] for minute in minutes]
        if minutes:
            until = minutes[-1]
            assert minutes == [minute for minute in sorted(self.truth) if minute <= until]


@st.composite
def markets(draw: st.DrawFn) -> list[Bar]:
    """Bars of some minutes, with holes in which nobody traded."""
    minutes = draw(st.lists(st.integers(0, 25), min_size=1, max_size=14, unique=True))
    bars = []
    for minute in sorted(minutes):
        low = draw(st.integers(900, 1000))
        high = low + draw(st.integers(0, 30))
        inside = st.integers(low, high)
        volume = draw(st.integers(1, 500))
        bars.append(Bar(FIRST + minute, draw(inside), high, low, draw(inside), volume))
    return bars


def steps_of(bar: Bar) -> list[Range]:
    """The 5-second bars of a bar."""
    whole = Range(bar.minute * 60, bar.open, bar.high, bar.low, bar.close, bar.volume)
    return way_of(whole, 60, 7)


def as_bar(part: Range) -> Bar:
    """A 5-second bar as it is told."""
    return Bar(0, part.open, part.high, part.low, part.close, part.volume)


@given(markets(), st.sampled_from([0, 2, 50]), st.data())
def test_bars_in_the_making_give_the_bars_however_many_words_are_lost_or_repeated(
    bars: list[Bar], lag: int, data: st.DataObject
) -> None:
    market = Market(bars, lag=lag)
    market.take(market.assembler.listening(market.now))
    heard: list[Bar] = []
    for bar in bars:
        if data.draw(st.integers(0, 9)) < 3:
            continue  # not a word of this one
        market.now = bar.minute * 60 + 1
        so_far = Bar(bar.minute, bar.open, bar.open, bar.open, bar.open, 1)
        for word in [so_far] * data.draw(st.integers(0, 2)) + [bar] * data.draw(st.integers(1, 2)):
            market.take(market.assembler.hear_bar(word))
        market.now = bar.minute * 60 + 59
        if data.draw(st.booleans()) and heard:
            old = heard[data.draw(st.integers(0, len(heard) - 1))]
            market.take(market.assembler.hear_bar(old))
        heard.append(bar)
        if data.draw(st.integers(0, 9)) == 0:
            market.now = (bar.minute + 1) * 60 + 4
            market.take(market.assembler.passed(market.now))
        if data.draw(st.integers(0, 9)) == 0:
            market.take(market.assembler.listening(market.now))
    market.check()
    market.now = (FIRST + 40) * 60.0
    market.take(market.assembler.passed(market.now))
    market.check()
    assert market.closed == bars
    assert not [one for one in market.other if isinstance(one, Late | Revised)]


@given(markets(), st.data())
def test_steps_give_the_bars_however_many_are_lost_or_repeated(
    bars: list[Bar], data: st.DataObject
) -> None:
    market = Market(bars)
    market.take(market.assembler.listening(market.now))
    for bar in bars:
        careless = data.draw(st.booleans())
        for part in steps_of(bar):
            market.now = part.begins + 5.0
            times = data.draw(st.integers(0, 2)) if careless else 1
            for _ in range(times):
                market.take(market.assembler.hear_step(part.begins, as_bar(part)))
        if data.draw(st.integers(0, 9)) == 0:
            market.take(market.assembler.listening(market.now))
    market.now = (FIRST + 40) * 60.0
    market.take(market.assembler.passed(market.now))
    market.check()
    assert market.closed == bars


@given(markets(), st.integers(0, 59), st.data())
def test_ticks_give_the_bars_from_whatever_second_one_listens(
    bars: list[Bar], late: int, data: st.DataObject
) -> None:
    market = Market(bars)
    market.now = FIRST * 60.0 + late
    market.take(market.assembler.listening(market.now))
    for bar in bars:
        ticks = [(bar.open, 0), (bar.high, 0), (bar.low, 0), (bar.close, bar.volume)]
        seconds = sorted(data.draw(st.lists(st.integers(0, 59), min_size=4, max_size=4)))
        for second, (price, size) in zip(seconds, ticks, strict=True):
            at = bar.minute * 60 + second
            if at >= market.now:
                market.now = at
                market.take(market.assembler.hear_tick(at, price, size))
        if data.draw(st.integers(0, 9)) == 0:
            market.now += 7
            market.take(market.assembler.listening(market.now))
    market.now = (FIRST + 40) * 60.0
    market.take(market.assembler.passed(market.now))
    market.check()
    assert market.closed == bars


def bar(minute: int, close: int = 100, volume: int = 5) -> Bar:
    """A bar."""
    return Bar(FIRST + minute, 100, 110, 90, close, volume)


def test_a_bar_is_not_over_before_its_close_and_some_grace() -> None:
    one = Assembler(1, FIRST - 1, grace=3)
    assert one.hear_bar(bar(0)) == []
    assert one.due() == (FIRST + 1) * 60 + 3
    assert one.passed((FIRST + 1) * 60 + 2.9) == []
    assert one.passed((FIRST + 1) * 60 + 3) == [Closed(bar(0))]


def test_a_minute_without_a_trade_has_no_bar() -> None:
    one = Assembler(1, FIRST - 1)
    one.listening(FIRST * 60)
    nothing = Bar(0, 100, 100, 100, 100, 0)
    for second in range(0, 60, 5):
        assert one.hear_step(FIRST * 60 + second, nothing) == []
    assert one.passed((FIRST + 1) * 60 + 4) == []
    assert one.next_minute == FIRST + 1


def test_nothing_is_asked_for_while_the_market_is_shut() -> None:
    shut = range(FIRST, FIRST + 60)
    one = Assembler(1, FIRST - 1, is_shut=lambda a, b: a in shut and b - 1 in shut)
    assert one.passed((FIRST + 60) * 60) == []
    assert one.hear_bar(bar(60)) == []
    assert one.hear_bar(bar(61)) == [Closed(bar(60))]


def test_silence_in_open_hours_is_asked_about_once_a_bar_and_counted() -> None:
    one = Assembler(1, FIRST - 1, grace=3)
    for k in range(1, 4):
        now = (FIRST + k) * 60 + 3.5
        (wanted,) = one.passed(now)
        assert wanted == Wanted(FIRST, FIRST + k)
        assert one.passed(now + 1) == []
        assert one.answered(Wanted(FIRST, FIRST + k), []) == [Quiet(k)]
        assert one.passed(now + 2) == []
    # and what history had only later is not lost
    assert one.hear_bar(bar(3)) == [Wanted(FIRST, FIRST + 3)]
    assert one.answered(Wanted(FIRST, FIRST + 3), [bar(2)]) == [Closed(bar(2))]


def test_bars_that_come_late_or_change_are_said_and_not_given_again() -> None:
    one = Assembler(1, FIRST - 1)
    one.hear_bar(bar(0))
    assert one.hear_bar(bar(2)) == [Wanted(FIRST, FIRST + 2)]
    assert one.answered(Wanted(FIRST, FIRST + 2), [bar(0)]) == [Closed(bar(0))]
    assert one.hear_bar(bar(3)) == [Wanted(FIRST + 1, FIRST + 2)]
    assert one.answered(Wanted(FIRST + 1, FIRST + 2), []) == [Closed(bar(2))]
    assert one.next_minute == FIRST + 3
    assert one.hear_bar(bar(1)) == [Late(bar(1))]
    assert one.hear_bar(bar(0, close=101)) == [Revised(bar(0), bar(0, close=101))]
    assert one.hear_bar(bar(0, close=101)) == []
    assert one.hear_bar(bar(0, close=105, volume=4)) == []
    told = [bar(0, close=101), bar(2, close=99)]
    assert one.compare(FIRST, FIRST + 3, told) == [Revised(bar(2), bar(2, close=99))]
    assert one.compare(FIRST, FIRST + 3, [bar(0, close=101)]) == [Revised(bar(2, close=99), None)]


def test_a_bar_whose_words_come_long_after_its_close_is_taken_from_history() -> None:
    one = Assembler(1, FIRST - 1)
    assert one.hear_bar(bar(0, close=95), now=(FIRST + 1) * 60 + 9) == []
    assert one.hear_bar(bar(0, close=96), now=(FIRST + 1) * 60 + 10) == []
    assert one.hear_bar(bar(1)) == [Wanted(FIRST, FIRST + 1)]
    told = one.answered(Wanted(FIRST, FIRST + 1), [bar(0)])
    assert told == [Closed(bar(0), heard=bar(0, close=96))]


def test_a_bar_of_which_only_the_first_word_was_heard_is_taken_from_history() -> None:
    one = Assembler(1, FIRST - 1, words=2)
    first = bar(0, close=95)
    assert one.hear_bar(first) == []
    assert one.hear_bar(first) == []  # the same again says nothing new
    assert one.hear_bar(bar(1, close=95)) == [Wanted(FIRST, FIRST + 1)]
    told = one.answered(Wanted(FIRST, FIRST + 1), [bar(0)])
    assert told == [Closed(bar(0), heard=first)]
    assert one.hear_bar(bar(1)) == []
    assert one.hear_bar(bar(2)) == [Closed(bar(1))]


def test_a_bar_of_which_one_word_was_heard_is_not_known_to_stand_still() -> None:
    one = Assembler(1, FIRST - 1, words=2)
    one.hear_bar(bar(0, close=95))
    one.hear_bar(bar(1))
    assert one.answered(Wanted(FIRST, FIRST + 1), [bar(0)]) == [Closed(bar(0), heard=None)]


def test_a_word_that_was_lost_leaves_no_bar_in_the_making_trusted() -> None:
    one = Assembler(1, FIRST - 1)
    one.hear_bar(bar(0, close=95))
    one.doubt()
    one.hear_bar(bar(0, close=96))
    assert one.hear_bar(bar(1)) == [Wanted(FIRST, FIRST + 1)]
    one.answered(Wanted(FIRST, FIRST + 1), [bar(0)])
    assert one.hear_bar(bar(2)) == [Closed(bar(1))]


def test_of_the_first_answer_all_but_the_last_bar_are_whole() -> None:
    one = Assembler(1, FIRST - 1)
    told = [bar(2), bar(0), bar(1)]
    assert one.hear_history(told) == [Closed(bar(0)), Closed(bar(1))]
    assert one.hear_bar(bar(3)) == [Closed(bar(2))]


def test_what_was_heard_before_an_interruption_is_not_trusted() -> None:
    one = Assembler(1, FIRST - 1)
    one.hear_bar(bar(0, close=95))
    assert one.listening(FIRST * 60 + 30) == []
    assert one.hear_bar(bar(1)) == [Wanted(FIRST, FIRST + 1)]
    assert one.answered(Wanted(FIRST, FIRST + 1), [bar(0)]) == [Closed(bar(0))]


def test_an_answer_to_another_question_is_not_looked_at() -> None:
    one = Assembler(1, FIRST - 1)
    one.hear_bar(bar(2))
    assert one.wanted == Wanted(FIRST, FIRST + 2)
    assert one.answered(Wanted(FIRST, FIRST + 1), [bar(0)]) == []
    assert one.wanted == Wanted(FIRST, FIRST + 2)


def test_bars_of_several_minutes_are_told_apart_by_their_open() -> None:
    first = FIRST // 5 * 5
    one = Assembler(5, first - 5)
    one.listening(first * 60)
    whole = Bar(0, 100, 104, 99, 103, 10)
    outcomes = []
    for second in range(0, 305, 5):
        outcomes += one.hear_step(first * 60 + second, whole)
    assert outcomes == [Closed(replace(whole, minute=first, volume=600))]


def test_a_bar_in_the_making_is_known_as_far_as_it_was_told() -> None:
    assert Assembler(1, FIRST - 1).making is None
    made = Assembler(1, FIRST - 1)
    made.listening(FIRST * 60.0 + 20)
    before = made.making
    assert before is None  # who knows what traded
    made.hear_history([Bar(FIRST - 1, 5, 5, 5, 5, 1), Bar(FIRST, 10, 12, 9, 11, 3)])
    assert made.making == Making(FIRST, 12, 9)
    made.hear_bar(Bar(FIRST, 10, 14, 9, 11, 4))
    assert made.making == Making(FIRST, 14, 9)
    made.doubt()
    assert made.making is None


def test_of_ticks_and_steps_it_is_known_if_all_of_them_were_heard() -> None:
    late, whole, steps = Assembler(1, FIRST - 1), Assembler(1, FIRST - 1), Assembler(1, FIRST - 1)
    late.listening(FIRST * 60.0 + 1)
    late.hear_tick(FIRST * 60 + 2, 10, 1)
    assert late.making is None
    for one in (whole, steps):
        one.listening(FIRST * 60.0)
        assert one.making == Making(FIRST)
    whole.hear_tick(FIRST * 60 + 2, 10, 1)
    whole.hear_tick(FIRST * 60 + 3, 7, 1)
    assert whole.making == Making(FIRST, 10, 7)
    steps.hear_step(FIRST * 60, Bar(FIRST, 10, 12, 9, 11, 3))
    steps.hear_step(FIRST * 60 + 5, Bar(FIRST, 11, 11, 8, 8, 3))
    assert steps.making == Making(FIRST, 12, 8)
    steps.hear_step(FIRST * 60 + 15, Bar(FIRST, 8, 8, 8, 8, 3))
    assert steps.making is None
