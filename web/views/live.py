"""The live engine as the page shows it: figures in words, with what stands out marked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from adapters.cli.figures import NONE, counted, lasting, money, number, share
from adapters.live.status import State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.live.offline import LastStood
    from adapters.live.status import (
        CandidateStands,
        OrderStands,
        PositionStands,
        RiskStands,
        Said,
        Status,
    )
    from adapters.live.window import Absent

TONES: Final[Mapping[State, str]] = {
    State.STARTING: "",
    State.CONNECTING: "warn",
    State.WARMING_UP: "warn",
    State.TRADING: "good",
    State.WATCHING: "",
    State.HALTED: "warn",
    State.LATCHED: "bad",
    State.DOWN: "bad",
    State.STOPPING: "warn",
}
ROLES: Final[Mapping[str, str]] = {"E": "entry", "S": "stop", "T": "target", "X": "way out"}
LATE: Final = 90
"""Seconds after its close from which the next bar of a minute is late."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name; `tone` is good, bad, warn or empty."""

    name: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Meter:
    """The drawdown as a share of the way to the stop: all from 0 to 1000.

    `reduce` is where sizes are reduced, None where they never are; `words` says it all.
    """

    filled: int
    reduce: int | None
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """Where the price is between a position's stop and its last target, from 0 to 1000."""

    entry: int
    price: int


@dataclass(frozen=True, slots=True)
class Holding:
    """A position."""

    of: PositionStands
    entry: str
    stop: str
    targets: str
    profit: str
    tone: str
    ladder: Ladder | None

    @property
    def words(self) -> str:
        """It in a sentence."""
        return f"{self.of.side} {self.of.contracts} at {self.entry}"


@dataclass(frozen=True, slots=True)
class Working:
    """An order at the broker."""

    of: OrderStands
    what: str
    price: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The setups that are in one stage, oldest first."""

    stage: str
    candidates: tuple[CandidateStands, ...]


@dataclass(frozen=True, slots=True)
class LiveView:
    """A running engine."""

    of: Status
    tone: str
    real: str  # the account number, where money is at stake
    figures: tuple[Figure, ...]
    meter: Meter | None
    holdings: tuple[Holding, ...]
    lanes: tuple[Lane, ...]
    orders: tuple[Working, ...]
    told: tuple[Said, ...]
    alerts: tuple[Said, ...]
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AbsentView:
    """An engine that does not run: what it left behind, in sentences."""

    title: str
    sentences: tuple[str, ...]
    at: int | None
    was: LiveView | None


def live_view(status: Status) -> LiveView:
    """A running engine as the page shows it."""
    account = status.account
    return LiveView(
        of=status,
        tone=TONES[status.state],
        real=account.number if account and not account.is_paper else "",
        figures=tuple(_figures(status)),
        meter=_meter(status.risk),
        holdings=tuple(_holding(one, status) for one in status.positions),
        lanes=_lanes(status.candidates),
        orders=tuple(map(_working, status.orders)),
        told=status.told,
        alerts=status.said,
        facts=tuple(_facts(status)),
    )


def absent_view(absent: Absent) -> AbsentView:
    """An engine that does not run."""
    was = None if absent.last is None else live_view(absent.last)
    if absent.left is None:
        return AbsentView(
            "No engine runs", (f"{absent.why[:1].upper()}{absent.why[1:]}.",), None, was
        )
    return AbsentView("The engine does not run", tuple(_left(absent.left)), absent.left.at, was)


def _left(left: LastStood) -> list[str]:
    held = counted(abs(left.held), "contract")
    told = [
        f"It holds {held}; the stops at the broker go on working."
        if left.held
        else "It holds nothing."
    ]
    if left.halt:
        told.append(f"Its next start is halted: {left.halt}.")
    if left.latch:
        told.append(f"It is latched: {left.latch}.")
    return told


# --- figures ------------------------------------------------------------------------------------


def _figures(status: Status) -> list[Figure]:
    market, account, risk = status.market, status.account, status.risk
    currency = account.currency if account else ""
    told = []
    if market is not None:
        told.append(_price(status))
    if account is not None:
        available = f"{_money(account.available, currency)} available" if account.available else ""
        told.append(Figure("Equity", _money(account.equity, currency), available))
    if risk is not None:
        total = f"{_signed(risk.profit_total, currency)} since the start"
        told.append(
            Figure(
                "Today", _signed(risk.profit_today, currency), total, _tone_of(risk.profit_today)
            )
        )
        most = "" if risk.entries_most is None else f"of {risk.entries_most}"
        told.append(Figure("Entries today", str(risk.entries_today), most))
    return told


def _price(status: Status) -> Figure:
    market = status.market
    assert market is not None
    if market.price is None or market.last_bar is None:
        return Figure(market.contract, NONE, "no bar yet")
    closed = (market.last_bar + market.bar_minutes) * 60
    age = max(0, status.at // 1000 - closed)
    late = market.is_open and age > LATE + 60 * (market.bar_minutes - 1)
    when = f"{age} s old" if age < 120 else f"{lasting(age // 60)} old"
    note = market.trouble or (f"the bar is {when}" if market.is_open else f"closed, {when}")
    tone = "bad" if market.trouble or late else ""
    return Figure(market.contract, _grouped(market.price), note, tone)


def _meter(risk: RiskStands | None) -> Meter | None:
    if risk is None or risk.drawdown is None or risk.stop_at is None:
        return None
    now, stop = Decimal(risk.drawdown), Decimal(risk.stop_at)
    if stop <= 0:
        return None
    reduce = None if risk.reduce_at is None else Decimal(risk.reduce_at)
    tone = "bad" if now >= stop else "warn" if reduce is not None and now >= reduce else "good"
    words = f"{share(float(now))} of the peak; "
    if reduce is not None:
        words += f"sizes are reduced at {share(float(reduce))}, "
    words += f"entries stop at {share(float(stop))}"
    return Meter(_part(now, stop), None if reduce is None else _part(reduce, stop), tone, words)


def _part(value: Decimal, of: Decimal) -> int:
    return int(max(Decimal(0), min(Decimal(1), value / of)) * 1000)


def _holding(position: PositionStands, status: Status) -> Holding:
    currency = status.account.currency if status.account else ""
    profit = position.open_profit
    price = status.market.price if status.market else None
    return Holding(
        position,
        _grouped(position.entry),
        NONE if position.stop is None else _grouped(position.stop),
        ", ".join(map(_grouped, position.targets)),
        NONE if profit is None else _signed(profit, currency),
        "" if profit is None else _tone_of(profit),
        _ladder(position, price),
    )


def _working(order: OrderStands) -> Working:
    role = ROLES.get(order.role, order.role)
    price = "at the market" if order.price is None else _grouped(order.price)
    return Working(order, f"{role}: {order.action} {order.kind}", price)


def _ladder(position: PositionStands, price: str | None) -> Ladder | None:
    if price is None or position.stop is None or not position.targets:
        return None
    stop, entry, now = Decimal(position.stop), Decimal(position.entry), Decimal(price)
    target = max((Decimal(one) for one in position.targets), key=lambda one: abs(one - entry))
    way = target - stop
    if not way:
        return None
    return Ladder(
        *(int(max(Decimal(0), min(Decimal(1), (one - stop) / way)) * 1000) for one in (entry, now))
    )


def _lanes(candidates: tuple[CandidateStands, ...]) -> tuple[Lane, ...]:
    stages = dict.fromkeys(one.stage for one in candidates)
    return tuple(
        Lane(stage, tuple(one for one in candidates if one.stage == stage)) for stage in stages
    )


def _facts(status: Status) -> list[tuple[str, str]]:
    line, run = status.connection, status.process
    facts = [
        ("Gateway", f"{line.host}:{line.port}, client {line.client}"),
        ("Server", f"version {line.server}, {line.library}" if line.server else NONE),
        ("Clock", NONE if line.ahead is None else f"the broker's is {line.ahead:+,} ms"),
        ("Strategy", f"{run.strategy} ({run.program[:12]})"),
        ("File", run.file),
        ("Engine", f"{run.version}, process {run.pid}"),
        ("Journal", f"{status.journal}, {counted(status.events, 'event')}"),
    ]
    facts += [("Before", one.words) for one in status.earlier]
    if status.account is not None:
        facts.insert(0, ("Account", status.account.number))
    if status.market is not None and status.market.expires:
        facts.insert(1, ("Contract", f"{status.market.contract}, expires {status.market.expires}"))
    return facts


# --- words --------------------------------------------------------------------------------------


def _money(amount: str | None, currency: str) -> str:
    return NONE if amount is None else money(Decimal(amount), currency)


def _signed(amount: str, currency: str) -> str:
    return money(Decimal(amount), currency, sign=True)


def _tone_of(amount: str) -> str:
    value = Decimal(amount)
    return "good" if value > 0 else "bad" if value < 0 else ""


def _grouped(price: str) -> str:
    return number(Decimal(price), len(price.partition(".")[2]))
