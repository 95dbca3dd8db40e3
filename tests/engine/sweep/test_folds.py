"""Walk-forward windows."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from dsl.ir.program import History
from engine.domain.calendar import Days
from engine.sweep.folds import (
    NO_HISTORY,
    Fold,
    FoldError,
    Length,
    Unit,
    folds_of,
    ready,
    spans_of,
    whole,
)

EPOCH = date(1970, 1, 1)


def days_from(
    first: date, count: int, bars: int = 10, *, missing: frozenset[date] = frozenset()
) -> Days:
    """Weekdays from a date on, with so many bars each."""
    dates: list[int] = []
    day = first
    while len(dates) < count:
        if day.weekday() < 5 and day not in missing:
            dates.append((day - EPOCH).days)
        day += timedelta(1)
    return Days(np.array(dates, np.int64), bars * np.arange(count + 1))


def told(days: Days, fold: Fold) -> tuple[str, str, str, str]:
    """The dates of a fold."""
    found = (
        fold.train.first_date,
        fold.train.last_date,
        fold.test.first_date,
        fold.test.last_date,
    )
    return tuple(str(np.datetime64(one, "D")) for one in found)  # type: ignore[return-value]


LENGTHS = st.builds(
    Length,
    st.integers(1, 12),
    st.sampled_from([Unit.DATES, Unit.WEEKS, Unit.MONTHS]),
).filter(lambda length: length.unit is not Unit.DATES or length.count > 1)


@given(
    first=st.dates(date(2015, 1, 1), date(2024, 12, 31)),
    count=st.integers(2, 700),
    train=LENGTHS,
    test=LENGTHS,
    step=st.none() | LENGTHS,
    history=st.builds(History, st.integers(0, 300), st.integers(0, 2), st.just(value=False)),
    anchored=st.booleans(),
)
def test_folds_are_whole_dates_in_order_and_never_before_the_history(
    first: date,
    count: int,
    train: Length,
    test: Length,
    step: Length | None,
    history: History,
    *,
    anchored: bool,
) -> None:
    days = days_from(first, count)
    try:
        folds = folds_of(days, train, test, step, anchored=anchored, history=history)
    except FoldError:
        assume(False)
        raise
    begins = ready(days, history)
    assert days.start[begins] >= history.bars
    assert folds[0].train.first_row == days.start[begins]
    edges = set(days.start.tolist())
    for fold in folds:
        assert fold.train.stop_row == fold.test.first_row
        assert fold.train.last_date < fold.test.first_date
        assert {fold.train.first_row, fold.test.first_row, fold.test.stop_row} <= edges
        if anchored:
            assert fold.train.first_row == folds[0].train.first_row
    for before, after in pairwise(folds):
        assert before.test.first_row < after.test.first_row
        if step is None:
            assert before.test.stop_row == after.test.first_row  # every date is tested once
    spans = spans_of(folds)
    assert [span.name for span in spans[:2]] == ["fold 1 train", "fold 1 test"]
    assert len({span.name for span in spans}) == len(spans) == 2 * len(folds)


def test_months_are_calendar_months() -> None:
    days = days_from(date(2024, 1, 1), 262)  # to the end of the year
    folds = folds_of(days, Length.of("6mo"), Length.of("1mo"))
    assert [told(days, fold) for fold in folds] == [
        ("2024-01-01", "2024-06-28", "2024-07-01", "2024-07-31"),
        ("2024-02-01", "2024-07-31", "2024-08-01", "2024-08-30"),
        ("2024-03-01", "2024-08-30", "2024-09-02", "2024-09-30"),
        ("2024-04-01", "2024-09-30", "2024-10-01", "2024-10-31"),
        ("2024-05-01", "2024-10-31", "2024-11-01", "2024-11-29"),
        ("2024-06-03", "2024-11-29", "2024-12-02", "2024-12-31"),
    ]


def test_a_month_from_the_last_of_january_ends_with_february_and_then_with_march() -> None:
    days = days_from(date(2025, 1, 31), 120)
    folds = folds_of(days, Length.of("1mo"), Length.of("1mo"))
    assert [fold[2] for fold in (told(days, one) for one in folds[:3])] == [
        "2025-02-28",
        "2025-03-31",
        "2025-04-30",
    ]


def test_an_anchored_train_window_grows() -> None:
    days = days_from(date(2024, 1, 1), 262)
    folds = folds_of(days, Length.of("6mo"), Length.of("2mo"), anchored=True)
    assert [told(days, fold)[:2] for fold in folds] == [
        ("2024-01-01", "2024-06-28"),
        ("2024-01-01", "2024-08-30"),
        ("2024-01-01", "2024-10-31"),
    ]


def test_d_counts_the_dates_that_have_bars() -> None:
    days = days_from(date(2024, 1, 1), 21, missing=frozenset({date(2024, 1, 3)}))
    folds = folds_of(days, Length.of("10d"), Length.of("5d"), step=Length.of("3d"))
    assert [(f.train.first_row, f.test.first_row, f.test.stop_row) for f in folds] == [
        (0, 100, 150),
        (30, 130, 180),
        (60, 160, 210),
    ]


def test_the_first_window_begins_after_the_history() -> None:
    days = days_from(date(2024, 1, 1), 60)
    bars = History(95, 0, unbounded=False)
    dates = History(0, 1, unbounded=True)
    tens = Length.of("10d"), Length.of("5d")
    assert folds_of(days, *tens, history=bars)[0].train.first_row == 100
    assert folds_of(days, *tens, history=dates)[0].train.first_row == 20
    assert folds_of(days, *tens, history=NO_HISTORY)[0].train.first_row == 0


def test_a_weekend_at_the_end_belongs_to_the_last_window_but_a_missing_week_does_not() -> None:
    days = days_from(date(2024, 4, 1), 43)  # to Wednesday, May 29: Thursday and Friday are missing
    months = Length.of("1mo"), Length.of("1mo")
    assert told(days, folds_of(days, *months)[0])[3] == "2024-05-29"
    with pytest.raises(FoldError, match="does not fit once"):
        folds_of(days_from(date(2024, 4, 1), 40), *months)


@pytest.mark.parametrize(
    ("count", "train", "test", "history", "words"),
    [
        (60, "6mo", "1mo", NO_HISTORY, r"train=6mo,test=1mo does not fit once .*.60 of them"),
        (60, "10d", "1d", NO_HISTORY, r"fold 1 test \(1 trading date, .*\) holds 1 trading date"),
        (20, "2d", "2d", History(500, 0, unbounded=False), "needs 500 bars .* hold 200 bars on 20"),
        (1, "2d", "2d", History(0, 1, unbounded=False), "1 whole trading dates of history"),
    ],
)
def test_a_window_that_cannot_be_is_an_error_with_words(
    count: int, train: str, test: str, history: History, words: str
) -> None:
    days = days_from(date(2024, 1, 1), count)
    with pytest.raises(FoldError, match=words):
        folds_of(days, Length.of(train), Length.of(test), history=history)


def test_a_hole_in_the_data_is_named() -> None:
    march = frozenset(date(2024, 3, 1) + timedelta(n) for n in range(31))
    days = days_from(date(2024, 1, 1), 120, missing=march)
    with pytest.raises(FoldError, match="fold 1 test holds no trading date: there is a hole"):
        folds_of(days, Length.of("2mo"), Length.of("1mo"))


@pytest.mark.parametrize("text", ["", "6", "mo", "0d", "6 m", "-1d", "1.5mo", "123456d"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(FoldError, match="is no length: write 10d"):
        Length.of(text)


def test_lengths_are_read_as_they_are_written() -> None:
    assert [str(Length.of(text)) for text in ("10d", " 8w", "6 mo", "1y")] == [
        "10d",
        "8w",
        "6mo",
        "1y",
    ]
    assert [Length.of(text).words for text in ("1d", "2y")] == ["1 trading date", "2 years"]


def test_all_the_data_is_a_span_and_none_is_an_error() -> None:
    days = days_from(date(2024, 1, 1), 3)
    assert (whole(days).first_row, whole(days).stop_row) == (0, 30)
    with pytest.raises(FoldError, match="no bars"):
        whole(Days(np.empty(0, np.int64), np.zeros(1, np.int64)))
