"""The command line in this process: its words, its exit status, what it printed."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adapters.cli import status_of
from tests.support.jan6 import jan6

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.domain.market import Market

STRATEGIES = Path(__file__).parents[3] / "strategies"
SLOB = str(STRATEGIES / "slob_5_1.yaml")
CREATOR = str(STRATEGIES / "slob_5_1_creator.yaml")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output, with nothing beside it."""
        assert self.err == ""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def _folders(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "ENGINE_CACHE" not in os.environ:  # one that is named may keep what was compiled
        monkeypatch.setenv("ENGINE_CACHE", str(tmp_path_factory.getbasetemp() / "cli-cache"))
    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "data-sets"))
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def engine(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs `engine` with some words."""

    def run(*words: object) -> Said:
        capsys.readouterr()
        status = status_of([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return run


def csv_of(market: Market) -> str:
    """A market as the text of a CSV file."""
    lines = ["timestamp,open,high,low,close,volume"]
    tick = float(market.instrument.tick)
    columns = (market.minute, market.open, market.high, market.low, market.close, market.volume)
    for minute, *prices, volume in zip(*(column.tolist() for column in columns), strict=True):
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
        shown = ",".join(repr(price * tick) for price in prices)
        lines.append(f"{at:%Y-%m-%dT%H:%M}Z,{shown},{volume}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def jan6_csv(tmp_path: Path) -> Path:
    """The author's worked example as a file."""
    file = tmp_path / "jan6.csv"
    file.write_text(csv_of(jan6()))
    return file


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., Path]:
    """Writes a strategy file."""

    def write(text: str = SIMPLE, name: str = "simple.yaml") -> Path:
        file = tmp_path / name
        file.write_text(text)
        return file

    return write


SIMPLE = """\
lang: 1
strategy: simple
instrument: NQ
bars: {size: 1 min, stamp: open}
day: {clock: America/New_York, starts: 18:00}
direction: {write: long, mirror: short}
sessions:
  ny: {from: XNYS.open, to: XNYS.close}
params:
  wait: {default: 3 bars, range: 1 bar .. 10 bars}
series:
  rising: close > close[1]
when:
  inside: in ny
  jump:   rising and close > close[wait] + 20 pt
entry: {order: market, at: next_open}
stop: low - 5 pt
target: close + 10 pt
exits: {flat_by: ny}
risk: {sizing: fixed, contracts: 1 contract}
"""
