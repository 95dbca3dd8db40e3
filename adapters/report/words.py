"""Sentences and tables of a report: parameters, costs, fill rules, what ended setups."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from dsl.quantities import plain
from engine.execution.terms import SameBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.ir.program import Instrument, ParamSpec, Program
    from engine.execution.terms import Terms

Row = tuple[str, ...]


def parameters(program: Program) -> list[Row]:
    """Name, value, range and remark of every parameter; two values where the sides differ."""
    return [(spec.name, _value(spec), _range(spec), spec.doc) for spec in program.params]


def _value(spec: ParamSpec) -> str:
    short, long = (written(spec, value) for value in (spec.short, spec.long))
    return short if short == long else f"short {short}, long {long}"


def _range(spec: ParamSpec) -> str:
    if spec.choices:
        return ", ".join(spec.choices)
    if spec.low is None or spec.high is None:
        return ""
    step = f", step {written(spec, spec.step)}" if spec.step is not None else ""
    return f"{written(spec, spec.low)} to {written(spec, spec.high)}{step}"


def written(spec: ParamSpec, value: int) -> str:
    """A parameter's integer as a person writes it."""
    if spec.choices:
        return spec.choices[value] if 0 <= value < len(spec.choices) else str(value)
    return f"{plain(Fraction(value) / spec.scale)} {spec.unit}".rstrip()


def differing(program: Program) -> list[str]:
    """The parameters in which LONG is no mirror of SHORT."""
    return [spec.name for spec in program.params if spec.short != spec.long]


def instrument_line(instrument: Instrument) -> str:
    """What is traded, in one line."""
    return (
        f"{instrument.symbol} ({instrument.exchange}), tick {plain(instrument.tick)} worth "
        f"{plain(instrument.tick_value)} {instrument.currency}"
    )


def terms_rows(program: Program, terms: Terms) -> list[Row]:
    """The account and the costs of the run."""
    currency = program.instrument.currency
    ticks = "tick" if terms.slippage == 1 else "ticks"
    return [
        ("starting equity", f"{plain(terms.equity)} {currency}"),
        ("commission", f"{plain(terms.commission)} {currency} a contract and fill"),
        ("slippage", f"{terms.slippage} {ticks} on market and stop fills, none on limits"),
    ]


def fill_rules(program: Program, terms: Terms) -> list[str]:
    """How the simulator filled orders, as it did in this run."""
    first = "stop" if terms.same_bar is SameBar.STOP_FIRST else "target"
    entries = {
        "market": "Entries are market orders: filled at the open of the next bar.",
        "stop": "Entries are stop orders: filled at their level, or at the open beyond it.",
        "limit": "Entries are limit orders: filled at their level, or at a better open.",
    }
    flat = program.exits.flat_by
    return [
        entries[program.entry.order.value],
        "A stop fills at its level, or at the open of a bar that opens beyond it.",
        "A target fills at its level, or at the open where that is better.",
        f"A bar that holds both stop and target after its open: the {first} comes first.",
        "The entry bar itself is tested for stop and target after its open.",
        "Size comes from the decision price and is checked again on the fill.",
        f"Positions are closed by the end of `{flat}`." if flat else "Positions may be held over.",
    ]


def tally(names: Sequence[str]) -> list[tuple[str, int]]:
    """How often each name occurs, the most frequent first."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
