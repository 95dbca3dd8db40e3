"""Frames spoiled at random, both ways: nothing is raised, and nothing that matters goes unsaid."""

from __future__ import annotations

from tests.adapters.gateway.test_any_bytes import bombarded
from tests.adapters.ib.test_any_frames import mutated


def to_the_client(count: int, seed: int = 20261122) -> int:
    """So many frames of a gateway, spoiled, into the adapter."""
    unsaid = mutated(count, seed)
    assert not unsaid, unsaid[0]
    return count


def to_the_gateway(count: int, seed: int = 7) -> int:
    """So many requests of a client, spoiled; at the end the gateway still answers."""
    client = bombarded(count, seed)
    assert client.of(49) == [("49", "1", str(int(client.gateway.now)))]
    return count
