"""nautilus_trader: the rules in a Strategy, each setup a bracket order of its own.

Its bars are processed when they close, and a market order sent then is filled at that close. For an
entry at the next open there is therefore one trade tick at the open of every bar ("bars only"
shows what that costs); the exits at the end of a day are market orders at its last close.
Tuned as its documentation advises: the low-level engine, no logging, no risk engine, no analysis.
The bar and tick objects are made before the clock starts, as its users load them from a catalog.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from impl_ref import Detector
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    AssetClass,
    OmsType,
    OrderSide,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from benchmarks.rivals.work import Found, Make, Run, days_of, last_rows

if TYPE_CHECKING:
    from nautilus_trader.model.events import OrderFilled

SHORT = 0
MINUTE = 60_000_000_000
VENUE = Venue("XCME")
FUTURE = InstrumentId(Symbol("NQ"), VENUE)
BARS = BarType.from_str(f"{FUTURE}-1-MINUTE-LAST-EXTERNAL")
ONE = Quantity.from_int(1)


def future() -> FuturesContract:
    """A contract with ticks of 0.25 that outlives the data."""
    return FuturesContract(
        instrument_id=FUTURE,
        raw_symbol=FUTURE.symbol,
        asset_class=AssetClass.INDEX,
        currency=USD,
        price_precision=2,
        price_increment=Price.from_str("0.25"),
        multiplier=ONE,
        lot_size=ONE,
        underlying="NQ",
        activation_ns=0,
        expiration_ns=pd.Timestamp("2100-01-01", tz="UTC").value,
        ts_event=0,
        ts_init=0,
    )


class Empty(Strategy):
    """Receives every bar and tick and does nothing."""

    def on_start(self) -> None:
        """Asks for the data."""
        self.subscribe_bars(BARS)
        self.subscribe_trade_ticks(FUTURE)

    def on_bar(self, bar: Bar) -> None:
        """Nothing."""

    def on_trade_tick(self, tick: TradeTick) -> None:
        """Nothing."""


class Rules(Empty):
    """The benchmark's rules bar by bar."""

    def __init__(self, bars: Any) -> None:
        super().__init__()
        self.minutes, self.days, self.last = bars.minute.tolist(), days_of(bars), last_rows(bars)
        self.detector = Detector()
        self.row = 0  # of the bar that is open
        self.busy = False
        self.fills: list[tuple[int, float]] = []

    def on_trade_tick(self, tick: TradeTick) -> None:
        """A bar opens: setups that completed on the bar before are judged at its open."""
        row, detector = self.row, self.detector
        if detector.pending and self.days[row] == detector.day:
            for _, side, _, stop, target in detector.on_open(row, tick.price.as_double()):
                if not self.busy:
                    self.busy = True
                    self.enter(side, stop, target)

    def enter(self, side: int, stop: float, target: float) -> None:
        """A market order with a stop and a target that cancel each other."""
        orders = self.order_factory.bracket(
            instrument_id=FUTURE,
            order_side=OrderSide.SELL if side == SHORT else OrderSide.BUY,
            quantity=ONE,
            sl_trigger_price=Price(stop, 2),
            tp_price=Price(target, 2),
            tp_post_only=False,
        )
        self.submit_order_list(orders)

    def on_bar(self, bar: Bar) -> None:
        """The bar is over."""
        row = self.row
        self.detector.on_bar(
            row,
            self.days[row],
            self.minutes[row],
            bar.open.as_double(),
            bar.high.as_double(),
            bar.low.as_double(),
            bar.close.as_double(),
        )
        if row in self.last and self.busy:
            self.cancel_all_orders(FUTURE)
            self.close_all_positions(FUTURE)
        self.row = row + 1

    def on_order_filled(self, event: OrderFilled) -> None:
        """Notes fills; entries and exits take turns."""
        self.fills.append((event.ts_event, event.last_px.as_double()))
        self.busy = len(self.fills) % 2 == 1


def events_of(bars: Any, *, opens: bool) -> list[Any]:
    """The bars, dated by their close; before each a trade at its open where asked for."""
    columns = (bars.ts, bars.o, bars.h, bars.l, bars.c, bars.v)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    events: list[Any] = []
    for number, (when, first, high, low, close, volume) in enumerate(rows):
        if opens:  # a nanosecond after the close of the bar before
            at = when + 1
            trade = TradeId(str(number))
            none = AggressorSide.NO_AGGRESSOR
            events.append(TradeTick(FUTURE, Price(first, 2), ONE, none, trade, at, at))
        end = when + MINUTE
        prices = [Price(price, 2) for price in (first, high, low, close)]
        events.append(Bar(BARS, *prices, Quantity(volume, 0), end, end))
    return events


def making(strategy: type[Strategy], *, opens: bool = True) -> Make:
    """A run of a strategy."""

    def make(bars: Any, _: Any) -> Run:
        events, contract = events_of(bars, opens=opens), future()

        def run() -> Found | None:
            engine = BacktestEngine(
                BacktestEngineConfig(
                    logging=LoggingConfig(bypass_logging=True),
                    risk_engine=RiskEngineConfig(bypass=True),
                    run_analysis=False,
                )
            )
            cash = [Money(1e9, USD)]
            engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, cash, base_currency=USD)
            engine.add_instrument(contract)
            engine.add_data(events)
            ran = strategy(bars) if strategy is Rules else strategy()
            engine.add_strategy(ran)
            engine.run()
            found = None if strategy is Empty else found_by(ran, bars)
            engine.dispose()
            return found

        return run

    return make


def found_by(ran: Rules, bars: Any) -> Found:
    """Fills by pairs, and the setups. A fill belongs to the bar that ends next."""
    when = [instant for instant, _ in ran.fills]
    rows = np.searchsorted(bars.ts + MINUTE, when).tolist()
    prices = [price for _, price in ran.fills]
    trades = list(zip(rows[::2], rows[1::2], prices[::2], prices[1::2], strict=True))
    return Found(trades, lambda: ran.detector.setups)


VARIANTS = {
    "rules + orders per bar": making(Rules),
    "empty strategy": making(Empty),
    "empty strategy, bars only": making(Empty, opens=False),
}
