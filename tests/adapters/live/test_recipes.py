"""What the journal keeps of a program makes the same program again."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters.cli.options import Choice
from adapters.cli.workbench import compiled_for_data, program_of
from adapters.live.recipes import NotAgain, events_of, program_again, recipe_of
from dsl.ir.text import program_hash, program_text
from engine.execution.terms import Flat, SameBar, Terms
from engine.live.codec import UnreadableError, plain, read
from engine.live.recipe import File, Recipe
from tests.support.shipped import FOLDER, SHIPPED, events_for

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dsl.ir.program import Program

TERMS = Terms(Fraction("50000.25"), Fraction("2.25"), 1, SameBar.TARGET_FIRST, Flat.NEXT_OPEN)


def kept(file: Path, instrument: str = "", **values: str) -> tuple[Program, Recipe]:
    """A program as `engine run --live` compiles it, and what the journal keeps of it."""
    made, _ = compiled_for_data(Choice(str(file), values, instrument or None))
    program = program_of(str(file), made)
    chosen = {**values, **({"instrument": instrument} if instrument else {})}
    events = events_for(file) if file in SHIPPED else {}
    return program, recipe_of(program, made.sources, chosen, events, TERMS, str(file))


def through_json(recipe: Recipe) -> Recipe:
    """As it comes out of the journal."""
    found: Recipe = read(Recipe, json.loads(json.dumps(plain(recipe))), "recipe")
    return found


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
@pytest.mark.parametrize("instrument", ["", "MNQ"])
def test_a_shipped_strategy_is_the_same_program_again(file: Path, instrument: str) -> None:
    if instrument and "gbpusd" in file.stem:
        instrument = "6B"
    program, recipe = kept(file, instrument)
    again = through_json(recipe)
    assert again == recipe
    assert recipe.strategy == program_hash(program)
    assert program_text(program_again(again)) == program_text(program)
    theirs: Mapping[str, object] = events_for(file)
    assert events_of(again).keys() == theirs.keys()
    for name, minutes in events_of(again).items():
        assert np.array_equal(minutes, events_for(file)[name])


def test_values_and_parents_are_part_of_it_and_the_folder_is_not(tmp_path: Path) -> None:
    below = tmp_path / "mine"
    below.mkdir()
    (below / "base.yaml").write_bytes((FOLDER / "vwap_reversion.yaml").read_bytes())
    variant = below / "wide.yaml"
    variant.write_text("lang: 1\nextends: base.yaml\nstrategy: wide\nrisk: {max: 3 contracts}\n")
    program, recipe = kept(variant, "MNQ")
    assert [one.name for one in recipe.files] == ["wide.yaml", "base.yaml"]
    variant.unlink()
    assert program_hash(program_again(through_json(recipe))) == program_hash(program)
    assert program_again(recipe).instrument.symbol == "MNQ"


def test_an_instrument_is_the_one_that_was_traded_whatever_the_table_says_now() -> None:
    _, recipe = kept(SHIPPED[0])
    other = replace(recipe.instrument, multiplier=recipe.instrument.multiplier * 2)
    with pytest.raises(NotAgain, match="means something else to this engine"):
        program_again(replace(recipe, instrument=other))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ((), "the journal has no text of it"),
        ((File("a.yaml", "lang: 99\n"),), r"does not compile any more \(E\d+, line \d+"),
        ((File("a.yaml", "\0"),), "does not compile any more"),
    ],
)
def test_what_cannot_be_made_again_says_why(files: tuple[File, ...], why: str) -> None:
    _, recipe = kept(SHIPPED[0])
    with pytest.raises(NotAgain, match=why):
        program_again(replace(recipe, files=files))


@pytest.mark.parametrize("ratio", ["1/0", "x", ""])
def test_a_number_that_is_none_is_refused_with_its_place(ratio: str) -> None:
    _, recipe = kept(SHIPPED[0])
    body = plain(recipe)
    body["instrument"]["tick"] = ratio
    with pytest.raises(UnreadableError, match=r"recipe\.instrument\.tick"):
        read(Recipe, body, "recipe")
