"""A sweep against runs of the same sets, one by one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engine.execution.rules import rules_of
from engine.execution.simulation import MoneyOverflowError
from engine.execution.terms import Terms, TermsError
from engine.machine.forms import Form
from engine.run import Prepared, Strategy, dates_for, paths_for, prepare
from engine.statistics.statistics import statistics_of
from engine.sweep.folds import Length, folds_of, spans_of
from engine.sweep.ground import Grounds, Kept, Swept, parameters_in
from engine.sweep.outcomes import METRICS, joined, none_yet
from engine.sweep.plan import Axis, Grid, OutOfRange, UnknownParameter, with_values
from engine.sweep.sweeper import Sweeper
from tests.support.shipped import CALENDARS, FOLDER, SHIPPED, bars_for, events_for, strategy_of
from tests.support.sweeping import Decided, figures_of_statistics, figures_of_window

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.ir.program import ParamSpec, Program
    from engine.sweep.folds import Span
    from engine.sweep.outcomes import Outcomes

TERMS = Terms(Fraction(40_000), Fraction(5, 4), 1)
SLOB = FOLDER / "slob_5_1.yaml"
CREATOR = FOLDER / "slob_5_1_creator.yaml"
REVERSION = FOLDER / "vwap_reversion.yaml"


def prepared_for(file: Path) -> Prepared:
    return prepare(strategy_of(file), bars_for(file), CALENDARS, events_for(file))


def values_of(spec: ParamSpec) -> tuple[int, ...]:
    """The value of the strategy and others that it allows."""
    if spec.choices:
        return tuple(range(len(spec.choices)))
    if spec.low is None or spec.high is None or spec.unit == "time":
        return (spec.short,)
    return tuple(dict.fromkeys((spec.short, spec.low, (spec.short + spec.high) // 2)))


def grid_of(program: Program) -> Grid:
    """Every parameter there is."""
    return Grid(tuple(Axis(spec.name, values_of(spec)) for spec in program.params))


def run_of(prepared: Prepared, names: tuple[str, ...], values: tuple[int, ...]) -> Decided:
    """A run of one set by the compiler's and engine's ordinary way."""
    program = with_values(prepared.strategy.program, names, values)
    run = replace(prepared, strategy=Strategy(program)).run(TERMS, Form.PLAIN)
    schedule = prepared.schedule
    dates, paths = dates_for(program, schedule), paths_for(program, schedule)
    return Decided(program, TERMS, run.market, run.days, dates, run.intents, paths)


def assert_row(outcomes: Outcomes, index: int, span: int, wanted: dict[str, float]) -> None:
    found = outcomes.row(index, span)
    for name, value in wanted.items():
        np.testing.assert_equal(found[name], value, err_msg=f"{outcomes.values(index)}: {name}")


def folds(prepared: Prepared) -> tuple[Span, ...]:
    return spans_of(folds_of(prepared.schedule.days, Length.of("5d"), Length.of("3d")))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_set_has_the_figures_of_a_run_with_set(file: Path) -> None:
    prepared = prepared_for(file)
    grid = grid_of(prepared.strategy.program)
    sets = [grid.set_at(index) for index in grid.sample(5, seed=3)]
    found = Sweeper(prepared, grid.names, TERMS, form=Form.PLAIN).run(sets, threads=2)
    assert found.sets.tolist() == [list(one) for one in sets]
    for index, values in enumerate(sets):
        program = with_values(prepared.strategy.program, grid.names, values)
        run = replace(prepared, strategy=Strategy(program)).run(TERMS, Form.PLAIN)
        wanted = figures_of_statistics(statistics_of(run))
        assert_row(found, index, 0, wanted | {"setups": float(len(run.intents))})


@pytest.mark.parametrize("file", [SLOB, REVERSION], ids=lambda file: file.stem)
def test_every_window_is_a_run_of_its_own_that_knows_the_bars_before_it(file: Path) -> None:
    prepared = prepared_for(file)
    grid, spans = grid_of(prepared.strategy.program), folds(prepared)
    sets = [grid.set_at(index) for index in grid.sample(3, seed=8)]
    found = Sweeper(prepared, grid.names, TERMS, spans, Form.PLAIN).run(sets)
    assert found.spans == tuple(span.name for span in spans)
    assert len(spans) >= 4
    assert found.figures["trades"].sum() > 3
    for index, values in enumerate(sets):
        decided = run_of(prepared, grid.names, values)
        for number, span in enumerate(spans):
            assert_row(found, index, number, figures_of_window(decided, span))


def test_the_last_window_is_what_run_to_gives_when_its_first_date_is_the_first_of_all() -> None:
    prepared = prepared_for(SLOB)
    (span,) = folds_of(prepared.schedule.days, Length.of("9d"), Length.of("2d"))[:1]
    found = Sweeper(prepared, (), TERMS, [span.train], Form.PLAIN).run([()])
    cut = prepare(prepared.strategy, prepared.market.rows(0, span.train.stop_row), CALENDARS)
    wanted = figures_of_statistics(statistics_of(cut.run(TERMS, Form.PLAIN)))
    assert_row(found, 0, 0, wanted)


@pytest.mark.parametrize("file", [SLOB, REVERSION], ids=lambda file: file.stem)
def test_threads_blocks_and_compiled_code_change_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = prepared_for(file)
    grid, spans = grid_of(prepared.strategy.program), folds(prepared)
    sets = [grid.set_at(index) for index in grid.sample(7, seed=5)]

    def swept(form: Form, threads: int) -> Outcomes:
        return Sweeper(prepared, grid.names, TERMS, spans, form).run(sets, threads)

    one = swept(Form.PLAIN, 1)
    fast = swept(Form.COMPILED, 3)
    monkeypatch.setattr("engine.sweep.sweeper.BLOCK", 2)
    for other in (fast, swept(Form.COMPILED, 2)):
        assert other.sets.tolist() == one.sets.tolist()
        for name in METRICS:
            np.testing.assert_equal(other.figures[name], one.figures[name], err_msg=name)


def test_a_sweep_in_parts_is_the_sweep() -> None:
    prepared = prepared_for(REVERSION)
    names = ("stretch",)
    sets = [(value,) for value in range(2_000_000, 6_000_000, 500_000)]
    sweeper = Sweeper(prepared, names, TERMS, form=Form.PLAIN)
    whole, parts = sweeper.run(sets), [sweeper.run(sets[:3]), sweeper.run(sets[3:])]
    again = joined([none_yet(names, whole.spans), *parts])
    assert again.sets.tolist() == whole.sets.tolist()
    for name in METRICS:
        np.testing.assert_equal(again.figures[name], whole.figures[name])
    with pytest.raises(ValueError, match="not of the same parameters"):
        joined([whole, none_yet(("other",), whole.spans)])


def test_no_sets_give_an_empty_table() -> None:
    found = Sweeper(prepared_for(REVERSION), ("stretch",), TERMS).run([])
    assert len(found) == 0
    assert {column.shape for column in found.figures.values()} == {(0, 1)}


def test_sides_can_be_swept_apart() -> None:
    prepared = prepared_for(SLOB)
    names = ("consol_min.short", "consol_min.long")
    found = Sweeper(prepared, names, TERMS, form=Form.PLAIN).run([(4, 9), (9, 4)])
    for index, values in enumerate([(4, 9), (9, 4)]):
        decided = run_of(prepared, names, values)
        (span,) = Sweeper(prepared, (), TERMS).spans
        assert_row(found, index, 0, figures_of_window(decided, span))


# --- what is shared -------------------------------------------------------------------------


def test_sets_that_agree_on_a_column_share_it_and_its_unswept_parts_are_made_once() -> None:
    prepared = prepared_for(SLOB)
    names = ("nowick_percentile", "rr_min")
    swept = Swept.of(prepared, names)
    assert swept.in_columns == (0,)
    assert swept.in_rules == ()
    grounds = Grounds(prepared, swept, most=2)
    one, same, other = (grounds.at(values) for values in ((900_000, 0), (900_000, 9), (500_000, 0)))
    assert one is same
    assert one is not other
    side = prepared.strategy.program.written
    changed = [
        number
        for number, (node, a, b) in enumerate(
            zip(
                prepared.strategy.machines[side].inputs.columns,
                one.feeds[side].columns,
                other.feeds[side].columns,
                strict=True,
            )
        )
        if a is not b and (a != b).any() and "nowick_percentile" in parameters_in(node)
    ]
    assert changed
    shared = [
        a
        for node, a, b in zip(
            prepared.strategy.machines[side].inputs.columns,
            one.feeds[side].columns,
            other.feeds[side].columns,
            strict=True,
        )
        if not parameters_in(node) and np.shares_memory(a, b)
    ]
    unswept = [n for n in prepared.strategy.machines[side].inputs.columns if not parameters_in(n)]
    assert len(shared) == len(unswept)
    assert one.tape.high is other.tape.high or np.shares_memory(one.tape.high, other.tape.high)


def test_rules_of_the_account_are_made_once_for_sets_that_agree_on_them() -> None:
    prepared = prepared_for(SLOB)
    swept = Swept.of(prepared, ("risk_per_trade", "consol_min"))
    assert swept.in_rules == (0,)
    grounds = Grounds(prepared, swept, most=2)
    assert grounds.book((1000, 4), TERMS) is grounds.book((1000, 9), TERMS)
    assert grounds.book((1000, 4), TERMS) is not grounds.book((2000, 4), TERMS)


def test_every_parameter_of_the_rules_is_known_to_be_one() -> None:
    program = strategy_of(CREATOR).program
    names = tuple(spec.name for spec in program.params)
    swept = Swept.of(prepared_for(CREATOR), names)
    for place, spec in enumerate(program.params):
        for value in values_of(spec):
            changed = rules_of(with_values(program, [spec.name], [value]), TERMS)
            same = np.array_equal(changed.values, rules_of(program, TERMS).values)
            assert same or place in swept.in_rules, spec.name


def test_what_is_kept_is_made_once_and_the_oldest_goes_first() -> None:
    made: list[int] = []
    kept: Kept[int] = Kept(2)

    def get(key: int) -> int:
        def make() -> int:
            made.append(key)
            return 10 * key

        return kept.get(key, make)

    assert [get(key) for key in (1, 2, 1, 3, 1, 2)] == [10, 20, 10, 30, 10, 20]
    assert made == [1, 2, 3, 2]


# --- what is refused ------------------------------------------------------------------------


def test_a_parameter_that_is_not_there_and_a_value_out_of_range_are_refused_first() -> None:
    prepared = prepared_for(SLOB)
    with pytest.raises(UnknownParameter, match="did you mean rr_min"):
        Sweeper(prepared, ("rr_mim",), TERMS)
    with pytest.raises(OutOfRange, match="consol_min would be 99 min"):
        Sweeper(prepared, ("consol_min",), TERMS).run([(5,), (99,)])


def test_terms_that_cannot_be_are_refused_before_anything_is_run() -> None:
    prepared = prepared_for(SLOB)
    too_much = replace(TERMS, equity=Fraction(10**14))
    with pytest.raises(TermsError, match="cannot be counted"):
        Sweeper(prepared, ("consol_min",), too_much).run([(5,)])


def test_an_account_that_grows_beyond_counting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = prepared_for(REVERSION)
    monkeypatch.setattr("engine.execution.rules._check_range", lambda *_: None)
    monkeypatch.setattr("engine.execution.state.MONEY_LIMIT", 1)
    with pytest.raises(MoneyOverflowError, match="grew beyond"):
        Sweeper(prepared, ("stretch",), TERMS, form=Form.PLAIN).run([(3_000_000,)])
