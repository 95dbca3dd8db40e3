"""Golden cases: a strategy, the smallest history that tells something, and what must come of it.

`python -m tests.golden.cases` draws the bars of every case anew from its description.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import yaml

from adapters.events import event_lists
from engine.columns.frame import schedule_of
from engine.domain.clocks import wall_of
from engine.execution.rules import rules_of
from engine.execution.simulation import Simulator
from engine.execution.terms import Terms
from engine.interpreter import Interpreter
from engine.laws.ground import Ground, joined
from engine.laws.repeated import decisions_of, lists
from engine.machine.forms import Form
from engine.run import Run, Strategy, dates_for, intents_of, paths_for
from tests.golden.extension import ROOT
from tests.support.bars import bars_from_rows
from tests.support.drawing import drawn
from tests.support.shipped import CALENDARS, FOLDER, program_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dsl.ir.program import Instrument, Program
    from engine.domain.market import Ints, Market

CASES: Final = ROOT / "cases"
COLUMNS: Final = ("open", "high", "low", "close")
KEYS: Final = frozenset(
    {"title", "why", "strategy", "overrides", "equity", "clock", "confirmed", "drawing", "reflects",
     "around"}
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One case, as its case.yaml says.

    `drawing` describes the bars (tests.support.drawing) on `clock`; a case that `reflects` another
    has its bars with every price p at `around - p`.
    """

    name: str
    title: str
    why: str
    strategy: str
    confirmed: str
    clock: str = "America/New_York"
    overrides: Mapping[str, str] = field(default_factory=dict)
    equity: int = 50_000
    drawing: str = ""
    reflects: str = ""
    around: float = 0.0

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return CASES / self.name

    @property
    def program(self) -> Program:
        """The strategy with the case's own values."""
        return program_of(FOLDER / self.strategy, tuple(sorted(self.overrides.items())))

    @property
    def ground(self) -> Ground:
        """All that a run needs."""
        program = self.program
        events: Mapping[str, Ints] = event_lists(program.events, FOLDER)
        terms = Terms(Fraction(self.equity))
        market = read_bars(self.folder / "bars.csv", program.instrument)
        return Ground(Strategy(program), market, CALENDARS, events, terms)

    def drawn(self) -> Market:
        """Its bars, drawn anew."""
        told = read_case(CASES / self.reflects) if self.reflects else self
        around = self.around if self.reflects else None
        return drawn(told.drawing, told.clock, self.program.instrument, around)


def names() -> list[str]:
    """Every case there is."""
    return sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())


def read_case(folder: Path) -> Case:
    """The case of a folder."""
    said: dict[str, Any] = yaml.safe_load((folder / "case.yaml").read_text("utf-8"))
    unknown = set(said) - KEYS
    if unknown:
        raise ValueError(f"{folder.name}/case.yaml has no key {min(unknown)}")
    said["overrides"] = {name: str(value) for name, value in said.get("overrides", {}).items()}
    return Case(folder.name, **said)


# --- bars -----------------------------------------------------------------------------------


def read_bars(file: Path, instrument: Instrument) -> Market:
    """The bars of a bars.csv: open instants in UTC, prices as decimals."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [
            [
                int(np.datetime64(line["timestamp"].removesuffix("Z"), "m").astype(np.int64)),
                *(int(Fraction(line[name]) / instrument.tick) for name in COLUMNS),
                int(line["volume"]),
            ]
            for line in csv.DictReader(lines)
        ]
    return bars_from_rows(rows, instrument=instrument)


def bars_text(market: Market) -> str:
    """Bars as a bars.csv."""
    lines = ["timestamp,open,high,low,close,volume"]
    columns = [getattr(market, name).tolist() for name in (*COLUMNS, "volume")]
    for minute, *prices, volume in zip(market.minute.tolist(), *columns, strict=True):
        stamp = f"{np.datetime64(minute, 'm')}:00Z"
        shown = [f"{float(ticks * market.instrument.tick):.2f}" for ticks in prices]
        lines.append(",".join([stamp, *shown, str(volume)]))
    return "\n".join(lines) + "\n"


# --- running --------------------------------------------------------------------------------


def interpreted(ground: Ground) -> Run:
    """The run as the interpreter decides it: what is written down."""
    program, market = ground.strategy.program, ground.market
    schedule = schedule_of(program, market, ground.calendars, ground.events)
    decisions = {
        side: decisions_of(
            Interpreter(program, market, side, ground.calendars, lists(ground.events)).run(),
            machine.layout,
        )
        for side, machine in ground.strategy.machines.items()
    }
    intents = intents_of(program, decisions)
    simulator = Simulator(rules_of(program, ground.terms), compiled=False)
    records = simulator.run(
        market, dates_for(program, schedule), intents, paths_for(program, schedule)
    )
    return Run(program, ground.terms, market, schedule, decisions, intents, records)


def others(ground: Ground, oracle: Run) -> Iterator[tuple[str, list[str]]]:
    """The journals of everybody else who must agree, by name; who takes longest comes last."""
    plain = ground.batch(Form.PLAIN)
    yield "plain Python", ground.told(plain, plain.decisions, plain.records)
    session = ground.session()
    steps = [session.feed(ground.market.rows(row, row + 1)) for row in range(len(ground.market))]
    made, records = joined(ground.strategy, steps)
    yield "the session", ground.told(oracle, made, records)
    compiled = ground.batch(Form.COMPILED)
    yield "compiled code", ground.told(compiled, compiled.decisions, compiled.records)


def exchange_time(market: Market, row: int, zone: str) -> str:
    """The open of a bar on the exchange's clock."""
    wall = wall_of(zone, market.minute[row : row + 1])
    return str(np.datetime64(int(wall[0]), "m")).replace("T", " ")


def main() -> None:
    """Draw the bars of every case that has a drawing."""
    for name in names():
        case = read_case(CASES / name)
        if case.drawing or case.reflects:
            (case.folder / "bars.csv").write_text(bars_text(case.drawn()), "utf-8")


if __name__ == "__main__":
    main()
