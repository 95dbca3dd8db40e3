"""One click makes a finding go away, where what was meant is clear."""

from __future__ import annotations

import pytest

from adapters.workshop.dials import applied
from adapters.workshop.examining import Asked, examine
from adapters.workshop.templates import TEMPLATES

STAGES = TEMPLATES["stages"].text


@pytest.mark.parametrize(
    ("right", "wrong", "certain"),
    [
        ("invalidate:", "invalidat:", True),
        ("close < london.high", "clse < london.high", False),
        ("close < london.high", "close < london.hihg", False),
        ("top.now.price", "top.now.prise", False),
        ("mirror: long", "mirror: short", True),
        ("to: entry", "to: entri", False),
        ("XNYS.close}", "XNYC.close}", False),
        ("range: 5 min", "rang: 5 min", True),
    ],
)
def test_a_slip_is_put_right(right: str, wrong: str, *, certain: bool) -> None:
    text = STAGES.replace(right, wrong, 1)
    findings = examine(Asked(text, ".", thorough=False)).checked.findings
    fixes = [fix for one in findings if one.severity == "error" for fix in one.fixes]
    assert applied(text, fixes[0]) == STAGES
    assert fixes[0].certain is certain


def test_a_distance_off_the_grid_has_two_ways_out() -> None:
    text = STAGES.replace("default: 1 pt", "default: 1.1 pt")
    (finding,) = (
        one for one in examine(Asked(text, ".", thorough=False)).checked.findings if one.fixes
    )
    assert finding.code == "E010"
    assert [fix.replacement for fix in finding.fixes] == ["1 pt", "1.25 pt"]


def test_where_nothing_like_it_is_known_nothing_is_offered() -> None:
    text = STAGES.replace("close < london.high", "zzzzzz < london.high")
    findings = examine(Asked(text, ".", thorough=False)).checked.findings
    assert all(not one.fixes for one in findings)
