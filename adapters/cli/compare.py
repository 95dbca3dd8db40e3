"""`engine compare`: which trades appear, vanish or move between two strategies or settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.options import JSON, assignments, market_options, terms_options
from adapters.cli.reach import JOURNAL, gateway_options
from adapters.cli.screen import MISTAKE, Failure, Table, heading, print_json, progress, verb
from adapters.cli.venues import VECTOR, run_at, two_venues
from adapters.cli.workbench import bench

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.cli.options import Choice
    from adapters.cli.outcome import Outcome, Trade
    from adapters.cli.workbench import Bench
    from engine.execution.terms import Terms


WHOLE = "all"
"""The word that stands for every date."""


def _day(_: click.Context, __: click.Parameter, value: str | None) -> date | str | None:
    """A trading date, `WHOLE`, or None."""
    if value in (None, WHOLE):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"`{value}` is no date: write it as 2025-10-07") from None


@click.command(
    "compare",
    epilog="Examples: engine compare strategies/slob_5_1.yaml strategies/slob_5_1_creator.yaml; "
    "engine compare strategies/slob_5_1.yaml --with rr_min=1.5; "
    "engine compare strategies/slob_5_1.yaml --adapter vector,backtrader; "
    "engine compare strategies/slob_5_1.yaml --live 2026-01-06",
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
@click.option(
    "--adapter",
    "venues",
    default=VECTOR,
    show_default=True,
    callback=two_venues,
    metavar="A[,B]",
    help="What runs A, and what runs B: vector, backtrader.",
)
@click.option(
    "--live",
    "day",
    is_flag=False,
    flag_value=WHOLE,
    callback=_day,
    metavar="[DATE]",
    help="Compare what A traded live, on a trading date or ever, with the official bars.",
)
@JOURNAL
@click.option("--fetch", is_flag=True, help="With --live: fetch the official bars from a gateway.")
@gateway_options()
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
    venues: Sequence[str],
    **words: Any,
) -> None:
    """Run two strategies, one with two settings or in two venues, and show what differs.

    Trades are matched by side and the bar of their entry; a trade that is there in both and ends
    otherwise has moved. Two venues are compared to the last decision and cent. Exit status 0,
    whatever differs.

    With --live, the live journal is compared with what the same program does on the bars as the
    broker told them last, on those of --data, or on those that --fetch gets: every decision, fill
    and amount, and why it differs.
    """
    as_json: bool = words["as_json"]
    if words["day"] is not None:
        if second_spec is not None or other_values or venues != (VECTOR, VECTOR):
            raise click.UsageError("--live compares one strategy with itself: leave out the other")
        _look_back(replace(choice, spec=first_spec, values=values), words)
        return
    alike = not other_values and venues[0] == venues[1]
    if second_spec is None and alike:
        raise click.UsageError(
            "name a second strategy, or say what is to differ: --with NAME=VALUE, "
            "or --adapter vector,backtrader"
        )
    if second_spec == first_spec and alike:
        raise click.UsageError(
            "these are the same strategy: say what is to differ, --with NAME=VALUE"
        )
    one = replace(choice, spec=first_spec, values=values)
    other = replace(choice, spec=second_spec or first_spec, values={**values, **other_values})
    with progress() as told:
        told(f"running {first_spec}", 0, 2)
        before = _run(one, terms, venues[0])
        told(f"running {other.spec}", 1, 2)
        after = _run(other, terms, venues[1])
    made = Comparison(*before, *after, (venues[0], venues[1]))
    if made.before.market.instrument != made.after.market.instrument:
        symbols = [side.market.instrument.symbol for side in (made.before, made.after)]
        raise Failure(
            f"A trades {symbols[0]} and B trades {symbols[1]}", "say --instrument for both", MISTAKE
        )
    if as_json:
        print_json(made.record)
    else:
        made.show()


def _look_back(choice: Choice, words: dict[str, Any]) -> None:
    from adapters.cli.lookback import look_back  # noqa: PLC0415 - SQLAlchemy comes with it

    day = None if words["day"] == WHOLE else words["day"]
    reach = words["reach"] if words["fetch"] else None
    look_back(choice, words["journal"], day, reach, as_json=words["as_json"])


def _run(choice: Choice, terms: Terms, venue: str) -> tuple[Bench, Outcome]:
    from adapters.cli.outcome import Outcome  # noqa: PLC0415 - the engine comes with it

    made = bench(choice)
    return made, Outcome(run_at(venue, made, terms))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same bars, each in its venue."""

    before: Bench
    ran: Outcome
    after: Bench
    ran_after: Outcome
    venues: tuple[str, str] = (VECTOR, VECTOR)

    @property
    def between_venues(self) -> str | None:
        """What differs between two venues that ran the same program, in a sentence; else None."""
        same_program = self.before.program == self.after.program
        if self.venues[0] == self.venues[1] or not same_program:
            return None
        from engine.laws.elsewhere import parted  # noqa: PLC0415 - the engine comes with it

        ran, other = self.ran.run, self.ran_after.run
        found = parted(self.venues[1], ran, other)
        if found is not None:
            said = found.message.replace("the simulator says", f"{self.venues[0]} says", 1)
            return f"the venues part at {found.time}: {said}"
        decisions = sum(map(len, ran.decisions.values()))
        return (
            f"no difference: {decisions:,} decisions, {len(ran.intents):,} intents, "
            f"{len(ran.records):,} records of orders and {len(self.ran.trades):,} trades "
            "are the same, and the money to the cent"
        )

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
        if self.between_venues is not None:
            click.echo(f"\n{self.between_venues}")
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
        wide = int(self.venues[0] != self.venues[1])
        for letter, made, outcome in (
            ("A", self.before, self.ran),
            ("B", self.after, self.ran_after),
        ):
            found = outcome.statistics
            venue = (self.venues[letter == "B"],) * wide
            rows.append(
                (letter, *venue, made.program.name, program_hash(made.program),
                 f"{sum(side.started for side in outcome.funnel):,}", f"{len(outcome.trades):,}",
                 share(found.all.win_rate), money(found.all.net, found.currency),
                 share(found.drawdown.share, 2))
            )  # fmt: skip
        head = ("", *(("venue",) * wide), *_FIGURES)
        Table(head, rows, frozenset(range(3 + wide, 8 + wide))).show()
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
            "a": {"program": program_record(self.before.program), "adapter": self.venues[0],
                  "statistics": self.ran.statistics.as_dict()},
            "b": {"program": program_record(self.after.program), "adapter": self.venues[1],
                  "statistics": self.ran_after.statistics.as_dict()},
            "data": {**self.before.data, "notes": list(self.before.notes)},
            "parameters": [
                {"name": name, "a": old, "b": new} for name, old, new in self._parameters()
            ],
            "venues": self.between_venues,
            "trades": [
                {"change": change(a, b),
                 "a": None if a is None else records[0][a.candidate],
                 "b": None if b is None else records[1][b.candidate]}
                for a, b in self.matched
            ],
        }  # fmt: skip


WORDS = ("vanished", "appeared", "moved", "the same")
_FIGURES = ("strategy", "program", "candidates", "trades", "won", "net", "drawdown")
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
