"""Options that several verbs share, and what a person chose with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from adapters.bars.layout import Layout, Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from engine.execution.terms import Terms


@dataclass(frozen=True, slots=True)
class Choice:
    """A strategy and the bars to run it on, as named on the command line.

    `spec` is a path (`-`: standard input); `data` a file, a data set, or None for the sample;
    `first` and `last` are trading dates, both included. Messages call the file `name`, or else
    by its path.
    """

    spec: str
    values: Mapping[str, str] = field(default_factory=dict)
    instrument: str | None = None
    data: str | None = None
    first: date | None = None
    last: date | None = None
    layout: Layout = field(default_factory=Layout)
    name: str = ""


def assignments(_: click.Context, __: click.Parameter, words: Sequence[str]) -> dict[str, str]:
    """`name=value` words as a mapping; the last of a name counts."""
    pairs = [word.partition("=") for word in words]
    for word, (name, equals, _value) in zip(words, pairs, strict=True):
        if not equals or not name.strip():
            raise click.BadParameter(f"`{word}` is not name=value, as in rr_min=1.5")
    return {name.strip(): value.strip() for name, _equals, value in pairs}


class Amount(click.ParamType[Fraction]):
    """A decimal number, kept exactly."""

    name = "amount"

    def __init__(self, *, positive: bool) -> None:
        """`positive`: above 0; else 0 or more."""
        self.positive = positive

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """The fraction that the text names."""
        if isinstance(value, Fraction):
            return value
        text = str(value).replace("_", "")
        plain = text.replace(".", "", 1).removeprefix("+")
        if not (plain.isascii() and plain.isdigit()) or len(plain) > 30:
            self.fail(f"`{value}` is not an amount: write it as 2500 or 2.25", param, ctx)
        amount = Fraction(text)
        if self.positive and not amount:
            self.fail("give an amount above 0", param, ctx)
        return amount


SPEC = click.argument("spec", metavar="SPEC")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document, nothing else.")
SET = click.option(
    "--set",
    "values",
    multiple=True,
    callback=assignments,
    metavar="NAME=VALUE",
    help="Another value for a parameter (name.long: for one side) or a key; may be repeated.",
)
INSTRUMENT = click.option(
    "--instrument", metavar="SYMBOL", help="Trade this instead of the strategy's own instrument."
)
_DATA = (
    click.option(
        "--data", metavar="FILE|NAME", help="A file of bars, or a data set.  [default: the sample]"
    ),
    click.option(
        "--from",
        "first",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DATE",
        help="The first trading date; earlier bars are not seen at all.",
    ),
    click.option(
        "--to",
        "last",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DATE",
        help="The last trading date.",
    ),
    click.option("--zone", help="Zone of the file's times, where they carry none."),
    click.option(
        "--stamp",
        type=click.Choice([stamp.value for stamp in Stamp]),
        help="Which end of its bar a time in the file is.",
    ),
    click.option("--delimiter", help="What parts the file's columns, where that is not seen."),
    click.option("--decimal", type=click.Choice([".", ","]), default=".", help="Its decimal sign."),
)
_TERMS = (
    click.option(
        "--equity",
        type=Amount(positive=True),
        default="50000",
        show_default=True,
        help="The account at the start.",
    ),
    click.option(
        "--commission",
        type=Amount(positive=False),
        default="0",
        show_default=True,
        help="A contract and fill (so twice for a round trip).",
    ),
    click.option(
        "--slippage",
        type=click.IntRange(0, 10_000),
        default=0,
        show_default=True,
        help="Ticks against you on market and stop fills.",
    ),
    click.option(
        "--same-bar",
        type=click.Choice(["stop_first", "target_first"]),
        default="stop_first",
        show_default=True,
        help="Which is filled when one bar holds both.",
    ),
    click.option(
        "--flat",
        type=click.Choice(["close", "next_open"]),
        default="close",
        show_default=True,
        help="Where the end of a session closes a position.",
    ),
)


def strategy_options(function: Callable[..., None]) -> Callable[..., None]:
    """SPEC, --set and --instrument; the function gets them as `choice`."""
    return _with(function, (SPEC, SET, INSTRUMENT), "choice", ("spec", "values", *_BARS), _choice)


def data_options(function: Callable[..., None]) -> Callable[..., None]:
    """The same with --data, --from, --to and how the file is laid out."""
    options = (SPEC, SET, INSTRUMENT, *_DATA)
    return _with(function, options, "choice", ("spec", "values", *_BARS), _choice)


def market_options(function: Callable[..., None]) -> Callable[..., None]:
    """Only the options of the bars; the function gets them as `choice`, which names no SPEC."""
    return _with(function, (INSTRUMENT, *_DATA), "choice", _BARS, _choice)


def terms_options(function: Callable[..., None]) -> Callable[..., None]:
    """The account and its costs; the function gets them as `terms`."""
    return _with(function, _TERMS, "terms", _COSTS, _terms)


_BARS = ("instrument", "data", "first", "last", "zone", "stamp", "delimiter", "decimal")
_COSTS = ("equity", "commission", "slippage", "same_bar", "flat")


def _with(
    function: Callable[..., None],
    options: Sequence[Callable[[Callable[..., None]], Callable[..., None]]],
    name: str,
    words_of: Sequence[str],
    make: Callable[[dict[str, Any]], object],
) -> Callable[..., None]:
    """The function with these options, which it gets put together as `name`."""

    @wraps(function)
    def gathered(**words: Any) -> None:
        taken = {key: words.pop(key) for key in words_of if key in words}
        function(**{name: make(taken)}, **words)

    wrapped: Callable[..., None] = gathered
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def _choice(words: dict[str, Any]) -> Choice:
    def day(name: str) -> date | None:
        found: datetime | None = words.get(name)
        return None if found is None else found.date()

    first, last = day("first"), day("last")
    if first is not None and last is not None and last < first:
        raise click.UsageError(f"--from {first} is after --to {last}")
    stamp = words.get("stamp")
    return Choice(
        spec=words.get("spec", ""),
        values=words.get("values") or {},
        instrument=words.get("instrument"),
        data=words.get("data"),
        first=first,
        last=last,
        layout=Layout(
            zone=words.get("zone"),
            stamp=None if stamp is None else Stamp(stamp),
            delimiter=words.get("delimiter"),
            decimal=words.get("decimal", "."),
        ),
    )


def _terms(words: dict[str, Any]) -> Terms:
    from engine.execution.terms import Flat, SameBar, Terms  # noqa: PLC0415 - numpy comes with it

    return Terms(
        words["equity"],
        words["commission"],
        words["slippage"],
        SameBar(words["same_bar"]),
        Flat(words["flat"]),
    )
