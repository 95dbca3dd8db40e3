"""A hindsight told: tables for people, one document for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from adapters.cli.figures import NONE, counted, money, number, places, utc, when
from adapters.cli.screen import Table, heading
from adapters.cli.validate import program_record
from dsl.ir.text import program_hash
from engine.execution.records import Kind
from engine.live.hindsight import Why
from engine.window import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.cli.lookback import Look
    from engine.live.deeds import Deed
    from engine.live.hindsight import Cause
    from engine.live.retelling import BarDiffers

_BARS_SHOWN: Final = 20


# --- for people -----------------------------------------------------------------------------


def show(look: Look) -> None:
    """Print what differs, or that nothing does."""
    seen, program = look.seen, look.program
    first, last = (when(minute, look.zone) for minute in (seen.since, seen.until))
    click.secho(f"{program.name} · {program.instrument.symbol}", bold=True)
    click.echo(f"program {program_hash(program)} of {look.name}")
    click.echo(f"live {first} to {last} {look.zone}, contract {look.contract}, {look.journal}")
    click.echo(f"against {look.against}")
    if seen.is_equal:
        click.echo()
        click.echo(_equal(look))
        _show_bars(look)
        return
    _show_bars(look)
    if seen.candidates:
        heading(f"Decided otherwise on these bars ({len(seen.candidates):,})")
        rows = [
            (one.name, when(one.minute, look.zone), one.live or NONE, one.official or NONE,
             because(look, one.cause))
            for one in seen.candidates
        ]  # fmt: skip
        Table(("candidate", "from", "live", "officially", "because"), rows).show()
    if seen.setups:
        heading(f"Traded otherwise ({len(seen.setups):,})")
        setups = [
            (one.name, when(one.setup.minute, look.zone), tale(look, one.live),
             tale(look, one.official), because(look, one.cause))
            for one in seen.setups
        ]  # fmt: skip
        Table(("candidate", "decided", "live", "officially", "because"), setups).show()
    if not (seen.candidates or seen.setups):
        click.echo()
        click.echo("Every decision and fill is the same; the equity that the broker told is not.")
    heading("In sum")
    rows_ = [
        (name, f"{told_[Kind.INTENT]:,}", f"{told_[Kind.CLOSED]:,}", net, equity)
        for name, told_, net, equity in _sums(look)
    ]
    Table(("", "setups", "trades", "net", "equity then"), rows_, frozenset({1, 2, 3, 4})).show()


def _equal(look: Look) -> str:
    counts = look.seen.counts(look.seen.live)
    decided = _decisions(look)
    known = "" if decided is None else f"{counted(decided, 'decision')}, "
    (_, _, net, _), _ = _sums(look)
    return (
        f"equal: {known}{counted(counts[Kind.INTENT], 'setup')}, "
        f"{counted(sum(counts.values()), 'record')} of orders and "
        f"{counted(counts[Kind.CLOSED], 'trade')} are the same, and the money to the cent ({net})"
    )


def _decisions(look: Look) -> int | None:
    """How many decisions were compared; None where the bars were not kept."""
    if look.seen.lived is None:
        return None
    since = look.seen.since
    stories = look.seen.lived.stories.values()
    return sum(minute >= since for story in stories for minute, _ in story)


def _sums(look: Look) -> list[tuple[str, dict[Kind, int], str, str]]:
    """Of both runs: the name, records by kind, what the trades brought, equity after them."""
    seen, currency = look.seen, look.program.instrument.currency
    units = seen.official.opening.rules.money
    runs = (("live", seen.live, seen.cash), ("official", seen.official.deeds, seen.official.cash))
    return [
        (
            name,
            seen.counts(deeds),
            money(units.amount(seen.net(deeds)), currency, sign=True),
            money(units.amount(cash), currency),
        )
        for name, deeds, cash in runs
    ]


def _show_bars(look: Look) -> None:
    bars = look.seen.bars
    if not bars:
        return
    heading(f"Bars that differ ({len(bars):,})")
    rows = [
        (when(bar.minute, look.zone), ", ".join(bar.parts) or NONE,
         _bar(look, bar, bar.lived), _bar(look, bar, bar.official))
        for bar in bars[:_BARS_SHOWN]
    ]  # fmt: skip
    Table(("opens", "what", "live", "officially"), rows).show()
    if len(bars) > _BARS_SHOWN:
        click.echo(f"... and {len(bars) - _BARS_SHOWN:,} more (--json has all)")


def _bar(look: Look, bar: BarDiffers, values: tuple[int, ...] | None) -> str:
    """What differs in a bar, on one side."""
    if values is None:
        return "no bar"
    named = dict(zip(COLUMNS[1:], values, strict=True))
    return ", ".join(
        f"{named[name]:,}" if name == "volume" else _price(look, named[name])
        for name in bar.parts or COLUMNS[1:5]
    )


def _price(look: Look, ticks: int) -> str:
    tick = look.program.instrument.tick
    return number(ticks * tick, places(tick))


def tale(look: Look, deeds: Sequence[Deed]) -> str:
    """What was done about a setup, in a few words."""
    if not deeds:
        return "not decided"
    units = look.seen.official.opening.rules.money
    words = []
    for deed in deeds:
        match deed.kind:
            case Kind.REFUSED | Kind.CANCELLED:
                words.append(f"{deed.kind.name.lower()}: {deed.reason}")
            case Kind.FILL:
                words.append(f"{deed.contracts} at {_price(look, deed.price)}")
            case Kind.EXIT:
                words.append(f"{deed.reason} {_price(look, deed.price)}")
            case Kind.CLOSED:
                words.append(f"net {money(units.amount(deed.net), '', sign=True).rstrip()}")
            case _:
                pass
    return ", ".join(words) or "decided"


_WORDS: Final = {
    Why.BROKER: "the broker filled otherwise than the fill rules",
    Why.ACCOUNT: "the account stood otherwise by then",
    Why.DECIDED: "its own bars do not give it: another version of the engine decided",
    Why.UNKNOWN: "the bars it was decided on were not kept",
}


def because(look: Look, cause: Cause) -> str:
    """A cause in words."""
    match cause.why:
        case Why.BARS if len(cause.bars) == 1:
            (bar,) = cause.bars
            parts = " and ".join(bar.parts) or "bar"
            live, official = (_bar(look, bar, one) for one in (bar.lived, bar.official))
            return f"{when(bar.minute, look.zone)[11:]} {parts}: {live} live, {official} officially"
        case Why.BARS:
            return f"several of the {len(cause.bars):,} bars together that differ until then"
        case Why.WITHHELD:
            return f"not entered: {cause.words}"
        case Why.CLOSED:
            return f"closed: {cause.words}"
        case _:
            return _WORDS[cause.why]


# --- for programs ---------------------------------------------------------------------------


def record(look: Look) -> dict[str, Any]:
    """What differs, as plain values; prices are numbers, instants ISO 8601."""
    seen = look.seen
    return {
        "program": program_record(look.program),
        "journal": look.journal,
        "contract": look.contract,
        "against": look.against,
        "first": utc(seen.since),
        "last": utc(seen.until),
        "equal": seen.is_equal,
        "decisions": _decisions(look),
        "bars": [
            {"time": utc(bar.minute), "differs": list(bar.parts),
             "live": _bar_record(look, bar.lived), "official": _bar_record(look, bar.official)}
            for bar in seen.bars
        ],
        "candidates": [
            {"candidate": one.name, "time": utc(one.minute), "live": one.live,
             "official": one.official, "cause": _cause_record(look, one.cause)}
            for one in seen.candidates
        ],
        "setups": [
            {"candidate": one.name, "decided": utc(one.setup.minute), "side": one.setup.side,
             "live": tale(look, one.live), "official": tale(look, one.official),
             "cause": _cause_record(look, one.cause)}
            for one in seen.setups
        ],
        "sums": {
            name: {"setups": counts[Kind.INTENT], "records": sum(counts.values()),
                   "trades": counts[Kind.CLOSED], "net": _plain(net), "equity": _plain(equity)}
            for name, counts, net, equity in _sums(look)
        },
    }  # fmt: skip


def _plain(amount: str) -> str:
    """An amount as a decimal number in text."""
    return amount.split(maxsplit=1)[0].replace(",", "")


def _bar_record(look: Look, values: tuple[int, ...] | None) -> dict[str, float] | None:
    if values is None:
        return None
    tick = look.program.instrument.tick
    named = dict(zip(COLUMNS[1:], values, strict=True))
    return {
        name: value if name == "volume" else float(value * tick) for name, value in named.items()
    }


def _cause_record(look: Look, cause: Cause) -> dict[str, Any]:
    return {
        "why": cause.why.value,
        "bars": [utc(bar.minute) for bar in cause.bars],
        "words": because(look, cause),
    }
