"""Signing in, moving about, looks, keyboard, phone, axe: in a real Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.support import OPERATOR, PASSWORD, VIEWER, complaints

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.web.hosting import Hosted

    Opener = Callable[..., Page]

PLACES = ["/strategies", "/runs", "/live", "/health", "/people", "/account", "/about", "/nothing"]
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 800},
    "has_touch": True,
    "is_mobile": True,
}


def ready(page: Page, path: str) -> None:
    """Go there, and wait until its scripts have run."""
    page.goto(path)
    expect(page.locator("html[data-ready]")).to_be_attached()


def menu(page: Page, name: str) -> Locator:
    """What opens the menu."""
    return page.locator("summary", has_text=name)


def try_password(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_wrong_password_is_said_and_the_right_one_lets_in(page_as: Opener) -> None:
    page = page_as("")
    page.goto("/people")
    expect(page).to_have_url(re.compile(r"/login\?next=/people$"))
    page.get_by_label("Name").fill(OPERATOR)
    try_password(page, "not-the-password")
    expect(page.get_by_role("alert")).to_have_text("That name and password do not go together.")
    expect(page.get_by_label("Name")).to_have_value(OPERATOR)
    expect(page.get_by_label("Password")).to_be_focused()
    try_password(page, PASSWORD)
    expect(page).to_have_url(re.compile(r"/people$"))
    expect(menu(page, OPERATOR)).to_be_visible()


def test_too_many_tries_must_wait(
    page_as: Opener, host: Callable[..., Hosted], tmp_path: Path
) -> None:
    page = page_as("", at=host(tmp_path))
    page.goto("/login")
    for _ in range(6):
        page.get_by_label("Name").fill(OPERATOR)
        try_password(page, "not-the-password")
    expect(page.get_by_role("alert")).to_have_text(re.compile(r"Too many tries\. Wait \d+ sec"))


def test_signing_out_leaves_nothing_behind(page_as: Opener) -> None:
    page = page_as("viewer", fresh=True)
    ready(page, "/about")
    menu(page, VIEWER).click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/login$"))
    page.go_back()
    page.reload()
    expect(page).to_have_url(re.compile(r"/login"))


def test_a_viewer_finds_no_way_to_the_people(page_as: Opener) -> None:
    page = page_as("viewer")
    ready(page, "/about")
    menu(page, VIEWER).click()
    expect(page.get_by_role("link", name="People and deeds")).to_have_count(0)
    page.goto("/people")
    expect(page.get_by_role("heading", name="Forbidden")).to_be_visible()
    expect(page.get_by_text("ask an operator")).to_be_visible()


def test_an_operator_adds_somebody_who_signs_in(
    page_as: Opener, host: Callable[..., Hosted], tmp_path: Path
) -> None:
    served = host(tmp_path)
    page = page_as("operator", at=served)
    ready(page, "/people")
    page.get_by_label("Name", exact=True).fill("nora")
    page.get_by_label("Password, 10 characters or more").fill("a-long-enough-one")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("nora may sign in, as viewer.")).to_be_visible()
    page.get_by_role("button", name="Make operator (nora)").click()
    expect(page.get_by_text("nora is operator now.")).to_be_visible()
    page.get_by_role("button", name="New password for nora").click()
    page.get_by_label("New password of nora").fill("another-long-one")
    page.get_by_role("button", name="Set it").click()
    expect(page.get_by_text("nora has a new password and is signed out.")).to_be_visible()
    page.get_by_role("button", name="Disable nora").click()
    expect(page.get_by_text("nora may not sign in any more")).to_be_visible()
    page.get_by_role("button", name=f"Disable {OPERATOR}").click()
    expect(page.locator("#notices")).to_contain_text("is the last operator")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#notices .notice")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("cell", name="changed a password")).to_be_visible()


def test_a_page_whose_session_ended_goes_to_the_login_by_itself(page_as: Opener) -> None:
    page = page_as("operator")
    ready(page, "/people")
    page.context.clear_cookies()
    page.get_by_role("button", name=f"Make operator ({VIEWER})").click()
    expect(page).to_have_url(re.compile(r"/login\?next=/people$"))


def test_a_server_that_is_gone_is_said(
    page_as: Opener, host: Callable[..., Hosted], tmp_path: Path
) -> None:
    served = host(tmp_path)
    page = page_as("operator", at=served)
    ready(page, "/people")
    served.end()
    page.get_by_role("button", name=f"Make operator ({VIEWER})").click()
    expect(page.locator("#notices")).to_contain_text("The page did not answer")


def test_the_whole_way_by_keyboard(page_as: Opener) -> None:
    page = page_as("")
    page.goto("/login?next=/about")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type(VIEWER)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/about$"))
    expect(page.locator("html[data-ready]")).to_be_attached()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    for _ in range(20):
        page.keyboard.press("Shift+Tab")
        if menu(page, VIEWER).evaluate("it => it === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(menu(page, VIEWER)).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/login$"))


def test_every_place_shows_where_the_focus_is(page_as: Opener) -> None:
    page = page_as("operator")
    ready(page, "/about")
    for _ in range(8):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle + "
            "getComputedStyle(document.activeElement).outlineWidth"
        )
        assert seen == "solid2px"


def test_looks_are_chosen_and_kept(page_as: Opener) -> None:
    page = page_as("operator", color_scheme="light")
    ready(page, "/about")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    menu(page, OPERATOR).click()
    page.get_by_role("button", name="Dark").click()
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == dark
    menu(page, OPERATOR).click()
    page.get_by_role("button", name="System").click()
    assert page.evaluate(paper) == light


def test_nothing_is_wider_than_a_phone_and_places_are_where_a_thumb_is(page_as: Opener) -> None:
    page = page_as("operator", **PHONE)
    wide = {}
    for path in PLACES:
        ready(page, path)
        wide[path] = page.evaluate("document.documentElement.scrollWidth")
    assert {path: width for path, width in wide.items() if width > 390} == {}
    for place in page.get_by_role("navigation", name="Main").get_by_role("link").all():
        box = place.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] > 700


@pytest.mark.parametrize(
    ("looks", "words"), [("light", {}), ("dark", PHONE)], ids=["desk", "phone"]
)
def test_axe_finds_nothing(page_as: Opener, looks: str, words: dict[str, Any]) -> None:
    words = {"color_scheme": looks, "bypass_csp": True, "reduced_motion": "reduce", **words}
    page = page_as("operator", **words)
    found = {}
    for path in PLACES:
        ready(page, path)
        found[path] = complaints(page)
    out = page_as("", **words)
    ready(out, "/login")
    found["/login"] = complaints(out)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_without_scripts_a_person_still_signs_in_and_changes_things(page_as: Opener) -> None:
    page = page_as("operator", java_script_enabled=False)
    page.goto("/people")
    page.get_by_role("button", name=f"Make operator ({VIEWER})").click()
    expect(page.get_by_role("button", name=f"Make viewer ({VIEWER})")).to_be_visible()
    page.get_by_role("button", name=f"Make viewer ({VIEWER})").click()
    expect(page.get_by_role("button", name=f"Make operator ({VIEWER})")).to_be_visible()
