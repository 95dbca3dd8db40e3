"""The price steps of a contract, by its price: IB's market rules, held against the spec's tick.

A backtest knows one step, the tick. Where the exchange takes prices only in coarser steps, an order
goes to the next of them: a stop away from the entry, a target towards it, and an entry never
to a worse price than was asked for.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from adapters.ib.port import Rung, UnknownContract
from engine.domain.order import Action, OrderKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dsl.ir.program import Instrument

Ladder = tuple[Rung, ...]
"""Its steps, rising; none where all of them are the tick or part of it."""


def ladder_of(instrument: Instrument, steps: Iterable[tuple[float, float]]) -> Ladder:
    """The ladder of a market rule, of pairs of the price from which a step counts and the step.

    Raises `UnknownContract` where the tick is finer than every step, or does not go with one.
    """
    tick, name = instrument.tick, instrument.symbol
    rungs = tuple(sorted(Rung(_exact(low), _exact(step)) for low, step in steps))
    if not rungs:
        return ()
    finest = min(rung.step for rung in rungs)
    if finest <= 0:
        raise UnknownContract(f"{name}: IB gives a price step of {_text(finest)}")
    if tick < finest:
        raise UnknownContract(
            f"{name}: the tick is {_text(tick)} in the spec, and prices at IB come in steps of "
            f"{_text(finest)} or more: write that tick, nothing is traded until they agree"
        )
    for rung in rungs:
        if (rung.step / tick).denominator != 1 and (tick / rung.step).denominator != 1:
            raise UnknownContract(
                f"{name}: from {_text(rung.low)} on prices at IB come in steps of "
                f"{_text(rung.step)}, which do not go with the spec's tick of {_text(tick)}: "
                "write one of which the steps are whole multiples"
            )
    return rungs if any(rung.step > tick for rung in rungs) else ()


def on_ladder(
    ticks: int, tick: Fraction, ladder: Ladder, *, kind: OrderKind, action: Action, opens: bool
) -> int:
    """The price at which an order goes, in ticks: its own where that is on the ladder.

    `opens`: it is an entry.
    """
    patient = opens and kind is OrderKind.LIMIT
    upwards = (action is Action.BUY) is not patient
    while ladder:
        size = _size(ticks, tick, ladder)
        goes = -(-ticks // size) * size if upwards else ticks // size * size
        if goes == ticks:
            break
        ticks = goes  # perhaps into coarser steps
    return ticks


def _size(ticks: int, tick: Fraction, ladder: Ladder) -> int:
    """The step at a price, in ticks."""
    steps = [rung.step for rung in ladder if rung.low <= ticks * tick]
    step = steps[-1] if steps else ladder[0].step
    return max(1, int(step / tick))


def _exact(price: float) -> Fraction:
    return Fraction(repr(float(price)))


def _text(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else repr(float(value))
