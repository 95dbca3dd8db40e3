"""Instants as pages show them: in the exchange's zone, with UTC on hover."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

EXCHANGE: Final = "America/New_York"


def moment(milliseconds: int | None, zone: str = EXCHANGE, *, seconds: bool = False) -> Markup:
    """An instant (milliseconds since the epoch) as a `<time>`; a dash for None."""
    if milliseconds is None:
        return Markup("&ndash;")
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    form = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    shown = at.astimezone(ZoneInfo(zone)).strftime(form)
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(
        at.isoformat(timespec="seconds").replace("+00:00", "Z"), at.strftime(form), shown
    )


def minute(minutes: int | None, zone: str = EXCHANGE) -> Markup:
    """A minute since the epoch as a `<time>`; a dash for None."""
    return moment(None if minutes is None else 60_000 * minutes, zone)


def clock(minutes: int, zone: str = EXCHANGE) -> Markup:
    """A minute since the epoch as a `<time>` that shows the time of day; the date on hover."""
    at = datetime.fromtimestamp(60 * minutes, UTC)
    there = at.astimezone(ZoneInfo(zone))
    return Markup('<time datetime="{}" title="{}, {} UTC">{}</time>').format(
        at.strftime("%Y-%m-%dT%H:%MZ"), there.strftime("%a %Y-%m-%d"), at.strftime("%H:%M"),
        there.strftime("%H:%M"),
    )  # fmt: skip
