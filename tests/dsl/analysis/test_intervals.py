"""Bounds of values: what is known of prices, volumes, parameters, windows and means."""

from __future__ import annotations

from math import inf

import pytest

from dsl.analysis.intervals import INT_MAX, Bounds, Interval, defaults_of
from dsl.compiler import compile_strategy
from dsl.ir.program import Program, Side
from tests.support.wrong_specs import AROUND, VALID

BODY = "  body: abs(close - open)\n"
PRICE = 1 << 24
VOLUME = 100_000_000


def compiled(series: str, params: str = "") -> Program:
    text = VALID.replace(BODY, f"{BODY}  probe: {series}\n")
    text = text.replace("params:\n", f"params:\n{params}")
    text = text.replace("first_body: first.body", "probe: probe")
    program = compile_strategy("probe.yaml", text.encode(), AROUND).program
    assert program is not None
    return program


def bounds_of(series: str, params: str = "") -> Interval:
    program = compiled(series, params)
    return Bounds(program).of(program.features[0].node)


@pytest.mark.parametrize(
    ("series", "low", "high"),
    [
        ("close - open", -2 * PRICE, 2 * PRICE),
        ("body", 0, 2 * PRICE),
        ("highest(volume, 20 bars)", 0, VOLUME),
        ("sum(volume, 20 bars)", 0, 20 * VOLUME),
        ("sum(volume, since ny)", 0, 1500 * VOLUME),
        ("count(close > open, 20 bars)", 0, 20),
        ("max(0 pt, close - open)", 0, 2 * PRICE),
        ("min(body, 3 ticks)", 0, 3),
        ("5 ticks if close > open else 2 ticks", 2, 5),
        ("bars_since(close > open)", 0, 1 << 31),
        ("month", 1, 12),
        ("time", 0, 1439),
        ("volume[3]", 0, VOLUME),
        ("span * body", 0, 5_000_000 * 2 * PRICE),
    ],
)
def test_a_value_has_the_bounds_of_its_parts(series: str, low: int, high: int) -> None:
    params = "  span: {default: 2.0, range: 1.0 .. 5.0}\n" if "span" in series else ""

    assert bounds_of(series, params) == Interval(low, high)


@pytest.mark.parametrize(
    "series",
    ["vwap(since ny)", "mean(close, since ny)", "mean(close, 20 bars)", "ema(close, 20 bars)"],
)
def test_a_mean_lies_among_its_values(series: str) -> None:
    found = bounds_of(series)

    assert found.low == pytest.approx(-PRICE, rel=1e-6)
    assert found.high == pytest.approx(PRICE, rel=1e-6)


def test_a_quotient_is_bounded_by_the_least_that_divides_it() -> None:
    assert bounds_of("volume / volume[1]").high == pytest.approx(VOLUME, rel=1e-6)
    assert bounds_of("body / (high - low)").high == pytest.approx(2 * PRICE, rel=1e-6)


def test_nothing_is_known_of_a_quotient_by_a_difference_of_quotients() -> None:
    found = bounds_of("body / (body / (high - low) - volume / volume[1])")

    assert found == Interval(-inf, inf)


def test_at_the_defaults_a_parameter_is_its_value_but_a_switch_stays_free() -> None:
    program = compiled("body", "  flag: {default: off}\n  span: {short: 2 pt, long: 3 pt}\n")

    assert defaults_of(program, Side.SHORT)["span"] == Interval(8, 8)
    assert defaults_of(program, Side.LONG)["span"] == Interval(12, 12)
    assert defaults_of(program, Side.LONG)["flag"] == Interval(0, 1)


def test_what_does_not_fit_says_so() -> None:
    assert Interval(-INT_MAX, INT_MAX).fits
    assert not Interval(0, INT_MAX + 1).fits
    assert not Interval(-INT_MAX - 1, 0).fits  # stands for na
