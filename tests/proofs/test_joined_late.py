"""An order that joins its group when another of the group was filled this very moment.

The broker refuses it (201), be it the stop in the place of another one or the way out: what it was
to close is closed already. Nothing may come of that: no turned position, no alarm, no latch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from adapters.database.reader import JournalReader
from adapters.ib.library import installed
from engine.live import events as ev
from engine.live import words
from tests.proofs.faulty import scene_of
from tests.proofs.judge import judged
from tests.proofs.rig import SCALP, Scene, played
from tests.proofs.share import share

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from adapters.gateway.contracts import Contract
    from adapters.gateway.gateway import Gateway
    from adapters.gateway.orders import Ticket
    from adapters.gateway.session import Session

pytestmark = [
    pytest.mark.law,
    pytest.mark.skipif(not installed(), reason="no client library is installed"),
]

SEED: Final = 3

SIZES: Final = [(6, "tcp"), *([] if share().name == "test" else [(2, "memory"), (2, "tcp")])]
"""Contracts of an entry, half of them in each place, and the carrier: a part is filled, or all."""

JOINS: Final[dict[str, Callable[[str], bool]]] = {
    "the stop that takes another's place": lambda ref: ":S" in ref and not ref.endswith(".0"),
    "the way out": lambda ref: ":X" in ref,
}


class Overtaken:
    """A gateway at which somebody of the group is filled just before an order joins it."""

    def __init__(self, gateway: Gateway, joins: Callable[[str], bool]) -> None:
        """One contract of the other order is filled."""
        self._gateway, self._joins = gateway, joins
        self._place = gateway.desk.place
        self.overtaken: list[str] = []
        gateway.desk.place = self.place  # type: ignore[method-assign]

    def place(self, session: Session, number: int, contract: Contract, ticket: Ticket) -> None:
        exchange = self._gateway.exchange
        if self._joins(ticket.ref):
            mates = [
                one
                for one in exchange.working.values()
                if one.ticket.oca == ticket.oca and one.works and one.ticket.ref != ticket.ref
            ]
            for one in mates[:1]:
                price = one.ticket.limit if one.ticket.limit is not None else one.ticket.stop
                assert price is not None
                audience, passes = exchange._audience, exchange._audience.share
                audience.share = lambda _: 1  # type: ignore[method-assign, assignment]
                exchange.fill(one, price)
                audience.share = passes  # type: ignore[method-assign]
                self.overtaken.append(ticket.ref)
        self._place(session, number, contract, ticket)


def program(folder: Path, contracts: int) -> Scene:
    """The scene with so many contracts an entry: half of them in each place."""
    scene, _ = scene_of(SEED)
    spec = folder / "scalp.yaml"
    spec.write_text(SCALP.read_text().replace("contracts: 2 ", f"contracts: {contracts} "))
    return Scene.of(spec, scene.market)


@pytest.mark.parametrize("joins", JOINS.values(), ids=JOINS)
@pytest.mark.parametrize(("contracts", "carrier"), SIZES)
def test_a_family_ends_right_whose_order_came_too_late_for_its_group(
    tmp_path: Path, joins: Callable[[str], bool], contracts: int, carrier: str
) -> None:
    scene, begins = program(tmp_path, contracts), scene_of(SEED)[1]
    gateway = scene.gateway(begins=begins, seed=SEED)
    there = Overtaken(gateway, joins)
    journal = tmp_path / "j.db"
    outcome = played(gateway, scene.plan(journal), carrier, seconds=120)
    assert outcome.error is None, outcome.error
    verdict = judged(gateway, journal, carrier)
    with JournalReader.open(journal) as reader:
        told = [event for _, event in reader.events()]
    assert there.overtaken
    assert there.overtaken[0] not in {one.order.ticket.ref for one in gateway.truth.executions}
    refused = {one.ref for one in told if isinstance(one, words.Refused)}
    assert refused == set(there.overtaken)
    assert dict(verdict.violations) == {}, verdict.first
    assert not gateway.truth.positions
    assert [one for one in outcome.alerts if one[0] != "note"] == []
    assert not [one for one in told if isinstance(one, ev.Latched)]
