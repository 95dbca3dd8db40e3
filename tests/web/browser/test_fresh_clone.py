"""`engine web` in a fresh clone: how long until a person has seen a setup die and knows why."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.browser.test_why import PATIENCE
from tests.web.hosting import PATIENCE as SECONDS
from tests.web.hosting import first_line
from tests.web.pictures import pictured

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import Browser, Page, expect

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
PARTS = ("dsl", "engine", "adapters", "web", "strategies")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone holds of the program: its text, and nothing that was compiled before."""
    folder = tmp_path_factory.mktemp("clone")
    left = shutil.ignore_patterns("__pycache__", "node_modules")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=left)
    return folder


@contextmanager
def fresh(clone: Path, name: str) -> Iterator[tuple[float, dict[str, str]]]:
    """`engine web` in the clone, over a new folder: when it was started, and what it says."""
    own = {f"XDG_{kind}_HOME": str(clone / name / kind) for kind in ("CACHE", "DATA", "STATE")}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    words = ["web", "--json", "--port", "0", "--folder", str(clone / name / "workshop")]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", *words],
        cwd=clone,
        env={**kept, **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield began, json.loads(first_line(process))
    finally:
        process.kill()
        process.communicate(timeout=SECONDS)


def reached(page: Page, told: dict[str, str]) -> Iterator[str]:
    """Sign in, run the sample, choose a death, read its reason: what is there, as it comes."""
    page.goto(told["address"])
    page.get_by_label("Name").fill(told["name"])
    page.get_by_label("Password").fill(told["password"])
    page.get_by_role("button", name="Sign in").click()
    run = page.get_by_role("button", name="Run slob_5_1 on the sample").last
    expect(run).to_be_visible()
    yield "signed in"
    pictured(page, "web_home_empty")
    run.click()
    expect(page.locator(".deaths a").first).to_be_visible(timeout=PATIENCE)
    yield "deaths are listed"
    page.locator(".deaths a").first.click()
    expect(page.locator("#setup h2")).to_contain_text(re.compile("timeout|retraced|gap|over"))
    yield "its reason is told"
    expect(page.locator("[data-chart][data-drawn]")).to_be_visible(timeout=PATIENCE)
    yield "and drawn"


def test_in_a_fresh_clone_a_person_sees_a_setup_die_and_knows_why(
    browser: Browser, clone: Path
) -> None:
    for name in ("cold", "warm"):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        with fresh(clone, name) as (began, told):
            parts = [f"listens {time.monotonic() - began:.1f} s"]
            parts += [f"{what} {time.monotonic() - began:.1f}" for what in reached(page, told)]
        context.close()
        # the suite tells its figures
        print(f"\nfrom the start in a fresh clone, {name}: {', '.join(parts)}")  # noqa: T201
        assert (clone / "web" / "__pycache__").is_dir(), "it was another program that ran"
