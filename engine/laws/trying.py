"""How a law is tried: on a stretch that chance chooses, until something violates it."""

from __future__ import annotations

from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from engine.laws.ground import Ground

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from random import Random

    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market
    from engine.laws.violation import Violation
    from engine.run import Strategy

NO_EVENTS: Final[Mapping[str, Ints]] = MappingProxyType({})


class Check(Protocol):
    """A law being tried once."""

    def __call__(
        self,
        strategy: Strategy,
        market: Market,
        calendars: Calendars,
        rng: Random,
        events: Mapping[str, Ints] = ...,
    ) -> Violation | None:
        """The first violation found, None where there is none.

        `events`: the instants of each event list of the program, as `run_batch` takes them.
        """
        ...


Samples: TypeAlias = "Callable[[Ground, Random], Iterator[Violation | None]]"
"""A law told as samples: what each of them found, tried one after another."""


def tried_on(most: int) -> Callable[[Samples], Check]:
    """Makes a check of a law: on whole dates of `most` bars at most, up to the first violation."""

    def made(samples: Samples) -> Check:
        @wraps(samples)
        def check(
            strategy: Strategy,
            market: Market,
            calendars: Calendars,
            rng: Random,
            events: Mapping[str, Ints] = NO_EVENTS,
        ) -> Violation | None:
            ground = Ground(strategy, market, calendars, events).stretch(rng, most)
            return next((found for found in samples(ground, rng) if found is not None), None)

        return check

    return made
