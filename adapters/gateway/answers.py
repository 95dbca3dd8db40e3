"""What the gateway says: one function a message, each giving the fields of one frame.

Counts and order are those of captured frames where there are any (openOrder, orderStatus,
execDetails, commissionReport, contractDetails of a future), else those that the client libraries
unpack; they count exactly, so a field too many or too few loses the message.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from adapters.gateway.contracts import CONTINUOUS, FUTURE
from adapters.gateway.orders import LIMIT, REDUCE, STOP, STOP_LIMIT, TRAIL, Held
from adapters.gateway.wire import UNSET, UNSET_WHOLE, Field, Fields, number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from adapters.gateway.account import Margin, Position
    from adapters.gateway.contracts import Contract, Steps
    from adapters.gateway.hours import Hours
    from adapters.gateway.orders import Execution, Order
    from adapters.gateway.tape import Range

ORDER_TYPES: Final = (
    "ACTIVETIM,AD,ADJUST,ALERT,ALGO,COND,DAY,GTC,GTD,IOC,LMT,MKT,OCA,STP,STPLMT,TRAIL,WHATIF"
)

_OBSOLETE_BEFORE: Final = 164
_PROFILE_BEFORE: Final = 177


def clock(now: float) -> str:
    """An instant as text, with its zone."""
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d %H:%M:%S} UTC"


def stamp(begins: int, form: int, size: int) -> str:
    """When a bar begins: seconds (`form` 2) or text; bars of a date and more have only the date."""
    if size >= 86_400:
        return f"{datetime.fromtimestamp(begins, UTC):%Y%m%d}"
    return str(begins) if form == 2 else clock(begins)


def error(version: int, about: int, code: int, text: str) -> Fields:
    """A notice, warning or error; `about` a request, an order, or -1."""
    return (4, 2, about, code, text, "") if version >= 166 else (4, 2, about, code, text)


def _block(one: Contract, exchange: str | None = None) -> Fields:
    """The eleven fields that name a contract."""
    place = one.exchange if exchange is None else exchange
    strike = "0" if one.kind == FUTURE else "0.0"
    return (
        *(one.con_id, one.symbol, one.kind, one.expiry, strike, "?" if one.kind == FUTURE else ""),
        *(one.multiplier, place, one.currency, one.local, one.trading_class),
    )


def contract_details(version: int, about: int, one: Contract, hours: Hours, now: float) -> Fields:
    """A contract with its hours from now on."""
    minute = now / 60
    is_future = one.kind in (FUTURE, CONTINUOUS)
    last = f"{one.expiry} 08:30 {hours.zone}" if is_future else ""
    old = version < _OBSOLETE_BEFORE
    sizes: Fields = ("1",) * (3 if version >= 164 else int(version == 163))
    return (
        10,
        *((8,) if old else ()),
        *(about, one.symbol, one.kind, last, "0", "", one.exchange, one.currency, one.local),
        *(one.trading_class, one.trading_class, one.con_id, one.price(1)),
        *(("",) if old else ()),
        *(one.multiplier, ORDER_TYPES, one.exchange, 1, one.con_id % 1_000_000 if is_future else 0),
        *(one.name, one.primary, one.expiry[:6], "", "", "", hours.zone),
        *(hours.words(minute), hours.words(minute, regular=True), "", "", 0),
        *(UNSET_WHOLE if is_future else 1, one.symbol if is_future else ""),
        *("IND" if is_future else "", str(one.rule), one.expiry if is_future else ""),
        "COMMON" if one.kind == "STK" else "",
        *sizes,
    )


def contract_details_end(about: int) -> Fields:
    """No more contracts."""
    return (52, 1, about)


def market_rule(rule: int, steps: Steps) -> Fields:
    """The price steps of a rule: from which price on, and the step."""
    told = (float(value) for pair in steps for value in pair)
    return (93, rule, len(steps), *told)


def history(about: int, begins: float, ends: float, bars: Sequence[Fields]) -> Fields:
    """All bars of a request."""
    return (17, about, clock(begins), clock(ends), len(bars), *(x for bar in bars for x in bar))


def history_bar(one: Contract, bar: Range, form: int, size: int) -> Fields:
    """One bar inside the answer to a request: date, OHLC, volume, average, trades."""
    prices = (one.price(price) for price in (bar.open, bar.high, bar.low, bar.close))
    return (stamp(bar.begins, form, size), *prices, bar.volume, _average(one, bar), bar.volume)


def live_bar(about: int, one: Contract, bar: Range, form: int, size: int) -> Fields:
    """The bar at hand of a subscription; mind the order: open, CLOSE, HIGH, LOW."""
    price = one.price
    return (
        *(90, about, bar.volume, stamp(bar.begins, form, size)),
        *(price(bar.open), price(bar.close), price(bar.high), price(bar.low)),
        *(_average(one, bar), bar.volume),
    )


def _average(one: Contract, bar: Range) -> float:
    """The mean price of a bar; -1 for one of quotes, in which nothing trades."""
    if bar.volume < 0:
        return -1.0
    return round(bar.average * one.tick.numerator / one.tick.denominator, 8)


def real_time_bar(about: int, one: Contract, bar: Range) -> Fields:
    """A 5-second bar."""
    prices = (one.price(price) for price in (bar.open, bar.high, bar.low, bar.close))
    return (50, 3, about, bar.begins, *prices, bar.volume, _average(one, bar), bar.volume)


def tick_price(about: int, kind: int, price: float, size: int) -> Fields:
    """A price of a market data line: 1 bid, 2 ask, 4 last, 6 high, 7 low, 9 close, 14 open."""
    return (1, 6, about, kind, price, size, 0)


def tick_size(about: int, kind: int, size: int) -> Fields:
    """A size of a market data line: 8 is the volume of the day."""
    return (2, 6, about, kind, size)


def tick_parameters(about: int, tick: float) -> Fields:
    """The price step and where its quotes come from."""
    return (81, about, tick, "9c0001", 3)


def data_type(about: int, kind: int) -> Fields:
    """Which data a line carries: 1 live, 2 frozen, 3 delayed."""
    return (58, 1, about, kind)


def snapshot_end(about: int) -> Fields:
    """A snapshot is complete."""
    return (57, 1, about)


def tick_last(about: int, *, all_of_them: bool, now: int, price: float, size: int) -> Fields:
    """A trade of a tick-by-tick line."""
    return (99, about, 2 if all_of_them else 1, now, price, size, 0, "CME", "")


def tick_quote(about: int, now: int, bid: float, ask: float) -> Fields:
    """A quote of a tick-by-tick line."""
    return (99, about, 3, now, bid, ask, 3, 4, 0)


def tick_middle(about: int, now: int, price: float) -> Fields:
    """A mid point of a tick-by-tick line."""
    return (99, about, 4, now, price)


def order_status(order: Order) -> Fields:
    """Twelve fields: how far an order is."""
    price = order.contract.price
    held = "" if order.held is Held.TRANSMIT else order.held.value
    return (
        *(3, order.id, order.status.value, number(order.filled), number(order.left)),
        *(price(order.average), order.perm, order.ticket.parent, price(order.last)),
        *(order.client, held, 0),
    )


def open_order(
    version: int,
    order: Order,
    margin: tuple[Margin, Margin] | None = None,
    *,
    fees: bool = True,
) -> Fields:
    """An order as it stands: 131 fields at version 164.

    `margin`: what is required before it and after it. `fees`: whether its commission is known yet.
    """
    ticket, one = order.ticket, order.contract
    profile: Fields = ("",) if version < _PROFILE_BEFORE else ()
    return (
        *(5, order.id, *_block(one), ticket.action, number(order.quantity), ticket.type),
        *(_limit(order), _aux(order), ticket.tif, ticket.oca, ticket.account),
        *(ticket.open_close, ticket.origin, ticket.ref, order.client, order.perm, ticket.outside),
        *(0, 0, "", f"{order.perm}.0/{ticket.account}/100", "", "", "", *profile),
        *("", ticket.good_till, "", "", "", 0, "", -1, 0, "", "", "", "", "", UNSET_WHOLE, 0, 0, 0),
        *("", ticket.oca_type or REDUCE, 0, 0, "", ticket.parent, 0),
        *("", 0, "None", "", 0, "", "", "", "?", 0, 0, ""),
        *(0, 0, _trail(order), ticket.trail_percent, "", "", "", 0, 0, 0),
        *(UNSET_WHOLE, UNSET_WHOLE, "", "", 0, "", "IB", 0, 0, "", 0, ticket.what_if),
        *(order.status.value, *_state(order, margin, fees=fees), 0, 0, 0),
        *("None", *(UNSET,) * 6, 0, "", "", "", 0, 1, 0, 0, 0),
        *(("",) if version >= 159 else ()),
        *(("",) if version >= 160 else ()),
        *((0,) if version >= 162 else ()),
        *(("",) * 5 if version >= 170 else ()),
    )


def _state(order: Order, margin: tuple[Margin, Margin] | None, *, fees: bool) -> Fields:
    """Nine margins, three commissions, currency, warning."""
    if margin is None:
        if fees and order.filled:
            return (*(UNSET,) * 9, float(order.fees), "", "", order.contract.currency, "")
        return (*(UNSET,) * 9, "", "", "", "", "")
    before, after = margin
    figures = [
        (float(one.initial), float(one.maintenance), float(one.equity)) for one in (before, after)
    ]
    change = [after - before for before, after in zip(*figures, strict=True)]
    fee = float(order.fees)
    return (*figures[0], *change, *figures[1], fee, fee, fee, order.contract.currency, "")


def _limit(order: Order) -> Field:
    wanted = order.ticket.type in (LIMIT, STOP_LIMIT)
    return order.contract.price(order.ticket.limit or 0) if wanted else "0.0"


def _aux(order: Order) -> Field:
    wanted = order.ticket.type in (STOP, STOP_LIMIT, TRAIL)
    return order.contract.price(order.ticket.stop or 0) if wanted else "0.0"


def _trail(order: Order) -> Field:
    if order.ticket.type != TRAIL or order.level is None:
        return ""
    return order.contract.price(order.level)


def completed_order(version: int, order: Order) -> Fields:
    """An order that is done, with how and when it ended."""
    ticket, one = order.ticket, order.contract
    profile: Fields = ("",) if version < _PROFILE_BEFORE else ()
    return (
        *(101, *_block(one), ticket.action, number(ticket.quantity), ticket.type),
        *(_limit(order), _aux(order), ticket.tif, ticket.oca, ticket.account),
        *(ticket.open_close, ticket.origin, ticket.ref, order.perm, ticket.outside, 0, 0, ""),
        *("", "", "", *profile, "", ticket.good_till, "", "", "", 0, "", -1),
        *("", "", "", "", "", UNSET_WHOLE, 0, 0, "", ticket.oca_type or REDUCE, 0),
        *("", 0, "None", "", 0, 0, 0, ""),
        *(0, 0, "", "", "", 0, 0, 0, UNSET_WHOLE, UNSET_WHOLE, "", ""),
        *("", "IB", 0, 0, "", 0, order.status.value, 0, 0, 0),
        *("", UNSET, 0, 1, 0, "", number(order.filled), UNSET_WHOLE, 0),
        *("Not an insider or substantial shareholder", 0, 0, 9223372036854775807),
        *(clock(order.ended), order.outcome),
        *(("",) * 5 if version >= 170 else ()),
    )


def execution(version: int, about: int, one: Execution, when: str) -> Fields:
    """A fill at a time as the gateway writes it; `about` is -1 for one that happens now."""
    order = one.order
    side = "BOT" if order.ticket.sign > 0 else "SLD"
    price = order.contract.price
    return (
        *(11, about, order.id, *_block(order.contract), one.id, when),
        *(order.ticket.account, order.contract.exchange, side, number(one.quantity)),
        *(price(one.price), order.perm, order.client, 0, number(one.cumulative)),
        *(price(one.average), order.ticket.ref, "", "", "", 2),
        *((0,) if version >= 178 else ()),
    )


def commission(one: Execution) -> Fields:
    """The fee of a fill, and what it realized."""
    realized = UNSET if one.realized is None else float(one.realized)
    currency = one.order.contract.currency
    return (59, 1, one.id, float(one.commission), currency, realized, UNSET, "")


def position(account: str, one: Position) -> Fields:
    """What is held of a contract; its exchange is empty."""
    block = _block(one.contract, "")
    return (61, 3, account, *block, number(one.quantity), one.average_cost)


def position_multi(about: int, account: str, one: Position) -> Fields:
    """The same for one account."""
    block = _block(one.contract, "")
    return (71, 1, about, account, *block, number(one.quantity), one.average_cost, "")


def portfolio(account: str, one: Position, price: int) -> Fields:
    """What is held, valued."""
    return (
        *(7, 8, *_block(one.contract), number(one.quantity), one.contract.price(price)),
        *(_amount(one.value(price)), one.average_cost, _amount(one.unrealized(price))),
        *(_amount(one.realized), account),
    )


def _amount(value: Fraction) -> float:
    return round(float(value), 2)


def pnl(about: int, daily: Fraction, unrealized: Fraction, realized: Fraction) -> Fields:
    """Profit and loss of an account."""
    return (94, about, _amount(daily), _amount(unrealized), _amount(realized))


def pnl_single(about: int, one: Position, price: int) -> Fields:
    """Profit and loss of one position."""
    gain, open_gain = one.realized, one.unrealized(price)
    held = number(one.quantity)
    return (
        *(95, about, held, _amount(gain + open_gain), _amount(open_gain), _amount(gain)),
        _amount(one.value(price)),
    )


def schedule(about: int, hours: Hours, spans: Sequence[tuple[int, int]]) -> Fields:
    """Trading sessions as history of `SCHEDULE`."""
    told = [
        field
        for begins, ends in spans
        for field in (
            _dashed(begins),
            _dashed(ends),
            f"{hours.trading_date((begins + ends) / 2):%Y%m%d}",
        )
    ]
    first, last = (_dashed(spans[0][0]), _dashed(spans[-1][1])) if spans else ("", "")
    return (106, about, first, last, "UTC", len(spans), *told)


def _dashed(minute: int) -> str:
    return f"{datetime.fromtimestamp(minute * 60, UTC):%Y%m%d-%H:%M:%S}"
