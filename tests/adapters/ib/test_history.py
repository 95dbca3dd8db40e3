"""History requests: how far back, how often, and what their errors mean."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ib.contracts import Roll, chosen
from adapters.ib.history import (
    Trouble,
    bar_of,
    before,
    between,
    enough_for,
    instant,
    ticks_of,
    trouble_of,
)
from adapters.ib.pacing import UNLIMITED, Limits, Pacer
from adapters.ib.port import Bar, DataRefused, RequestRefused
from adapters.instruments import instrument
from dsl.ir.program import History
from tests.adapters.ib.test_contracts import MONTHS, NQ
from tests.support.bars import minute_of

CONTRACT = chosen(NQ, MONTHS, date(2026, 1, 6), Roll())


@pytest.mark.parametrize(
    ("code", "text", "trouble"),
    [
        (162, "Historical Market Data Service error message:HMDS query returned no data",
         Trouble.NOTHING),
        (162, "Historical Market Data Service error message:pacing violation", Trouble.PACING),
        (162, "Historical data farm is disconnected", Trouble.DOWN),
        (162, "API historical data query cancelled: 7", Trouble.DOWN),
        (162, "No market data permissions for CME FUT", Trouble.REFUSED),
        (354, "Requested market data is not subscribed.", Trouble.REFUSED),
        (366, "No historical data query found", Trouble.DOWN),
    ],
)  # fmt: skip
def test_an_error_of_history_means_what_its_words_say(
    code: int, text: str, trouble: Trouble
) -> None:
    assert trouble_of(RequestRefused(code, text)) is trouble


def test_requests_stay_within_what_one_may_bring() -> None:
    noon = minute_of("2026-01-06 12:00")
    assert instant(noon) == "20260106-12:00:00"
    assert before(CONTRACT, 1, None).duration == "1 D"
    assert before(CONTRACT, 5, noon).duration == "1 W"
    assert before(CONTRACT, 60, noon).duration == "1 M"
    hole = between(CONTRACT, 1, noon - 3, noon)
    assert (hole.end, hole.duration, hole.size) == ("20260106-12:00:00", "300 S", "1 min")
    assert between(CONTRACT, 1, noon - 10_000, noon).duration == "1 D"
    assert between(CONTRACT, 5, noon - 100_000, noon).duration == "7 D"
    with pytest.raises(DataRefused, match="no bars of 7 minutes"):
        before(CONTRACT, 7, None)


def told(**changes: object) -> SimpleNamespace:
    """A bar as a library decodes it."""
    whole = {"date": "1767700800", "open": 25000.25, "high": 25001.0, "low": 24999.75,
             "close": 25000.5, "volume": 12.0}  # fmt: skip
    return SimpleNamespace(**{**whole, **changes})


def test_a_bar_is_counted_in_ticks() -> None:
    assert bar_of(CONTRACT, told()) == Bar(29_461_680, 100_001, 100_004, 99_999, 100_002, 12)
    assert bar_of(CONTRACT, told(volume=-1.0)).volume == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"close": 25000.3}, {"high": 24000.0}, {"low": 25000.75}, {"open": float("nan")},
        {"date": "20260106 12:00:00"}, {"volume": float("inf")},
    ],
)  # fmt: skip
def test_what_cannot_be_a_bar_is_none(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, OverflowError)):
        bar_of(CONTRACT, told(**changes))


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 2), st.integers(1, 3)), max_size=120))
def test_requests_are_always_below_the_limits_of_ib(
    wishes: list[tuple[float, int, int]],
) -> None:
    clock = [0.0]
    made: list[tuple[float, int, int]] = []

    async def work() -> None:
        pacer = Pacer(Limits(), lambda: clock[0])
        for pause, contract, request in wishes:
            clock[0] += pause
            while (seconds := pacer.wait(contract, (contract, request))) > 0:
                clock[0] += seconds + 1e-6
            pacer.note(contract, (contract, request))
            made.append((clock[0], contract, request))

    asyncio.run(work())
    for at, contract, request in made:
        assert sum(at - 600 < other <= at for other, *_ in made) <= 60
        same = [other for other, c, r in made if (c, r) == (contract, request) and other < at]
        assert not same or at - max(same) >= 15
        assert sum(at - 2 < other <= at and c == contract for other, c, _ in made) < 6


def test_a_simulated_gateway_has_no_limits() -> None:
    pacer = Pacer(UNLIMITED, lambda: 0.0)
    for _ in range(1000):
        assert pacer.wait(1, "same") == 0
        pacer.note(1, "same")


def test_prices_between_two_steps_are_rounded_only_for_middles() -> None:
    found = replace(
        MONTHS[0], kind="CASH", expires="", tick=Fraction(1, 100_000), multiplier=Fraction(1)
    )
    pair = chosen(instrument("EURUSD"), [found], date(2026, 1, 6), Roll())
    middle = told(open=1.100005, high=1.10002, low=1.1, close=1.10001, volume=-1.0)
    assert bar_of(pair, middle).open == 110_000
    assert bar_of(pair, middle).high == 110_002


@given(st.integers(-(10**7), 10**7), st.sampled_from(["NQ", "6E", "ZN", "6J", "USDJPY", "SI"]))
def test_every_price_of_a_grid_is_its_ticks_and_nothing_between_is(count: int, name: str) -> None:
    one = instrument(name)
    price = float(Decimal(count * one.tick.numerator) / Decimal(one.tick.denominator))
    assert ticks_of(one, price) == count
    between = float(Fraction(2 * count + 1, 2) * one.tick)
    with pytest.raises(ValueError, match="not on its grid"):
        ticks_of(one, between)
    assert abs(ticks_of(one, between, rounds=True) - count) <= 1


@pytest.mark.parametrize(
    ("bars", "dates", "there", "is_enough"),
    [(10, 0, 10, True), (10, 0, 9, False), (0, 2, 30, False), (0, 2, 45, False), (0, 2, 46, True)],
)
def test_warm_up_is_over_when_the_program_has_what_it_needs(
    bars: int, dates: int, there: int, *, is_enough: bool
) -> None:
    needs = History(bars, dates, unbounded=False)
    enough = enough_for(needs, lambda minute: minute // 15)
    some = [Bar(minute, 1, 1, 1, 1, 1) for minute in range(105, 105 + there)]
    assert enough(some) is is_enough
