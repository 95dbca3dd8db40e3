"""The bars of runs, kept by their content: one copy however many runs, larger bars beside it.

A run stays explainable after its data set was replaced or removed. The one-minute bars are a
file that is mapped and not read; the larger
ones, which charts of years are drawn from, are made when first asked for and mapped too.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from adapters.workshop.errors import NotFound
from engine.domain.clocks import wall_of
from engine.domain.dates import days_of
from engine.domain.market import Market

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dsl.ir.program import DayRule, Instrument
    from engine.domain.market import Ints

COLUMNS: Final = ("minute", "open", "high", "low", "close", "volume")
SIZES: Final = (5, 15, 60, 240)
"""Minutes of the larger bars within a trading date; above them lie whole dates and weeks."""

DATE: Final = 1440
WEEK: Final = 10_080


def digest_of(market: Market) -> str:
    """The SHA-256 of a market's columns, as the data store counts it."""
    found = hashlib.sha256()
    for name in COLUMNS:
        found.update(np.ascontiguousarray(getattr(market, name), "<i8").data)
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class BarFolder:
    """Where bars are kept: `SHA.npy`, and the larger ones in `SHA-*.npy`."""

    path: Path

    def keep(self, market: Market) -> str:
        """Keep a market's bars and say by which name; raises `OSError` where there is no room."""
        name = digest_of(market)
        file = self._file(name)
        if not file.exists():
            _written(file, np.stack([getattr(market, column) for column in COLUMNS]))
        return name

    def open(self, name: str, instrument: Instrument, bar_minutes: int) -> Market:
        """The bars of that name, mapped. Raises `NotFound` where they are gone or damaged."""
        columns = _mapped(self._file(name))
        return Market(instrument, bar_minutes, *columns)

    def larger(self, name: str, market: Market, rule: DayRule) -> tuple[Level, ...]:
        """The bars of `market` (kept as `name`) and every larger size, finest first."""
        own = Level.of(market)
        sizes = [size for size in (*SIZES, DATE, WEEK) if size > market.bar_minutes]
        return (own, *self._levels(name, market, rule, sizes))

    def forget(self, name: str) -> None:
        """Delete the bars of that name, and the larger ones."""
        for file in (self._file(name), *self.path.glob(f"{name}-*.npy")):
            file.unlink(missing_ok=True)

    def _levels(
        self, name: str, market: Market, rule: DayRule, sizes: list[int]
    ) -> Iterator[Level]:
        clock = hashlib.sha256(repr((rule.zone, rule.starts)).encode()).hexdigest()[:8]
        missing = [size for size in sizes if not self._file(f"{name}-{clock}-{size}").exists()]
        if missing:
            for size, columns in _made(market, rule, missing):
                _written(self._file(f"{name}-{clock}-{size}"), columns)
        for size in sizes:
            yield Level(size, *_mapped(self._file(f"{name}-{clock}-{size}")))

    def _file(self, name: str) -> Path:
        return self.path / f"{name}.npy"


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """Bars of one size: `row` is the market's first row in each, `minute` that row's open."""

    size: int
    row: Ints
    minute: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints

    @classmethod
    def of(cls, market: Market) -> Level:
        """A market's own bars."""
        columns = (getattr(market, name) for name in COLUMNS)
        return cls(market.bar_minutes, np.arange(len(market)), *columns)

    def __len__(self) -> int:
        """How many bars there are."""
        return len(self.minute)


def _made(market: Market, rule: DayRule, sizes: list[int]) -> Iterator[tuple[int, Ints]]:
    """The columns of a `Level` of each size; no bar reaches over the end of a trading date."""
    days = days_of(market, rule)
    date = np.repeat(days.date, np.diff(days.start))
    wall = wall_of(rule.zone, market.minute)
    for size in sizes:
        parts = {DATE: (date,), WEEK: ((date + 3) // 7,)}.get(size, (wall // size, date))
        begins = np.zeros(len(market), np.bool_)
        begins[:1] = True
        for part in parts:
            begins[1:] |= part[1:] != part[:-1]
        first = np.flatnonzero(begins)
        last = np.append(first[1:], len(market)) - 1
        yield size, np.stack([
            first,
            market.minute[first],
            market.open[first],
            np.maximum.reduceat(market.high, first),
            np.minimum.reduceat(market.low, first),
            market.close[last],
            np.add.reduceat(market.volume, first),
        ])  # fmt: skip


def _written(file: Path, columns: Ints) -> None:
    """The whole file or nothing; a name says what is in it, so who comes second changes nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as opened:
            held = np.ascontiguousarray(columns, "<i8")
            described = np.lib.format.header_data_from_array_1_0(held)
            np.lib.format.write_array_header_1_0(opened, described)
            opened.write(held.data)  # `np.save` does not say why the disk refuses
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _mapped(file: Path) -> list[Ints]:
    try:
        mapped = np.load(file, mmap_mode="r", allow_pickle=False)
    except (EOFError, OSError, ValueError) as damage:
        message = f"the bars of this run are gone: {file.name} cannot be opened ({damage})"
        raise NotFound(message, "its figures stay; run it again for charts and reasons") from None
    return [np.asarray(row) for row in mapped.view(np.ndarray)]
