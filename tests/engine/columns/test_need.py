"""How far back nodes reach: what is thrown away is never missed, and what is kept is enough."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.ir.expression import (
    BarField,
    BarsSince,
    Compare,
    Const,
    Ema,
    Lag,
    Node,
    Occurrence,
    OnFrame,
    Over,
    SessionValue,
    ToReal,
    Window,
)
from engine.columns.evaluate import evaluate
from engine.columns.need import SHORT, first_needed, is_short, reach
from tests.support.bars import MONDAY, bars_from_rows
from tests.support.expressions import frame_over, frames, nodes, part_of

if TYPE_CHECKING:
    from engine.columns.frame import Frame

CLOSE = BarField("close")


@pytest.mark.law
@given(frames(40), nodes())
def test_the_next_bar_on_what_is_needed_says_what_it_says_on_the_whole(
    frame: Frame, node: Node
) -> None:
    whole = evaluate(node, frame)

    for bars in range(len(frame)):
        first = first_needed(node, part_of(frame, 0, bars))
        kept = evaluate(node, part_of(frame, first, bars + 1))
        np.testing.assert_array_equal(kept[-1], whole[bars])


@pytest.mark.law
@given(frames(40), nodes(), nodes())
def test_a_session_that_drops_what_it_does_not_need_bar_after_bar_misses_nothing(
    frame: Frame, one: Node, other: Node
) -> None:
    """Two nodes at once: the tail that is kept is longer than one of them asked for."""
    first, kept = 0, []
    for row in range(len(frame)):
        tail = part_of(frame, first, row + 1)
        kept.append([evaluate(node, tail)[-1] for node in (one, other)])
        first += min(first_needed(node, tail) for node in (one, other))

    for said, node in zip(zip(*kept, strict=True), (one, other), strict=True):
        np.testing.assert_array_equal(said, evaluate(node, frame))


@pytest.mark.law
@given(frames(50), nodes(), st.data())
def test_older_bars_change_nothing_from_the_first_row_that_is_not_short(
    frame: Frame, node: Node, data: st.DataObject
) -> None:
    begun = data.draw(st.integers(0, len(frame) - 1))
    late = part_of(frame, begun, len(frame))
    enough = next((r for r in range(len(late)) if reach(node, late, r) != SHORT), len(late))

    np.testing.assert_array_equal(
        evaluate(node, late)[enough:], evaluate(node, frame)[begun + enough :]
    )


# --- how little is enough -------------------------------------------------------------------


def two_dates(bars: int = 30) -> Frame:
    """Bars from noon on Monday and on Tuesday, closes rising from 0."""
    minutes = [MONDAY + day * 1440 + 720 + i for day in (0, 1) for i in range(bars)]
    return frame_over(bars_from_rows([(m, i, i, i, i, 1) for i, m in enumerate(minutes)]))


def over(bars: int, *, across: bool, where: Node | None = None) -> Over:
    return Over(Const(bars), before=False, where=where, across=across)


@pytest.mark.parametrize(
    ("node", "row"),
    [
        (CLOSE, 60),
        (Lag(CLOSE, Const(4), across=False), 56),
        (Lag(CLOSE, Const(40), across=False), 30),
        (Lag(CLOSE, Const(40), across=True), 20),
        (Window("highest", CLOSE, over(7, across=False)), 54),
        (Window("highest", Lag(CLOSE, Const(2), across=True), over(7, across=True)), 52),
        (
            Window("sum", CLOSE, over(2, across=True, where=Compare("<", CLOSE, Const(10)))),
            8,
        ),
        (BarsSince(Compare("==", CLOSE, Const(44)), across=False), 44),
        (Ema(ToReal(CLOSE, 1), Const(3), None), 30),
        (SessionValue("lunch", "high", Occurrence.FINAL), 30),
        (SessionValue("lunch", "high", Occurrence.PREVIOUS), 0),
        (OnFrame(CLOSE, 5, None, across=False), 55),
        (OnFrame(Lag(CLOSE, Const(2), across=False), 5, None, across=False), 45),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Node) else str(value),
)
def test_no_more_is_kept_than_may_matter(node: Node, row: int) -> None:
    frame = two_dates()

    assert first_needed(node, frame) == row
    assert not is_short(node, frame)


@pytest.mark.parametrize(
    "node",
    [
        Lag(CLOSE, Const(61), across=True),
        Window("sum", CLOSE, over(2, across=True, where=Compare("<", CLOSE, Const(1)))),
        BarsSince(Compare("<", CLOSE, Const(0)), across=True),
        SessionValue("night", "high", Occurrence.PREVIOUS),
        OnFrame(Lag(CLOSE, Const(15), across=True), 5, None, across=True),
    ],
    ids=lambda node: type(node).__name__,
)
def test_a_history_that_does_not_reach_back_is_short(node: Node) -> None:
    assert is_short(node, two_dates())
    assert first_needed(node, two_dates()) == 0


def test_the_first_date_may_have_begun_before_the_market() -> None:
    ema = Ema(ToReal(CLOSE, 1), Const(3), None)
    frame = two_dates()

    assert is_short(ema, part_of(frame, 5, 30))
    assert not is_short(ema, part_of(frame, 5, 31))


def test_a_session_that_began_before_the_market_is_short_on_its_date() -> None:
    frame = two_dates()
    final = SessionValue("lunch", "high", Occurrence.FINAL)

    assert not is_short(final, frame)
    assert not is_short(final, part_of(frame, 0, 30))  # the market begins with the session
    assert is_short(final, part_of(frame, 1, 30))
    assert not is_short(final, part_of(frame, 1, 31))
    assert is_short(SessionValue("lunch", "high", Occurrence.PREVIOUS), part_of(frame, 1, 31))


def test_without_bars_only_what_looks_back_is_short() -> None:
    nothing = part_of(two_dates(), 0, 0)

    assert not is_short(Compare("<", CLOSE, BarField("open")), nothing)
    assert is_short(Lag(CLOSE, Const(1), across=True), nothing)
    assert is_short(SessionValue("lunch", "high", Occurrence.FINAL), nothing)


def test_a_row_of_the_market_can_be_asked_about_too() -> None:
    frame = replace(two_dates(), row=100)

    assert reach(Lag(CLOSE, Const(4), across=False), frame, 50) == 46
    assert reach(Lag(CLOSE, Const(4), across=True), frame, 3) == SHORT
