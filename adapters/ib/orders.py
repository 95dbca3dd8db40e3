"""An order of ours as the broker takes it: prices on the grid, names, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from adapters.ib.ladder import on_ladder
from adapters.ib.states import Terms
from engine.domain.order import OrderKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.ib.library import Library
    from adapters.ib.port import ContractInfo
    from engine.live.commands import Send

_TYPES: Final[Mapping[OrderKind, str]] = {
    OrderKind.MARKET: "MKT",
    OrderKind.STOP: "STP",
    OrderKind.LIMIT: "LMT",
}

LONGEST_REF: Final = 40
"""Characters that the broker carries in a reference."""

_CANCEL_ALL: Final = 1
"""OCA type: when one is filled, the others are cancelled; none can be filled meanwhile."""


def order_of(library: Library, wanted: Send, contract: ContractInfo, account: str) -> Any:
    """The library's order; raises `ValueError` for one that cannot be sent."""
    asked = wanted.order
    kind = _TYPES.get(asked.kind)
    if kind is None:
        raise ValueError(f"order {asked.id}: a live order cannot be filled at a close that is past")
    if len(asked.id) > LONGEST_REF:
        raise ValueError(f"order {asked.id}: the reference has more than {LONGEST_REF} characters")
    price = price_of(price_ticks(wanted, contract), contract)
    return library.order(
        orderId=wanted.number,
        action=asked.action.name,
        totalQuantity=asked.contracts * contract.lot,
        orderType=kind,
        lmtPrice=price if asked.kind is OrderKind.LIMIT else library.unset,
        auxPrice=price if asked.kind is OrderKind.STOP else library.unset,
        tif=wanted.lasts,
        orderRef=asked.id,
        transmit=wanted.transmit,
        parentId=wanted.parent,
        ocaGroup=wanted.group,
        ocaType=_CANCEL_ALL if wanted.group else 0,
        outsideRth=wanted.outside_hours,
        account=account,
    )


def price_ticks(wanted: Send, contract: ContractInfo) -> int | None:
    """The price at which an order goes, in ticks: on a step that the exchange takes."""
    asked = wanted.order
    if asked.price is None:
        return None
    return on_ladder(
        asked.price, contract.tick, contract.ladder,
        kind=asked.kind, action=asked.action, opens=wanted.leg.role.opens,
    )  # fmt: skip


def price_of(ticks: int | None, contract: ContractInfo) -> float | None:
    """A price in ticks as the number that goes over the wire, correctly rounded."""
    if ticks is None:
        return None
    return ticks * contract.tick.numerator / contract.tick.denominator


def terms_of(wanted: Send, contract: ContractInfo) -> Terms:
    """What is known of an order because we send it."""
    asked = wanted.order
    return Terms(
        ref=asked.id,
        contract=contract.number,
        action=asked.action,
        kind=asked.kind,
        price=price_of(price_ticks(wanted, contract), contract),
        contracts=asked.contracts * contract.lot,
        lasts=wanted.lasts,
        outside_hours=wanted.outside_hours,
        parent=wanted.parent,
    )
