"""A quarter of synthetic bars: its figures, and a fingerprint of every event."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from adapters.sample import sample
from engine.laws.ground import Ground
from engine.machine.forms import Form
from engine.run import Strategy
from tests.golden import telling
from tests.golden.cases import interpreted
from tests.support.shipped import CALENDARS, FOLDER, program_of

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

pytestmark = pytest.mark.golden


@pytest.mark.parametrize("name", ["slob_5_1"])
def test_a_quarter_comes_out_as_written(name: str, golden: SnapshotAssertion) -> None:
    program = program_of(FOLDER / f"{name}.yaml")
    ground = Ground(Strategy(program), sample(), CALENDARS, {})
    run, batch = interpreted(ground), ground.batch(Form.PLAIN)
    journal = ground.told(run, run.decisions, run.records)

    assert ground.told(batch, batch.decisions, batch.records) == journal

    fingerprint = hashlib.sha256("\n".join(journal).encode()).hexdigest()
    figures = telling.summary(run) + telling.statistics(run)
    text = f"{figures}\n{len(journal)} events, sha256 {fingerprint}\n"
    assert text == golden(name=f"runs/{name}_sample")
    assert telling.trades(run) == golden(name=f"runs/{name}_sample_trades")
