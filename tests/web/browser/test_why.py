"""From a fresh page to the reason of a death, by hand and by key: in a real Chromium."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from adapters.workshop.charts import KINDS
from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People, Role
from tests.adapters.workshop.ran import copied, why
from tests.web.pictures import pictured
from tests.web.support import OPERATOR, PASSWORD, VIEWER, complaints, settled

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.web.hosting import Hosted

    Opener = Callable[..., Page]

DEATH = "/runs/1/why?candidate=2025-12-08/short/1"
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
PATIENCE = 60_000
"""Milliseconds; other things may be going on."""


@pytest.fixture(scope="session")
def ran(host: Callable[..., Hosted], tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    """A page over a workshop with a run that is done."""
    folder = tmp_path_factory.mktemp("ran")
    with Keeper(copied(folder / "workshop")) as keeper:
        people = People(keeper)
        people.add("test", OPERATOR, Role.OPERATOR, PASSWORD)
        people.add("test", VIEWER, Role.VIEWER, PASSWORD)
    return host(folder)


def opened(page: Page, path: str = DEATH) -> Page:
    """The page that says why, drawn."""
    page.goto(path)
    expect(page.locator("[data-chart][data-drawn]")).to_be_visible(timeout=PATIENCE)
    return page


def heading(page: Page) -> str:
    """What the panel says that became of the setup."""
    return page.locator("#setup .fate-head").inner_text()


def test_a_death_is_drawn_told_and_put_into_its_line(page_as: Opener, ran: Hosted) -> None:
    page = opened(page_as(at=ran))
    panel = page.locator("#setup")
    expect(panel.locator("h2")).to_have_text(re.compile("entry_timeout"))
    expect(panel).to_contain_text("1.00 pt missing")
    expect(page.locator(".spec .decided")).to_contain_text("entry_wait")
    expect(page.locator("#rescue")).to_contain_text("21 bars", timeout=PATIENCE)
    expect(page.locator("#rescue")).to_contain_text("it completes at 14:24")
    rules = page.locator("#bar table.rules tbody tr")
    expect(rules.filter(has_text="closed_back")).to_contain_text("17.00 pt missing")
    pictured(page, "web_why")


def test_the_arrow_keys_step_bar_by_bar(page_as: Opener, ran: Hosted) -> None:
    page = opened(page_as(at=ran))
    title = page.locator("#bar-title")
    expect(title).to_contain_text("14:23")
    for minute in ("14:22", "14:21"):
        page.keyboard.press("ArrowLeft")
        expect(title).to_contain_text(minute)
    page.keyboard.press("ArrowRight")
    expect(title).to_contain_text("14:22")
    page.keyboard.press("Home")
    expect(title).to_contain_text("13:38")
    expect(page.locator("#bar")).to_contain_text("A setup begins on this bar")
    page.keyboard.press("End")
    expect(title).to_contain_text("14:23")
    expect(page).to_have_url(re.compile(r"row=\d+"))


def test_keys_jump_to_setups_deaths_and_trades(page_as: Opener, ran: Hosted) -> None:
    page = opened(page_as(at=ran))
    first = heading(page)
    page.keyboard.press("t")
    expect(page.locator("#setup .fate-head")).to_contain_text("traded", timeout=PATIENCE)
    expect(page.locator("#rescue")).to_be_empty()
    pictured(page, "web_why_trade")
    page.keyboard.press("d")
    expect(page.locator("#setup .fate-head")).to_contain_text("dead", timeout=PATIENCE)
    after = heading(page)
    page.keyboard.press("n")
    expect(page.locator("#setup .fate-head")).not_to_have_text(after, timeout=PATIENCE)
    page.keyboard.press("p")
    expect(page.locator("#setup .fate-head")).to_have_text(
        after, use_inner_text=True, timeout=PATIENCE
    )
    assert first != after
    page.keyboard.press("D")
    expect(page.locator("#setup .fate-head")).not_to_have_text(
        after, use_inner_text=True, timeout=PATIENCE
    )
    expect(page.locator("#setup .fate-head")).to_contain_text("dead")


@pytest.mark.parametrize(
    ("on", "back", "kind"),
    [("n", "p", "setup"), ("d", "D", "death"), ("t", "T", "trade")],
    ids=["setup", "death", "trade"],
)
def test_keys_walk_from_one_to_the_next_and_say_where_there_is_none(
    page_as: Opener, ran: Hosted, on: str, back: str, kind: str
) -> None:
    found = why().opened
    named = [found.name(one) for one in found.setups if one.fate in KINDS[kind]]
    first, last = named[:4], found.setups[-1].first
    page = opened(page_as(at=ran), "/runs/1/why?row=0")
    name = page.locator("#setup .fate-head")
    for key, names in ((on, first), (back, first[-2::-1])):
        for one in names:
            page.keyboard.press(key)
            expect(name).to_contain_text(one, timeout=PATIENCE)
    page.keyboard.press(back)
    expect(page.locator("#notices")).to_contain_text(f"There is no {kind} before this one.")
    opened(page, f"/runs/1/why?row={last + 1}")
    page.keyboard.press(on)
    expect(page.locator("#notices")).to_contain_text(f"There is no {kind} after this one.")


def test_a_question_mark_shows_the_keys_and_escape_closes_them(
    page_as: Opener, ran: Hosted
) -> None:
    page = opened(page_as(at=ran))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    title = page.locator("#bar-title").inner_text()
    page.keyboard.press("ArrowLeft")
    assert page.locator("#bar-title").inner_text() == title
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_bars_are_fetched_as_one_zooms_and_the_bar_stays_in_sight(
    page_as: Opener, ran: Hosted
) -> None:
    page = opened(page_as(at=ran))
    chart = page.locator("[data-chart]")
    expect(chart).to_have_attribute("data-size", "1")
    before = int(chart.get_attribute("data-bars") or 0)
    for _ in range(9):
        page.keyboard.press("-")
    expect(chart).not_to_have_attribute("data-bars", str(before))
    page.keyboard.press("f")
    expect(chart).to_have_attribute("data-size", "1")


def test_a_click_on_a_bar_asks_about_that_bar(page_as: Opener, ran: Hosted) -> None:
    page = opened(page_as(at=ran))
    title = page.locator("#bar-title").inner_text()
    box = page.locator("[data-chart]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    expect(page.locator("#bar-title")).not_to_have_text(
        title, use_inner_text=True, timeout=PATIENCE
    )
    expect(page.locator("#setup h2")).to_contain_text("entry_timeout")


@pytest.mark.parametrize("looks", ["light", "dark"])
def test_axe_finds_nothing_serious(page_as: Opener, ran: Hosted, looks: str) -> None:
    page = page_as(at=ran, color_scheme=looks, bypass_csp=True, reduced_motion="reduce")
    for path in ("/", "/runs", "/runs/1", "/runs/new", DEATH):
        page.goto(path)
        if path == DEATH:
            expect(page.locator("[data-chart][data-drawn]")).to_be_visible(timeout=PATIENCE)
        assert complaints(page) == [], path
    pictured(page, f"web_why_{looks}")


def test_it_all_fits_a_phone(page_as: Opener, ran: Hosted) -> None:
    page = page_as(at=ran, **PHONE)
    for path in ("/", "/runs", "/runs/1", "/runs/new", DEATH):
        page.goto(path)
        settled(page)
        sizes = page.locator("html").evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert sizes[0] <= sizes[1], path
    pictured(opened(page), "web_why_phone")


def test_a_run_whose_folder_was_deleted_says_so(
    page_as: Opener, host: Callable[..., Hosted], tmp_path: Path
) -> None:
    with Keeper(copied(tmp_path / "workshop")) as keeper:
        People(keeper).add("test", OPERATOR, Role.OPERATOR, PASSWORD)
    page = page_as(at=host(tmp_path))
    shutil.rmtree(tmp_path / "workshop" / "runs" / "1")
    page.goto("/runs/1")
    expect(page.get_by_text("was deleted or damaged on disk")).to_be_visible()
    expect(page.get_by_text("Run it again")).to_be_visible()
