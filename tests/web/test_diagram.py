"""The drawing of a program: every stage in its place, every word leads to its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from adapters.workshop.examining import Asked, examine
from adapters.workshop.templates import TEMPLATES
from tests.support.shipped import SHIPPED
from web.rendering import rendered
from web.views.diagram import WIDTH, Diagram, diagram

if TYPE_CHECKING:
    from pathlib import Path


def drawing_of(text: str) -> Diagram:
    checked = examine(Asked(text, str(SHIPPED[0].parent), thorough=False)).checked
    assert checked.sketch is not None
    return diagram(checked.sketch)


CREATOR = next(path for path in SHIPPED if path.stem == "slob_5_1_creator")


def test_stages_follow_each_other_and_one_leads_back() -> None:
    found = drawing_of(CREATOR.read_text("utf-8"))
    assert [box.name for box in found.boxes] == [
        "start",
        "consolidation",
        "armed",
        "trigger",
        "entry",
    ]
    assert [arrow.kind for arrow in found.arrows].count("on") == 4
    assert [arrow.kind for arrow in found.arrows].count("back") == 1
    words = [word.text for word in found.boxes[2].words]
    assert words == [
        "armed",
        "within dwell_max, else liq2_timeout",
        "ends: no_calm_bar",
        "ends: retraced",
        "to consolidation: low_broken",
    ]
    assert "armed: to trigger when swept_again, calm_seen" in found.told


def test_a_setup_without_stages_goes_from_its_start_to_the_order() -> None:
    found = drawing_of(TEMPLATES["plain"].text)
    assert [box.name for box in found.boxes] == ["start", "entry"]
    assert len(found.arrows) == 1


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_overlaps_and_every_word_names_its_own_line(path: Path) -> None:
    text = path.read_text("utf-8")
    lines, found = text.splitlines(), drawing_of(text)
    for above, below in zip(found.boxes, found.boxes[1:], strict=False):
        assert above.y + above.height < below.y
    for box in found.boxes:
        assert box.x + box.width <= WIDTH
        assert box.y + box.height <= found.height
        for word in box.words[1:]:
            if word.line and word.kind not in {"limit", "way"}:
                assert word.title in lines[word.line - 1]
    for arrow in found.arrows:
        for word in arrow.words:
            assert word.title in lines[word.line - 1]


def test_the_picture_has_no_style_and_escapes_what_people_wrote() -> None:
    text = CREATOR.read_text("utf-8").replace("swept_again: ", "swept_again: \"'<b>' ") + ""
    shown = rendered("strategies/diagram.html", drawing=drawing_of(CREATOR.read_text("utf-8")))
    assert "style" not in shown
    assert len(re.findall("<rect ", shown)) == 5
    assert "<title>high &gt; lse.high</title>" in shown
    assert examine(Asked(text, ".", thorough=False)).checked.sketch is None
