"""Every fault through the running engine: in crowds, alone, in pairs, as much as the share says."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from adapters.gateway.faults import FAULTS, plans
from adapters.ib.library import installed
from engine.live import events as ev
from tests.proofs.faulty import (
    CROWD,
    HARMLESS,
    HARMLESS_ALONE,
    Struck,
    alone,
    crowds,
    pairs,
    scene_of,
    struck,
)
from tests.proofs.rig import Ears, Outcome, played
from tests.proofs.share import share

if TYPE_CHECKING:
    from collections.abc import Iterable

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]

SHARE = share()


def survived(chosen: Iterable[tuple[tuple[str, ...], int]]) -> Struck:
    made = Struck()
    for names, seed in chosen:
        made += struck(names, seed)
    assert dict(made.verdict.violations) == {}, made.verdict.first
    return made


def test_what_is_said_to_be_harmless_is_there() -> None:
    assert set(FAULTS) >= {*HARMLESS, HARMLESS_ALONE}


def test_every_fault_in_a_crowd_of_others_costs_nothing() -> None:
    made = Struck()
    for seed in range(SHARE.crowds):
        made += survived(crowds(CROWD, seed))
    assert len(made.strikes) > len(FAULTS) // 2


@pytest.mark.parametrize("name", [*FAULTS][:: 1 if SHARE.alone else 33])
def test_every_fault_alone_costs_nothing(name: str) -> None:
    for seed in range(max(1, SHARE.alone)):
        survived(one for one in alone(seed) if one[0] == (name,))


def test_pairs_of_faults_cost_nothing() -> None:
    survived(pairs(max(1, SHARE.pairs), seed=2))


def ended(faults: str, seed: int = 4, seconds: float = 40) -> Outcome:
    """A run that these faults must not stop."""
    scene, begins = scene_of(seed)
    gateway = scene.gateway(begins=begins, seed=seed, faults=plans(faults))
    with TemporaryDirectory() as folder:
        outcome = played(gateway, scene.plan(Path(folder) / "j.db"), seconds=seconds)
    assert outcome.error is None, outcome.error
    assert gateway.truth.execution_count > 5
    return outcome


def test_a_subscription_that_is_not_answered_after_a_reconnect_is_made_again() -> None:
    outcome = ended("socket-lost#3,silent-history#3")
    assert set(outcome.gateway.faults.struck) == {"socket-lost", "silent-history"}


def test_an_entry_cancelled_after_part_of_it_was_filled_is_withdrawn_once() -> None:
    withdrawn: list[str] = []

    def watch(event: ev.Event) -> None:
        if isinstance(event, ev.Withdrawing) and ":E" in event.ref:
            withdrawn.append(event.ref)

    scene, begins = scene_of(1)
    gateway = scene.gateway(begins=begins, seed=1, faults=plans("partial-fill=1#1"))
    with TemporaryDirectory() as folder:
        played(gateway, scene.plan(Path(folder) / "j.db"), ears=Ears(watch=watch))
    assert len(withdrawn) == len(set(withdrawn)) == 1


def test_bars_that_are_told_late_or_not_at_all_are_decided_on_in_time() -> None:
    made = survived([(("late-bar", "missing-bar", "broken-frame"), 3)])
    assert set(made.strikes) == {"late-bar", "missing-bar", "broken-frame"}
    assert made.equal == 1
