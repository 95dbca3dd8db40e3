"""A run from the page, its result, two side by side: in a real Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People, Role
from tests.adapters.workshop.ran import copied
from tests.adapters.workshop.traded import TRADED, journal
from tests.web.browser.test_why import PATIENCE
from tests.web.pictures import pictured
from tests.web.support import OPERATOR, PASSWORD

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.web.hosting import Hosted

    Opener = Callable[..., Page]


@pytest.fixture
def served(host: Callable[..., Hosted], tmp_path: Path) -> Hosted:
    """A page over a workshop with a run that is done, which the test may change."""
    with Keeper(copied(tmp_path / "workshop")) as keeper:
        People(keeper).add("test", OPERATOR, Role.OPERATOR, PASSWORD)
    return host(tmp_path)


def test_a_run_with_another_parameter_is_made_and_compared(page_as: Opener, served: Hosted) -> None:
    page = page_as(at=served)
    page.goto("/runs/new?like=1")
    page.get_by_label("entry_wait bars").fill("many")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("entry_wait")
    page.get_by_label("entry_wait bars").fill("30")
    pictured(page, "web_run_form")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name="Equity and drawdown")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_url(re.compile(r"/runs/2$"))
    expect(page.locator(".curve canvas").first).to_be_visible()
    pictured(page, "web_run", whole=True)
    page.goto("/runs")
    for number in (1, 2):
        page.get_by_label(f"Compare run {number}").check()
    pictured(page, "web_runs")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A: run 1, B: run 2")
    expect(page.get_by_role("row", name=re.compile("entry_wait"))).to_contain_text("30 bars")
    pictured(page, "web_compare", whole=True)


def test_both_venues_tell_the_same_of_a_run(page_as: Opener, served: Hosted) -> None:
    page = page_as(at=served)
    page.goto("/runs/new?like=1")
    page.get_by_label("Run by").select_option("backtrader")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("heading", name="Equity and drawdown")).to_be_visible(timeout=PATIENCE)
    page.goto("/runs/compare?a=1&b=2")
    expect(page.locator(".notice")).to_contain_text("no difference")
    rows = page.get_by_role("table").first.get_by_role("row")
    vector, backtrader = (row.get_by_role("cell").all_inner_texts() for row in rows.all()[1:])
    assert (vector[2], backtrader[2]) == ("vector", "backtrader")
    assert vector[3:] == backtrader[3:]
    assert int(vector[4]) > 0
    expect(page.get_by_text("None: every trade is the same.")).to_be_visible()


def test_what_was_traded_live_is_shown_beside_its_replay(
    page_as: Opener, host: Callable[..., Hosted], tmp_path: Path
) -> None:
    page = page_as("viewer", at=host(tmp_path, journal=str(journal())))
    page.goto("/runs")
    page.get_by_role("link", name="Live against replay").click()
    page.get_by_label("Strategy").select_option(TRADED)
    page.get_by_role("button", name="Compare").click()
    card = page.get_by_role("region", name="Contract")
    expect(card).to_contain_text("Equal: every decision, order and fill is the same")
    rows = card.get_by_role("table").get_by_role("row").all()[1:]
    sums = [row.get_by_role("cell").all_inner_texts() for row in rows]
    assert len(sums) >= 2
    assert all(one == sums[0] for one in sums)
    assert int(sums[0][1]) > 0, "something was traded"
    page.get_by_label("Strategy").select_option("slob_5_1")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("not traded by this program")).to_be_visible()


def test_the_formula_of_a_figure_shows_where_it_is_pointed_at(
    page_as: Opener, served: Hosted
) -> None:
    page = page_as(at=served)
    page.goto("/runs/1")
    figure = page.locator(".figures [data-tip]", has_text="Profit factor")
    figure.focus()
    tip = figure.evaluate("e => getComputedStyle(e, '::after').content")
    assert "sum of wins" in tip


def test_setups_and_conditions_come_as_one_scrolls(page_as: Opener, served: Hosted) -> None:
    page = page_as(at=served)
    page.goto("/runs/1")
    page.locator("#setups-title").scroll_into_view_if_needed()
    expect(page.locator("#setups table")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("Became").select_option("dead")
    expect(page.locator("#setups caption")).to_contain_text("setups")
    expect(page.locator("#setups .badge", has_text="refused")).to_have_count(0)
    page.locator("#conditions-title").scroll_into_view_if_needed()
    expect(page.locator("table.conditions").first).to_contain_text("closed_back", timeout=PATIENCE)


def test_a_run_that_is_cancelled_says_so(page_as: Opener, served: Hosted) -> None:
    page = page_as(at=served)
    page.goto("/runs/new?strategy=slob_5_1")
    page.get_by_label("Run by").select_option("backtrader")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("Cancelled", timeout=PATIENCE)
    expect(page.get_by_role("button", name="Run again")).to_be_visible()


def test_a_run_is_deleted_after_it_was_asked_twice(page_as: Opener, served: Hosted) -> None:
    page = page_as(at=served)
    page.goto("/runs/1")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    expect(page).to_have_url(re.compile(r"/runs$"))
    expect(page.get_by_text("No run matches.")).to_be_visible()
