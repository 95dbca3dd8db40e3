"""Files of bars, in: `read_bars` is the one door, and what passes it may be trusted.

Light to import: the readers, and Arrow with them, come with the first file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adapters.bars.errors import DataError, MissingFile, NotAFile
from adapters.bars.layout import Layout, Stamp

if TYPE_CHECKING:
    from adapters.bars.assemble import Reading
    from dsl.ir.program import Instrument

__all__ = ["DataError", "Layout", "Stamp", "read_bars"]

_PARQUET = b"PAR1"


def read_bars(path: Path | str, instrument: Instrument, layout: Layout = Layout()) -> Reading:  # noqa: B008 - frozen
    """The bars of a CSV (plain or gzipped) or Parquet file, with what was assumed.

    Delimiter, columns, time format and bar size are seen from the file; what cannot be seen (the
    zone of local times, which end of the bar a time is) must be in `layout`. Raises a `DataError`
    that names the line and the remedy; nothing is repaired, filled in or dropped.
    """
    file = Path(path)
    try:
        if not file.exists():
            raise MissingFile(str(path), "there is no such file", "check the name")
        if not file.is_file():
            raise NotAFile(str(path), "this is a folder, not a file", "name one of its files")
        with file.open("rb") as opened:
            magic = opened.read(4)
        if magic == _PARQUET:
            from adapters.bars.parquet import read_parquet  # noqa: PLC0415 - brings Arrow

            return read_parquet(file, instrument, layout)
        from adapters.bars.csv import read_csv  # noqa: PLC0415 - brings Arrow

        return read_csv(file, instrument, layout)
    except OSError as refused:
        message = f"the file cannot be read: {refused.strerror or refused}"
        raise MissingFile(str(path), message, "check its permissions") from refused
