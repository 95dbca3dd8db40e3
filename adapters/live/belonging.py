"""Whose a journal is, and what the program is made of that goes on with it: known before it trades.

A journal holds one account's positions, its peak and its latches, so it is gone on with for that
account alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.database.connect import address, told
from adapters.live.plan import check_owner
from engine.live import events as ev

if TYPE_CHECKING:
    from adapters.database.journal import Journal
    from adapters.live.plan import Plan


def require_owner(plan: Plan, journal: Journal, account: str) -> None:
    """Refuse the journal of another account; `account` may be empty. Raises `BadAccount`."""
    where = told(address(plan.journal)).removeprefix("sqlite:///")
    check_owner(where, journal.books.account, account)


def write_down(plan: Plan, journal: Journal, account: str, now: int) -> None:
    """Write down whose account it is and what the program is made of, unless that is known.

    Raises `DatabaseError`.
    """
    books, recipe = journal.books, plan.recipe
    found: list[ev.Event] = []
    if not books.account:
        found.append(ev.Belongs(now, account))
    if recipe is not None and books.recipes.get(recipe.strategy) != recipe:
        found.append(ev.Kept(now, recipe))
    journal.record(*found)
