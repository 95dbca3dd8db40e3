"""Faults of the moment: what each of them does to the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.gateway.orders import LIMIT, MARKET, Ticket
from adapters.gateway.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.gateway.gateway import Gateway
    from adapters.gateway.session import Session


def _farm(
    part: str, down: tuple[int, str], up: tuple[int, str]
) -> Callable[[Gateway, float], None]:
    return lambda gateway, seconds: gateway.outages.begin(part, seconds, down, up)


def _every(act: Callable[[Session, float], object]) -> Callable[[Gateway, float], None]:
    """Something done to every session that has a client."""

    def strike(gateway: Gateway, value: float) -> None:
        for session in gateway.lines:
            if session.client >= 0:
                act(session, value)

    return strike


def _idle(gateway: Gateway, _: float) -> None:
    gateway.notice(
        2107, "HMDS data farm connection is inactive but should be available upon demand.ushmds"
    )
    gateway.notice(
        2108, "Market data farm connection is inactive but should be available upon demand.usfarm"
    )


def _by_hand(gateway: Gateway, quantity: int, kind: str) -> None:
    """A person buys of every market: at any price, or at a limit far below."""
    account = next(iter(gateway.exchange.accounts))
    for tape in gateway.tapes.values():
        contract = gateway.catalogue.front(tape.name, gateway.today())
        if contract is not None and tape.price is not None:
            limit = tape.price - _FAR_BELOW if kind == LIMIT else None
            gateway.desk.by_hand(
                contract, Ticket("BUY", quantity, kind, limit, account=account, tif="GTC")
            )


def _cancel_newest(gateway: Gateway, _: float) -> None:
    """The broker cancels the newest order that works."""
    working = [order for order in gateway.exchange.working.values() if order.works]
    if working:
        gateway.exchange.cancel(working[-1], "by the broker")


_FAR_BELOW: Final = 400
"""Ticks under the last price, where a person's limit order rests."""

_GARBAGE: Final = ("9999", "\x01\x02", "-", "", "nan", "1e999")

STRIKES: Final[dict[str, Callable[[Gateway, float], None]]] = {
    "link-lost": lambda gateway, seconds: gateway.outages.lose_link(seconds),
    "link-lost-data": lambda gateway, seconds: gateway.outages.lose_link(seconds, data_kept=False),
    "link-broken": lambda gateway, seconds: gateway.outages.lose_link(seconds, code=2110),
    "market-farm": _farm(
        "market-farm",
        (2103, "Market data farm connection is broken:usfarm"),
        (2104, "Market data farm connection is OK:usfarm"),
    ),
    "history-farm": _farm(
        "history-farm",
        (2105, "HMDS data farm connection is broken:ushmds"),
        (2106, "HMDS data farm connection is OK:ushmds"),
    ),
    "contract-farm": _farm(
        "contract-farm",
        (2157, "Sec-def data farm connection is broken:secdefnj"),
        (2158, "Sec-def data farm connection is OK:secdefnj"),
    ),
    "farm-idle": _idle,
    "farm-connecting": lambda gateway, _: gateway.notice(
        2119, "Market data farm is connecting:usfarm"
    ),
    "competing-session": _farm(
        "competing-session",
        (10197, "No market data during competing live session"),
        (2104, "Market data farm connection is OK:usfarm"),
    ),
    "restart": lambda gateway, seconds: gateway.outages.restart(seconds),
    "restart-rollback": lambda gateway, seconds: gateway.outages.restart(seconds, rollback=True),
    "socket-lost": _every(lambda session, _: session.close()),
    "half-frame": _every(lambda session, _: session.close(half=True)),
    "garbage": _every(lambda session, _: session.send_raw(encode(_GARBAGE))),
    "cut-frames": _every(lambda session, seconds: session.cut(seconds)),
    "slow-link": _every(lambda session, seconds: session.hold(seconds)),
    "cancel-unasked": _cancel_newest,
    "foreign-order": lambda gateway, size: _by_hand(gateway, int(size), LIMIT),
    "foreign-trade": lambda gateway, size: _by_hand(gateway, int(size), MARKET),
}
"""What each fault of the moment does."""
