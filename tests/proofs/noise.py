"""Frames spoiled at random, both ways: nothing is raised, and nothing that matters goes unsaid."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from adapters.ib.port import Integrity
from tests.adapters.gateway.test_any_bytes import sound_requests, spoiled
from tests.adapters.ib.test_any_frames import JUNK, Offline, real_frames
from tests.support.gateway import Client, flat_market, frame_of, gateway_of

if TYPE_CHECKING:
    from collections.abc import Sequence

MATTER = ("5", "11", "59", "61", "17")
"""Kinds of frames that must be said to be broken when they are cut."""


def to_the_client(count: int, seed: int = 20261122) -> int:
    """Frames of a gateway, spoiled, through the library's decoder into the adapter."""
    dice = Random(seed)
    frames = [list(fields) for fields in real_frames()]
    offline = Offline()
    for _ in range(count):
        fields = list(dice.choice(frames))
        cut = dice.random() < 0.3
        if cut:
            del fields[dice.randrange(len(fields)) :]
        else:
            for _ in range(dice.randint(1, 3)):
                fields[dice.randrange(len(fields))] = dice.choice(JUNK)
        before = len(offline.said)
        offline.hear(fields)
        if cut and fields and fields[0] in MATTER:
            assert any(isinstance(word, Integrity) for word in offline.said[before:]), fields
        offline.said.clear()
    return count


def to_the_gateway(count: int, seed: int = 7) -> int:
    """Requests of a client, spoiled; at the end the gateway still answers."""
    dice = Random(seed)
    gateway = gateway_of(flat_market(300), played=5)
    client = Client(gateway)
    sound: Sequence[list[str]] = sound_requests(client)
    for number in range(count):
        body = "\0".join(spoiled(dice.choice(sound), dice)) + "\0"
        client.session.feed(frame_of(body.encode()))
        if client.closed:
            client = Client(gateway)
        if number % 200 == 0:
            client.heard.clear()
            client.send(58, 1)
            gateway.advance()
    client.heard.clear()
    client.send(49, 1)
    assert client.of(49) == [("49", "1", str(int(gateway.now)))]
    return count
