"""`engine sweep`: what is tried, kept, told and refused; interrupted anywhere, nothing is lost."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.adapters.sweep.processes import QUICK, kept_some, left, ran, started, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

WEEK = ("--from", "2025-10-06", "--to", "2025-10-10")
THREE = ("--from", "2025-10-06", "--to", "2025-10-08")
WEEKS = ("--from", "2025-10-06", "--to", "2025-10-17")
"""Long enough for a signal to come in the middle."""
GRID = ("--grid", "wait=1..3", "--grid", "jump=10,14")
THOUSAND = ("--grid", "wait=1..10", "--grid", "jump=5..14", "--grid", "reach=5..14")


# --- what is told ---------------------------------------------------------------------------


def test_every_set_of_the_grid_is_tried_and_the_best_is_listed_first(
    engine: Callable[..., Said],
) -> None:
    document = engine("sweep", QUICK, *WEEK, *GRID, "--json").document
    sets = [tuple(one["values"].values()) for one in document["sets"]]
    assert sets == [(wait, jump) for wait in (1, 2, 3) for jump in (10, 14)]
    assert document["state"] == "finished"
    assert document["planned"] == document["tried"] == 6
    sharpes = [one["figures"]["sharpe"] for one in document["sets"]]
    assert document["best"]["figures"]["sharpe"] == max(sharpes)
    said = engine("sweep", QUICK, *WEEK, *GRID, "--top", "2")
    assert "Best 2 of 6 by sharpe" in said.out
    assert "note: SYNTHETIC data" in said.out
    (first,) = [line for line in said.out.splitlines() if line.startswith("1 ")]
    best = document["best"]["values"]
    assert f"{best['wait']} bars" in first
    assert f"{best['jump']} pt" in first


def test_a_set_comes_to_what_a_run_with_its_values_comes_to(engine: Callable[..., Said]) -> None:
    document = engine("sweep", QUICK, *WEEK, *GRID, "--json", "--commission", "2.25").document
    for one in document["sets"]:
        values = [f"{name}={value}" for name, value in one["values"].items()]
        units = dict(zip(("wait", "jump"), ("bars", "pt"), strict=True))
        words = [f"{value} {units[value.partition('=')[0]]}" for value in values]
        sets = [part for word in words for part in ("--set", word)]
        run = engine("run", QUICK, *WEEK, *sets, "--json", "--commission", "2.25").document
        known, figures = run["statistics"], one["figures"]
        assert figures["trades"] == known["all"]["trades"] > 0
        assert figures["net"] == float(known["all"]["net"])
        assert figures["sharpe"] == pytest.approx(known["returns"]["sharpe"], rel=1e-12)
        assert figures["max_drawdown"] == pytest.approx(known["drawdown"]["share"], rel=1e-12)


def test_the_ranking_follows_the_metric(engine: Callable[..., Said]) -> None:
    lowest = engine("sweep", QUICK, *WEEK, *GRID, "--metric", "max_drawdown", "--json").document
    drawdowns = [one["figures"]["max_drawdown"] for one in lowest["sets"]]
    assert lowest["best"]["figures"]["max_drawdown"] == min(drawdowns)
    most = engine("sweep", QUICK, *WEEK, *GRID, "--metric", "net", "--json").document
    assert most["best"]["figures"]["net"] == max(one["figures"]["net"] for one in most["sets"])


def test_one_side_and_choices_can_be_swept(engine: Callable[..., Said]) -> None:
    grid = ("--grid", "wait.long=2,5", "--grid", "sizes=fixed,fixed_risk")
    document = engine("sweep", QUICK, *THREE, *grid, "--json").document
    assert [one["values"] for one in document["sets"]] == [
        {"wait.long": wait, "sizes": sizes} for wait in (2, 5) for sizes in ("fixed", "fixed_risk")
    ]


def test_random_sets_are_of_the_grid_and_of_the_seed(engine: Callable[..., Said]) -> None:
    def tried(*words: object) -> list[Any]:
        document = engine("sweep", QUICK, *THREE, *THOUSAND, *words, "--json").document
        return [one["values"] for one in document["sets"]]

    first = tried("--random", 12)
    assert len({json.dumps(one) for one in first}) == 12
    assert tried("--random", 12) == first
    assert tried("--random", 12, "--seed", 2) != first
    assert tried("--random", 15)[:12] == first


def test_a_search_proposes_the_same_sets_again(engine: Callable[..., Said]) -> None:
    words = ("sweep", QUICK, *THREE, *THOUSAND, "--search", "optuna", "--trials", 40, "--json")
    first = engine(*words)
    assert 20 <= first.document["planned"] <= 40
    assert first.document["method"] == "optuna"
    assert first.document["luck"]["trials"] == first.document["planned"]
    assert engine(*words) == first


def test_more_sets_in_one_store_count_as_more_trials(engine: Callable[..., Said]) -> None:
    engine("sweep", QUICK, *WEEK, *GRID)
    document = engine("sweep", QUICK, *WEEK, "--grid", "wait=3,4", "--grid", "jump=10",
                      "--json").document  # fmt: skip
    assert document["planned"] == 2
    assert document["tried"] == document["luck"]["trials"] == 7


def test_a_page_is_written(engine: Callable[..., Said], tmp_path: Path) -> None:
    said = engine("sweep", QUICK, *WEEK, *GRID, "--page", tmp_path / "deep" / "sweep.html")
    assert f"Written: {tmp_path / 'deep' / 'sweep.html'}" in said.out
    assert "<html" in (tmp_path / "deep" / "sweep.html").read_text()[:200]


# --- walk-forward ---------------------------------------------------------------------------


def test_what_was_best_in_training_is_traded_in_the_test(engine: Callable[..., Said]) -> None:
    words = ("sweep", QUICK, "--to", "2025-10-31", *GRID, "--walk-forward", "train=1w,test=1w")
    document = engine(*words, "--json").document
    forward = document["walk_forward"]
    assert len(forward["folds"]) == 3
    for fold in forward["folds"]:
        assert fold["train"]["last"] < fold["test"]["first"]
        assert fold["out_of_sample"]["trades"] > 0
    whole = forward["out_of_sample"]
    assert whole["trades"] == sum(fold["out_of_sample"]["trades"] for fold in forward["folds"])
    assert whole["net"] == sum(fold["out_of_sample"]["net"] for fold in forward["folds"])
    out = engine(*words).out
    assert "Walk-forward, train=1w,test=1w: chosen by sharpe, then traded" in out
    assert "Out of sample in all: " in out


@pytest.mark.parametrize(
    ("windows", "says"),
    [
        ("train=6mo,test=1mo", "does not fit once"),
        ("train=1q,test=1mo", "`1q` is no length"),
        ("train=1w", "says no test"),
        ("test=1w", "says no train"),
        ("train=1w,test=1w,tets=1w", "`tets=1w` in --walk-forward"),
        ("train=1w,train=1w,test=1w", "is not understood"),
        ("train=1d,test=1w", "a window needs 2 at least"),
        ("", "is not understood"),
    ],
)
def test_windows_without_room_are_an_error(
    engine: Callable[..., Said], windows: str, says: str
) -> None:
    said = engine("sweep", QUICK, "--to", "2025-10-31", *GRID, "--walk-forward", windows)
    assert said.status == 1
    assert says in said.err
    assert said.out == ""


def test_windows_too_short_to_trade_in_are_an_error(engine: Callable[..., Said]) -> None:
    grid = ("--grid", "wait=1", "--grid", "jump=95..100")
    said = engine("sweep", QUICK, *WEEK, *grid, "--walk-forward", "train=2d,test=2d")
    assert said.status == 1
    assert "no set trades in fold 1 t" in said.err
    assert "make the windows longer" in said.err


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ((), 2, "say what to vary"),
        (("--grid", "wait=0..3"), 1, "cannot be 0 bars"),
        (("--grid", "wiat=1..3"), 1, "did you mean `wait`?"),
        (("--grid", "sizes=kelly"), 1, "kelly"),
        (("--grid", "free=1,100000000000000000000"), 1, "E050"),
        (("--grid", "free=1..3"), 1, "in what steps `free` goes"),
        (("--grid", "wait=1", "--set", "wait=2 bars"), 2, "both set and swept"),
        (("--grid", "wait=1", "--random", "3", "--search", "optuna"), 2, "exclude each other"),
        (("--grid", "wait=1", "--trials", "3"), 2, "goes with --search"),
        (("--grid", "wait=1", "--jobs", "2", "--cluster", "local:2"), 2, "exclude each other"),
        (("--grid", "wait=1", "--cluster", "local:none"), 2, "no number of workers"),
        (("--grid", "wait=1", "--metric", "sharp"), 2, "did you mean `sharpe`?"),
        (("--grid", "wait=1", "--metric", "skewness"), 2, "no figure to rank by"),
        (("--grid", "wait=1", "--jobs", "0"), 2, "--jobs"),
        (("--grid", "wait=1", "--random", "0"), 2, "--random"),
        (
            ("--grid", "wait=1", "--search", "optuna", "--walk-forward", "train=1w,test=1w"),
            2,
            "would know the test windows",
        ),
        (
            ("--grid", "jump=1..100/0.25", "--grid", "reach=1..100/0.25", "--grid", "wait=1..10"),
            1,
            "the grid has 1,576,090 sets",
        ),
    ],
)
def test_what_makes_no_sweep_is_refused_in_words(
    engine: Callable[..., Said], words: tuple[str, ...], status: int, says: str
) -> None:
    said = engine("sweep", QUICK, *THREE, *words)
    assert (said.status, said.out) == (status, "")
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_large_grid_can_be_sampled(engine: Callable[..., Said]) -> None:
    grid = ("--grid", "jump=1..100/0.25", "--grid", "reach=1..100/0.25", "--grid", "wait=1..10")
    assert engine("sweep", QUICK, *THREE, *grid, "--random", 5, "--json").document["planned"] == 5


def test_a_store_of_other_bars_or_terms_is_refused(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    file = tmp_path / "a.sweep"
    assert engine("sweep", QUICK, *THREE, *GRID, "--store", file).status == 0
    for words, differs in [
        ((*WEEK,), "data, dates"),
        ((*THREE, "--commission", "1"), "terms"),
        ((*THREE, "--set", "reach=12 pt"), "parameters that are not swept"),
        ((*THREE, "--walk-forward", "train=1w,test=1w"), ""),
    ]:
        said = engine("sweep", QUICK, *words, *GRID, "--store", file)
        assert said.status == 1
        assert said.out == ""
        if differs:
            assert f"{file}: it holds another sweep (not the same: {differs}" in said.err
    other = engine("sweep", QUICK, *THREE, "--grid", "wait=1..3", "--store", file)
    assert "not the same: parameters that are not swept, swept parameters" in other.err


def test_a_damaged_store_ends_with_status_3(engine: Callable[..., Said], tmp_path: Path) -> None:
    file = tmp_path / "a.sweep"
    file.write_text("not a database at all, " * 500)
    said = engine("sweep", QUICK, *THREE, *GRID, "--store", file)
    assert said.status == 3
    assert "damaged, or no store of a sweep" in said.err


def test_a_page_that_cannot_be_written_loses_no_result(
    engine: Callable[..., Said], tmp_path: Path
) -> None:
    file = tmp_path / "a.sweep"
    (tmp_path / "b").write_text("a file")
    words = ("sweep", QUICK, *THREE, *GRID, "--store", file)
    said = engine(*words, "--page", tmp_path / "b" / "c.html")
    assert said.status == 3
    assert "cannot be written" in said.err
    with sqlite3.connect(file) as base:
        assert base.execute("SELECT count(*) FROM tried").fetchone() == (6,)
    base.close()


@pytest.mark.parametrize(
    ("words", "module", "extra"),
    [(("--search", "optuna"), "optuna", "search"), (("--cluster", "local:2"), "dask", "cluster")],
)
def test_a_missing_extra_is_named(
    engine: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    module: str,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = engine("sweep", QUICK, *THREE, *GRID, *words)
    assert said.status == 3
    assert f"pip install 'slob-engine[{extra}]'" in said.err


# --- interrupted and resumed ----------------------------------------------------------------


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a thousand sets come to when nothing happens."""
    done = ran("sweep", QUICK, *WEEKS, *THOUSAND, "--json", "--jobs", "2",
               "--store", tmp_path_factory.mktemp("whole") / "a.sweep")  # fmt: skip
    assert (done.status, done.err) == (0, "")
    assert len(done.document["sets"]) == 1000
    return done.out


def cut_short(file: Path, how: signal.Signals, *words: str) -> tuple[int, str, str]:
    """A sweep of a thousand sets, hit by a signal in the middle."""
    process = started(["sweep", QUICK, *WEEKS, *THOUSAND, "--store", file, *words])
    until(lambda: kept_some(file), process)
    process.send_signal(how)
    said = left(process)
    with sqlite3.connect(file) as base:
        (kept,) = base.execute("SELECT count(*) FROM tried").fetchone()
    base.close()
    assert 0 < kept < 1000
    return kept, said.err, f"{said.status} {said.out}"


def test_ctrl_c_keeps_what_was_computed_and_the_same_command_goes_on(
    tmp_path: Path, uninterrupted: str
) -> None:
    file = tmp_path / "a.sweep"
    kept, err, status = cut_short(file, signal.SIGINT, "--jobs", "2")
    assert status == "130 "
    assert err == (
        f"interrupted: {kept} of 1,000 sets are kept in {file}; "
        "the same command goes on from there\n"
    )
    again = ran("sweep", QUICK, *WEEKS, *THOUSAND, "--store", file, "--json", "--jobs", "1")
    assert (again.status, again.err) == (0, "")
    assert again.out == uninterrupted


def test_an_interrupted_document_says_how_far_it_came(tmp_path: Path) -> None:
    file = tmp_path / "a.sweep"
    kept, err, status = cut_short(file, signal.SIGINT, "--jobs", "1", "--json")
    document = json.loads(status.removeprefix("130 "))
    assert err == ""
    assert document["state"] == "interrupted"
    assert document["planned"] == 1000
    assert len(document["sets"]) == document["tried"] == kept


def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path, uninterrupted: str) -> None:
    file = tmp_path / "a.sweep"
    _, err, status = cut_short(file, signal.SIGKILL, "--jobs", "1")
    assert (status, err) == (f"{-signal.SIGKILL} ", "")
    again = ran("sweep", QUICK, *WEEKS, *THOUSAND, "--store", file, "--json", "--jobs", "2")
    assert (again.status, again.err) == (0, "")
    assert again.out == uninterrupted


def test_a_second_process_on_the_same_store_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.sweep"
    first = started(["sweep", QUICK, *WEEKS, *THOUSAND, "--store", file])
    until(lambda: kept_some(file), first)
    first.send_signal(signal.SIGSTOP)
    second = ran("sweep", QUICK, *WEEKS, *THOUSAND, "--store", file)
    first.send_signal(signal.SIGCONT)
    assert second.status == 3
    assert "another process is writing this sweep" in second.err
    assert left(first).status == 0
