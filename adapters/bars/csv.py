"""Bars from delimited text: Arrow reads it; where Arrow balks, Python finds the line."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from adapters.bars import errors
from adapters.bars.assemble import Raw, Reading, assemble
from adapters.bars.clock import TimeFormat, time_format
from adapters.bars.layout import PRICES, Columns, Layout, columns_of, recognised

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dsl.ir.program import Instrument
    from engine.domain.market import Ints, Reals

DELIMITERS: Final = (",", ";", "\t", "|")
SAMPLE: Final = 50
"""Lines looked at to see how times are written."""

_GZIP: Final = b"\x1f\x8b"
_BOM: Final = b"\xef\xbb\xbf"
_NS_PER_MINUTE: Final = 60_000_000_000


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file, past its header, with the place of every row.

    `start` is where the first bar's line begins in `content`, `before` the lines until there.
    """

    path: str
    content: bytes
    start: int
    before: int
    header: tuple[str, ...]
    delimiter: str

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and fields of every line that is not empty."""
        rest = io.BytesIO(self.content)
        rest.seek(self.start)
        lines = io.TextIOWrapper(rest, "utf-8", newline="")
        reader = csv.reader(lines, delimiter=self.delimiter)
        try:
            for fields in reader:
                if fields:
                    yield self.before + reader.line_num, fields
        except csv.Error as bad:
            line = self.before + reader.line_num
            remedy = "correct or delete the line"
            raise errors.BadRow(
                self.path, f"the line cannot be split: {bad}", remedy, line
            ) from None

    def line(self, row: int) -> int | None:
        """The line of a row, counting from 1."""
        return next((line for line, _ in islice(self.records(), row, None)), None)

    def place(self, row: int) -> str:  # noqa: ARG002 - the line says it all
        """Nothing: the line is known."""
        return ""


def read_csv(path: Path, instrument: Instrument, layout: Layout) -> Reading:
    """The bars of a text file, plain or gzipped; raises a `DataError`."""
    text = _text(str(path), content_of(path), layout)
    columns = columns_of(text.header, layout, text.path)
    form = _time_format(text, columns, layout)
    table = _parsed(text, columns, form, layout)
    raw = Raw(
        *_instants(text, table, columns, form, layout),
        certain=form.certain,
        prices=(
            _numbers(table, columns.prices[0]),
            _numbers(table, columns.prices[1]),
            _numbers(table, columns.prices[2]),
            _numbers(table, columns.prices[3]),
        ),
        volume=None if columns.volume is None else _numbers(table, columns.volume),
    )
    return assemble(raw, instrument, layout, columns, text)


def content_of(path: Path) -> bytes:
    """The bytes of a file, unpacked if they are gzipped, sure to be UTF-8 text."""
    content = path.read_bytes()
    if content[:2] == _GZIP:
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as broken:
            message = f"the compressed file ends early or is damaged: {broken}"
            raise errors.BrokenArchive(str(path), message, "copy or download it again") from None
    if _blank(content, 0):
        raise errors.EmptyFile(str(path), "the file is empty", "export the bars again")
    if b"\0" in content[:4096]:
        message = "the file is not text (or is UTF-16)"
        raise errors.NotText(str(path), message, "save it as CSV in UTF-8")
    if not content.isascii():
        _check_utf8(path, content)
    return content if b"\n" in content else content.replace(b"\r", b"\n")


def _blank(content: bytes, start: int) -> bool:
    """Whether nothing but white space follows, without copying a large file to see."""
    return not (content[start : start + 4096].strip() or content[start:].strip())


def _check_utf8(path: Path, content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError as bad:
        line = content.count(b"\n", 0, bad.start) + 1
        message = f"byte {content[bad.start]:#04x} is not UTF-8"
        raise errors.NotText(str(path), message, "save the file as UTF-8", line) from None


def _text(path: str, content: bytes, layout: Layout) -> Text:
    """The text with its header found and its delimiter known."""
    begin = len(_BOM) if content.startswith(_BOM) else 0
    while content[begin : begin + 1] in (b"\n", b"\r"):
        begin += 1
    end = content.find(b"\n", begin)
    end = len(content) if end < 0 else end + 1
    first = content[begin:end].decode()
    stated = layout.columns if isinstance(layout.columns, (list, tuple)) else None
    delimiter = _stated_delimiter(path, layout) or _delimiter(first)
    if delimiter == layout.decimal:
        message = f"{delimiter!r} parts the columns and is the decimal sign too"
        raise errors.WrongDelimiter(path, message, "drop --decimal, or say the right --delimiter")
    fields = _fields(first, delimiter)
    start = begin if stated is not None else end
    if stated is None and len(fields) == 1:
        message = f"the header is one column when it is split at {delimiter!r}"
        other = _delimiter(first)
        hint = f"; {other!r} would split it" if len(_fields(first, other)) > 1 else ""
        remedy = f"say which character parts the columns, as in --delimiter ';'{hint}"
        raise errors.WrongDelimiter(path, message, remedy, 1)
    header = tuple(fields if stated is None else stated)
    before = content.count(b"\n", 0, start)
    if _blank(content, start):
        message = "the file has a header and no bars"
        raise errors.NoBars(path, message, "export the bars again")
    return Text(path, content, start, before, header, delimiter)


def _stated_delimiter(path: str, layout: Layout) -> str | None:
    stated = {"\\t": "\t", "tab": "\t"}.get(layout.delimiter or "", layout.delimiter)
    if stated is not None and (len(stated) != 1 or not stated.isascii() or stated in '\r\n"\0'):
        message = f"{stated!r} cannot part columns"
        raise errors.WrongDelimiter(path, message, "give one character, or tab")
    if layout.decimal not in (".", ","):
        message = f"{layout.decimal!r} is no decimal sign"
        raise errors.BadNumber(path, message, "say --decimal . or --decimal ,")
    return stated


def _delimiter(line: str) -> str:
    """The character that parts a header into the most names known, else into the most."""
    return max(DELIMITERS, key=lambda d: (recognised(_fields(line, d)), line.count(d)))


def _fields(line: str, delimiter: str) -> list[str]:
    """The names of a header line; quotes that do not close make it one name."""
    try:
        return [
            name.strip() for name in next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter))
        ]
    except (csv.Error, StopIteration):
        return [line]


def _time_format(text: Text, columns: Columns, layout: Layout) -> TimeFormat:
    samples = []
    for line, fields in islice(text.records(), SAMPLE):
        if len(fields) != len(text.header):
            raise _bad_row(text, line, fields)
        samples.append(_written_time(fields, columns))
    stated = layout.time_format
    form = time_format(samples, stated) or time_format(samples[:1], stated)
    if form is None:
        message = f"it cannot be told how the time {samples[0] or '(empty)'} is written"
        remedy = "say how, as in --time-format '%m/%d/%Y %H:%M' (or s, ms, us, ns)"
        raise errors.BadTime(text.path, message, remedy, text.line(0))
    return form


def _written_time(fields: list[str], columns: Columns) -> str:
    time = fields[columns.time].strip()
    return time if columns.date is None else f"{fields[columns.date].strip()} {time}"


def _parsed(text: Text, columns: Columns, form: TimeFormat, layout: Layout) -> Any:
    """The needed columns, named by their number."""
    names = [str(number) for number in range(len(text.header))]
    types = {str(number): pa.float64() for number in columns.needed}
    types[str(columns.time)] = _time_type(columns, form)
    if columns.date is not None:
        types[str(columns.date)] = pa.string()
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(pa.py_buffer(text.content).slice(text.start)),
            read_options=arrow_csv.ReadOptions(column_names=names, block_size=1 << 22),
            parse_options=arrow_csv.ParseOptions(delimiter=text.delimiter),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[""],
                decimal_point=layout.decimal,
                timestamp_parsers=[form.pattern or arrow_csv.ISO8601],
            ),
        )
    except pa.ArrowInvalid as complaint:
        raise _explained(text, columns, form, layout, str(complaint)) from None


def _time_type(columns: Columns, form: TimeFormat) -> Any:
    if columns.date is not None:
        return pa.string()
    if form.per_second:
        return pa.int64()
    return pa.timestamp("ns", "UTC") if form.zoned else pa.timestamp("ns")


def _instants(
    text: Text, table: Any, columns: Columns, form: TimeFormat, layout: Layout
) -> tuple[Ints, int]:
    """Counts of the time column, and how many make a minute."""
    times = table[str(columns.time)]
    if columns.date is not None:
        joined = pc.binary_join_element_wise(table[str(columns.date)], times, " ")
        try:
            times = _read_times(pc.utf8_trim_whitespace(joined), form)
        except pa.ArrowInvalid as complaint:
            raise _explained(text, columns, form, layout, str(complaint)) from None
    if times.null_count:
        raise _explained(text, columns, form, layout, "a time is empty")
    counts: Ints = times.cast(pa.int64()).to_numpy()
    return counts, form.per_second * 60 or _NS_PER_MINUTE


def _read_times(times: Any, form: TimeFormat) -> Any:
    kind = pa.timestamp("ns", "UTC") if form.zoned else pa.timestamp("ns")
    if form.pattern:
        return pc.strptime(times, format=form.pattern, unit="ns").cast(kind)
    return times.cast(kind)


def _numbers(table: Any, number: int) -> Reals:
    """A column of floats, NaN where nothing was written."""
    column = table[str(number)]
    values = column.to_numpy()
    return np.ascontiguousarray(values, np.float64)


def _explained(
    text: Text, columns: Columns, form: TimeFormat, layout: Layout, complaint: str
) -> errors.DataError:
    """The first line that cannot be read, in words."""
    for line, fields in text.records():
        if len(fields) != len(text.header):
            return _bad_row(text, line, fields)
        time = _written_time(fields, columns)
        if not form.reads(time):
            return _bad_time(text, line, time, form)
        for name, number in zip(
            (*PRICES, "volume"), (*columns.prices, columns.volume), strict=True
        ):
            if number is not None and not _is_number(fields[number], layout.decimal):
                return _bad_number(text, line, name, fields[number], layout.decimal)
    return errors.BadRow(text.path, complaint, "correct the file")


def _bad_row(text: Text, line: int, fields: list[str]) -> errors.DataError:
    have, need = len(fields), len(text.header)
    if have > need and text.delimiter == ",":
        message = f"the line has {have} fields, the header {need}: are these decimal commas?"
        remedy = "export with decimal points, or with ';' between columns and --decimal ,"
        return errors.BadRow(text.path, message, remedy, line)
    message = f"the line has {have} fields, the header {need}"
    return errors.BadRow(text.path, message, "correct or delete the line", line)


def _bad_time(text: Text, line: int, time: str, form: TimeFormat) -> errors.DataError:
    if form.zoned and TimeFormat(pattern=form.pattern).reads(time):
        message = f"the time {time} carries no zone, others do"
        return errors.NoZone(text.path, message, "write every time with its offset", line)
    message = f"the time {time or '(empty)'} cannot be read like the first ones"
    remedy = "write all times alike, or say how, as in --time-format '%Y-%m-%d %H:%M'"
    return errors.BadTime(text.path, message, remedy, line)


def _bad_number(text: Text, line: int, name: str, value: str, decimal: str) -> errors.DataError:
    if decimal == "." and _is_number(value, ","):
        message = f"the {name} {value} has a decimal comma"
        return errors.DecimalComma(text.path, message, "say --decimal ,", line)
    message = f"the {name} is no number: {value.strip()[:40] or '(empty)'}"
    remedy = "correct or delete the line; numbers have no thousands separators"
    return errors.BadNumber(text.path, message, remedy, line)


def _is_number(written: str, decimal: str) -> bool:
    if decimal != "." and "." in written:
        return False
    try:
        float(written.strip().replace(decimal, "."))
    except ValueError:
        return False
    return "_" not in written
