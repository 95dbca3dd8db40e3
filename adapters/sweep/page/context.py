"""What the template shows without JavaScript: the verdict, the folds, the rules of the sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.onefile import Card
from adapters.sweep.page import words
from adapters.sweep.page.drawings import pairs, spread
from engine.statistics.table import number

if TYPE_CHECKING:
    from adapters.sweep.page.source import Luck, SweepInput


def context(sweep: SweepInput) -> dict[str, Any]:
    """Everything the template asks for, but styles, scripts and the data itself."""
    luck, forward = sweep.luck, sweep.forward
    sharpe = sweep.column("sharpe")
    folds = forward.folds if forward else ()
    return {
        "sweep": sweep,
        "size": words.size(sweep),
        "again": words.command_line(sweep.again),
        "cards": cards(sweep),
        "best_set": [] if sweep.best is None else sweep.settings(sweep.levels[sweep.best].tolist()),
        "best_line": "" if sweep.best is None else words.set_line(sweep, sweep.best),
        "edges": words.edges(sweep),
        "luck": luck,
        "verdict": words.verdict(luck) if luck else "",
        "sentences": words.luck_sentences(luck) if luck else (),
        "source": words.SOURCE,
        "spread": spread(sharpe, luck) if luck and sharpe is not None else None,
        "degradation": words.degradation(sweep, forward) if forward else "",
        "stability": words.stability(sweep, folds) if folds else (),
        "pairs": pairs(sweep, folds) if folds else None,
        "axes": words.axis_rows(sweep),
    }


def cards(sweep: SweepInput) -> list[Card]:
    """The figures people look for first: of the best set, beside what they are worth."""
    if sweep.best is None:
        return []
    values = sweep.values[sweep.best].tolist()
    found = [
        Card(one.label, one.text(value), one.about, _tone(value, one.centre))
        for one, value in zip(sweep.measures, values, strict=True)
        if one.name != "sharpe" or sweep.luck is None
    ]
    place = 0 if sweep.luck is None else 2
    return [*(_luck_cards(sweep.luck) if sweep.luck else ()), *found][: 6 + place]


def _luck_cards(luck: Luck) -> tuple[Card, Card]:
    beside = "" if luck.by_luck is None else f"luck alone: {number(luck.by_luck)}"
    tone = "" if luck.deflated is None else "gain" if luck.deflated >= words.SURE else "loss"
    return (
        Card("Sharpe, raw", number(luck.sharpe), beside),
        Card(
            "Deflated Sharpe ratio",
            words.probability(luck.deflated),
            f"after {words.counted(luck.trials, 'trial')}",
            tone,
        ),
    )


def _tone(value: float, centre: float | None) -> str:
    if centre is None or not value - centre:
        return ""
    return "gain" if value > centre else "loss"
