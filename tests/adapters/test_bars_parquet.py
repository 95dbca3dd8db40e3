"""Parquet files at the door."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.bars import Layout, Stamp, errors, read_bars
from adapters.instruments import instrument

if TYPE_CHECKING:
    from pathlib import Path

NQ = instrument("NQ")
MINUTE = 28_936_230
PRICES = {
    "open": [100.0, 100.25],
    "high": [101.0, 100.5],
    "low": [99.5, 100],
    "close": [100.25, 100],
}


def written(
    folder: Path, time: Any, metadata: dict[str, str] | None = None, **columns: Any
) -> Path:
    table = pa.table({"timestamp": time, **PRICES, "volume": [7, 8], **columns})
    file = folder / "bars.parquet"
    pq.write_table(table.replace_schema_metadata(metadata), file)
    return file


def stamps(unit: str, zone: str | None = None, first: int = MINUTE) -> Any:
    per_minute = {"s": 60, "ms": 60_000, "us": 60_000_000, "ns": 60_000_000_000}[unit]
    return pa.array([first * per_minute, (first + 1) * per_minute], pa.timestamp(unit, zone))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_any_unit_are_the_same_minutes(tmp_path: Path, unit: str) -> None:
    market = read_bars(written(tmp_path, stamps(unit, "Europe/Stockholm")), NQ).market
    assert market.minute.tolist() == [MINUTE, MINUTE + 1]
    assert market.open.tolist() == [400, 401]
    assert market.volume.tolist() == [7, 8]


def test_text_and_counts_are_times_too(tmp_path: Path) -> None:
    text = ["2025-01-06T14:30:00Z", "2025-01-06T14:31:00Z"]
    assert read_bars(written(tmp_path, text), NQ).market.minute[0] == MINUTE
    counts = [MINUTE * 60_000, (MINUTE + 1) * 60_000]
    assert read_bars(written(tmp_path, counts), NQ).market.minute[0] == MINUTE


def test_times_without_a_zone_need_one(tmp_path: Path) -> None:
    file = written(tmp_path, stamps("us", first=MINUTE - 300))
    with pytest.raises(errors.NoZone, match="--zone"):
        read_bars(file, NQ)
    market = read_bars(file, NQ, Layout(zone="America/New_York")).market
    assert market.minute.tolist() == [MINUTE, MINUTE + 1]


def test_the_metadata_may_state_the_stamp_and_the_zone(tmp_path: Path) -> None:
    stated = {"stamp": "close", "zone": "UTC"}
    reading = read_bars(written(tmp_path, stamps("s", first=MINUTE + 1), stated), NQ)
    assert reading.market.minute.tolist() == [MINUTE, MINUTE + 1]
    assert reading.stamp is Stamp.CLOSE
    assert reading.notes == ()


def test_decimals_are_exact(tmp_path: Path) -> None:
    close = pa.array([Decimal("100.25"), Decimal("100.00")], pa.decimal128(10, 2))
    market = read_bars(written(tmp_path, stamps("s", "UTC"), close=close), NQ).market
    assert market.close.tolist() == [401, 400]


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"close": [100.25, float("nan")]}, errors.BadNumber),
        ({"close": [100.25, None]}, errors.BadNumber),
        ({"close": ["100.25", "x"]}, errors.BadNumber),
        ({"volume": [7, -8]}, errors.NegativeVolume),
        ({"high": [101.0, 100.6]}, errors.OffGrid),
        ({"high": [101.0, 99.0]}, errors.HighBelowLow),
    ],
)
def test_bad_bars_are_refused_by_their_number(
    tmp_path: Path, columns: dict[str, Any], error: type[errors.DataError]
) -> None:
    with pytest.raises(errors.DataError) as refused:
        read_bars(written(tmp_path, stamps("s", "UTC"), **columns), NQ)
    assert type(refused.value) is error
    assert refused.value.line is None
    assert "bar 2" in str(refused.value) or "holds" in str(refused.value)


def test_an_empty_time_is_refused(tmp_path: Path) -> None:
    times = pa.array([MINUTE * 60, None], pa.timestamp("s", "UTC"))
    with pytest.raises(errors.BadTime, match="bar 2"):
        read_bars(written(tmp_path, times), NQ)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, stamps("s", "UTC"))
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(errors.BrokenArchive, match="again"):
        read_bars(file, NQ)


def test_a_file_without_bars_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, stamps("s", "UTC"))
    pq.write_table(pq.read_table(file).slice(0, 0), file)
    with pytest.raises(errors.NoBars):
        read_bars(file, NQ)
