"""What came of a run, kept so that nobody has to run it again to ask about it.

Beside the figures lie the decisions and records as arrays: with the strategy's text and the bars
they are the engine's own `Run`, opened in milliseconds.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from click import UsageError

from adapters.calendars import ExchangeCalendars
from adapters.cli.inquiry import Inquiry
from adapters.cli.outcome import Outcome, parameter_record, shown_value
from adapters.cli.validate import program_record
from adapters.cli.venues import run_at
from adapters.cli.workbench import Bench, compiled
from adapters.instruments import INSTRUMENTS, described, description
from adapters.report.setups import Setup, setups_of
from adapters.sweep.task import engine_digest
from adapters.workshop.errors import NotFound
from adapters.workshop.folders import ARRAYS, RESULT, SPEC
from dsl.ir.program import Side
from dsl.render import as_data
from engine.columns.frame import schedule_of
from engine.execution.intents import Intents
from engine.execution.terms import Terms
from engine.machine.written import Decisions
from engine.run import Run
from engine.statistics.table import groups, splits

if TYPE_CHECKING:
    from adapters.workshop.bars import BarFolder, Level
    from adapters.workshop.folders import Order, RunFolder
    from dsl.compilation import Compiled
    from dsl.ir.program import Instrument
    from engine.domain.market import Ints
    from engine.statistics.ledger import Ledger

POINTS: Final = 1500
"""The equity is drawn through so many points at most."""

_AGAIN: Final = "its figures stay; run it again for charts and reasons"


def keep_result(
    folder: RunFolder, bars: BarFolder, made: Bench, outcome: Outcome, order: Order
) -> None:
    """Write everything that is told of a run; raises `OSError` where it cannot be."""
    run = outcome.run
    name = bars.keep(made.market)
    arrays: dict[str, Any] = {"records": run.records}
    for side, decided in run.decisions.items():
        arrays[f"{side.value}.rows"], arrays[f"{side.value}.reals"] = decided.rows, decided.reals
    for field in fields(Intents):
        arrays[f"intents.{field.name}"] = getattr(run.intents, field.name)
    for event, instants in made.events.items():
        arrays[f"events.{event}"] = instants
    with (folder.path / ARRAYS).open("wb") as opened:
        np.savez(opened, **arrays)
    folder.write(RESULT, document(made, outcome, order) | {"bars": name})


def document(made: Bench, outcome: Outcome, order: Order) -> dict[str, Any]:
    """A run as plain values: what its page, its API and its exports say."""
    statistics = outcome.statistics
    return {
        "engine": engine_digest(),
        "program": program_record(made.program),
        "instrument": description(made.program.instrument),
        "zone": made.zone,
        "data": {**made.data, "notes": list(made.notes)},
        "parameters": [
            parameter_record(param) | {"text": shown_value(param)} for param in made.program.params
        ],
        "values": dict(order.values or {}),
        "venue": order.venue,
        "terms": {
            "equity": order.equity,
            "commission": order.commission,
            "slippage": order.slippage,
            "same_bar": order.same_bar,
            "flat": order.flat,
        },
        "findings": as_data(made.findings),
        "statistics": statistics.as_dict(),
        "groups": [{"title": one.title, "rows": one.rows} for one in groups(statistics)],
        "splits": [
            {"title": one.title, "head": one.head, "rows": one.rows} for one in splits(statistics)
        ],
        "trades": [
            record | {"row": trade.entered}
            for record, trade in zip(outcome.trade_records(), outcome.trades, strict=True)
        ],
        "funnel": outcome.funnel_record(),
        "intents": {"all": len(outcome.run.intents), **outcome.ends},
        "refused": outcome.dropped["refused"],
        "cancelled": outcome.dropped["cancelled"],
        "why_nothing": list(outcome.why_nothing()),
        "curve": curve(outcome.ledger),
        "figures": figures(made, outcome),
    }


def figures(made: Bench, outcome: Outcome) -> dict[str, Any]:
    """What a list of runs says of one."""
    found = outcome.statistics
    return {
        "symbol": made.program.instrument.symbol,
        "currency": found.currency,
        "data": made.data["name"],
        "synthetic": made.data["synthetic"],
        "first": int(made.market.minute[0]),
        "last": int(made.market.minute[-1]),
        "bars": len(made.market),
        "candidates": sum(side.started for side in outcome.funnel),
        "completed": sum(side.completed for side in outcome.funnel),
        "trades": found.all.trades,
        "net": f"{found.all.net:f}",
        "win_rate": found.all.win_rate,
        "expectancy_r": found.all.expectancy_r,
        "drawdown": found.drawdown.share,
        "sharpe": found.returns.sharpe,
    }


def curve(ledger: Ledger) -> dict[str, Any]:
    """Minute, equity and deepest drawdown (a share) at points evenly spread over the bars."""
    equity, start = ledger.equity, ledger.start / ledger.money.scale
    if not len(equity):
        return {"start": start, "minute": [], "equity": [], "down": []}
    peak = np.maximum(np.maximum.accumulate(equity), ledger.start)
    down = (peak - equity) / peak
    stops = np.unique(np.linspace(0, len(equity), min(len(equity), POINTS) + 1).astype(int))
    last = stops[1:] - 1
    return {
        "start": start,
        "minute": ledger.market.minute[last].tolist(),
        "equity": [round(units / ledger.money.scale, 2) for units in equity[last].tolist()],
        "down": [round(share, 6) for share in np.maximum.reduceat(down, stops[:-1]).tolist()],
    }


@dataclass(frozen=True, eq=False)
class Opened:
    """A kept run as the engine knows it, with everything that can be asked of it."""

    folder: RunFolder
    told: dict[str, Any]
    bench: Bench
    run: Run
    levels: tuple[Level, ...]

    @cached_property
    def asked(self) -> Inquiry:
        """Who answers why."""
        return Inquiry(self.bench, self.run)

    @cached_property
    def outcome(self) -> Outcome:
        """Its figures."""
        return Outcome(self.run)

    @cached_property
    def setups(self) -> tuple[Setup, ...]:
        """Every candidate, by start."""
        return tuple(setups_of(self.run))

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each setup by its name, as `2026-01-06/short/1`."""
        return {self.name(one): number for number, one in enumerate(self.setups)}

    @cached_property
    def spans(self) -> Ints:
        """The first and the last row of every setup."""
        spans = [(setup.first, setup.last) for setup in self.setups]
        return np.array(spans, np.int64).reshape(-1, 2)

    def name(self, setup: Setup) -> str:
        """What a setup is called."""
        date = np.datetime64(int(self.run.days.date[setup.day]), "D")
        return f"{date}/{setup.side.value}/{setup.ordinal}"


def open_result(folder: RunFolder, bars: BarFolder) -> Opened:
    """Open a kept run. Raises `NotFound`, with the reason, where that cannot be."""
    try:
        told, order = folder.read(RESULT), folder.order()
        with np.load(folder.path / ARRAYS, allow_pickle=False) as kept:
            arrays = dict(kept)
    except (OSError, ValueError, TypeError) as damage:
        message = f"the folder of this run cannot be read any more ({damage})"
        raise NotFound(message, "run it again") from None
    instrument = described(told["instrument"])
    made = _compiled(folder, order, instrument, told["program"]["hash"])
    assert made.program is not None
    market = bars.open(told["bars"], instrument, made.program.bar_minutes)
    events = _part(arrays, "events.")
    calendars = ExchangeCalendars()
    bench = Bench(
        name=order.spec,
        program=made.program,
        sources=made.sources,
        findings=made.findings,
        market=market,
        calendars=calendars,
        events=events,
        data=told["data"],
        notes=tuple(told["data"]["notes"]),
    )
    run = Run(
        made.program,
        terms_of(order),
        market,
        schedule_of(made.program, market, calendars, events).alone(),
        {
            side: Decisions(arrays[f"{side.value}.rows"], arrays[f"{side.value}.reals"])
            for side in Side
            if f"{side.value}.rows" in arrays
        },
        Intents(**_part(arrays, "intents.")),
        arrays["records"],
    )
    if told["engine"] != engine_digest():
        _confirm(run, order.venue, bench)
        told["engine"] = engine_digest()
        with suppress(OSError):
            folder.write(RESULT, told)
    levels = bars.larger(told["bars"], market, made.program.day)
    return Opened(folder, told, bench, run, levels)


def _confirm(run: Run, venue: str, bench: Bench) -> None:
    """Nothing, where today's engine still decides what was decided; else `NotFound`."""
    again = run_at(venue, bench, run.terms)
    alike = len(run.records) == len(again.records) and bool((run.records == again.records).all())
    for side, decided in again.decisions.items():
        kept = run.decisions.get(side)
        alike &= kept is not None and np.array_equal(kept.rows, decided.rows)
    if not alike:
        raise NotFound("another version of the engine made this run, and decided otherwise", _AGAIN)


def _compiled(folder: RunFolder, order: Order, instrument: Instrument, ran: str) -> Compiled:
    """The strategy as it ran, whose program has the hash `ran`.

    First as it was ordered, which the worker has left compiled; then for the bars' instrument.
    """
    file = str(folder.path / SPEC / order.spec)
    known = {**INSTRUMENTS, instrument.symbol: instrument}
    ordered = dict(order.values or {})
    if order.instrument:
        ordered["instrument"] = order.instrument
    for values, instruments in (
        (ordered, INSTRUMENTS),
        (ordered | {"instrument": instrument.symbol}, known),
    ):
        try:
            made = compiled(file, values, instruments, order.spec)
        except UsageError as gone:
            raise NotFound(f"the strategy of this run is gone: {gone.message}", _AGAIN) from None
        if made.program is not None and program_record(made.program)["hash"] == ran:
            return made
    raise NotFound("the text of this run's strategy is not what ran", _AGAIN)


def terms_of(order: Order) -> Terms:
    """The account and its costs. Raises `ValueError` for amounts that are none."""
    from fractions import Fraction  # noqa: PLC0415 - light, and only here

    from engine.execution.terms import Flat, SameBar  # noqa: PLC0415 - as above

    return Terms(
        Fraction(order.equity),
        Fraction(order.commission),
        order.slippage,
        SameBar(order.same_bar),
        Flat(order.flat),
    )


def _part(arrays: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }
