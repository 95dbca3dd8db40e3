"""The sets and their figures as the page's script reads them: whole numbers, packed.

A figure is kept with some digits more than are shown, as a whole number; one below the smallest of
its column stands for a figure that is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.report.packing import bundled, compact

if TYPE_CHECKING:
    from adapters.sweep.page.source import Axis, Measure, SweepInput
    from engine.domain.market import Ints, Reals

SPARE: Final = 4
"""Digits that are kept beyond those shown: for sorting, and for rounding as Python would."""

LARGEST: Final = 2.0**52
"""Whole numbers are exact in a float64 up to here; a figure beyond is kept as if it were here."""


def data_text(sweep: SweepInput) -> str:
    """The page's data as JSON."""
    around = sweep.around
    return compact(
        {
            "axes": [_axis(axis) for axis in sweep.axes],
            "measures": [_measure(one) for one in sweep.measures],
            "metric": sweep.metric,
            "best": sweep.best,
            "plateau": list(around.members) if around else [],
            "lone": around.lone if around else False,
            "command": list(sweep.command),
            "sets": _sets(sweep),
        }
    )


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "name": axis.name,
        "unit": axis.unit,
        "levels": axis.levels,
        "bare": axis.bare,
        "ordered": axis.ordered,
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name,
        "label": measure.label,
        "places": measure.places,
        "unit": measure.unit,
        "centre": None if measure.centre is None else measure.centre * measure.factor,
        "more": measure.more,
        "about": measure.about,
    }


def _sets(sweep: SweepInput) -> str:
    """Levels by axis, then figures by measure; `p` are the powers of ten, `e` the empty values."""
    columns = [sweep.levels[:, axis] for axis in range(len(sweep.axes))]
    empty = []
    for number, measure in enumerate(sweep.measures):
        column, nothing = _whole(sweep.values[:, number] * measure.factor, measure.places + SPARE)
        columns.append(column)
        empty.append(nothing)
    powers = [measure.places + SPARE for measure in sweep.measures]
    return bundled({"n": sweep.done, "p": powers, "e": empty}, columns)


def _whole(values: Reals, places: int) -> tuple[Ints, int]:
    """Values as whole numbers of 10^-places, and the number that stands for none."""
    known = np.isfinite(values)
    scaled = np.clip(np.where(known, values, 0.0) * 10.0**places, -LARGEST, LARGEST)
    whole = np.rint(scaled).astype(np.int64)
    nothing = int(whole.min(initial=0)) - 1
    return np.where(known, whole, nothing), nothing
