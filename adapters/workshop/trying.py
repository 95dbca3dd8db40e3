"""The process that runs two versions of a strategy on the same bars.

`python -m adapters.workshop.trying` reads one JSON document from its standard input (`before`,
`after`: texts; `folder`; `data`, `first`, `last`) and writes JSON lines: `{"progress", "message"}`
on the way, at the end `{"difference": ...}` or `{"error", "remedy"}`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.workshop.differences import WORDS, Change, Trade, TradeDifference
from adapters.workshop.errors import BadInput
from dsl.render import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.cli.outcome import Outcome
    from adapters.cli.outcome import Trade as Made
    from adapters.cli.workbench import Bench


def main() -> int:
    """Compare what standard input says; 0 also where one of the two cannot run."""
    asked = json.loads(sys.stdin.read())
    try:
        say(difference=asdict(compare(asked)))
    except Exception as error:  # noqa: BLE001 - whatever it was is said to the person who asked
        from adapters.workshop.worker import told  # noqa: PLC0415 - one way to say what went wrong

        message, remedy = told(error)
        say(error=message, remedy=remedy)
    return 0


def say(**document: Any) -> None:
    """One line for who waits."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def compare(asked: Mapping[str, Any]) -> TradeDifference:
    """Run both and match their trades. Raises what `bench` raises."""
    from adapters.cli.compare import Comparison  # noqa: PLC0415 - click comes with it

    with tempfile.TemporaryDirectory(prefix="engine-compare-") as place:
        made = []
        for share, word in ((0.1, "before"), (0.5, "after")):
            say(progress=share, message=f"running the version {word}")
            made.append(_ran(asked, word, Path(place) / word))
    say(progress=0.9, message="matching the trades")
    (bench, ran), (bench_after, ran_after) = made
    return _told(Comparison(bench, ran, bench_after, ran_after), str(asked.get("data") or "sample"))


def _ran(asked: Mapping[str, Any], word: str, place: Path) -> tuple[Bench, Outcome]:
    from adapters.cli.options import Choice  # noqa: PLC0415 - as above
    from adapters.cli.outcome import Outcome  # noqa: PLC0415 - the engine comes with it
    from adapters.cli.venues import VECTOR, run_at  # noqa: PLC0415 - as above
    from adapters.cli.workbench import bench  # noqa: PLC0415 - as above
    from engine.execution.terms import Terms  # noqa: PLC0415 - as above

    spec = lay_out(asked[word], Path(asked["folder"]), place, word)
    first, last = (asked.get(word) or None for word in ("first", "last"))
    choice = Choice(
        spec=str(spec),
        data=asked.get("data") or None,
        first=date.fromisoformat(first) if first else None,
        last=date.fromisoformat(last) if last else None,
    )
    made = bench(choice)
    return made, Outcome(run_at(VECTOR, made, Terms()))


def lay_out(text: str, folder: Path, place: Path, word: str) -> Path:
    """The text as a file in a folder of its own, with the files it extends and its event lists.

    Raises `BadInput` where it does not compile; `word` says which version that is.
    """
    from adapters.cli.workbench import reader_in  # noqa: PLC0415 - as above
    from adapters.workshop.examining import Asked, compiled, examine  # noqa: PLC0415 - as above

    place.mkdir(parents=True)
    spec = place / "strategy.yaml"
    spec.write_text(text, encoding="utf-8")
    files = dict(examine(Asked(text, str(folder), thorough=False)).parents)
    made = compiled(text, folder)
    if made.program is None:
        message = f"the version {word} has {summary(made.findings)}: it cannot run"
        raise BadInput(message, "correct the errors first")
    read = reader_in(folder)
    for events in made.program.events:
        files[events.file] = read(events.file)
    for name, content in files.items():
        target = (place / name).resolve()
        if content is not None and target.is_relative_to(place.resolve()):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return spec


def _told(comparison: Any, data: str) -> TradeDifference:
    from adapters.cli.compare import change  # noqa: PLC0415 - as above

    before, after = comparison.before, comparison.after
    changes = []
    counts = dict.fromkeys(WORDS, 0)
    for a, b in comparison.matched:
        word = change(a, b)
        counts[word] += 1
        if word != "the same":
            changes.append(Change(word, _trade(before, a), _trade(after, b)))
    ran, ran_after = comparison.ran.statistics, comparison.ran_after.statistics
    return TradeDifference(
        counts=counts,
        changes=tuple(changes[:500]),
        net_before=_money(ran.all.net, ran.currency),
        net_after=_money(ran_after.all.net, ran_after.currency),
        bars=len(before.market),
        data=data,
        first=_when(before, 0)[:10],
        last=_when(before, len(before.market) - 1)[:10],
        notes=_notes(before.notes, after.notes),
    )


def _trade(made: Bench, trade: Made | None) -> Trade | None:
    from adapters.cli.figures import number, places  # noqa: PLC0415 - as above

    if trade is None:
        return None
    decimals = places(made.program.instrument.tick)
    return Trade(
        entered=_when(made, trade.entered),
        left=_when(made, trade.left),
        side=trade.side,
        contracts=trade.contracts,
        entry=number(trade.entry, decimals),
        leave=number(trade.leave, decimals),
        reason=trade.reason,
        net=_money(trade.net, ""),
    )


def _when(made: Bench, row: int) -> str:
    from adapters.cli.figures import when  # noqa: PLC0415 - as above

    return when(int(made.market.minute[row]), made.zone)


def _money(amount: Any, currency: str) -> str:
    from adapters.cli.figures import money  # noqa: PLC0415 - as above

    return money(amount, currency, sign=True).rstrip()


def _notes(*sides: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(note for notes in sides for note in notes))


if __name__ == "__main__":
    sys.exit(main())
