"""A program as canonical text: what is hashed, compared and shown when the meaning is in question.

Formatting, comments, names of files and places do not appear, so they cannot change the hash;
the names of conditions, stages and parameters do, because the journal speaks them.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any, Final

from dsl.ir import expression as ir
from dsl.ir import program as prog


class _Records(dict[type, tuple[str, ...]]):
    """The fields that equal records of a class have alike, empty for what is no record.

    Asking a class for its fields takes longer than writing them.
    """

    def __missing__(self, kind: type) -> tuple[str, ...]:
        is_record = is_dataclass(kind) and not issubclass(kind, ir.Node)
        self[kind] = tuple(part.name for part in fields(kind) if part.compare) if is_record else ()
        return self[kind]


_RECORDS: Final = _Records()

SHORT_OPS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}


def program_hash(program: prog.Program) -> str:
    """Sixteen hexadecimal digits that name the meaning of a program, parameter values included."""
    return hashlib.sha256(program_text(program).encode()).hexdigest()[:16]


def code_hash(program: prog.Program) -> str:
    """The same without what the values of parameters decide: equal hashes, equal generated code.

    How much history a program needs follows from the lengths of its windows, so it is left out too.
    """
    return hashlib.sha256(program_text(program, values=False).encode()).hexdigest()[:16]


def program_text(program: prog.Program, *, values: bool = True) -> str:
    """The whole program, one fact a line; without `values` what holds whatever they are."""
    lines: list[str] = []
    for name in _RECORDS[type(program)]:
        if values or name != "history":
            _write(lines, name, getattr(program, name), 0, values=values)
    return "\n".join(lines) + "\n"


def _write(lines: list[str], name: str, value: Any, depth: int, *, values: bool) -> None:
    pad = "  " * depth
    if isinstance(value, prog.ParamSpec) and not values:
        lines.append(f"{pad}{name}: {value.name} {value.unit}")
    elif isinstance(value, tuple) and value and not isinstance(value[0], (str, int)):
        lines.append(f"{pad}{name}:")
        for item in value:
            _write(lines, "-", item, depth + 1, values=values)
    elif isinstance(value, prog.Named):
        lines.append(f"{pad}{name} {value.name}: {node_text(value.node)}")
    elif parts := _RECORDS[type(value)]:
        lines.append(f"{pad}{name}:")
        for part in parts:
            _write(lines, part, getattr(value, part), depth + 1, values=values)
    else:
        lines.append(f"{pad}{name}: {_atom(value)}")


def _atom(value: Any) -> str:
    if isinstance(value, ir.Node):
        return node_text(value)
    if isinstance(value, tuple):
        return " ".join(_atom(item) for item in value)
    if isinstance(value, Fraction):
        return str(value)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def node_text(node: ir.Node) -> str:
    """One expression on one line, fully bracketed."""
    match node:
        case ir.Const(value):
            return str(value).lower()
        case ir.Param(name):
            return f"${name}"
        case ir.BarField(name):
            return name
        case ir.Binary(op, left, right) if op in SHORT_OPS:
            return f"({node_text(left)} {SHORT_OPS[op]} {node_text(right)})"
        case ir.Compare(op, left, right):
            return f"({node_text(left)} {op} {node_text(right)})"
        case ir.AllOf(operands):
            return "(" + " and ".join(map(node_text, operands)) + ")"
        case ir.AnyOf(operands):
            return "(" + " or ".join(map(node_text, operands)) + ")"
        case ir.Not(operand):
            return f"(not {node_text(operand)})"
        case ir.Choose(condition, then, otherwise):
            return f"({node_text(then)} if {node_text(condition)} else {node_text(otherwise)})"
        case ir.Lag(operand, bars, across):
            return f"{node_text(operand)}[{node_text(bars)}{' across' if across else ''}]"
        case ir.TrackerField(tracker, field, _, now):
            return f"{tracker}{'.now' if now else ''}.{field}"
        case ir.CaptureField(capture, field, _):
            return f"{capture}.{field}"
        case ir.InSession(session):
            return f"in {session}"
        case ir.SessionValue(session, field, occurrence):
            return f"{session}.{occurrence}.{field}"
        case _:
            return _call_text(node)


def _call_text(node: ir.Node) -> str:
    name = type(node).__name__.lower()
    parts = []
    for field in fields(node):  # type: ignore[arg-type]
        value = getattr(node, field.name)
        if isinstance(value, ir.Over):
            parts.append(_over_text(value))
        elif isinstance(value, ir.Node):
            parts.append(node_text(value))
        elif value is not None and value is not False:
            parts.append(str(value).lower() if value is True else str(value))
    return f"{name}({', '.join(parts)})"


def _over_text(over: ir.Over) -> str:
    words = [node_text(over.bars), "bars"]
    words += ["before"] if over.before else []
    words += ["where", node_text(over.where)] if over.where is not None else []
    words += ["across days"] if over.across else []
    return " ".join(words)
