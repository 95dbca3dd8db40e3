"""How a file of bars is laid out: what a person states, and what the header gives away.

What the header cannot say for certain is either noted as an assumption, or asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from adapters.bars.errors import AmbiguousColumn, MissingColumn, NoStamp


class Stamp(StrEnum):
    """Which end of the bar its time is."""

    OPEN = "open"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Layout:
    """What a person states about a file; None is for the file to say.

    `zone`: the IANA zone of times written without one. `stamp`: which end of a bar its time is.
    `columns`: header names by role (time, date, open, high, low, close, volume), or the header
    of a file that has none. `time_format`: a strptime pattern, or s, ms, us, ns for counts
    since 1970. `bar_minutes`: the size of a bar.
    """

    zone: str | None = None
    stamp: Stamp | None = None
    delimiter: str | None = None
    decimal: str = "."
    columns: Mapping[str, str] | Sequence[str] | None = None
    time_format: str | None = None
    bar_minutes: int | None = None


PRICES: Final = ("open", "high", "low", "close")
ROLES: Final = ("time", "date", *PRICES, "volume")

_OPENS: Final = ("open_time", "opentime", "time_open", "bar_open", "start", "start_time", "begin")
_CLOSES: Final = ("close_time", "closetime", "time_close", "bar_close", "end", "end_time")
_EITHER: Final = (
    *("timestamp", "datetime", "date_time", "timestamp_utc", "datetime_utc", "time_utc", "ts"),
    *("ts_event", "gmt_time", "unix", "epoch", "unix_time", "unix_timestamp", "time", "date"),
)
_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("open", "o", "open_price"),
    "high": ("high", "h", "high_price"),
    "low": ("low", "l", "low_price"),
    "close": ("close", "c", "last", "close_price"),
    "volume": ("volume", "vol", "v", "volume_base"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each role is, as the column's number from 0.

    `time` holds a whole instant, or the time of day where `date` holds the date.
    `stamp` is the end of the bar meant and `assumed` why, where only custom speaks for it.
    `utc`: the header says that times are UTC.
    """

    time: int
    date: int | None
    prices: tuple[int, int, int, int]
    volume: int | None
    stamp: Stamp
    assumed: str = ""
    utc: bool = False

    @property
    def needed(self) -> tuple[int, ...]:
        """Every column that has to be read."""
        optional = (self.date, self.volume)
        return (self.time, *self.prices, *(c for c in optional if c is not None))


def columns_of(header: Sequence[str], layout: Layout, path: str) -> Columns:
    """The roles of the columns under `header`, by what was stated and by their names.

    Raises `MissingColumn`, `AmbiguousColumn` or, where nothing tells, `NoStamp`.
    """
    where = _stated(header, layout, path)
    found = {role: _find(role, header, where, path) for role in (*PRICES, "volume")}
    missing = [role for role in PRICES if found[role] is None]
    time, date, name = _time(header, where, path)
    if missing or time is None:
        _refuse(header, [*(["time"] if time is None else []), *missing], path)
    stamp, assumed = _stamp(name, layout, path, split=date is not None)
    return Columns(
        time=_known(time),
        date=date,
        prices=(
            _known(found["open"]),
            _known(found["high"]),
            _known(found["low"]),
            _known(found["close"]),
        ),
        volume=found["volume"],
        stamp=stamp,
        assumed=assumed,
        utc=bool({"utc", "gmt"} & set(name.split("_"))),
    )


def recognised(header: Sequence[str]) -> int:
    """How many of the names are ones that a file of bars would use."""
    times = {*_OPENS, *_CLOSES, *_EITHER}
    known = times.union(*_SYNONYMS.values())
    return sum(plain_name(name) in known for name in header)


def plain_name(name: str) -> str:
    """A header name in small letters, words joined by `_`: `<Open Time>` is `open_time`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _stated(header: Sequence[str], layout: Layout, path: str) -> Mapping[str, int]:
    """Column numbers that a person gave, by role."""
    if not isinstance(layout.columns, Mapping):
        return {}
    where = {}
    for role, name in layout.columns.items():
        if role not in ROLES:
            message = f"there is no role {role} for a column"
            raise MissingColumn(path, message, f"the roles are {', '.join(ROLES)}")
        if name not in header:
            message = f"there is no column {name} for the {role}"
            raise MissingColumn(path, message, f"the file has {', '.join(header)}")
        where[role] = _only(name, [n for n, other in enumerate(header) if other == name], path)
    return where


def _find(role: str, header: Sequence[str], where: Mapping[str, int], path: str) -> int | None:
    if role in where:
        return where[role]
    for synonym in _SYNONYMS[role]:
        numbers = [n for n, name in enumerate(header) if plain_name(name) == synonym]
        if numbers:
            return _only(header[numbers[0]], numbers, path)
    return None


def _time(
    header: Sequence[str], where: Mapping[str, int], path: str
) -> tuple[int | None, int | None, str]:
    """The column of the time, that of the date if they are two, and the name of the first."""
    if "time" in where or "date" in where:
        time, date = where.get("time"), where.get("date")
        first = _known(date if time is None else time)
        return first, (date if time is not None else None), plain_name(header[first])
    names = [plain_name(name) for name in header]
    if "date" in names and "time" in names and not {*_OPENS, *_EITHER[:-2]} & set(names):
        return names.index("time"), names.index("date"), "time"
    for name in (*_OPENS, *_EITHER, *_CLOSES):
        numbers = [n for n, other in enumerate(names) if other == name]
        if numbers:
            return _only(header[numbers[0]], numbers, path), None, name
    return None, None, ""


def _stamp(name: str, layout: Layout, path: str, *, split: bool) -> tuple[Stamp, str]:
    if layout.stamp is not None:
        return layout.stamp, ""
    if name in _OPENS:
        return Stamp.OPEN, ""
    if name in _CLOSES:
        return Stamp.CLOSE, ""
    if name in _EITHER and not split and not isinstance(layout.columns, Sequence):
        return Stamp.OPEN, f"times are taken as the open of their bar: the column is {name}"
    message = "nothing says whether a time is the open or the close of its bar"
    raise NoStamp(path, message, "say --stamp open or --stamp close")


def _refuse(header: Sequence[str], missing: Sequence[str], path: str) -> None:
    if not recognised(header):
        message = f"the first line is no header: {', '.join(header)[:80]}"
        remedy = "name the columns in order: --columns time,open,high,low,close,volume"
        raise MissingColumn(path, message, remedy, 1)
    message = f"no column for {', '.join(missing)}"
    remedy = f"the file has {', '.join(header)[:200]}; say which, as in --columns close=Last"
    raise MissingColumn(path, message, remedy, 1)


def _only(name: str, numbers: Sequence[int], path: str) -> int:
    if len(numbers) > 1:
        message = f"{len(numbers)} columns are called {name}"
        raise AmbiguousColumn(path, message, "rename all but one of them", 1)
    return numbers[0]


def _known(number: int | None) -> int:
    assert number is not None
    return number
