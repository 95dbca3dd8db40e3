"""What a client says: contract queries, orders, times and durations, read from their fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from adapters.gateway.contracts import KINDS, Query
from adapters.gateway.orders import TIMES, TYPES, Ticket
from adapters.gateway.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from adapters.gateway.contracts import Contract
    from adapters.gateway.wire import Reader

LARGEST: Final = 1_000_000_000
"""Contracts in the largest order."""

SIZES: Final[Mapping[str, int]] = {
    "1 sec": 5,
    "1 secs": 5,
    "5 secs": 5,
    "10 secs": 10,
    "15 secs": 15,
    "30 secs": 30,
    "1 min": 60,
    "2 mins": 120,
    "3 mins": 180,
    "5 mins": 300,
    "10 mins": 600,
    "15 mins": 900,
    "20 mins": 1200,
    "30 mins": 1800,
    "1 hour": 3600,
    "2 hours": 7200,
    "3 hours": 10_800,
    "4 hours": 14_400,
    "8 hours": 28_800,
    "1 day": 86_400,
    "1D": 86_400,
    "1 week": 604_800,
    "1W": 604_800,
}
"""Bar sizes in seconds; seconds are told in fives, there is nothing shorter."""

_DURATION: Final = re.compile(r"([1-9]\d{0,8}) ([SDWMY])")
_DAYS: Final = {"D": 1, "W": 7, "M": 31, "Y": 366}
_TIME: Final = re.compile(r"(\d{8})[ -]{1,2}(\d{2}:\d{2}(:\d{2})?)( ?([A-Za-z_/+-]{2,40}))?")


class Refused(Exception):
    """A request that was read and makes no sense: the code, and the words after it."""

    def __init__(self, code: int, text: str) -> None:
        """What the error frame says."""
        super().__init__(text)
        self.code = code
        self.text = text


def invalid(cause: str) -> Refused:
    """A request whose values cannot be meant."""
    return Refused(321, f"Error validating request.-'bI' : cause - {cause}")


def contract_query(read: Reader, *, primary: bool = True) -> Query:
    """The twelve fields that say which contract is meant."""
    con_id, symbol, kind, expiry = read.whole(0), read.text(40), read.text(10), read.text(20)
    read.amount()
    read.text(10)
    query = Query(
        con_id,
        symbol,
        kind,
        expiry,
        read.text(20),
        read.text(40),
        read.text(40) if primary else "",
        read.text(10),
        read.text(40),
        read.text(40),
    )
    if kind and kind not in KINDS:
        raise invalid("Please enter a valid security type")
    return query


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as it came: which contract, and what is wanted in prices as written."""

    number: int
    query: Query
    action: str
    quantity: Decimal | None
    type: str
    limit: Decimal | None
    aux: Decimal | None
    tif: str
    oca: str
    account: str
    open_close: str
    origin: int
    ref: str
    transmit: bool
    parent: int
    outside: bool
    good_till: str
    oca_type: int
    trail: Decimal | None
    percent: Decimal | None
    what_if: bool


def order(read: Reader, version: int) -> Asked:
    """The fields of placeOrder up to the last one that means something here."""
    number = read.whole()
    query = contract_query(read)
    read.skip(2)
    action, quantity, kind = read.text(10), read.amount(), read.text(20)
    limit, aux = read.amount(), read.amount()
    tif, oca, account, open_close = read.text(10), read.text(80), read.text(40), read.text(4)
    origin, ref, transmit, parent = read.whole(0), read.text(80), read.flag(), read.whole(0)
    read.skip(4)
    outside, _hidden = read.flag(), read.flag()
    if query.kind == "BAG":
        raise invalid("Combinations are not supported")
    read.skip(3)
    good_till = read.text(60)
    read.skip(8 if version < 177 else 7)
    oca_type = read.whole(0)
    read.skip(17)
    neutral = read.text(20)
    read.skip(9 if neutral else 1)
    read.skip(2)
    trail, percent = read.amount(), read.amount()
    read.skip(2)
    scale = read.amount()
    read.skip(7 if scale is not None and scale > 0 else 0)
    read.skip(3)
    hedge = read.text(4)
    read.skip(1 if hedge else 0)
    read.skip(4)
    read.skip(3 if read.flag() else 0)
    algorithm = read.text(40)
    if algorithm:
        raise invalid("Algorithms are not supported")
    read.skip(1)
    what_if = read.flag()
    return Asked(
        *(number, query, action, quantity, kind, limit, aux, tif or "DAY", oca, account),
        *(open_close, origin, ref, transmit, parent, outside, good_till, oca_type),
        *(trail, percent, what_if),
    )


def ticket(asked: Asked, contract: Contract, account: str) -> Ticket:
    """The order in ticks; raises `Refused` for one that no broker takes."""
    if asked.action not in ("BUY", "SELL"):
        raise invalid("Please enter a valid order action")
    if asked.type not in TYPES:
        text = "Unsupported order type for this exchange and security type."
        raise Refused(387, text)
    if asked.tif not in TIMES:
        raise invalid(f"Invalid time in force: {asked.tif}")
    quantity = asked.quantity
    if quantity is None or quantity <= 0 or quantity > LARGEST or quantity % 1:
        raise invalid("Order size must be a whole number above 0")
    needs_limit, needs_stop = "LMT" in asked.type, asked.type in ("STP", "STP LMT")
    limit = _ticks(asked.limit, contract) if needs_limit else None
    stop = _ticks(asked.aux, contract) if asked.type not in ("LMT", "MKT") else None
    if needs_limit and limit is None:
        raise Refused(329, "Order modify failed. A limit price is needed")
    if needs_stop and stop is None:
        raise Refused(403, "Invalid stop price.")
    percent = float(asked.percent) if asked.percent is not None else None
    if asked.type == "TRAIL" and not (stop or 0) > 0 and not (percent and 0 < percent < 100):
        raise invalid("A trailing stop needs an amount or a percentage")
    expires = instant(asked.good_till) if asked.tif == "GTD" else None
    return Ticket(
        action=asked.action,
        quantity=int(quantity),
        type=asked.type,
        limit=limit,
        stop=stop,
        trail_percent=percent,
        trail_from=_ticks(asked.trail, contract) if asked.type == "TRAIL" else None,
        tif=asked.tif,
        oca=asked.oca,
        oca_type=asked.oca_type,
        account=account,
        ref=asked.ref,
        parent=asked.parent,
        transmit=asked.transmit,
        outside=asked.outside,
        what_if=asked.what_if,
        good_till=asked.good_till,
        expires=None if expires is None else int(expires),
        open_close=asked.open_close,
        origin=asked.origin,
    )


def _ticks(price: Decimal | None, contract: Contract) -> int | None:
    if price is None:
        return None
    ticks = Fraction(price) / contract.tick
    if ticks.denominator != 1 or not contract.takes(ticks.numerator):
        text = "The price does not conform to the minimum price variation for this contract."
        raise Refused(110, text)
    return ticks.numerator


def instant(text: str) -> float:
    """Seconds of `20251002 10:31:00 US/Eastern` or `20251002-10:31:00` (UTC)."""
    found = _TIME.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)  # noqa: TRY301 - one way out for all of them
        clock = found[2] if found[3] else f"{found[2]}:00"
        zone = ZoneInfo(found[5]) if found[5] and found[5] != "UTC" else UTC
        wall = datetime.strptime(f"{found[1]} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=zone)
        return wall.timestamp()
    except (ValueError, KeyError, OSError, OverflowError):
        words = "Invalid date or time: write yyyymmdd hh:mm:ss zone, or yyyymmdd-hh:mm:ss in UTC"
        raise invalid(words) from None


@dataclass(frozen=True, slots=True)
class Span:
    """How far back a history request reaches: seconds, or so many trading dates."""

    seconds: int = 0
    dates: int = 0


def span(text: str) -> Span:
    """`3600 S`, `5 D`, `2 W`, `1 M`, `1 Y`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise invalid(f"Invalid duration: {text[:30]!r}; write as in 3600 S, 5 D, 2 W, 1 M, 1 Y")
    count, unit = int(found[1]), found[2]
    if unit == "S":
        return Span(seconds=min(count, 40 * 366 * 86_400))
    days = count * _DAYS[unit]
    return Span(dates=min(days if unit == "D" else days * 5 // 7 + 1, 20_000))


def bar_size(text: str) -> int:
    """Seconds of a bar size."""
    size = SIZES.get(text)
    if size is None:
        known = ", ".join(SIZES)
        raise invalid(f"Historical data bar size setting is invalid. Legal ones are: {known}")
    return size


__all__ = [
    "Asked",
    "Malformed",
    "Refused",
    "bar_size",
    "contract_query",
    "instant",
    "order",
    "span",
    "ticket",
]
