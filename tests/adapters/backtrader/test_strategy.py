"""Our strategy in somebody's own Cerebro: his feeds, his broker, and what does not fit."""

from __future__ import annotations

import csv
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np
import pytest

from adapters.backtrader import EngineBroker, EngineStrategy, VenueError
from adapters.backtrader.grid import Grid
from adapters.backtrader.venue import MarketFeed, quiet
from engine.execution.terms import Terms
from engine.laws.elsewhere import parted
from engine.laws.ground import Ground
from engine.statistics.ledger import ledger_of
from tests.support.shipped import CALENDARS, FOLDER, bars_for, strategy_of

if TYPE_CHECKING:
    from pathlib import Path

FILE = FOLDER / "vwap_reversion.yaml"
MARKET = bars_for(FILE).rows(900, 1_500)
ONCE = {"at_once": 300}
BY_BAR = {"at_once": 1}
MINUTE = bt.TimeFrame.Minutes


def ran(data: Any = None, broker: Any = None, cerebro: Any = None, **words: Any) -> tuple[Any, Any]:
    """The strategy and its broker after a run over some bars."""
    with quiet():
        cerebro = cerebro or bt.Cerebro(stdstats=False)
        if broker is not None:
            cerebro.setbroker(broker)
        cerebro.adddata(MarketFeed(market=MARKET) if data is None else data)
        cerebro.addstrategy(EngineStrategy, **{**ONCE, "spec": str(FILE), **words})
        *_, strategy = cerebro.run()
    return strategy, cerebro.broker


def written(folder: Path, shift: int = 0) -> str:
    """The bars as a CSV, stamped so many minutes after their open."""
    grid, file = Grid(MARKET.instrument), folder / "bars.csv"
    columns = (MARKET.open, MARKET.high, MARKET.low, MARKET.close, MARKET.volume)
    with file.open("w", newline="") as opened:
        lines = csv.writer(opened)
        for row, minute in enumerate(MARKET.minute.tolist()):
            stamp = str(np.datetime64(minute + shift, "m").astype("datetime64[s]"))
            *prices, volume = (int(column[row]) for column in columns)
            lines.writerow([stamp, *(repr(grid.price(one)) for one in prices), volume])
    return str(file)


def csv_feed(file: str, **words: Any) -> Any:
    return bt.feeds.GenericCSVData(
        dataname=file, headers=False, dtformat="%Y-%m-%dT%H:%M:%S", openinterest=-1,
        **{"timeframe": MINUTE, "compression": 1, **words},
    )  # fmt: skip


@pytest.mark.parametrize(("stamp", "shift"), [("open", 0), ("close", 1)])
def test_a_csv_feed_of_backtraders_gives_the_run_of_our_reader(
    stamp: str, shift: int, tmp_path: Path
) -> None:
    ground = Ground(strategy_of(FILE), MARKET, CALENDARS, {}, Terms(Fraction(10_000)))

    strategy, _ = ran(csv_feed(written(tmp_path, shift)), stamp=stamp, **BY_BAR)

    run = ground.batch()
    assert len(run.intents) > 5
    assert parted("a CSV feed", run, strategy.run) is None


def test_the_account_and_the_costs_are_the_brokers_where_no_terms_are_given() -> None:
    broker = bt.brokers.BackBroker(slip_fixed=0.5)
    broker.setcash(75_000)
    broker.setcommission(commission=2.25, margin=2_000, mult=2)

    strategy, used = ran(broker=broker)

    terms = Terms(Fraction(75_000), Fraction(9, 4), 2)
    assert strategy.run.terms == terms
    ground = Ground(strategy_of(FILE), MARKET, CALENDARS, {}, terms)
    assert parted("backtrader", ground.batch(), strategy.run) is None
    assert used is broker
    assert used.getvalue() == pytest.approx(float(strategy.equity), abs=0.005)


def test_a_broker_of_the_users_own_class_is_kept() -> None:
    class Own(EngineBroker):
        pass

    _, broker = ran(broker=Own(cash=20_000.0))

    assert type(broker) is Own


def test_a_cerebro_can_run_again() -> None:
    with quiet():
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.adddata(MarketFeed(market=MARKET))
        cerebro.addstrategy(EngineStrategy, spec=str(FILE), **ONCE)
        one, other = (cerebro.run()[0].run for _ in range(2))

    assert len(one.records) > 10
    assert parted("the second run", one, other) is None


def test_a_user_may_go_on_in_his_own_next_and_sees_the_bar_done() -> None:
    seen: list[int] = []

    class Mine(EngineStrategy):
        def next(self) -> None:
            seen.append(self.position.size)

    with quiet():
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.adddata(MarketFeed(market=MARKET))
        cerebro.addstrategy(Mine, spec=str(FILE), **ONCE)
        (strategy,) = cerebro.run()

    held = np.zeros(len(MARKET), np.int64)
    for _, kind, _, side, _, _, contracts, *_ in (rows := strategy.run.records).tolist():
        assert kind >= 0
        assert side in (-1, 0, 1)
        assert contracts >= 0
    sign = 2 * rows[:, 3] - 1
    np.add.at(held, rows[:, 0], np.where(rows[:, 1] == 3, sign, 0) * rows[:, 6])
    np.add.at(held, rows[:, 0], np.where(rows[:, 1] == 5, -sign, 0) * rows[:, 6])
    assert seen == np.cumsum(held).tolist()
    assert any(seen)


def test_the_value_of_every_bar_is_the_equity_of_our_curve() -> None:
    values: list[float] = []

    class Mine(EngineStrategy):
        def next(self) -> None:
            values.append(self.broker.getvalue())

    with quiet():
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.adddata(MarketFeed(market=MARKET))
        cerebro.addstrategy(Mine, spec=str(FILE), **ONCE)
        (strategy,) = cerebro.run()

    ledger = ledger_of(strategy.run)
    ours = [float(ledger.amount(int(one))) for one in ledger.curve.every_bar()]
    assert len(set(ours)) > 50
    assert values == pytest.approx(ours, abs=0.005)


def test_its_orders_and_trades_carry_their_names() -> None:
    names: set[str] = set()

    class Listening(EngineStrategy):
        def notify_order(self, order: Any) -> None:
            names.add(order.info.name)

    with quiet():
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.adddata(MarketFeed(market=MARKET))
        cerebro.addstrategy(Listening, spec=str(FILE), **ONCE)
        cerebro.run()

    assert {"0/entry", "0/stop"} <= names
    assert {name.partition("/")[2] for name in names} <= {"entry", "stop", "0", "1", "out"}


# --- what does not fit ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"spec": None}, "needs a strategy"),
        ({"spec": strategy_of(FILE), "values": {"stretch": "3"}}, "compiled already"),
        ({"spec": "nowhere.yaml"}, "there is no strategy file nowhere.yaml"),
        ({"values": {"streach": "3"}}, "has errors"),
        ({"stamp": "middle"}, "say 'open' or 'close'"),
        ({"values": {"instrument": "NQ"}}, "the feed's bars are of MNQ, the strategy trades NQ"),
        ({"broker": bt.brokers.BackBroker(slip_perc=0.01)}, "slippage cannot be counted"),
        ({"broker": bt.brokers.BackBroker(slip_fixed=0.1)}, "slippage cannot be counted"),
        ({"broker": bt.brokers.BackBroker(filler=bt.fillers.FixedSize())}, "volume filler"),
        ({"broker": type("Theirs", (bt.brokers.BackBroker,), {})()}, "the broker is a Theirs"),
    ],
)
def test_what_does_not_fit_is_said_with_the_way_out(words: dict[str, Any], told: str) -> None:
    with pytest.raises(VenueError, match=told):
        ran(**words)


def test_a_commission_in_percent_is_said_to_be_none_that_can_be_counted() -> None:
    broker = bt.brokers.BackBroker()
    broker.setcommission(commission=0.001)

    with pytest.raises(VenueError, match=r"commission cannot be counted.*terms=Terms"):
        ran(broker=broker)


def test_a_feed_of_other_bars_is_refused(tmp_path: Path) -> None:
    days = csv_feed(written(tmp_path), timeframe=bt.TimeFrame.Days)

    with pytest.raises(VenueError, match=r"bars last 1 Day.*timeframe=bt.TimeFrame.Minutes"):
        ran(days, **BY_BAR)


def test_bars_that_are_not_closed_are_refused() -> None:
    with quiet():
        cerebro = bt.Cerebro(stdstats=False)
        cerebro.replaydata(MarketFeed(market=MARKET), timeframe=MINUTE, compression=5)
        cerebro.addstrategy(EngineStrategy, spec=str(FILE))
        with pytest.raises(VenueError, match="replays bars that are not closed"):
            cerebro.run()


def test_many_at_once_needs_bars_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(VenueError, match="at_once above 1 needs bars that are known"):
        ran(csv_feed(written(tmp_path)), at_once=50)


def test_bars_other_than_those_decided_on_stop_the_run() -> None:
    class Shifted(MarketFeed):
        def _load(self) -> bool | None:
            loaded: bool | None = super()._load()
            self.lines.close[0] += 0.25 * (len(self) == 100)
            return loaded

    with pytest.raises(VenueError, match="bar 99 came otherwise"):
        ran(Shifted(market=MARKET), at_once=50)


def test_adjusted_prices_off_the_grid_stop_the_run() -> None:
    class Adjusted(MarketFeed):
        def _load(self) -> bool | None:
            loaded: bool | None = super()._load()
            self.lines.close[0] *= 0.99
            return loaded

    with pytest.raises(VenueError, match="not on the tick grid of MNQ"):
        ran(Adjusted(market=MARKET), **BY_BAR)
