"""One check of one text, in a process of its own: see `adapters.workshop.checking`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from adapters.calendar_names import calendar_names
from adapters.cli.workbench import reader_in
from adapters.instruments import INSTRUMENTS
from adapters.workshop.checked import Checked, Finding, Summary
from adapters.workshop.dials import dials_of
from adapters.workshop.fixes import fixes_of
from adapters.workshop.naming import declared_in
from adapters.workshop.sketching import sketch_of
from dsl.codes import CODES
from dsl.compilation import Surroundings
from dsl.compiler import Unit, work
from dsl.findings import Findings
from dsl.ir.text import program_hash

if TYPE_CHECKING:
    from dsl.compilation import Compiled
    from dsl.diagnostics import Diagnostic
    from dsl.ir.program import Program
    from dsl.source import Source

TEXT: Final = ""
"""The name under which the text itself goes; the files it extends have their own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A text to check; `folder` is where the files it extends lie."""

    text: str
    folder: str
    thorough: bool


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found, and the files that were read for it by what they held."""

    checked: Checked
    parents: dict[str, bytes | None]


_PACK: Final = msgspec.msgpack.Encoder()
_UNPACK: Final = msgspec.msgpack.Decoder(Examined)


def examine(asked: Asked) -> Examined:
    """Check a text. Never raises, whatever it says."""
    parents: dict[str, bytes | None] = {}
    outside = reader_in(Path(asked.folder))

    def read(name: str) -> bytes | None:
        parents[name] = outside(name)
        return parents[name]

    around = Surroundings(instruments=INSTRUMENTS, calendars=calendar_names(), read=read)
    data = asked.text.encode("utf-8", errors="surrogatepass")
    unit = Unit(TEXT, data, around, Findings(), thorough=asked.thorough)
    made = work(unit)
    program = made.program
    root = unit.document.root if unit.document else None
    return Examined(
        Checked(
            findings=tuple(_finding(one, made.sources) for one in made.findings),
            names=declared_in(root, unit.scope),
            is_thorough=asked.thorough or program is None,
            summary=None if program is None else _summary(program),
            sketch=None if program is None else sketch_of(program, made.sources),
            dials=() if program is None else dials_of(program, root),
            extends=next(iter(parents), ""),
        ),
        parents,
    )


def packed(asked: Asked) -> bytes:
    """What `examine` says, for another process: a tenth of the time that pickling takes."""
    return _PACK.encode(examine(asked))


def unpacked(data: bytes) -> Examined:
    """What another process packed."""
    return _UNPACK.decode(data)


def warm() -> None:
    """Load the compiler and its tables, so that the first check is as quick as the others."""
    from adapters.workshop.templates import TEMPLATES  # noqa: PLC0415 - only to have a text

    for template in TEMPLATES.values():
        examine(Asked(template.text, ".", thorough=False))


def _finding(found: Diagnostic, sources: tuple[Source, ...]) -> Finding:
    span = found.span
    source = next((one for one in sources if one.name == span.file), None)
    line = "" if source is None else source.line(span.line)
    code = CODES.get(found.code)
    return Finding(
        code=found.code,
        severity=found.severity.value,
        title=code.title if code else "",
        message=found.message,
        help=found.help,
        file=span.file,
        line=span.line,
        column=span.column,
        end_column=span.column + span.length,
        fixes=fixes_of(found, line) if not span.file else (),
    )


def _summary(program: Program) -> Summary:
    needs = []
    for count, word in ((program.history.bars, "bar"), (program.history.dates, "trading date")):
        if count:
            needs.append(f"{count:,} {word}{'s' * (count > 1)}")
    return Summary(
        name=program.name,
        doc=program.doc,
        hash=program_hash(program),
        instrument=program.instrument.symbol,
        sides=tuple(side.value for side in program.sides),
        bars=f"{program.bar_minutes} min",
        history=" and ".join(needs) or "none",
    )


def compiled(text: str, folder: Path) -> Compiled:
    """The text compiled, for who wants the program itself."""
    around = Surroundings(
        instruments=INSTRUMENTS, calendars=calendar_names(), read=reader_in(folder)
    )
    return work(Unit(TEXT, text.encode(), around, Findings()))
