"""Bars from Parquet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from adapters.bars import errors
from adapters.bars.assemble import Raw, Reading, assemble
from adapters.bars.clock import TimeFormat, time_format
from adapters.bars.layout import Columns, Layout, Stamp, columns_of

if TYPE_CHECKING:
    from pathlib import Path

    from dsl.ir.program import Instrument
    from engine.domain.market import Ints, Reals

_PER_MINUTE: Final = {"s": 60, "ms": 60_000, "us": 60_000_000, "ns": 60_000_000_000}


@dataclass(frozen=True, slots=True)
class Rows:
    """A file whose bars have numbers and no lines."""

    path: str

    def line(self, row: int) -> int | None:  # noqa: ARG002 - there are none
        """Nothing: Parquet has no lines."""
        return None

    def place(self, row: int) -> str:
        """The number of the bar, from 1."""
        return f"bar {row + 1:,}"


def read_parquet(path: Path, instrument: Instrument, layout: Layout) -> Reading:
    """The bars of a Parquet file; raises a `DataError`.

    `stamp` and `zone` in the file's own metadata count as stated.
    """
    origin = Rows(str(path))
    try:
        file = pq.ParquetFile(path)
        schema = file.schema_arrow
        layout = _with_metadata(layout, schema.metadata or {})
        columns = columns_of(schema.names, layout, origin.path)
        table = file.read(columns=[schema.names[number] for number in columns.needed])
    except (pa.ArrowException, OSError) as broken:
        message = f"the file is no whole Parquet file: {broken}"
        raise errors.BrokenArchive(origin.path, message, "copy or download it again") from None
    if not table.num_rows:
        raise errors.NoBars(origin.path, "the file has no bars", "export the bars again")
    instant, per_minute, certain = _instants(table, schema.names, columns, layout, origin)
    prices = [_numbers(table, schema.names[number], origin) for number in columns.prices]
    volume = columns.volume
    raw = Raw(
        instant,
        per_minute,
        certain=certain,
        prices=(prices[0], prices[1], prices[2], prices[3]),
        volume=None if volume is None else _numbers(table, schema.names[volume], origin),
    )
    return assemble(raw, instrument, layout, columns, origin)


def _with_metadata(layout: Layout, metadata: dict[bytes, bytes]) -> Layout:
    stamp = metadata.get(b"stamp", b"").decode("ascii", "replace")
    if layout.stamp is None and stamp in tuple(Stamp):
        layout = replace(layout, stamp=Stamp(stamp))
    zone = metadata.get(b"zone", b"").decode("ascii", "replace")
    if layout.zone is None and zone:
        layout = replace(layout, zone=zone)
    return layout


def _instants(
    table: Any, names: list[str], columns: Columns, layout: Layout, origin: Rows
) -> tuple[Ints, int, bool]:
    """Counts of the time column, how many make a minute, and whether they are sure to be UTC."""
    column = table[names[columns.time]]
    if columns.date is not None:
        message = "date and time are two columns"
        remedy = "write one column of timestamps, or export CSV"
        raise errors.BadTime(origin.path, message, remedy)
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy()))
        message = f"{origin.place(row)}: the time is empty"
        raise errors.BadTime(origin.path, message, "delete the bar or correct it")
    kind = column.type
    if pa.types.is_timestamp(kind):
        return column.cast(pa.int64()).to_numpy(), _PER_MINUTE[kind.unit], kind.tz is not None
    if pa.types.is_integer(kind):
        form = _counts(column, layout, origin)
        return column.cast(pa.int64()).to_numpy(), form.per_second * 60, True
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _texts(column, layout, origin)
    message = f"the time column holds {kind}"
    remedy = "write timestamps, ISO text or whole numbers since 1970"
    raise errors.BadTime(origin.path, message, remedy)


def _texts(column: Any, layout: Layout, origin: Rows) -> tuple[Ints, int, bool]:
    form = time_format(column.slice(0, 50).to_pylist(), layout.time_format)
    if form is None or form.per_second or form.pattern:
        message = f"the time {column[0]} is text that is not ISO 8601"
        raise errors.BadTime(origin.path, message, "write timestamps, or export CSV")
    kind = pa.timestamp("ns", "UTC") if form.zoned else pa.timestamp("ns")
    try:
        instants = column.cast(kind).cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid as broken:
        remedy = "write all times alike"
        raise errors.BadTime(origin.path, str(broken), remedy) from None
    return instants, _PER_MINUTE["ns"], form.zoned


def _counts(column: Any, layout: Layout, origin: Rows) -> TimeFormat:
    ends = [str(column[0].as_py()), str(column[-1].as_py())]
    form = time_format(ends, layout.time_format)
    if form is None or not form.per_second:
        message = f"the time {ends[0]} is a number of an unknown unit"
        raise errors.BadTime(origin.path, message, "say --time-format s, ms, us or ns")
    return form


def _numbers(table: Any, name: str, origin: Rows) -> Reals:
    """A column of floats, NaN where there is nothing."""
    try:
        values = table[name].cast(pa.float64()).to_numpy()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        message = f"the column {name} holds {table[name].type}, not numbers"
        raise errors.BadNumber(origin.path, message, "write numbers") from None
    return np.ascontiguousarray(values, np.float64)
