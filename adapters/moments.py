"""One instant as a person writes it: `2026-01-06 16:31` on somebody's clock, or with an offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WRITTEN: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?"
)


class BadMoment(ValueError):
    """A text that names no instant: what is wrong and what to write; `zoneless` if that is all."""

    def __init__(self, message: str, remedy: str, *, zoneless: bool = False) -> None:
        """What to tell the writer."""
        super().__init__(f"{message} ({remedy})")
        self.message = message
        self.remedy = remedy
        self.zoneless = zoneless


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone of that name; raises `BadMoment`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        remedy = "use an IANA name such as UTC, America/New_York or Europe/London"
        raise BadMoment(f"there is no time zone {name}", remedy) from None


def moment(text: str, zone: ZoneInfo | None = None) -> int:
    """The instant in whole minutes since the epoch (seconds are dropped).

    A text without an offset is on the clock of `zone`. Raises `BadMoment` for what is no time, for
    a time without a zone, and for the hours that a clock shows twice or never.
    """
    text = text.strip()
    if not _WRITTEN.fullmatch(text):
        raise BadMoment(f"`{text[:40]}` is not a time", "write it as 2026-01-06 16:31")
    try:
        written = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise BadMoment(
            f"`{text}` is not a time: {wrong}", "write it as 2026-01-06 16:31"
        ) from None
    if written.tzinfo is None:
        if zone is None:
            remedy = "write an offset, as in 2026-01-06T16:31+01:00 or 2026-01-06T15:31Z"
            raise BadMoment(f"`{text}` has no zone", remedy, zoneless=True)
        written = _placed(written, zone)
    return (written - EPOCH) // timedelta(minutes=1)


def _placed(wall: datetime, zone: ZoneInfo) -> datetime:
    """The one instant at which the clock of `zone` shows `wall`."""
    first, second = (wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return first
    never = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != wall
    what = "never was" if never else "happened twice"
    raise BadMoment(
        f"{wall:%Y-%m-%d %H:%M} {what} in {zone.key}: the clocks changed",
        "write it with an offset, as in 2025-11-02T01:30-05:00",
    )
