"""Whether an entry may be sent: one list of reasons, the gravest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.live.books import Books
    from engine.live.policy import Policy


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known at the moment of an entry, beside the books.

    `closed`: the instant the deciding bar closed; `equity_at`: when equity was last told, None for
    never. `unexplained` and `strangers` describe what a snapshot found, `left_behind`
    what another program opened and is open still; empty where nothing. `family` names the orders
    that are asked about, where they were sent before: an entry is not counted against itself.
    """

    at: int
    closed: int
    is_last_bar: bool
    date: str
    bars: int
    data: str = ""
    ahead: int = 0
    equity_at: int | None = None
    unexplained: str = ""
    strangers: str = ""
    left_behind: str = ""
    family: str = ""


def why_not(books: Books, now: Circumstances, policy: Policy) -> str:
    """Why no entry may be sent, in plain words; empty: it may."""
    found = (
        (bool(books.latch), f"latched: {books.latch}"),
        (bool(books.halt), f"halted: {books.halt}"),
        (policy.monitor_only, "monitor only: nothing is sent"),
        (bool(now.unexplained), now.unexplained),
        (bool(now.strangers), now.strangers),
        (bool(now.left_behind), now.left_behind),
        (bool(now.data), f"market data: {now.data}"),
        (now.bars < policy.warm_up, f"{now.bars} bars of {policy.warm_up} for the warm-up"),
        (not now.is_last_bar, "a later bar has closed since it was decided"),
        (now.at - now.closed > policy.fresh, "the bar closed too long ago"),
        (abs(now.ahead) > policy.skew, f"the broker's clock is {now.ahead} ms from ours"),
        (_is_stale(now, policy), "the account's equity is not known or too old"),
        (_is_enough(books, now, policy), f"{policy.entries_a_day} entries today already"),
    )
    return next((reason for holds, reason in found if holds), "")


def _is_stale(now: Circumstances, policy: Policy) -> bool:
    if not policy.told_equity:
        return False
    return now.equity_at is None or now.at - now.equity_at > policy.equity_fresh


def _is_enough(books: Books, now: Circumstances, policy: Policy) -> bool:
    """Whether as many entries of the date were sent as may be; the journal remembers them."""
    if policy.entries_a_day is None:
        return False
    sent = sum(
        family.signal.candidate.startswith(f"{now.date}/")
        and family.name != now.family
        and any(one.leg.role.opens and one.leg.ref in books.numbers for one in family.asked)
        for family in books.families.values()
    )
    return sent >= policy.entries_a_day
