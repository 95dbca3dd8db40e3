"""The search proposes sets of the grid, the same for a seed, and learns from the answers."""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from adapters.sweep.grid import WrittenAxis
from adapters.sweep.search import BATCH, search
from dsl.ir.program import ParamSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.sweep.store import Setting

pytest.importorskip("optuna")

AXES = (
    WrittenAxis(ParamSpec("wait", "bars", Fraction(1), 1, 1), None, tuple(range(0, 200, 2))),
    WrittenAxis(
        ParamSpec("kind", "choice", Fraction(1), 0, 0, choices=("a", "b", "c")), None, (2, 0, 1)
    ),
)


def hill(batch: Sequence[Setting]) -> list[float]:
    """Highest at 120 of the third kind."""
    return [-abs(wait - 120.0) - 50 * (kind != 2) for wait, kind in batch]


def proposed(trials: int, seed: int, *, maximize: bool = True) -> list[Setting]:
    sign = 1 if maximize else -1
    found: list[Setting] = []
    for batch in search(
        AXES, trials, seed, maximize=maximize,
        values_of=lambda sets: [sign * value for value in hill(sets)],
    ):  # fmt: skip
        assert len(batch) <= BATCH
        found += batch
    return found


def test_proposals_are_of_the_axes_and_of_the_seed(capfd: pytest.CaptureFixture[str]) -> None:
    found = proposed(40, 7)
    assert len(found) == 40
    assert all(wait in AXES[0].values and kind in AXES[1].values for wait, kind in found)
    assert proposed(40, 7) == found
    assert proposed(40, 8) != found
    logging.shutdown()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("maximize", [True, False])
def test_later_proposals_are_better(maximize: bool) -> None:  # noqa: FBT001 - a parameter of a test
    found = proposed(120, 3, maximize=maximize)
    early, late = hill(found[:30]), hill(found[-30:])
    assert sum(late) / 30 > sum(early) / 30 + 20


def test_sets_without_a_value_do_not_end_the_search() -> None:
    batches = list(
        search(AXES, 40, 1, maximize=True, values_of=lambda sets: [float("nan")] * len(sets))
    )
    assert sum(map(len, batches)) == 40
