"""What a person sees: tables, progress, failures. Colour and rich only on a terminal."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

import click

from dsl.render import columns, safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MISTAKE: Final = 1
STUCK: Final = 3

PATIENCE: Final = 0.5
"""Seconds that a person waits without being told what for."""

KNOWN: Final[Mapping[str, int]] = {
    "adapters.backtrader.BacktraderMissing": STUCK,
    "adapters.backtrader.VenueError": STUCK,
    "adapters.bars.errors.DataError": STUCK,
    "adapters.calendars.CalendarBroken": STUCK,
    "adapters.calendars.DatesUnknown": STUCK,
    "adapters.database.errors.DatabaseError": STUCK,
    "adapters.ib.library.NoLibrary": STUCK,
    "adapters.ib.port.BrokerError": STUCK,
    "adapters.instruments.BadInstrument": STUCK,
    "engine.execution.simulation.MoneyOverflowError": STUCK,
    "engine.execution.terms.TermsError": MISTAKE,
}
"""Exit status by the name of an exception, so that nothing is imported to know what it is."""


class Failure(Exception):
    """A verb that cannot go on: what is wrong, what to do, and the exit status to leave with.

    `record` is the same for a program.
    """

    def __init__(
        self,
        message: str,
        remedy: str = "",
        status: int = STUCK,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        """`record` is made of message and remedy unless it is given."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.status = status
        self.record = record or {"error": "Failure", "message": message, "remedy": remedy}

    def tell(self) -> None:
        """Say it on the error stream."""
        way_out = f" ({self.remedy})" if self.remedy else ""
        click.secho(f"error: {safe(self.message)}{safe(way_out)}", err=True, fg="red")


def verb(function: Callable[..., None]) -> Callable[..., None]:
    """A verb's function whose failures are said, as JSON where that was asked for."""

    @wraps(function)
    def answered(**words: Any) -> None:
        try:
            function(**words)
        except Exception as error:
            failure = error if isinstance(error, Failure) else _known(error)
            if failure is None:
                raise
            if words.get("as_json"):
                print_json(failure.record)
            else:
                failure.tell()
            raise click.exceptions.Exit(failure.status) from None

    return answered


def _known(error: Exception) -> Failure | None:
    for kind in type(error).__mro__:
        status = KNOWN.get(f"{kind.__module__}.{kind.__qualname__}")
        if status is not None:
            record = getattr(error, "record", None)
            remedy = getattr(error, "remedy", "") if record is None else ""
            named = {"error": type(error).__name__, "message": str(error), "remedy": remedy}
            return Failure(str(error), remedy, status, record or named)
    return None


def print_json(document: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def on_terminal() -> bool:
    """Whether a person looks at standard output."""
    return sys.stdout.isatty()


def coloured() -> bool:
    """Whether standard output may be coloured."""
    return on_terminal() and not os.environ.get("NO_COLOR")


def heading(text: str) -> None:
    """A line that begins a part of the output."""
    click.echo()
    click.secho(text, bold=True)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a head; `right` are the columns (from 0) of numbers."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[int] = frozenset()

    def show(self) -> None:
        """Print it: drawn on a terminal, in plain aligned columns elsewhere."""
        if on_terminal():
            self._draw()
            return
        for line in self.lines():
            click.echo(line)

    def lines(self) -> Iterator[str]:
        """The rows under their head, in columns."""
        table = [[safe(cell) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(map(columns, column)) for column in zip(*table, strict=True)]
        for row in table:
            cells = [
                self._padded(cell, number, width)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            yield "  ".join(cells).rstrip()

    def _padded(self, cell: str, number: int, width: int) -> str:
        space = " " * (width - columns(cell))
        return space + cell if number in self.right else cell + space

    def _draw(self) -> None:
        from rich import box  # noqa: PLC0415 - only on a terminal
        from rich.console import Console  # noqa: PLC0415 - as above
        from rich.table import Table as Drawn  # noqa: PLC0415 - as above
        from rich.text import Text  # noqa: PLC0415 - as above

        drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False)
        for number, title in enumerate(self.head):
            side = "right" if number in self.right else "left"
            drawn.add_column(Text(title), justify=side)  # type: ignore[arg-type]
        for row in self.rows:
            drawn.add_row(*(Text(safe(cell)) for cell in row))
        Console().print(drawn)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal, nothing elsewhere: tell it what is done, how much, and of how much.

    Work that is over at once is not worth a bar, nor the time that drawing one takes to load.
    """
    if not sys.stderr.isatty():
        yield lambda _what, _done, _all: None
        return
    bar = _Bar()
    try:
        yield bar.told
    finally:
        bar.close()


class _Bar:
    """A bar that appears when somebody has waited for a while."""

    def __init__(self) -> None:
        self._begun = perf_counter()
        self._drawn: Any = None

    def told(self, what: str, done: int, whole: int) -> None:
        if self._drawn is None:
            if perf_counter() - self._begun < PATIENCE:
                return
            from rich.console import Console  # noqa: PLC0415 - only on a terminal
            from rich.progress import Progress  # noqa: PLC0415 - as above

            self._drawn = Progress(console=Console(stderr=True), transient=True)
            self._drawn.add_task("", total=None)
            self._drawn.start()
        task = self._drawn.task_ids[0]
        self._drawn.update(task, description=what, completed=done, total=whole)

    def close(self) -> None:
        if self._drawn is not None:
            self._drawn.stop()
