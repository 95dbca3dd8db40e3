"""Lists of events to keep away from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.bars.errors import DataError
from adapters.events import event_lists, read_events
from adapters.moments import moment
from dsl.ir.program import EventList

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = moment("2025-11-07T13:30Z"), moment("2025-12-10T19:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "time,name\n2025-12-10T19:00Z,rates\n2025-11-07T13:30Z,jobs\n",
        "name;timestamp\njobs;2025-11-07 08:30:00-05:00\nrates;2025-12-10 14:00:00-05:00\n",
        "date,time,zone\n2025-11-07,08:30,America/New_York\n2025-12-10,20:00,Europe/Berlin\n",
        "﻿Time\t Zone \n2025-11-07 08:30\tAmerica/New_York\n\n2025-12-10T19:00Z\t\n",
        "time\n2025-11-07T13:30Z\n2025-11-07T13:30Z\n2025-12-10T19:00Z",
    ],
)
def test_instants_come_out_rising_and_each_once(text: str, tmp_path: Path) -> None:
    file = tmp_path / "news.csv"
    file.write_text(text)
    assert read_events(file).tolist() == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "", "the list of events is empty"),
        ("when\n2025-11-07T13:30Z\n", ":1", "no column for the time"),
        ("time\n2025-11-07 13:30\n", ":2", "has no zone"),
        ("time,zone\n2025-11-07 13:30,Mars\n", ":2", "there is no time zone Mars"),
        ("time\n2025-11-07T13:30Z\nsoon\n", ":3", "`soon` is not a time"),
        ("time,zone\n2025-11-02 01:30,America/New_York\n", ":2", "happened twice"),
        ("time,name\n,\nx\n", ":3", "`x` is not a time"),
    ],
)
def test_a_mistake_names_the_line_and_the_remedy(
    text: str, place: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "news.csv"
    file.write_text(text)
    with pytest.raises(DataError) as refused:
        read_events(file)
    assert str(refused.value).startswith(f"{file}{place}: ")
    assert message in str(refused.value)
    assert refused.value.remedy


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"time\n\x80\n", b"time\n" + b"\x00" * 9])
def test_what_is_no_text_is_refused(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "news.csv"
    file.write_bytes(data)
    with pytest.raises(DataError):
        read_events(file)


def test_lists_are_found_as_seen_from_the_strategy(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "news.csv").write_text("time\n2025-11-07T13:30Z\n")
    found = event_lists((EventList("news", "lists/news.csv", 5, 5),), tmp_path)
    assert {name: instants.tolist() for name, instants in found.items()} == {"news": [FIRST]}
    with pytest.raises(DataError, match="cannot be read"):
        event_lists((EventList("news", "nosuch.csv", 5, 5),), tmp_path)
