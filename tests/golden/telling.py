"""Runs as aligned plain text, for golden files that people read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dsl.ir.text import program_hash
from engine.execution.records import Kind, reason_names
from engine.execution.rules import rules_of
from engine.execution.trades import trades_of
from engine.journal.book import Book
from engine.journal.folds import funnel
from engine.journal.units import Grid
from engine.statistics.statistics import statistics_of
from engine.statistics.table import groups
from tests.golden.cases import exchange_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from engine.journal.events import Event, Value
    from engine.run import Run


def head(run: Run) -> str:
    """What was run, in a line."""
    program = run.program
    return (
        f"{program.name} {program_hash(program)} · {program.instrument.symbol} · "
        f"{len(run.market)} bars · times of {program.day.zone}"
    )


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns under each other."""
    table = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]


def text(lines: Iterable[str]) -> str:
    """Lines as the text of a file."""
    return "\n".join(lines) + "\n"


# --- the journal ----------------------------------------------------------------------------


def journal(run: Run) -> str:
    """One event a line: when, who, what, why, at which line of the strategy, with what numbers."""
    book = Book(
        run.program, run.market, run.days, run.decisions, run.intents, run.records,
        rules_of(run.program, run.terms).money,
    )  # fmt: skip
    rows = [_event(run, event) for event in book.events()]
    return text([head(run), "", *(aligned(rows) or ["(nothing happened)"])])


def _event(run: Run, event: Event) -> list[str]:
    what = event.stage or ""
    if "from" in event.values and event.stage:
        what = f"{event.values['from']} -> {event.stage}"
    values = {name: value for name, value in event.values.items() if name != "from"}
    return [
        exchange_time(run.market, event.bar, run.program.day.zone),
        (event.candidate or "").partition("/")[2],
        event.kind.value,
        what,
        event.reason or "",
        f"line {event.spec_line}" if event.spec_line is not None else "",
        "  ".join(f"{name} {_value(value)}" for name, value in values.items()),
    ]


def _value(value: Value) -> str:
    if isinstance(value, list):
        return ",".join(map(_value, value))
    return "na" if value is None else str(value)


# --- trades ---------------------------------------------------------------------------------


def trades(run: Run) -> str:
    """One round trip a line."""
    made, names = trades_of(run.records), reason_names(run.program)
    grid, money = Grid(run.program.instrument.tick), rules_of(run.program, run.terms).money
    zone = run.program.day.zone
    titles = ["side", "entered", "at", "contracts", "left", "at", "by", "gross", "commission",
              "net", "mae", "mfe", "equity"]  # fmt: skip
    rows = [
        [
            ("short", "long")[int(made.side[k])],
            exchange_time(run.market, int(made.entry_row[k]), zone),
            str(grid.price(int(made.entry_price[k]))),
            str(int(made.contracts[k])),
            exchange_time(run.market, int(made.exit_row[k]), zone),
            _ticks(made.exit_price(k) * run.program.instrument.tick),
            names[int(made.reason[k])],
            str(money.decimal(int(made.gross[k]))),
            str(money.decimal(int(made.commission[k]))),
            str(money.decimal(int(made.net[k]))),
            str(grid.price(int(made.mae[k]))),
            str(grid.price(int(made.mfe[k]))),
            str(money.decimal(int(made.equity_after[k]))),
        ]
        for k in range(len(made))
    ]
    return text([head(run), "", *(aligned([titles, *rows]) if rows else ["(no trades)"])])


def _ticks(price: Fraction) -> str:
    whole = price.denominator == 1
    return f"{price.numerator}.00" if whole else f"{float(price):.4f}"


# --- summary --------------------------------------------------------------------------------


def summary(run: Run) -> str:
    """The funnel of each side, what became of intents, and the money."""
    lines = [head(run)]
    for side in funnel(run.program, run.decisions):
        lines += ["", f"{side.side}: {side.started} started, {side.completed} completed"]
        for stage in side.stages:
            moved = [f"-> {name} {count}" for name, count in stage.advanced.items()]
            died = [f"{name} {count}" for name, count in stage.died.items()]
            ends = [*moved, *died, f"completed {stage.completed}", f"alive {stage.alive}"]
            lines.append(f"  {stage.stage}: {stage.entered} entered: {', '.join(ends)}")
    return text([*lines, "", *aligned(_intents(run)), "", *aligned(_money(run))])


def _intents(run: Run) -> list[tuple[str, str]]:
    """How many intents there were, and how they ended."""
    kinds = {Kind.FILL: "filled", Kind.REFUSED: "refused", Kind.CANCELLED: "cancelled"}
    ends = Counter(
        f"  {kinds[Kind(kind)]} {reason_names(run.program)[reason]}".rstrip()
        for _, kind, _, _, reason, *_ in run.records.tolist()
        if kind in kinds
    )
    return [("intents", str(len(run.intents))), *((end, str(n)) for end, n in ends.items())]


def _money(run: Run) -> list[tuple[str, str]]:
    """Trades, and the account they leave."""
    rules, made = rules_of(run.program, run.terms), trades_of(run.records)
    decimal = rules.money.decimal
    return [
        ("trades", str(len(made))),
        ("net", str(decimal(int(made.net.sum())))),
        ("equity", str(decimal(rules.equity + int(made.net.sum())))),
    ]


def statistics(run: Run) -> str:
    """Every figure."""
    return text(
        line
        for group in groups(statistics_of(run))
        for line in ("", group.title, *(f"  {row}" for row in aligned(group.rows)))
    )
