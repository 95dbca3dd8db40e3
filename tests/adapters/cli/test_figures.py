"""Numbers as people read them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from adapters.cli.figures import (
    clock,
    counted,
    distance,
    lasting,
    money,
    number,
    price,
    share,
    utc,
    when,
)
from adapters.cli.screen import Table
from adapters.instruments import instrument
from adapters.moments import moment


@pytest.mark.parametrize(
    ("symbol", "ticks", "told"),
    [
        ("NQ", 102_372, "25,593.00"),
        ("NQ", 102_373, "25,593.25"),
        ("6E", 21_887, "1.09435"),
        ("ZB", 3_713, "116.03125"),
        ("YM", 40_000, "40,000"),
        ("BTCPAIR", -1, "-0.00000001"),
    ],
)
def test_prices_have_the_decimals_of_their_tick(symbol: str, ticks: int, told: str) -> None:
    assert price(ticks, instrument(symbol)) == told


def test_distances_are_in_points() -> None:
    assert distance(5, instrument("NQ")) == "1.25 pt"
    assert distance(123, instrument("EURUSD")) == "12.3 pt"


@pytest.mark.parametrize(
    ("value", "decimals", "told"),
    [
        (1234.5, 2, "1,234.50"),
        (Fraction(-1, 3), 2, "-0.33"),
        (-0.001, 2, "0.00"),
        (Decimal("999999.995"), 1, "1,000,000.0"),
        (0, 0, "0"),
    ],
)
def test_numbers_have_thousands_apart_and_no_minus_zero(
    value: float, decimals: int, told: str
) -> None:
    assert number(value, decimals) == told


def test_money_names_its_currency_and_a_gain_its_plus() -> None:
    assert money(Decimal("1234.5"), "USD") == "1,234.50 USD"
    assert money(Fraction(5), "EUR", sign=True) == "+5.00 EUR"
    assert money(Fraction(-5), "EUR", sign=True) == "-5.00 EUR"
    assert money(Fraction(1, 1000), "EUR", sign=True) == "0.00 EUR"


def test_times_are_on_the_clock_that_is_named() -> None:
    minute = moment("2026-01-06T15:31Z")
    assert when(minute, "America/New_York") == "2026-01-06 10:31"
    assert clock(minute, "Europe/Stockholm") == "16:31"
    assert utc(minute) == "2026-01-06T15:31:00Z"


def test_durations_and_counts_are_in_words() -> None:
    assert [lasting(m) for m in (5, 119, 125, 3000)] == [
        "5 min",
        "119 min",
        "2 h 05 min",
        "2 d 2 h",
    ]
    assert (counted(1, "trade"), counted(2000, "trade")) == ("1 trade", "2,000 trades")
    assert share(None) == "-"


def test_a_table_elsewhere_than_on_a_terminal_is_aligned() -> None:
    table = Table(("name", "count"), [("a", "1"), ("宽", "1,000")], frozenset({1}))
    assert list(table.lines()) == ["name  count", "a         1", "宽    1,000"]


def test_a_table_lets_nothing_steer_the_terminal() -> None:
    (_, row) = Table(("name",), [("\x1b[31mred",)]).lines()
    assert "\x1b" not in row
