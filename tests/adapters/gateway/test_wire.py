"""Frames in any pieces, fields that are read and fields that cannot be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateway.wire import Frames, Malformed, Noise, Reader, decode, encode, number
from tests.support.gateway import frame_of

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.lists(TEXT, min_size=1, max_size=6), max_size=6), st.data())
def test_frames_come_back_however_the_bytes_are_cut(
    messages: list[list[str]], data: st.DataObject
) -> None:
    stream = b"".join(encode(message) for message in messages)
    frames, got = Frames(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        frames.feed(stream[:cut])
        stream = stream[cut:]
        got += [body.decode().split("\0")[:-1] for body in frames]
    assert got == messages


def test_fields_are_written_as_a_gateway_writes_them() -> None:
    assert decode(encode((1, 0.25, None, True, False, "a"))) == ("1", "0.25", "", "1", "0", "a")
    assert number(2.0) == "2"
    assert number(2.5) == "2.5"


def test_a_frame_too_long_to_be_one_is_noise() -> None:
    frames = Frames()
    frames.feed(b"\xff\xff\xff\xff....")
    with pytest.raises(Noise):
        list(frames)


@pytest.mark.parametrize("text", ["", "x", "1.5", "9" * 40, "\u0661", "1_0", " 1", "nan"])
def test_what_is_no_whole_number_is_said_so(text: str) -> None:
    with pytest.raises(Malformed, match="field 0 is no whole number"):
        Reader([text]).whole()


@pytest.mark.parametrize("text", ["x", "nan", "inf", "1e99", "1e-99", "1,5", "0x1", "--1"])
def test_what_is_no_amount_is_said_so(text: str) -> None:
    with pytest.raises(Malformed):
        Reader([text]).amount()


def test_amounts_are_exact_and_unset_ones_are_none() -> None:
    read = Reader(["0.1", "-2e3", "", "1.7976931348623157E308", "1.7976931348623157e+308"])
    assert [read.amount() for _ in range(5)] == [Decimal("0.1"), Decimal(-2000), None, None, None]


def test_a_message_that_ends_too_early_is_said_so() -> None:
    read = Reader(["1"])
    read.whole()
    with pytest.raises(Malformed, match="field 1 is missing"):
        read.text()
    with pytest.raises(Malformed, match="too few"):
        Reader(["1"]).skip(3)


def test_frame_of_is_what_encode_makes() -> None:
    assert frame_of(b"a\0") == encode(("a",))
