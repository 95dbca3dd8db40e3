"""Fills, exits and limits on bars small enough to follow by eye; the simulator's edges."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from dsl.ir.program import Anchor, DayRule, SessionRule
from engine.domain.dates import days_of, occurrences_of
from engine.execution import state as at
from engine.execution.intents import intents_of_rows, no_intents, together
from engine.execution.rules import rules_of
from engine.execution.simulation import MoneyOverflowError, Simulator, dates_of
from engine.execution.trades import trades_of
from tests.support.bars import bars_from_closes, minute_of
from tests.support.calendars import FixedHours
from tests.support.desk import Scene, kept, log_of
from tests.support.plain_simulator import Bar, Plan, Setup

ONE = [Fraction(1)]


def scene(bars: list[tuple[int, int, int, int]], *setups: Setup, **plan: Any) -> Scene:
    """Bars of one date, traded with one contract of 5 USD a tick unless said otherwise."""
    facts = Plan(Fraction(5), Fraction(50_000), **{"shares": ONE, "leaves": False, **plan})
    return Scene(facts, [Bar(*bar, date=0) for bar in bars], list(setups))


def story(scene: Scene) -> list[str]:
    """The records in words."""
    rules = rules_of(scene.program, scene.terms)
    simulator = Simulator(rules, compiled=False)
    records = simulator.run(scene.market, scene.dates, scene.intents, scene.paths)
    told = []
    for row, kind, _, reason, price, contracts, amount in log_of(records, scene.program, rules):
        words = [f"{row} {kind}", reason, str(price) if price else ""]
        words += [f"x{contracts}" if contracts else "", f"= {amount}" if amount else ""]
        told.append(" ".join(word for word in words if word))
    return told


def short(row: int = 0, stop: int = 110, *targets: int, price: int = 100) -> Setup:
    return Setup(row, "short", 100, price, stop, list(targets) or [90], None)


FLAT = (100, 100, 100, 100)


def test_a_market_entry_fills_at_the_next_open_and_its_bar_is_tested_already() -> None:
    assert story(scene([FLAT, (101, 103, 89, 95)], short())) == [
        "0 intent 100 x1",
        "1 fill 101 x1",
        "1 exit target 0 90 x1 = 55",
        "1 closed target 0 x1 = 55",
    ]


def test_a_bar_that_holds_stop_and_target_is_a_loss_unless_the_terms_say_otherwise() -> None:
    both = [FLAT, FLAT, (100, 111, 89, 100)]
    assert "2 exit stop 110 x1 = -50" in story(scene(both, short()))
    assert "2 exit target 0 90 x1 = 50" in story(scene(both, short(), stop_first=False))


def test_a_bar_that_opens_beyond_the_stop_or_the_target_is_left_at_its_open() -> None:
    above = [FLAT, FLAT, (115, 120, 80, 100)]
    assert "2 exit stop 115 x1 = -75" in story(scene(above, short()))
    below = [FLAT, FLAT, (85, 120, 80, 100)]
    assert "2 exit target 0 85 x1 = 75" in story(scene(below, short()))


def test_slippage_hurts_market_and_stop_fills_and_not_targets() -> None:
    told = story(scene([FLAT, FLAT, (100, 110, 100, 100)], short(), slippage=2))
    assert told[1:3] == ["1 fill 98 x1", "2 exit stop 112 x1 = -70"]
    told = story(scene([FLAT, FLAT, (100, 100, 90, 100)], short(), slippage=2))
    assert told[1:3] == ["1 fill 98 x1", "2 exit target 0 90 x1 = 40"]


def test_a_stop_or_a_reward_that_the_fill_has_passed_refuses_the_position() -> None:
    assert story(scene([FLAT, (110, 110, 110, 110)], short()))[1:] == [
        "1 refused fill_beyond_stop 110 x1"
    ]
    assert story(scene([FLAT, (90, 90, 90, 90)], short()))[1:] == ["1 refused rr_after_fill 90 x1"]
    assert story(scene([FLAT, FLAT], short(), rr_min=Fraction(2)))[1:] == [
        "1 refused rr_after_fill 100 x1"
    ]


def test_stop_entries_wait_for_their_level_as_long_as_they_are_valid() -> None:
    entry = short(0, 110, 80, price=95)
    bars = [FLAT, FLAT, (98, 98, 94, 96), (96, 96, 96, 96)]
    told = story(scene(bars, entry, order="stop", valid=3))
    assert told == ["0 intent 95 x1", "2 fill 95 x1"]
    assert story(scene(bars, entry, order="stop", valid=1))[1:] == [
        "1 cancelled entry_expired 95 x1"
    ]
    gapped = [FLAT, (93, 93, 93, 93)]
    assert story(scene(gapped, entry, order="stop"))[1:] == ["1 fill 93 x1"]


def test_a_limit_entry_inside_a_bar_does_not_take_what_may_have_come_before_it() -> None:
    entry = Setup(0, "long", 100, 95, 80, [105], None)
    dip = [FLAT, (100, 106, 94, 99)]
    assert story(scene(dip, entry, order="limit"))[1:] == ["1 fill 95 x1"]
    rise = [FLAT, (100, 106, 94, 105)]
    assert "1 exit target 0 105 x1 = 50" in story(scene(rise, entry, order="limit"))


def test_mistake_9_two_setups_of_one_bar_are_both_told_and_the_first_takes_the_place() -> None:
    told = story(scene([FLAT, FLAT], short(), short()))
    assert told == [
        "0 intent 100 x1",
        "0 intent 100 x1",
        "1 fill 100 x1",
        "1 refused position_open 100 x1",
    ]


def test_a_setup_that_completes_while_a_position_is_open_is_refused() -> None:
    told = story(scene([FLAT, FLAT, FLAT], short(), short(1)))
    assert told[2:] == ["1 intent 100", "1 refused position_open 100"]


def test_a_setup_on_the_bar_that_ends_the_position_is_free_to_enter() -> None:
    bars = [FLAT, FLAT, (100, 110, 100, 100), FLAT]
    told = story(scene(bars, short(), short(2)))
    assert told[-2:] == ["2 intent 100 x1", "3 fill 100 x1"]


def test_contracts_go_to_targets_by_share_and_what_is_left_to_the_last() -> None:
    bars = [FLAT, FLAT, (100, 100, 85, 88), (88, 88, 70, 70)]
    shares = [Fraction(1, 3), Fraction(1, 3), Fraction(333_334, 1_000_000)]
    shares = [Fraction(int(share * 1_000_000), 1_000_000) for share in shares]
    told = story(scene(bars, short(0, 110, 90, 85, 75), shares=shares, contracts=5))
    assert told[2:5] == [
        "2 exit target 0 90 x1 = 50",
        "2 exit target 1 85 x1 = 75",
        "3 exit target 2 75 x3 = 375",
    ]


def test_a_share_of_no_contract_is_skipped_but_moves_the_stop_all_the_same() -> None:
    bars = [FLAT, FLAT, (100, 100, 90, 92), (92, 100, 92, 92)]
    halves = [Fraction(1, 2), Fraction(1, 2)]
    told = story(scene(bars, short(0, 110, 90, 80), shares=halves, even_target=0))
    assert told[2:] == [
        "2 move break_even 100",
        "3 exit stop 100 x1",
        "3 closed stop x1",
    ]


def test_a_trailing_stop_follows_and_never_goes_back() -> None:
    run = scene([FLAT, *[(95, 95, 95, 95)] * 4], short(), trails=True)
    for bar, price in zip(run.bars, (108, 105, None, 107, 103), strict=True):
        bar.trail = {"short": price}
    assert story(run)[2:] == ["1 move trail 105", "4 move trail 103"]


def test_time_and_conditions_leave_at_the_next_open() -> None:
    bars = [FLAT, FLAT, FLAT, (97, 97, 97, 97)]
    assert "3 exit time 97 x1 = 15" in story(scene(bars, short(), after=2))
    run = scene(bars, short(), leaves=True)
    run.bars[2].leave = {"short": 2}
    assert "3 exit when 1 97 x1 = 15" in story(run)


def test_positions_end_with_the_session_or_at_the_first_open_after_it() -> None:
    run = scene([FLAT, FLAT, (99, 99, 98, 98), (97, 97, 97, 97)], short(), flattens=True)
    run.bars[2].closing, run.bars[3].over = True, True
    assert "2 exit session_end 98 x1 = 10" in story(run)
    run.bars[2].closing = False
    assert "3 exit session_end 97 x1 = 15" in story(run)


def test_a_setup_of_the_sessions_last_bar_is_refused_and_its_late_fill_cancelled() -> None:
    run = scene([FLAT, FLAT], short(), flattens=True)
    run.bars[0].closing, run.bars[1].over = True, True
    assert story(run) == ["0 intent 100", "0 refused session_over 100"]
    run.bars[0].closing = False
    assert story(run) == ["0 intent 100 x1", "1 cancelled session_over 100 x1"]


LOSS = [FLAT, (100, 110, 100, 100)]


def test_a_drawdown_latches_until_a_person_clears_it() -> None:
    run = scene([*LOSS, FLAT, FLAT], short(), short(2), stop_at=Fraction(1, 1000))
    assert story(run)[-3:] == [
        "1 latch drawdown_latch = 49950",
        "2 intent 100",
        "2 refused drawdown_latch 100",
    ]
    simulator = Simulator(rules_of(run.program, run.terms), compiled=False)
    simulator.run(run.market, run.dates, run.intents, run.paths, stop=2)
    assert simulator.account.latched
    cleared = Simulator(simulator.rules, simulator.account.unlatched(), compiled=False)
    records = cleared.run(run.market, run.dates, run.intents, run.paths)
    assert "fill" in [entry[1] for entry in log_of(records, run.program, cleared.rules)]


def test_the_drawdown_is_counted_from_the_peak_not_from_the_start() -> None:
    bars = [FLAT, (100, 100, 80, 100), FLAT, (100, 115, 100, 100)]
    run = scene(bars, short(0, 110, 80), short(2, 115, 80), stop_at=Fraction(1, 1000))
    assert story(run)[-2:] == ["3 closed stop x1 = -75", "3 latch drawdown_latch = 50025"]


def test_a_reduced_risk_is_restored_with_the_equity() -> None:
    bars = [*LOSS, FLAT, (100, 100, 80, 80)]
    run = scene(bars, short(), short(2, 110, 85), reduce_at=Fraction(1, 1000))
    assert [line for line in story(run) if "re" in line.split()[1]] == [
        "1 reduced = 49950",
        "3 restored = 50025",
    ]


def test_the_daily_loss_refuses_until_the_next_date() -> None:
    run = scene([*LOSS, FLAT, FLAT], short(), short(1), short(2), daily_loss=Fraction(1, 1000))
    run.bars[2].date = run.bars[3].date = 1
    told = story(run)
    assert "1 refused daily_loss 100" in told
    assert told[-1] == "3 fill 100 x1"


def test_several_positions_may_be_held_and_leave_one_by_one() -> None:
    bars = [FLAT, FLAT, (100, 105, 100, 100), FLAT]
    told = story(scene(bars, short(), short(0, 105), short(1), positions=2))
    assert told[2:] == [
        "1 fill 100 x1",
        "1 fill 100 x1",
        "1 intent 100",
        "1 refused position_open 100",
        "2 exit stop 105 x1 = -25",
        "2 closed stop x1 = -25",
    ]


@pytest.mark.parametrize(
    ("limit", "reason"), [("stop_at", "drawdown_latch"), ("daily_loss", "daily_loss")]
)
def test_an_entry_that_waited_through_a_loss_is_asked_again_on_its_fill(
    limit: str, reason: str
) -> None:
    bars = [FLAT, (100, 110, 99, 108), (108, 108, 94, 94)]
    near, far = short(0, 110, 80, price=99), short(0, 110, 80, price=95)
    plan: dict[str, Any] = {"order": "stop", "valid": 5, "positions": 2, limit: Fraction(1, 1000)}
    assert story(scene(bars, near, far, **plan))[-1] == f"2 refused {reason} 95 x1"


def test_excursions_commission_and_mean_exit_are_in_the_trades() -> None:
    bars = [FLAT, (100, 104, 98, 100), (100, 100, 90, 92), (92, 95, 80, 80)]
    halves = [Fraction(1, 2)] * 2
    run = scene(bars, short(0, 110, 90, 80), shares=halves, contracts=3, commission=Fraction(1, 2))
    simulator = Simulator(rules_of(run.program, run.terms))
    trades = trades_of(simulator.run(run.market, run.dates, run.intents, run.paths))
    assert len(trades) == 1
    assert trades.exit_price(0) == Fraction(90 + 2 * 80, 3)
    assert (trades.mae[0], trades.mfe[0], trades.risk_ticks[0]) == (4, 20, 10)
    assert simulator.rules.money.amount(trades.commission[0]) == 3
    assert simulator.rules.money.amount(trades.gross[0]) == (10 + 2 * 20) * 5
    assert trades.equity_after[0] == simulator.account.equity


def test_mistake_4_a_trade_of_a_later_date_is_simulated_on_that_date() -> None:
    """Rows number the whole frame, never a day: the second date's setup meets its own bars."""
    bars = [FLAT, (100, 100, 90, 90), (200, 200, 200, 200), (200, 200, 190, 190)]
    run = scene(bars, Setup(2, "short", 200, 200, 210, [190], None))
    run.bars[2].date = run.bars[3].date = 1
    assert story(run)[1:3] == ["3 fill 200 x1", "3 exit target 0 190 x1 = 50"]


def test_the_flat_by_clock_does_not_look_at_later_bars() -> None:
    """A session's last row is known by its minute; without that bar it ends at the next open."""
    first = minute_of("2026-01-05 14:00")
    rule = SessionRule("s", Anchor(840, zone="UTC"), Anchor(845, zone="UTC"))
    for missing, closing, over in ((0, 4, 5), (1, -1, 4)):
        market = bars_from_closes([100] * 8, first=first)
        keep = np.array([index != 4 or not missing for index in range(8)])
        market = kept(market, keep)
        days = days_of(market, DayRule())
        whole = occurrences_of(market, days, rule, FixedHours())
        dates = dates_of(market, days, whole)
        assert (dates.closing.tolist(), dates.over.tolist()) == ([closing], [over])
        cut = market.rows(0, 4)
        part = dates_of(
            cut,
            days_of(cut, DayRule()),
            occurrences_of(cut, days_of(cut, DayRule()), rule, FixedHours()),
        )
        assert part.closing.tolist() == [-1]


def test_without_the_session_a_date_takes_no_positions() -> None:
    market = bars_from_closes([100] * 3, first=minute_of("2026-01-05 14:00"))
    days = days_of(market, DayRule())
    rule = SessionRule("s", Anchor(0, zone="UTC"), Anchor(60, zone="UTC"), weekdays=(2,))
    dates = dates_of(market, days, occurrences_of(market, days, rule, FixedHours()))
    assert (dates.closing.tolist(), dates.over.tolist()) == ([-1], [0])
    never = dates_of(market, days, None)
    assert not never.flattens


def test_intents_of_rows_already_simulated_are_refused() -> None:
    run = scene([FLAT] * 3, short())
    simulator = Simulator(rules_of(run.program, run.terms), compiled=False)
    simulator.run(run.market, run.dates, no_intents(1), run.paths)
    with pytest.raises(ValueError, match="decided on row 0, but rows up to 2 are simulated"):
        simulator.run(run.market, run.dates, run.intents)


def test_columns_that_end_too_early_are_refused() -> None:
    run = scene([FLAT] * 3, short(), leaves=True)
    simulator = Simulator(rules_of(run.program, run.terms), compiled=False)
    with pytest.raises(ValueError, match=r"paths\.leave cover 0 rows, but 3 are to be simulated"):
        simulator.run(run.market, run.dates, run.intents)
    early = replace(run.dates, start=np.array([0, 2]))
    with pytest.raises(ValueError, match="trading dates cover 2 rows"):
        simulator.run(run.market, early, run.intents, run.paths)


def test_an_account_that_outgrows_its_unit_stops_the_run() -> None:
    run = scene([FLAT, (100, 100, 90, 90)], short())
    simulator = Simulator(rules_of(run.program, run.terms), compiled=False)
    simulator.account.book[at.CASH] = at.MONEY_LIMIT
    with pytest.raises(MoneyOverflowError, match="at bar 1: lower risk"):
        simulator.run(run.market, run.dates, run.intents, run.paths)


def test_records_that_outgrow_their_room_go_on_in_the_next() -> None:
    bars = [FLAT, *[(100, 100, 100, 100)] * 9_000]
    run = scene(bars, Setup(0, "long", 100, 100, 1, [200], None), trails=True)
    for row, bar in enumerate(run.bars):
        bar.trail = {"long": None if row < 2 else 2 + row // 100}
    setups = [replace(run.setups[0], row=row) for row in range(9_000)]
    crowded = replace(run, setups=setups)
    told = story(crowded)
    assert len(told) > 18_000
    assert sum("refused position_open" in line for line in told) > 8_000


def test_intents_are_ordered_by_row_then_age_then_side() -> None:
    rows = [(5, 1, 2), (5, 0, 2), (4, 1, 3), (5, 1, 1)]
    made = intents_of_rows([(*row, 0, 1, 9, 9, 8, 0, 7, 0.5) for row in rows], 1)
    order = [(4, 1, 3), (5, 1, 1), (5, 0, 2), (5, 1, 2)]
    assert list(zip(made.row, made.side, made.started, strict=True)) == order
    again = together([made.first(2), intents_of_rows([(5, 0, 2, 0, 1, 9, 9, 8, 0, 7, 0.5)], 1)])
    assert list(zip(again.row, again.side, again.started, strict=True)) == order[:3]
    assert len(no_intents(2)) == 0
