"""Runs: worked on by processes of their own, kept, taken over, refused, and failing plainly."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters import store
from adapters.calendars import ExchangeCalendars
from adapters.quality import inspect
from adapters.sample import sample
from adapters.workshop import runs as module
from adapters.workshop.bars import BarFolder
from adapters.workshop.errors import BadInput, Conflict, NotFound
from adapters.workshop.folders import RESULT, SPEC, Order, State, Status
from adapters.workshop.keeper import Keeper
from adapters.workshop.results import open_result
from adapters.workshop.runnable import Ordered, Runnable
from adapters.workshop.runs import Runs
from adapters.workshop.worker import main
from tests.adapters.workshop.ran import STRATEGIES, TEXT, WEEK, asked, copied, prepared, wait

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """The runs of a copy of a workshop with one run that is done."""
    with Keeper(copied(tmp_path / "workshop")) as keeper:
        yield Runs(keeper, Runnable(STRATEGIES))


def test_a_run_comes_to_the_figures_of_the_command_line(runs: Runs) -> None:
    command = [sys.executable, "-m", "adapters.cli", "run", str(STRATEGIES / "slob_5_1.yaml")]
    command += ["--from", "2025-12-08", "--to", "2025-12-12", "--json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    there, here = json.loads(told), runs.result(1)
    assert here["statistics"] == there["statistics"]
    assert here["funnel"] == there["funnel"]
    assert here["program"] == there["program"]
    kept = [{key: one[key] for key in one if key != "row"} for one in here["trades"]]
    assert kept == there["trades"]


def test_the_list_says_what_came_of_a_run(runs: Runs) -> None:
    (run,) = runs.newest()
    assert (run.strategy, run.who, run.state, run.data) == (
        "slob_5_1",
        "olga",
        State.DONE,
        "sample",
    )
    assert run.figures["candidates"] == sum(one["started"] for one in runs.result(1)["funnel"])
    assert run.took is not None
    assert runs.newest(strategy="another") == []
    assert runs.newest(state="failed") == []
    assert runs.newest(before=1) == []
    assert runs.last("slob_5_1") == run


def test_a_run_is_opened_as_the_engine_left_it(runs: Runs) -> None:
    opened = runs.opened(1)
    again = Runs(runs._keeper, Runnable(STRATEGIES)).opened(1)
    assert opened.outcome.trade_records() == again.outcome.trade_records()
    assert opened.outcome.statistics.as_dict() == runs.result(1)["statistics"]
    assert len(opened.setups) == runs.get(1).figures["candidates"]


def test_a_run_of_another_engine_is_confirmed_by_running_it_again(runs: Runs) -> None:
    folder = runs.folder(1)
    told = folder.read(RESULT)
    folder.write(RESULT, told | {"engine": "another"})
    assert len(runs.opened(1).setups) > 0
    assert folder.read(RESULT)["engine"] == told["engine"]


def test_a_run_that_todays_engine_decides_otherwise_is_not_explained(runs: Runs) -> None:
    folder = runs.folder(1)
    folder.write(RESULT, folder.read(RESULT) | {"engine": "another"})
    with np.load(folder.path / "arrays.npz") as kept:
        arrays = dict(kept)
    arrays["short.rows"][0, 0] += 1
    np.savez(folder.path / "arrays.npz", **arrays)
    with pytest.raises(NotFound, match="decided otherwise"):
        runs.opened(1)


def test_the_instructive_deaths_are_dead_and_the_furthest_come_first(runs: Runs) -> None:
    deaths, complete = runs.deaths(1)
    opened = runs.opened(1)
    assert complete
    assert deaths
    setups = [opened.setups[opened.numbers[one["candidate"]]] for one in deaths]
    assert all(setup.fate == "dead" for setup in setups)
    reached = [setup.reached for setup in setups]
    assert reached == sorted(reached, reverse=True)


def test_every_condition_was_counted(runs: Runs) -> None:
    sides = runs.conditions(1)
    assert sides is not None
    names = {one["name"] for side in sides for one in side["conditions"]}
    assert {"swept", "good_enough", "closed_back", "retraced"} <= names


# --- two at once ------------------------------------------------------------------------------


def test_two_pages_see_one_run_end(runs: Runs) -> None:
    other = Runs(runs._keeper, Runnable(STRATEGIES))
    number = runs.order("olga", asked(replace(WEEK, values={"entry_wait": "30 bars"})))
    assert wait(other, number).state is State.DONE
    assert runs.get(number).figures == other.get(number).figures
    assert runs.get(number).program != runs.get(1).program


def test_who_deletes_second_is_told_that_it_is_gone(runs: Runs) -> None:
    bars = runs.result(1)["bars"]
    assert list(runs.bars.path.glob(f"{bars}*"))
    Runs(runs._keeper, Runnable(STRATEGIES)).remove("olga", 1)
    with pytest.raises(NotFound, match="no run 1"):
        runs.remove("vito", 1)
    assert not list(runs.bars.path.glob(f"{bars}*"))
    assert not runs.folder(1).path.exists()


def test_a_run_that_is_over_is_not_cancelled(runs: Runs) -> None:
    with pytest.raises(Conflict, match="is over"):
        runs.cancel("olga", 1)


def test_more_than_a_few_do_not_wait(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING", 0)
    with pytest.raises(Conflict, match="waiting already"):
        runs.order("olga", asked())


def test_a_second_worker_leaves_a_run_to_the_first(tmp_path: Path) -> None:
    worker = prepared(tmp_path)
    with worker.folder.held() as mine:
        assert mine
        assert main(str(tmp_path), "1") == 1
    assert worker.folder.status() == Status()


# --- what goes wrong --------------------------------------------------------------------------


def test_a_killed_worker_is_noticed_and_said_to_be_gone(runs: Runs) -> None:
    number = runs.order("olga", asked())
    os.kill(runs._workers._began[number], signal.SIGKILL)
    run = wait(runs, number)
    assert run.state is State.FAILED
    assert "ended without a word" in run.message
    assert run.remedy == "run it again"


def test_after_a_restart_an_orphan_counts_as_gone_once_its_grace_is_over(runs: Runs) -> None:
    number = runs.order("olga", asked())
    os.kill(runs._workers._began[number], signal.SIGKILL)
    os.waitpid(runs._workers._began[number], 0)
    restarted = Runs(runs._keeper, Runnable(STRATEGIES))
    now = runs._keeper.now
    runs._keeper.now = lambda: now() + module.GRACE + 1
    assert restarted.get(number).state is State.FAILED


def test_a_cancelled_run_stops_and_says_so(runs: Runs) -> None:
    number = runs.order("olga", asked(Order("slob_5_1.yaml")))
    runs.cancel("vito", number)
    run = wait(runs, number)
    assert run.state is State.CANCELLED
    with pytest.raises(NotFound, match="it is cancelled"):
        runs.result(number)


def test_bars_that_disappear_before_the_run_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    worker = prepared(tmp_path, replace(WEEK, data="gone"))
    worker.work()
    said = worker.folder.status()
    assert said is not None
    assert (said.state, said.message) == (
        State.FAILED, "there is no data set or file of that name",
    )  # fmt: skip


def test_a_run_outlives_its_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data"))
    market = sample().rows(66_000, 68_000)
    store.import_bars("few", market, inspect(market, ExchangeCalendars()))
    worker = prepared(tmp_path, Order("slob_5_1.yaml", data="few"))
    worker.work()
    store.remove("few")
    opened = open_result(worker.folder, BarFolder(tmp_path / "bars"))
    assert len(opened.run.market) == 2000
    assert (opened.run.market.close == market.close).all()


def test_a_full_disk_is_said_to_be_full(tmp_path: Path) -> None:
    worker = prepared(tmp_path)
    room = 100_000  # more than a status, less than the bars

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    command = [sys.executable, "-m", "adapters.workshop.worker", str(tmp_path), "1"]
    subprocess.run(command, preexec_fn=little, check=True, timeout=120)
    said = worker.folder.status()
    assert said is not None
    assert said.state is State.FAILED
    assert "disk is full" in said.message
    assert "make room" in said.remedy


def test_a_deleted_folder_leaves_the_run_in_the_list_and_says_why(runs: Runs) -> None:
    shutil.rmtree(runs.folder(1).path)
    assert runs.get(1).state is State.DONE
    with pytest.raises(NotFound, match="deleted or damaged"):
        runs.result(1)
    with pytest.raises(NotFound):
        Runs(runs._keeper, Runnable(STRATEGIES)).why(1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"first": "yesterday"}, "first"),
        ({"first": "2025-12-12", "last": "2025-12-08"}, "last"),
        ({"equity": "a lot"}, "equity"),
        ({"commission": "-1"}, "commission"),
        ({"slippage": -1}, "slippage"),
        ({"venue": "elsewhere"}, "venue"),
        ({"data": "no-such-set"}, "data"),
        ({"data": "../../etc/passwd"}, "data"),
        ({"values": {"entry_wait": "many"}}, "param.entry_wait"),
        ({"values": {"no_such": "1"}}, "param.no_such"),
    ],
)
def test_an_order_that_cannot_be_is_refused_at_its_field(
    runs: Runs, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        runs.order("olga", asked(replace(WEEK, **changes)))  # type: ignore[arg-type]
    assert refused.value.field == field
    assert [run.id for run in runs.newest()] == [1]


def test_a_text_with_an_error_is_refused_with_its_line(runs: Runs) -> None:
    wrong = TEXT.replace("high > lse.high", "high > lse.hihg")
    with pytest.raises(BadInput, match="line 48"):
        runs.order("olga", asked(text=wrong))


def test_a_strategy_that_extends_another_takes_it_along(runs: Runs) -> None:
    text = "lang: 1\nextends: slob_5_1.yaml\nstrategy: patient\nparams:\n  entry_wait: 30 bars\n"
    order = replace(WEEK, spec="patient.yaml")
    number = runs.order("olga", Ordered("patient", text, order))
    run = wait(runs, number)
    assert run.state is State.DONE, run.message
    assert (runs.folder(number).path / SPEC / "slob_5_1.yaml").is_file()
    assert runs.opened(number).bench.program.name == "patient"
