"""Writing a strategy as a person does: mistakes, fixes, completion, saving, two at once."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.web.pictures import pictured
from tests.web.support import complaints

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.hosting import Hosted


@pytest.fixture(scope="module")
def bench(host: Callable[..., Hosted], tmp_path_factory: pytest.TempPathFactory) -> Hosted:
    """A page whose strategies these tests may change."""
    return host(tmp_path_factory.mktemp("bench"))


@pytest.fixture
def open_strategy(page_as: Callable[..., Page], bench: Hosted) -> Callable[..., Page]:
    """Opens a strategy in a browser of its own, with the editor ready."""

    def opened(name: str, role: str = "operator", **words: object) -> Page:
        page = page_as(role, at=bench, **words)
        page.goto(f"/strategies/{name}")
        expect(page.locator("form[data-mounted]")).to_be_visible()
        return page

    return opened


def copy_of(page: Page, source: str, name: str) -> None:
    """Make a strategy of its own for a test."""
    page.goto(f"/strategies/-/new?of={source}")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.locator("form[data-mounted]")).to_be_visible()


def at_end_of(page: Page, words: str) -> None:
    """Put the cursor behind the first line with these words."""
    lines = text_in(page).splitlines()
    number = next(at for at, line in enumerate(lines) if words in line)
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+Home")
    for _ in range(number):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("End")


def text_in(page: Page) -> str:
    """What the form would send."""
    return page.locator("textarea[name=text]").input_value()


def test_a_strategy_is_written_from_nothing_with_a_mistake_and_its_fix(
    page_as: Callable[..., Page], bench: Hosted
) -> None:
    page = page_as("operator", at=bench)
    page.goto("/strategies")
    page.get_by_role("link", name="New strategy").click()
    page.get_by_label("Name", exact=True).fill("first_try")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Created. This is version 1.")).to_be_visible()
    expect(page.locator("#verdict")).to_have_text("no findings")

    at_end_of(page, "breakout:")
    page.keyboard.press("Enter")
    page.keyboard.type("rising: clse > open")
    expect(page.locator(".cm-lintRange-error")).to_have_text("clse")
    expect(page.locator("#findings .finding.error")).to_contain_text("unknown name `clse`")
    expect(page.locator(".cm-note.error")).to_contain_text("unknown name `clse`")
    expect(page.locator("#verdict")).to_contain_text("1 error")

    page.get_by_role("button", name="change to close").click()
    expect(page.locator("#verdict")).not_to_contain_text("error")
    assert "rising: close > open" in text_in(page)

    page.get_by_label("Why").fill("only with the bar")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    saved = (bench.settings.strategies / "first_try.yaml").read_text(encoding="utf-8")
    assert "rising: close > open" in saved


def test_a_message_appears_soon_after_the_last_key(
    open_strategy: Callable[..., Page],
) -> None:
    page = open_strategy("slob_5_1_creator")
    expect(page.locator("form[data-checked=thorough]")).to_be_visible()
    at_end_of(page, "swept:")
    took = []
    for _ in range(5):
        page.keyboard.type(" and nonsense")
        began = time.perf_counter()
        expect(page.locator(".cm-lintRange-error").first).to_be_visible()
        took.append(1000 * (time.perf_counter() - began))
        for _ in " and nonsense":
            page.keyboard.press("Backspace")
        expect(page.locator(".cm-lintRange-error")).to_have_count(0)
    took.sort()
    print(f"\nkey to message: median {took[2]:.0f} ms, most {took[-1]:.0f} ms")  # noqa: T201


def test_keys_are_completed_by_their_place_and_names_where_names_may_stand(
    open_strategy: Callable[..., Page],
) -> None:
    page = open_strategy("slob_5_1_creator")
    choices = page.locator(".cm-tooltip-autocomplete")
    at_end_of(page, "within: {limit: entry_wait")
    page.keyboard.press("Enter")
    page.keyboard.type("inv")
    # the stage has one already, so it is not offered a second time
    page.wait_for_timeout(300)
    expect(choices).to_have_count(0)
    for _ in "inv":
        page.keyboard.press("Backspace")
    page.keyboard.type("do")
    expect(choices).to_contain_text("doc")
    page.keyboard.press("Escape")
    for _ in "do":
        page.keyboard.press("Backspace")
    at_end_of(page, "swept:")
    page.keyboard.type(" and lse.hi")
    expect(choices).to_contain_text("high")
    page.wait_for_timeout(150)  # what has just appeared is not taken by a key meant for the text
    page.keyboard.press("Enter")
    assert "lse.high and lse.high" in text_in(page)
    page.keyboard.type(" + 2 p")
    expect(choices).to_contain_text("pt")


def test_the_word_under_the_pointer_is_explained(open_strategy: Callable[..., Page]) -> None:
    page = open_strategy("slob_5_1_creator")
    doc = page.locator(".cm-doc")
    page.locator(".cm-line", has_text="instrument:").get_by_text("instrument").hover()
    expect(doc).to_contain_text("What is traded")
    page.mouse.move(5, 5)
    line = page.locator(".cm-line", has_text="dwell_min:").first
    line.get_by_text("dwell_min").hover()
    expect(doc).to_contain_text("parameter, minutes")
    page.keyboard.press("Escape")


def test_a_parameter_of_the_form_writes_itself_into_the_text(
    open_strategy: Callable[..., Page],
) -> None:
    page = open_strategy("slob_5_1_creator")
    before = text_in(page)
    page.get_by_role("spinbutton", name="dwell_min").fill("20")
    expect(page.locator("form[data-changed]")).to_be_visible()
    after = text_in(page)
    assert after == before.replace(
        "dwell_min:     {default: 15 min", "dwell_min:     {default: 20 min"
    )
    page.get_by_role("spinbutton", name="dwell_min").fill("999")
    expect(page.get_by_role("spinbutton", name="dwell_min")).to_have_attribute(
        "aria-invalid", "true"
    )
    assert text_in(page) == after


def test_a_stage_of_the_diagram_leads_to_its_line(open_strategy: Callable[..., Page]) -> None:
    page = open_strategy("slob_5_1_creator")
    page.get_by_role("button", name=re.compile("^armed")).click()
    expect(page.locator(".cm-activeLine")).to_have_text(re.compile(r"^\s+armed:"))
    page.get_by_role("button", name=re.compile("^trigger")).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".cm-activeLine")).to_have_text(re.compile(r"^\s+trigger:"))


def test_a_change_is_shown_in_text_and_in_trades_before_it_is_saved(
    open_strategy: Callable[..., Page],
) -> None:
    page = open_strategy("slob_5_1_creator")
    page.get_by_role("spinbutton", name="rr_min").fill("5")
    expect(page.locator("form[data-changed]")).to_be_visible()
    page.get_by_role("button", name="What changes").click()
    difference = page.get_by_label("What changes").last
    expect(difference.locator("tr.new")).to_contain_text("rr_min")
    page.get_by_role("button", name="What it does to the trades").click()
    sentence = difference.locator(".sentence")
    expect(sentence).to_contain_text(re.compile("This change (removes|leaves)"), timeout=60_000)


def test_two_operators_meet_in_a_conflict_and_nothing_is_lost(
    page_as: Callable[..., Page], bench: Hosted
) -> None:
    one, other = page_as("operator", at=bench), page_as("operator", at=bench)
    copy_of(one, "vwap_reversion", "shared")
    other.goto("/strategies/shared")
    expect(other.locator("form[data-mounted]")).to_be_visible()
    one.get_by_role("spinbutton", name="stretch").fill("4")
    expect(one.locator("form[data-changed]")).to_be_visible()
    one.get_by_label("Why").fill("nearer")
    one.get_by_role("button", name="Save").click()
    expect(one.get_by_text("Saved as version 2.")).to_be_visible()

    at_end_of(other, "turned:")
    other.keyboard.type("    # mine")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("saved version 2")
    expect(
        other.locator("section", has_text="What olga changed").locator("tr.new")
    ).to_contain_text("4")
    expect(other.locator("section", has_text="What you changed").locator("tr.new")).to_contain_text(
        "# mine"
    )
    # put together by hand: theirs for the parameter, mine for the comment
    theirs = other.locator(".cm-deletedChunk", has_text="stretch:")
    theirs.get_by_role("button", name="Take theirs").click()
    other.get_by_role("button", name="Save over version 2").click()
    expect(other.get_by_text("Saved as version 3.")).to_be_visible()
    text = (bench.settings.strategies / "shared.yaml").read_text(encoding="utf-8")
    assert "# mine" in text
    assert "default: 4" in text


def test_a_newer_version_is_told_before_anybody_saves(
    page_as: Callable[..., Page], bench: Hosted
) -> None:
    page = page_as("operator", at=bench)
    copy_of(page, "vwap_reversion", "watched")
    file = bench.settings.strategies / "watched.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "# by vim\n", encoding="utf-8")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#newer")).to_contain_text("There is a newer version 2.")


def test_an_older_version_is_looked_at_and_restored(
    page_as: Callable[..., Page], bench: Hosted
) -> None:
    page = page_as("operator", at=bench)
    copy_of(page, "vwap_reversion", "with_past")
    file = bench.settings.strategies / "with_past.yaml"
    first = file.read_text(encoding="utf-8")
    page.get_by_role("spinbutton", name="stretch").fill("3")
    expect(page.locator("form[data-changed]")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    file.write_text(first + "# from vim\n", encoding="utf-8")
    page.get_by_role("link", name="Versions").click()
    expect(page.get_by_role("navigation", name="Versions")).to_contain_text("changed on disk")
    page.get_by_role("navigation", name="Versions").get_by_role("link").last.click()
    page.get_by_role("button", name="Restore this text").click()
    expect(page.get_by_text("The text of the older version is now version 4.")).to_be_visible()
    assert file.read_text(encoding="utf-8") == first


def test_everything_is_done_with_the_keyboard_alone(
    page_as: Callable[..., Page], bench: Hosted
) -> None:
    page = page_as("operator", at=bench)
    copy_of(page, "vwap_reversion", "by_keys")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('cm-content')"):
            break
    page.keyboard.press("Control+End")
    page.keyboard.type("# typed")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.classList.contains('cm-content')")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()


def test_a_text_is_tidied_and_keeps_its_comments(
    page_as: Callable[..., Page], bench: Hosted
) -> None:
    page = page_as("operator", at=bench)
    copy_of(page, "vwap_reversion", "untidy")
    before = text_in(page)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\n\n\n# the end    ")
    page.get_by_role("button", name="Format").click()
    expect(page.locator(".cm-content")).to_be_focused()
    assert text_in(page) == before.rstrip("\n") + "\n\n# the end\n"


def test_a_viewer_may_look_and_not_save(open_strategy: Callable[..., Page]) -> None:
    page = open_strategy("slob_5_1_creator", "viewer")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    expect(page.get_by_role("spinbutton", name="dwell_min")).to_be_disabled()
    page.locator(".cm-content").click()
    page.keyboard.type("x")
    assert not text_in(page).startswith("x")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(open_strategy: Callable[..., Page], scheme: str) -> None:
    page = open_strategy(
        "slob_5_1_creator", viewport={"width": 390, "height": 844}, color_scheme=scheme
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto("/strategies")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto("/strategies/slob_5_1_creator/versions")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_text_area_works_without_javascript(
    page_as: Callable[..., Page], bench: Hosted
) -> None:
    with_script = page_as("operator", at=bench)
    copy_of(with_script, "vwap_reversion", "plain_form")
    kept = with_script.context.storage_state()
    assert with_script.context.browser
    context = with_script.context.browser.new_context(
        java_script_enabled=False, base_url=bench.address, storage_state=kept
    )
    page = context.new_page()
    page.goto("/strategies/plain_form")
    field = page.get_by_label("Strategy, as YAML")
    whole = field.input_value()
    field.fill(whole.replace("close < low[1]", "clse < low[1]"))
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#findings")).to_contain_text("did you mean `close`?")
    page.get_by_label("Strategy, as YAML").fill(whole + "# plain\n")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    context.close()


def test_axe_finds_nothing_wrong(page_as: Callable[..., Page], bench: Hosted) -> None:
    page = page_as("operator", at=bench, bypass_csp=True, reduced_motion="reduce")
    for path in (
        "/strategies",
        "/strategies/-/new",
        "/strategies/slob_5_1_creator",
        "/strategies/slob_5_1_creator/versions",
    ):
        page.goto(path)
        assert complaints(page) == [], path


def test_a_picture_of_the_whole_desk(open_strategy: Callable[..., Page]) -> None:
    page = open_strategy("slob_5_1_creator", viewport={"width": 1440, "height": 950})
    expect(page.locator("form[data-checked=thorough]")).to_be_visible()
    pictured(page, "editor")


PLACES = (
    # behind these words of the template, these keys: this is offered, that is not
    ("bars: {size: 1 min", ", st", "stamp", "stages"),
    ("to: entry", "\nthis_bar: ex", "examine", "exits"),
    ("rising", "\nspac", "spacing", "sessions"),
    ("lang: 1", "\neve", "events", "every"),
    ('"beyond the sweep"}', "\nnew: {def", "default", "definitions"),
    ("sweep.high + too_far", " + swe", "sweep", "series"),
    ("sweep.high + too_far", " and top.no", "now", "not"),
    ("session_over: not in ny", " and in lo", "london", "lowest"),
    ("order: market", ", aft", "after_entry", "after"),
)


def test_what_is_offered_fits_the_place(page_as: Callable[..., Page], bench: Hosted) -> None:
    page = page_as("operator", at=bench)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/strategies/-/new")
    page.get_by_label("Name", exact=True).fill("offers")
    page.get_by_label("A setup in stages").check()
    page.get_by_role("button", name="Create").click()
    labels = page.locator(".cm-tooltip-autocomplete .cm-completionLabel")
    page.goto("/strategies/offers")
    expect(page.locator("form[data-mounted]")).to_be_visible()
    before = text_in(page)
    lines = before.splitlines()
    for after, typed, offered, other in PLACES:
        number = next(at for at, line in enumerate(lines) if after in line)
        at_end_of(page, after)
        behind = len(lines[number]) - lines[number].index(after) - len(after)
        for _ in range(behind):
            page.keyboard.press("ArrowLeft")
        page.keyboard.type(typed)
        expect(labels.get_by_text(offered, exact=True)).to_be_visible()
        assert other not in labels.all_inner_texts(), (after, typed)
        page.keyboard.press("Escape")
        expect(labels).to_have_count(0)
        for _ in range(len(typed)):  # typing is undone in a step or two
            if text_in(page) == before:
                break
            page.keyboard.press("Control+z")
        assert text_in(page) == before
