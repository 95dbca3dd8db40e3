"""`engine run --live` as a person types it: refusals, statuses, and two terminals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from adapters.cli.live_run import LIVE_ONLY, PAST_ONLY
from adapters.ib.library import installed
from tests.support.shipped import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")

SPEC = str(next(file for file in SHIPPED if file.stem == "vwap_reversion"))
VALUES = {
    "--from": "2025-01-01", "--to": "2025-01-02", "--zone": "UTC", "--stamp": "open",
    "--delimiter": ";", "--decimal": ",", "--adapter": "vector", "--same-bar": "stop_first",
    "--flat": "close", "--account": "DU1", "--host": "h", "--port": "1", "--client": "3",
    "--journal": "j", "--feed": "ticks", "--data": "d", "--events": "e", "--report": "r",
    "--tws-zone": "UTC",
}  # fmt: skip


@contextmanager
def gateway(*words: str) -> Iterator[int]:
    """A simulated gateway in a process of its own; its port."""
    command = [sys.executable, "-m", "adapters.cli", "gateway", "--json", "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["port"]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def terminal(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`engine run SPEC --live` in a process of its own, with a state folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "adapters.cli", "run", SPEC, "--live", *words],
        env={**os.environ, "ENGINE_STATE": str(folder)},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("name", sorted(PAST_ONLY.values()))
def test_options_of_a_backtest_mean_nothing_live(engine: Callable[..., Said], name: str) -> None:
    value = [VALUES[name]] if name in VALUES else []
    told = engine("run", SPEC, "--live", name, *value)
    assert told.status == 2
    assert f"{name}: with --live" in told.err


@pytest.mark.parametrize("name", sorted(LIVE_ONLY.values()))
def test_options_of_live_trading_mean_nothing_in_a_backtest(
    engine: Callable[..., Said], name: str
) -> None:
    value = [VALUES[name]] if name in VALUES else []
    told = engine("run", SPEC, name, *value)
    assert told.status == 2
    assert f"{name}: only with --live" in told.err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--port", "4001"), "no account was named"),
        (("--account", "U1234567"), "where paper accounts are"),
        (("--account", "me"), "no account number"),
        (("--port", "1"), "no gateway answers at 127.0.0.1:1"),
        (("--port", "1", "--host", "nowhere.invalid"), "no gateway answers at nowhere.invalid:1"),
        (("--journal", "/proc/none/a.db"), "cannot be kept"),
    ],
)
def test_what_cannot_run_is_said_with_the_way_out(
    engine: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...], part: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("ENGINE_STATE", str(tmp_path))
    told = engine("run", SPEC, "--live", *words)
    assert told.status == 3
    assert part in told.err
    as_json: dict[str, Any] = json.loads(engine("run", SPEC, "--live", "--json", *words).out)
    assert part in as_json["message"]


def test_two_terminals_trade_and_the_journal_equals_the_backtest(tmp_path: Path) -> None:
    with gateway("--speed", "max", "--instrument", "MNQ", "--to", "2025-10-02") as port:
        done = terminal(tmp_path, "--port", str(port), "--until-end")
    assert (done.returncode, done.stderr) == (0, "")
    assert "account DU1234567 (PAPER" in done.stdout
    assert done.stdout.count("(entry)") >= 2
    assert "gross" in done.stdout
    assert "warning" not in done.stdout  # its end, neither
    assert "alarm" not in done.stdout
    compared = subprocess.run(
        [sys.executable, "-m", "adapters.cli", "compare", SPEC, "--live", "2025-10-02"],
        env={**os.environ, "ENGINE_STATE": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert compared.stdout.splitlines()[-1].startswith("equal: ")
