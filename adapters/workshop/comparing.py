"""Two kept runs side by side: which trades appear, vanish or move, and what else differs."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from adapters.cli.compare import WORDS, Comparison, change
from adapters.workshop.errors import BadInput

if TYPE_CHECKING:
    from adapters.cli.outcome import Trade
    from adapters.workshop.results import Opened


def compared(a: Opened, b: Opened) -> dict[str, Any]:
    """What differs from run A to run B, as plain values.

    Trades are matched by side and the bar of their entry. Raises `BadInput` for runs that share
    no bars or trade different instruments: their trades cannot be matched.
    """
    same_bars = a.told["bars"] == b.told["bars"]
    if a.run.program.instrument != b.run.program.instrument:
        symbols = [one.run.program.instrument.symbol for one in (a, b)]
        message = f"A trades {symbols[0]} and B trades {symbols[1]}"
        raise BadInput(message, "compare runs of the same instrument")
    made = Comparison(a.bench, a.outcome, b.bench, b.outcome, (a.told["venue"], b.told["venue"]))
    pairs = made.matched if same_bars else _by_time(a, b)
    changes = [(change(*pair) if same_bars else _moved(a, b, *pair), *pair) for pair in pairs]
    counts = {word: sum(one[0] == word for one in changes) for word in WORDS}
    return {
        "counts": counts,
        "same_bars": same_bars,
        "venues": made.between_venues if same_bars else None,
        "parameters": _parameters(a, b),
        "trades": [
            {"change": word, "a": _trade(a, one), "b": _trade(b, other)}
            for word, one, other in changes
        ],
        "text": _text(a, b),
        "sides": [_side(one) for one in (a, b)],
    }


def _by_time(a: Opened, b: Opened) -> list[tuple[Trade | None, Trade | None]]:
    """Trades of one entry together, of runs on different bars: by instant instead of row."""
    keyed = [
        {(int(one.run.market.minute[trade.entered]), trade.side): trade for trade in trades}
        for one in (a, b)
        for trades in (one.outcome.trades,)
    ]
    keys = sorted({*keyed[0], *keyed[1]})
    return [(keyed[0].get(key), keyed[1].get(key)) for key in keys]


def _moved(a: Opened, b: Opened, one: Trade | None, other: Trade | None) -> str:
    if one is None or other is None:
        return change(one, other)
    told = [
        (int(run.run.market.minute[trade.left]), trade.leave, trade.reason, trade.contracts,
         trade.entry, trade.stop, trade.net)
        for run, trade in ((a, one), (b, other))
    ]  # fmt: skip
    return "the same" if told[0] == told[1] else "moved"


def _parameters(a: Opened, b: Opened) -> list[dict[str, str]]:
    old, new = (dict(one.outcome.parameter_rows()) for one in (a, b))
    return [
        {"name": name, "a": old.get(name, ""), "b": new.get(name, "")}
        for name in dict.fromkeys((*old, *new))
        if old.get(name) != new.get(name)
    ]


def _trade(opened: Opened, trade: Trade | None) -> dict[str, Any] | None:
    if trade is None:
        return None
    minute = opened.run.market.minute
    return {
        "candidate": trade.candidate, "side": trade.side, "contracts": trade.contracts,
        "entered": int(minute[trade.entered]), "left": int(minute[trade.left]),
        "entry": trade.entry, "exit": trade.leave, "reason": trade.reason,
        "net": f"{trade.net:f}", "r": trade.r,
        "n": opened.numbers.get(trade.candidate, -1),
    }  # fmt: skip


def _text(a: Opened, b: Opened) -> list[str]:
    """The lines of the strategies that differ, as a unified difference."""
    old, new = (one.bench.sources[0].text.splitlines() for one in (a, b))
    return list(difflib.unified_diff(old, new, "A", "B", lineterm="", n=2))


def _side(opened: Opened) -> dict[str, Any]:
    return {
        "number": int(opened.folder.path.name),
        "program": opened.told["program"],
        "venue": opened.told["venue"],
        "figures": opened.told["figures"],
        "curve": opened.told["curve"],
    }
