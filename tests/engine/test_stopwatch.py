"""The stopwatch: parts do not overlap and add up, and nothing is noted where nobody listens."""

from __future__ import annotations

from timeit import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stopwatch import REST, Stopwatch, listening, part, remark


class Clock:
    """A clock that goes on by hand."""

    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


def test_a_part_inside_another_stops_its_clock() -> None:
    clock = Clock()
    with listening(Stopwatch(clock)) as watch:
        assert watch is not None
        clock.now += 1
        with part("outer"):
            clock.now += 2
            with part("inner"):
                clock.now += 4
            clock.now += 8
        with part("inner"):
            clock.now += 16
        clock.now += 32
    assert watch.parts == {REST: 33, "outer": 10, "inner": 20}
    assert watch.total == 63
    assert clock.now == 73


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.booleans())))
def test_parts_always_add_up_to_the_whole(steps: list[tuple[str, int, bool]]) -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    opened = 0
    for name, seconds, begins in steps:
        clock.now += seconds
        if begins:
            watch.begin(name)
            opened += 1
        elif opened:
            watch.end()
            opened -= 1
    watch.stop()
    assert watch.total == clock.now - 10


def test_time_of_before_can_be_charged() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    watch.charge("start-up", 0.5)
    watch.stop()
    assert watch.parts == {"start-up": 0.5, REST: 0.0}


def test_a_part_that_fails_has_ended() -> None:
    clock = Clock()

    def failing() -> None:
        with part("a"):
            clock.now += 1
            raise ValueError("no")

    with listening(Stopwatch(clock)) as watch:
        with pytest.raises(ValueError, match="no"):
            failing()
        clock.now += 2
    assert watch is not None
    assert watch.parts == {REST: 2, "a": 1}


def test_nothing_is_noted_where_nobody_listens() -> None:
    def never() -> str:
        raise AssertionError

    with part("a"):
        remark("a", never)
    with listening(None) as watch, part("a"):
        remark("a", never)
    assert watch is None


def test_a_remark_is_kept_with_its_part() -> None:
    with listening(Stopwatch()) as watch, part("machine"):
        remark("machine", lambda: "plain")
    assert watch is not None
    assert watch.remarks == {"machine": "plain"}


def test_a_part_costs_next_to_nothing_where_nobody_listens() -> None:
    def one() -> None:
        with part("a"):
            pass

    assert min(timeit(one, number=1000) for _ in range(5)) < 1000 * 10e-6
