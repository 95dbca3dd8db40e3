"""What smallest change would have helped: checked against whole runs with that change."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.cli.options import Choice
from adapters.cli.workbench import bench
from dsl.ir.program import Side
from engine.inquiry.rescue import MANY, deciding, rescue
from engine.journal.decisions import Decision
from engine.journal.lives import Life, lives_of
from engine.run import Run, Strategy, run_batch
from engine.sweep.plan import with_params

if TYPE_CHECKING:
    from engine.inquiry.rescue import Change

STRATEGIES = Path(__file__).parents[3] / "strategies"


@cache
def ran() -> Run:
    """The SLOB on a week of the sample."""
    made = bench(
        Choice(
            str(STRATEGIES / "slob_5_1.yaml"),
            first=date(2025, 12, 8),
            last=date(2025, 12, 12),
        )
    )
    return run_batch(Strategy(made.program), made.market, made.calendars, events=made.events)


def dead_of(run: Run) -> list[tuple[Side, Life]]:
    """Every dead candidate with its side."""
    return [
        (side, life)
        for side, made in run.decisions.items()
        for life in lives_of(made.rows)
        if life.end is Decision.DEAD
    ]


def whole_run_with(change: Change, side: Side, dead: Life, value: int) -> Life | None:
    """What becomes of the candidate in a run over all bars with another value."""
    run = ran()
    program = with_params(run.program, [f"{change.parameter.name}.{side.value}"], [value])
    again = run_batch(Strategy(program), run.market, run.schedule.calendars)
    lives = lives_of(again.decisions[side].rows)
    return next((life for life in lives if life.started == dead.started), None)


def is_further(life: Life | None, dead: Life) -> bool:
    """Whether it got past the stage the dead one ended in."""
    return life is not None and (life.end is Decision.ENTRY or life.stage > dead.stage)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.55, 0.8])
def test_a_whole_run_with_the_change_brings_the_candidate_further(share: float) -> None:
    run = ran()
    every = dead_of(run)
    side, dead = every[int(share * len(every))]
    found = rescue(run, side, lives_of(run.decisions[side].rows), dead)
    for change in found.further[:2]:
        life = whole_run_with(change, side, dead, change.value)
        assert life is not None
        assert is_further(life, dead)
        assert (life.end, life.stage) == (change.life.end, change.life.stage)
        step = change.parameter.step or 1
        nearer = change.value - step if change.value > change.was else change.value + step
        if nearer != change.was:
            assert not is_further(whole_run_with(change, side, dead, nearer), dead)


def test_what_completes_is_among_what_brings_further() -> None:
    run = ran()
    side, dead = next(one for one in dead_of(run) if one[1].stage == 2)
    found = rescue(run, side, lives_of(run.decisions[side].rows), dead)
    names = {change.parameter.name for change in found.further}
    assert {change.parameter.name for change in found.complete} <= names
    assert names.isdisjoint(found.helpless)
    assert all(change.life.end is Decision.ENTRY for change in found.complete)


def test_changes_come_smallest_first() -> None:
    run = ran()
    for side, dead in dead_of(run)[:3]:
        found = rescue(run, side, lives_of(run.decisions[side].rows), dead)
        shares = [change.share for change in found.further]
        assert shares == sorted(shares)


def test_a_small_range_is_searched_without_a_gap() -> None:
    run = ran()
    for side, dead in dead_of(run)[:3]:
        for change in rescue(run, side, lives_of(run.decisions[side].rows), dead).further:
            low, high = change.parameter.low, change.parameter.high
            assert low is not None
            assert high is not None
            values = (high - low) // (change.parameter.step or 1) + 1
            assert change.is_least is (values <= MANY)


def test_parameters_of_later_stages_and_of_the_account_are_not_tried_in_vain() -> None:
    run = ran()
    early = next(life for _, life in dead_of(run) if life.stage == 0)
    names = {spec.name for spec in deciding(run.program, early)}
    assert {"consol_max", "quality_min", "nowick_percentile"} <= names
    assert names.isdisjoint({"entry_wait", "liq2_wait", "spike_buffer", "risk_per_trade", "sizing"})


def test_who_lives_cannot_be_rescued() -> None:
    run = ran()
    side = Side.SHORT
    lives = lives_of(run.decisions[side].rows)
    entry = next(life for life in lives if life.end is Decision.ENTRY)
    with pytest.raises(ValueError, match="did not die"):
        rescue(run, side, lives, entry)
