"""Families, orders and executions as a broker might hold them, for the tests of `engine.live`."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from adapters.instruments import INSTRUMENTS
from engine.domain.order import Action, Order, OrderKind
from engine.execution.terms import Terms
from engine.live.family import Asked, Family, Phase
from engine.live.holdings import Execution, HeldOrder, Holdings, OrderState
from engine.live.identity import Leg, Role, Signal
from engine.live.recipe import Chosen, File, Moments, Recipe

NQ = 620_731_015
SIGNAL = Signal("ab" * 32, NQ, 29_460_391, "2026-01-06/short/1")
FAMILY = SIGNAL.family
ENTRY, STOP, TARGET, EXIT = (Leg(FAMILY, role) for role in Role)
KINDS = {
    Role.ENTRY: OrderKind.MARKET,
    Role.STOP: OrderKind.STOP,
    Role.TARGET: OrderKind.LIMIT,
    Role.EXIT: OrderKind.MARKET,
}
PRICES = {Role.ENTRY: None, Role.STOP: 102_372, Role.TARGET: 101_000, Role.EXIT: None}


def asked(leg: Leg, contracts: int = 2) -> Asked:
    """An order of ours on this leg, of a short setup."""
    action = Action.SELL if leg.role.opens else Action.BUY
    price = PRICES[leg.role]
    return Asked(leg, Order(leg.ref, action, KINDS[leg.role], contracts, price))


def recipe(strategy: str = SIGNAL.strategy, text: str = "lang: 1\n") -> Recipe:
    """What a program is made of; nobody compiles it."""
    return Recipe(
        strategy=strategy,
        name="slob",
        file="/s.yaml",
        files=(File("s.yaml", text),),
        values=(Chosen("rr_min", "1.5"),),
        instrument=INSTRUMENTS["NQ"],
        events=(Moments("news", (29_460_000, 29_460_391)),),
        terms=Terms(),
    )


def family(phase: Phase, *executions: Execution, contracts: int = 2) -> Family:
    """A short setup with entry, stop and target."""
    legs = tuple(asked(leg, contracts) for leg in (ENTRY, STOP, TARGET))
    return Family(SIGNAL, Action.SELL, phase, legs, executions)


def held(  # the words of a broker, one a field
    leg: Leg,
    state: OrderState = OrderState.WORKING,
    contracts: int = 2,
    filled: int = 0,
    permanent: int | None = None,
) -> HeldOrder:
    """An order at the broker."""
    order = asked(leg, contracts).order
    number = list(Role).index(leg.role) + 10 * leg.attempt
    return HeldOrder(
        ref=leg.ref,
        permanent=permanent if permanent is not None else 7_000 + number,
        number=number,
        client=7,
        contract=NQ,
        action=order.action,
        kind=order.kind,
        price=order.price,
        contracts=contracts,
        filled=filled,
        state=state,
    )


def execution(leg: Leg, contracts: int = 2, key: str = "", revision: int = 1) -> Execution:
    """Contracts that changed hands on a leg."""
    return Execution(
        key=key or f"{leg.role}{leg.attempt}",
        revision=revision,
        ref=leg.ref,
        permanent=7_000,
        contract=NQ,
        action=asked(leg).order.action,
        contracts=contracts,
        price=Decimal("25500.25"),
        minute=SIGNAL.minute + 1,
    )


def legs() -> st.SearchStrategy[Leg]:
    """Legs of the family, with attempts."""
    return st.builds(
        Leg, st.just(FAMILY), st.sampled_from(Role), st.integers(0, 3), st.integers(0, 3)
    )


def orders() -> st.SearchStrategy[HeldOrder]:
    """Orders of the family in any state, sometimes twice."""
    return st.builds(
        held,
        legs(),
        st.sampled_from(OrderState),
        st.integers(1, 3),
        st.just(0),
        st.integers(1, 4),
    )


def executions() -> st.SearchStrategy[list[Execution]]:
    """Executions of the family: repeated, corrected, in any order."""
    one = st.builds(
        execution,
        legs(),
        st.integers(1, 3),
        st.sampled_from(["a", "b", "c", "d"]),
        st.integers(1, 3),
    )
    return st.lists(one, max_size=6)


def holdings() -> st.SearchStrategy[Holdings]:
    """Anything a broker may answer."""
    return st.builds(
        Holdings,
        st.dictionaries(st.just(NQ), st.integers(-3, 3)),
        st.lists(orders(), max_size=5).map(tuple),
        executions().map(tuple),
    )
