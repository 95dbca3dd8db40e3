"""What the broker's codes mean to us: one table.

No code changes an order by itself, except the few that refuse an order which was never
acknowledged. Everything else that names an order annotates it, and the broker is asked how it
stands: a code that nobody knows, too. Sources: IB's message codes, and what other systems learnt
(`ib.md` section 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Meaning(StrEnum):
    """What kind of thing a code tells."""

    NOTICE = "notice"  # good to know
    DATA = "data"  # about market data or history
    LINK = "link"  # about the connection
    REFUSAL = "refusal"  # an order is refused, if it was never acknowledged; else it is asked for
    DOUBT = "doubt"  # an order may not be as we think: ask


class Change(StrEnum):
    """What a code changes besides."""

    NONE = ""
    FARM_DOWN = "farm_down"
    FARM_UP = "farm_up"
    DATA_REFUSED = "data_refused"  # not subscribed, delayed, or taken by another session
    LINK_DOWN = "link_down"
    LINK_LOST_DATA = "link_lost_data"  # it is back, subscriptions are gone
    LINK_KEPT_DATA = "link_kept_data"  # it is back, subscriptions go on
    ID_TAKEN = "id_taken"  # another client has our id
    TOO_FAST = "too_fast"


@dataclass(frozen=True, slots=True)
class Code:
    """One code: what kind of thing it tells, what it changes, and what it says in short."""

    meaning: Meaning
    says: str
    change: Change = Change.NONE


_N, _D, _L = Meaning.NOTICE, Meaning.DATA, Meaning.LINK
_R, _A = Meaning.REFUSAL, Meaning.DOUBT

CODES: Final[dict[int, Code]] = {
    100: Code(_L, "more messages a second than are allowed", Change.TOO_FAST),
    101: Code(_D, "too many market data lines"),
    103: Code(_R, "the order number was used before"),
    104: Code(_A, "a filled order cannot be changed"),
    105: Code(_A, "the change does not match the order"),
    107: Code(_A, "the order is incomplete"),
    110: Code(_R, "the price is not on the contract's price steps"),
    135: Code(_A, "no order has this number"),
    161: Code(_A, "the order cannot be cancelled in its state"),
    162: Code(_D, "history was not given"),
    165: Code(_D, "a message of the history service"),
    200: Code(_R, "there is no such contract"),
    201: Code(_R, "the order is rejected"),
    202: Code(_A, "the order was cancelled"),
    203: Code(_R, "the contract may not be traded on this account"),
    300: Code(_D, "no such data line"),
    309: Code(_D, "too many market depth lines"),
    317: Code(_D, "market depth was reset"),
    320: Code(_A, "the gateway could not read a request"),
    321: Code(_A, "the gateway found a request invalid"),
    322: Code(_A, "the gateway could not carry out a request"),
    326: Code(_L, "the client id is in use", Change.ID_TAKEN),
    329: Code(_A, "the order could not be changed"),
    354: Code(_D, "market data are not subscribed", Change.DATA_REFUSED),
    366: Code(_D, "no such history request"),
    383: Code(_A, "the order is larger than the limit set in the gateway"),
    387: Code(_A, "the order type is not supported here"),
    399: Code(_A, "a warning about an order"),
    403: Code(_A, "the stop price is not valid"),
    404: Code(_A, "the order waits for shares to borrow"),
    420: Code(_D, "real-time data were not given"),
    434: Code(_A, "the order size cannot be zero"),
    492: Code(_N, "a warning"),
    502: Code(_L, "nobody listens at the gateway's address", Change.LINK_DOWN),
    504: Code(_L, "not connected", Change.LINK_DOWN),
    507: Code(_L, "a bad message length: the connection ends", Change.LINK_DOWN),
    1100: Code(_L, "the gateway has lost IB", Change.LINK_DOWN),
    1101: Code(_L, "the gateway has IB again, data lines are gone", Change.LINK_LOST_DATA),
    1102: Code(_L, "the gateway has IB again, data lines go on", Change.LINK_KEPT_DATA),
    1300: Code(_L, "the gateway moves to another port: the connection ends", Change.LINK_DOWN),
    2103: Code(_D, "a market data farm is down", Change.FARM_DOWN),
    2104: Code(_D, "a market data farm is up", Change.FARM_UP),
    2105: Code(_D, "a history farm is down", Change.FARM_DOWN),
    2106: Code(_D, "a history farm is up", Change.FARM_UP),
    2107: Code(_N, "a history farm is idle"),
    2108: Code(_N, "a market data farm is idle"),
    2109: Code(_A, "an attribute of the order is ignored"),
    2110: Code(_L, "the gateway has lost IB and tries again", Change.LINK_DOWN),
    2119: Code(_N, "a market data farm is being connected"),
    2137: Code(_N, "the order closes a position of another side"),
    2148: Code(_N, "a warning"),
    2157: Code(_D, "the contract farm is down", Change.FARM_DOWN),
    2158: Code(_D, "the contract farm is up", Change.FARM_UP),
    10006: Code(_A, "the parent order is missing"),
    10089: Code(_D, "market data need a subscription", Change.DATA_REFUSED),
    10090: Code(_D, "part of the market data are not subscribed", Change.DATA_REFUSED),
    10147: Code(_A, "the order to cancel is not found"),
    10148: Code(_A, "the order cannot be cancelled in its state"),
    10167: Code(_D, "market data are delayed", Change.DATA_REFUSED),
    10168: Code(_D, "market data are not subscribed", Change.DATA_REFUSED),
    10182: Code(_D, "data are not given while disconnected"),
    10197: Code(_D, "another session has the market data", Change.DATA_REFUSED),
    10225: Code(_D, "the subscription was ended: subscribe again"),
    10289: Code(_A, "the order is not accepted"),
    10293: Code(_A, "the order is not accepted"),
    10349: Code(_A, "the order's time in force was changed by a preset"),
}
"""Every code that is known here."""

_CANCELLED: Final = 202

UNKNOWN_OF_ORDER: Final = Code(Meaning.DOUBT, "a code that is not known here")
UNKNOWN: Final = Code(Meaning.NOTICE, "a code that is not known here")


class Phase(StrEnum):
    """How far an order was when a code named it."""

    NEW = "new"  # sent, and never acknowledged
    LIVE = "live"
    CANCELLING = "cancelling"
    FILLED = "filled"
    ENDED = "ended"  # cancelled or rejected, and the broker said so


class Answer(StrEnum):
    """What is done when a code names one of our orders."""

    NOTE = "note"
    ASK = "ask"
    REFUSED = "refused"


def code_of(number: int, *, names_order: bool = False) -> Code:
    """What a code means; `names_order`: whether it came with the number of an order."""
    return CODES.get(number, UNKNOWN_OF_ORDER if names_order else UNKNOWN)


def answer(number: int, phase: Phase) -> Answer:
    """What is done when a code names an order of ours in that phase."""
    meaning = code_of(number, names_order=True).meaning
    if meaning is Meaning.NOTICE or (number == _CANCELLED and phase is Phase.ENDED):
        return Answer.NOTE
    if meaning is Meaning.REFUSAL and phase is Phase.NEW:
        return Answer.REFUSED
    return Answer.ASK
