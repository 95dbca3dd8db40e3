"""Known and described instruments."""

from __future__ import annotations

from fractions import Fraction

import pytest

from adapters.instruments import (
    INSTRUMENTS,
    BadInstrument,
    UnknownInstrument,
    described,
    description,
    instrument,
)


@pytest.mark.parametrize(
    ("symbol", "tick", "point", "value", "currency"),
    [
        ("NQ", "0.25", "1", "5", "USD"),
        ("MNQ", "0.25", "1", "0.5", "USD"),
        ("ES", "0.25", "1", "12.5", "USD"),
        ("GC", "0.1", "1", "10", "USD"),
        ("CL", "0.01", "1", "10", "USD"),
        ("6E", "0.00005", "0.0001", "6.25", "USD"),
        ("6B", "0.0001", "0.0001", "6.25", "USD"),
        ("6J", "0.0000005", "0.000001", "6.25", "USD"),
        ("ZN", "0.015625", "1", "15.625", "USD"),
        ("FDAX", "1", "1", "25", "EUR"),
        ("GBPUSD", "0.00001", "0.0001", "0.1", "USD"),
        ("USDJPY", "0.001", "0.01", "10", "JPY"),
        ("BTCPAIR", "0.00000001", "0.000001", "0.00000001", "BTC"),
    ],
)
def test_a_tick_is_worth_what_the_exchange_says(
    symbol: str, tick: str, point: str, value: str, currency: str
) -> None:
    known = instrument(symbol)
    assert (known.tick, known.point) == (Fraction(tick), Fraction(point))
    assert known.tick_value == Fraction(value)
    assert known.currency == currency


def test_a_name_is_found_in_small_letters_and_a_wrong_one_suggests() -> None:
    assert instrument("mnq") is INSTRUMENTS["MNQ"]
    with pytest.raises(UnknownInstrument, match="did you mean MNQ"):
        instrument("MNQQ")


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_a_description_describes_the_same_instrument(symbol: str) -> None:
    assert described(description(INSTRUMENTS[symbol])) == INSTRUMENTS[symbol]


def test_a_float_counts_as_its_decimal_text() -> None:
    made = described({"symbol": "X", "tick": 0.00005, "multiplier": 0.1, "currency": "USD"})
    assert (made.tick, made.multiplier) == (Fraction(1, 20_000), Fraction(1, 10))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tick": None}, "not a number"),
        ({"tick": "0"}, "above zero"),
        ({"tick": "-1"}, "not a number"),
        ({"tick": "nan"}, "not a number"),
        ({"tick": "1e999999999"}, "not a number"),
        ({"volume_max": "1.5"}, "whole"),
        ({"tik": "1"}, "did you mean tick"),
    ],
)
def test_a_description_that_describes_nothing_says_why(
    change: dict[str, object], words: str
) -> None:
    good = {"symbol": "X", "tick": "0.25", "multiplier": "1", "currency": "USD"}
    with pytest.raises(BadInstrument, match=words):
        described({**good, **change})
    with pytest.raises(BadInstrument, match="lacks tick"):
        described({key: value for key, value in good.items() if key != "tick"})
