"""The live page as it is sent to everybody who watches."""

from __future__ import annotations

from dataclasses import replace

from adapters.live.status import EarlierStands
from tests.support.whole_status import WHOLE
from web.pages.live import fragment


def test_what_is_at_stake_stands_in_plain_figures() -> None:
    text = fragment(WHOLE)

    for words in ("U1234567", "NOT PROTECTED", "50,123.46 USD", "25010", "close &lt; low"):
        assert words in text, words
    assert "led by" not in text


def test_a_program_of_before_is_told_with_what_it_leads() -> None:
    before = EarlierStands("cd" * 8, "older", "/older.yaml", leads=True)
    lost = EarlierStands("ef" * 8, "", "", leads=False, trouble="no text of it")
    theirs = replace(WHOLE.positions[0], led_by=f"program {'cd' * 8}")

    text = fragment(replace(WHOLE, earlier=(before, lost), positions=(theirs,)))

    assert f"led by program {'cd' * 8}" in text
    assert "(older of /older.yaml) leads what it opened to its end" in text
    assert "cannot lead what it opened: no text of it; its own orders do" in text
