"""Events as lines and files."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.journal.codec import JournalError, decode, encode, read_journal, write_journal
from engine.journal.events import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | decimals | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
events = st.builds(
    Event,
    seq=st.integers(0),
    time=st.text(),
    bar=st.integers(0),
    kind=st.sampled_from(EventKind),
    candidate=st.none() | st.text(),
    side=st.none() | st.text(),
    stage=st.none() | st.text(),
    reason=st.none() | st.text(),
    spec_line=st.none() | st.integers(1),
    values=st.dictionaries(st.text(), values, max_size=4),
)


@given(event=events)
def test_an_event_comes_back_from_its_line_and_makes_the_same_line(event: Event) -> None:
    line = encode(event)
    assert "\n" not in line
    assert decode(line) == event
    assert encode(decode(line)) == line
    assert list(json.loads(line)["values"]) == list(event.values)


def test_prices_are_written_digit_for_digit() -> None:
    event = Event(
        0, "t", 0, EventKind.FILL, values={"price": Decimal("25592.75"), "x": Decimal("1E-7")}
    )
    assert encode(event).endswith('"values":{"price":25592.75,"x":0.0000001}}')


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "line 3 of the journal is no event"),
        ('{"seq": 1}', "line 3 of the journal has no 'time'"),
        ("[]", "line 3 of the journal is no event"),
        (encode(Event(0, "t", 0, EventKind.FILL)).replace("fill", "feast"), "'feast' is not"),
        (encode(Event(0, "t", 0, EventKind.FILL)).replace("0", "NaN"), "NaN is no number"),
    ],
)
def test_a_line_that_is_no_event_is_named_with_the_remedy(line: str, said: str) -> None:
    with pytest.raises(JournalError, match=said) as found:
        decode(line, 3)
    assert "take it from a backup, or run again" in str(found.value)


FEW = [Event(seq, f"t{seq}", seq, EventKind.START) for seq in range(3)]


def test_a_journal_is_written_whole_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    assert write_journal(path, FEW) == 3
    assert list(read_journal(path)) == FEW
    assert path.read_bytes().count(b"\n") == 3
    assert write_journal(path, FEW[:1]) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.jsonl"]


def test_a_journal_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    write_journal(path, FEW)

    def interrupted() -> Iterator[Event]:
        yield FEW[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_journal(path, interrupted())
    assert list(read_journal(path)) == FEW
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.jsonl"]


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_journal(tmp_path / "no" / "run.jsonl", FEW)
