"""The page of a sweep in a real Chromium, offline: by mouse and keyboard, in the dark, on a phone.

`SWEEP_PICTURE=docs/sweep.png pytest tests/adapters/sweep/test_page_browser.py -k picture` takes the
picture of the documentation, of the page that `SWEEP_PAGE` names where it does.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters.sweep.page import sweep_input, write_page
from adapters.sweep.page.source import Measure
from tests.support.shipped import FOLDER, program_of
from tests.support.studies import hill_study

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from adapters.sweep.study import Study

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
pytestmark = pytest.mark.skipif(
    not CHROMIUM, reason="there is no Chromium here: apt-get install chromium to run these"
)
SLOB = program_of(FOLDER / "slob_5_1.yaml")
PICTURE = os.environ.get("SWEEP_PICTURE", "")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def study() -> Study:
    return hill_study(SLOB, folds=4)


@pytest.fixture(scope="module")
def path(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("sweep") / "sweep.html", study)


@contextmanager
def opened(browser: Browser, path: Path, width: int = 1200, **context: Any) -> Iterator[Page]:
    """The page, ready; it must not have complained of anything in the end."""
    made = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **context)
    page = made.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=20_000)
    yield page
    assert said == []
    made.close()


def focused(page: Page) -> str:
    """What a screen reader says of the element that has the focus."""
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')"))


def row_at(study: Study, **places: str) -> int:
    """The only set with these values."""
    found = [row for row in range(study.done) if dict(study.setting(row)) == places]
    assert len(found) == 1
    return found[0]


def shown(study: Study, name: str, value: float) -> str:
    measure = next(one for one in sweep_input(study).measures if one.name == name)
    assert isinstance(measure, Measure)
    return measure.text(value)


# --- the map ------------------------------------------------------------------------------------


def test_every_cell_says_the_value_of_its_set(browser: Browser, path: Path, study: Study) -> None:
    assert study.best is not None
    fixed = dict(study.setting(study.best))["sizing"]
    with opened(browser, path) as page:
        page.select_option("#axis-x", label="consol_min")
        page.select_option("#axis-y", label="rr_min")
        labels = page.locator("#heat [role=gridcell]").evaluate_all(
            "cells => cells.map(cell => cell.getAttribute('aria-label'))"
        )
    assert len(labels) == 7 * 5
    for label in labels:
        found = re.match(r"consol_min (\d+ min), rr_min ([\d.]+), Sharpe (\S+?)(,|$)", label)
        assert found, label
        row = row_at(study, consol_min=found[1], rr_min=found[2], sizing=fixed)
        assert found[3] == shown(study, "sharpe", study.figures("sharpe")[row])
        assert ("the best set" in label) == (row == study.best)
    assert any(label.endswith("Sharpe na") for label in labels)


def test_the_map_is_walked_and_a_cell_is_kept_by_keyboard(
    browser: Browser, path: Path, study: Study
) -> None:
    with opened(browser, path) as page:
        page.select_option("#axis-x", label="consol_min")
        page.select_option("#axis-y", label="rr_min")
        page.focus("#how")
        page.keyboard.press("Tab")
        assert "the best set" in focused(page)
        for key in ("PageDown", "Home", "ArrowRight", "ArrowUp", "ArrowRight"):
            page.keyboard.press(key)
        assert focused(page).startswith("consol_min 5 min, rr_min 0.5, ")
        page.keyboard.press("Enter")
        assert study.best is not None
        fixed = dict(study.setting(study.best))["sizing"]
        row = row_at(study, consol_min="5 min", rr_min="0.5", sizing=fixed)
        assert page.inner_text("#cell-value") == shown(
            study, "sharpe", study.figures("sharpe")[row]
        )
        figures = page.locator("#cell-figures div").all_inner_texts()
        assert f"Trades\n{int(study.figures('trades')[row])}" in figures
        page.keyboard.press("b")
        assert "the best set" in focused(page)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "cell-copy"


def test_the_pointer_shows_a_cell_and_leaving_shows_the_kept_one(
    browser: Browser, path: Path
) -> None:
    with opened(browser, path) as page:
        kept = page.inner_text("#cell-value")
        cell = page.locator("#heat [role=gridcell]").first
        label = cell.get_attribute("aria-label") or ""
        cell.hover()
        assert page.inner_text("#cell-value") in label
        page.hover("h1")
        assert page.inner_text("#cell-value") == kept


def test_axes_figure_and_collapse_are_chosen_by_mouse_and_keyboard(
    browser: Browser, path: Path, study: Study
) -> None:
    with opened(browser, path) as page:
        page.select_option("#axis-x", label="rr_min")
        page.select_option("#axis-y", label="sizing")
        page.select_option("#how", label="their median")
        page.focus("#figure")
        page.keyboard.press("ArrowDown")
        assert page.input_value("#figure") == "1"
        label = page.locator("#heat [role=gridcell]").first.get_attribute("aria-label") or ""
        assert page.locator("#heat [role=row]").count() == 2
        # choosing for one direction what the other has swaps the two
        page.select_option("#axis-x", label="sizing")
        assert page.locator("#axis-y option:checked").inner_text() == "rr_min"
        assert page.locator("#heat [role=row]").count() == 5
        assert page.inner_text("#profiles-figure") == "Net profit"
    rows = [
        row
        for row in range(study.done)
        if dict(study.setting(row))["rr_min"] == "0" and dict(study.setting(row))["sizing"] == "atr"
    ]
    median = float(np.median(study.figures("net")[rows]))
    said = shown(study, "net", median)
    assert label.startswith(f"rr_min 0, sizing atr, Net profit {said}, {len(rows)} sets")


def test_the_middle_of_each_value_is_told_along_an_axis(
    browser: Browser, path: Path, study: Study
) -> None:
    with opened(browser, path) as page:
        assert page.locator("#profile-list svg").count() == 3
        figure = page.locator("#profile-list figure", has_text="rr_min")
        figure.locator("svg").focus()
        for _ in range(6):
            page.keyboard.press("ArrowLeft")
        told = figure.locator(".readout").inner_text()
    rows = [row for row in range(study.done) if dict(study.setting(row))["rr_min"] == "0"]
    known = study.figures("sharpe")[rows]
    known = known[~np.isnan(known)]
    low, middle, high = (f"{value:.2f}" for value in np.quantile(known, [0.25, 0.5, 0.75]))
    assert told == f"0: {middle} ({low} to {high}), {len(known)} sets"


# --- the list -----------------------------------------------------------------------------------


def column(page: Page, name: str) -> list[str]:
    heads = page.locator("#table thead th").all_inner_texts()
    number = next(i for i, head in enumerate(heads) if head.split(" \u2193")[0].strip() == name)
    return page.locator(f"#table tbody td:nth-child({number + 1})").all_inner_texts()


def test_the_list_is_sorted_by_any_column_and_sets_without_a_figure_come_last(
    browser: Browser, path: Path, study: Study
) -> None:
    with opened(browser, path) as page:
        best_first = [f"{v:.2f}" for v in -np.sort(-study.figures("sharpe"))]
        assert column(page, "Sharpe") == [text.replace("nan", "na") for text in best_first]
        page.get_by_role("button", name="Trades", exact=True).click()
        assert column(page, "Trades") == [f"{v:.0f}" for v in -np.sort(-study.figures("trades"))]
        assert page.locator("#table th[aria-sort=descending]").inner_text().startswith("Trades")
        # the head keeps the focus, so that a keyboard turns it round
        page.keyboard.press("Enter")
        assert page.locator("#table th[aria-sort=ascending]").inner_text().startswith("Trades")
        page.get_by_role("button", name="Largest drawdown").click()
        page.get_by_role("button", name="sizing").click()
        assert column(page, "sizing \u2191")[0] == "fixed_risk"


def test_a_set_is_copied_as_the_command_that_runs_it(
    browser: Browser, path: Path, study: Study
) -> None:
    assert study.best is not None
    with opened(browser, path, permissions=["clipboard-read", "clipboard-write"]) as page:
        assert page.inner_text("#command") == shlex.join(study.command(study.best))
        page.locator("#table tbody button").nth(2).click()
        third = int(study.ranking()[2])
        assert page.inner_text("#command") == shlex.join(study.command(third))
        assert page.locator("#table tr[aria-current]").count() == 1
        page.click("#copy")
        page.get_by_text("Copied", exact=True).wait_for()
        said = page.evaluate("navigator.clipboard.readText()")
        assert tuple(shlex.split(said)) == study.command(third)
        assert "--data" in study.command(third)


# --- everywhere ---------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1200])
def test_nothing_runs_out_of_the_page(
    browser: Browser, path: Path, width: int, scheme: str
) -> None:
    with opened(browser, path, width, color_scheme=scheme) as page:
        wide = page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= width
        heat = page.locator("#heat").bounding_box()
        assert heat is not None
        assert heat["x"] >= 0
        assert heat["x"] + heat["width"] <= width
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = sum(map(int, re.findall(r"\d+", paper)[:3])) > 3 * 128
        assert light == (scheme == "light")


def test_the_figures_are_there_without_a_script(browser: Browser, path: Path) -> None:
    made = browser.new_context(java_script_enabled=False, offline=True)
    page = made.new_page()
    page.goto(path.as_uri())
    assert page.locator(".card").count() == 8
    assert page.locator(".folds tbody tr").count() == 4
    made.close()


def test_hostile_words_run_nothing(browser: Browser, study: Study, tmp_path: Path) -> None:
    hostile = "</script><img src=x onerror=\"document.title='broken'\">'$(id)`id`"
    program = replace(study.program, name=hostile)
    made = replace(study, program=program, run=("engine", "run", hostile), notes=(hostile,))
    with opened(browser, write_page(tmp_path / "sweep.html", made)) as page:
        assert page.inner_text("h1") == hostile
        assert "broken" not in page.title().split(hostile)
        assert page.locator("main img").count() == 0
        assert shlex.split(page.inner_text("#command"))[2] == hostile


@pytest.mark.parametrize("grid", [("rr_min=0..3/0.5",), ("sizing=fixed_risk,atr", "rr_min=1")])
def test_few_axes_and_few_values_are_drawn_too(
    browser: Browser, grid: tuple[str, ...], tmp_path: Path
) -> None:
    study = hill_study(SLOB, grid)
    with opened(browser, write_page(tmp_path / "sweep.html", study), 360) as page:
        assert page.locator("#heat [role=gridcell]").count() == study.done
        assert page.locator("#how-label").is_hidden()


def test_a_sweep_without_a_figure_draws_nothing(browser: Browser, tmp_path: Path) -> None:
    path = write_page(tmp_path / "sweep.html", hill_study(SLOB, missing=70))
    with opened(browser, path) as page:
        assert page.get_attribute("html", "data-ready") == "nothing to draw"


def test_ten_thousand_sets_load_and_react_fast(browser: Browser, tmp_path: Path) -> None:
    study = hill_study(SLOB, ("consol_max=21..120/1", "rr_min=0..4.95/0.05"))
    path = write_page(tmp_path / "sweep.html", study)
    begun = perf_counter()
    with opened(browser, path) as page:
        loaded = perf_counter() - begun
        assert page.locator("#heat [role=gridcell]").count() == 10_000
        change = "select => { const t = performance.now(); select.value = 5; select.dispatchEvent(new Event('change')); select.getBoundingClientRect(); return performance.now() - t; }"  # noqa: E501
        redrawn = page.locator("#figure").evaluate(change)
        sort = "head => { const t = performance.now(); head.click(); head.getBoundingClientRect(); return performance.now() - t; }"  # noqa: E501
        resorted = page.get_by_role("button", name="Trades", exact=True).evaluate(sort)
    size = path.stat().st_size
    print(f"{size:,} bytes, {loaded:.2f} s, {redrawn:.0f} ms, {resorted:.0f} ms")  # noqa: T201
    assert loaded < 6
    assert redrawn < 2000
    assert resorted < 1000


@pytest.mark.skipif(not PICTURE, reason="SWEEP_PICTURE=docs/sweep.png takes the picture")
def test_a_picture_for_the_documentation(browser: Browser, path: Path) -> None:
    source = Path(os.environ.get("SWEEP_PAGE", path)).resolve()
    with opened(browser, source, 1040) as page:
        shown = page.locator("#map").bounding_box()
        assert shown is not None
        height = shown["y"] + shown["height"] + 30
        page.screenshot(
            path=PICTURE, full_page=True, clip={"x": 0, "y": 0, "width": 1040, "height": height}
        )
