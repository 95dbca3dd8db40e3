"""Events as JSON lines: the same events are the same bytes, and prices never meet a float."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.journal.events import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.journal.events import Value

_FIELDS: Final = (
    *("seq", "time", "bar", "kind", "candidate", "side", "stage", "reason", "spec_line"),
    "values",
)


_REMEDY: Final = "the file was cut off or changed; take it from a backup, or run again"


class JournalError(ValueError):
    """A line of a journal that is no event; the message names the line and what is wrong."""


def encode(event: Event) -> str:
    """The event as one line of JSON without a line break, its fields in a fixed order."""
    parts = [f'"{name}":{_json(getattr(event, name))}' for name in _FIELDS[:-1]]
    values = ",".join(f"{_json(name)}:{_json(value)}" for name, value in event.values.items())
    return "{" + ",".join(parts) + ',"values":{' + values + "}}"


def decode(line: str, number: int = 1) -> Event:
    """The event of a line; decimal numbers come back as `Decimal`, exactly as written.

    Raises `JournalError` naming line `number`.
    """
    try:
        found = json.loads(line, parse_float=Decimal, parse_constant=_refuse)
        return Event(**{name: found[name] for name in _FIELDS} | {"kind": EventKind(found["kind"])})
    except KeyError as missing:
        raise JournalError(f"line {number} of the journal has no {missing}: {_REMEDY}") from missing
    except (ValueError, TypeError) as problem:
        raise JournalError(
            f"line {number} of the journal is no event ({problem}): {_REMEDY}"
        ) from problem


def write_journal(path: Path, events: Iterable[Event]) -> int:
    """Write all events to `path` at once, or leave what was there; returns how many.

    The lines go into a file beside it, which takes its place when it is whole and on disk.
    Raises OSError (no such folder, disk full) with nothing left behind.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    count = 0
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            for event in events:
                file.write(encode(event) + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    return count


def read_journal(path: Path) -> Iterator[Event]:
    """The events of a file, one by one. Raises OSError, `JournalError`."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            yield decode(line, number)


def _json(value: Value) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")
