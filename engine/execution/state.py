"""Where everything the simulator knows lies: names for the cells of its flat arrays."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol, overload


class Cells(Protocol):
    """A column of whole numbers: an int64 array under numba, a memoryview of one in Python."""

    # the number at an index; the numbers of a stretch, of which no copy is made
    @overload
    def __getitem__(self, index: int, /) -> int: ...
    @overload
    def __getitem__(self, index: slice, /) -> Cells: ...

    def __setitem__(self, index: int, value: int, /) -> None:
        """Put a number at `index`."""
        ...

    def __len__(self) -> int:
        """How many numbers there are."""
        ...


# --- the book: the account, the bar at hand, the rules, the open positions -------------------
# account
NEXT_ROW: Final = 0  # the first row not simulated yet
NEXT_OFFER: Final = 1  # the first intent not offered yet
OLDEST: Final = 2  # no intent before this one waits for its entry
WAITING: Final = 3  # intents waiting for their entry
OPEN: Final = 4  # open positions
CASH: Final = 5  # equity of closed trades
TOP: Final = 6  # the highest CASH so far
DATE: Final = 7  # index of the trading date
DATE_CASH: Final = 8  # CASH when that date began
IS_REDUCED: Final = 9
IS_LATCHED: Final = 10
TRADES: Final = 11
WINS: Final = 12
WON: Final = 13  # sum of the net results above 0
LOST: Final = 14  # minus the sum of the others
WRITTEN: Final = 15  # records written by the present call
FAULT: Final = 16  # 1: money left the range in which it is counted exactly

# the bar at hand
BAR_OPEN: Final = 17
BAR_HIGH: Final = 18
BAR_LOW: Final = 19
BAR_CLOSE: Final = 20
BAR_OVER: Final = 21  # 1: the date's session is over when it opens
BAR_CLOSING: Final = 22  # 1: the date's session ends with it
BAR_TRAIL: Final = 23  # SHORT's, then LONG's; NA where not known
BAR_LEAVE: Final = 25  # SHORT's, then LONG's: number from 1 of the exit condition, 0: none

# shape
TARGETS: Final = 27
FLATTENS: Final = 28  # 1: positions are closed at the end of a session
SILENT: Final = 29  # 1: nobody hears of intents, refusals and moves; only fills, exits, round trips
RULES: Final = 30  # where the rules of SHORT begin

# rules: so many cells for each side; shares and multiples of risk in millionths, -1: absent
ORDER: Final = 0
VALID: Final = 1
METHOD: Final = 2
PER_TRADE: Final = 3
FIXED_SIZE: Final = 4
MINIMUM: Final = 5
MAXIMUM: Final = 6
KELLY_FRACTION: Final = 7
REDUCE_AT: Final = 8
REDUCE_TO: Final = 9
LATCH_AT: Final = 10
DAILY_LOSS: Final = 11
RR_MIN: Final = 12
POSITIONS: Final = 13
AFTER: Final = 14  # rows, 0: no limit
EVEN: Final = 15  # 1: there is a break-even rule
EVEN_TARGET: Final = 16  # index, -1: by EVEN_R
EVEN_R: Final = 17
EVEN_OFFSET: Final = 18
TRAILS: Final = 19
TRAIL_R: Final = 20
LEAVES: Final = 21
TICK_VALUE: Final = 22
COMMISSION: Final = 23
SLIPPAGE: Final = 24
STOP_FIRST: Final = 25
FLAT_LATER: Final = 26  # 1: out at the first price after the session, not at its last close
RULE_CELLS: Final = 27

SHARES: Final = RULES + 2 * RULE_CELLS
"""Where the share of each target stands; the positions, oldest first, follow."""

# positions: these cells, and one for each target with its contracts (-1: reached)
INTENT: Final = 0
SIDE: Final = 1
ENTERED: Final = 2  # row of the entry
BOOKED: Final = 3  # index of the trading date of the entry
RAW: Final = 4  # entry price before slippage: the first price the position met
PRICE: Final = 5  # entry price
STOP_AT: Final = 6  # where the stop is now
FIRST_STOP: Final = 7
CONTRACTS: Final = 8
LEFT: Final = 9  # contracts not out yet
GROSS: Final = 10  # of the parts already out
COSTS: Final = 11
AGAINST: Final = 12  # largest excursions in ticks, >= 0
FAVOUR: Final = 13
NEAREST: Final = 14  # sign x price of the nearest target not reached yet
MOVED_EVEN: Final = 15  # 1: break-even has been dealt with
LEAVING: Final = 16  # reason of the market exit due at the next open, 0: none
LAST_REASON: Final = 17
PARTS: Final = 18  # the first target's contracts

# --- the offers: these cells for each intent, and one for each target with its price ---------
OFFER_ROW: Final = 0
OFFER_SIDE: Final = 1
OFFER_CLOSE: Final = 2
OFFER_PRICE: Final = 3
OFFER_STOP: Final = 4
OFFER_ATR: Final = 5  # in 2**-20 ticks, rounded up; -1: not known
OFFER_PLANNED: Final = 6  # contracts; above 0 as long as it waits for its entry
OFFER_PLACED: Final = 7  # index of the trading date of its decision
OFFER_TARGETS: Final = 8

MONEY_LIMIT: Final = 1 << 60
"""No amount may pass this: the next trade still fits into an int64 then."""


class Tape(NamedTuple):
    """What is only read, an entry a row or a trading date.

    `closing[d]` is the row at whose close positions of date d must be out (-1: not known to be
    one), `over[d]` the first row that is past it. `trail_*` (ticks, NA) and `leave_*` (0, or the
    number from 1 of the first exit condition that is true) are empty where no rule reads them.
    """

    open: Cells
    high: Cells
    low: Cells
    close: Cells
    start: Cells
    closing: Cells
    over: Cells
    trail_short: Cells
    trail_long: Cells
    leave_short: Cells
    leave_long: Cells


class Desk(NamedTuple):
    """What is written: the `book`, the `offers` (intents), the `records`.

    Three arrays and no more: numba counts references to each one at every call.
    """

    book: Cells
    offers: Cells
    records: Cells
