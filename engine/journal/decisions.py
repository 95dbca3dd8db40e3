"""What the machine says about a market: one row of whole numbers an event, in order of bars.

A decision row is a tuple of int64: `ROW, KIND, DAY, ORDINAL, STARTED, STAGE, CAUSE` and then the
program's values for that kind of event (`engine.machine.layout` names them). The journal
turns rows into sentences when somebody reads it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Decision(IntEnum):
    """The kinds of decision rows."""

    START = 0
    ADVANCE = 1
    DEAD = 2
    ENTRY = 3


ROW: Final = 0  # the bar it happened on
KIND: Final = 1  # a `Decision`
DAY: Final = 2  # index of the trading date on which the candidate started
ORDINAL: Final = 3  # 1, 2, ... among the candidates of that date and side
STARTED: Final = 4  # the bar the candidate started on
STAGE: Final = 5  # the stage it was in before; for ADVANCE and ENTRY the stage it left; -1: none
CAUSE: Final = 6  # ADVANCE: index of the stage reached; DEAD: index of the reason; ENTRY: stop case
VALUES: Final = 7  # the first of the program's values
