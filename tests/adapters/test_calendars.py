"""Exchange hours: what the library says, and that it is asked only once."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from adapters.calendars import CalendarBroken, DatesUnknown, ExchangeCalendars, library_version
from engine.domain.calendar import UnknownCalendar
from engine.domain.market import NA


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()


def minute(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


def hours(calendars: ExchangeCalendars, name: str, on: str) -> tuple[int, int]:
    opens, closes = calendars.hours(name, day(on), day(on))
    return int(opens[0]), int(closes[0])


@pytest.mark.parametrize(
    ("name", "on", "opens", "closes"),
    [
        ("XLON", "2025-10-24", "2025-10-24T07:00", "2025-10-24T15:30"),
        ("XLON", "2025-10-27", "2025-10-27T08:00", "2025-10-27T16:30"),
        ("XLON", "2025-12-24", "2025-12-24T08:00", "2025-12-24T12:30"),
        ("XNYS", "2025-10-27", "2025-10-27T13:30", "2025-10-27T20:00"),
        ("XNYS", "2025-11-03", "2025-11-03T14:30", "2025-11-03T21:00"),
        ("XNYS", "2025-11-28", "2025-11-28T14:30", "2025-11-28T18:00"),
        ("CMES", "2025-11-03", "2025-11-02T23:00", "2025-11-03T23:00"),
        ("CMES", "2025-11-27", "2025-11-26T23:00", "2025-11-27T18:00"),
        ("24/7", "2025-11-29", "2025-11-29T00:00", "2025-11-30T00:00"),
        ("NYSE", "2001-06-15", "2001-06-15T13:30", "2001-06-15T20:00"),
        ("XFRA", "1998-06-15", "1998-06-15T07:00", "1998-06-15T15:30"),
    ],
)
def test_hours_are_instants_and_half_days_end_early(
    calendars: ExchangeCalendars, name: str, on: str, opens: str, closes: str
) -> None:
    assert hours(calendars, name, on) == (minute(opens), minute(closes))


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("XLON", "2025-12-25"),
        ("XNYS", "2025-11-27"),
        ("CMES", "2025-12-25"),
        ("XNYS", "2025-11-29"),
    ],
)
def test_a_closed_date_is_na_in_both(calendars: ExchangeCalendars, name: str, on: str) -> None:
    assert hours(calendars, name, on) == (NA, NA)


def test_there_is_one_entry_for_each_date_and_none_for_no_dates(
    calendars: ExchangeCalendars,
) -> None:
    opens, closes = calendars.hours("XNYS", day("2025-01-01"), day("2025-12-31"))
    assert len(opens) == len(closes) == 365
    assert opens.dtype == closes.dtype == np.int64
    assert ((opens == NA) == (closes == NA)).all()
    assert int((opens != NA).sum()) == 250
    assert len(calendars.hours("XNYS", 20_000, 19_999)[0]) == 0


def test_an_unknown_name_suggests_the_nearest(calendars: ExchangeCalendars) -> None:
    with pytest.raises(UnknownCalendar) as unknown:
        calendars.hours("XLNO", 20_000, 20_001)
    assert unknown.value.suggestions == ("XLON",)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "names", "xlon\0", "é", "X" * 5000])
def test_no_name_is_met_with_anything_but_a_refusal(
    calendars: ExchangeCalendars, name: str
) -> None:
    with pytest.raises(UnknownCalendar):
        calendars.hours(name, 20_000, 20_001)


def test_dates_beyond_the_library_are_a_named_error(calendars: ExchangeCalendars) -> None:
    with pytest.raises(DatesUnknown, match="XNYS is known from 1990-01-02 to 20"):
        calendars.hours("XNYS", day("1980-01-01"), day("1980-01-05"))
    with pytest.raises(DatesUnknown, match="pip install -U"):
        calendars.hours("XNYS", day("2025-01-01"), day("2199-01-05"))


def test_a_calendar_the_library_cannot_build_is_a_named_error(
    calendars: ExchangeCalendars,
) -> None:
    if library_version() != "4.13.2":
        pytest.skip("the fault is of 4.13.2")
    with pytest.raises(CalendarBroken, match="XTAE"):
        calendars.hours("XTAE", 20_000, 20_001)


def test_the_version_is_that_of_the_installed_library() -> None:
    assert library_version() == version("exchange_calendars")


SCRIPT = """
import sys
from adapters.calendars import ExchangeCalendars
opens, closes = ExchangeCalendars().hours("XLON", 20000, 20010)
print("pandas" in sys.modules, opens.sum(), closes.sum())
"""


def in_a_new_process(cache: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "ENGINE_CACHE": str(cache), "PYTHONPATH": "."},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_second_process_needs_no_pandas_and_damage_is_repaired(tmp_path: Path) -> None:
    first = in_a_new_process(tmp_path)
    second = in_a_new_process(tmp_path)
    assert first.startswith("True ")
    assert second == first.replace("True", "False")
    [table] = (tmp_path / "calendars").glob("XLON-*")
    whole = table.read_bytes()
    assert not list((tmp_path / "calendars").glob("tmp*"))
    table.write_bytes(whole[:-8] + b"\0" * 8)
    assert in_a_new_process(tmp_path) == first
    assert table.read_bytes() == whole


@pytest.mark.parametrize("damage", [b"", b"XLON", b"XLON 1 2 3\n", b"XNYS 1 0 0\n", b"\xff" * 99])
def test_damaged_tables_are_made_again(
    calendars: ExchangeCalendars, tmp_path: Path, damage: bytes
) -> None:
    fresh = ExchangeCalendars(tmp_path)
    file = tmp_path / f"XLON-{library_version()}.hours"
    file.write_bytes(damage)
    assert hours(fresh, "XLON", "2025-10-24") == hours(calendars, "XLON", "2025-10-24")
    assert len(file.read_bytes()) > 100_000


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert hours(ExchangeCalendars(blocked), "24/7", "2025-10-24")[0] == minute("2025-10-24T00:00")
