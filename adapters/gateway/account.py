"""Accounts: positions, money, margin. Amounts are exact fractions of the currency."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from adapters.gateway.contracts import COIN, FUTURE, PAIR, STOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from adapters.gateway.contracts import Contract

MARGIN: Final[Mapping[str, Fraction]] = {
    FUTURE: Fraction(7, 100),
    STOCK: Fraction(1, 2),
    PAIR: Fraction(3, 100),
    COIN: Fraction(1),
}
"""Initial margin as a share of the value; a broker's real figures change daily."""

MAINTENANCE: Final = Fraction(9, 10)
"""Of the initial margin."""


@dataclass(slots=True)
class Position:
    """Contracts held (short: negative), and what they cost together, in ticks."""

    contract: Contract
    quantity: int = 0
    cost: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)

    @property
    def average(self) -> Fraction:
        """The mean price in ticks."""
        return self.cost / self.quantity if self.quantity else Fraction(0)

    @property
    def average_cost(self) -> float:
        """The mean price with the multiplier in it, as IB gives it."""
        return float(self.average * self.contract.tick_value)

    def value(self, price: int) -> Fraction:
        """What it is worth at a price."""
        return self.quantity * price * self.contract.tick_value

    def unrealized(self, price: int) -> Fraction:
        """What closing it at a price would bring."""
        return (self.quantity * price - self.cost) * self.contract.tick_value

    def take(self, quantity: int, price: int) -> Fraction | None:
        """Buy (or sell) at a price; what that realizes, None where nothing is closed."""
        held = self.quantity
        if held * quantity >= 0:
            self.quantity += quantity
            self.cost += quantity * price
            return None
        closed = min(abs(held), abs(quantity)) * (1 if held > 0 else -1)
        gain = closed * (price - self.average) * self.contract.tick_value
        average = self.average
        self.quantity += quantity
        self.cost = self.quantity * (average if held * self.quantity > 0 else Fraction(price))
        self.realized += gain
        return gain


@dataclass(frozen=True, slots=True)
class Margin:
    """Requirements and equity at some moment."""

    initial: Fraction
    maintenance: Fraction
    equity: Fraction


@dataclass(slots=True)
class Account:
    """One account. `start` is the money it began with."""

    name: str
    start: Fraction
    price: Callable[[Contract], int | None]
    currency: str = "USD"
    fees: Fraction = Fraction(0)
    positions: dict[int, Position] = field(default_factory=dict)

    def held(self, contract: Contract) -> int:
        """How much of a contract is held."""
        position = self.positions.get(contract.con_id)
        return position.quantity if position else 0

    def take(
        self, contract: Contract, quantity: int, price: int, commission: Fraction
    ) -> Fraction | None:
        """Book a trade; what it realized after commission, None where nothing was closed."""
        position = self.positions.setdefault(contract.con_id, Position(contract))
        self.fees += commission
        gain = position.take(quantity, price)
        return None if gain is None else gain - commission

    def settle(self, contract: Contract, price: int) -> int:
        """Close what is held at a price without a trade, as an expiry does; how much it was."""
        quantity = self.held(contract)
        if quantity:
            self.positions[contract.con_id].take(-quantity, price)
        return quantity

    def now(self, position: Position) -> int:
        """The price a position is valued at."""
        price = self.price(position.contract)
        return round(position.average) if price is None else price

    @property
    def realized(self) -> Fraction:
        """What closed trades brought, after commission."""
        return sum((one.realized for one in self.positions.values()), -self.fees)

    @property
    def unrealized(self) -> Fraction:
        """What open positions would bring."""
        return sum((one.unrealized(self.now(one)) for one in self.positions.values()), Fraction(0))

    @property
    def net(self) -> Fraction:
        """The net liquidation value."""
        return self.start + self.realized + self.unrealized

    def margin(self, extra: Mapping[int, tuple[Contract, int]] | None = None) -> Margin:
        """What is required for the positions, and for `extra` ones if they were held too."""
        held = {key: (one.contract, one.quantity) for key, one in self.positions.items()}
        for key, (contract, quantity) in (extra or {}).items():
            held[key] = (contract, held.get(key, (contract, 0))[1] + quantity)
        initial = Fraction(0)
        for contract, quantity in held.values():
            price = self.price(contract)
            if quantity and price is not None:
                value = abs(quantity * price) * contract.tick_value
                initial += value * MARGIN.get(contract.kind, Fraction(1))
        return Margin(initial, initial * MAINTENANCE, self.net)

    def values(self) -> Iterator[tuple[str, str, str]]:
        """Key, value and currency of everything the account tells of itself."""
        margin = self.margin()
        spare = self.net - margin.initial
        gross = sum((abs(one.value(self.now(one))) for one in self.positions.values()), Fraction(0))
        yield "AccountReady", "true", ""
        yield "AccountType", "INDIVIDUAL", ""
        amounts = (
            ("NetLiquidation", self.net),
            ("TotalCashValue", self.net - self.unrealized),
            ("SettledCash", self.net - self.unrealized),
            ("CashBalance", self.net - self.unrealized),
            ("EquityWithLoanValue", self.net),
            ("AvailableFunds", spare),
            ("ExcessLiquidity", self.net - margin.maintenance),
            ("BuyingPower", max(spare, Fraction(0))),
            ("InitMarginReq", margin.initial),
            ("MaintMarginReq", margin.maintenance),
            ("FullInitMarginReq", margin.initial),
            ("FullMaintMarginReq", margin.maintenance),
            ("GrossPositionValue", gross),
            ("RealizedPnL", self.realized),
            ("UnrealizedPnL", self.unrealized),
        )
        for key, amount in amounts:
            yield key, money(amount), self.currency


def money(amount: Fraction) -> str:
    """An amount with two decimals, rounded half to even."""
    cents = round(amount * 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"
