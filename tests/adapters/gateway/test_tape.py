"""The way inside a bar is the bar; history of any size adds up."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapters.gateway.tape import Range, joined, way_of
from tests.support.bars import bars_from_rows
from tests.support.gateway import FIRST, Client, contract_fields, gateway_of


@st.composite
def bars(draw: st.DrawFn) -> Range:
    """Any bar."""
    low = draw(st.integers(-1000, 1000))
    high = low + draw(st.integers(0, 50))
    inside = st.integers(low, high)
    return Range(60 * draw(st.integers(0, 9)), draw(inside), high, low, draw(inside),
                 draw(st.integers(0, 10**6)))  # fmt: skip


@given(bars(), st.sampled_from([60, 120, 300, 3600]), st.integers(0, 5))
def test_the_steps_inside_a_bar_are_together_the_bar(bar: Range, seconds: int, seed: int) -> None:
    parts = way_of(bar, seconds, seed)
    assert joined(parts, bar.begins) == bar
    assert len(parts) == seconds // 5
    assert [part.begins for part in parts] == list(range(bar.begins, bar.begins + seconds, 5))
    for before, after in pairwise(parts):
        assert before.close == after.open
    assert parts == way_of(bar, seconds, seed)
    assert all(part.volume >= 0 for part in parts)


def test_history_of_every_size_has_the_same_highs_lows_and_volume() -> None:
    rows = [(FIRST + k, 1000 + k, 1005 + k, 990 + k, 1002 + k, 10 + k) for k in range(120)]
    gateway = gateway_of(bars_from_rows(rows), played=100)
    tape = gateway.tapes["NQ"]
    begins, until = FIRST * 60, (FIRST + 60) * 60
    whole = None
    for size in (5, 10, 15, 30, 60, 120, 300, 900, 1800, 3600):
        found = list(tape.history(begins, until, size))
        assert len(found) == 3600 // size
        one = joined(found, begins)
        whole = whole or one
        assert one == whole


def test_history_shows_the_bar_at_hand_as_far_as_it_has_come() -> None:
    rows = [(FIRST + k, 1000, 1005, 990, 1002, 10) for k in range(20)]
    gateway = gateway_of(bars_from_rows(rows), played=10)
    client = Client(gateway)
    gateway.step()
    client.history(keep=False, span="120 S")
    fields = client.of(17)[-1]
    assert fields[4] == "3"
    assert fields[21:26] == (str((FIRST + 10) * 60), "250.0", "250.0", "250.0", "250.0")


def test_a_live_bar_is_told_at_its_open_and_at_its_close() -> None:
    rows = [(FIRST + k, 1000, 1008, 992, 1004, 10) for k in range(20)]
    gateway = gateway_of(bars_from_rows(rows), played=10)
    client = Client(gateway)
    client.history()
    while gateway.now % 60 < 59:
        gateway.step()
    told = [fields[4:8] for fields in client.of(90)]
    assert told == [("250.0", "250.0", "250.0", "250.0"), ("250.0", "251.0", "252.0", "248.0")]


def test_bars_larger_than_the_data_grow_minute_by_minute() -> None:
    rows = [(FIRST + k, 1000 + k, 1004 + k, 996 + k, 1000 + k, 10) for k in range(30)]
    gateway = gateway_of(bars_from_rows(rows), played=10)
    client = Client(gateway)
    client.history(size="5 mins")
    for _ in range(10):
        gateway.advance()
    last = client.of(90)[-1]
    begins = (FIRST + 15) * 60
    assert last[3] == str(begins)
    assert last[4:8] == ("253.75", "254.75", "255.5", "252.75")


def test_five_second_bars_make_the_minute_again() -> None:
    rows = [(FIRST + k, 1000, 1009, 991, 1003, 77) for k in range(20)]
    gateway = gateway_of(bars_from_rows(rows), played=10)
    client = Client(gateway)
    client.send(50, 3, 5, *contract_fields(gateway), 5, "TRADES", 0, "")
    while gateway.now < (FIRST + 11) * 60:
        gateway.step()
    told = client.of(50)
    assert len(told) == 12
    assert float(told[0][4]) == 250.0
    assert max(float(fields[5]) for fields in told) == 252.25
    assert min(float(fields[6]) for fields in told) == 247.75
    assert float(told[-1][7]) == 250.75
    assert sum(int(fields[8]) for fields in told) == 77
