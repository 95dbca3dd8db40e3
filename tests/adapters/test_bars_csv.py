"""Text files at the door: what is read, what is refused, and what the refusal says."""

from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bars import Layout, Stamp, errors, read_bars
from adapters.instruments import INSTRUMENTS, instrument

NQ = instrument("NQ")
HEADER = "timestamp,open,high,low,close,volume\n"
BARS = (
    "2025-01-06T14:30:00Z,100,101,99.5,100.25,7\n"
    "2025-01-06T14:31:00Z,100.25,100.5,100,100,8\n"
    "2025-01-06T14:32:00Z,100,100,99,99.75,9\n"
)
GOOD = HEADER + BARS
MINUTE = 28_936_230
"""2025-01-06T14:30Z."""

SHARED = Path(__file__).parents[3] / "shared" / "data"
REAL = [
    ("es_lean_2013", "ES", 19_083),
    ("6e_nautilus_2024_01", "6E", 29_996),
    ("gbpusd_fxcm_2012", "GBPUSD", 30_117),
    ("btc_freqtrade_unittest", "BTCPAIR", 13_681),
]


def written(folder: Path, text: str | bytes, name: str = "bars.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


@pytest.mark.parametrize(("name", "symbol", "bars"), REAL)
def test_every_real_file_loads_with_all_its_bars(name: str, symbol: str, bars: int) -> None:
    file = SHARED / f"{name}.csv.gz"
    if not file.exists():
        pytest.skip(f"{file} is not on this machine")
    market = read_bars(file, instrument(symbol)).market
    assert len(market) == bars
    assert market.bar_minutes == 1
    first = gzip.decompress(file.read_bytes()).decode().splitlines()[1].split(",")
    assert int(market.minute[0]) == int(np.datetime64(first[0][:-1], "m").astype(np.int64))
    assert int(market.open[0]) * market.instrument.tick == Fraction(first[1])
    assert int(market.volume[0]) * market.instrument.volume_step == Fraction(first[5])


def test_a_plain_file_is_read_to_the_tick_and_the_minute(tmp_path: Path) -> None:
    reading = read_bars(written(tmp_path, GOOD), NQ)
    market = reading.market
    assert market.minute.tolist() == [MINUTE, MINUTE + 1, MINUTE + 2]
    assert market.open.tolist() == [400, 401, 400]
    assert market.high.tolist() == [404, 402, 400]
    assert market.low.tolist() == [398, 400, 396]
    assert market.close.tolist() == [401, 400, 399]
    assert market.volume.tolist() == [7, 8, 9]
    columns = (market.minute, market.open, market.high, market.low, market.close, market.volume)
    assert all(c.dtype == np.int64 and c.flags.c_contiguous for c in columns)
    assert not any(c.flags.writeable for c in columns)
    assert reading.notes == ("times are taken as the open of their bar: the column is timestamp",)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (GOOD.replace("\n", "\r\n"), Layout()),
        (GOOD.replace("\n", "\r"), Layout()),
        (GOOD.replace(",", "\t"), Layout(delimiter="tab")),
        ("\n" + GOOD, Layout()),
        ("\ufeff" + GOOD, Layout()),
        (GOOD.rstrip("\n"), Layout()),
        (GOOD.replace("\n2025-01-06T14:31", "\n\n2025-01-06T14:31"), Layout()),
        (GOOD.replace(",", ";"), Layout()),
        (GOOD.replace(",", "\t"), Layout()),
        (GOOD.replace(",", "|"), Layout()),
        (GOOD.replace(",", ";").replace(".", ","), Layout(decimal=",")),
        (GOOD.replace("timestamp", '"Open Time"'), Layout()),
        (GOOD.replace("Z,", "+00:00,"), Layout()),
        (GOOD.replace("T14", " 16").replace("Z,", "+02:00,"), Layout()),
        (GOOD.replace("T14", "T09").replace("Z,", ","), Layout(zone="America/New_York")),
        (GOOD.replace("Z,", ","), Layout(zone="UTC")),
        (GOOD.replace("Z,", ",").replace("timestamp", "Gmt time"), Layout()),
        (GOOD.replace("2025-01-06T14", "20250106 14").replace("Z,", ","), Layout(zone="UTC")),
        (GOOD.replace("2025-01-06T", "2025.01.06 ").replace("Z,", ","), Layout(zone="UTC")),
        (
            GOOD.replace("2025-01-06T", "01/06/2025 ").replace(":00Z,", ","),
            Layout(zone="UTC", time_format="%m/%d/%Y %H:%M"),
        ),
        (
            GOOD.replace("T14:", " 04:").replace(":00Z", " PM+0200"),
            Layout(time_format="%Y-%m-%d %I:%M %p%z"),
        ),
        (
            GOOD.replace("timestamp", "Date,Time").replace("T14", ",14").replace("Z,", ","),
            Layout(zone="UTC", stamp=Stamp.OPEN),
        ),
        (
            GOOD.replace("timestamp", "Date,Time").replace("2025-01-06T14", "2025.01.06,14")
            .replace(":00Z,", ","),
            Layout(zone="UTC", stamp=Stamp.OPEN),
        ),
        (
            BARS,
            Layout(columns=("time", "open", "high", "low", "close", "volume"), stamp=Stamp.OPEN),
        ),
        (
            GOOD.replace("timestamp,open", "When,First"),
            Layout(columns={"time": "When", "open": "First"}, stamp=Stamp.OPEN),
        ),
        (
            GOOD.replace("14:32", "14:33").replace("14:31", "14:32").replace("14:30", "14:31")
            .replace("timestamp", "close_time"),
            Layout(),
        ),
        (GOOD.replace(":00Z", ":59.999Z").replace("timestamp", "close_time"), Layout()),
        (GOOD.replace("volume", "volume,symbol").replace("7\n", "7,é\n").replace("8\n", "8,x\n")
         .replace("9\n", "9,y\n"), Layout()),
    ],
)  # fmt: skip
def test_the_same_bars_are_found_however_they_are_written(
    tmp_path: Path, text: str, layout: Layout
) -> None:
    market = read_bars(written(tmp_path, text), NQ, layout).market
    assert market.minute.tolist() == [MINUTE, MINUTE + 1, MINUTE + 2]
    assert market.open.tolist() == [400, 401, 400]
    assert market.volume.tolist() == [7, 8, 9]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_counts_since_1970_are_told_apart_by_their_size(tmp_path: Path, unit: int) -> None:
    rows = "".join(f"{(MINUTE + n) * 60 * unit},1,1,1,1,0\n" for n in range(3))
    market = read_bars(written(tmp_path, HEADER + rows), NQ).market
    assert market.minute.tolist() == [MINUTE, MINUTE + 1, MINUTE + 2]


def test_a_gzipped_file_is_known_by_its_bytes_and_not_its_name(tmp_path: Path) -> None:
    file = written(tmp_path, gzip.compress(GOOD.encode()), "bars.csv")
    assert len(read_bars(file, NQ).market) == 3


def test_a_missing_volume_column_is_zero_and_noted(tmp_path: Path) -> None:
    text = "".join(line.rpartition(",")[0] + "\n" for line in GOOD.splitlines())
    reading = read_bars(written(tmp_path, text), NQ)
    assert reading.market.volume.tolist() == [0, 0, 0]
    assert "there is no volume column: every volume is zero" in reading.notes


def test_negative_prices_are_prices(tmp_path: Path) -> None:
    text = HEADER + "2020-04-20T18:00:00Z,-37.63,-30,-40.32,-35.2,5\n"
    market = read_bars(written(tmp_path, text), instrument("CL"), Layout(bar_minutes=1)).market
    assert market.low.tolist() == [-4032]


def test_the_bar_size_is_the_most_common_distance(tmp_path: Path) -> None:
    times = ("14:30", "14:35", "14:40", "15:00", "15:05")
    text = HEADER + "".join(f"2025-01-06T{t}:00Z,1,1,1,1,0\n" for t in times)
    assert read_bars(written(tmp_path, text), NQ).market.bar_minutes == 5


def test_a_local_clock_is_followed_through_the_change_of_clocks(tmp_path: Path) -> None:
    rows = ("2025-03-30T01:59", "2025-03-30T03:00", "2025-03-30T03:01")
    text = HEADER + "".join(f"{t},1,1,1,1,0\n" for t in rows)
    market = read_bars(written(tmp_path, text), NQ, Layout(zone="Europe/Stockholm")).market
    assert np.diff(market.minute).tolist() == [1, 1]


def replaced(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


BAD = [
    ("an empty file", "", Layout(), errors.EmptyFile, None, "export"),
    ("white space", "\n \n", Layout(), errors.EmptyFile, None, "export"),
    ("only a header", HEADER, Layout(), errors.NoBars, None, "export"),
    ("a header and blank lines", HEADER + "\n\n", Layout(), errors.NoBars, None, "export"),
    ("a nan", replaced("101", "NaN"), Layout(), errors.BadNumber, 2, "correct"),
    ("an infinity", replaced("101", "inf"), Layout(), errors.BadNumber, 2, "correct"),
    ("an empty price", replaced(",101,", ",,"), Layout(), errors.BadNumber, 2, "correct"),
    ("an empty volume", replaced(",8\n", ",\n"), Layout(), errors.BadNumber, 3, "correct"),
    ("a word for a price", replaced("101", "high"), Layout(), errors.BadNumber, 2, "correct"),
    ("thousands", replaced("101", '"1,010.5"'), Layout(), errors.BadNumber, 2, "thousands"),
    ("1e308", replaced("101", "1e308"), Layout(), errors.TooLarge, 2, "instrument"),
    ("1e400", replaced("101", "1e400"), Layout(), errors.BadNumber, 2, "correct"),
    ("-1e308", replaced("99.5", "-1e308"), Layout(), errors.TooLarge, 2, "instrument"),
    ("a price past its bound", replaced("101", "9999999"), Layout(), errors.TooLarge, 2, ""),
    ("a volume past its bound", replaced(",7\n", ",1e12\n"), Layout(), errors.TooLarge, 2, ""),
    ("negative volume", replaced(",8\n", ",-8\n"), Layout(), errors.NegativeVolume, 3, "correct"),
    ("half a contract", replaced(",8\n", ",8.5\n"), Layout(), errors.OffGrid, 3, "instrument"),
    ("a price off the grid", replaced("99.5", "99.6"), Layout(), errors.OffGrid, 2, "tick"),
    ("a hair off the grid", replaced("99.5", "99.500001"), Layout(), errors.OffGrid, 2, "tick"),
    ("high below low", replaced("101,99.5", "99,101"), Layout(), errors.HighBelowLow, 2, "order"),
    ("open above high", replaced("Z,100,", "Z,102,"), Layout(), errors.OutsideRange, 2, ""),
    ("close below low", replaced("100.25,7", "99,7"), Layout(), errors.OutsideRange, 2, ""),
    ("a minute twice", replaced("14:32", "14:31"), Layout(), errors.DuplicateTime, 4, "one"),
    ("an older bar", replaced("14:32", "14:29"), Layout(), errors.UnorderedTime, 4, "sort"),
    (
        "newest first",
        HEADER + "".join(reversed(BARS.splitlines(keepends=True))),
        Layout(),
        errors.UnorderedTime,
        3,
        "turn it round",
    ),
    ("no zone", GOOD.replace("Z,", ","), Layout(), errors.NoZone, 2, "--zone"),
    ("one time without zone", replaced("31:00Z", "31:00"), Layout(), errors.NoZone, 3, "offset"),
    (
        "no such zone",
        GOOD.replace("Z,", ","),
        Layout(zone="Mars/Olympus"),
        errors.UnknownZone,
        None,
        "IANA",
    ),
    (
        "the hour that came twice",
        HEADER + "2025-10-26T01:59,1,1,1,1,0\n2025-10-26T02:30,1,1,1,1,0\n",
        Layout(zone="Europe/Stockholm"),
        errors.AmbiguousTime,
        3,
        "UTC",
    ),
    (
        "the hour that never was",
        HEADER + "2025-03-09T01:59,1,1,1,1,0\n2025-03-09T02:30,1,1,1,1,0\n",
        Layout(zone="America/New_York"),
        errors.MissingTime,
        3,
        "UTC",
    ),
    ("seconds", replaced("31:00Z", "31:30Z"), Layout(), errors.BadTime, 3, "whole minutes"),
    ("a word for a time", replaced("2025-01-06T14:31:00Z", "x"), Layout(), errors.BadTime, 3, ""),
    ("no time", replaced("2025-01-06T14:31:00Z", ""), Layout(), errors.BadTime, 3, "alike"),
    (
        "day or month first",
        GOOD.replace("2025-01-06T", "06/01/2025 ").replace("Z,", ","),
        Layout(zone="UTC"),
        errors.BadTime,
        2,
        "--time-format",
    ),
    (
        "date and time apart",
        GOOD.replace("timestamp", "Date,Time").replace("T14", ",14"),
        Layout(),
        errors.NoStamp,
        None,
        "--stamp",
    ),
    ("no header", BARS, Layout(), errors.MissingColumn, 1, "--columns"),
    ("no low", GOOD.replace("low", "lol"), Layout(), errors.MissingColumn, 1, "--columns"),
    ("two lows", GOOD.replace("high", "low"), Layout(), errors.AmbiguousColumn, 1, "rename"),
    (
        "a stated column that is not there",
        GOOD,
        Layout(columns={"close": "Last"}),
        errors.MissingColumn,
        None,
        "close",
    ),
    ("the wrong delimiter", GOOD, Layout(delimiter=";"), errors.WrongDelimiter, 1, "','"),
    ("two delimiters", GOOD, Layout(delimiter=",,"), errors.WrongDelimiter, None, "one character"),
    ("a comma for both", GOOD, Layout(decimal=","), errors.WrongDelimiter, None, "--decimal"),
    ("no decimal sign", GOOD, Layout(decimal="x"), errors.BadNumber, None, "--decimal"),
    ("an endless field", GOOD + '"' + "x" * 200_000, Layout(), errors.BadRow, 5, "delete"),
    ("no delimiter", GOOD.replace(",", " "), Layout(), errors.WrongDelimiter, 1, "--delimiter"),
    ("a short line", replaced(",8\n", "\n"), Layout(), errors.BadRow, 3, "delete"),
    ("a long line", replaced(",8\n", ",8,9\n"), Layout(), errors.BadRow, 3, "--decimal"),
    (
        "decimal commas among semicolons",
        GOOD.replace(",", ";").replace(".", ","),
        Layout(),
        errors.DecimalComma,
        2,
        "--decimal ,",
    ),
    ("commas among commas", GOOD.replace(".", ","), Layout(), errors.BadRow, 2, "--decimal"),
    ("one bar", HEADER + BARS.splitlines()[0], Layout(), errors.NoBarSize, None, "--bar"),
    ("bars too close", GOOD, Layout(bar_minutes=5), errors.OverlappingBars, 3, "--bar"),
    ("latin-1", replaced("7\n", "7é\n").encode("latin-1"), Layout(), errors.NotText, 2, "UTF-8"),
    ("utf-16", GOOD.encode("utf-16"), Layout(), errors.NotText, None, "UTF-8"),
    ("a short gzip", gzip.compress(GOOD.encode())[:-9], Layout(), errors.BrokenArchive, None, ""),
    ("a broken gzip", b"\x1f\x8b\x08junk", Layout(), errors.BrokenArchive, None, "again"),
    ("a short parquet", b"PAR1junkjunk", Layout(), errors.BrokenArchive, None, "again"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "layout", "error", "line", "remedy"),
    [case[1:] for case in BAD],
    ids=[c[0] for c in BAD],
)
def test_bad_bars_are_refused_with_the_place_and_the_remedy(
    tmp_path: Path,
    text: str | bytes,
    layout: Layout,
    error: type[errors.DataError],
    line: int | None,
    remedy: str,
) -> None:
    file = written(tmp_path, text)
    with pytest.raises(errors.DataError) as refused:
        read_bars(file, NQ, layout)
    assert type(refused.value) is error
    assert refused.value.line == line
    assert refused.value.path == str(file)
    assert remedy in refused.value.remedy
    shown = str(refused.value)
    assert shown.startswith(f"{file}:{line}: " if line else f"{file}: ")
    assert "\n" not in shown


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.NotAFile, match="folder"):
        read_bars(tmp_path, NQ)


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.MissingFile, match="no such file"):
        read_bars(tmp_path / "none.csv", NQ)


def test_the_line_is_the_line_of_the_file_past_blank_lines(tmp_path: Path) -> None:
    text = "\n" + HEADER + "\n\n" + BARS.replace("99.75", "99.8")
    with pytest.raises(errors.OffGrid) as refused:
        read_bars(written(tmp_path, text), NQ)
    assert text.splitlines()[(refused.value.line or 0) - 1].startswith("2025-01-06T14:32")


def test_the_others_like_it_are_counted(tmp_path: Path) -> None:
    with pytest.raises(errors.NegativeVolume, match="and 2 more like it"):
        read_bars(written(tmp_path, HEADER + BARS.replace(",7", ",-7").replace(",8", ",-8")
                          .replace(",9\n", ",-9\n")), NQ)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(INSTRUMENTS)),
    st.lists(st.integers(1, (1 << 24) - 1), min_size=2, max_size=20),
)
def test_every_price_on_the_grid_comes_back_as_its_tick(
    tmp_path_factory: pytest.TempPathFactory, symbol: str, ticks: list[int]
) -> None:
    kind = instrument(symbol)
    rows = []
    for number, count in enumerate(ticks):
        price = count * kind.tick
        scaled = price * 10**9
        assert scaled.denominator == 1
        text = f"{scaled.numerator // 10**9}.{scaled.numerator % 10**9:09d}"
        rows.append(f"{(MINUTE + number) * 60},{text},{text},{text},{text},0")
    file = written(tmp_path_factory.mktemp("grid"), HEADER + "\n".join(rows))
    market = read_bars(file, kind, Layout(bar_minutes=1)).market
    assert market.close.tolist() == ticks


CHANGE = st.tuples(
    st.integers(0, len(GOOD)), st.integers(0, 3), st.text("0159-:TZ,;.\"'\n\r eé\t+", max_size=3)
)


def changed(text: str, changes: list[tuple[int, int, str]]) -> bytes:
    for place, length, instead in changes:
        text = text[:place] + instead + text[place + length :]
    return text.encode()


def outcome(file: Path) -> str:
    try:
        market = read_bars(file, NQ).market
    except errors.DataError as refused:
        return "a named refusal" if refused.message and refused.remedy else "an unhelpful one"
    rising = bool((np.diff(market.minute) > 0).all())
    inside = bool(((market.low <= market.close) & (market.close <= market.high)).all())
    return "bars" if rising and inside else "bars that break the rules"


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=300).map(lambda text: (GOOD + text).encode()),
        st.lists(CHANGE, max_size=8).map(lambda changes: changed(GOOD, changes)),
    )
)
def test_no_bytes_are_met_with_anything_but_bars_or_a_named_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = written(tmp_path_factory.mktemp("any"), content)
    assert outcome(file) in {"bars", "a named refusal"}
