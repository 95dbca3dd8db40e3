"""The setups that are alive in a session, for people to look at: where each is, and its levels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dsl.ir.expression import Kind, TrackerField
from engine.domain.market import NA
from engine.journal.units import Sort, Units, date_text
from engine.machine.layout import DAY, LIVE, ORDINAL, STAGE, STAGE_MINUTE, START_MINUTE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dsl.ir.program import Side
    from engine.machine.layout import Layout
    from engine.session import Session


@dataclass(frozen=True, slots=True)
class Alive:
    """A setup that is neither entered nor over. Minutes are since the epoch, levels in ticks.

    `levels`: what it holds that is a price, by the name the strategy gave it.
    """

    name: str
    side: Side
    stage: str
    started: int
    since: int
    levels: Mapping[str, int] = field(default_factory=dict)


def alive_in(session: Session) -> Iterator[Alive]:
    """The setups that are alive after the last bar, oldest first, a side after the other."""
    program = session.strategy.program
    for side, machine in session.strategy.machines.items():
        layout, state = machine.layout, session.states[side]
        sign = 1 if side is program.written else -1
        prices = _prices(layout)
        words = state.ints.reshape(-1, layout.ints)[: int(state.own[LIVE])].tolist()
        for cells in words:
            date = date_text(session.date(cells[DAY]))
            yield Alive(
                name=f"{date}/{side}/{cells[ORDINAL]}",
                side=side,
                stage=layout.stage_names[cells[STAGE]],
                started=cells[START_MINUTE],
                since=cells[STAGE_MINUTE],
                levels={
                    name: sign * cells[cell]
                    for name, cell, row in prices
                    if cells[cell] != NA and (row is None or cells[row] >= 0)
                },
            )


def _prices(layout: Layout) -> list[tuple[str, int, int | None]]:
    """The fields that are prices: name, word, and the word that says whether there is one."""
    units = Units(layout.program)
    found = []
    for (owner, name), slot in layout.slots.items():
        if slot.kind is not Kind.INT:
            continue
        if units.sort(TrackerField(owner, name, slot.kind, now=False)) is Sort.PRICE:
            row = layout.slots.get((owner, "row"))
            title = owner if name == "value" else f"{owner}.{name}"
            found.append((title, slot.index, None if row is None else row.index))
    return found
