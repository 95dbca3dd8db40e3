"""What execution says about a run: one row of whole numbers an event, in order of bars.

Every record has the same columns; those a kind does not fill are 0 (`INTENT`: -1 for
records of the account). Prices and distances are ticks, money is in `Money` units.

==========  ================================================================================
kind        columns it fills besides ROW, KIND, INTENT, SIDE, REASON
==========  ================================================================================
INTENT      PRICE decided at, CONTRACTS planned (0 where refused at once), STOP
REFUSED     PRICE it would have had, CONTRACTS planned; REASON
CANCELLED   PRICE decided at, CONTRACTS planned; REASON
FILL        the entry: PRICE, CONTRACTS, COMMISSION, STOP
MOVE        PRICE the stop was at, STOP where it is now; REASON
EXIT        PRICE, CONTRACTS, COMMISSION, GROSS of this part, ENTERED; REASON
CLOSED      the round trip: CONTRACTS, COMMISSION, GROSS, NET, EQUITY and PEAK after it,
            STOP the first one, MAE, MFE, ENTERED; REASON of the last exit
REDUCED     EQUITY, PEAK: from here on the risk share is reduced
RESTORED    EQUITY, PEAK: from here on it is whole again
LATCH       EQUITY, PEAK: no new entries until a person clears the latch
==========  ================================================================================
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsl.ir.program import Program


class Kind(IntEnum):
    """The kinds of records."""

    INTENT = 0
    REFUSED = 1
    CANCELLED = 2
    FILL = 3
    MOVE = 4
    EXIT = 5
    CLOSED = 6
    REDUCED = 7
    RESTORED = 8
    LATCH = 9


class Reason(IntEnum):
    """Why, as far as it does not depend on the program; its targets and exits come after these."""

    NONE = 0
    POSITION_OPEN = 1  # as many positions are open as may be
    DRAWDOWN_LATCH = 2
    DAILY_LOSS = 3
    TOO_SMALL = 4  # below the smallest size; the program has its own name for it
    SIZE_UNKNOWN = 5  # the stop is not beyond the decision price, or the ATR is not known
    SESSION_OVER = 6
    FILL_BEYOND_STOP = 7
    RR_AFTER_FILL = 8
    ENTRY_EXPIRED = 9
    STOP = 10
    SESSION_END = 11
    TIME = 12
    BREAK_EVEN = 13
    TRAIL = 14


ROW: Final = 0  # the bar it happened on
KIND: Final = 1  # a `Kind`
INTENT: Final = 2  # index into `Intents`
SIDE: Final = 3  # 0 SHORT, 1 LONG
REASON: Final = 4  # index into `reason_names`
PRICE: Final = 5
CONTRACTS: Final = 6
COMMISSION: Final = 7
GROSS: Final = 8  # before commission
NET: Final = 9  # after commission
EQUITY: Final = 10
PEAK: Final = 11  # the highest equity so far
STOP: Final = 12
MAE: Final = 13  # the largest move against the position, in ticks, >= 0
MFE: Final = 14  # the largest move in its favour, in ticks, >= 0
ENTERED: Final = 15  # the row of the entry fill
WIDTH: Final = 16


def reason_names(program: Program) -> tuple[str, ...]:
    """The name of each number a record's REASON may hold: fixed ones, targets, exit conditions."""
    fixed = [reason.name.lower() for reason in Reason]
    fixed[Reason.NONE] = ""
    fixed[Reason.TOO_SMALL] = program.risk.reason
    targets = [target.name for target in program.targets]
    return (*fixed, *targets, *(condition.name for condition in program.exits.when))
