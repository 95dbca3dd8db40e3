"""The mirror: one side in the reflected market is the other side in the market."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from engine.execution import records as out
from engine.laws.ground import Ground
from engine.laws.repeated import NONE
from engine.laws.violation import Pair, Violation
from engine.run import Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from dsl.ir.program import Program, Side
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market

ROWS: Final = 20_000
PRICES: Final = (out.PRICE, out.STOP)


def mirror(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    rng: Random,
    events: Mapping[str, Ints] = NONE,
) -> Violation | None:
    """The side made by mirror trades the reflected market as the written side trades the market.

    Parameters that differ by side are set to the written side's. A strategy of one side has
    nothing to reflect.
    """
    program = strategy.program
    written, other = program.written, program.written.other
    if other not in program.sides:
        return None
    ground = Ground(strategy, market, calendars, events).stretch(rng, ROWS)
    alone = replace(ground, strategy=Strategy(one_sided(program, written)))
    image = replace(ground, strategy=Strategy(one_sided(program, other))).on(
        ground.market.reflected()
    )
    run, reflected = alone.batch(), image.batch()
    pair = Pair("mirror", program, ground.market,
                f"{written} in the market", f"{other} in the reflected market")  # fmt: skip
    found = pair.decisions({written: run.decisions[written]}, {written: reflected.decisions[other]})
    return found or pair.records(run.records, turned(reflected.records))


def one_sided(program: Program, side: Side) -> Program:
    """The program with one side only, both sides with the parameters of the written one."""
    as_written = tuple(
        replace(param, short=value, long=value)
        for param, value in zip(program.params, program.side_params(program.written), strict=True)
    )
    return replace(program, sides=(side,), params=as_written)


def turned(records: Ints) -> Ints:
    """Records as they are in the reflected market: prices negated, sides swapped."""
    image = records.copy()
    image[:, PRICES] *= -1
    of_a_side = image[:, out.INTENT] >= 0
    image[of_a_side, out.SIDE] = 1 - image[of_a_side, out.SIDE]
    return image
