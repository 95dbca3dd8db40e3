"""Bars a second: the yardstick's rules beside its C kernels, and both SLOB specs."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.calendars import ExchangeCalendars
from adapters.compilations import compiled_once
from adapters.instruments import INSTRUMENTS
from benchmarks.timing import interleaved, peak_megabytes, table
from benchmarks.yardstick import SIZES, Yardstick
from dsl.compilation import Surroundings
from engine.machine.forms import Form
from engine.run import Prepared, Strategy, prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.ir.program import Program
    from engine.machine.written import Written

ROOT = Path(__file__).resolve().parents[1]
SPECS = {
    "benchmark rules": ROOT / "docs" / "examples" / "benchmark_rules.yaml",
    "slob_5_1": ROOT / "strategies" / "slob_5_1.yaml",
    "slob_5_1_creator": ROOT / "strategies" / "slob_5_1_creator.yaml",
}
ROUNDS = {"20d": 200, "250d": 40, "2500d": 9}


def program_of(path: Path) -> Program:
    """A strategy file compiled; it must have no errors."""
    around = Surroundings(instruments=INSTRUMENTS)
    compiled = compiled_once(path.name, path.read_bytes(), around)
    assert compiled.program is not None, compiled.findings
    return compiled.program


@dataclass(frozen=True)
class Case:
    """One strategy on one size of the yardstick's data."""

    name: str
    size: str
    yardstick: Yardstick
    prepared: Prepared

    @classmethod
    def of(cls, name: str, size: str) -> Case:
        """The strategy made ready on the data."""
        yardstick = Yardstick(size)
        strategy = Strategy(program_of(SPECS[name]))
        market = yardstick.market(strategy.program.instrument)
        return cls(name, size, yardstick, prepare(strategy, market, ExchangeCalendars()))


def identity(case: Case) -> str:
    """Whether setups and trades are the yardstick's."""
    reference = case.yardstick.result("slob_bars")
    run = case.prepared.run(form=Form.COMPILED)
    from engine.execution.trades import trades_of  # noqa: PLC0415

    trades = trades_of(run.records)
    ours = [*zip(trades.entry_row.tolist(), trades.exit_row.tolist(), strict=True)]
    theirs = [tuple(row) for row in reference.ti[:, 1:3].tolist()]
    same = "identical" if ours == theirs else "DIFFERENT"
    return f"{len(reference.si)} setups, {len(theirs)} trades: {same}"


def against_the_yardstick(size: str) -> tuple[tuple[str, ...], str]:
    """One row of the table: ours and the kernels, in turn in one process; and the identity."""
    case = Case.of("benchmark rules", size)
    bars = len(case.yardstick)
    began = time.perf_counter()
    case.prepared.run(form=Form.COMPILED)
    first = time.perf_counter() - began
    times = interleaved(
        {
            "ours": lambda: case.prepared.run(form=Form.COMPILED),
            "bar-major": case.yardstick.kernel("slob_bars"),
            "candidate-major": case.yardstick.kernel("slob_cands"),
        },
        ROUNDS[size],
    )
    ours, c_bars, c_cands = (times[name].best for name in times)
    row = (
        f"{size} ({bars:,} bars)",
        f"{ours / bars * 1e9:.1f}",
        f"{bars / ours / 1e6:.0f} M",
        f"{c_bars / bars * 1e9:.1f}",
        f"{ours / c_bars:.2f}",
        f"{ours / c_cands:.2f}",
        f"{first:.2f} s",
        f"{peak_megabytes():.0f}",
    )
    return row, identity(case)


HEAD = (
    "data",
    "ns a bar",
    "bars a second",
    "C ns a bar",
    "x C bar-major",
    "x C candidate-major",
    "first run",
    "peak MB",
)


def yardstick_table() -> str:
    """The benchmark rules on every size, and whether the results are the same."""
    rows, notes = [], []
    for size in SIZES:
        row, note = against_the_yardstick(size)
        rows.append(row)
        notes.append(f"{size}: {note}")
    return "\n".join([table(HEAD, rows), "", *notes])


def slob_table() -> str:
    """Both SLOB specs on the same bars."""
    rows: list[tuple[str, ...]] = []
    for name in list(SPECS)[1:]:
        for size in SIZES:
            case = Case.of(name, size)
            bars = len(case.yardstick)
            times = interleaved(
                {
                    "ours": lambda case=case: case.prepared.run(form=Form.COMPILED),  # type: ignore[misc]
                    "C": case.yardstick.kernel("slob_bars"),
                },
                ROUNDS[size],
            )
            run = case.prepared.run(form=Form.COMPILED)
            ours = times["ours"].best
            rows.append(
                (
                    f"{name}, {size}",
                    f"{ours / bars * 1e9:.1f}",
                    f"{bars / ours / 1e6:.0f} M",
                    f"{ours / times['C'].best:.2f}",
                    f"{sum(len(d) for d in run.decisions.values()):,}",
                    f"{len(run.intents):,}",
                )
            )
    head = (
        "strategy, data",
        "ns a bar",
        "bars a second",
        "x C bar-major (other rules)",
        "decisions",
        "intents",
    )
    return table(head, rows)


def forms_table() -> str:
    """The decisions alone, without the account: each form of the machine beside the C kernels."""
    rows: list[tuple[str, ...]] = []
    for size in SIZES:
        case = Case.of("benchmark rules", size)
        bars = len(case.yardstick)
        things: dict[str, Callable[[], object]] = {
            name: partial(form, case) for name, form in FORMS.items()
        }
        things["C, bar by bar"] = case.yardstick.kernel("slob_bars")
        things["C, candidate by candidate"] = case.yardstick.kernel("slob_cands")
        times = interleaved(things, ROUNDS[size])
        c_bars, c_cands = (
            times[f"C, {how}"].best for how in ("bar by bar", "candidate by candidate")
        )
        rows += [
            (
                f"{name}, {size}",
                f"{times[name].best / bars * 1e9:.1f}",
                f"{times[name].best / c_bars:.2f}",
                f"{times[name].best / c_cands:.2f}",
            )
            for name in times
        ]
    head = ("form, data", "ns a bar", "x C bar-major", "x C candidate-major")
    return table(head, rows)


def walked(case: Case, *, tell: bool) -> list[Written]:
    """Both sides, candidate by candidate."""
    schedule, rows = case.prepared.schedule, len(case.yardstick)
    machines = case.prepared.strategy.machines.values()
    return [machine.follow(machine.feed(schedule), rows, tell=tell) for machine in machines]


def stepped(case: Case) -> list[Written]:
    """Both sides, bar by bar."""
    schedule, rows = case.prepared.schedule, len(case.yardstick)
    machines = case.prepared.strategy.machines.values()
    return [machine.write(machine.feed(schedule), machine.fresh(), 0, rows) for machine in machines]


FORMS: dict[str, Callable[[Case], object]] = {
    "walk, entries": partial(walked, tell=False),
    "walk, all decisions": partial(walked, tell=True),
    "bar by bar": stepped,
}
