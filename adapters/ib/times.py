"""Times as TWS writes them: on the clock of its login, with that clock's name, or without one.

Executions come as `20251008 19:46:00 US/Eastern`, `20251008-19:46:00` (UTC), or bare, as TWS is
set.
A bare time is read on the clock of the login, never on this computer's: that clock is named by
a person, or found where the gateway greets with its time and says what time it is for everybody.
Names are believed only where they fit: EST is said in summer, too, and CST in Chicago and Shanghai.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from adapters.ib.port import UnknownZone

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIME: Final = re.compile(r"(\d{8})([ -]{1,2})(\d\d:\d\d:\d\d)(?: (.+))?")
_QUARTER: Final = 900
_NEAR: Final = 120
"""Seconds by which a greeting may be older than the answer that it is compared with."""

_REMEDY: Final = "say --tws-zone with the time zone of its login, such as America/New_York"

_ZONES: Final[Mapping[str, str]] = {
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "EST5EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "CST6CDT": "America/Chicago",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "MET": "Europe/Berlin",
    "CET": "Europe/Berlin",
    "CEST": "Europe/Berlin",
    "GB": "Europe/London",
    "BST": "Europe/London",
    "JST": "Asia/Tokyo",
    "HKT": "Asia/Hong_Kong",
}
"""Names of zones that IB uses and Python reads differently or not at all."""


def zone_named(name: str) -> ZoneInfo | None:
    """The zone of a name as IB writes it; None where it is not known."""
    try:
        return ZoneInfo(_ZONES.get(name, name))
    except (KeyError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Login:
    """The clock of the gateway's login. `zone` None: it is not known; `name`: what it is called."""

    zone: tzinfo | None = None
    name: str = ""

    def __str__(self) -> str:
        """In words."""
        return "unknown" if self.zone is None else str(self.zone)

    def seconds(self, text: str) -> int:
        """A time as seconds since the epoch; raises `UnknownZone` for one that could be any."""
        found = _read(text)
        if found is None:
            raise UnknownZone(f"the gateway writes a time that cannot be read: {text[:40]!r}")
        wall, between, name = found
        zone = UTC if between == "-" and not name else self._zone(name)
        if zone is None:
            named = f"in a zone not known here ({name[:40]})" if name else "without their zone"
            raise UnknownZone(f"the gateway writes times {named}: {_REMEDY}")
        return int(wall.replace(tzinfo=zone).timestamp())

    def _zone(self, name: str) -> tzinfo | None:
        if not name or name == self.name:
            return self.zone
        return zone_named(name)


def login_of(chosen: str, greeting: str, now: int) -> Login:
    """The clock of a login: the zone that a person chose, or what the greeting shows it to be.

    `greeting` is the gateway's time when it greeted, as it wrote it; `now` what it said then or
    a little later, in seconds since the epoch. Raises `UnknownZone` where the two contradict
    what was chosen.
    """
    ahead, is_sure, name = _ahead(greeting, now)
    if chosen:
        zone = zone_named(chosen)
        if zone is None:
            raise UnknownZone(f"there is no time zone {chosen}: {_REMEDY}")
        if is_sure and _offset(zone, now) != ahead:
            raise UnknownZone(
                f"the gateway's clock is not that of {chosen}: it greeted with {greeting!r} at "
                f"{datetime.fromtimestamp(now, UTC):%Y%m%d %H:%M:%S} UTC; {_REMEDY}"
            )
        return Login(zone, name)
    named = zone_named(name) if name else None
    if named is not None and _offset(named, now) == ahead:
        return Login(named, name)
    return Login(timezone(timedelta(seconds=ahead)) if is_sure else None, name)


def _offset(zone: tzinfo, now: int) -> int:
    """Seconds by which a zone's clock is ahead of UTC."""
    ahead = datetime.fromtimestamp(now, zone).utcoffset()
    assert ahead is not None
    return int(ahead.total_seconds())


def _ahead(greeting: str, now: int) -> tuple[int, bool, str]:
    """Seconds by which the greeting's clock is ahead of UTC, whether that is sure, and its name.

    Clocks are whole quarters of an hour apart; what is left is how long ago it greeted.
    """
    found = _read(greeting)
    if found is None:
        return 0, False, ""
    wall, _, name = found
    apart = int(wall.replace(tzinfo=UTC).timestamp()) - now
    ahead = round(apart / _QUARTER) * _QUARTER
    return ahead, abs(apart - ahead) <= _NEAR, name


def _read(text: str) -> tuple[datetime, str, str] | None:
    """What a clock on a wall showed, what stands between date and time, and the clock's name."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    day, between, clock, name = found.groups()
    try:
        wall = datetime.strptime(f"{day} {clock}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 - the caller's
    except ValueError:
        return None
    return wall, between, name or ""
