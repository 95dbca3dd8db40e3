"""How much history a strategy says it needs."""

from __future__ import annotations

import pytest

from adapters.instruments import INSTRUMENTS
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from dsl.ir.program import History

SPEC = """\
lang: 1
strategy: s
instrument: ES
bars: {{size: {size}}}
params:
  n: {{short: 10 bars, long: 24 bars}}
series:
  x: {{is: "{series}", on: {on}}}
when: {{known: known(x)}}
stop: high + 1 pt
target: low - 1 pt
{more}
"""


def history(series: str, on: str = "1 min", size: str = "1 min", more: str = "") -> History:
    text = SPEC.format(series=series, on=on, size=size, more=more)
    made = compile_strategy("s.yaml", text.encode(), Surroundings(instruments=INSTRUMENTS))
    assert made.program is not None, made.findings
    return made.program.history


@pytest.mark.parametrize(
    ("series", "bars"),
    [
        ("highest(high, 20 bars)", 0),
        ("highest(high, 20 bars across days)", 20),
        ("highest(high, 20 bars before across days)", 21),
        ("high[3 across days]", 3),
        ("high[n across days]", 24),
        ("mean(close, n across days)", 24),
        ("atr(14 bars across days)", 15),
    ],
)
def test_bars_across_dates_are_counted_a_parameter_with_its_larger_value(
    series: str, bars: int
) -> None:
    assert history(series) == History(bars, 0, unbounded=False)


def test_larger_bars_count_in_the_strategys_own_and_the_unfinished_one_with_them() -> None:
    assert history("mean(close, n across days)", on="60 min").bars == 24 * 60 + 59
    assert history("mean(close, n across days)", on="60 min", size="5 min").bars == 24 * 12 + 11
    assert history("mean(close, n)", on="60 min").bars == 0


def test_a_window_of_chosen_bars_has_no_bound() -> None:
    assert history("highest(high, 20 bars where close > open across days)").unbounded


def test_only_a_size_by_atr_needs_the_bars_of_an_atr() -> None:
    assert history("close", more="risk: {sizing: fixed_risk}").bars == 0
    assert history("close", more="risk: {sizing: atr}").bars == 15
