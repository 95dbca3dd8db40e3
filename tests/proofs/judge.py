"""The judge: what the gateway knows to have happened, against what the journal says.

Everything is measured at the gateway. The journal is asked only whether it knows all of it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from adapters.database.reader import JournalReader
from adapters.ib.ears import execution_key
from engine.live import events as ev
from engine.live import words
from engine.live.identity import leg_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from adapters.gateway.gateway import Gateway
    from adapters.gateway.orders import Execution, Order

FIVE_SECONDS = 5.0

DUPLICATE = "duplicate entry"
NAKED = "no armed stop for over 5 s"
ORPHAN = "orphan order"
LOST = "lost or doubled execution"
UNWRITTEN = "order that is not in the journal"
OPEN = "position at the end"
UNSOUND = "journal that is not sound"
DIFFERS = "another end than the uninterrupted run's, and not flat"
STUCK = "run that did not end"
RAISED = "error that nobody caught"
KINDS = (DUPLICATE, NAKED, ORPHAN, LOST, UNWRITTEN, OPEN, UNSOUND, DIFFERS, STUCK, RAISED)
"""Everything that must never be."""


@dataclass
class Verdict:
    """What was found: violations by kind, the first of each with its place, and how much it was."""

    violations: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    orders: int = 0
    fills: int = 0
    naked: float = 0.0

    def note(self, what: str, where: str) -> None:
        """Something that must not be."""
        self.violations[what] += 1
        self.first.setdefault(what, where)

    def __iadd__(self, other: Verdict) -> Self:
        """Both together."""
        self.violations += other.violations
        self.first = other.first | self.first
        self.orders += other.orders
        self.fills += other.fills
        self.naked = max(self.naked, other.naked)
        return self


def judged(gateway: Gateway, journal: Path, where: str, *, alone: bool = True) -> Verdict:
    """The gateway and the journal of a run that has ended.

    `alone`: nobody else trades on the account, so every position there is ours to protect.
    """
    truth = gateway.truth
    mine = [one for one in truth.orders if leg_of(one.ticket.ref) is not None]
    fills = [one for one in truth.executions if leg_of(one.order.ticket.ref) is not None]
    made = Verdict(orders=len(mine), fills=len(fills), naked=truth.longest_naked if alone else 0.0)
    if alone and truth.longest_naked > FIVE_SECONDS:
        made.note(NAKED, f"{where}: {truth.longest_naked:.1f} s from {truth.naked_at}")
    for name in entered_twice(mine, fills):
        made.note(DUPLICATE, f"{where}: {name}")
    held = sum(one.order.ticket.sign * one.quantity for one in fills)
    if held:
        made.note(OPEN, f"{where}: {held}")
    elif living := [one.ticket.ref for one in mine if not one.done]:
        made.note(ORPHAN, f"{where}: {living[:3]}")
    _read(journal, mine, fills, made, where)
    return made


def entered_twice(mine: Iterable[Order], fills: Iterable[Execution]) -> list[str]:
    """Setups of which more was entered than one entry order asks for."""
    wanted: dict[str, int] = {}
    for order in mine:
        leg = leg_of(order.ticket.ref)
        if leg is not None and leg.role.opens:
            wanted.setdefault(leg.family, order.ticket.quantity)
    entered: Counter[str] = Counter()
    for one in fills:
        leg = leg_of(one.order.ticket.ref)
        if leg is not None and leg.role.opens:
            entered[leg.family] += one.quantity
    return sorted(name for name, count in entered.items() if count > wanted[name])


def _read(
    journal: Path, mine: list[Order], fills: list[Execution], made: Verdict, where: str
) -> None:
    """What the journal has to say of it."""
    with JournalReader.open(journal) as reader:
        try:
            reader.verify()
        except Exception as unsound:  # noqa: BLE001 - whatever it is, it is a finding
            made.note(UNSOUND, f"{where}: {unsound!r}"[:300])
        events = [event for _, event in reader.events()]
    asked = {one.leg.ref for event in events if isinstance(event, ev.Planned)
             for one in event.family.asked}  # fmt: skip
    asked |= {event.asked.leg.ref for event in events if isinstance(event, ev.Wanted)}
    for order in mine:
        if order.ticket.ref not in asked:
            made.note(UNWRITTEN, f"{where}: {order.ticket.ref}")
    booked = Counter(
        (event.execution.key, event.execution.revision)
        for event in events
        if isinstance(event, words.Executed)
    )
    told = Counter(execution_key(one.id) for one in fills)
    keys, booked_keys = {key for key, _ in told}, {key for key, _ in booked}
    if keys != booked_keys or any(count > 1 for count in booked.values()):
        lost, more = sorted(keys - booked_keys), sorted(booked_keys - keys)
        made.note(LOST, f"{where}: {len(lost)} lost {lost[:2]}, {len(more)} made up {more[:2]}")
