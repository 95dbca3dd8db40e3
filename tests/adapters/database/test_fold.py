"""The tables of the journal are what its events amount to, whatever happened in whatever order."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import pytest
from sqlmodel import Session, select

from adapters.database import rows
from adapters.database.connect import database
from adapters.database.journal import Journal
from adapters.database.tables import ExecutionRow, IncarnationRow, LegRow
from engine.live import events as ev
from engine.live import words
from engine.live.books import Books, JournalError
from engine.live.family import Family, Phase
from engine.live.holdings import OrderState
from engine.live.identity import Leg, Role
from tests.support.broker_words import SIGNAL, asked, execution, family, held, recipe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.live.holdings import Execution

CALLS = 150
PROGRAMS = ("ab" * 8, "cd" * 8)
SIGNALS = [replace(SIGNAL, minute=SIGNAL.minute + late) for late in range(3)]


def planned(draw: Random) -> Family:
    """One of three setups: it may be planned already, which the journal has to refuse."""
    signal = draw.choice(SIGNALS)
    legs = tuple(asked(Leg(signal.family, role)) for role in (Role.ENTRY, Role.STOP, Role.TARGET))
    return replace(family(Phase.PLANNED), signal=signal, asked=legs)


def happening(draw: Random, at: int) -> ev.Event:
    """Any event, sensible or not; what cannot have happened is refused."""
    name = draw.choice([*(one.family for one in SIGNALS), "somebodyelse2345"])
    leg = Leg(name, draw.choice(list(Role)), 0, draw.choice((0, 0, 1)))
    key, revision = f"{name}{draw.randrange(3)}", draw.randrange(3)
    commission = draw.choice([None, Decimal(draw.randrange(9)) / 4])
    order = held(leg, draw.choice(list(OrderState)), filled=draw.randrange(3))
    deal = replace(execution(leg, draw.randint(1, 3), key, revision), commission=commission)
    return draw.choice(
        (
            ev.Planned(at, planned(draw)),
            ev.Wanted(at, name, asked(leg)),
            ev.Sending(at, leg.ref, draw.randrange(1, 99)),
            ev.Moved(at, name, draw.choice(list(Phase)), "", "drawn"),
            words.Told(at, replace(order, permanent=draw.randrange(20))),
            words.Executed(at, deal),
            words.Executed(at, replace(deal, revision=1)),
            words.Charged(at, key, revision, Decimal(draw.randrange(9)) / 4),
            words.Refused(at, leg.ref, 201, "no"),
            ev.Marked(at, f"2026-01-{1 + at // 10:02}", Decimal(draw.randrange(50_000))),
            ev.Latched(at, "looked odd"),
            ev.Unlatched(at, "kim", "seen"),
            ev.Halted(at, "kim", "lunch"),
            ev.Noticed(at, 2104, "connected"),
            ev.Belongs(at, draw.choice(("DU1", "DU1", "DU2"))),
            ev.Kept(at, recipe(draw.choice(PROGRAMS), draw.choice(("lang: 1\n", "lang: 2\n")))),
            ev.Leads(at, draw.choice(PROGRAMS)),
            ev.LaidDown(at, draw.choice(PROGRAMS), "over"),
        )
    )


def _known(one: Execution, before: Execution) -> Decimal | None:
    return before.commission if one.commission is None else one.commission


def booked(happened: Iterable[ev.Event], books: Books) -> dict[str, Execution]:
    """Every execution: the latest revision, a commission that was known stays known."""
    kept: dict[str, Execution] = {}
    for event in happened:
        if isinstance(event, words.Executed):
            one = event.execution
            before = kept.get(one.key)
            if before is None or before.revision < one.revision:
                kept[one.key] = one
            elif before.revision == one.revision:
                kept[one.key] = replace(one, commission=_known(one, before))
    ours = {one.key: one for made in books.families.values() for one in made.executions}
    return kept | ours


@pytest.mark.parametrize("seed", range(3))
def test_the_tables_are_what_the_events_fold_into(where: str, seed: int) -> None:
    draw = Random(seed)
    refused = 0
    journal = Journal.begin(where, account="DU1", client=7)
    for call in range(CALLS):
        wanted = [happening(draw, call) for _ in range(draw.choice((1, 1, 2, 3)))]
        before = journal.books
        with suppress(JournalError):
            journal.record(*wanted)
            continue
        refused += 1
        assert journal.books == before
        if draw.random() < 0.1:
            journal.close()
            journal = Journal.begin(where, account="DU1", client=7)
    events = [event for _, event in journal.events()]
    books = Books().after(events)
    assert journal.verify() == len(events) > refused > 0
    journal.close()

    engine = database(where)
    with Session(engine) as session:
        orders = {
            one.permanent: rows.incarnation_in(one) for one in session.exec(select(IncarnationRow))
        }
        legs = {one.ref: one.number for one in session.exec(select(LegRow))}
        deals = {one.key: one for one in session.exec(select(ExecutionRow))}
        assert orders == books.incarnations
        assert legs == {
            one.leg.ref: books.numbers.get(one.leg.ref, 0)
            for made in books.families.values()
            for one in made.asked
        }
        expected = booked(events, books)
        assert {key: one.model_dump() for key, one in deals.items()} == {
            key: rows.execution_row(one) for key, one in expected.items()
        }
    engine.dispose()
