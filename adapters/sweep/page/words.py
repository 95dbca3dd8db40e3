"""The sentences of the page: what was tried, what luck alone would give, what stayed."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.statistics.table import NA, number, percent

if TYPE_CHECKING:
    from adapters.sweep.page.source import Fold, Luck, SweepInput, WalkForward

SOURCE: Final = (
    "Bailey and López de Prado, The Deflated Sharpe Ratio, "
    "Journal of Portfolio Management 40 (2014)"
)
SURE: Final = 0.95
"""From here on a probability is called evidence."""

KEPT: Final = ((0.8, "most of it stayed"), (0.5, "about half of it stayed"), (0.0, "little stayed"))
"""How much of the metric stayed out of sample, in words."""


def counted(count: int, name: str) -> str:
    """`1 set`, `1,000 sets`."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def size(sweep: SweepInput) -> str:
    """How many sets there are, and whether that is all of them."""
    if sweep.finished:
        return f"{counted(sweep.done, 'set')}, finished"
    return f"{sweep.done:,} of {counted(sweep.planned, 'set')}, interrupted"


def command_line(words: tuple[str, ...]) -> str:
    """Words as a shell reads them."""
    return shlex.join(words)


def set_line(sweep: SweepInput, row: int) -> str:
    """The command that runs one set."""
    pairs = sweep.settings(sweep.levels[row].tolist())
    words = [word for name, value in pairs for word in ("--set", f"{name}={value}")]
    return command_line((*sweep.command, *words))


def edges(sweep: SweepInput) -> str:
    """On which axes the best set lies at an end of what was tried; empty where on none."""
    if sweep.best is None:
        return ""
    ends = [
        axis.name
        for axis, level in zip(sweep.axes, sweep.levels[sweep.best].tolist(), strict=True)
        if axis.ordered and len(axis.levels) > 2 and level in (0, len(axis.levels) - 1)
    ]
    if not ends:
        return ""
    named = ends[0] if len(ends) == 1 else f"{', '.join(ends[:-1])} and {ends[-1]}"
    return f"It lies at the edge of what was tried of {named}: what is beyond is not known."


# --- luck -------------------------------------------------------------------------------------


def verdict(luck: Luck) -> str:
    """What the deflated Sharpe ratio says, in a few words."""
    if luck.deflated is None:
        return "It cannot be told whether this is more than luck."
    if luck.deflated >= SURE:
        return "More than luck would explain."
    if luck.deflated > 0.5:
        return "Perhaps more than luck, not shown."
    return "No better than luck."


def luck_sentences(luck: Luck) -> tuple[str, ...]:
    """The same at length."""
    tried = f"The best of {luck.trials:,} is luck until shown otherwise."
    if luck.deflated is None or luck.by_luck is None or luck.sharpe is None:
        return (tried, "There are too few trading dates, or too few sets that differ, to show it.")
    sets, dates = counted(luck.trials, "set"), counted(luck.dates, "trading date")
    chance = (
        f"If not one of the {sets} were worth anything, the best of them would still be expected "
        f"to show a Sharpe of {number(luck.by_luck)} on {dates}. This one shows "
        f"{number(luck.sharpe)}. The deflated Sharpe ratio, {probability(luck.deflated)}, is the "
        "probability that it is better than such luck, given how skewed and how fat-tailed its "
        f"daily returns are; {percent(SURE, 0)} is what is usually asked for."
    )
    careful = (
        "Neighbouring sets are not trials of their own, so the ratio errs to the careful side; it "
        "knows nothing of sets that were tried elsewhere."
    )
    return tried, chance, careful


def probability(share: float | None) -> str:
    """A probability as percent, never rounded to certainty."""
    if share is None:
        return NA
    if share > 0.999:
        return "> 99.9 %"
    return "< 0.1 %" if 0 <= share < 0.001 else percent(share)


# --- walk-forward -----------------------------------------------------------------------------


def kept(forward: WalkForward) -> float | None:
    """How much of the metric is left out of sample, as a share of what it was in sample.

    Of all windows together where that is known, else of the means of the folds that have both
    figures. None where there is none, or nothing to lose: a figure in sample that is not above 0.
    """
    inside, outside = forward.inside, forward.outside
    if inside is None or outside is None:
        both = [(f.inside, f.outside) for f in forward.folds]
        known = [(a, b) for a, b in both if a is not None and b is not None]
        inside, outside = np.mean(known, axis=0).tolist() if known else (0.0, 0.0)
    return outside / inside if inside > 0 else None


def degradation(sweep: SweepInput, forward: WalkForward) -> str:
    """How the metric fared out of sample, in a sentence."""
    label, centre = sweep.measure.label, sweep.measure.centre or 0.0
    if not sweep.measure.more:
        return f"Of {label}, less is better: compare the folds below."
    share = kept(forward)
    if share is None:
        return f"Nothing can be said of what stayed: {label} was not above 0 in sample."
    held = sum(fold.outside is not None and fold.outside > centre for fold in forward.folds)
    above = f"{held} of {counted(len(forward.folds), 'fold')} stayed above {centre:g}."
    if share < 0:
        return f"Out of sample {label} turned against it: none of it stayed. {above}"
    word = next(word for least, word in KEPT if share >= least)
    return f"Out of sample {label} came to {share:.2f} of what it was in sample: {word}. {above}"


def stability(sweep: SweepInput, folds: tuple[Fold, ...]) -> tuple[tuple[str, str], ...]:
    """Of each axis: its name, and how much the folds agreed on its value."""
    found = []
    for place, axis in enumerate(sweep.axes):
        chosen = [axis.levels[fold.levels[place]] for fold in folds if fold.levels is not None]
        counts = {value: chosen.count(value) for value in chosen}
        if not counts:
            found.append((axis.name, "no fold chose any"))
            continue
        most = max(counts, key=lambda value: counts[value])
        if len(counts) == 1:
            said = f"{most} in every fold"
        elif counts[most] > 1:
            said = (
                f"{most} in {counts[most]} of {len(folds)}, {counted(len(counts), 'value')} in all"
            )
        else:
            said = "another value in every fold"
        found.append((axis.name, said))
    return tuple(found)


# --- axes -------------------------------------------------------------------------------------


def axis_rows(sweep: SweepInput) -> tuple[tuple[str, str, str], ...]:
    """Name, values and how many of every axis."""
    return tuple((axis.name, _values(axis.levels), f"{len(axis.levels):,}") for axis in sweep.axes)


def _values(levels: tuple[str, ...]) -> str:
    return ", ".join(levels) if len(levels) <= 6 else f"{levels[0]}, {levels[1]} … {levels[-1]}"
