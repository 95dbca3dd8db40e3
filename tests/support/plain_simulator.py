"""The execution rules told a second time: slowly, with objects and fractions, a bar at a time.

It shares no code with `engine.execution` but the names of reasons; amounts are
`Fraction`s of the currency and nothing is skipped. Its log has a row an event: (row, kind, intent,
reason, price, contracts, amount), where `amount` is gross for an exit, net for a closed trade
and equity for the account's events.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass
class Bar:
    open: int
    high: int
    low: int
    close: int
    date: int
    over: bool = False
    closing: bool = False
    trail: dict[str, int | None] = field(default_factory=dict)
    leave: dict[str, int] = field(default_factory=dict)


@dataclass
class Setup:
    row: int
    side: str
    close: int
    price: int
    stop: int
    targets: list[int]
    atr: Fraction | None


@dataclass
class Plan:
    """Everything that is decided before the run."""

    tick_value: Fraction
    equity: Fraction
    commission: Fraction = Fraction(0)
    slippage: int = 0
    stop_first: bool = True
    order: str = "market"
    valid: int = 1
    method: str = "fixed"
    per_trade: Fraction = Fraction(1, 100)
    contracts: int = 1
    minimum: int = 1
    maximum: int = 10
    kelly_fraction: Fraction = Fraction(1, 2)
    reduce_at: Fraction | None = None
    reduce_to: Fraction = Fraction(1, 2)
    stop_at: Fraction | None = None
    daily_loss: Fraction | None = None
    rr_min: Fraction = Fraction(0)
    positions: int = 1
    after: int | None = None
    shares: list[Fraction] = field(default_factory=list)
    even_target: int | None = None
    even_r: Fraction | None = None
    even_offset: int = 0
    trails: bool = False
    trail_r: Fraction = Fraction(0)
    flattens: bool = False
    leaves: bool = True
    flat_later: bool = False


@dataclass
class Position:
    intent: int
    setup: Setup
    row: int
    date: int
    raw: int
    price: int
    stop: int
    contracts: int
    parts: list[int | None]
    left: int = 0
    gross: Fraction = Fraction(0)
    costs: Fraction = Fraction(0)
    worst: int = 0
    best: int = 0
    even_done: bool = False
    leaving: str = ""
    last: str = ""

    @property
    def sign(self) -> int:
        return 1 if self.setup.side == "long" else -1

    def gain(self, price: int) -> int:
        return self.sign * (price - self.price)

    def meets(self, price: int) -> None:
        self.best = max(self.best, self.gain(price))
        self.worst = max(self.worst, -self.gain(price))


Entry = tuple[int, str, int, str, int, int, Fraction]


class PlainSimulator:
    """Feed it bars in order; `log` grows."""

    def __init__(self, plan: Plan, setups: list[Setup]) -> None:
        self.plan, self.setups = plan, setups
        self.log: list[Entry] = []
        self.excursions: list[tuple[int, int]] = []
        self.equity = self.peak = self.morning = plan.equity
        self.date: int | None = None
        self.reduced = self.latched = False
        self.results: list[Fraction] = []
        self.waiting: dict[int, tuple[int, int]] = {}
        self.open: list[Position] = []

    def on_bar(self, row: int, bar: Bar) -> None:
        if bar.date != self.date:
            self.date, self.morning = bar.date, self.equity
        for intent in list(self.waiting):
            if len(self.open) < self.plan.positions:
                self.try_entry(row, bar, intent)
        if len(self.open) >= self.plan.positions:
            for intent in list(self.waiting):
                self.refuse(row, intent, "position_open", self.level(self.setups[intent]))
        for position in list(self.open):
            self.hold(row, bar, position)
            if position.left == 0:
                self.open.remove(position)
                self.close(row, position)
        for intent, setup in enumerate(self.setups):
            if setup.row == row:
                self.decide(row, bar, intent, setup)

    # --- deciding ---------------------------------------------------------------------------

    def level(self, setup: Setup) -> int:
        return setup.close if self.plan.order == "market" else setup.price

    def limits(self) -> str:
        if self.latched:
            return "drawdown_latch"
        share = self.plan.daily_loss
        if share is not None and self.morning - self.equity >= share * max(
            self.morning, Fraction(0)
        ):
            return "daily_loss"
        return ""

    def decide(self, row: int, bar: Bar, intent: int, setup: Setup) -> None:
        reason = "position_open" if len(self.open) >= self.plan.positions else self.limits()
        if not reason and self.plan.flattens and (bar.over or bar.closing):
            reason = "session_over"
        size = 0
        if not reason:
            wanted = self.size(setup)
            if wanted is None:
                reason = "size_unknown"
            elif wanted < max(1, self.plan.minimum):
                reason = "too_small"
            else:
                size = wanted
        self.say(row, "intent", intent, "", self.level(setup), size)
        if reason:
            self.say(row, "refused", intent, reason, self.level(setup))
        else:
            self.waiting[intent] = (size, bar.date)

    def size(self, setup: Setup) -> int | None:
        plan = self.plan
        if plan.method == "fixed":
            return min(plan.contracts, plan.maximum)
        equity = max(self.equity, Fraction(0))
        budget = self.kelly(equity) if plan.method == "kelly" else equity * plan.per_trade
        if self.reduced:
            budget *= plan.reduce_to
        if plan.method == "atr":
            distance = setup.atr
        else:
            sign = 1 if setup.side == "long" else -1
            distance = Fraction(sign * (self.level(setup) - setup.stop))
        if distance is None or distance <= 0:
            return None
        return min(math.floor(budget / (distance * plan.tick_value)), plan.maximum)

    def kelly(self, equity: Fraction) -> Fraction:
        won = [one for one in self.results if one > 0]
        lost = [-one for one in self.results if one <= 0]
        if len(self.results) < 10 or sum(won) == 0 or sum(lost) == 0:
            return equity * Fraction(2, 100) * self.plan.kelly_fraction
        p = Fraction(len(won), len(self.results))
        b = (sum(won, Fraction(0)) / len(won)) / (sum(lost, Fraction(0)) / len(lost))
        best: Fraction = (p * b - (1 - p)) / b
        if best <= 0:
            return equity * self.plan.per_trade
        if best * 2 > 1:
            return equity * Fraction(1, 2) * self.plan.kelly_fraction
        return equity * best * self.plan.kelly_fraction

    # --- entering ---------------------------------------------------------------------------

    def try_entry(self, row: int, bar: Bar, intent: int) -> None:
        setup, (size, date) = self.setups[intent], self.waiting[intent]
        if self.plan.flattens and (bar.over or bar.date != date):
            del self.waiting[intent]
            self.say(row, "cancelled", intent, "session_over", self.level(setup), size)
            return
        raw = self.entry_price(bar, setup)
        if raw is None:
            if row - setup.row >= self.plan.valid:
                del self.waiting[intent]
                self.say(row, "cancelled", intent, "entry_expired", setup.price, size)
            return
        sign = 1 if setup.side == "long" else -1
        price = raw if self.plan.order == "limit" else raw + sign * self.plan.slippage
        reason = self.limits() or self.bad_fill(setup, sign, raw, price)
        if reason:
            self.refuse(row, intent, reason, price)
            return
        del self.waiting[intent]
        position = Position(
            intent, setup, row, bar.date, raw, price, setup.stop, size, self.shared_out(size), size
        )
        position.costs = size * self.plan.commission
        self.open.append(position)
        self.say(row, "fill", intent, "", price, size)

    def entry_price(self, bar: Bar, setup: Setup) -> int | None:
        level = setup.price
        if self.plan.order == "market":
            return bar.open
        rising = (setup.side == "long") == (self.plan.order == "stop")
        if rising:
            return max(bar.open, level) if bar.high >= level else None
        return min(bar.open, level) if bar.low <= level else None

    def bad_fill(self, setup: Setup, sign: int, raw: int, price: int) -> str:
        if sign * (raw - setup.stop) <= 0:
            return "fill_beyond_stop"
        if setup.targets:
            reward = sign * (setup.targets[0] - price)
            if reward <= 0 or reward < self.plan.rr_min * sign * (price - setup.stop):
                return "rr_after_fill"
        return ""

    def refuse(self, row: int, intent: int, reason: str, price: int) -> None:
        size, _ = self.waiting.pop(intent)
        self.say(row, "refused", intent, reason, price, size)

    def shared_out(self, size: int) -> list[int | None]:
        shares = self.plan.shares
        parts: list[int | None] = [math.floor(size * share) for share in shares]
        if shares:
            parts[-1] = math.floor(size * sum(shares)) - sum(p or 0 for p in parts[:-1])
        return parts

    # --- holding ----------------------------------------------------------------------------

    def hold(self, row: int, bar: Bar, position: Position) -> None:
        plan, is_long = self.plan, position.setup.side == "long"
        if position.leaving:
            self.out_at_market(row, position, bar.open, position.leaving)
            return
        if plan.flattens and (bar.over or bar.date != position.date):
            self.out_at_market(row, position, bar.open, "session_end")
            return
        first, high, low = bar.open, bar.high, bar.low
        if row == position.row:
            first = position.raw
            if plan.order == "limit" and first != bar.open and plan.stop_first:
                high = max(first, bar.close) if is_long else high
                low = low if is_long else min(first, bar.close)
        if position.sign * (first - position.stop) <= 0:
            self.out_at_stop(row, position, first)
        else:
            for index, target in enumerate(position.setup.targets):
                if position.sign * (first - target) >= 0:
                    self.take_target(row, position, index, first)
            stopped = low <= position.stop if is_long else high >= position.stop
            if stopped and plan.stop_first:
                self.out_at_stop(row, position, position.stop)
            for index, target in enumerate(position.setup.targets):
                if high >= target if is_long else low <= target:
                    self.take_target(row, position, index, target)
            if stopped:
                self.out_at_stop(row, position, position.stop)
        if position.left == 0:
            return
        position.meets(high)
        position.meets(low)
        if plan.flattens and bar.closing and plan.flat_later:
            position.leaving = "session_end"
            return
        if plan.flattens and bar.closing:
            self.out_at_market(row, position, bar.close, "session_end")
            return
        self.plan_ahead(row, bar, position)

    def take_target(self, row: int, position: Position, index: int, price: int) -> None:
        part = position.parts[index]
        if part is None or position.left == 0:
            return
        position.parts[index] = None
        if part:
            self.out(row, position, price, part, f"target {index}")

    def out_at_stop(self, row: int, position: Position, price: int) -> None:
        self.out_at_market(row, position, price, "stop")

    def out_at_market(self, row: int, position: Position, price: int, reason: str) -> None:
        if position.left:
            paid = price - position.sign * self.plan.slippage
            self.out(row, position, paid, position.left, reason)

    def out(self, row: int, position: Position, price: int, size: int, reason: str) -> None:
        gross = position.gain(price) * size * self.plan.tick_value
        position.left -= size
        position.gross += gross
        position.costs += size * self.plan.commission
        position.last = reason
        position.meets(price)
        self.say(row, "exit", position.intent, reason, price, size, gross)

    def plan_ahead(self, row: int, bar: Bar, position: Position) -> None:
        plan, side = self.plan, position.setup.side
        condition = bar.leave.get(side, 0) if plan.leaves else 0
        if plan.after and row - position.row + 1 >= plan.after:
            position.leaving = "time"
        elif condition:
            position.leaving = f"when {condition - 1}"
        if position.leaving:
            return
        risk = position.sign * (position.price - position.setup.stop)
        if not position.even_done and self.is_even_due(position, risk):
            position.even_done = True
            offset = position.sign * plan.even_offset
            self.move(row, position, position.price + offset, "break_even")
        trail = bar.trail.get(side)
        if plan.trails and trail is not None and position.best >= plan.trail_r * risk:
            self.move(row, position, trail, "trail")

    def is_even_due(self, position: Position, risk: int) -> bool:
        if self.plan.even_target is not None:
            return position.parts[self.plan.even_target] is None
        return self.plan.even_r is not None and position.best >= self.plan.even_r * risk

    def move(self, row: int, position: Position, price: int, reason: str) -> None:
        if position.sign * (price - position.stop) > 0:
            position.stop = price
            self.say(row, "move", position.intent, reason, price)

    # --- money ------------------------------------------------------------------------------

    def close(self, row: int, position: Position) -> None:
        net = position.gross - position.costs
        self.equity += net
        self.results.append(net)
        self.peak = max(self.peak, self.equity)
        size = position.contracts
        self.say(row, "closed", position.intent, position.last, 0, size, net)
        self.excursions.append((position.worst, position.best))
        down = self.peak - self.equity
        if self.plan.reduce_at is not None:
            reduced = down >= self.plan.reduce_at * self.peak
            if reduced != self.reduced:
                self.reduced = reduced
                self.say(row, "reduced" if reduced else "restored", -1, "", 0, 0, self.equity)
        if self.plan.stop_at is not None and down >= self.plan.stop_at * self.peak:
            if not self.latched:
                self.say(row, "latch", -1, "drawdown_latch", 0, 0, self.equity)
            self.latched = True

    def say(
        self,
        row: int,
        kind: str,
        intent: int,
        reason: str,
        price: int,
        contracts: int = 0,
        amount: Fraction = Fraction(0),
    ) -> None:
        self.log.append((row, kind, intent, reason, price, contracts, amount))
