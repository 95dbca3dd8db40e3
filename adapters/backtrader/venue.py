"""Everything that is backtrader's: our bars as its feed, its broker with our orders, our strategy.

The only module that imports backtrader. How a bar passes: backtrader delivers it and lets its
broker have it; `EngineBroker` first lets each `EngineStrategy` have it, which hands the closed bar
to the session, and what the session asks for becomes orders. Those lie with the broker like any
others, marked as not active, so that it leaves alone what has to be tried in our order; when
`engine.execution.hosted` asks, backtrader's own matching says where one is filled, and
backtrader's own booking fills it. Then come the broker's other orders, its marking to the market,
and the `next` of strategies, analyzers and observers, which so find everything of this bar done.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from adapters.backtrader import BacktraderMissing, VenueError
from adapters.backtrader.grid import Grid, minute_of, moment_of
from adapters.backtrader.keeping import Keeping, no_terms
from engine.domain.order import Action, OrderKind
from engine.execution.fills import NEVER
from engine.execution.terms import Terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from engine.domain.calendar import Calendars
    from engine.domain.market import Ints, Market
    from engine.domain.order import Order
    from engine.run import Run, Strategy


@contextmanager
def quiet() -> Iterator[None]:
    """Without the deprecations of a library that nobody maintains: they are no user's business."""
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, PendingDeprecationWarning, SyntaxWarning):
            warnings.simplefilter("ignore", kind)
        yield


try:
    with quiet():
        import backtrader as bt
except ImportError:
    raise BacktraderMissing from None

_AT_ONCE: Final = 2_000
_LOAN: Final = float(1 << 30)
_CENT: Final = 0.01
_KINDS: Final = {
    OrderKind.MARKET: bt.Order.Market,
    OrderKind.CLOSE: bt.Order.Close,
    OrderKind.STOP: bt.Order.Stop,
    OrderKind.LIMIT: bt.Order.Limit,
}


# --- bars -----------------------------------------------------------------------------------


class MarketFeed(bt.feed.DataBase):  # type: ignore[misc]
    """Our bars as a backtrader feed: `MarketFeed(market=market)`, stamped with their open, UTC."""

    params = (
        ("market", None),
        ("timeframe", bt.TimeFrame.Minutes),
        ("compression", None),
    )

    def __init__(self, **_: Any) -> None:
        """The bars as floats; a bar's length is the market's."""
        market: Market = self.p.market
        if self.p.compression is None:
            self.p.compression = self._compression = market.bar_minutes
        grid = Grid(market.instrument)
        prices = [grid.prices(column.tolist()) for column in
                  (market.open, market.high, market.low, market.close)]  # fmt: skip
        times = [moment_of(minute) for minute in market.minute.tolist()]
        self._rows = list(zip(times, *prices, grid.volumes(market.volume.tolist()), strict=True))
        self._following = 0

    def start(self) -> None:
        """From the first bar."""
        super().start()
        self._following = 0

    def _load(self) -> bool | None:
        if self._following >= len(self._rows):
            return False
        lines = self.lines
        row = self._rows[self._following]
        (lines.datetime[0], lines.open[0], lines.high[0], lines.low[0], lines.close[0],
         lines.volume[0]) = row  # fmt: skip
        lines.openinterest[0] = 0.0
        self._following += 1
        return True


# --- the broker -----------------------------------------------------------------------------


class Costs(bt.CommInfoBase):  # type: ignore[misc]
    """A fixed amount a contract, the instrument's value of a tick, and no margin.

    What may be traded is for the strategy's own `risk:` to say, not for the broker's cash.
    """

    params = (("stocklike", False), ("commtype", bt.CommInfoBase.COMM_FIXED))

    def get_margin(self, price: float) -> float:  # noqa: ARG002 - backtrader's signature
        """None."""
        return 0.0


class EngineBroker(bt.brokers.BackBroker):  # type: ignore[misc]
    """backtrader's broker, which lets strategies have a bar before it goes on with it."""

    def init(self) -> None:
        """Before each run."""
        super().init()
        self.attendants: list[Callable[[], None]] = []

    def next(self) -> None:
        """A bar."""
        for attendant in self.attendants:
            attendant()
        super().next()

    @classmethod
    def of(cls, broker: Any) -> EngineBroker:
        """The broker of a Cerebro as one of these; a plain one becomes one where it stands."""
        if type(broker) is bt.brokers.BackBroker:
            broker.__class__ = cls
            broker.attendants = []
        if not isinstance(broker, cls):
            raise VenueError(
                f"the broker is a {type(broker).__name__}: EngineStrategy trades on backtrader's "
                "BackBroker, or on a class that is made from EngineBroker"
            )
        if broker.p.filler is not None:
            raise VenueError(
                "a volume filler gives partial fills, which the strategy's rules do not know: "
                "remove it"
            )
        return broker


class Matching(bt.brokers.BackBroker):  # type: ignore[misc]
    """backtrader's matching without its booking: where an order would be filled, and no more."""

    found: float | None = None

    def _execute(self, order: Any, ago: Any = None, price: Any = None, **_: Any) -> None:  # noqa: ARG002
        self.found = price

    def ask(self, order: Any, first: float, high: float, low: float) -> float | None:
        """The price of an order in a range whose first price is given, None where not reached."""
        self.found = None
        if order.exectype == bt.Order.Market:
            self._try_exec_market(order, first, high, low)
        elif order.exectype == bt.Order.Stop:
            self._try_exec_stop(order, first, high, low, order.created.price, low)
        elif order.exectype == bt.Order.Limit:
            self._try_exec_limit(order, first, high, low, order.created.price)
        else:
            slip = self._slip_up if order.isbuy() else self._slip_down
            self.found = slip(first, first)
        return self.found


def matching(slippage: float) -> Matching:
    """Matching with a slippage that is always paid, even beyond the range of a bar."""
    return Matching(slip_fixed=slippage, slip_open=True, slip_match=True, slip_out=True)


@dataclass(frozen=True, slots=True)
class Placed:
    """An order of ours and what backtrader made of it."""

    order: Order
    theirs: Any

    def is_as(self, order: Order) -> bool:
        """Whether it does for this order, or has to be replaced."""
        mine = self.order
        return (mine.contracts, mine.price, mine.kind) == (order.contracts, order.price, order.kind)


class BacktraderFloor:
    """`engine.execution.hosted.Floor`: orders lie with backtrader's broker, which fills them."""

    def __init__(self, strategy: Any, data: Any, grid: Grid, slippage: int) -> None:
        """For the orders of one strategy on one feed; `slippage` in ticks."""
        self._strategy, self._data, self._grid = strategy, data, grid
        self._broker = strategy.broker
        self._plain, self._slipped = matching(0.0), matching(grid.price(slippage))
        self._placed: dict[str, Placed] = {}

    def quote(self, order: Order, first: int, high: int, low: int) -> int:
        """See `Floor`."""
        return self._asked(self._plain, self._theirs(order), first, high, low)

    def fill(self, order: Order, first: int, high: int, low: int) -> int:
        """See `Floor`."""
        theirs = self._theirs(order)
        by = self._plain if order.kind is OrderKind.LIMIT else self._slipped
        price = self._asked(by, theirs, first, high, low)
        if price != NEVER:
            del self._placed[order.id]
            self._book(theirs, self._grid.price(price))
        return price

    def keep(self, orders: Sequence[Order]) -> None:
        """See `Floor`."""
        wanted = {order.id for order in orders}
        for name in [name for name in self._placed if name not in wanted]:
            self._broker.cancel(self._placed.pop(name).theirs)
        for order in orders:
            self._theirs(order)

    def _asked(self, by: Matching, theirs: Any, first: int, high: int, low: int) -> int:
        price = self._grid.price
        found = by.ask(theirs, price(first), price(high), price(low))
        return NEVER if found is None else self._grid.ticks(found)

    def _theirs(self, order: Order) -> Any:
        """What backtrader holds for our order, placed anew where it is not there or has changed."""
        placed = self._placed.get(order.id)
        if placed is not None and placed.is_as(order):
            return placed.theirs
        if placed is not None:
            self._broker.cancel(placed.theirs)
        send = self._strategy.buy if order.action is Action.BUY else self._strategy.sell
        price = None if order.price is None else self._grid.price(order.price)
        theirs = send(
            data=self._data, size=order.contracts, price=price, exectype=_KINDS[order.kind],
            tradeid=int(order.id.partition("/")[0]) + 1, name=order.id, _checksubmit=False,
        )  # fmt: skip
        if price is not None:
            theirs.created.price = price  # backtrader takes a price of 0 for none at all
        theirs._active = False  # noqa: SLF001 - the mark of a bracket's sleeping children
        self._placed[order.id] = Placed(order, theirs)
        return theirs

    def _book(self, theirs: Any, price: float) -> None:
        """Let the broker fill the whole order at a price.

        It would not open anything with less than no cash; a strategy's limits on losses are its
        own, so such an account is lent what it needs for the moment.
        """
        broker, before = self._broker, self._broker.cash
        broker.pending.remove(theirs)  # as the broker does with the one it is about to try
        lent = before < _LOAN / 1024
        if lent:
            broker.cash = _LOAN + before
        broker._execute(theirs, ago=0, price=price)  # noqa: SLF001 - its one way to fill an order
        if lent:
            broker.cash = before + (broker.cash - (_LOAN + before))
        if theirs.status != bt.Order.Completed:
            raise VenueError(
                f"backtrader did not fill {theirs.info.name}: {theirs.getstatusname()}"
            )


# --- the strategy ---------------------------------------------------------------------------


class EngineStrategy(bt.Strategy):  # type: ignore[misc]
    """A strategy of this engine: `cerebro.addstrategy(EngineStrategy, spec="my.yaml")`.

    It trades the first feed, or the one named by `feed`, with the strategy's own sizes: sizers
    in the Cerebro are for other strategies. The account and the costs come from `terms`; without
    them from the broker: its value at the start, its fixed commission a contract, its fixed
    slippage. The feed gives closed bars of the strategy's length, stamped in UTC with their open
    (`stamp="close"`: with their close). Orders are backtrader's own (`order.info.name` is
    `INTENT/entry`, `/stop`, `/0` for the first target, `/out`), a position is one trade of
    backtrader (`tradeid`). When all is over, `run` is the run with its journal.

    `spec`: a file, or a ready `engine.run.Strategy` (then with its `calendars` and `events`).
    `values`: overrides as `--set` gives them. `at_once`: how many bars of a `MarketFeed` the
    session decides on at once; decisions are the same, as the chunk law says.

    Raises `VenueError` where the Cerebro does not fit.
    """

    params = (
        ("spec", None),
        ("values", None),
        ("terms", None),
        ("calendars", None),
        ("events", None),
        ("feed", None),
        ("stamp", "open"),
        ("at_once", 1),
    )

    def start(self) -> None:
        """Take a place beside the broker."""
        from adapters.backtrader.ready import made_ready  # noqa: PLC0415 - the compiler comes too

        ready = made_ready(self.p.spec, self.p.values, self.p.calendars, self.p.events)
        program = ready.strategy.program
        self._bars = self.getdatabyname(self.p.feed) if self.p.feed else self.data
        self._check_feed(program.bar_minutes, program.instrument.symbol)
        self._grid = Grid(program.instrument)
        broker = EngineBroker.of(self.broker)
        terms = self.p.terms or self._terms_of(broker)
        self._set_costs(broker, terms)
        floor = BacktraderFloor(self, self._bars, self._grid, terms.slippage)
        known = self._bars.p.market if self.p.at_once > 1 else None
        self._keeping = Keeping(ready, terms, floor, known, self.p.at_once)
        self._earlier = program.bar_minutes if self.p.stamp == "close" else 0
        self._seen = 0
        broker.attendants.append(self._attend)

    @property
    def run(self) -> Run:
        """All that came of it: decisions, intents, records; the same as a backtest's."""
        return self._keeping.run

    @property
    def equity(self) -> Fraction | None:
        """What the account is worth after the closed trades; None while a position is open."""
        return self._keeping.equity

    def stop(self) -> None:
        """The end of the data."""
        self._keeping.finish()

    def _attend(self) -> None:
        """The broker has a bar, or only thinks so: a live feed may have had nothing to give."""
        data = self._bars
        if len(data) == self._seen:
            return
        self._seen = len(data)
        ticks = self._grid.ticks
        self._keeping.take(
            minute_of(data.datetime[0]) - self._earlier,
            ticks(data.open[0]), ticks(data.high[0]), ticks(data.low[0]), ticks(data.close[0]),
            self._grid.lots(data.volume[0]),
        )  # fmt: skip

    def _check_feed(self, minutes: int, symbol: str) -> None:
        data = self._bars
        theirs = data.p.market.instrument.symbol if isinstance(data, MarketFeed) else symbol
        if theirs != symbol:
            raise VenueError(
                f"the feed's bars are of {theirs}, the strategy trades {symbol}: "
                f"say values={{'instrument': '{theirs}'}}"
            )
        if data.replaying:
            raise VenueError("the feed replays bars that are not closed: use resampledata instead")
        if (data._timeframe, data._compression) != (bt.TimeFrame.Minutes, minutes):  # noqa: SLF001
            is_of = f"{data._compression} {bt.TimeFrame.getname(data._timeframe, 1)}"  # noqa: SLF001
            raise VenueError(
                f"the feed says its bars last {is_of}, the strategy's {minutes} min: give it "
                f"timeframe=bt.TimeFrame.Minutes, compression={minutes}, or resample it"
            )
        if self.p.stamp not in ("open", "close"):
            raise VenueError(f"stamp is {self.p.stamp!r}: say 'open' or 'close'")
        if self.p.at_once > 1 and not isinstance(data, MarketFeed):
            raise VenueError("at_once above 1 needs bars that are known: a MarketFeed")

    def _terms_of(self, broker: EngineBroker) -> Terms:
        """The account and the costs that the broker stands for."""
        scheme, slipped = broker.getcommissioninfo(self._bars), Fraction(str(broker.p.slip_fixed))
        by_contract = scheme._commtype == bt.CommInfoBase.COMM_FIXED  # noqa: SLF001
        ticks = slipped / self._grid.instrument.tick
        if broker.p.slip_perc or ticks.denominator != 1:
            raise no_terms("slippage", "set_slippage_fixed with a whole number of ticks")
        if scheme.p.commission and not by_contract:
            raise no_terms("commission", "one by contract (commtype COMM_FIXED)")
        commission = Fraction(str(scheme.p.commission)) if by_contract else Fraction(0)
        return Terms(Fraction(str(broker.getvalue())), commission, int(ticks))

    def _set_costs(self, broker: EngineBroker, terms: Terms) -> None:
        data, instrument = self._bars, self._grid.instrument
        data._name = data._name or instrument.symbol  # noqa: SLF001 - the name of its costs
        scheme = Costs(commission=float(terms.commission), mult=float(instrument.multiplier))
        broker.addcommissioninfo(scheme, name=data._name)  # noqa: SLF001


# --- a whole run ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Hosted:
    """A run, and the value of backtrader's own account after it, in its floats."""

    run: Run
    value: float


def run_in_backtrader(
    strategy: Strategy,
    market: Market,
    calendars: Calendars,
    terms: Terms | None = None,
    events: Mapping[str, Ints] | None = None,
    *,
    at_once: int = _AT_ONCE,
    feed: type[Any] = MarketFeed,
    **modes: Any,
) -> Hosted:
    """Run a strategy over a market inside a Cerebro of its own; `modes` are Cerebro's settings.

    Raises what a run raises, and `VenueError` where backtrader would not do its part.
    """
    terms = terms or Terms()
    with quiet():
        cerebro = bt.Cerebro(stdstats=False, **modes)
        cerebro.setbroker(EngineBroker(cash=float(terms.equity)))
        cerebro.adddata(feed(market=market), name=market.instrument.symbol)
        cerebro.addstrategy(
            EngineStrategy, spec=strategy, terms=terms, calendars=calendars, events=events,
            at_once=at_once,
        )  # fmt: skip
        (ran,) = cerebro.run()
    value = cerebro.broker.getvalue()
    check_money(ran.equity, value)
    return Hosted(ran.run, value)


def check_money(equity: Fraction | None, value: float) -> None:
    """Raise `VenueError` where backtrader's account is not ours to the cent; None: not flat."""
    if equity is not None and abs(value - float(equity)) >= _CENT / 2:
        raise VenueError(
            f"backtrader's account ends at {value:,.2f}, the journal at {float(equity):,.2f}: "
            "this is a mistake of the engine, please report it"
        )
