"""A study told: tables for people, one document for programs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import click
import numpy as np

from adapters.cli.figures import NONE, counted, number, share
from adapters.cli.outcome import param_value
from adapters.cli.screen import Table, heading
from adapters.cli.validate import program_record
from adapters.sweep.page.standing import around_of
from adapters.sweep.study import stitched
from dsl.ir.text import program_hash
from engine.sweep.outcomes import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.sweep.page.source import Surroundings
    from adapters.sweep.study import Step, Study
    from engine.sweep.folds import Span

SHOWN: Final = ("trades", "net", "return", "max_drawdown", "profit_factor", "sharpe")
"""The figures of the table, after the one that ranks."""

PLACES: Final[Mapping[str, int]] = {"count": 0, "money": 2, "R": 2, "": 2}


def figure(name: str, value: float) -> str:
    """A figure of a set as people read it; a dash where it is not defined."""
    if math.isnan(value):
        return NONE
    unit = METRICS[name].unit
    return share(value, 2) if unit == "share" else number(value, PLACES[unit])


def label(name: str) -> str:
    """A figure's name in a table."""
    return {"max_drawdown": "drawdown"}.get(name, name.replace("_", " "))


# --- for people -----------------------------------------------------------------------------


def show(study: Study, top: int) -> None:
    """Print a study."""
    _show_head(study)
    if study.best is None:
        click.echo()
        click.echo(f"No set has a {label(study.metric)}: not one of them trades.")
    else:
        _show_best(study, top)
        _show_luck(study)
    if study.folds:
        _show_forward(study)
    for note in study.notes:
        click.echo(f"note: {note}")


def _show_head(study: Study) -> None:
    program, data = study.program, study.data
    made_up = " (SYNTHETIC)" if data["synthetic"] else ""
    click.secho(f"{program.name} · {program.instrument.symbol}", bold=True)
    click.echo(f"program {program_hash(program)} of {study.name}")
    click.echo(
        f"{data['bars']:,} bars of {data['bar_minutes']} min, trading dates "
        f"{dates(study.whole)}, {data['name']}{made_up}"
    )
    click.echo(" and ".join(str(axis) for axis in study.axes))
    more = study.trials - study.done
    also = f"; with {counted(more, 'set')} of earlier grids in {study.store}" if more else ""
    click.echo(f"{counted(study.done, 'set')} tried{also}")


def _show_best(study: Study, top: int) -> None:
    ranking = study.ranking()
    columns = _columns(study)
    around = around_of(study)
    marks = {} if around is None else _marks(study, around)
    heading(f"Best {min(top, len(ranking)):,} of {study.done:,} by {label(study.metric)}")
    rows = [
        (
            str(place),
            *(value for _, value in study.setting(row)),
            *(figure(name, float(study.figures(name)[row])) for name in columns),
            _probability(study.deflated(row)),
            marks.get(row, ""),
        )
        for place, row in enumerate(ranking[:top].tolist(), 1)
    ]
    names = [axis.name for axis in study.axes]
    head = ("", *names, *map(label, columns), "deflated", "around it")
    Table(head, rows, frozenset(range(len(head) - 1))).show()
    if around is not None:
        click.echo()
        click.echo(around.words)


def _marks(study: Study, around: Surroundings) -> dict[int, str]:
    """What is said of the sets around the best one."""
    assert study.best is not None
    if around.lone:
        return {study.best: "lone peak"}
    return dict.fromkeys(around.members, "plateau") if len(around.members) > 1 else {}


def _columns(study: Study) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*SHOWN[:2], study.metric, *SHOWN[2:])))


def _probability(value: float | None) -> str:
    return NONE if value is None else number(value, 3)


def _show_luck(study: Study) -> None:
    luck = study.luck
    assert luck is not None
    if luck.by_luck is None or luck.deflated is None:
        return
    click.echo(
        f"Of {counted(luck.trials, 'set')} without any skill the best would be expected to show a "
        f"Sharpe ratio of {number(luck.by_luck, 2)}.\n"
        "deflated: the probability that the true one is above 0 after so many tries "
        "(Bailey & López de Prado 2014); below 0.95 it is no better than luck."
    )


def _show_forward(study: Study) -> None:
    heading(f"Walk-forward, {study.windows}: chosen by {label(study.metric)}, then traded")
    names = [axis.name for axis in study.axes]
    head = ("", "chosen on", *names, "in sample", "traded on", "out", "trades", "net")
    rows = [_step_row(study, number, step) for number, step in enumerate(study.forward, 1)]
    Table(head, rows, frozenset(range(len(head))) - {1, len(names) + 3}).show()
    whole = stitched(study)
    click.echo(
        f"Out of sample in all: {counted(whole.trades, 'trade')}, net "
        f"{number(whole.net, 2)} {study.program.instrument.currency}, return "
        f"{share(whole.growth, 2)}, Sharpe {_ratio(whole.sharpe)} "
        f"(in sample {_ratio(whole.train_sharpe)}); "
        f"{counted(whole.sets, 'set')} chosen in {counted(len(study.folds), 'fold')}"
    )


def _step_row(study: Study, place: int, step: Step) -> tuple[str, ...]:
    row = step.row

    def told(name: str, span: int) -> str:
        return figure(name, float(study.figures(name, span)[row]))

    return (
        str(place),
        dates(step.fold.train),
        *(value for _, value in study.setting(row)),
        told(study.metric, step.train),
        dates(step.fold.test),
        told(study.metric, step.test),
        told("trades", step.test),
        told("net", step.test),
    )


def _ratio(value: float | None) -> str:
    return NONE if value is None else number(value, 2)


def dates(span: Span) -> str:
    """The first and the last trading date of a span."""
    first, last = (np.datetime64(date, "D") for date in (span.first_date, span.last_date))
    return f"{first} to {last}"


# --- for programs ---------------------------------------------------------------------------


def document(study: Study) -> dict[str, Any]:
    """A study as plain values: the same for the same outcomes, however they came about."""
    best, luck, around = study.best, study.luck, around_of(study)
    return {
        "program": program_record(study.program),
        "data": {**study.data, "notes": list(study.notes)},
        "terms": {
            "equity": str(study.terms.equity),
            "commission": str(study.terms.commission),
            "slippage": study.terms.slippage,
            "same_bar": study.terms.same_bar.value,
            "flat": study.terms.flat.value,
        },
        "state": study.state.value,
        "method": study.method.value,
        "metric": study.metric,
        "planned": study.planned,
        "tried": study.trials,
        "axes": [
            {
                "name": axis.name,
                "unit": axis.param.unit,
                "values": [param_value(axis.param, value) for value in axis.values],
                "written": list(axis.texts),
            }
            for axis in study.axes
        ],
        "best": None if best is None else _set_record(study, best),
        "luck": None
        if luck is None
        else {"trials": luck.trials, "by_luck": luck.by_luck, "deflated": luck.deflated},
        "around": None
        if around is None
        else {
            "lone_peak": around.lone,
            "plateau": [_values(study, row) for row in around.members],
            "words": around.words,
        },
        "sets": [_set_record(study, row) for row in range(study.done)],
        "walk_forward": _forward_record(study) if study.folds else None,
    }


def _values(study: Study, row: int) -> dict[str, object]:
    values = study.outcomes.sets[row].tolist()
    return {
        axis.name: param_value(axis.param, value)
        for axis, value in zip(study.axes, values, strict=True)
    }


def _set_record(study: Study, row: int) -> dict[str, Any]:
    return {
        "values": _values(study, row),
        "figures": _figures(study, row, 0),
        "deflated": study.deflated(row),
    }


def _figures(study: Study, row: int, span: int) -> dict[str, float | None]:
    known = study.outcomes.row(row, span)
    return {name: None if math.isnan(value) else value for name, value in known.items()}


def _forward_record(study: Study) -> dict[str, Any]:
    whole = stitched(study)
    return {
        "windows": study.windows,
        "folds": [
            {
                "train": _span_record(step.fold.train),
                "test": _span_record(step.fold.test),
                "values": _values(study, step.row),
                "in_sample": _figures(study, step.row, step.train),
                "out_of_sample": _figures(study, step.row, step.test),
            }
            for step in study.forward
        ],
        "out_of_sample": {
            "sets": whole.sets,
            "trades": whole.trades,
            "net": whole.net,
            "return": whole.growth,
            "sharpe": whole.sharpe,
            "sharpe_in_sample": whole.train_sharpe,
        },
    }


def _span_record(span: Span) -> dict[str, str]:
    first, last = dates(span).split(" to ")
    return {"first": first, "last": last}
