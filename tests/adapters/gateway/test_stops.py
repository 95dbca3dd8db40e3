"""When a client in lockstep may act: also as the bar closes that took it out of the market."""

from __future__ import annotations

from adapters.gateway.config import Stops
from tests.support.gateway import Client, gateway_of, market_of


def seconds(stops: Stops) -> list[int]:
    """The seconds of its minute at which a client may act, whose stop is met inside a bar."""
    quiet = (100_000, 100_002, 99_998, 100_000)
    bars = [quiet, (100_000, 100_002, 99_900, 99_910), *[quiet] * 3]
    gateway = gateway_of(market_of(*bars, before=5), played=4, stop_at_close=stops)
    client = Client(gateway)
    client.history()
    gateway.advance()
    client.bracket(1, "BUY", 1, stop=24_990.0, target=26_000.0)
    assert gateway.truth.positions
    told = []
    while gateway.truth.positions:
        assert gateway.advance()
        told.append(int(gateway.now) % 60)
    client.heard.clear()
    return told


def test_the_close_of_the_bar_that_took_a_position_out_is_a_moment_to_act() -> None:
    assert seconds(Stops.HELD)[-1] == 59
    assert seconds(Stops.ALWAYS)[-1] == 59
    assert seconds(Stops.NEVER)[-1] == 0
