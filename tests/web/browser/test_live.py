"""The live page beside a real engine on the simulated gateway: an entry, a way out, an end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from adapters.ib.library import installed
from adapters.instruments import instrument
from adapters.synth import synthesize
from tests.proofs.rig import SCALP
from tests.web.pictures import pictured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.web.hosting import Served

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
pytestmark = pytest.mark.skipif(not installed(), reason="no client library of IB is installed")
PATIENCE = 60_000
"""Milliseconds; other things may be going on."""
MORNING = (14 * 60 + 25, 21 * 60)
"""From shortly before New York opens to its close, in minutes of the day (UTC, in winter)."""


@dataclass
class Floor:
    """A gateway, and the engine that trades on it, as processes."""

    folder: Path
    port: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def journal(self) -> Path:
        return self.folder / "paper.db"

    def start_engine(self) -> None:
        """The engine, once it has begun."""
        words = ["run", str(SCALP), "--instrument", "MNQ", "--live", "--port", str(self.port)]
        words += ["--journal", str(self.journal)]
        process, _ = started(self.folder / f"engine{len(self.processes)}.log", *words)
        self.processes.append(process)


def started(log: Path, *words: str) -> tuple[subprocess.Popen[bytes], str]:
    """A process of ours, and the first line it says."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "adapters.cli", *words, "--json"],
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    for _ in range(600):
        said, _, more = log.read_text("utf-8").partition("\n")
        if said.startswith("{") and (more or said.endswith("}")):
            return process, said
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.1)
    process.kill()
    raise AssertionError(log.read_text("utf-8"))


def bars_of_mornings(file: Path) -> Path:
    """Two trading dates of a market that is open while New York is: the first is history."""
    market = synthesize(instrument("MNQ"), date(2025, 11, 10), date(2025, 11, 11), seed=3)
    lines = ["time,open,high,low,close,volume"]
    for row in range(len(market)):
        minute = int(market.minute[row])
        if MORNING[0] <= minute % 1440 < MORNING[1]:
            columns = (market.open, market.high, market.low, market.close)
            prices = (float(column[row]) / 4 for column in columns)
            when = datetime.fromtimestamp(60 * minute, UTC)
            lines.append(f"{when:%Y-%m-%d %H:%M},{','.join(map(str, prices))},100")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    """A gateway that plays a morning, two bars in three seconds, and an engine on it."""
    bars = bars_of_mornings(tmp_path / "bars.csv")
    words = ["gateway", "--data", str(bars), "--zone", "UTC", "--stamp", "open"]
    words += ["--instrument", "MNQ", "--speed", "40", "--skip-gaps", "--stay", "--port", "0"]
    gateway, said = started(tmp_path / "gateway.log", *words)
    made = Floor(tmp_path, json.loads(said)["port"], [gateway])
    try:
        made.start_engine()
        yield made
    finally:
        for process in reversed(made.processes):
            process.kill()
            process.wait(PATIENCE / 1000)


def wish(page: Page, button: str, typed: str, why: str = "") -> None:
    """Tell the engine, as a person does."""
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill(why)
    dialog.get_by_label(f"Type {typed}").fill(typed)
    dialog.get_by_role("button", name=button, exact=True).click()


def test_an_entry_is_watched_and_flattened_and_a_dead_engine_is_said_to_be_dead(
    floor: Floor, serve: Callable[..., Served], page_as: Callable[..., Page], tmp_path: Path
) -> None:
    expect = sync_api.expect
    page = page_as("operator", at=serve(tmp_path, "--journal", str(floor.journal)))
    page.set_default_timeout(PATIENCE)
    page.goto("/live")
    state, position = page.locator("[data-state]"), page.get_by_role("region", name="Position")
    expect(page.locator("#live")).to_contain_text("paper DU1234567")

    # an entry happens while one watches
    expect(position.get_by_role("article")).to_contain_text("protected", timeout=PATIENCE)
    pictured(page, "web_live", whole=True)

    # it is flattened, which halts the entries
    wish(page, "Flatten", "flatten", "seen enough")
    expect(page.locator("#said")).to_contain_text("Flattening")
    expect(position).to_contain_text("Flat.", timeout=PATIENCE)
    expect(state).to_have_text("halted")
    expect(page.locator("#live")).to_contain_text("seen enough")

    # a resume is a deed of a person, and the entries go on
    wish(page, "Resume", "resume")
    expect(state).not_to_have_text("halted", timeout=PATIENCE)

    # the engine dies: the page says so, and says when it is back
    floor.processes[-1].send_signal(signal.SIGKILL)
    expect(page.locator("#live")).to_contain_text("The engine does not run", timeout=PATIENCE)
    pictured(page, "web_dead", whole=True)
    page.keyboard.press("h")
    page.get_by_role("dialog").get_by_label("Type halt").fill("halt")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("its next start is halted")
    floor.start_engine()
    expect(state).to_have_text("halted", timeout=PATIENCE)


def test_the_page_says_when_its_own_news_are_old(
    serve: Callable[..., Served], page_as: Callable[..., Page], tmp_path: Path
) -> None:
    served = serve(tmp_path, "--journal", str(tmp_path / "none.db"))
    page = page_as("viewer", at=served)
    page.clock.install()
    page.goto("/live")
    expect = sync_api.expect
    expect(page.locator("#live")).to_contain_text("No engine runs")
    expect(page.locator("#news")).to_have_text("up to date", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Flatten")).to_have_count(0)  # a viewer looks

    served.end(signal.SIGKILL)
    page.clock.fast_forward(20_000)

    expect(page.locator("#stale")).to_contain_text("No news for", timeout=PATIENCE)
