"""Data sets on disk: bars read and checked once, then opened in a millisecond.

A data set is a folder: `meta.json` says what it is and names the file of its bars, a .npy of six
rows of little-endian int64 (minute, open, high, low, close, volume) that is mapped, not read.
`meta.json` is written last and replaced in one step, so at every instant a set is there whole,
old or new, or not at all.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from adapters.bars import DataError, Layout, Stamp, read_bars
from adapters.bars.errors import BadDescription, TooLarge
from adapters.instruments import (
    BadInstrument,
    UnknownInstrument,
    described,
    description,
)
from adapters.instruments import instrument as known_instrument
from dsl.folders import data_folder
from dsl.nearest import nearest
from dsl.quantities import plain
from engine.domain.market import Market

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from adapters.quality import Quality
    from dsl.ir.program import Instrument

    Bars = NDArray[np.int64]

FORMAT: Final = 1
META: Final = "meta.json"
_COLUMNS: Final = ("minute", "open", "high", "low", "close", "volume")
_DATA_ENDINGS: Final = (".csv", ".csv.gz", ".txt", ".gz", ".parquet", ".pq", ".tsv")


class UnknownSet(DataError):
    """No data set goes by that name."""


class SetExists(DataError):
    """A data set of that name is there already."""


class StoreBusy(DataError):
    """Another process is writing the same data set."""


class StoreFull(DataError):
    """The data set could not be written: no room, or no permission."""


class BrokenSet(DataError):
    """The files of a data set are damaged or of another version."""


class BadName(DataError):
    """A name that cannot be one of a data set."""


class OtherGrid(DataError):
    """The bars are on another price grid than the instrument asked for."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """What `meta.json` says. `first`, `last`: opens of the first and last bar, UTC.

    `source` and `source_sha256`: the file the bars came from. `sha256`: of the file of bars.
    `quality`: the report made at import, as plain values.
    """

    name: str
    instrument: Instrument
    bar_minutes: int
    bars: int
    first: str
    last: str
    zone: str
    stamp: str
    notes: tuple[str, ...]
    source: str
    source_sha256: str
    file: str
    sha256: str
    created: str
    quality: Mapping[str, object]

    @property
    def record(self) -> dict[str, object]:
        """The same as plain values: what `meta.json` holds."""
        values = {name: getattr(self, name) for name in type(self).__dataclass_fields__}
        return {
            "format": FORMAT,
            **values,
            "instrument": description(self.instrument),
            "notes": list(self.notes),
        }


def import_bars(
    name: str,
    market: Market,
    quality: Quality,
    *,
    source: Path | None = None,
    origin: str = "",
    zone: str = "UTC",
    stamp: str = "open",
    replace_old: bool = False,
) -> DataSet:
    """Keep a market as the data set `name`; on any error nothing has changed.

    `source` is the file its bars came from; else `origin` says where they did. Bars of neither are
    made up.
    Raises `SetExists` unless `replace_old`, `StoreBusy`, `StoreFull`, `BadName`.
    """
    folder = _folder(name)
    with _writing(folder):
        if (folder / META).exists() and not replace_old:
            remedy = "say --replace, or take another name"
            raise SetExists(str(folder), f"there is a data set {name} already", remedy)
        columns = np.stack([getattr(market, column) for column in _COLUMNS], dtype="<i8")
        digest = hashlib.sha256(columns.data).hexdigest()
        entry = DataSet(
            name=name,
            instrument=market.instrument,
            bar_minutes=market.bar_minutes,
            bars=len(market),
            first=quality.first,
            last=quality.last,
            zone=zone,
            stamp=stamp,
            notes=quality.notes,
            source=origin if source is None else str(source.resolve()),
            source_sha256="" if source is None else sha256_of(source),
            file=f"bars-{digest[:16]}.npy",
            sha256=digest,
            created=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            quality=quality.record,
        )
        _write(folder / entry.file, _npy_header(columns), columns.data)
        _write(folder / META, json.dumps(entry.record, indent=1).encode())
    return entry


def list_sets() -> tuple[DataSet, ...]:
    """Every data set that can be opened, by name."""
    root = data_folder()
    if not root.is_dir():
        return ()
    names = sorted(entry.name for entry in root.iterdir() if (entry / META).is_file())
    return tuple(describe(name) for name in names)


def describe(name: str) -> DataSet:
    """What is known of a data set; raises `UnknownSet` or `BrokenSet`."""
    folder = _folder(name)
    try:
        words = json.loads((folder / META).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise _unknown(name) from None
    except (OSError, ValueError) as damage:
        raise _broken(folder, f"{META} cannot be read: {damage}") from None
    try:
        if words.pop("format") != FORMAT:
            raise _broken(folder, "it was written by another version")
        words["instrument"] = described(words["instrument"])
        words["notes"] = tuple(words["notes"])
        return DataSet(**words)
    except (AttributeError, KeyError, TypeError, BadInstrument) as damage:
        raise _broken(folder, f"{META} is damaged: {damage}") from None


def open_set(name: str) -> Market:
    """The bars of a data set, mapped into memory: nothing is parsed, nothing read until used.

    Raises `UnknownSet` or `BrokenSet`.
    """
    entry = describe(name)
    folder = _folder(name)
    try:
        mapped = np.load(folder / entry.file, mmap_mode="r", allow_pickle=False)
    except (EOFError, OSError, ValueError) as damage:
        raise _broken(folder, f"the bars cannot be opened: {damage}") from None
    if mapped.shape != (len(_COLUMNS), entry.bars) or mapped.dtype != np.dtype("<i8"):
        raise _broken(folder, "the bars do not have the size they should")
    columns = [np.asarray(row) for row in mapped.view(np.ndarray)]
    return Market(entry.instrument, entry.bar_minutes, *columns)


def verify(name: str) -> None:
    """Read the whole data set and compare its checksum; raises `BrokenSet`."""
    entry = describe(name)
    columns = np.stack([getattr(open_set(name), column) for column in _COLUMNS])
    if hashlib.sha256(columns.data).hexdigest() != entry.sha256:
        raise _broken(_folder(name), "the bars are not those that were imported")


def remove(name: str) -> DataSet:
    """Delete a data set and say what it was; raises `UnknownSet` or `StoreBusy`."""
    folder = _folder(name)
    if not (folder / META).exists():
        raise _unknown(name)
    with _writing(folder):
        entry = describe(name)
        (folder / META).unlink()
    return entry


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def resolve(
    data: str | None,
    instrument: Instrument | None,
    layout: Layout = Layout(),  # noqa: B008 - frozen
) -> Market:
    """The bars a person means: a file, the name of a data set, or (None) the bundled sample.

    A file is read with what `FILE.yaml` beside it states (see `sidecar`), unless `layout` states
    otherwise. With `instrument` None the bars are of the instrument they say they are of; else
    they must be on its grid (`OtherGrid`) and come as bars of it, so that NQ bars do for MNQ.
    """
    return resolve_with_notes(data, instrument, layout)[0]


def resolve_with_notes(
    data: str | None, instrument: Instrument | None, layout: Layout
) -> tuple[Market, tuple[str, ...]]:
    """The bars of `resolve`, and what a person should know about how they were read."""
    if data is None:
        from adapters.sample import sample  # noqa: PLC0415 - other data need not pay for it

        return _as(instrument, sample(), "the bundled sample"), ()
    if is_file(data):
        stated, layout = sidecar(Path(data), layout)
        kind = stated or instrument
        if kind is None:
            message = "nothing says which instrument these bars are of"
            raise BadDescription(data, message, "say it, as in --instrument NQ")
        reading = read_bars(data, kind, layout)
        return _as(instrument, reading.market, data), reading.notes
    return _as(instrument, open_set(data), data), describe(data).notes


def sidecar(file: Path, layout: Layout) -> tuple[Instrument | None, Layout]:
    """What `FILE.yaml` beside a data file states, under what `layout` states already.

    Keys: instrument (a name or a mapping), zone, stamp, delimiter, decimal, columns, time_format,
    bar. Raises `BadDescription`; a file without one states nothing.
    """
    beside = file.with_name(f"{file.name}.yaml")
    if not beside.is_file():
        return None, layout
    words = _yaml(beside)
    kind = _stated_instrument(words.pop("instrument", None), beside)
    stated = _stated_layout(words, beside)
    mine = {name: getattr(layout, name) for name in Layout.__dataclass_fields__}
    default = Layout()
    over = {name: value for name, value in mine.items() if value != getattr(default, name)}
    return kind, replace(stated, **over)


def _yaml(file: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - only where there is one to read

    try:
        words = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as bad:
        line = getattr(getattr(bad, "problem_mark", None), "line", None)
        message = f"this is no YAML: {getattr(bad, 'problem', None) or bad}"
        number = None if line is None else line + 1
        raise BadDescription(str(file), message, "correct it or delete it", number) from None
    if not isinstance(words, dict):
        message = "this is not a mapping of keys to values"
        raise BadDescription(str(file), message, "write lines such as `zone: UTC`")
    return words


_KEYS: Final = ("zone", "stamp", "delimiter", "decimal", "columns", "time_format", "bar")


def _stated_layout(words: dict[str, Any], file: Path) -> Layout:
    for key in words:
        if key not in _KEYS:
            likely = nearest(str(key), _KEYS)
            known = (
                f"did you mean {likely}?" if likely else f"known: instrument, {', '.join(_KEYS)}"
            )
            raise BadDescription(str(file), f"there is no key {key}", known)
    if words.get("stamp") not in (None, *Stamp):
        message = f"stamp is open or close, not {words['stamp']}"
        raise BadDescription(str(file), message, "write `stamp: open` or `stamp: close`")
    columns, bar = words.get("columns"), words.get("bar")
    if columns is not None and not _are_columns(columns):
        message = "columns is neither a mapping of roles to names nor a list of names"
        raise BadDescription(str(file), message, "write `columns: {close: Last}`")
    if bar is not None and not (isinstance(bar, int) and 0 < bar <= 1440):
        raise BadDescription(str(file), f"bar is minutes, not {bar}", "write `bar: 1`")
    return Layout(
        zone=_text(words, "zone", file),
        stamp=None if words.get("stamp") is None else Stamp(words["stamp"]),
        delimiter=_text(words, "delimiter", file),
        decimal=_text(words, "decimal", file) or ".",
        columns=columns,
        time_format=_text(words, "time_format", file),
        bar_minutes=bar,
    )


def _are_columns(columns: object) -> bool:
    names = list(columns.values()) if isinstance(columns, dict) else columns
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _text(words: dict[str, Any], key: str, file: Path) -> str | None:
    value = words.get(key)
    if value is None or isinstance(value, str):
        return value
    raise BadDescription(str(file), f"{key} is text, not {value}", "put it in quotes")


def _stated_instrument(words: object, file: Path) -> Instrument | None:
    try:
        if words is None:
            return None
        if isinstance(words, dict):
            return described(words)
        return known_instrument(str(words))
    except (BadInstrument, UnknownInstrument) as bad:
        raise BadDescription(str(file), str(bad), "correct the instrument") from None


def _as(instrument: Instrument | None, market: Market, name: str) -> Market:
    """The market as one of `instrument`, if every price and volume of it can be one."""
    if instrument is None or instrument == market.instrument:
        return market
    mine, theirs = instrument, market.instrument
    if (mine.tick, mine.volume_step) != (theirs.tick, theirs.volume_step):
        message = (
            f"its bars are of {theirs.symbol}, in ticks of {plain(theirs.tick)}; "
            f"{mine.symbol} has ticks of {plain(mine.tick)}"
        )
        raise OtherGrid(name, message, f"say --data with bars of {mine.symbol}")
    _within(mine, market, name)
    return replace(market, instrument=mine)


def _within(mine: Instrument, market: Market, name: str) -> None:
    """Nothing, where the bounds of `mine` hold: the overflow proof rests on them."""
    theirs = market.instrument
    if mine.price_max < theirs.price_max:
        largest = max(int(market.high.max()), -int(market.low.min()))
        if largest > mine.price_max:
            message = f"a price of {largest} ticks is beyond the {mine.price_max} of {mine.symbol}"
            raise TooLarge(name, message, "raise the instrument's price_max")
    if mine.volume_max < theirs.volume_max and int(market.volume.max()) > mine.volume_max:
        message = f"a volume is beyond the {mine.volume_max} steps of {mine.symbol}"
        raise TooLarge(name, message, "raise the instrument's volume_max")


def is_file(data: str) -> bool:
    """Whether `data` is meant as a file rather than as the name of a data set."""
    if "/" in data or os.sep in data or data.lower().endswith(_DATA_ENDINGS):
        return True
    return Path(data).is_file() and not (data_folder() / data / META).exists()


def _folder(name: str) -> Path:
    allowed = all(c.isalnum() or c in "-_." for c in name)
    if not name or not allowed or name.startswith(".") or len(name) > 100:
        remedy = "use letters, digits, '-', '_' and '.', as in nq-2024"
        raise BadName(name[:120], "this cannot be the name of a data set", remedy)
    return data_folder() / name


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Hold the set's lock, and leave no file behind that `meta.json` does not name.

    The lock is the operating system's: it goes when the process does, however that ends.
    """
    import fcntl  # noqa: PLC0415 - POSIX only, and readers need no lock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = (folder.parent / f".{folder.name}.lock").open("w")
    except OSError as refused:
        raise _full(folder, refused) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            message = "another process is writing this data set"
            raise StoreBusy(str(folder), message, "wait for it, or end it") from None
        try:
            folder.mkdir(exist_ok=True)
            yield
        except OSError as refused:
            raise _full(folder, refused) from None
        finally:
            if folder.is_dir():
                _sweep(folder)


def _write(file: Path, *parts: bytes | memoryview) -> None:
    """The whole file or nothing, and on the disk before it has its name."""
    unnamed = file.with_name(f".{file.name}.part")
    try:
        with unnamed.open("wb") as opened:
            for content in parts:
                opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        unnamed.replace(file)
    finally:
        unnamed.unlink(missing_ok=True)


def _npy_header(columns: Bars) -> bytes:
    buffer = io.BytesIO()
    described_by = np.lib.format.header_data_from_array_1_0(columns)
    np.lib.format.write_array_header_1_0(buffer, described_by)
    return buffer.getvalue()


def _sweep(folder: Path) -> None:
    """Delete the files that `meta.json` does not name, and the folder if it has none."""
    try:
        keep = json.loads((folder / META).read_bytes())["file"]
    except FileNotFoundError:
        keep = ""
    except (ValueError, LookupError, TypeError):
        return
    for old in (*folder.glob("bars-*.npy"), *folder.glob(".*.part")):
        if old.name != keep:
            old.unlink(missing_ok=True)
    if not keep:
        folder.rmdir()


def _unknown(name: str) -> DataError:
    root = data_folder()
    names = [entry.name for entry in root.iterdir()] if root.is_dir() else []
    likely = nearest(name, [known for known in names if (root / known / META).is_file()])
    meant = f"did you mean {likely}?" if likely else "`engine data list` shows those there are"
    return UnknownSet(name, "there is no data set or file of that name", meant)


def _broken(folder: Path, message: str) -> DataError:
    return BrokenSet(str(folder), message, "import it again with --replace")


def _full(folder: Path, refused: OSError) -> DataError:
    message = f"the data set cannot be written: {refused.strerror or refused}"
    remedy = "make room, or point ENGINE_DATA at a folder you may write to"
    return StoreFull(str(folder), message, remedy)
