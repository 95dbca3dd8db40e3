"""What a program and the terms of a run ask of the simulator, as one table of whole numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from dsl.ir.expression import Binary, Const, Param, Unary
from dsl.ir.program import OrderType, Side, Sizing
from engine.execution import state as at
from engine.execution.intents import side_number
from engine.execution.sizing import LARGEST_SIZE, MILLION
from engine.execution.terms import Flat, Money, SameBar, TermsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.ir.expression import Node
    from dsl.ir.program import Program
    from engine.domain.market import Ints
    from engine.execution.terms import Terms

_ORDERS: Final = tuple(OrderType)
_SIZINGS: Final = tuple(Sizing)
_BINARY: Final[dict[str, Callable[[int, int], int]]] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
    "max": max,
    "min": min,
}
_UNARY: Final[dict[str, Callable[[int], int]]] = {"neg": lambda value: -value, "abs": abs}
_HALF: Final = MILLION // 2
_ABSENT: Final = -1
_MULTIPLE_MOST: Final = 1000 * MILLION
_ROWS_MOST: Final = 1 << 40


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """The table: `values` of both sides (`engine.execution.state`), target `shares`, money.

    `price_most` is the largest |price| in ticks for which no sum can overflow.
    """

    values: Ints
    shares: Ints
    money: Money
    equity: int
    price_most: int

    def of(self, side: Side, cell: int) -> int:
        """One number of one side."""
        return int(self.values[side_number(side) * at.RULE_CELLS + cell])


def rules_of(program: Program, terms: Terms) -> Rules:
    """The table of a program under these terms.

    Raises `TermsError`, naming the setting, for a number outside its range, for an account limit
    that differs by side, and for amounts too large and fine to be counted exactly.
    """
    tick_value = program.instrument.tick_value
    money = Money.for_amounts(tick_value, terms.equity, terms.commission)
    sides = [_side_rules(program, side, terms, money) for side in (Side.SHORT, Side.LONG)]
    _check_same(sides)
    _check_range(program, sides[0], money, terms)
    return Rules(
        values=np.array([*sides[0], *sides[1]], np.int64),
        shares=np.array([target.share for target in program.targets], np.int64),
        money=money,
        equity=money.units(terms.equity),
        price_most=program.instrument.price_max,
    )


def number(node: Node, program: Program, side: Side) -> int:
    """The value of an expression of literals and parameters on one side."""
    match node:
        case Const(value):
            return int(value)
        case Param(name):
            names = [param.name for param in program.params]
            return program.side_params(side)[names.index(name)]
        case Unary(op, operand) if op in _UNARY:
            return _UNARY[op](number(operand, program, side))
        case Binary(op, left, right) if op in _BINARY:
            return _BINARY[op](number(left, program, side), number(right, program, side))
        case _:
            raise TermsError(
                f"{type(node).__name__} changes from bar to bar: "
                "entry, exits and risk take literals and parameters only"
            )


def _method(program: Program, found: int) -> int:
    """The number of a `Sizing` that `risk.method` comes to: a parameter has its own numbers."""
    match program.risk.method:
        case Param(name):
            spec = next(spec for spec in program.params if spec.name == name)
            return _SIZINGS.index(Sizing(spec.choices[found]))
        case _:
            return found


def _side_rules(program: Program, side: Side, terms: Terms, money: Money) -> list[int]:
    """The cells of one side."""
    risk, exits, entry = program.risk, program.exits, program.entry
    even, trail = exits.break_even, exits.trail

    def value(name: str, node: Node | None, most: int, absent: int = _ABSENT) -> int:
        """A number from 0 to `most`."""
        found = absent if node is None else number(node, program, side)
        if node is not None and not 0 <= found <= most:
            raise TermsError(f"{name} is {found}: give a value from 0 to {most}")
        return found

    cells = dict.fromkeys(range(at.RULE_CELLS), 0)
    cells |= {
        at.ORDER: _ORDERS.index(entry.order),
        at.VALID: max(1, value("entry.valid", entry.valid, _ROWS_MOST)),
        at.METHOD: _method(program, value("risk.sizing", risk.method, len(_SIZINGS) - 1)),
        at.PER_TRADE: value("risk.per_trade", risk.per_trade, MILLION),
        at.FIXED_SIZE: value("risk.contracts", risk.contracts, LARGEST_SIZE),
        at.MINIMUM: value("risk.min", risk.minimum, LARGEST_SIZE),
        at.MAXIMUM: value("risk.max", risk.maximum, LARGEST_SIZE),
        at.KELLY_FRACTION: value("risk.kelly_fraction", risk.kelly_fraction, MILLION),
        at.REDUCE_AT: value("risk.reduce_at", risk.reduce_at, MILLION),
        at.REDUCE_TO: value("risk.reduce_to", risk.reduce_to, MILLION, _HALF),
        at.LATCH_AT: value("risk.stop_at", risk.stop_at, MILLION),
        at.DAILY_LOSS: value("risk.daily_loss", risk.daily_loss, MILLION),
        at.RR_MIN: value("risk.rr_min", risk.rr_min, _MULTIPLE_MOST, 0),
        at.POSITIONS: risk.positions,
        at.AFTER: value("exits.after", exits.after, _ROWS_MOST, 0),
        at.LEAVES: int(bool(exits.when)),
        at.TRAILS: int(trail is not None),
        at.TRAIL_R: value("trail.after", trail.after_r if trail else None, _MULTIPLE_MOST, 0),
        at.TICK_VALUE: money.units(program.instrument.tick_value),
        at.COMMISSION: money.units(terms.commission),
        at.SLIPPAGE: terms.slippage,
        at.STOP_FIRST: int(terms.same_bar is SameBar.STOP_FIRST),
        at.FLAT_LATER: int(terms.flat is Flat.NEXT_OPEN),
    }
    if even is not None:
        by_target = even.after_target is not None
        cells |= {
            at.EVEN: 1,
            at.EVEN_TARGET: even.after_target if even.after_target is not None else _ABSENT,
            at.EVEN_R: value(
                "break_even.after", None if by_target else even.after_r, _MULTIPLE_MOST
            ),
            at.EVEN_OFFSET: number(even.offset, program, side),
        }
    return [cells[cell] for cell in range(at.RULE_CELLS)]


_OF_THE_ACCOUNT: Final = {
    at.REDUCE_AT: "risk.reduce_at",
    at.LATCH_AT: "risk.stop_at",
    at.DAILY_LOSS: "risk.daily_loss",
}


def _check_same(sides: list[list[int]]) -> None:
    """Limits of the account cannot differ by side: there is one account."""
    for cell, name in _OF_THE_ACCOUNT.items():
        if sides[0][cell] != sides[1][cell]:
            raise TermsError(f"{name} differs by side, but limits the one account: give one value")


def _check_range(program: Program, side: list[int], money: Money, terms: Terms) -> None:
    """No trade, and not the account, may leave the numbers that int64 counts exactly."""
    if program.risk.positions < 1:
        raise TermsError(f"risk.positions is {program.risk.positions}: give 1 or more")
    moves = 2 * (program.instrument.price_max + side[at.SLIPPAGE]) * side[at.TICK_VALUE]
    each = moves + 2 * side[at.COMMISSION]
    worst = max(each * max(1, side[at.MAXIMUM]) * program.risk.positions, money.units(terms.equity))
    if worst > at.MONEY_LIMIT:
        raise TermsError(
            f"amounts up to {float(Fraction(worst, money.scale)):.3g} "
            f"{program.instrument.currency} cannot be counted in steps of 1/{money.scale}: "
            f"lower risk.max (now {side[at.MAXIMUM]}) or the equity, "
            "or give amounts with fewer decimals"
        )
