"""Signing in, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytest.importorskip("playwright.sync_api", reason="pip install playwright")


def test_who_signs_in_sees_the_page_and_who_they_are(page_as: Callable[..., Page]) -> None:
    from playwright.sync_api import expect  # noqa: PLC0415 - an extra

    page = page_as("operator")
    page.goto("/about")
    expect(page.locator("html[data-ready]")).to_be_attached()
    expect(page.get_by_label("Menu of olga")).to_be_visible()
    page.screenshot(path="/tmp/w1/about.png")
    page.set_viewport_size({"width": 390, "height": 800})
    page.screenshot(path="/tmp/w1/about_phone.png")
