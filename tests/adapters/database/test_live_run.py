"""The live desk over the journal on disk: crash it, open the journal again, go on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters.database.journal import Journal
from engine.live import events as ev
from engine.live import words
from tests.support.live_sweep import PROFILES, sweep_scene
from tests.support.live_world import World, records_of, scene_setting, world
from tests.support.paper import FIVE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from engine.live.desk import Step
    from tests.support.paper import Profile


CRASHES = (9, 23, 37, 52, 66, 81)
"""Far enough apart for a start to come through."""


def begun(file: Path) -> Journal:
    return Journal.begin(file, account="DU1", client=7)


class Died(Exception):
    """The engine died here."""


def told(journal: Journal) -> list[ev.Event]:
    return [event for _, event in journal.events()]


@pytest.mark.parametrize("profile", PROFILES[:3], ids=lambda profile: profile.name)
def test_a_run_that_crashes_again_and_again_loses_nothing_on_disk(
    tmp_path: Path, profile: Profile
) -> None:
    setting = scene_setting(sweep_scene(1))
    file = tmp_path / "live.db"
    made = World(setting, setting.paper(profile), begun(file))
    steps = 0

    def observe(at: World, step: Step) -> None:
        nonlocal steps
        steps += 1
        if steps in CRASHES:
            if steps % 2:
                at.journal.record(*step.events)
            raise Died

    made.observer = observe
    made.start()
    crashes = 0
    while made.row < len(setting.market):
        try:
            made.finish()
        except Died:
            crashes += 1
            made.journal.close()
            made.journal = begun(file)
            made.restart()

    assert crashes == len(CRASHES)
    assert made.paper.naked_longest <= FIVE_SECONDS
    assert made.paper.position == 0
    assert all(one.state.is_over for one in made.paper.orders.values())
    events = told(made.journal)
    booked = {event.execution.key for event in events if isinstance(event, words.Executed)}
    assert booked == {one.key for one in made.paper.executions} != set()
    assert made.journal.verify() == len(events)
    made.journal.close()


def test_an_uninterrupted_run_on_disk_has_the_records_of_one_in_memory(tmp_path: Path) -> None:
    setting = scene_setting(sweep_scene(1))
    memory = world(setting).finish()
    with Journal.begin(tmp_path / "live.db", account="DU1", client=7) as journal:
        made = world(setting, journal=journal).finish()

        assert records_of(told(journal)).tolist() == memory.records.tolist()
        assert made.journal.books == memory.journal.books
        again = Journal.load(journal)[0]
        assert again.steps == memory.journal.books.steps
        assert again.families == memory.journal.books.families


def test_a_program_that_only_began_does_not_make_another_s_account_forgotten(
    tmp_path: Path,
) -> None:
    scene = sweep_scene(1)
    other = replace(scene, plan=replace(scene.plan, contracts=scene.plan.contracts + 1))
    with Journal.begin(tmp_path / "live.db", account="DU1", client=7) as journal:
        traded = world(scene_setting(scene), journal=journal).finish().desk.trader.strategy
        world(scene_setting(other), journal=journal, warm_up=14)
        known = journal.books.steps
        assert len(known) == 2

        again = Journal.load(journal)[0].steps
        assert again == known
        assert next(iter(again)) == traded
