"""Round trips, folded from the records."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from engine.execution import records as out
from engine.execution.records import Kind

if TYPE_CHECKING:
    from engine.domain.market import Ints


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Closed positions, one entry each, in the order they closed; all int64.

    Prices, `risk_ticks` (entry to first stop), `mae` and `mfe` are ticks, money is in `Money`
    units. A position may leave in parts: `exit_sum` is the sum of price x contracts over
    them, so `exit_sum / contracts` is the mean exit price, exactly. `reason` (an index into
    `reason_names`) is that of the last part. `side` is 0 for SHORT, 1 for LONG.
    """

    intent: Ints
    side: Ints
    entry_row: Ints
    exit_row: Ints
    entry_price: Ints
    exit_sum: Ints
    contracts: Ints
    gross: Ints
    commission: Ints
    net: Ints
    risk_ticks: Ints
    mae: Ints
    mfe: Ints
    reason: Ints
    equity_after: Ints

    def __len__(self) -> int:
        """How many trades there are."""
        return len(self.intent)

    def exit_price(self, trade: int) -> Fraction:
        """The mean exit price of one trade in ticks, by contracts."""
        return Fraction(int(self.exit_sum[trade]), int(self.contracts[trade]))


def trades_of(records: Ints) -> Trades:
    """The round trips closed in these records, which hold the fills of all of them."""
    kind = records[:, out.KIND]
    closed, fills, exits = (records[kind == k] for k in (Kind.CLOSED, Kind.FILL, Kind.EXIT))
    intent = closed[:, out.INTENT]
    known = int(records[:, out.INTENT].max(initial=-1)) + 1
    entry_price = np.zeros(known, np.int64)
    entry_price[fills[:, out.INTENT]] = fills[:, out.PRICE]
    exit_sum = np.zeros(known, np.int64)
    np.add.at(exit_sum, exits[:, out.INTENT], exits[:, out.PRICE] * exits[:, out.CONTRACTS])
    paid = entry_price[intent]
    return Trades(
        intent=intent,
        side=closed[:, out.SIDE],
        entry_row=closed[:, out.ENTERED],
        exit_row=closed[:, out.ROW],
        entry_price=paid,
        exit_sum=exit_sum[intent],
        contracts=closed[:, out.CONTRACTS],
        gross=closed[:, out.GROSS],
        commission=closed[:, out.COMMISSION],
        net=closed[:, out.NET],
        risk_ticks=np.abs(paid - closed[:, out.STOP]),
        mae=closed[:, out.MAE],
        mfe=closed[:, out.MFE],
        reason=closed[:, out.REASON],
        equity_after=closed[:, out.EQUITY],
    )
