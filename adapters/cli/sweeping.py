"""What is asked of a sweep: the words, and the sets, dates and places they come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import click

from adapters.cli.screen import MISTAKE, Failure
from adapters.cli.sweep import METRIC, SEED, SETS_MOST, TRIALS
from adapters.cli.workbench import BadStrategy, compiled_for_data, shown
from adapters.sweep.grid import read_axes
from adapters.sweep.study import Method
from adapters.sweep.task import Task
from dsl.compilation import Compiled
from dsl.folders import data_folder
from dsl.nearest import nearest
from dsl.quantities import plain
from engine.run import Strategy, prepare
from engine.sweep.folds import FoldError, Length, folds_of, spans_of, whole
from engine.sweep.outcomes import METRICS
from engine.sweep.plan import Axis, Grid, longest_history

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from adapters.cli.options import Choice
    from adapters.cli.workbench import Bench
    from adapters.sweep.grid import WrittenAxis
    from adapters.sweep.store import Identity, Setting
    from engine.execution.terms import Terms
    from engine.run import Prepared
    from engine.sweep.folds import Fold, Span


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked of a sweep, as words and numbers."""

    grid: tuple[str, ...]
    random: int | None
    search: str | None
    trials: int | None
    forward: str | None
    metric: str
    jobs: int | None
    cluster: str | None
    store: Path | None
    page: Path | None
    seed: int

    def check(self, choice: Choice) -> None:
        """Refuse what cannot be meant together."""
        if not self.grid:
            raise click.UsageError("say what to vary, as in --grid 'rr_min=0..3/0.5'")
        if self.random and self.search:
            raise click.UsageError("--random and --search exclude each other: keep one")
        if self.trials and not self.search:
            raise click.UsageError("--trials goes with --search optuna")
        if self.jobs and self.cluster:
            raise click.UsageError("--jobs and --cluster exclude each other: keep one")
        if self.cluster and not is_address(self.cluster):
            raise click.UsageError(f"--cluster {self.cluster} names no number of workers: local:4")
        if self.search and self.forward:
            raise click.UsageError(
                "--search looks at all the dates, so its sets would know the test windows: "
                "use --grid alone or --random with --walk-forward"
            )
        swept = {word.partition("=")[0].partition(".")[0].strip() for word in self.grid}
        both = next((name for name in choice.values if name.partition(".")[0] in swept), None)
        if both is not None:
            raise click.UsageError(f"`{both}` is both set and swept: keep one of --set and --grid")


# --- what is to be tried --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A sweep as it was asked for, before anything has been run."""

    made: Bench
    choice: Choice
    terms: Terms
    wish: Wish
    axes: tuple[WrittenAxis, ...]
    grid: Grid
    prepared: Prepared
    task: Task
    whole: Span
    folds: tuple[Fold, ...]

    @classmethod
    def of(cls, made: Bench, choice: Choice, terms: Terms, wish: Wish) -> Plan:
        """Read the words. Raises `BadStrategy`, `Failure`, `PlanError`."""
        check_metric(wish.metric)
        axes = _axes(made, choice, wish.grid)
        grid = Grid(tuple(Axis(axis.name, axis.values) for axis in axes))
        if len(grid) > SETS_MOST and not (wish.random or wish.search):
            message = f"the grid has {len(grid):,} sets, more than {SETS_MOST:,}"
            remedy = "try some of them (--random 10000), or take larger steps"
            raise Failure(message, remedy, MISTAKE)
        prepared = prepare(Strategy(made.program), made.market, made.calendars, made.events)
        days = prepared.schedule.days
        everything, folds = whole(days), _folds(wish.forward, made, grid, prepared)
        task = Task(
            made.program, made.market, made.events, terms,
            grid.names, (everything, *spans_of(folds)), wish.forward or "",
        )  # fmt: skip
        return cls(made, choice, terms, wish, axes, grid, prepared, task, everything, folds)

    @property
    def method(self) -> Method:
        """How the sets are found."""
        if self.wish.search:
            return Method.OPTUNA
        return Method.RANDOM if self.wish.random else Method.GRID

    @property
    def planned(self) -> int:
        """How many sets are asked for."""
        if self.wish.search:
            return self.wish.trials or TRIALS
        return min(len(self.grid), self.wish.random or len(self.grid))

    def settings(self) -> Iterator[Setting]:
        """The sets to try, where they are known beforehand."""
        wish, grid = self.wish, self.grid
        chosen = grid.sample(wish.random, wish.seed) if wish.random else range(len(grid))
        return map(grid.set_at, chosen)

    def file(self, identity: Identity) -> Path:
        """Where the results are kept."""
        if self.wish.store is not None:
            return self.wish.store
        name = f"{self.made.program.name}-{identity.key[:16]}.sweep"
        return data_folder() / ".sweeps" / name

    @property
    def run_words(self) -> tuple[str, ...]:
        """The words that run the strategy as it is swept, but for the swept values."""
        return ("engine", "run", *self._words())

    @property
    def again_words(self) -> tuple[str, ...]:
        """The words of this sweep."""
        wish = self.wish
        options: tuple[tuple[str, object], ...] = (
            *(("--grid", word) for word in wish.grid),
            ("--random", wish.random), ("--search", wish.search), ("--trials", wish.trials),
            ("--walk-forward", wish.forward),
            ("--metric", wish.metric if wish.metric != METRIC else None),
            ("--seed", wish.seed if wish.seed != SEED else None),
            ("--jobs", wish.jobs), ("--cluster", wish.cluster),
            ("--store", wish.store), ("--page", wish.page),
        )  # fmt: skip
        return ("engine", "sweep", *self._words(), *_option_words(options))

    def _words(self) -> tuple[str, ...]:
        choice, terms, layout = self.choice, self.terms, self.choice.layout
        plain = type(terms)()
        costs = (
            (f"--{name.replace('_', '-')}", _decimal(getattr(terms, name)))
            for name in ("equity", "commission", "slippage", "same_bar", "flat")
            if getattr(terms, name) != getattr(plain, name)
        )
        options: tuple[tuple[str, object], ...] = (
            *(("--set", f"{name}={value}") for name, value in choice.values.items()),
            ("--instrument", choice.instrument), ("--data", choice.data),
            ("--from", choice.first), ("--to", choice.last),
            ("--zone", layout.zone), ("--stamp", layout.stamp and layout.stamp.value),
            ("--delimiter", layout.delimiter),
            ("--decimal", layout.decimal if layout.decimal != "." else None),
            *costs,
        )  # fmt: skip
        return (choice.spec, *_option_words(options))


def _option_words(options: Sequence[tuple[str, object]]) -> tuple[str, ...]:
    given = ((name, str(value)) for name, value in options if value is not None)
    return tuple(word for pair in given for word in pair)


def _decimal(value: object) -> str:
    return plain(value) if isinstance(value, Fraction) else str(value)


def check_metric(name: str) -> None:
    """Refuse a figure that is not there, or of which neither more nor less is better."""
    ranking = [metric.name for metric in METRICS.values() if metric.better]
    if name not in ranking:
        guess = nearest(name, ranking)
        way = f"did you mean `{guess}`?" if guess else "there are " + ", ".join(ranking)
        raise click.UsageError(f"--metric {name} is no figure to rank by: {way}")


def _axes(made: Bench, choice: Choice, words: tuple[str, ...]) -> tuple[WrittenAxis, ...]:
    """The axes of the words, every value of them allowed. Raises `BadStrategy`."""
    reading = read_axes(made.program, words)
    if reading.findings:
        sources = (*made.sources, *reading.sources)
        raise BadStrategy("--grid", Compiled(None, reading.findings, sources))
    for values in _corners(reading.axes):
        again, _ = compiled_for_data(replace(choice, values={**choice.values, **values}))
        if again.program is None:
            raise BadStrategy(shown(choice.spec), again)
    return reading.axes


def _corners(axes: Sequence[WrittenAxis]) -> Iterator[dict[str, str]]:
    """Values that the compiler has not proven yet: it knows declared ranges, and no others."""
    free = [axis for axis in axes if axis.ordered and None in (axis.param.low, axis.param.high)]
    if free:
        yield {axis.name: axis.texts[0] for axis in free}
        yield {axis.name: axis.texts[-1] for axis in free}
    for axis in axes:
        if axis.param.choices:
            yield from ({axis.name: text} for text in axis.texts)


_FORWARD: Final = ("train", "test", "step")


def _folds(words: str | None, made: Bench, grid: Grid, prepared: Prepared) -> tuple[Fold, ...]:
    """The folds of `--walk-forward`. Raises `FoldError`."""
    if words is None:
        return ()
    lengths: dict[str, Length] = {}
    anchored = False
    for word in words.split(","):
        name, equals, text = (part.strip() for part in word.partition("="))
        if name == "anchored" and not equals:
            anchored = True
        elif name not in _FORWARD or not equals or name in lengths:
            way = "write it as train=6mo,test=1mo, with step=1mo or anchored behind"
            raise FoldError(f"`{word}` in --walk-forward {words} is not understood: {way}")
        else:
            try:
                lengths[name] = Length.of(text)
            except FoldError as error:
                raise FoldError(f"--walk-forward {words}: {error}") from None
    missing = [name for name in _FORWARD[:2] if name not in lengths]
    if missing:
        raise FoldError(f"--walk-forward {words} says no {missing[0]}: train=6mo,test=1mo")
    history = longest_history(made.program, grid.axes)
    days = prepared.schedule.days
    return folds_of(days, **lengths, anchored=anchored, history=history)


def is_address(text: str) -> bool:
    """Whether `local:` is followed by a number of workers; other addresses Dask knows best."""
    place, _, count = text.partition(":")
    return place != "local" or (count.isascii() and count.isdigit() and 1 <= int(count) <= 1024)
