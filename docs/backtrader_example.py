"""A strategy of the engine in a plain Cerebro, beside backtrader's own analyzers and observers."""

import backtrader as bt

from adapters.backtrader import EngineStrategy, MarketFeed
from adapters.sample import sample

cerebro = bt.Cerebro()
cerebro.broker.setcash(50_000)
cerebro.broker.setcommission(commission=2.25, margin=2_000, mult=20)  # a contract and fill
cerebro.adddata(MarketFeed(market=sample().rows(0, 20_000)), name="NQ")
cerebro.addstrategy(
    EngineStrategy,
    spec="strategies/vwap_reversion.yaml",
    values={"instrument": "NQ"},
    at_once=1_000,  # decided a thousand bars at a time, since a MarketFeed knows them
)
for analyzer in (bt.analyzers.TradeAnalyzer, bt.analyzers.DrawDown, bt.analyzers.Returns):
    cerebro.addanalyzer(analyzer)
(strategy,) = cerebro.run()
trades, drawdown, returns = (one.get_analysis() for one in strategy.analyzers)
print(f"{trades.total.closed} trades, net {trades.pnl.net.total:,.2f}")
print(f"drawdown {drawdown.max.moneydown:,.2f}, log return {returns['rtot']:.4f}")
