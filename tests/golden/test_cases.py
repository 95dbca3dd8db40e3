"""The cases of golden/cases: everybody agrees with the interpreter, then the text is compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.golden import telling
from tests.golden.cases import CASES, bars_text, interpreted, names, others, read_case

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("name", names())
def test_a_case_comes_out_as_written(name: str, golden: SnapshotAssertion) -> None:
    ground = read_case(CASES / name).ground
    run = interpreted(ground)
    journal = ground.told(run, run.decisions, run.records)

    for venue, told in others(ground, run):
        assert told == journal, f"{venue} parts from the interpreter: nothing may be written"

    expected = f"cases/{name}/expected"
    assert telling.journal(run) == golden(name=f"{expected}/journal")
    assert telling.trades(run) == golden(name=f"{expected}/trades")
    assert telling.summary(run) == golden(name=f"{expected}/summary")


@pytest.mark.parametrize("name", names())
def test_the_bars_of_a_case_are_those_of_its_drawing(name: str) -> None:
    case = read_case(CASES / name)

    assert case.drawing or case.reflects
    assert (case.folder / "bars.csv").read_text("utf-8") == bars_text(case.drawn())
