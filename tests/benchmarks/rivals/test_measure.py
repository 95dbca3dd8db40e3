"""The measuring process: it tells what a run came to, and finds a difference where there is one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import yardstick
from benchmarks.rivals.environments import Environment, NotInstalled
from benchmarks.rivals.measure import compared
from benchmarks.rivals.report import line, process
from benchmarks.rivals.rows import BASE, ROWS, Row
from benchmarks.rivals.work import Found

REFERENCE = SimpleNamespace(
    si=np.array([[0, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6, 7]]),
    sf=np.array([[10.0, 12.0, 5.0, 2.5, 0, 0], [10.0, 8.0, 15.0, 2.5, 0, 0]]),
    ti=np.array([[0, 6, 9, 1], [1, 17, 20, 2]]),
    tf=np.array([[10.0, 12.0, -2.0], [10.0, 15.0, 5.0]]),
)
TRADES = [(6, 9, 10.0, 12.0), (17, 20, 10.0, 15.0)]
SETUPS: list[tuple[Any, ...]] = [
    (0, 1, 2, 3, 4, 5, 6, 10.0, 12.0, 5.0),
    (1, 2, 3, 4, 5, 6, 7, 10.0, 8.0, 15.0),
]
PLAIN = [row for row in ROWS if row.environment is None and "compiled" not in row.variant]


def test_the_same_trades_and_setups_are_the_same() -> None:
    told = compared(Found(TRADES, lambda: SETUPS), REFERENCE)
    assert told == {"same": 2, "missed": 0, "other": 0, "setups": True}


def test_another_price_another_bar_and_a_missing_trade_are_differences() -> None:
    other_price = compared(Found([TRADES[0], (17, 20, 10.0, 15.25)]), REFERENCE)
    other_bar = compared(Found([TRADES[0], (17, 21, 10.0, 15.0)]), REFERENCE)
    too_few = compared(Found(TRADES[:1]), REFERENCE)
    assert other_price == other_bar == {"same": 1, "missed": 1, "other": 1}
    assert too_few == {"same": 1, "missed": 1, "other": 0}


def test_another_setup_is_a_difference() -> None:
    moved = [SETUPS[0], (*SETUPS[1][:-1], 15.25)]
    assert compared(Found(TRADES, lambda: moved), REFERENCE)["setups"] is False


def test_an_empty_strategy_is_not_compared() -> None:
    assert compared(None, REFERENCE) == {}


def test_ratios_are_of_ratios_to_the_kernel_of_each_process() -> None:
    base = {"median": 0.2, "kernel": 0.1}
    told = {
        "median": 3.0, "kernel": 0.5, "bars": 100_000, "runs": 3, "peak": 50.0, "before": 40.0,
        "first": 0.25, "same": 2, "missed": 1, "other": 0, "setups": True,
    }  # fmt: skip
    cells = line(BASE, "20d", told, base)
    assert cells[3:] == (
        "3 s", "30", "33 k", "3.00", "6.00", "2 same, 1 differ", "identical", "50 (40)", "250 ms",
    )  # fmt: skip


def test_a_rival_that_cannot_be_had_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path))
    with pytest.raises(NotInstalled, match="needs no-such-python on the PATH"):
        Environment("nowhere", ("nothing==1",), "no-such-python").interpreter()


@pytest.mark.skipif(not yardstick.is_there(), reason="needs the yardstick and a C compiler")
@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row.variant)
def test_what_runs_here_finds_the_references_setups_and_trades(row: Row) -> None:
    yardstick.Yardstick("20d").write_reference("20d")
    told = process(row, "20d", "once")
    assert (told["same"], told["missed"], told["other"], told["setups"]) == (29, 0, 0, True)


def test_a_measuring_process_carries_nothing_of_this_project() -> None:
    code = (
        "import sys, json, benchmarks.rivals.measure, benchmarks.rivals.work;"
        "print(json.dumps([m for m in sys.modules if m.split('.')[0] in"
        " ('dsl', 'engine', 'adapters', 'numpy')]))"
    )
    root = Path(__file__).parents[3]
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True
    )
    assert json.loads(told.stdout) == []
