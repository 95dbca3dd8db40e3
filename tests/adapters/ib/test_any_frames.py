"""Frames that no broker would send: none raises, and what cannot be read is said."""

from __future__ import annotations

import logging
import os
from random import Random
from typing import Any

import pytest

from adapters.ib.ears import ears
from adapters.ib.library import installed, load
from adapters.ib.line import Drops, Line
from adapters.ib.port import BrokerWord, Integrity
from engine.live import words
from tests.adapters.gateway.smoke import zigzag
from tests.support.gateway import Client, gateway_of

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")

FRAMES = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") in ("ci", "prove") else 20_000
KINDS = {"3", "4", "5", "11", "59", "61", "6", "63", "17", "90", "49"}
"""Kinds of frames that are spoiled, among others."""

MATTER = ("5", "11", "59", "61", "17")
"""Kinds of frames that must be said to be broken when they are cut."""

JUNK = ("", "-", "nan", "1e999", "x" * 300, "\x00", "9" * 40, "-1", "0", "true", "é", "2147483648")


def real_frames() -> list[tuple[str, ...]]:
    """Frames of every kind that a session with trades brings."""
    gateway = gateway_of(zigzag(), played=60)
    client = Client(gateway, client=17, version=176)
    first: list[tuple[object, ...]] = [
        (61, 1), (6, 2, 1, ""), (49, 1), (62, 1, 9, "All", "NetLiquidation"),
    ]  # fmt: skip
    for request in first:
        client.send(*request)
    client.history()
    gateway.advance()
    price = 0.25 * (gateway.tapes["NQ"].price or 0)
    client.bracket(1, "BUY", 2, stop=price - 100, target=price + 2)
    for _ in range(6):
        gateway.advance()
    client.place(9, "BUY", 1, "LMT", limit=0.1)
    client.send(16, 1)
    client.send(7, 3, 8, 0, "", "", "", "", "", "")
    return client.heard[1:]


class Offline:
    """A decoder with our ears, without a connection."""

    def __init__(self) -> None:
        """With the version the frames are of."""
        library = load()
        self.said: list[BrokerWord] = []
        self.line = Line(17, lambda: 0, self.said.append)
        self.line.account = "DU1234567"
        ib = library.ib()
        wrapper = ears(library, ib, self.line)
        self.client: Any = library.client(wrapper)
        ib.client = self.client
        self.client.decoder.serverVersion = 176
        logger = logging.Logger("decoder")  # noqa: LOG001 - one of its own
        logger.addHandler(Drops(self.line))
        self.client.decoder.logger = logger

    def hear(self, fields: list[str]) -> None:
        """One frame."""
        self.client.decoder.interpret(fields)


def test_whole_frames_are_all_understood() -> None:
    offline = Offline()
    for fields in real_frames():
        offline.hear(list(fields))
    assert not [word for word in offline.said if isinstance(word, Integrity)]
    assert [word for word in offline.said if isinstance(word, words.Executed)]
    assert [word for word in offline.said if isinstance(word, words.Told)]


def mutated(count: int, seed: int = 20261122) -> list[list[str]]:
    """Frames of a gateway, spoiled, through the library's decoder into the adapter.

    None of them may raise. What is returned are those that matter, were cut, and nobody said so.
    """
    dice = Random(seed)
    frames = [list(fields) for fields in real_frames()]
    assert {fields[0] for fields in frames} >= KINDS
    offline, unsaid = Offline(), []
    for _ in range(count):
        fields = list(dice.choice(frames))
        cut = dice.random() < 0.3
        if cut:
            del fields[dice.randrange(len(fields)) :]
        else:
            for _ in range(dice.randint(1, 3)):
                fields[dice.randrange(len(fields))] = dice.choice(JUNK)
        offline.hear(fields)
        said = any(isinstance(word, Integrity) for word in offline.said)
        if cut and fields and fields[0] in MATTER and not said:
            unsaid.append(fields)
        offline.said.clear()
    return unsaid


def test_no_mutated_frame_raises_and_a_cut_one_is_said() -> None:
    assert mutated(FRAMES) == []


def test_what_cannot_be_meant_is_said_and_changes_nothing() -> None:
    offline = Offline()
    held = next(list(fields) for fields in real_frames() if fields[0] == "61")
    held[-2] = "1.5"
    offline.hear(held)
    (said,) = offline.said
    assert isinstance(said, Integrity)
    assert "no whole number of contracts" in said.what
    assert offline.line.positions == {}
