"""What goes wrong: each fault by its name, when it strikes, and how often.

A plan is written `name=value@when`, `name=value#n` or `name=value~chance`, each with `xN` behind it
to say how often at most: `link-lost=90@10:31`, `swallow-order#2`, `pacing~0.05x3`. The value is
mostly seconds and may be left out. `@10:31` is the first moment the clock (UTC) shows that time,
`@2025-10-02T10:31` an instant; `#2` is the second opportunity; `~0.1` each opportunity with that
chance. Bare, it strikes at every opportunity. Plans are joined by commas.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING, Final

from dsl.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Chance(StrEnum):
    """What a fault's opportunities are."""

    MOMENT = "every bar's open"
    REQUEST = "every such request"
    ORDER = "every new order"
    CHANGE = "every change of an order"
    CANCEL = "every cancel request"
    FILL = "every fill"
    DATA = "every live bar"
    CONNECT = "every connection"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: its opportunities, its value unless one is given, and what it does."""

    chance: Chance
    value: float
    what: str


_M, _R, _O, _F, _D = Chance.MOMENT, Chance.REQUEST, Chance.ORDER, Chance.FILL, Chance.DATA

FAULTS: Final[Mapping[str, Fault]] = {
    # the link between the gateway and IB
    "link-lost": Fault(_M, 30, "1100, silence for so many seconds, then 1102: data kept"),
    "link-lost-data": Fault(_M, 30, "1100, silence, then 1101: subscriptions are gone"),
    "link-broken": Fault(_M, 30, "2110, silence, then 1102"),
    "market-farm": Fault(_M, 30, "2103, no live data for so many seconds, then 2104"),
    "history-farm": Fault(_M, 30, "2105, history answers 162 for so many seconds, then 2106"),
    "contract-farm": Fault(_M, 30, "2157, contract details answer nothing, then 2158"),
    "farm-idle": Fault(_M, 0, "2107 and 2108: a farm is idle, nothing is wrong"),
    "farm-connecting": Fault(_M, 0, "2119: a farm is connecting, nothing is wrong"),
    "competing-session": Fault(_M, 60, "10197: live data stops while somebody else is logged in"),
    "restart": Fault(_M, 60, "every socket closed, and refused for so many seconds"),
    "restart-rollback": Fault(_M, 60, "the same, and nextValidId begins anew"),
    # the socket
    "socket-lost": Fault(_M, 0, "every socket closed; a new connection is welcome at once"),
    "half-frame": Fault(_M, 0, "half a frame, then the socket is closed"),
    "garbage": Fault(_M, 0, "a frame that says nothing known"),
    "broken-frame": Fault(_D, 0, "a bar's frame lacks its last fields"),
    "cut-frames": Fault(_M, 600, "frames arrive in odd pieces for so many seconds"),
    "slow-link": Fault(_M, 20, "what is sent arrives so many seconds later, all at once"),
    "client-id-in-use": Fault(Chance.CONNECT, 0, "326, and the socket is closed"),
    "clock-skew": Fault(_R, 30, "the server's time is so many seconds ahead"),
    # requests
    "silent-positions": Fault(_R, 0, "positions are never answered"),
    "silent-orders": Fault(_R, 0, "open orders are never answered"),
    "silent-executions": Fault(_R, 0, "executions are never answered"),
    "silent-account": Fault(_R, 0, "account values are never answered"),
    "silent-completed": Fault(_R, 0, "completed orders are never answered"),
    "silent-history": Fault(_R, 0, "history is never answered"),
    "silent-contract": Fault(_R, 0, "contract details are never answered"),
    "pacing": Fault(_R, 0, "162: pacing violation, no history"),
    "no-data": Fault(_R, 0, "162: the query returned no data"),
    "empty-history": Fault(_R, 0, "history is answered with no bar"),
    "no-subscription": Fault(_R, 0, "354: market data is not subscribed"),
    "delayed-data": Fault(_R, 0, "10167, and the market data type becomes 3 (delayed)"),
    "read-only": Fault(_R, 0, "321: the API is in read-only mode"),
    "too-fast": Fault(_R, 0, "100: the rate of messages has been exceeded; nothing is done"),
    # orders
    "swallow-order": Fault(_O, 0, "an order vanishes: no callback, ever"),
    "reject-order": Fault(_O, 201, "an order is rejected (value: the code)"),
    "reject-stop": Fault(_O, 201, "a stop order is rejected (value: the code)"),
    "reject-margin": Fault(_O, 201, "an order is rejected for want of margin"),
    "lose-before-order": Fault(_O, 0, "the socket dies, and the order with it"),
    "lose-after-order": Fault(_O, 0, "the order arrives, the socket dies before any callback"),
    "preset-tif": Fault(_O, 0, "10349: the order's time in force is made DAY"),
    "preset-inside": Fault(_O, 0, "a preset takes outsideRth off the order"),
    "warning-399": Fault(_O, 0, "399: a warning, the order is placed all the same"),
    "warning-2109": Fault(_O, 0, "2109: a warning, the order is placed all the same"),
    "unknown-code": Fault(_O, 9876, "an error code nobody knows (value), the order is placed"),
    "late-order": Fault(_O, 5, "callbacks of the order come so many seconds later"),
    "reject-change": Fault(Chance.CHANGE, 321, "a change is refused (value: the code)"),
    "swallow-change": Fault(Chance.CHANGE, 0, "a change vanishes"),
    "second-incarnation": Fault(Chance.CHANGE, 0, "a change becomes a second order of one ref"),
    "swallow-cancel": Fault(Chance.CANCEL, 0, "a cancel request vanishes"),
    "reject-cancel": Fault(Chance.CANCEL, 10148, "a cancel is refused (value: the code)"),
    "fill-despite-cancel": Fault(Chance.CANCEL, 0, "the order is filled as the cancel arrives"),
    "cancel-unasked": Fault(_M, 0, "the broker cancels the newest working order"),
    # fills and their callbacks
    "partial-fill": Fault(_F, 1, "so many contracts now, the rest at a later price"),
    "duplicate-callbacks": Fault(_F, 0, "every callback of a fill comes twice"),
    "shuffle-callbacks": Fault(_F, 0, "the callbacks of a fill come in any order"),
    "silent-status": Fault(_F, 0, "orderStatus never comes for a fill"),
    "silent-fill": Fault(_F, 0, "no callback comes for a fill; reqExecutions knows it"),
    "late-commission": Fault(_F, 5, "the commission comes so many seconds later"),
    "silent-commission": Fault(_F, 0, "the commission never comes"),
    "children-asleep": Fault(_F, 8, "the children of a filled parent are armed seconds later"),
    "correct-execution": Fault(_F, 1, "the execution is corrected by so many ticks right after"),
    # other people
    "foreign-order": Fault(_M, 1, "somebody places a limit order by hand"),
    "foreign-trade": Fault(_M, 1, "somebody buys so many contracts by hand"),
    # market data
    "missing-bar": Fault(_D, 0, "no live update of a bar; history has it"),
    "late-bar": Fault(_D, 20, "the updates of a bar come so many seconds late"),
    "duplicate-bar": Fault(_D, 0, "the updates of a bar come twice"),
    "old-bar": Fault(_D, 0, "the bar before is sent once more"),
    "wrong-bar": Fault(_D, 1, "the last update of a bar is off by so many ticks; history is right"),
    "frozen-price": Fault(_D, 0, "the bar repeats the last price as if nothing had traded"),
}
"""Every fault there is."""


class BadFault(ValueError):
    """A plan that cannot be read; the message says why and what to write."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One fault, when it strikes and how often. At most one of `clock`, `nth`, `chance` is set."""

    name: str
    value: float
    clock: str = ""
    nth: int = 0
    chance: float = 0.0
    most: int = 0

    def __str__(self) -> str:
        """The same text that `plans` reads."""
        when = f"@{self.clock}" if self.clock else f"#{self.nth}" if self.nth else ""
        odds = f"~{self.chance:g}" if self.chance else ""
        return f"{self.name}={self.value:g}{when}{odds}{f'x{self.most}' if self.most else ''}"


_PLAN: Final = re.compile(
    r"(?P<name>[a-z0-9-]+)(=(?P<value>\d+(\.\d+)?))?"
    r"(@(?P<clock>(\d{4}-\d{2}-\d{2}T)?\d{2}:\d{2}(:\d{2})?)|#(?P<nth>\d+)|~(?P<chance>\d*\.?\d+))?"
    r"(x(?P<most>\d+))?"
)


def plans(text: str) -> tuple[Plan, ...]:
    """The plans of a comma-separated text; raises `BadFault`."""
    return tuple(_plan(word.strip()) for word in text.split(",") if word.strip())


def _plan(word: str) -> Plan:
    found = _PLAN.fullmatch(word)
    name = re.split(r"[=@#~]", word, maxsplit=1)[0]
    if name not in FAULTS and not (found and found["name"] in FAULTS):
        likely = nearest(name, FAULTS)
        meant = f"did you mean {likely}?" if likely else "say --faults list for all of them"
        raise BadFault(f"there is no fault `{name[:60]}` ({meant})")
    if found is None:
        remedy = "write name=value@10:31, name#2 or name~0.01, and xN behind for at most N"
        raise BadFault(f"`{word[:80]}` is no plan for a fault ({remedy})")
    chance = float(found["chance"] or 0)
    if chance > 1:
        raise BadFault(f"`{word}`: a chance is from 0 to 1")
    if found["clock"]:
        _check_clock(found["clock"])
    once = bool(found["clock"] or found["nth"])
    return Plan(
        name,
        float(found["value"]) if found["value"] else FAULTS[name].value,
        found["clock"] or "",
        int(found["nth"] or 0),
        chance,
        int(found["most"]) if found["most"] else int(once),
    )


def _check_clock(text: str) -> None:
    try:
        datetime.fromisoformat(text if "T" in text else f"2000-01-01T{text}")
    except ValueError as wrong:
        raise BadFault(f"`@{text}` is no time: {wrong}") from None


class Faults:
    """The plans of a run, each with its own dice."""

    def __init__(self, planned: Sequence[Plan], seed: int, begins: float) -> None:
        """`begins`: the instant the replay starts, from which clock times count."""
        self._active: dict[str, list[_Active]] = {name: [] for name in FAULTS} if planned else {}
        self.struck: dict[str, int] = {}
        for number, plan in enumerate(planned):
            one = _Active(plan, _dice(seed, number, plan), begins)
            self._active[plan.name].append(one)
        self._moments = [
            one
            for name, some in self._active.items()
            for one in some
            if FAULTS[name].chance is Chance.MOMENT
        ]

    def hit(self, name: str, now: float) -> float | None:
        """Whether a fault strikes at this opportunity: its value, or None."""
        if not self._active:
            return None
        struck = None
        for one in self._active[name]:
            if one.strikes(now):
                struck = one.plan.value
        if struck is not None:
            self.struck[name] = self.struck.get(name, 0) + 1
        return struck

    def moments(self, now: float) -> list[tuple[str, float]]:
        """The faults of the moment that strike at a bar's open."""
        struck = [one.plan for one in self._moments if not one.plan.clock and one.strikes(now)]
        return [self._noted(plan) for plan in struck]

    def due(self, now: float) -> list[tuple[str, float]]:
        """The faults of the moment whose clock time has come."""
        struck = [one.plan for one in self._moments if one.plan.clock and one.strikes(now)]
        return [self._noted(plan) for plan in struck]

    def clocks(self) -> list[float]:
        """The instants at which `due` should be asked."""
        return [one.since for one in self._moments if one.plan.clock]

    def _noted(self, plan: Plan) -> tuple[str, float]:
        self.struck[plan.name] = self.struck.get(plan.name, 0) + 1
        return plan.name, plan.value


class _Active:
    """A plan and how far it is."""

    __slots__ = ("_dice", "_seen", "_used", "plan", "since")

    def __init__(self, plan: Plan, dice: Random, begins: float) -> None:
        self.plan = plan
        self.since = _instant(plan.clock, begins) if plan.clock else begins
        self._dice = dice
        self._seen = 0
        self._used = 0

    def strikes(self, now: float) -> bool:
        plan = self.plan
        if now < self.since or (plan.most and self._used >= plan.most):
            return False
        self._seen += 1
        if plan.nth and self._seen < plan.nth:
            return False
        if plan.chance and self._dice.random() >= plan.chance:
            return False
        self._used += 1
        return True


def _dice(seed: int, number: int, plan: Plan) -> Random:
    return Random(f"{seed}/{number}/{plan.name}")  # noqa: S311 - dice


def _instant(clock: str, begins: float) -> float:
    if "T" in clock:
        return datetime.fromisoformat(clock).replace(tzinfo=UTC).timestamp()
    start = datetime.fromtimestamp(begins, UTC)
    hour, minute, second = (*map(int, clock.split(":")), 0)[:3]
    at = start.replace(hour=hour, minute=minute, second=second, microsecond=0).timestamp()
    return at if at >= begins else at + 86_400
