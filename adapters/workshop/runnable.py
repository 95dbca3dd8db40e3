"""What can be run: the strategies and bars there are, and whether an order can be carried out."""

from __future__ import annotations

import importlib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

from adapters.calendar_names import calendar_names
from adapters.cli.workbench import reader_in
from adapters.compilations import compiled_once
from adapters.instruments import INSTRUMENTS
from adapters.workshop.dials import dials_of
from adapters.workshop.errors import BadInput, NotFound
from dsl.compilation import Surroundings
from dsl.diagnostics import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from adapters.workshop.checked import Dial
    from adapters.workshop.folders import Order
    from dsl.compilation import Compiled

VALUE: Final = "--set "
"""What the compiler calls a value that a run gives."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a person asks for: a text of a strategy, and on what and how to run it.

    `order.spec` is the file's name; its other files are looked for beside the strategies.
    """

    strategy: str
    text: str
    order: Order
    version: int | None = None


class Runnable:
    """The strategies of a folder, as something to run. Threads may share it."""

    def __init__(self, strategies: Path, journal: str = "") -> None:
        """`strategies` holds the files, `journal` what is traded live."""
        self._strategies = strategies
        self._journal = journal

    def names(self) -> Sequence[str]:
        """The names of the strategies of the folder."""
        return sorted(file.stem for file in self._strategies.glob("*.yaml") if file.is_file())

    def text_of(self, strategy: str) -> str:
        """The text of a strategy's file. Raises `NotFound`."""
        if strategy not in self.names():
            raise NotFound(f"there is no strategy {strategy[:80]}", "choose one of the list")
        return (self._strategies / f"{strategy}.yaml").read_text("utf-8", errors="replace")

    def lived(self, strategy: str) -> list[dict[str, Any]]:
        """What was traded live by a strategy's file beside its replay, a record a contract.

        Raises `NotFound` where nothing was, and `BadInput`.
        """
        from adapters.workshop.lived import beside_replay  # noqa: PLC0415 - brings the engine

        self.text_of(strategy)
        return beside_replay(self._strategies / f"{strategy}.yaml", self._journal)

    def parameters(self, strategy: str, text: str | None = None) -> Sequence[Dial]:
        """The parameters of a strategy as fields of a form; none where it does not compile.

        `text` instead of its file's, where it is given.
        """
        data = (self.text_of(strategy) if text is None else text).encode()
        around = Surroundings(INSTRUMENTS, calendar_names(), reader_in(self._strategies), {})
        program = compiled_once(f"{strategy}.yaml", data, around).program
        return () if program is None else dials_of(program, None)

    def warm(self, strategy: str) -> None:
        """Load, beside, what a first run will need: somebody is about to order one."""

        def load() -> None:
            with suppress(Exception):
                self.parameters(strategy)
                importlib.import_module("adapters.workshop.why")

        Thread(target=load, daemon=True).start()

    def required(self, asked: Ordered) -> dict[str, bytes]:
        """Every file that a run needs, by name. Raises `BadInput` for what cannot be run."""
        order = asked.order
        _dates(order)
        _amounts(order)
        _known_data(order.data)
        files = {order.spec: asked.text.encode()}
        read = reader_in(self._strategies)

        def recorded(name: str) -> bytes | None:
            content = read(name)
            if content is not None:
                files[name] = content
            return content

        values = dict(order.values or {})
        if order.instrument:
            values["instrument"] = order.instrument
        around = Surroundings(
            instruments=INSTRUMENTS, calendars=calendar_names(), read=recorded, values=values
        )
        made = compiled_once(order.spec, files[order.spec], around)
        _without_errors(made)
        assert made.program is not None
        for events in made.program.events:
            recorded(events.file)
        return files


def data_sets() -> list[dict[str, Any]]:
    """What a run may use: the sample, then every data set that can be opened."""
    from adapters import store  # noqa: PLC0415 - brings numpy
    from adapters.bars.errors import DataError  # noqa: PLC0415 - as above
    from adapters.sample import FIRST_DATE, LAST_DATE, SYMBOL  # noqa: PLC0415 - as above

    sample = {
        "name": "", "title": "the bundled sample (synthetic)", "symbol": SYMBOL, "minutes": 1,
        "first": FIRST_DATE, "last": LAST_DATE, "bars": None,
    }  # fmt: skip
    try:
        kept = store.list_sets()
    except DataError:
        kept = ()
    return [
        sample,
        *(
            {
                "name": one.name, "title": one.name, "symbol": one.instrument.symbol,
                "minutes": one.bar_minutes, "first": one.first[:10], "last": one.last[:10],
                "bars": one.bars,
            }
            for one in kept
        ),
    ]  # fmt: skip


# --- whether an order can be carried out -----------------------------------------------------


def _known_data(name: str | None) -> None:
    from adapters import store  # noqa: PLC0415 - brings numpy
    from adapters.bars.errors import DataError  # noqa: PLC0415 - as above

    if name is None:
        return
    try:
        store.describe(name)
    except DataError as unknown:
        raise BadInput(f"{name}: {unknown.message}", unknown.remedy, "data") from None


def _without_errors(made: Compiled) -> None:
    """Nothing, where a text compiles; else `BadInput` with its first error and its place.

    A value that cannot be is at fault in its own field, `param.NAME`.
    """
    if made.program is not None:
        return
    errors = [one for one in made.findings if one.severity is Severity.ERROR]
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    remedy = first.help or "correct the strategy first"
    if first.span.file.startswith(VALUE):
        name = first.span.file.removeprefix(VALUE).partition("=")[0]
        raise BadInput(f"{name}: {first.message}{more}", remedy, f"param.{name}")
    raise BadInput(f"line {first.span.line}: {first.message}{more}", remedy, "text")


def _dates(order: Order) -> None:
    found: dict[str, date] = {}
    for name in ("first", "last"):
        text = getattr(order, name)
        try:
            if text:
                found[name] = date.fromisoformat(text)
        except ValueError:
            raise BadInput(f"{text[:40]} is no date", "write it as 2025-11-05", name) from None
    if len(found) == 2 and found["last"] < found["first"]:
        raise BadInput(f"{order.first} is after {order.last}", "swap them", "last")


def _amounts(order: Order) -> None:
    from adapters.cli.venues import VENUES  # noqa: PLC0415 - brings click
    from adapters.workshop.results import terms_of  # noqa: PLC0415 - brings the engine

    for name in ("equity", "commission"):
        text = getattr(order, name)
        plain = text.replace(".", "", 1)
        if not (plain.isascii() and plain.isdigit()) or len(plain) > 30:
            raise BadInput(f"{text[:40]!r} is no amount", "write it as 2500 or 2.25", name)
    if not 0 <= order.slippage <= 10_000:
        raise BadInput("slippage is 0 to 10,000 ticks", "", "slippage")
    if order.venue not in VENUES:
        raise BadInput(f"there is no venue {order.venue[:40]}", f"say {', '.join(VENUES)}", "venue")
    try:
        terms_of(replace(order))
    except ValueError as bad:
        raise BadInput(str(bad)) from None
