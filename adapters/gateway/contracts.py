"""What can be asked for: futures with their expiries, stocks, currency pairs, coins.

Identity is the contract id, derived from what the contract is, so it is the same in every run.
The expiry rules are those of index and currency futures; the other products expire here
on the third last working day before their month, which is near enough to practise on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from adapters.instruments import INSTRUMENTS
from dsl.ir.program import Instrument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FUTURE: Final = "FUT"
CONTINUOUS: Final = "CONTFUT"
STOCK: Final = "STK"
PAIR: Final = "CASH"
COIN: Final = "CRYPTO"
KINDS: Final = frozenset({FUTURE, CONTINUOUS, STOCK, PAIR, COIN, "IND", "OPT", "FOP", "BAG"})
"""Security types that are understood; of the last ones there are none here."""

_FUTURES_EXCHANGES: Final = frozenset({"CME", "CBOT", "NYMEX", "COMEX", "EUREX"})
_MONTHS: Final = "FGHJKMNQUVXZ"
_QUARTERS: Final = (3, 6, 9, 12)
_INDEX: Final = frozenset(
    ["NQ", "MNQ", "ES", "MES", "RTY", "M2K", "YM", "MYM", "FDAX", "FDXM", "FDXS", "FESX"]
)
_NAMES: Final[Mapping[str, str]] = {
    "NQ": "E-mini NASDAQ 100",
    "MNQ": "Micro E-Mini Nasdaq-100 Index",
    "ES": "E-mini S&P 500",
    "MES": "Micro E-Mini S&P 500",
}

_STOCKS: Final = tuple(
    Instrument(symbol, "NASDAQ", Fraction(1, 100), Fraction(1), Fraction(1), "USD")
    for symbol in ("AAPL", "MSFT", "QQQ")
)


Steps = tuple[tuple[Fraction, Fraction], ...]
"""From which price on (rising) prices come in which steps; none: in ticks everywhere."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One thing to trade. `expiry` is YYYYMMDD or empty; `traded` the instrument it comes from.

    `lot` of its units are one contract of the instrument, which is what fees are counted by.
    """

    con_id: int
    symbol: str
    kind: str
    expiry: str
    multiplier: str
    exchange: str
    primary: str
    currency: str
    local: str
    trading_class: str
    tick: Fraction
    tick_value: Fraction
    instrument: str
    name: str
    rule: int
    steps: Steps = ()
    lot: Fraction = Fraction(1)

    def takes(self, ticks: int) -> bool:
        """Whether a price is on the step that counts there."""
        price = ticks * self.tick
        fitting = [step for low, step in self.steps if low <= price]
        return not fitting or (price / fitting[-1]).denominator == 1

    def price(self, ticks: int | Fraction) -> float:
        """A price in ticks as the number that goes over the wire, correctly rounded."""
        tick = self.tick
        if isinstance(ticks, int):
            return ticks * tick.numerator / tick.denominator
        exact = tick * ticks
        return exact.numerator / exact.denominator


@dataclass(frozen=True, slots=True)
class Query:
    """What a client says of the contract it means; empty or 0 is anything."""

    con_id: int = 0
    symbol: str = ""
    kind: str = ""
    expiry: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary: str = ""
    currency: str = ""
    local: str = ""
    trading_class: str = ""
    expired_too: bool = False

    def fits(self, one: Contract) -> bool:
        """Whether a contract is meant."""
        wanted = FUTURE if self.kind == CONTINUOUS else self.kind
        stated = (
            (self.symbol, one.symbol),
            (wanted, one.kind),
            (self.currency, one.currency),
            (self.local, one.local),
            (self.trading_class, one.trading_class),
        )
        return (
            self.con_id in (0, one.con_id)
            and all(mine in ("", theirs) for mine, theirs in stated)
            and one.expiry.startswith(self.expiry)
            and self.exchange in ("", "SMART", one.exchange, one.primary)
            and _same_number(self.multiplier, one.multiplier)
        )


class Catalogue:
    """Every contract of the gateway."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        first: date,
        last: date,
        steps: Mapping[str, Steps] | None = None,
    ) -> None:
        """The instruments served, and everything known by name; expiries around the dates.

        `steps`: price steps of some instruments, by symbol, where they are not their ticks.
        """
        ladders = {} if steps is None else steps
        known = {one.symbol: one for one in (*INSTRUMENTS.values(), *_STOCKS, *instruments)}
        self.contracts = tuple(
            replace(contract, steps=ladders.get(one.symbol, ()))
            for rule, one in enumerate(known.values(), start=1)
            for contract in _of(one, rule, first, last)
        )
        self._by_id = {one.con_id: one for one in self.contracts}
        self.rules = {one.rule: one.steps or ((Fraction(0), one.tick),) for one in self.contracts}
        self._by_symbol: dict[str, list[Contract]] = {}
        for one in self.contracts:
            self._by_symbol.setdefault(one.symbol, []).append(one)

    def by_id(self, con_id: int) -> Contract | None:
        """The contract of that id."""
        return self._by_id.get(con_id)

    def find(self, query: Query, today: date) -> list[Contract]:
        """Every contract that may be meant, the nearest expiry first; expired ones if asked."""
        if not (query.con_id or query.symbol or query.local):
            return []
        pool = self._by_symbol.get(query.symbol, []) if query.symbol else self.contracts
        if query.con_id:
            one = self._by_id.get(query.con_id)
            pool = [one] if one else []
        day = f"{today:%Y%m%d}"
        fitting = [
            one
            for one in pool
            if query.fits(one) and (query.expired_too or not one.expiry or one.expiry >= day)
        ]
        if query.kind == CONTINUOUS:
            return [replace(one, kind=CONTINUOUS) for one in fitting[:1]]
        return fitting

    def front(self, instrument: str, today: date) -> Contract | None:
        """The contract of an instrument that expires next, or its only one."""
        day = f"{today:%Y%m%d}"
        return next(
            (
                one
                for one in self.contracts
                if one.instrument == instrument and (not one.expiry or one.expiry >= day)
            ),
            None,
        )


def _same_number(mine: str, theirs: str) -> bool:
    if mine in ("", theirs):
        return True
    try:
        return float(mine) == float(theirs or 1)
    except ValueError:
        return False


def _id(*words: str) -> int:
    digest = hashlib.sha256("|".join(words).encode()).digest()
    return 600_000_000 + int.from_bytes(digest[:4]) % 100_000_000


def _of(one: Instrument, rule: int, first: date, last: date) -> list[Contract]:
    if one.exchange in _FUTURES_EXCHANGES:
        return _futures(one, rule, first, last)
    if one.exchange == "FX" and len(one.symbol) == 6:
        return [_pair(one, rule)]
    if one.exchange == "CRYPTO":
        return [_coin(one, rule)]
    return _stocks(one, rule)


def _futures(one: Instrument, rule: int, first: date, last: date) -> list[Contract]:
    months = _QUARTERS if one.exchange in ("CME", "CBOT", "EUREX") else range(1, 13)
    found = []
    for year in range(first.year, last.year + 2):
        for month in months:
            expiry = _expiry(one.symbol, year, month)
            if expiry < first or expiry > last + timedelta(days=400):
                continue
            local = f"{one.symbol}{_MONTHS[month - 1]}{year % 10}"
            found.append(
                Contract(
                    con_id=_id(one.symbol, f"{year}-{month}"),
                    symbol=one.symbol,
                    kind=FUTURE,
                    expiry=f"{expiry:%Y%m%d}",
                    multiplier=_plain(one.multiplier),
                    exchange=one.exchange,
                    primary="",
                    currency=one.currency,
                    local=local,
                    trading_class=one.symbol,
                    tick=one.tick,
                    tick_value=one.tick_value,
                    instrument=one.symbol,
                    name=_NAMES.get(one.symbol, f"{one.symbol} future"),
                    rule=rule,
                )
            )
    return found


def _expiry(symbol: str, year: int, month: int) -> date:
    first = date(year, month, 1)
    if symbol in _INDEX:
        return first + timedelta(days=(4 - first.weekday()) % 7 + 14)
    wednesday = first + timedelta(days=(2 - first.weekday()) % 7 + 14)
    return _working_days_before(wednesday if len(symbol) <= 3 and "6" in symbol else first, 2)


def _working_days_before(day: date, count: int) -> date:
    while count:
        day -= timedelta(days=1)
        count -= day.isoweekday() <= 5
    return day


def _pair(one: Instrument, rule: int) -> Contract:
    base, quote = one.symbol[:3], one.symbol[3:]
    return Contract(
        con_id=_id(one.symbol, PAIR),
        symbol=base,
        kind=PAIR,
        expiry="",
        multiplier="",
        exchange="IDEALPRO",
        primary="",
        currency=quote,
        local=f"{base}.{quote}",
        trading_class=f"{base}.{quote}",
        tick=one.tick,
        tick_value=one.tick,
        instrument=one.symbol,
        name=f"{base} against {quote}",
        rule=rule,
        lot=one.multiplier,
    )


def _coin(one: Instrument, rule: int) -> Contract:
    base = one.symbol.removesuffix(one.currency) or one.symbol
    return Contract(
        con_id=_id(one.symbol, COIN),
        symbol=base,
        kind=COIN,
        expiry="",
        multiplier="",
        exchange="PAXOS",
        primary="",
        currency=one.currency,
        local=f"{base}.{one.currency}",
        trading_class=base,
        tick=one.tick,
        tick_value=one.tick,
        instrument=one.symbol,
        name=f"{base} coin",
        rule=rule,
        lot=one.multiplier,
    )


def _stocks(one: Instrument, rule: int) -> list[Contract]:
    """A stock, and its foreign listing: without the currency the symbol is ambiguous."""
    home = Contract(
        con_id=_id(one.symbol, STOCK),
        symbol=one.symbol,
        kind=STOCK,
        expiry="",
        multiplier="",
        exchange="SMART",
        primary=one.exchange or "NASDAQ",
        currency=one.currency,
        local=one.symbol,
        trading_class=one.symbol,
        tick=one.tick,
        tick_value=one.tick_value,
        instrument=one.symbol,
        name=f"{one.symbol} common stock",
        rule=rule,
    )
    abroad = replace(
        home,
        con_id=_id(one.symbol, STOCK, "MXN"),
        primary="MEXI",
        currency="MXN",
        instrument=f"{one.symbol} in MXN",
    )
    return [home, abroad]


def _plain(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else repr(float(value))
