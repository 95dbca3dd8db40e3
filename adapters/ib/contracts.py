"""From an instrument of a spec to the contract that is traded, checked in every figure.

An order is only ever for one dated contract, never for a continuous future. Of the months there
are, the front one is traded until so many business days before it expires.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from adapters.ib.port import ContractInfo, Span, UnknownContract
from adapters.ib.times import zone_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from dsl.ir.program import Instrument

FUTURE: Final = "FUT"
STOCK: Final = "STK"
PAIR: Final = "CASH"
COIN: Final = "CRYPTO"

_FUTURES: Final = frozenset({"CME", "CBOT", "NYMEX", "COMEX", "EUREX"})
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "6E": "EUR",
    "6B": "GBP",
    "6A": "AUD",
    "6C": "CAD",
    "6J": "JPY",
    "FDAX": "DAX",
    "FDXM": "DAX",
    "FDXS": "DAX",
    "FESX": "ESTX50",
}
"""What IB calls the underlying of futures whose product code (their class) is another."""

WHAT: Final[Mapping[str, str]] = {PAIR: "MIDPOINT", COIN: "AGGTRADES"}
"""What history is made of, where it is not trades."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the broker to find contracts; empty is anything."""

    symbol: str
    kind: str
    exchange: str
    currency: str
    trading_class: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A contract as the broker describes it. `expires` is YYYYMMDD or empty."""

    number: int
    symbol: str
    local: str
    kind: str
    exchange: str
    currency: str
    trading_class: str
    tick: Fraction
    multiplier: Fraction
    expires: str
    zone: str
    hours: str
    liquid: str
    rule: int = 0


@dataclass(frozen=True, slots=True)
class Roll:
    """A month is traded until `days` business days before it expires; then it is the next one.

    `is_holiday` says which weekdays are none for this.
    """

    days: int = 6
    is_holiday: Callable[[date], bool] = lambda _: False

    def day(self, expires: date) -> date:
        """The first date on which the next month is traded."""
        day = expires
        left = self.days
        while left > 0:
            day -= timedelta(days=1)
            left -= day.isoweekday() <= 5 and not self.is_holiday(day)
        return day


def queries(instrument: Instrument) -> tuple[Query, ...]:
    """How to ask for an instrument: the first that finds something counts."""
    name, exchange, currency = instrument.symbol, instrument.exchange, instrument.currency
    if exchange in _FUTURES:
        first = Query(name, FUTURE, exchange, currency, trading_class=name)
        other = _OTHER_NAMES.get(name)
        return (first,) if other is None else (_renamed(first, other), first)
    if exchange == "FX":
        return (Query(name[:3], PAIR, "IDEALPRO", name[3:] or currency),)
    if exchange == "CRYPTO":
        return (Query(name.removesuffix(currency), COIN, "PAXOS", currency),)
    return (Query(name, STOCK, "SMART", currency),)


def _renamed(query: Query, symbol: str) -> Query:
    return Query(symbol, query.kind, query.exchange, query.currency, query.trading_class)


def found(details: Any) -> Found:
    """What a library's contract details say; raises `UnknownContract` where they say nonsense."""
    one = details.contract
    try:
        expires = details.realExpirationDate or str(one.lastTradeDateOrContractMonth).split(" ")[0]
        return Found(
            number=int(one.conId),
            symbol=one.symbol,
            local=one.localSymbol,
            kind=one.secType,
            exchange=one.exchange,
            currency=one.currency,
            trading_class=one.tradingClass,
            tick=_exact(details.minTick),
            multiplier=Fraction(one.multiplier or "1"),
            expires=expires,
            zone=details.timeZoneId,
            hours=details.tradingHours,
            liquid=details.liquidHours,
            rule=_rule(one.exchange, details.validExchanges, details.marketRuleIds),
        )
    except (ValueError, TypeError, ArithmeticError) as wrong:
        raise UnknownContract(
            f"IB describes {one.localSymbol!r} in a way not known: {wrong}"
        ) from None


def _rule(exchange: str, exchanges: str, rules: str) -> int:
    """The number of an exchange's market rule: there is one for each, in their order; 0: none."""
    told = dict(zip(exchanges.split(","), rules.split(","), strict=False))
    return int(told.get(exchange) or rules.partition(",")[0] or 0)


def _exact(price: float) -> Fraction:
    return Fraction(repr(float(price)))


def chosen(
    instrument: Instrument, all_of_them: Iterable[Found], today: date, roll: Roll
) -> ContractInfo:
    """The contract to trade today, checked against the instrument; raises `UnknownContract`."""
    name = instrument.symbol
    several = sorted(all_of_them, key=lambda one: (one.expires, one.number))
    if not several:
        raise UnknownContract(
            f"IB has no contract for {name} at {instrument.exchange or 'SMART'} in "
            f"{instrument.currency}: check symbol, exchange and currency of the instrument"
        )
    if several[0].kind != FUTURE:
        if len(several) > 1:
            names = ", ".join(f"{one.local} at {one.exchange}" for one in several[:5])
            raise UnknownContract(f"{name} may be {names}: name the exchange and the currency")
        return checked(instrument, several[0], roll)
    return checked(instrument, _front(name, several, today, roll), roll)


def _front(name: str, months: Sequence[Found], today: date, roll: Roll) -> Found:
    classes = sorted({one.trading_class for one in months})
    if len(classes) > 1:
        raise UnknownContract(f"{name} is ambiguous at IB: it may be of {', '.join(classes)}")
    for one in months:
        if one.expires and today < roll.day(date_of(one.expires)):
            return one
    last = months[-1].expires
    raise UnknownContract(f"IB lists no month of {name} that is not about to expire (last: {last})")


def date_of(text: str) -> date:
    """The date of YYYYMMDD."""
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise UnknownContract(f"IB gives an expiry that is no date: {text!r}") from None


def checked(instrument: Instrument, one: Found, roll: Roll) -> ContractInfo:
    """The contract with its hours, if it is what the instrument says; else `UnknownContract`."""
    name = instrument.symbol
    _same(name, "currency", instrument.currency, one.currency)
    lot = instrument.multiplier / one.multiplier
    if one.kind == FUTURE:
        _same(name, "multiplier", instrument.multiplier, one.multiplier)
        _same(name, "tick", instrument.tick, one.tick)
    if lot.denominator != 1 or one.tick <= 0 or (instrument.tick / one.tick).denominator != 1:
        raise UnknownContract(
            f"{name}: prices at IB come in steps of {_text(one.tick)} and one unit is worth "
            f"{_text(one.multiplier)} a price unit; the instrument says {_text(instrument.tick)} "
            f"and {_text(instrument.multiplier)}: describe it so that these are whole multiples"
        )
    rolls = f"{roll.day(date_of(one.expires)):%Y%m%d}" if one.kind == FUTURE else ""
    return ContractInfo(
        number=one.number,
        instrument=instrument,
        symbol=one.symbol,
        local=one.local,
        kind=one.kind,
        exchange=one.exchange,
        currency=one.currency,
        tick=instrument.tick,
        multiplier=instrument.multiplier,
        expires=one.expires if one.kind == FUTURE else "",
        rolls=rolls,
        zone=one.zone,
        sessions=spans(one.hours, one.zone),
        regular=spans(one.liquid, one.zone),
        lot=lot.numerator,
        rule=one.rule,
    )


def _same(name: str, what: str, mine: object, theirs: object) -> None:
    if mine != theirs:
        raise UnknownContract(
            f"{name}: the {what} is {_text(mine)} in the spec and {_text(theirs)} at IB; "
            "nothing is traded until they agree"
        )


def _text(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value.numerator) if value.denominator == 1 else repr(float(value))
    return str(value)


def spans(text: str, zone: str) -> tuple[Span, ...]:
    """Hours as IB writes them, on the clock of `zone`; days that are closed have none.

    `20250521:1700-20250522:1600;20250524:CLOSED`, or of old `20250521:0930-1600,1700-1800`.
    """
    if not text:
        return ()
    clock = _zone(zone)
    told: list[Span] = []
    try:
        for day in text.split(";"):
            first, _, times = day.partition(":")
            if times in ("", "CLOSED"):
                continue
            told += [_span(first, part, clock) for part in times.split(",")]
    except ValueError:
        raise UnknownContract(f"IB gives hours that cannot be read: {text[:80]!r}") from None
    return tuple(sorted(set(told), key=lambda one: one.begins))


def _span(day: str, part: str, clock: ZoneInfo) -> Span:
    begins, _, ends = part.partition("-")
    last, _, until = ends.rpartition(":")
    return Span(
        _minute(day, begins.removeprefix(f"{day}:"), clock), _minute(last or day, until, clock)
    )


def _minute(day: str, time: str, clock: ZoneInfo) -> int:
    wall = datetime.strptime(f"{day}{time}", "%Y%m%d%H%M")  # noqa: DTZ007 - zoned right below
    return int(wall.replace(tzinfo=clock).timestamp()) // 60


def _zone(name: str) -> ZoneInfo:
    found = zone_named(name)
    if found is None:
        raise UnknownContract(f"IB gives hours in a time zone not known here: {name!r}")
    return found
