"""A study as the page shows it: which figures, with how many digits, and what is said of them."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.report.words import instrument_line, terms_rows
from adapters.sweep.page.source import (
    Axis,
    Fold,
    Luck,
    Measure,
    SweepInput,
    WalkForward,
)
from adapters.sweep.page.standing import around_of
from adapters.sweep.study import Method, stitched
from dsl.ir.text import program_hash
from engine.statistics.returns import DATES_A_YEAR
from engine.statistics.table import number, percent
from engine.sweep.outcomes import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.sweep.page.source import Rows
    from adapters.sweep.study import Step, Stitched, Study
    from engine.sweep.folds import Fold as Window
    from engine.sweep.folds import Span
    from engine.sweep.outcomes import Metric

SHOWN: Final = (
    *("sharpe", "net", "return", "profit_factor", "expectancy_r", "trades", "win_rate"),
    *("max_drawdown", "sortino", "calmar"),
)
"""The figures of the page, in this order; another one that ranks comes first."""

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "sharpe": ("Sharpe", "of daily returns, a year"),
    "net": ("Net profit", "of closed trades, after commission"),
    "return": ("Return", "of the starting equity"),
    "profit_factor": ("Profit factor", "wins over losses"),
    "expectancy_r": ("Expectancy", "a trade, of its first risk"),
    "trades": ("Trades", "closed"),
    "win_rate": ("Win rate", "of all trades"),
    "max_drawdown": ("Largest drawdown", "from a peak, at bar closes"),
    "sortino": ("Sortino", "of daily returns, a year"),
    "calmar": ("Calmar", "CAGR over the drawdown"),
    "cagr": ("CAGR", "a year of 252 trading dates"),
    "max_drawdown_money": ("Largest drawdown", "from a peak, in money"),
}
"""Label and remark; other figures go by their names and their own documentation."""

CENTRES: Final[Mapping[str, float]] = {"profit_factor": 1.0} | dict.fromkeys(
    (
        *("sharpe", "net", "gross", "return", "cagr", "expectancy_r", "sortino", "calmar"),
        *("mean", "best", "worst"),
    ),
    0.0,
)
"""What parts good from bad."""


def sweep_input(study: Study, *, version: str = "") -> SweepInput:
    """All that the page says about a study."""
    program = study.program
    names = SHOWN if study.metric in SHOWN else (study.metric, *SHOWN)
    currency = program.instrument.currency
    return SweepInput(
        title=program.name,
        about=program.doc or "",
        axes=tuple(Axis(a.name, a.texts, _unit(a.param.unit), a.ordered) for a in study.axes),
        measures=tuple(_measure(METRICS[name], currency) for name in names),
        levels=study.levels,
        values=np.stack([study.figures(name) for name in names], axis=1),
        metric=names.index(study.metric),
        best=study.best,
        planned=study.planned,
        command=study.run,
        again=study.again,
        facts=_facts(study),
        terms=_terms(study),
        notes=tuple(study.notes),
        luck=luck_of(study),
        around=around_of(study),
        forward=_forward(study),
        program=program_hash(program),
        version=version,
    )


# --- figures ----------------------------------------------------------------------------------


def _unit(unit: str) -> str:
    return "" if unit in ("choice", "switch", "time") else unit


def _measure(metric: Metric, currency: str) -> Measure:
    label, about = LABELS.get(metric.name, (metric.name.replace("_", " "), metric.doc))
    share = metric.unit == "share"
    units = {"money": currency, "share": "%", "R": "R"}
    return Measure(
        name=metric.name,
        label=label,
        places=0 if metric.unit == "count" else 1 if share else 2,
        unit=units.get(metric.unit, ""),
        factor=100.0 if share else 1.0,
        centre=CENTRES.get(metric.name),
        more=metric.better != "lower",
        about=about,
    )


def luck_of(study: Study) -> Luck | None:
    """The best set's Sharpe ratio beside chance, a year; None without a best set."""
    luck = study.luck
    if luck is None:
        return None
    sharpe = _known(luck.sample.sharpe * sqrt(DATES_A_YEAR))
    return Luck(sharpe, luck.by_luck, luck.deflated, luck.trials, luck.sample.observations)


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


# --- words ------------------------------------------------------------------------------------


def _facts(study: Study) -> Rows:
    data = study.data
    made_up = " (SYNTHETIC)" if data.get("synthetic") else ""
    minutes = study.program.bar_minutes
    bars = study.whole.stop_row - study.whole.first_row
    return (
        ("Instrument", instrument_line(study.program.instrument)),
        ("Dates", _dates(study.whole)),
        ("Bars", f"{bars:,} of {minutes} min, {data.get('name', 'unnamed')}{made_up}"),
        ("Search", _search(study)),
    )


def _search(study: Study) -> str:
    if study.method is Method.GRID:
        return "every set of the grid"
    how = "at random" if study.method is Method.RANDOM else "chosen by optuna"
    return f"{study.planned:,} of {len(study.grid):,} sets, {how}, seed {study.seed}"


def _terms(study: Study) -> Rows:
    rows = [(label, value) for label, value in terms_rows(study.program, study.terms)]
    rows.append(("stop and target in one bar", str(study.terms.same_bar.value).replace("_", " ")))
    rows.append(("strategy file", study.name))
    if study.trials != study.done:
        rows.append(("sets ever tried on these bars", f"{study.trials:,}"))
    if study.store:
        rows.append(("results are kept in", study.store))
    return tuple(rows)


def _dates(span: Span) -> str:
    first, last = (np.datetime64(date, "D") for date in (span.first_date, span.last_date))
    return f"{first} to {last}"


# --- walk-forward -----------------------------------------------------------------------------


def _forward(study: Study) -> WalkForward | None:
    if not study.folds:
        return None
    chosen = {step.fold: step for step in study.forward}
    folds = tuple(_fold(study, fold, chosen.get(fold)) for fold in study.folds)
    whole = stitched(study)
    together = study.metric == "sharpe"
    return WalkForward(
        windows=f"Windows: {study.windows}.",
        folds=folds,
        total=_total(study, whole),
        inside=whole.train_sharpe if together else None,
        outside=whole.sharpe if together else None,
    )


def _fold(study: Study, fold: Window, step: Step | None) -> Fold:
    """A fold as it came out; `step` None: no set had a value to be chosen for."""
    train, test = _dates(fold.train), _dates(fold.test)
    if step is None:
        return Fold(train, test, None, None, None, 0)
    return Fold(
        train,
        test,
        tuple(study.levels[step.row].tolist()),
        _known(float(study.figures(study.metric, step.train)[step.row])),
        _known(float(study.figures(study.metric, step.test)[step.row])),
        int(study.figures("trades", step.test)[step.row]),
    )


def _total(study: Study, whole: Stitched) -> Rows:
    currency = study.program.instrument.currency
    return (
        ("net of closed trades", f"{whole.net:,.2f} {currency}"),
        ("return", percent(whole.growth, 2)),
        ("Sharpe", number(whole.sharpe)),
        ("Sharpe of the training windows", number(whole.train_sharpe)),
        ("trades", f"{whole.trades:,}"),
        ("different sets chosen", f"{whole.sets:,} in {len(study.folds):,} folds"),
    )
