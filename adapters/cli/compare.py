"""`engine compare`: which trades appear, vanish or move between two strategies or settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.options import JSON, assignments, market_options, terms_options
from adapters.cli.screen import MISTAKE, Failure, Table, heading, print_json, progress, verb
from adapters.cli.workbench import bench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.cli.options import Choice
    from adapters.cli.outcome import Outcome, Trade
    from adapters.cli.workbench import Bench
    from engine.execution.terms import Terms


@click.command(
    "compare",
    epilog="Examples: engine compare strategies/slob_5_1.yaml strategies/slob_5_1_creator.yaml; "
    "engine compare strategies/slob_5_1.yaml --with rr_min=1.5",
)
@click.argument("first_spec", metavar="A")
@click.argument("second_spec", metavar="[B]", required=False)
@click.option(
    "--set",
    "values",
    multiple=True,
    callback=assignments,
    metavar="NAME=VALUE",
    help="A value for both.",
)
@click.option(
    "--with",
    "other_values",
    multiple=True,
    callback=assignments,
    metavar="NAME=VALUE",
    help="A value for B only; without B, for A once more.",
)
@market_options
@terms_options
@JSON
@verb
def command(
    choice: Choice,
    terms: Terms,
    first_spec: str,
    second_spec: str | None,
    values: Mapping[str, str],
    other_values: Mapping[str, str],
    *,
    as_json: bool,
) -> None:
    """Run two strategies, or one with two settings, on the same bars and show what differs.

    Trades are matched by side and the bar of their entry; a trade that is there in both and ends
    otherwise has moved. Exit status 0, whatever differs.
    """
    if second_spec is None and not other_values:
        raise click.UsageError(
            "name a second strategy, or say what is to differ: --with NAME=VALUE"
        )
    if second_spec == first_spec and not other_values:
        raise click.UsageError(
            "these are the same strategy: say what is to differ, --with NAME=VALUE"
        )
    one = replace(choice, spec=first_spec, values=values)
    other = replace(choice, spec=second_spec or first_spec, values={**values, **other_values})
    with progress() as told:
        told(f"running {first_spec}", 0, 2)
        before = _run(one, terms)
        told(f"running {other.spec}", 1, 2)
        after = _run(other, terms)
    made = Comparison(*before, *after)
    if made.before.market.instrument != made.after.market.instrument:
        symbols = [side.market.instrument.symbol for side in (made.before, made.after)]
        raise Failure(
            f"A trades {symbols[0]} and B trades {symbols[1]}", "say --instrument for both", MISTAKE
        )
    if as_json:
        print_json(made.record)
    else:
        made.show()


def _run(choice: Choice, terms: Terms) -> tuple[Bench, Outcome]:
    from adapters.cli.outcome import Outcome  # noqa: PLC0415 - the engine comes with it
    from engine.run import Strategy, run_batch  # noqa: PLC0415 - as above

    made = bench(choice)
    run = run_batch(Strategy(made.program), made.market, made.calendars, terms, made.events)
    return made, Outcome(run)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same bars."""

    before: Bench
    ran: Outcome
    after: Bench
    ran_after: Outcome

    @property
    def matched(self) -> Sequence[tuple[Trade | None, Trade | None]]:
        """The trades of both, those of one entry together, by time of entry."""
        sides: list[dict[tuple[int, str, int], Trade]] = []
        for outcome in (self.ran, self.ran_after):
            keyed: dict[tuple[int, str, int], Trade] = {}
            for trade in outcome.trades:
                same = sum(key[:2] == (trade.entered, trade.side) for key in keyed)
                keyed[trade.entered, trade.side, same] = trade
            sides.append(keyed)
        keys = sorted({*sides[0], *sides[1]})
        return [(sides[0].get(key), sides[1].get(key)) for key in keys]

    # --- for people --------------------------------------------------------------------------

    def show(self) -> None:
        """Print what differs."""
        self._show_heads()
        changes = [(change(a, b), a, b) for a, b in self.matched]
        counts = {word: sum(change == word for change, _, _ in changes) for word in WORDS}
        heading(", ".join(f"{count:,} {word}" for word, count in counts.items()))
        rows = [self._row(word, a, b) for word, a, b in changes if word != "the same"]
        if rows:
            Table(_HEAD, rows, _NUMBERS).show()
        for note in dict.fromkeys((*self.before.notes, *self.after.notes)):
            click.echo(f"note: {note}")

    def _show_heads(self) -> None:
        from adapters.cli.figures import money, share  # noqa: PLC0415 - light, and only here
        from dsl.ir.text import program_hash  # noqa: PLC0415 - as above

        rows = []
        for letter, made, outcome in (
            ("A", self.before, self.ran),
            ("B", self.after, self.ran_after),
        ):
            found = outcome.statistics
            rows.append(
                (letter, made.program.name, program_hash(made.program),
                 f"{sum(side.started for side in outcome.funnel):,}", f"{len(outcome.trades):,}",
                 share(found.all.win_rate), money(found.all.net, found.currency),
                 share(found.drawdown.share, 2))
            )  # fmt: skip
        head = ("", "strategy", "program", "candidates", "trades", "won", "net", "drawdown")
        Table(head, rows, frozenset({3, 4, 5, 6, 7})).show()
        for name, old, new in self._parameters():
            click.echo(f"{name}: {old} in A, {new} in B")

    def _parameters(self) -> list[tuple[str, str, str]]:
        """Parameters that both have and that differ."""
        old, new = (dict(outcome.parameter_rows()) for outcome in (self.ran, self.ran_after))
        return [
            (name, old[name], new[name]) for name in old if new.get(name, old[name]) != old[name]
        ]

    def _row(self, word: str, a: Trade | None, b: Trade | None) -> tuple[str, ...]:
        from adapters.cli.figures import NONE, money, number, places, when  # noqa: PLC0415

        trade = a or b
        assert trade is not None
        decimals = places(self.before.program.instrument.tick)
        at = when(int(self.before.market.minute[trade.entered]), self.before.zone)

        def left(one: Trade | None) -> str:
            if one is None:
                return NONE
            when_left = when(int(self.before.market.minute[one.left]), self.before.zone)
            return f"{one.reason} {number(one.leave, decimals)} {when_left[11:]}"

        def net(one: Trade | None) -> str:
            return NONE if one is None else money(one.net, "", sign=True).rstrip()

        return (
            word,
            at,
            trade.side,
            number(trade.entry, decimals),
            left(a),
            net(a),
            left(b),
            net(b),
        )

    # --- for programs ------------------------------------------------------------------------

    @property
    def record(self) -> dict[str, Any]:
        """What differs, as plain values."""
        from adapters.cli.validate import program_record  # noqa: PLC0415 - light, and only here

        records = [
            {trade.candidate: record
             for trade, record in zip(outcome.trades, outcome.trade_records(), strict=True)}
            for outcome in (self.ran, self.ran_after)
        ]  # fmt: skip
        return {
            "a": {"program": program_record(self.before.program),
                  "statistics": self.ran.statistics.as_dict()},
            "b": {"program": program_record(self.after.program),
                  "statistics": self.ran_after.statistics.as_dict()},
            "data": {**self.before.data, "notes": list(self.before.notes)},
            "parameters": [
                {"name": name, "a": old, "b": new} for name, old, new in self._parameters()
            ],
            "trades": [
                {"change": change(a, b),
                 "a": None if a is None else records[0][a.candidate],
                 "b": None if b is None else records[1][b.candidate]}
                for a, b in self.matched
            ],
        }  # fmt: skip


WORDS = ("vanished", "appeared", "moved", "the same")
_HEAD = ("change", "entered", "side", "at", "A left", "A net", "B left", "B net")
_NUMBERS = frozenset({3, 5, 7})


def change(a: Trade | None, b: Trade | None) -> str:
    """What became of a trade from A to B."""
    if b is None:
        return "vanished"
    if a is None:
        return "appeared"

    def told(one: Trade) -> tuple[object, ...]:
        return (one.left, one.leave, one.reason, one.contracts, one.entry, one.stop, one.net)

    return "the same" if told(a) == told(b) else "moved"
