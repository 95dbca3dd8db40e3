"""Times as they are written, into minutes since 1970-01-01T00:00Z.

The zone of a local time is met here, once: nothing later knows there was one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from engine.domain.market import Ints

_ISO: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?"
    r"(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?"
)
_DIGITS: Final = re.compile(r"\d{9,19}")
_UNITS: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_PATTERNS: Final = (
    "%Y%m%d %H%M%S",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H%M",
    "%Y%m%d %H:%M",
    "%Y%m%d%H%M%S",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)
"""Patterns with the year first: in these no one can take the day for the month."""


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How instants are written.

    `per_second`: the counts a second of a number since 1970, 0 for text.
    `pattern`: the strptime pattern of text, empty for ISO 8601. `zoned`: text with an offset.
    """

    per_second: int = 0
    pattern: str = ""
    zoned: bool = False

    @property
    def certain(self) -> bool:
        """Whether the writing alone fixes the instant, whatever the zone of the writer."""
        return bool(self.per_second) or self.zoned

    def reads(self, text: str) -> bool:
        """Whether `text` is written in this way."""
        if self.per_second:
            return text.lstrip("-").isdigit()
        if self.pattern:
            return _readable(text, self.pattern)
        found = _ISO.fullmatch(text)
        return found is not None and bool(found["zone"]) == self.zoned and _is_date(text)


def time_format(samples: Sequence[str], stated: str | None) -> TimeFormat | None:
    """The format that all `samples` are written in, or None when that cannot be told."""
    if stated in _UNITS:
        return TimeFormat(per_second=_UNITS[stated])
    if stated is not None:
        return TimeFormat(pattern=stated, zoned="%z" in stated)
    if all(_DIGITS.fullmatch(text) for text in samples):
        return _counted(samples)
    matches = [_ISO.fullmatch(text) for text in samples]
    if all(matches):
        return TimeFormat(zoned=any(found["zone"] for found in matches if found))
    return _patterned(samples)


def _counted(samples: Sequence[str]) -> TimeFormat | None:
    """Counts since 1970 by their size, where it leaves no doubt: years 1973 to 2286."""
    for per_second in _UNITS.values():
        low, high = 10**8 * per_second, 10**10 * per_second
        if all(low <= int(text) < high for text in samples):
            twelve = all(_fits(text, "%Y%m%d%H%M") for text in samples)
            return None if twelve else TimeFormat(per_second=per_second)
    return _patterned(samples)


def _patterned(samples: Sequence[str]) -> TimeFormat | None:
    for pattern in _PATTERNS:
        if all(_fits(text, pattern) for text in samples):
            return TimeFormat(pattern=pattern)
    return None


def _fits(text: str, pattern: str) -> bool:
    """Whether `text` is written in `pattern` with every digit in its place, as Arrow wants it."""
    try:
        return datetime.strptime(text, pattern).strftime(pattern) == text  # noqa: DTZ007 - as above
    except ValueError:
        return False


def _readable(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


class Twice(ValueError):
    """A local minute that the clocks went through twice; `row` is the first such."""

    def __init__(self, row: int) -> None:
        """The first row with such a time."""
        self.row = row


class Never(ValueError):
    """A local minute that the clocks jumped over; `row` is the first such."""

    def __init__(self, row: int) -> None:
        """The first row with such a time."""
        self.row = row


def to_utc(local: Ints, zone: ZoneInfo) -> Ints:
    """Minutes of a wall clock in `zone` as minutes since the epoch.

    Raises `Twice` or `Never` for the hours in which a wall clock does not tell the time.
    """
    if not len(local):
        return local
    changes = transitions(zone, int(local.min()) - 1440, int(local.max()) + 1440)
    before = [offset_at(zone, int(local.min()) - 1440), *(after for _, after in changes)]
    for (instant, after), offset in zip(changes, before, strict=False):
        low, high = sorted((instant + offset, instant + after))
        unclear = (local >= low) & (local < high)
        if unclear.any():
            row = int(unclear.argmax())
            raise Twice(row) if after < offset else Never(row)
    edges = np.array([at + max(was, now) for (at, now), was in zip(changes, before, strict=False)])
    offsets = np.array(before, np.int64)
    minutes: Ints = local - offsets[np.searchsorted(edges, local, side="right")]
    return minutes


def to_local(minute: Ints, zone: ZoneInfo) -> Ints:
    """Minutes since the epoch as minutes of a wall clock in `zone`."""
    if not len(minute):
        return minute
    first, last = int(minute.min()), int(minute.max())
    changes = transitions(zone, first, last)
    offsets = np.array([offset_at(zone, first), *(after for _, after in changes)], np.int64)
    edges = np.array([instant for instant, _ in changes], np.int64)
    local: Ints = minute + offsets[np.searchsorted(edges, minute, side="right")]
    return local


def transitions(zone: ZoneInfo, first: int, last: int) -> list[tuple[int, int]]:
    """Every minute after `first`, up to `last`, at which the offset changes, and the new offset."""
    found = []
    low, offset = first, offset_at(zone, first)
    while low < last:
        high = min(low + 1440, last)
        after = offset_at(zone, high)
        if after != offset:
            found.append((_change(zone, low, high), after))
            offset = after
        low = high
    return found


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """The first minute after `low` with the offset that `high` has."""
    after = offset_at(zone, high)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(zone, middle) == after:
            high = middle
        else:
            low = middle
    return high


def offset_at(zone: ZoneInfo, minute: int) -> int:
    """Minutes that the clocks of `zone` are ahead of UTC at an instant."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(minutes=1)
