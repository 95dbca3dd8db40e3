"""The mirror: one side in the reflected market is the other side in the market."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from engine.execution import records as out
from engine.laws.trying import tried_on
from engine.laws.violation import Pair
from engine.run import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from dsl.ir.program import Program, Side
    from engine.domain.market import Ints
    from engine.laws.ground import Ground
    from engine.laws.violation import Violation

ROWS: Final = 20_000
PRICES: Final = (out.PRICE, out.STOP)


@tried_on(ROWS)
def mirror(ground: Ground, _: Random) -> Iterator[Violation | None]:
    """The side made by mirror trades the reflected market as the written side trades the market.

    Parameters that differ by side are set to the written side's. A strategy of one side has
    nothing to reflect.
    """
    program = ground.strategy.program
    written, other = program.written, program.written.other
    if other not in program.sides:
        return
    alone = replace(ground, strategy=Strategy(one_sided(program, written)))
    image = replace(ground, strategy=Strategy(one_sided(program, other))).on(
        ground.market.reflected()
    )
    run, reflected = alone.batch(), image.batch()
    pair = Pair("mirror", program, ground.market,
                f"{written} in the market", f"{other} in the reflected market")  # fmt: skip
    yield pair.decisions({written: run.decisions[written]}, {written: reflected.decisions[other]})
    yield pair.records(run.records, turned(reflected.records))


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
