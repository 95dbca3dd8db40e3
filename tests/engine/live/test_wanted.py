"""The difference between what is wanted of a position and what lives."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from engine.live.family import Asked, Family, Phase
from engine.live.holdings import HeldOrder, OrderState
from engine.live.identity import Leg, Role
from engine.live.standing import Standing
from engine.live.trader import group, way_out
from engine.live.wanted import Difference, Wish, difference, left_in
from tests.support.broker_words import ENTRY, FAMILY, STOP, TARGET, execution, family, held

IN = execution(ENTRY)
WISH = Wish(102_372, {0: 101_000}, out=False)
PLACES = (2, 0)


def grouped(*extra: Asked) -> Family:
    """A filled short whose stop and target share a group."""
    plain = family(Phase.HOLDING, IN)
    legs = tuple(
        one if one.leg.role.opens
        else replace(one, order=replace(one.order, group=group(FAMILY, 0)))
        for one in plain.asked
    )  # fmt: skip
    return replace(plain, asked=(*legs, *extra))


def of(
    found: Family, *orders: HeldOrder, wish: Wish = WISH, unheard: tuple[str, ...] = ()
) -> Difference:
    living = [(leg, one) for one in orders if (leg := one.leg) is not None]
    return difference(found, PLACES, wish, Standing(living, set(unheard)))


def test_what_is_as_it_should_be_needs_nothing() -> None:
    assert of(grouped(), held(STOP), held(TARGET)) == Difference()


def test_a_stop_that_is_asleep_is_no_stop() -> None:
    found = of(grouped(), held(STOP, OrderState.HELD), held(TARGET))

    assert [one.leg for one in found.sends] == [STOP.again]
    assert found.cancels == ()


def test_a_stop_on_its_way_is_not_sent_again() -> None:
    assert of(grouped(), held(TARGET), unheard=(STOP.ref,)).sends == ()


def test_the_old_stop_goes_when_the_new_one_is_armed() -> None:
    moved = way_out(grouped().action, STOP.again, 2, 102_000)
    wish = replace(WISH, stop=102_000)
    first = of(grouped(), held(STOP), held(TARGET), wish=wish)
    assert [one.order.price for one in first.sends] == [102_000]
    assert first.cancels == ()

    new = replace(held(STOP.again), price=102_000)
    then = of(grouped(moved), held(STOP), new, held(TARGET), wish=wish)
    assert (then.sends, then.cancels) == ((), (held(STOP),))


def test_a_way_out_shares_the_group_of_its_stop() -> None:
    (way,) = of(grouped(), held(STOP), held(TARGET), wish=replace(WISH, out=True)).sends

    assert (way.leg.role, way.order.group, way.order.contracts) == (Role.EXIT, group(FAMILY, 0), 2)


def test_a_group_that_did_its_work_is_followed_by_a_new_one() -> None:
    partly = grouped().with_executions([execution(TARGET, 1)])
    found = of(partly, held(TARGET, filled=1))

    assert [one.order.group for one in found.sends] == [group(FAMILY, 0, 1)]
    assert [one.order.contracts for one in found.sends] == [1]


def test_what_has_left_needs_no_orders() -> None:
    out = grouped().with_executions([execution(TARGET, 2)])

    assert of(out, held(STOP)).cancels == (held(STOP),)


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=4),
)
def test_the_places_hold_what_is_held(places: list[int], exits: list[tuple[int, int]]) -> None:
    done = [execution(ENTRY, sum(places), "in")] if sum(places) else []
    for number, (place, size) in enumerate(exits):
        done.append(execution(Leg(FAMILY, Role.STOP, place), size, f"out {number}"))
    found = family(Phase.HOLDING, *done)
    left = left_in(found, places)

    assert min(left) >= 0
    assert sum(left) == max(0, found.held)
