"""What the template shows without JavaScript: figures, tables and the plain charts."""

from __future__ import annotations

import calendar
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.onefile import Card
from adapters.report import words
from adapters.report.setups import Fate
from dsl.ir.text import program_hash
from engine.statistics import table

if TYPE_CHECKING:
    from adapters.report.data import PageData
    from adapters.report.setups import Setup
    from adapters.report.source import ReportInput
    from engine.journal.folds import SideFunnel, StageCount
    from engine.statistics.ledger import Ledger
    from engine.statistics.results import Results

MONTHS: Final = tuple(calendar.month_abbr[1:])
STEP: Final = 0.5
"""The width of a bar of the R histogram, whose bars are centred on multiples of it."""

WIDEST: Final = 10
"""The first and the last bar are so many steps from 0, and hold what lies further out."""


SMALL: Final = 0.01
"""Where no month comes to this, returns are told with one decimal more."""


def context(report: ReportInput, data: PageData) -> dict[str, Any]:
    """Everything the template asks for, but styles, scripts and the data itself."""
    run, statistics = report.run, report.statistics
    program = run.program
    return {
        "program": program,
        "hash": program_hash(program),
        "report": report,
        "period": _period(data),
        "instrument": words.instrument_line(program.instrument),
        "cards": cards(report),
        "groups": table.groups(statistics),
        "splits": _splits(report),
        "months": months(data.ledger),
        "month_names": MONTHS,
        "years": heat(data.ledger),
        "histogram": histogram(data.ledger),
        "funnel": [_funnel(side, data) for side in report.funnel],
        "refusals": _refusals(data),
        "unlisted": data.unlisted,
        "parameters": words.parameters(program),
        "differing": words.differing(program),
        "terms": words.terms_rows(program, run.terms),
        "fill_rules": words.fill_rules(program, run.terms),
        "conditions": report.conditions,
        "trades": len(data.ledger.trades),
        "open_positions": statistics.open_positions,
    }


def _period(data: PageData) -> str:
    dates = data.run.days.date
    if not len(dates):
        return "no bars"
    first, last = (np.datetime64(int(date), "D") for date in dates[[0, -1]])
    return f"{first} to {last}"


def cards(report: ReportInput) -> list[Card]:
    """The figures people look for first."""
    one, statistics = report.statistics.all, report.statistics
    fell, ratios, currency = statistics.drawdown, statistics.returns, statistics.currency
    return [
        Card(
            "Net profit",
            table.money(one.net),
            f"{currency}, {table.percent(ratios.total, 2)} of the start",
            tone(float(one.net)),
        ),
        Card(
            "Expectancy",
            table.multiple(one.expectancy_r),
            f"{table.money(one.expectancy, currency)} a trade",
            tone(one.expectancy_r),
        ),
        Card(
            "Trades",
            f"{one.trades:,}",
            f"{table.number(statistics.activity.trades_per_week)} a week",
        ),
        Card("Win rate", table.percent(one.win_rate), f"{one.wins:,} won, {one.losses:,} lost"),
        Card(
            "Profit factor", table.number(one.profit_factor), f"payoff {table.number(one.payoff)}"
        ),
        Card(
            "Largest drawdown",
            table.percent(fell.share),
            f"{table.money(fell.money, currency)}, {fell.days:,} days",
        ),
        Card("Sharpe", table.number(ratios.sharpe), "of daily returns, a year"),
        Card("Sortino", table.number(ratios.sortino), f"CAGR {table.percent(ratios.cagr)}"),
    ]


def tone(value: float | None) -> str:
    """`gain`, `loss` or nothing."""
    return "" if not value else "gain" if value > 0 else "loss"


# --- dates ------------------------------------------------------------------------------------


def _gains(ledger: Ledger) -> Any:
    """What each trading date changed the equity by, in money."""
    return np.diff(ledger.daily, prepend=ledger.start) / ledger.money.scale


def months(ledger: Ledger) -> list[dict[str, Any]]:
    """A row a year, newest first: the return of each month and of the year; None without dates."""
    if not len(ledger.daily):
        return []
    month = ledger.days.date.astype("M8[D]").astype("M8[M]").astype(int)
    last = np.flatnonzero(np.diff(month, append=month[-1] + 1))
    equity = np.concatenate([[ledger.start], ledger.daily[last]])
    changes = {
        number: _share_of(*pair)
        for number, pair in zip(month[last].tolist(), pairwise(equity.tolist()), strict=True)
    }
    most = max((abs(share) for share in changes.values() if share), default=0.0)
    rows, before = [], ledger.start
    for year in range(month[0] // 12, month[-1] // 12 + 1):
        numbers = range(12 * year, 12 * year + 12)
        held = [number for number in numbers if number in changes]
        after = int(equity[1 + month[last].tolist().index(held[-1])]) if held else before
        rows.append(
            {
                "year": 1970 + year,
                "months": [
                    _change(changes[number], most) if number in changes else None
                    for number in numbers
                ],
                "total": _change(_share_of(before, after), most),
            }
        )
        before = after
    return rows[::-1]


def _share_of(before: int, after: int) -> float | None:
    """By how much an amount changed; None where it began at nothing."""
    return (after - before) / before if before > 0 else None


def _change(share: float | None, most: float) -> dict[str, Any]:
    places = 2 if most < SMALL else 1
    shown = None if share is None else round(share, places + 2) + 0.0
    return {
        "text": table.percent(shown, places).removesuffix(" %"),
        "tone": tone(shown),
        "depth": shade(shown, most),
    }


def heat(ledger: Ledger) -> list[dict[str, Any]]:
    """A strip a year, newest first: each trading date as a square in its week's column."""
    dates, gains = ledger.days.date, _gains(ledger)
    if not len(dates):
        return []
    most = float(np.quantile(np.abs(gains[gains != 0]), 0.9)) if gains.any() else 1.0
    year = dates.astype("M8[D]").astype("M8[Y]").astype(int)
    counts = np.bincount(ledger.entry_day, minlength=len(dates))
    found = []
    for one in np.unique(year)[::-1].tolist():
        held = np.flatnonzero(year == one)
        monday = (int(np.datetime64(f"{1970 + one}-01-01", "D").astype(int)) + 3) // 7
        squares = [
            {
                "x": int((dates[i] + 3) // 7 - monday),
                "y": int((dates[i] + 3) % 7),
                "tone": tone(float(gains[i])),
                "depth": shade(float(gains[i]), most),
                "day": int(dates[i]),
                "title": f"{np.datetime64(int(dates[i]), 'D')}: {gains[i]:+,.2f}, "
                f"{counts[i]} {'trade' if counts[i] == 1 else 'trades'}",
                "trades": int(counts[i]),
            }
            for i in held.tolist()
        ]
        rows = 7 if ((dates[held] + 3) % 7 > 4).any() else 5
        found.append({"year": 1970 + one, "squares": squares, "rows": rows})
    return found


def shade(value: float | None, most: float) -> int:
    """How strongly a value is coloured, 0 to 4."""
    if not value or not most:
        return 0
    return 1 + min(3, int(4 * abs(value) / most))


# --- trades -----------------------------------------------------------------------------------


def histogram(ledger: Ledger) -> list[dict[str, Any]]:
    """How many trades came to how many R, in bars of `STEP` around its multiples."""
    multiples = ledger.multiples[~np.isnan(ledger.multiples)]
    if not len(multiples):
        return []
    bins = np.clip(np.floor(multiples / STEP + 0.5), -WIDEST, WIDEST).astype(int)
    first, last = min(-3, int(bins.min())), max(3, int(bins.max()))
    counts = np.bincount(bins - first, minlength=last - first + 1)
    most = int(counts.max())
    return [
        {
            "at": f"{number * STEP:+.1f}" if number else "0",
            "title": f"{(number - 0.5) * STEP:+.2f} to {(number + 0.5) * STEP:+.2f} R: {count}",
            "count": count,
            "share": round(100 * count / most, 1),
            "tone": tone(number),
        }
        for number, count in enumerate(counts.tolist(), first)
    ]


def _splits(report: ReportInput) -> list[dict[str, Any]]:
    """The tables of parts, each row with its net as a bar from -100 to 100."""
    statistics = report.statistics
    made = (statistics.sides, statistics.weekdays, statistics.hours)
    results: list[list[Results]] = [list(one.values()) for one in made if one]
    found = []
    for split, parts in zip(table.splits(statistics), results, strict=True):
        most = max(abs(float(one.net)) for one in parts) or 1.0
        rows = [
            {
                "cells": cells,
                "tone": tone(float(one.net)),
                "share": round(100 * abs(float(one.net)) / most, 1),
            }
            for cells, one in zip(split.rows, parts, strict=True)
        ]
        found.append({"title": split.title, "head": split.head, "rows": rows})
    return found


# --- setups -----------------------------------------------------------------------------------


def _funnel(side: SideFunnel, data: PageData) -> dict[str, Any]:
    """One side: its stages with what ended candidates in each, then what became of the rest."""
    most = max(side.started, 1)
    rows = [_stage_row(stage, most) for stage in side.stages]
    complete = [one for one in data.setups if one.side is side.side and one.is_complete]
    traded = {Fate.TRADED, Fate.OPEN}
    filled = [one for one in complete if one.fate in traded]
    dropped = words.tally([_dropped(one) for one in complete if one.fate not in traded])
    rows.append(
        {
            "name": "complete",
            "count": side.completed,
            "share": _share(side.completed, most),
            "ended": dropped,
        }
    )
    rows.append(
        {"name": "traded", "count": len(filled), "share": _share(len(filled), most), "ended": []}
    )
    return {"side": side.side.value, "started": side.started, "rows": rows}


def _dropped(setup: Setup) -> str:
    """What became of the order of a complete setup that was not filled."""
    return f"{setup.fate}: {setup.reason}" if setup.reason else setup.fate.value


def _stage_row(stage: StageCount, most: int) -> dict[str, Any]:
    ended = sorted(stage.died.items(), key=lambda item: (-item[1], item[0]))
    alive = [("still in it", stage.alive)] if stage.alive else []
    return {
        "name": stage.stage or "setup",
        "count": stage.entered,
        "share": _share(stage.entered, most),
        "ended": [*ended, *alive],
    }


def _share(part: int, whole: int) -> float:
    return round(100 * part / whole, 2)


def _refusals(data: PageData) -> list[tuple[str, str, int]]:
    """What orders were refused or cancelled for: fate, reason, how often."""
    fates = {Fate.REFUSED, Fate.CANCELLED}
    named = [f"{one.fate}\n{one.reason}" for one in data.setups if one.fate in fates]
    return [(*name.split("\n"), count) for name, count in words.tally(named)]  # type: ignore[misc]
