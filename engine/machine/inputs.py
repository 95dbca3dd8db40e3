"""What the generated machine reads besides bars: columns of rows and tables of trading dates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dsl.ir import expression as ir

if TYPE_CHECKING:
    from dsl.ir.expression import Node


@dataclass(frozen=True, slots=True)
class Table:
    """An int64 for each trading date.

    A session's `first`, `stop`, `ended` row, its `begins` or `ends` instant, a `final` or
    `previous` value of a field, or whether a calendar `trades`.
    """

    what: str
    of: str
    field: str = ""


@dataclass(slots=True)
class Inputs:
    """The inputs asked for so far; each has a number, in the order of asking."""

    columns: dict[Node, int] = field(default_factory=dict)
    tables: dict[Table, int] = field(default_factory=dict)

    def column(self, node: Node) -> int:
        """The number of a column."""
        return self.columns.setdefault(node, len(self.columns))

    def table(self, what: str, of: str, name: str = "") -> int:
        """The number of a table."""
        return self.tables.setdefault(Table(what, of, name), len(self.tables))


ELEMENTWISE = (
    ir.Const,
    ir.Param,
    ir.BarField,
    ir.Unary,
    ir.Binary,
    ir.ToReal,
    ir.Round,
    ir.Compare,
    ir.AllOf,
    ir.AnyOf,
    ir.Not,
    ir.Known,
    ir.Choose,
)
"""Nodes whose value on a row needs nothing but that row's bar and parameters."""


def is_guardable(node: Node) -> bool:
    """Whether the value is one expression of whole numbers of a bar, with no statement before it.

    Only such a one may be looked up on a row that need not be there: the guard comes first.
    """
    simple = (ir.Const, ir.Param, ir.BarField, ir.Unary, ir.Binary)
    return all(isinstance(inner, simple) and inner.kind is ir.Kind.INT for inner in ir.walk(node))


def can_be_na(node: Node) -> bool:
    """Whether a row expression may be unknown on some row (conservative)."""
    for inner in ir.walk(node):
        if not isinstance(inner, (*ELEMENTWISE, ir.InSession, ir.TradingDay, ir.Row)):
            return True
        if isinstance(inner, ir.Binary) and inner.op == "div":
            return True
        if isinstance(inner, ir.Unary) and inner.op == "sqrt":
            return True
    return False
