"""Hours of exchanges, from the library exchange_calendars, remembered on disk.

The library brings pandas and a second of start-up; a table of open and close minutes is all
the engine asks for. So each calendar is built once, over every date that can matter, and
kept in the cache folder under its name and the library's version. From then on the library is not
imported until a date is asked for that the table does not reach.
"""

from __future__ import annotations

import importlib.util
import os
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.keeping import keep
from dsl.folders import cache_folder
from dsl.nearest import nearest
from engine.domain.calendar import UnknownCalendar
from engine.domain.market import NA

if TYPE_CHECKING:
    from engine.domain.market import Ints

LIBRARY: Final = "exchange_calendars"
STARTS: Final = "1990-01-01"
"""One build from here on serves every file of minute bars."""

_MINUTE_NS: Final = 60_000_000_000
_DAY_NS: Final = 86_400_000_000_000


class DatesUnknown(Exception):
    """The library has no hours of a calendar for some of the dates asked for."""

    def __init__(self, calendar: str, asked: tuple[int, int], known: tuple[int, int]) -> None:
        """`asked` and `known`: first and last date, in days since the epoch."""
        self.calendar = calendar
        self.asked = asked
        self.known = known
        first, last, low, high = (np.datetime64(day, "D") for day in (*asked, *known))
        super().__init__(
            f"the calendar {calendar} is known from {low} to {high}, "
            f"and {first} to {last} was asked for (use bars of those dates, "
            f"or a newer {LIBRARY}: pip install -U {LIBRARY})"
        )


class CalendarBroken(Exception):
    """The library knows the calendar by name and fails to build it (XTAE of 4.13 does)."""

    def __init__(self, calendar: str) -> None:
        """The name of the calendar."""
        self.calendar = calendar
        super().__init__(
            f"{LIBRARY} {library_version()} cannot build its own calendar {calendar} "
            f"(try a newer one: pip install -U {LIBRARY})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Open and close of every date from `first` on, `NA` where closed."""

    first: int
    opens: Ints
    closes: Ints

    @property
    def last(self) -> int:
        """The last date in the table, in days since the epoch."""
        return self.first + len(self.opens) - 1

    def covers(self, first: int, last: int) -> bool:
        """Whether both dates, and so all between, are in the table."""
        return self.first <= first and last <= self.last


class ExchangeCalendars:
    """`engine.domain.calendar.Calendars` on exchange_calendars: XLON, XNYS, CMES, XFRA, 24/7, ...

    Aliases of the library (LSE, NYSE, CME) are as good as its names. The hours are the library's:
    half days end early; CMES closes when the next date opens, its daily pause at 17:00 New York is
    not in it; the close of a 24/7 date is the open of the next.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Tables are kept in `folder`, by default `calendars` in the user's cache folder."""
        self._folder = folder
        self._tables: dict[str, Table] = {}

    def hours(self, calendar: str, first: int, last: int) -> tuple[Ints, Ints]:
        """Open and close (minutes since the epoch) of each date from `first` to `last` inclusive.

        Dates are days since the epoch; `NA` in both arrays where the exchange is closed.
        Raises `UnknownCalendar`, or `DatesUnknown` beyond what the library knows.
        """
        if last < first:
            nothing = np.empty(0, np.int64)
            return nothing, nothing
        table = self._tables.get(calendar) or self._load(calendar)
        if table is None or not table.covers(first, last):
            table = self._build(calendar)
            if not table.covers(first, last):
                raise DatesUnknown(calendar, (first, last), (table.first, table.last))
        part = slice(first - table.first, last - table.first + 1)
        return table.opens[part], table.closes[part]

    def names(self) -> tuple[str, ...]:
        """Every name and alias the library knows, sorted; imports it only the first time."""
        file = self._file("names")
        try:
            kept = file.read_text("ascii").split("\n")
        except (OSError, ValueError):
            kept = []
        if len(kept) > 1 and kept[-1] == str(len(kept) - 1):
            return tuple(kept[:-1])
        names = sorted(_library().get_calendar_names(include_aliases=True))
        keep(file, "\n".join([*names, str(len(names))]).encode("ascii"))
        return tuple(names)

    def _load(self, calendar: str) -> Table | None:
        """The table on disk, or None where there is none or it is damaged."""
        try:
            kept = self._file(calendar).read_bytes()
        except (OSError, ValueError):
            return None
        table = _decode(kept, calendar)
        if table is not None:
            self._tables[calendar] = table
        return table

    def _build(self, calendar: str) -> Table:
        names = self.names()
        if calendar not in names:
            likely = nearest(calendar, names)
            raise UnknownCalendar(calendar, (likely,) if likely else ())
        table = _from_library(calendar)
        self._tables[calendar] = table
        keep(self._file(calendar), _encode(table, calendar))
        return table

    def _file(self, name: str) -> Path:
        folder = self._folder or cache_folder() / "calendars"
        return folder / f"{name.replace('/', '~')}-{library_version()}.hours"


@cache
def library_version() -> str:
    """The installed version of exchange_calendars, read off its folder's name.

    `importlib.metadata` says the same 40 ms later.
    """
    spec = importlib.util.find_spec(LIBRARY)
    if spec is not None and spec.origin is not None:
        prefix, suffix = f"{LIBRARY}-", ".dist-info"
        for name in os.listdir(Path(spec.origin).parent.parent):  # noqa: PTH208 - names will do
            if name.startswith(prefix) and name.endswith(suffix):
                return name[len(prefix) : -len(suffix)]
    from importlib.metadata import version  # noqa: PLC0415 - see above

    return version(LIBRARY)


def _library() -> Any:
    """The library, with its complaints about pandas kept from the user."""
    import warnings  # noqa: PLC0415 - goes with the import below

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import exchange_calendars  # noqa: PLC0415 - a second, and only to build a table

    return exchange_calendars


def _from_library(calendar: str) -> Table:
    import warnings  # noqa: PLC0415 - goes with the library

    library = _library()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source = _widest(library, calendar)
        schedule = source.schedule
        date = schedule.index.to_numpy("datetime64[ns]").astype(np.int64) // _DAY_NS
        opens, closes = (
            schedule[column].to_numpy("datetime64[ns]").astype(np.int64) // _MINUTE_NS
            for column in ("open", "close")
        )
    first, last = int(date[0]), int(date[-1])
    table = Table(
        first,
        np.full(last - first + 1, NA, np.int64),
        np.full(last - first + 1, NA, np.int64),
    )
    table.opens[date - first] = opens
    table.closes[date - first] = closes
    return table


def _widest(library: Any, calendar: str) -> Any:
    """The library's calendar from `STARTS`, or from where its own knowledge begins."""
    try:
        return library.get_calendar(calendar, start=STARTS)
    except ValueError:  # it knows nothing that old, and says when it begins
        pass
    try:
        shorter = library.get_calendar(calendar)
        bound = shorter.bound_min()
        return shorter if bound is None else library.get_calendar(calendar, start=bound)
    except ValueError as broken:
        raise CalendarBroken(calendar) from broken


def _encode(table: Table, calendar: str) -> bytes:
    body = np.concatenate([table.opens, table.closes]).astype("<i8").tobytes()
    check = zlib.crc32(body)
    return f"{calendar} {table.first} {len(table.opens)} {check}\n".encode("ascii") + body


def _decode(kept: bytes, calendar: str) -> Table | None:
    head, _, body = kept.partition(b"\n")
    try:
        name, first, count, check = head.decode("ascii").split(" ")
        size = int(count)
        sound = name == calendar and zlib.crc32(body) == int(check) and len(body) == 16 * size
        start = int(first)
    except ValueError:
        return None
    if not sound:
        return None
    columns = np.frombuffer(body, "<i8").astype(np.int64, copy=False).reshape(2, size)
    return Table(start, columns[0], columns[1])
