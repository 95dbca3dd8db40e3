"""The script in docs/ runs, and backtrader's analyzers find the figures of our statistics."""

from __future__ import annotations

import ast
import runpy
from math import expm1
from pathlib import Path

import pytest

pytest.importorskip("backtrader", reason="the extra `backtrader` is not installed")

from engine.statistics.statistics import statistics_of

SCRIPT = Path(__file__).parents[2] / "docs" / "backtrader_example.py"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:backtrader")


def test_the_script_has_twenty_lines() -> None:
    text = SCRIPT.read_text("utf-8")

    assert len(ast.parse(text).body) <= 20
    assert len([line for line in text.splitlines() if line.strip()]) <= 24


def test_its_analyzers_figures_are_our_statistics(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(SCRIPT.parents[1])

    names = runpy.run_path(str(SCRIPT))

    trades, drawdown, returns = names["trades"], names["drawdown"], names["returns"]
    ours = statistics_of(names["strategy"].run)
    count = ours.all.trades
    assert count >= 30
    assert trades.total.closed == count
    assert trades.won.total == ours.all.wins + ours.all.even
    assert trades.lost.total == ours.all.losses
    assert trades.long.total == ours.sides["long"].trades
    assert trades.short.total == ours.sides["short"].trades
    assert trades.len.average + 1 == pytest.approx(ours.all.bars_held)
    money = {
        trades.pnl.gross.total: ours.all.gross,
        trades.pnl.net.total: ours.all.net,
        trades.pnl.net.average: ours.all.expectancy,
        trades.won.pnl.average: ours.all.average_win,
        trades.lost.pnl.average: ours.all.average_loss,
        trades.won.pnl.max: ours.all.best,
        trades.lost.pnl.max: ours.all.worst,
        drawdown.max.moneydown: ours.drawdown.money,
        names["cerebro"].broker.getvalue(): ours.equity,
    }
    for theirs, figure in money.items():
        assert figure is not None
        assert theirs == pytest.approx(float(figure), abs=0.005)
    assert drawdown.max.drawdown == pytest.approx(100 * ours.drawdown.share)
    assert expm1(returns["rtot"]) == pytest.approx(ours.returns.total)
    assert f"{count} trades, net {ours.all.net:,.2f}" in capsys.readouterr().out
