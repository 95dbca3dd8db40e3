"""Pictures of the pages for the documentation: `WEB_PICTURES=docs pytest tests/web/browser`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

STILL = 600
"""Milliseconds until nothing moves on a page."""


def pictured(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture of the page, where pictures are asked for."""
    folder = os.environ.get("WEB_PICTURES")
    if folder:
        made = Path(folder)
        made.mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(STILL)
        page.screenshot(path=made / f"{name}.png", full_page=whole)
