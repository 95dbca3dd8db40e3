"""Grids, samples, and programs with other values."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.instruments import INSTRUMENTS
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from dsl.ir.program import Side, Sizing
from dsl.ir.text import code_hash, program_text
from engine.execution.rules import rules_of
from engine.execution.state import METHOD
from engine.execution.terms import Terms
from engine.machine.machine import Machine
from engine.sweep.plan import (
    Axis,
    Grid,
    OutOfRange,
    PlanError,
    UnknownParameter,
    check_values,
    longest_history,
    with_values,
)
from tests.support.shipped import FOLDER, SHIPPED, program_of

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.ir.program import ParamSpec, Program

SLOB = FOLDER / "slob_5_1.yaml"
EXAMPLE = FOLDER.parent / "docs" / "examples" / "benchmark_sweep.yaml"


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    return Grid(
        tuple(
            Axis(f"p{number}", tuple(draw(st.permutations(range(10)))[:size]))
            for number, size in enumerate(sizes)
        )
    )


@given(grids())
def test_sets_are_numbered_with_the_last_axis_fastest(grid: Grid) -> None:
    wanted = list(product(*(axis.values for axis in grid.axes)))
    assert [grid.set_at(index) for index in range(len(grid))] == wanted
    assert len(grid) == prod(grid.shape)
    for beyond in (-1, len(grid)):
        with pytest.raises(IndexError):
            grid.set_at(beyond)


@given(grids(), st.integers(0, 700), st.integers(0, 1 << 40))
def test_a_sample_holds_no_set_twice_and_is_the_same_for_the_same_seed(
    grid: Grid, count: int, seed: int
) -> None:
    found = grid.sample(count, seed)
    assert len(found) == len(set(found)) == min(count, len(grid))
    assert set(found) <= set(range(len(grid)))
    assert found == grid.sample(count, seed)
    assert found[: count // 2] == grid.sample(count // 2, seed)


def test_the_sample_of_a_seed_is_written_down_because_sweeps_are_resumed() -> None:
    grid = Grid((Axis("a", tuple(range(1000))), Axis("b", tuple(range(1000)))))
    assert grid.sample(4, 7) == [323832, 150850, 650935, 72439]


def test_every_set_is_as_likely_as_any_other() -> None:
    grid = Grid((Axis("a", tuple(range(10))),))
    first = [grid.sample(3, seed) for seed in range(3000)]
    counts = np.bincount(np.ravel(first), minlength=10)
    assert counts.min() > 800
    assert counts.max() < 1000


def test_a_million_sets_cost_no_memory_to_choose_from() -> None:
    grid = Grid(tuple(Axis(f"p{n}", tuple(range(100))) for n in range(6)))
    assert len(set(grid.sample(50, 1))) == 50


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ((Axis("a", (1,)), Axis("a", (2,))), "both set a of"),
        ((Axis("a", (1,)), Axis("a.short", (2,))), "both set a of short"),
        ((Axis("a.middle", (1,)),), ".short and a .long side"),
    ],
)
def test_axes_that_contradict_each_other_are_refused(axes: tuple[Axis, ...], words: str) -> None:
    with pytest.raises(PlanError, match=words):
        Grid(axes)


def test_one_side_each_is_no_contradiction() -> None:
    grid = Grid((Axis("a.short", (1, 2)), Axis("a.long", (3, 4))))
    assert grid.set_at(1) == (1, 4)


@pytest.mark.parametrize("values", [(), (1, 1)])
def test_an_axis_needs_values_and_each_of_them_once(values: tuple[int, ...]) -> None:
    with pytest.raises(PlanError, match=r"values|twice"):
        Axis("a", values)


# --- programs -------------------------------------------------------------------------------


def written(spec: ParamSpec, value: int) -> str:
    """A value as `--set` takes it."""
    if spec.choices:
        return spec.choices[value]
    if spec.unit == "switch":
        return "on" if value else "off"
    amount = value / spec.scale
    text = f"{float(amount):f}" if amount.denominator > 1 else str(amount.numerator)
    return f"{text} {spec.unit}".rstrip()


def other_value(spec: ParamSpec, *, low: bool) -> int:
    """A value between the strategy's own and an end of its range; its own where there is none."""
    if spec.choices:
        return 1 if low else len(spec.choices) - 1
    bound = spec.low if low else spec.high
    return spec.short if bound is None else (spec.short + bound) // 2


@pytest.mark.parametrize("low", [True, False])
@pytest.mark.parametrize("file", [*SHIPPED, EXAMPLE], ids=lambda file: file.stem)
def test_a_program_with_values_is_what_set_compiles_and_its_machines_are_the_same_code(
    file: Path, *, low: bool
) -> None:
    base = program_of(file)
    values = [other_value(spec, low=low) for spec in base.params]
    texts = [
        (spec.name, written(spec, value))
        for spec, value in zip(base.params, values, strict=True)
        if spec.unit != "time"
    ]
    compiled = program_of(file, tuple(texts))
    made = with_values(base, [spec.name for spec in base.params], values)
    assert made == compiled
    assert program_text(made) == program_text(compiled)
    assert not base.params or program_text(made) != program_text(base)
    for side in base.sides:
        before, after = Machine(base, side), Machine(made, side)
        assert (before.bars, before.walk, before.inputs) == (after.bars, after.walk, after.inputs)
    assert code_hash(made) == code_hash(base)


def test_a_way_of_sizing_that_is_not_declared_is_refused() -> None:
    base = program_of(SLOB)
    (spec,) = [spec for spec in base.params if spec.name == "sizing"]
    assert spec.choices == ("fixed_risk", "atr", "kelly")
    for number in (-1, 3):
        with pytest.raises(OutOfRange, match="fixed_risk, atr, kelly"):
            with_values(base, ["sizing"], [number])


@pytest.mark.parametrize("word", ["fixed_risk", "atr", "kelly"])
def test_a_declared_way_of_sizing_is_the_one_that_is_used(word: str) -> None:
    program = program_of(SLOB, (("sizing", word),))
    rules = rules_of(program, Terms())
    assert rules.of(Side.SHORT, METHOD) == list(Sizing).index(Sizing(word))


def test_one_side_can_be_set_alone() -> None:
    base = program_of(SLOB)
    made = with_values(base, ["consol_min.long", "rr_min"], [7, 1_000_000])
    (before,) = [spec for spec in base.params if spec.name == "consol_min"]
    (spec,) = [spec for spec in made.params if spec.name == "consol_min"]
    assert (spec.short, spec.long) == (before.short, 7)
    names = [spec.name for spec in made.params]
    for side in Side:
        assert made.side_params(side)[names.index("rr_min")] == 1_000_000


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("consol_mim", 5, UnknownParameter, "did you mean consol_min"),
        ("consol_min", 2, OutOfRange, "consol_min would be 2 min, .* 3 min .. 20 min"),
        ("quality_min", 1_500_000, OutOfRange, "quality_min would be 1.5,"),
        ("target_buffer", 41, OutOfRange, "target_buffer would be 10.25 pt"),
        ("sizing", 9, OutOfRange, "choose one of fixed_risk, atr, kelly|choose one of"),
    ],
)
def test_what_the_strategy_does_not_allow_is_refused_in_its_own_words(
    name: str, value: int, error: type[PlanError], words: str
) -> None:
    with pytest.raises(error, match=words):
        with_values(program_of(SLOB), [name], [value])
    with pytest.raises(error, match=words):
        check_values(program_of(SLOB), [name], np.array([[value]]))


AVERAGES = """\
lang: 1
strategy: averages
instrument: NQ
bars: {size: 1 min, stamp: open}
sessions:
  ny: {from: 09:30, to: 16:00, clock: America/New_York}
params:
  fast: {default: 5 bars, range: 2 bars .. 50 bars}
  slow: {default: 20 bars, range: 10 bars .. 200 bars}
when:
  in_hours: in ny
  crossed:  mean(close, fast across days) > mean(close, slow across days)
stop: close + 10 pt
target: close - 10 pt
exits: {flat_by: ny}
"""


def test_the_longest_history_is_that_of_the_longest_window() -> None:
    base = compiled(AVERAGES)
    assert base.history.bars == 20
    axes = [Axis("fast", (5, 50)), Axis("slow", (10, 15, 40))]
    assert longest_history(base, axes).bars == 50
    assert longest_history(base, [Axis("slow", (120, 30))]).bars == 120
    assert longest_history(base, []) == base.history


def compiled(text: str) -> Program:
    made = compile_strategy("made.yaml", text.encode(), Surroundings(instruments=INSTRUMENTS))
    assert made.program is not None, made.findings
    return made.program
