"""Between backtrader's floats and our whole numbers: exact both ways, or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.backtrader import VenueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dsl.ir.program import Instrument

EPOCH_DAY: Final = 719_163
"""1970-01-01 as backtrader counts days."""
DAY: Final = 1440
_MOST: Final = float(1 << 52)
_SAME: Final = 1e-3
"""How far off, in ticks or minutes, a float may lie that stands for a whole number."""


class Grid:
    """The instrument's ticks and lots as backtrader sees them."""

    def __init__(self, instrument: Instrument) -> None:
        """Of one instrument."""
        self.instrument = instrument
        self._tick = instrument.tick.as_integer_ratio()
        self._step = instrument.volume_step.as_integer_ratio()

    def price(self, ticks: int) -> float:
        """The price of so many ticks: the float nearest to it."""
        above, below = self._tick
        return ticks * above / below

    def prices(self, ticks: Sequence[int]) -> list[float]:
        """The same of many."""
        above, below = self._tick
        return [one * above / below for one in ticks]

    def ticks(self, price: float) -> int:
        """The ticks of a price. Raises `VenueError` for one that is not on the grid."""
        above, below = self._tick
        exact = price * below / above
        if not abs(exact) < _MOST or abs(exact - (ticks := round(exact))) > _SAME:
            raise VenueError(
                f"the price {price!r} is not on the tick grid of {self.instrument.symbol} "
                f"({float(self.instrument.tick):g}): feed prices as traded, not adjusted ones"
            )
        return ticks

    def lots(self, volume: float) -> int:
        """A volume in steps; one that is not known (NaN) is 0."""
        above, below = self._step
        return 0 if volume != volume else round(volume * below / above)  # noqa: PLR0124 - NaN

    def volumes(self, lots: Sequence[int]) -> list[float]:
        """Steps of volume as backtrader's numbers."""
        above, below = self._step
        return [one * above / below for one in lots]


def moment_of(minute: int) -> float:
    """Minutes since 1970 UTC as backtrader counts time, in days."""
    day, rest = divmod(minute, DAY)
    return EPOCH_DAY + day + rest / DAY


def minute_of(moment: float) -> int:
    """The reverse. Raises `VenueError` for a time that is not a whole minute."""
    exact = (moment - EPOCH_DAY) * DAY
    if abs(exact - round(exact)) > _SAME:
        raise VenueError(
            "a bar's time is not a whole minute: feed bars stamped with their open or their close"
        )
    return round(exact)
