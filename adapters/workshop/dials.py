"""Parameters as fields of a form, and what a person sets there put back into the text.

Only the characters of the value change: comments, order and alignment stay.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from adapters.workshop.checked import Dial, Fix
from adapters.workshop.errors import BadInput, NotFound
from dsl.document import Table, read_document
from dsl.quantities import plain
from dsl.source import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from dsl.ir.program import ParamSpec, Program
    from dsl.source import Span

SIDES: Final = ("short", "long")
_FORMS: Final = {"choice": "choice", "switch": "switch", "time": "time"}
_VALUE: Final = re.compile(r"[-+]?\d{1,12}(\.\d{1,9})?|\d{1,2}:\d{2}|[A-Za-z_]\w{0,60}")


# --- to fields ------------------------------------------------------------------------------


def dials_of(program: Program, root: Table | None) -> tuple[Dial, ...]:
    """A field a parameter, two where its sides differ or are written apart."""
    params = _table(root, "params")
    return tuple(
        dial
        for spec in program.params
        for dial in _dials(spec, params.get(Text(spec.name)) if params else None)
    )


def _dials(spec: ParamSpec, written: object) -> Iterator[Dial]:
    sided = isinstance(written, Table) and any(written.key(side) for side in SIDES)
    line = 0 if spec.span.file else spec.span.line
    for side in SIDES if sided else ("",):
        number = getattr(spec, side or "short")
        yield Dial(
            name=spec.name,
            side=side,
            form=_FORMS.get(spec.unit, "number"),
            unit="" if spec.unit in _FORMS else spec.unit,
            value=_shown(spec, number),
            low=_bound(spec, spec.low),
            high=_bound(spec, spec.high),
            step=_bound(spec, spec.step),
            choices=spec.choices or (("off", "on") if spec.unit == "switch" else ()),
            doc=spec.doc,
            line=line,
        )


def _bound(spec: ParamSpec, number: int | None) -> str:
    return "" if number is None or spec.unit in _FORMS else _decimal(spec, number)


def _shown(spec: ParamSpec, number: int) -> str:
    match spec.unit:
        case "choice":
            return spec.choices[number]
        case "switch":
            return "on" if number else "off"
        case "time":
            return f"{number // 60:02d}:{number % 60:02d}"
        case _:
            return _decimal(spec, number)


def _decimal(spec: ParamSpec, number: int) -> str:
    value: Fraction = number / spec.scale
    return plain(value)


def _table(root: Table | None, name: str) -> Table | None:
    key = root.key(name) if root is not None else None
    found = root[key] if root is not None and key is not None else None
    return found if isinstance(found, Table) else None


# --- and back -------------------------------------------------------------------------------


def turned(text: str, name: str, side: str, value: str, unit: str) -> Fix:
    """The change of `text` that gives a parameter a value; `side` is empty for both.

    A parameter that only an extended file declares gets a line of its own. Raises `BadInput`
    and `NotFound`.
    """
    if not _VALUE.fullmatch(value):
        raise BadInput(f"`{value[:40]}` is no value", "write a number, a word or a time", name)
    if not re.fullmatch(r"[A-Za-z_]\w{0,80}", name) or side not in ("", *SIDES):
        raise NotFound(f"there is no parameter `{name[:40]}`")
    if unit and not re.fullmatch(r"[A-Za-z%]{1,12}", unit):
        raise BadInput(f"`{unit[:20]}` is no unit", "", name)
    new = f"{value} {unit}" if unit else value
    _, document, _ = read_document("", text.encode())
    if document is None:
        raise BadInput("the text cannot be read as it stands", "see its findings first", name)
    params = _table(document.root, "params")
    key = params.key(name) if params is not None else None
    if params is None or key is None:
        return _added(text, params, name, side, new)
    place = _place(params[key], side)
    if place is None:
        raise BadInput(f"`{name}` has no value of its own here", "write one into the text", name)
    return Fix("", place.line, place.column, place.column + place.length, new, certain=True)


def _place(written: object, side: str) -> Span | None:
    """Where the value stands."""
    if isinstance(written, Text):
        return written.span
    if not isinstance(written, Table):
        return None
    key = written.key(side or "default")
    value = written[key] if key is not None else None
    return value.span if isinstance(value, Text) else None


def _added(text: str, params: Table | None, name: str, side: str, new: str) -> Fix:
    """A line for what the extended file declares: under `params:`, or at the end with it."""
    entry = f"{name}: {{{side or 'default'}: {new}}}"
    lines = text.splitlines()
    if params is not None and params.flow:
        raise BadInput(f"`{name}` is written in the file this extends", "add it by hand", name)
    if params is None or not params:
        last = len(lines[-1]) + 1 if lines else 1
        return Fix("", max(1, len(lines)), last, last, f"\nparams:\n  {entry}", certain=True)
    first = next(iter(params)).span
    at = first.line
    return Fix("", at, first.column, first.column, f"{entry}\n{' ' * (first.column - 1)}", True)


def applied(text: str, change: Fix) -> str:
    """The text with a change made."""
    lines = text.splitlines(keepends=True) or [""]
    before = sum(map(len, lines[: change.line - 1]))
    start, stop = before + change.column - 1, before + change.end_column - 1
    return text[:start] + change.replacement + text[stop:]
