"""The judge of the proofs sees what it is there to see: each violation, done by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.database.journal import Journal
from tests.proofs import judge
from tests.proofs.judge import entered_twice, judged
from tests.support.gateway import Client, flat_market, gateway_of

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.gateway.gateway import Gateway

NAME = "abcdefghijklmnop"
ENTRY = f"{NAME}:E0.0"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """One in which nothing is written."""
    file = tmp_path / "j.db"
    Journal.begin(file, account="DU1234567", client=1).close()
    return file


def on_a_flat_market() -> tuple[Gateway, Client]:
    gateway = gateway_of(flat_market(), played=5)
    client = Client(gateway)
    gateway.advance()
    return gateway, client


def over(gateway: Gateway) -> None:
    while gateway.advance():
        pass


def test_two_entries_of_one_setup_without_a_stop_are_all_that_can_be_wrong(journal: Path) -> None:
    gateway, client = on_a_flat_market()
    for number in (1, 2):
        client.place(number, "BUY", 1, "MKT", ref=ENTRY)
    over(gateway)
    found = judged(gateway, journal, "by hand")
    assert set(found.violations) == {
        judge.DUPLICATE, judge.NAKED, judge.OPEN, judge.UNWRITTEN, judge.LOST,
    }  # fmt: skip
    assert found.naked > 60
    assert entered_twice(gateway.truth.orders, gateway.truth.executions) == [NAME]


def test_an_order_that_lives_without_a_position_is_an_orphan(journal: Path) -> None:
    gateway, client = on_a_flat_market()
    client.place(1, "BUY", 1, "LMT", limit=100.0, tif="GTC", ref=ENTRY)
    over(gateway)
    assert set(judged(gateway, journal, "by hand").violations) == {judge.ORPHAN, judge.UNWRITTEN}


def test_orders_of_others_are_not_judged(journal: Path) -> None:
    gateway, client = on_a_flat_market()
    client.bracket(1, "BUY", 1, stop=24_900.0, target=25_000.75)
    over(gateway)
    assert len(gateway.truth.executions) == 2
    assert dict(judged(gateway, journal, "by hand").violations) == {}


def test_what_somebody_else_holds_is_not_ours_to_protect(journal: Path) -> None:
    gateway, _ = on_a_flat_market()
    gateway.strike("foreign-trade", 1)
    over(gateway)
    assert set(judged(gateway, journal, "by hand").violations) == {judge.NAKED}
    assert dict(judged(gateway, journal, "by hand", alone=False).violations) == {}
