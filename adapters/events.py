"""Lists of events to keep away from: a CSV of instants, such as releases of economic figures.

A line an event, in any order. The time stands in a column called time (or timestamp, datetime,
instant; or a date and a time of their own), with its offset or beside a column `zone`. Other
columns are for people.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.bars.errors import (
    BadTime,
    DataError,
    EmptyFile,
    MissingColumn,
    MissingFile,
    NotText,
    NoZone,
)
from adapters.moments import BadMoment, moment, zone_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from dsl.ir.program import EventList
    from engine.domain.market import Ints

TIMES: Final = ("timestamp", "datetime", "date_time", "instant", "event_time", "time")
_BYTES_MOST: Final = 32_000_000


def event_lists(lists: Sequence[EventList], folder: Path) -> dict[str, Ints]:
    """The instants of each list by its name; files are named as seen from `folder`.

    Raises `DataError`.
    """
    return {events.name: read_events(folder / events.file) for events in lists}


def read_events(file: Path) -> Ints:
    """The instants of one file, in minutes since the epoch, rising, each once.

    Raises a `DataError` that names the line and the remedy.
    """
    lines = list(_lines(file))
    if not lines:
        raise EmptyFile(str(file), "the list of events is empty", "give it a line an event")
    (_, head), *rest = lines
    where = _columns([name.strip().lower() for name in head], file)
    instants = [_instant(fields, where, file, number) for number, fields in rest]
    return np.unique(np.array(instants, np.int64))


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines that say something, with their numbers, in fields."""
    try:
        if file.stat().st_size > _BYTES_MOST:
            raise DataError(str(file), "this is too large for a list of events", "check the name")
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as refused:
        message = f"the list of events cannot be read: {refused.strerror or refused}"
        raise MissingFile(str(file), message, "check `events:` of the strategy") from None
    except UnicodeDecodeError:
        raise NotText(str(file), "this is not UTF-8 text", "save it as CSV in UTF-8") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.reader(text.splitlines(), delimiter=delimiter)
        yield from ((reader.line_num, fields) for fields in reader if any(map(str.strip, fields)))
    except csv.Error as wrong:
        raise DataError(str(file), f"this is no CSV: {wrong}", "correct the line") from None


def _columns(head: list[str], file: Path) -> Mapping[str, int]:
    """The columns of time, date and zone."""
    found = {"zone": head.index("zone")} if "zone" in head else {}
    if "date" in head and "time" in head:
        return found | {"date": head.index("date"), "time": head.index("time")}
    for name in TIMES:
        if name in head:
            return found | {"time": head.index(name)}
    message = f"no column for the time: the first line is {', '.join(head)[:80]}"
    raise MissingColumn(str(file), message, "begin with a line such as `time,zone,name`", 1)


def _instant(fields: list[str], where: Mapping[str, int], file: Path, line: int) -> int:
    def field(name: str) -> str:
        number = where.get(name, -1)
        return fields[number].strip() if 0 <= number < len(fields) else ""

    text = f"{field('date')} {field('time')}".strip()
    try:
        return moment(text, zone_named(field("zone")) if field("zone") else None)
    except BadMoment as bad:
        error = NoZone if bad.zoneless else BadTime
        remedy = f"{bad.remedy}, or add a column `zone`" if bad.zoneless else bad.remedy
        raise error(str(file), bad.message, remedy, line) from None
