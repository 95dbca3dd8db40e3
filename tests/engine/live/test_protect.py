"""How long a position may be exposed, and what ends the patience."""

from __future__ import annotations

import pytest

from engine.domain.order import Action, OrderKind
from engine.live import events as ev
from engine.live import words
from engine.live.books import Books
from engine.live.family import Phase
from engine.live.holdings import HeldOrder, OrderState
from engine.live.identity import Leg, Role
from engine.live.protect import Naked, Remedy
from engine.live.standing import Repairs, repairs_of
from engine.live.trader import way_out
from tests.support.broker_words import FAMILY, family

PATIENCE = 3_000
NOTHING = Repairs(refused=0, lost=0)


def test_patience_runs_from_the_first_look_and_begins_anew_after_a_repair() -> None:
    naked = Naked({}).seen("a", 1_000).seen("b", 2_000).seen("a", 3_999)

    assert naked.remedy("a", 3_999, NOTHING, PATIENCE) is Remedy.PROTECT
    assert naked.remedy("a", 4_000, NOTHING, PATIENCE) is Remedy.FLATTEN
    assert naked.remedy("b", 4_000, NOTHING, PATIENCE) is Remedy.PROTECT
    again = naked.over("a").seen("a", 4_000)
    assert again.remedy("a", 6_999, NOTHING, PATIENCE) is Remedy.PROTECT


@pytest.mark.parametrize(
    ("failed", "remedy"),
    [
        (Repairs(refused=1, lost=0), Remedy.FLATTEN),
        (Repairs(refused=0, lost=1), Remedy.PROTECT),
        (Repairs(refused=0, lost=2), Remedy.FLATTEN),
    ],
)
def test_a_repair_is_tried_again_only_if_it_got_lost_once(failed: Repairs, remedy: Remedy) -> None:
    assert Naked({"a": 0}).remedy("a", 0, failed, PATIENCE) is remedy


def test_repairs_are_counted_from_the_journal_and_one_crash_counts_once() -> None:
    lost, refused = OrderState.LOST, OrderState.REJECTED
    later = [
        (Leg(FAMILY, Role.STOP, 0, 1), lost),
        (Leg(FAMILY, Role.STOP, 1, 1), lost),
        (Leg(FAMILY, Role.STOP, 0, 2), refused),
        (Leg(FAMILY, Role.STOP, 0, 3), OrderState.WORKING),
        (Leg(FAMILY, Role.EXIT, 0, 1), refused),
    ]
    books = Books().after([ev.Planned(1, family(Phase.HOLDING))])
    for number, (leg, state) in enumerate(later):
        asked = way_out(Action.SELL, leg, 1, None if leg.role is Role.EXIT else 110)
        told = HeldOrder(
            leg.ref, -number, number, 0, 1, Action.BUY, OrderKind.STOP, 110, 1, 0, state
        )
        books = books.after([ev.Wanted(2, FAMILY, asked), words.Told(3, told)])

    assert repairs_of(books, books.families[FAMILY]) == Repairs(refused=1, lost=1)
