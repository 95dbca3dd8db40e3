"""A sweep on a real Dask cluster: processes that are killed in the middle lose nothing."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.adapters.sweep.processes import QUICK, dask_cluster, kept_some, left, ran, started, until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.adapters.sweep.processes import Workplace

pytest.importorskip("distributed")

LONG = pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") not in ("ci", "prove"),
    reason="starting so many processes takes its time",
)

SWEEP = ("sweep", QUICK, "--from", "2025-10-06", "--to", "2025-10-08", "--grid", "wait=1..10",
         "--grid", "jump=5..14", "--grid", "reach=5..14")  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    patch = pytest.MonkeyPatch()
    patch.setenv("ENGINE_DATA", str(tmp_path_factory.mktemp("data-sets")))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a thousand sets come to on this machine."""
    done = ran(*SWEEP, "--json", "--store", tmp_path_factory.mktemp("local") / "a.sweep")
    assert (done.status, done.err) == (0, "")
    return done.out


def in_the_middle(place: Workplace, file: Path) -> subprocess.Popen[str]:
    """A sweep on the cluster whose first results are kept."""
    process = started([*SWEEP, "--json", "--store", file, "--cluster", place.address])
    until(lambda: kept_some(file), process)
    return process


def test_a_worker_killed_in_the_middle_loses_nothing(tmp_path: Path, local: str) -> None:
    with dask_cluster(tmp_path, workers=3) as place:
        process = in_the_middle(place, tmp_path / "a.sweep")
        place.workers[0].kill()
        done = left(process)
        assert (done.status, done.err) == (0, "")
        assert done.out == local


@LONG
def test_when_every_worker_dies_the_next_one_goes_on(tmp_path: Path, local: str) -> None:
    with dask_cluster(tmp_path, workers=2) as place:
        process = in_the_middle(place, tmp_path / "a.sweep")
        for worker in place.workers:
            worker.kill()
        place.hire()
        done = left(process)
        assert (done.status, done.err) == (0, "")
        assert done.out == local


def test_without_its_scheduler_it_stops_and_says_how_to_go_on(tmp_path: Path, local: str) -> None:
    file = tmp_path / "a.sweep"
    with dask_cluster(tmp_path, workers=1) as place:
        process = in_the_middle(place, file)
        place.scheduler.kill()
        done = left(process)
    assert done.status == 3
    assert done.document["message"] == "the cluster cannot go on: the scheduler is gone"
    with sqlite3.connect(file) as base:
        (kept,) = base.execute("SELECT count(*) FROM tried").fetchone()
    base.close()
    assert 0 < kept < 1000
    words = f"{kept} of 1,000 sets are kept in {file}; the same command goes on from there"
    assert words in done.document["remedy"]
    again = ran(*SWEEP, "--json", "--store", file, "--jobs", "1")
    assert again.out == local


@LONG
def test_workers_of_this_machine_come_to_the_same(tmp_path: Path, local: str) -> None:
    done = ran(*SWEEP, "--json", "--store", tmp_path / "a.sweep", "--cluster", "local:2")
    assert (done.status, done.err) == (0, "")
    assert done.out == local


@LONG
def test_an_address_where_nobody_answers_is_said(tmp_path: Path) -> None:
    done = ran(*SWEEP, "--store", tmp_path / "a.sweep", "--cluster", "tcp://127.0.0.1:1")
    assert (done.status, done.out) == (3, "")
    assert "no scheduler answers at tcp://127.0.0.1:1" in done.err
    assert "Traceback" not in done.err
