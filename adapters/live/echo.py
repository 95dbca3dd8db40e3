"""Whether the broker has our orders as we sent them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.live.books import Books
    from engine.live.holdings import HeldOrder


def changed(books: Books, told: HeldOrder) -> str:
    """What the broker made of an order of ours that we did not ask for; empty: nothing.

    Entries are good for the day, ways out until cancelled; all of them outside regular hours, too.
    """
    leg = told.leg
    family = None if leg is None else books.families.get(leg.family)
    if leg is None or family is None:
        return ""
    asked = next((one.order for one in family.asked if one.leg == leg), None)
    if asked is None or told.state.is_over:
        return ""
    wanted = {
        "side": (asked.action.value, told.action.value),
        "kind": (asked.kind.value, told.kind.value),
        "contracts": (asked.contracts, told.contracts),
        "price": (asked.price, told.price if told.price is not None else asked.price),
        "duration": ("DAY" if leg.role.opens else "GTC", told.lasts),
        "outside regular hours": (True, told.outside_hours),
    }
    return ", ".join(
        f"{name} {theirs} instead of {ours}"
        for name, (ours, theirs) in wanted.items()
        if ours != theirs
    )
