"""The page in a real browser, offline: its script runs to the end and complains of nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from adapters.report import report_of, write_report
from engine.execution.terms import Terms
from engine.run import Strategy, run_batch
from tests.support.bars import random_walk
from tests.support.calendars import FixedHours
from tests.support.programs import tiny
from tests.support.shipped import FOLDER, program_of

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="there is no Chromium here: apt-get install chromium to run these"
)
TERMS = Terms(Fraction(1_000_000), Fraction(5, 2))


def opened(address: str, profile: Path) -> tuple[str, list[str]]:
    """The page as the browser has it after its script, and what it wrote to the console."""
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--enable-logging=stderr", "--virtual-time-budget=8000"),
            *(f"--user-data-dir={profile}", "--window-size=1200,2400", address),
        ],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = replace(
        program_of(FOLDER / "slob_5_1.yaml"),
        name="</script><script>document.title='broken'</script>",
    )
    run = run_batch(Strategy(program), random_walk(30, 5), FixedHours(), TERMS)
    return write_report(tmp_path_factory.mktemp("report") / "report.html", report_of(run))


def ready(page: str) -> str:
    found = re.search(r'<html[^>]* data-ready="([^"]*)"', page)
    assert found, "the script did not finish"
    return found[1]


def test_the_first_trade_is_shown_with_its_story_and_no_complaint(
    path: Path, tmp_path: Path
) -> None:
    page, console = opened(path.as_uri(), tmp_path)
    assert console == []
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/(short|long)/\d+", ready(page))
    assert "setup complete" in page
    assert page.count('aria-current="true"') == 1
    assert "<title>broken" not in page


def test_an_address_opens_the_setup_it_names(path: Path, tmp_path: Path) -> None:
    page, _ = opened(path.as_uri(), tmp_path / "first")
    listed = re.search(r"Setups without a trade <b[^>]*>([\d,]+)</b>", page)
    assert listed
    assert listed[1] != "0"
    wanted = ready(page)
    again, console = opened(f"{path.as_uri()}#trade-{wanted}", tmp_path / "second")
    assert console == []
    assert ready(again) == wanted


def test_a_page_with_nothing_to_draw_complains_of_nothing(tmp_path: Path) -> None:
    run = run_batch(Strategy(tiny()), random_walk(2, 1), FixedHours(), TERMS)
    path = write_report(tmp_path / "report.html", report_of(run))
    page, console = opened(path.as_uri(), tmp_path / "profile")
    assert console == []
    assert ready(page) == "nothing to draw"
    assert "There are none." in page
