"""The store of data sets: whole or not there, and opened without reading."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters import store
from adapters.bars import Layout, Stamp, errors
from adapters.instruments import instrument
from adapters.quality import inspect
from adapters.sample import sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.calendars import ExchangeCalendars
    from adapters.quality import Quality
    from engine.domain.market import Market

ROOT = Path(__file__).parents[2]
COLUMNS = ("minute", "open", "high", "low", "close", "volume")
CSV = (
    "timestamp,open,high,low,close,volume\n"
    "2025-01-06 09:30,100,101,99.5,100.25,7\n"
    "2025-01-06 09:31,100.25,100.5,100,100,8\n"
)


@pytest.fixture
def bars() -> Market:
    return sample().rows(0, 5000)


@pytest.fixture
def quality(bars: Market, calendars: ExchangeCalendars) -> Quality:
    return inspect(bars, calendars, notes=("made up",))


def same(left: Market, right: Market) -> bool:
    return all((getattr(left, name) == getattr(right, name)).all() for name in COLUMNS)


def files(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def test_what_was_imported_is_what_is_opened(
    store_folder: Path, tmp_path: Path, bars: Market, quality: Quality
) -> None:
    source = tmp_path / "source.csv"
    source.write_text(CSV)
    entry = store.import_bars("nq", bars, quality, source=source, zone="UTC", stamp="open")
    opened = store.open_set("nq")
    assert same(opened, bars)
    assert (opened.instrument, opened.bar_minutes) == (bars.instrument, 1)
    for name in COLUMNS:
        column = getattr(opened, name)
        assert type(column) is np.ndarray
        assert column.dtype == np.int64
        assert column.flags.c_contiguous
        assert not column.flags.writeable
    assert store.describe("nq").record == json.loads(json.dumps(entry.record))
    assert entry.source_sha256 == hashlib.sha256(CSV.encode()).hexdigest()
    assert (entry.bars, entry.notes) == (5000, ("made up",))
    store.verify("nq")
    assert (store_folder / "nq" / "meta.json").is_file()


def test_opening_reads_no_bars(store_folder: Path, bars: Market, quality: Quality) -> None:
    store.import_bars("nq", bars, quality)
    store.open_set("nq")
    best = min(_seconds_to_open("nq") for _ in range(20))
    assert best < 0.01
    base: object = store.open_set("nq").open
    while isinstance(base, np.ndarray):
        base = base.base
    assert type(base).__name__ == "mmap"


def _seconds_to_open(name: str) -> float:
    begun = time.perf_counter()
    store.open_set(name)
    return time.perf_counter() - begun


def test_sets_are_listed_by_name_and_removed_whole(
    store_folder: Path, bars: Market, quality: Quality
) -> None:
    assert store.list_sets() == ()
    store.import_bars("b", bars, quality)
    store.import_bars("a", bars, quality)
    assert [entry.name for entry in store.list_sets()] == ["a", "b"]
    store.remove("a")
    assert [entry.name for entry in store.list_sets()] == ["b"]
    assert not (store_folder / "a").exists()
    with pytest.raises(store.UnknownSet):
        store.remove("a")


def test_a_set_is_replaced_only_when_told_to(
    store_folder: Path, bars: Market, quality: Quality
) -> None:
    store.import_bars("nq", bars, quality)
    before = files(store_folder)
    with pytest.raises(store.SetExists, match="--replace"):
        store.import_bars("nq", bars.rows(0, 10), quality)
    assert files(store_folder) == before
    held = store.open_set("nq")
    store.import_bars("nq", bars.rows(0, 10), quality, replace_old=True)
    assert len(store.open_set("nq")) == 10
    assert same(held, bars), "a reader keeps the bars it opened"
    assert len(list((store_folder / "nq").iterdir())) == 2


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file may grow beyond 64 KiB: the system refuses the write as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_nothing_behind(
    store_folder: Path, bars: Market, quality: Quality
) -> None:
    with pytest.raises(store.StoreFull, match="ENGINE_DATA"):
        store.import_bars("nq", bars, quality)
    assert not (store_folder / "nq").exists()
    assert store.list_sets() == ()


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_the_older_set_as_it_was(
    store_folder: Path, bars: Market, quality: Quality
) -> None:
    store.import_bars("nq", bars.rows(0, 100), quality)
    before = files(store_folder)
    with pytest.raises(store.StoreFull):
        store.import_bars("nq", bars, quality, replace_old=True)
    assert files(store_folder) == before
    assert len(store.open_set("nq")) == 100


def test_a_store_that_is_no_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bars: Market, quality: Quality
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file")
    monkeypatch.setenv("ENGINE_DATA", str(blocked))
    with pytest.raises(store.StoreFull):
        store.import_bars("nq", bars, quality)
    assert store.list_sets() == ()


HOLD = """
import sys
from adapters import store
with store._writing(store._folder("nq")):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_and_a_dead_one_is_forgotten(
    store_folder: Path, bars: Market, quality: Quality
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "PYTHONPATH": "."},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(store.StoreBusy, match="another process"):
            store.import_bars("nq", bars, quality)
        holder.kill()
    store.import_bars("nq", bars, quality)
    assert len(store.open_set("nq")) == 5000


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "meta.json").write_text("{"),
        lambda folder: (folder / "meta.json").write_text("[]"),
        lambda folder: (folder / "meta.json").write_text('{"format": 99}'),
        lambda folder: (folder / "meta.json").write_text('{"format": 1, "instrument": {}}'),
        lambda folder: next(folder.glob("*.npy")).unlink(),
        lambda folder: next(folder.glob("*.npy")).write_bytes(b""),
        lambda folder: os.truncate(next(folder.glob("*.npy")), 1000),
        lambda folder: np.save(next(folder.glob("*.npy")), np.zeros((6, 5000))),
    ],
)
def test_a_damaged_set_is_a_named_error(
    store_folder: Path, bars: Market, quality: Quality, harm: object
) -> None:
    store.import_bars("nq", bars, quality)
    assert callable(harm)
    harm(store_folder / "nq")
    with pytest.raises(store.BrokenSet, match="import it again"):
        store.open_set("nq")


def test_one_changed_bit_is_found(store_folder: Path, bars: Market, quality: Quality) -> None:
    store.import_bars("nq", bars, quality)
    file = next((store_folder / "nq").glob("*.npy"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(store.BrokenSet, match="not those"):
        store.verify("nq")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", ".hidden", "a b", "x" * 101, "a\0"])
def test_a_name_that_is_no_name_is_refused(
    store_folder: Path, bars: Market, quality: Quality, name: str
) -> None:
    with pytest.raises(store.BadName):
        store.import_bars(name, bars, quality)
    assert not store_folder.exists()


def test_no_data_is_the_sample() -> None:
    assert store.resolve(None, None) is sample()
    as_micro = store.resolve(None, instrument("MNQ"))
    assert as_micro.instrument == instrument("MNQ")
    assert same(as_micro, sample())
    with pytest.raises(store.OtherGrid, match=r"ticks of 0\.25.*GC.*--data"):
        store.resolve(None, instrument("GC"))


def test_a_name_is_a_set_and_a_path_is_a_file(
    store_folder: Path, tmp_path: Path, bars: Market, quality: Quality
) -> None:
    store.import_bars("nq", bars, quality)
    assert same(store.resolve("nq", instrument("NQ")), bars)
    with pytest.raises(store.UnknownSet, match="did you mean nq"):
        store.resolve("nqq", instrument("NQ"))
    with pytest.raises(errors.MissingFile):
        store.resolve("nq.csv", instrument("NQ"))
    file = tmp_path / "bars.csv"
    file.write_text(CSV)
    read = store.resolve(str(file), instrument("NQ"), Layout(zone="America/New_York"))
    assert read.open.tolist() == [400, 401]


def test_bars_beyond_the_bounds_of_the_instrument_asked_for_are_refused(
    store_folder: Path, bars: Market, quality: Quality
) -> None:
    store.import_bars("nq", bars, quality)
    small = replace(instrument("NQ"), price_max=1000)
    with pytest.raises(errors.TooLarge, match="price_max"):
        store.resolve("nq", small)
    with pytest.raises(errors.TooLarge, match="volume_max"):
        store.resolve("nq", replace(instrument("NQ"), volume_max=10))


def described(folder: Path, text: str, bars: str = CSV) -> str:
    (folder / "bars.csv").write_text(bars)
    (folder / "bars.csv.yaml").write_text(text)
    return str(folder / "bars.csv")


def test_a_description_beside_a_file_is_honoured(tmp_path: Path) -> None:
    file = described(tmp_path, "instrument: nq\nzone: America/New_York\nstamp: close\nbar: 1\n")
    market = store.resolve(file, None)
    assert market.instrument == instrument("NQ")
    assert market.minute[0] == 28_936_229
    stated = store.resolve(file, None, Layout(zone="UTC", stamp=Stamp.OPEN))
    assert stated.minute[0] == 28_936_230 - 300, "what a person states comes first"


def test_a_description_may_describe_the_instrument_and_the_columns(tmp_path: Path) -> None:
    text = (
        "instrument: {symbol: XYZ, tick: 0.25, multiplier: 3, currency: SEK}\n"
        "zone: UTC\ndelimiter: ';'\ndecimal: ','\nstamp: open\n"
        "columns: {time: Zeit, close: Schluss}\ntime_format: '%Y-%m-%d %H:%M'\n"
    )
    bars = CSV.replace(",", ";").replace(".", ",").replace("timestamp", "Zeit")
    file = described(tmp_path, text, bars.replace("close", "Schluss"))
    market = store.resolve(file, None)
    assert market.instrument.multiplier == Fraction(3)
    assert market.close.tolist() == [401, 400]


def test_a_file_that_says_it_is_of_another_grid_is_not_taken_for_this_one(tmp_path: Path) -> None:
    file = described(tmp_path, "instrument: NQ\nzone: UTC\n")
    with pytest.raises(store.OtherGrid):
        store.resolve(file, instrument("GC"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "no YAML"),
        ("- 1", "not a mapping"),
        ("zoen: UTC", "did you mean zone"),
        ("stamp: middle", "open or close"),
        ("bar: 0", "minutes"),
        ("columns: 7", "columns"),
        ("zone: 7", "text"),
        ("instrument: QQQQQQQ", "no instrument"),
        ("instrument: {symbol: X}", "lacks tick"),
        ("zone: UTC", "which instrument"),
    ],
)
def test_a_bad_description_is_refused_with_the_reason(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(errors.BadDescription, match=words):
        store.resolve(described(tmp_path, text), None)
