"""Which contract is traded, and what stops one from being traded."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ib.contracts import Found, Roll, chosen, queries, spans
from adapters.ib.port import Span, UnknownContract
from adapters.instruments import described, instrument
from tests.support.bars import minute_of

NQ = instrument("NQ")
HOURS = "20260105:1700-20260106:1600;20260107:CLOSED;20260107:1700-20260108:1600"


def month(expiry: str, number: int = 1, **changes: Any) -> Found:
    """A month of NQ."""
    one = Found(
        number, "NQ", f"NQ{expiry}", "FUT", "CME", "USD", "NQ", Fraction(1, 4), Fraction(20),
        expiry, "US/Central", HOURS, HOURS,
    )  # fmt: skip
    return replace(one, **changes)


MONTHS = [month("20260619", 2), month("20260320", 1), month("20260918", 3)]


@pytest.mark.parametrize(
    ("today", "expires"),
    [
        ("2026-01-06", "20260320"),
        ("2026-03-11", "20260320"),
        ("2026-03-12", "20260619"),  # six business days before a Friday
        ("2026-03-20", "20260619"),
        ("2026-06-11", "20260918"),
    ],
)
def test_the_front_month_is_traded_until_six_business_days_before_it_expires(
    today: str, expires: str
) -> None:
    assert chosen(NQ, MONTHS, date.fromisoformat(today), Roll()).expires == expires


@given(st.dates(date(2026, 1, 1), date(2026, 9, 1)), st.integers(0, 30))
def test_a_contract_is_never_traded_on_or_after_its_roll_date(today: date, days: int) -> None:
    one = chosen(NQ, [*MONTHS, month("20261218", 4)], today, Roll(days))
    assert f"{today:%Y%m%d}" < one.rolls <= one.expires


def test_holidays_are_no_business_days() -> None:
    good_friday = date(2026, 4, 3)
    plain, aware = Roll(3), Roll(3, is_holiday=lambda day: day == good_friday)
    assert plain.day(date(2026, 4, 7)) == date(2026, 4, 2)
    assert aware.day(date(2026, 4, 7)) == date(2026, 4, 1)


def test_no_month_left_is_said() -> None:
    with pytest.raises(UnknownContract, match="last: 20260918"):
        chosen(NQ, MONTHS, date(2026, 9, 17), Roll())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"multiplier": Fraction(2)}, "the multiplier is 20 in the spec and 2 at IB"),
        ({"tick": Fraction(1, 2)}, r"the tick is 0.25 in the spec and 0.5 at IB"),
        ({"currency": "EUR"}, "the currency is USD in the spec and EUR at IB"),
        ({"expires": "soon"}, "an expiry that is no date"),
        ({"zone": "Mars/Olympus"}, "a time zone not known here"),
        ({"hours": "20260105:xx-yy"}, "hours that cannot be read"),
    ],
)
def test_a_contract_that_is_not_as_described_is_not_traded(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnknownContract, match=words):
        chosen(NQ, [month("20260320", **changes)], date(2026, 1, 6), Roll())


def test_months_of_several_classes_are_ambiguous() -> None:
    with pytest.raises(UnknownContract, match="may be of NQ, NQX"):
        chosen(NQ, [*MONTHS, month("20260116", trading_class="NQX")], date(2026, 1, 6), Roll())


def test_a_symbol_that_may_be_several_stocks_is_ambiguous() -> None:
    apple = described({"symbol": "AAPL", "tick": "0.01", "multiplier": 1, "currency": "USD"})
    one = month("", kind="STK", symbol="AAPL", local="AAPL", exchange="SMART",
                tick=Fraction(1, 100), multiplier=Fraction(1))  # fmt: skip
    assert chosen(apple, [one], date(2026, 1, 6), Roll()).expires == ""
    with pytest.raises(UnknownContract, match="name the exchange and the currency"):
        chosen(apple, [one, replace(one, number=2, exchange="MEXI")], date(2026, 1, 6), Roll())


def test_units_of_currency_are_counted_in_lots() -> None:
    pair = instrument("EURUSD")
    one = month("", kind="CASH", tick=Fraction(1, 100_000), multiplier=Fraction(1))
    assert chosen(pair, [one], date(2026, 1, 6), Roll()).lot == 10_000
    coarse = replace(one, tick=Fraction(1, 20_000))
    with pytest.raises(UnknownContract, match="whole multiples"):
        chosen(pair, [coarse], date(2026, 1, 6), Roll())


def test_futures_are_asked_for_by_the_names_ib_has_for_them() -> None:
    assert [one.symbol for one in queries(NQ)] == ["NQ"]
    euro = queries(instrument("6E"))
    assert [(one.symbol, one.trading_class) for one in euro] == [("EUR", "6E"), ("6E", "6E")]
    pair = queries(instrument("EURUSD"))[0]
    assert (pair.symbol, pair.kind, pair.currency, pair.exchange) == (
        "EUR", "CASH", "USD", "IDEALPRO",
    )  # fmt: skip
    assert queries(instrument("BTCUSD"))[0].symbol == "BTC"


def test_hours_are_read_on_the_clock_of_the_exchange() -> None:
    open_, shut = minute_of("2026-01-05 23:00"), minute_of("2026-01-06 22:00")
    assert spans(HOURS, "US/Central")[0] == Span(open_, shut)
    assert spans("20250526:0930-1200,1300-1600", "US/Eastern") == (
        Span(minute_of("2025-05-26 13:30"), minute_of("2025-05-26 16:00")),
        Span(minute_of("2025-05-26 17:00"), minute_of("2025-05-26 20:00")),
    )
    assert spans("", "") == ()


def test_the_market_is_shut_only_where_its_hours_are_told() -> None:
    one = chosen(NQ, [month("20260320")], date(2026, 1, 6), Roll())
    pause = minute_of("2026-01-06 22:00")
    assert one.closed_throughout(pause, pause + 60)
    assert not one.closed_throughout(pause - 1, pause + 60)
    assert not one.closed_throughout(pause + 10_000, pause + 10_060)
    assert one.is_open(pause - 1)
    assert not one.is_open(pause)
