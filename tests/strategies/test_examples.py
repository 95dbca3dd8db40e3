"""The strategies that are no SLOB: they compile without a warning and trade as they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from adapters import store
from adapters.calendars import ExchangeCalendars
from adapters.events import event_lists
from adapters.instruments import INSTRUMENTS
from adapters.sample import sample
from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from dsl.diagnostics import Severity
from engine.domain.clocks import wall_of
from engine.execution.records import reason_names
from engine.execution.trades import Trades, trades_of
from engine.run import Run, Strategy, run_batch

if TYPE_CHECKING:
    from dsl.ir.program import Program
    from engine.domain.market import Ints, Market

ROOT = Path(__file__).parents[2]
STRATEGIES = ROOT / "strategies"
DATA = ROOT.parent / "shared" / "data"
NAMES = ("opening_range_breakout", "london_breakout_gbpusd", "vwap_reversion")
MINUTES_A_DAY = 1440


def program_of(name: str, symbol: str) -> Program:
    file = STRATEGIES / f"{name}.yaml"
    around = Surroundings(
        instruments=INSTRUMENTS,
        calendars=frozenset(ExchangeCalendars().names()),
        values={"instrument": symbol},
    )
    made = compile_strategy(file.name, file.read_bytes(), around)
    assert [found for found in made.findings if found.severity is not Severity.NOTE] == []
    assert made.program is not None
    return made.program


def run(name: str, market: Market) -> Run:
    program = program_of(name, market.instrument.symbol)
    events = event_lists(program.events, STRATEGIES)
    return run_batch(Strategy(program), market, ExchangeCalendars(), events=events)


def real(name: str, symbol: str) -> Market:
    file = DATA / name
    if not file.is_file():
        pytest.skip(f"the real bars are not here: {file}")
    return store.resolve(str(file), INSTRUMENTS[symbol])


def micro_sample() -> Market:
    """The bundled sample as bars of MNQ, which an account of 50,000 can trade."""
    return store.resolve(None, INSTRUMENTS["MNQ"])


def time_of(market: Market, rows: Ints, zone: str) -> Ints:
    """Minutes past midnight at which some bars open, on the clock of a zone."""
    return wall_of(zone, market.minute[rows]) % MINUTES_A_DAY


def reasons_of(made: Run, trades: Trades) -> set[str]:
    names = reason_names(made.program)
    return {names[reason] for reason in trades.reason}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("symbol", ["MNQ", "ES", "6E", "GBPUSD"])
def test_it_compiles_without_a_warning_whatever_is_traded(name: str, symbol: str) -> None:
    assert program_of(name, symbol).name == name


def test_the_opening_range_is_traded_once_a_day_after_its_half_hour() -> None:
    made = run("opening_range_breakout", micro_sample())
    trades = trades_of(made.records)
    assert len(trades) > 20
    assert {"stop", "far"} <= reasons_of(made, trades)
    days = np.searchsorted(made.days.start, trades.entry_row, side="right")
    assert len(set(days.tolist())) == len(trades)
    entered = time_of(made.market, trades.entry_row, "America/New_York")
    assert entered.min() > 10 * 60
    assert time_of(made.market, trades.exit_row, "America/New_York").max() < 16 * 60
    assert set(trades.side.tolist()) == {0, 1}


def test_an_opening_range_entry_fills_at_the_edge_of_the_range_or_at_a_worse_open() -> None:
    made = run("opening_range_breakout", micro_sample())
    trades = trades_of(made.records)
    wanted = made.intents.entry_price[trades.intent]
    opened = made.market.open[trades.entry_row]
    worse = np.where(trades.side == 1, np.maximum(wanted, opened), np.minimum(wanted, opened))
    assert trades.entry_price.tolist() == worse.tolist()


def test_the_london_breakout_joins_in_the_morning_and_is_out_by_the_afternoon() -> None:
    made = run("london_breakout_gbpusd", real("gbpusd_fxcm_2012.csv.gz", "GBPUSD"))
    trades = trades_of(made.records)
    assert len(trades) >= 5
    decided = time_of(made.market, made.intents.row, "Europe/London")
    assert decided.min() >= 7 * 60
    assert time_of(made.market, trades.exit_row, "Europe/London").max() < 16 * 60
    weekday = (wall_of("Europe/London", made.market.minute[made.intents.row]) // 1440 + 3) % 7
    assert set(weekday.tolist()) <= {1, 2, 3}


def test_the_london_breakout_keeps_away_from_the_news() -> None:
    made = run("london_breakout_gbpusd", real("gbpusd_fxcm_2012.csv.gz", "GBPUSD"))
    (listed,) = event_lists(made.program.events, STRATEGIES).values()
    since = made.market.minute[made.intents.row][:, None] - listed[None, :]
    assert not ((since > -16) & (since < 30)).any()
    assert len(listed) > 5


def test_the_reversion_leaves_at_the_vwap_or_at_its_stop() -> None:
    made = run("vwap_reversion", micro_sample())
    trades = trades_of(made.records)
    assert len(trades) > 100
    assert reasons_of(made, trades) == {"stop", "back_at_vwap", "session_end"}
    at_vwap = trades.reason == reason_names(made.program).index("back_at_vwap")
    assert trades.gross[at_vwap].mean() > 0


def test_the_sample_as_nq_is_too_large_for_the_account_and_says_so() -> None:
    made = run("opening_range_breakout", sample())
    names = reason_names(made.program)
    assert len(trades_of(made.records)) == 0
    assert "too_small" in {names[reason] for reason in made.records[:, 4]}
