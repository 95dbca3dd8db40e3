"""What a person wants to be run live, in one value, and what stands against it from the start."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from adapters.ib.port import FeedKind
from adapters.ib.settings import Settings
from adapters.live.errors import BadAccount
from engine.execution.terms import Flat, Terms
from engine.live.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dsl.ir.program import Program
    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints
    from engine.live.recipe import Recipe

PAPER_PORTS: Final = (4002, 7497)
REAL_PORTS: Final = (4001, 7496)
_NUMBER: Final = re.compile(r"[A-Z]{1,3}[0-9]{4,10}")


@dataclass(frozen=True, slots=True)
class Plan:
    """A strategy, an account, and how to trade one on the other.

    `account` is empty for the paper account of the login. `counted`: sizes come from `terms.equity`
    and what trades made of it, not from what the broker tells. `until_end`: leave when the
    gateway does, as a replay does at its end. `wait`: wait for a gateway that is not there yet.
    `recipe` is kept in the journal, so that a later program can have this one lead what it opened.
    """

    program: Program
    file: str
    calendars: Calendars
    events: Mapping[str, Ints]
    journal: str | Path
    terms: Terms = field(default_factory=lambda: Terms(flat=Flat.NEXT_OPEN))
    counted: bool = False
    account: str = ""
    settings: Settings = field(default_factory=Settings)
    policy: Policy = field(default_factory=Policy)
    feed: FeedKind = FeedKind.HISTORY
    monitor_only: bool = False
    flatten_on_exit: bool = False
    until_end: bool = False
    wait: bool = False
    recipe: Recipe | None = None


def is_real(account: str) -> bool:
    """Whether there is money in an account: only numbers that begin with D have none."""
    return bool(account) and not account.startswith("D")


def check_words(account: str, port: int) -> None:
    """Refuse words that contradict one another, before anything is connected.

    Raises `BadAccount`.
    """
    if account and not _NUMBER.fullmatch(account):
        raise BadAccount(
            f"`{account}` is no account number", "write it as the broker does: DU1234567, U1234567"
        )
    if is_real(account) and port in PAPER_PORTS:
        raise BadAccount(
            f"{account} is an account with money, port {port} is where paper accounts are",
            "say --port 4001 (Gateway) or 7496 (TWS), or the number of the paper account",
        )
    if not is_real(account) and port in REAL_PORTS:
        whose = account or "no account"
        raise BadAccount(
            f"port {port} is where accounts with money are, and {whose} was named",
            "trade paper at --port 4002 (Gateway) or 7497 (TWS); to trade with money, type the "
            "account's number: --account U1234567",
        )


def check_login(plan: Plan, account: str) -> None:
    """Refuse a login that is not what was asked for. Raises `BadAccount`."""
    if plan.account and account != plan.account:
        raise BadAccount(f"the gateway answers for {account}, not for {plan.account}")
    if is_real(account) and account != plan.account:
        raise BadAccount(
            f"the gateway at port {plan.settings.port} has an account with money, {account}",
            "log in to the paper account; to trade with money, type the account's number: "
            f"--account {account} --port 4001",
        )


def check_owner(journal: str, owner: str, account: str) -> None:
    """Refuse a journal of another account: its positions and its losses are not this one's.

    Either number may be empty: not known yet. Raises `BadAccount`.
    """
    if owner and account and owner != account:
        raise BadAccount(
            f"the journal {journal} is of account {owner}, and {account} would be traded",
            f"log in to {owner}, or give {account} a journal of its own: --journal FILE",
        )
