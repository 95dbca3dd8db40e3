"""The whole live engine, bar by bar, on a gateway in memory."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters.database.errors import LockedError, UnreachableError
from adapters.database.reader import JournalReader
from adapters.gateway.config import Unsent
from adapters.gateway.faults import plans
from adapters.ib.connection import IbBroker
from adapters.ib.library import installed
from adapters.ib.port import DataRefused
from adapters.live import lifeline
from adapters.live.ending import ENGINE, STOPPING, Ending
from adapters.live.errors import BadAccount, CannotRun
from adapters.live.offline import begun, halt_journal, stood
from adapters.live.status import State
from engine.live.commands import Level
from engine.live.events import Halted, Moved, Planned, Resumed, Sending
from engine.live.family import Phase
from tests.support.live_run import (
    PLAYED,
    SETTINGS,
    TERMS,
    backtest,
    gateway_of,
    live,
    market,
    plan_of,
    records_in,
    rolling,
    until,
)  # fmt: skip

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.gateway.gateway import Gateway
    from adapters.ib.port import ContractInfo
    from adapters.live.runner import Runner
    from engine.live.commands import Send
    from tests.support.live_run import Heard

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")

FIRST_TRADE = market().rows(0, PLAYED + 30)
"""The first trade begins at row 1,030 and is over at 1,041."""

QUIET = market().rows(0, PLAYED + 6)
"""Nothing is decided in these minutes."""


def is_open(gateway: Gateway) -> bool:
    """Whether a position stands."""
    return bool(gateway.truth.positions)


# --- the day as it should be --------------------------------------------------------------------


def test_the_journal_of_a_live_day_has_the_records_of_its_backtest(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"
    lived = live(gateway_of(market()), plan_of(journal))
    assert lived.ending is Ending.STOPPED
    assert np.array_equal(records_in(journal), backtest(market()))
    assert len(lived.heard.of(Planned)) == 5
    assert lived.gateway.truth.longest_naked == 0
    assert not lived.gateway.truth.working


@pytest.mark.parametrize("gently", [True, False])
def test_a_restart_in_a_position_goes_on_as_if_nothing_had_happened(
    tmp_path: Path, *, gently: bool
) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(FIRST_TRADE)

    async def leave(runner: Runner, _: Heard) -> None:
        await until(lambda: is_open(gateway))
        await asyncio.sleep(150)
        if gently:
            runner.stop()
        else:
            runner.end(Ending.STOPPED)
        await asyncio.sleep(3600)

    live(gateway, plan_of(journal), leave)
    assert is_open(gateway)
    assert [order.is_stop for order in gateway.truth.working] == [True]
    again = live(gateway, plan_of(journal))
    assert np.array_equal(records_in(journal), backtest(FIRST_TRADE))
    assert len(again.heard.of(Resumed)) == gently
    assert gateway.truth.longest_naked == 0


def test_what_a_closed_engine_missed_is_filled_in_and_too_late_for_an_entry(tmp_path: Path) -> None:
    bars = market().rows(0, PLAYED + 18)
    journal, gateway = tmp_path / "a.db", gateway_of(bars)

    async def leave(runner: Runner, _: Heard) -> None:
        await until(lambda: runner.bars_seen == PLAYED + 5)
        runner.end(Ending.STOPPED)
        await asyncio.sleep(3600)

    live(gateway, plan_of(journal), leave)
    while gateway.now < float(int(bars.minute[PLAYED + 14]) * 60):
        gateway.step()
    again = live(gateway, plan_of(journal))
    assert again.heard.runner is not None
    assert again.heard.runner.bars_seen == len(bars)
    assert gateway.truth.order_count == 0


def test_a_setup_decided_before_anything_was_written_is_entered_by_the_next_start(
    tmp_path: Path,
) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(FIRST_TRADE)

    async def die(runner: Runner, _: Heard) -> None:
        record = runner.journal.record

        def dying(*happened: Any) -> Any:
            if any(isinstance(one, Planned) for one in happened):
                raise UnreachableError("dead", "before the setup is on the disk")
            return record(*happened)

        runner.journal.record = dying  # type: ignore[method-assign]
        await asyncio.sleep(36_000)

    with pytest.raises(UnreachableError):
        live(gateway, plan_of(journal), die)
    assert gateway.truth.order_count == 0
    live(gateway, plan_of(journal))
    assert gateway.truth.order_count > 0
    assert np.array_equal(records_in(journal), backtest(FIRST_TRADE))


@pytest.mark.parametrize("unsent", Unsent)
def test_a_bracket_that_was_cut_in_the_middle_is_completed_by_the_next_start(
    tmp_path: Path, unsent: Unsent
) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(FIRST_TRADE, unsent=unsent)

    async def die(runner: Runner, _: Heard) -> None:
        send = runner.broker.send

        def dying(order: Send, contract: ContractInfo) -> None:
            if order.leg.role.opens:
                send(order, contract)
            else:
                runner.end(Ending.STOPPED)

        runner.broker.send = dying  # type: ignore[method-assign]
        await asyncio.sleep(36_000)

    live(gateway, plan_of(journal), die)
    assert not gateway.truth.positions
    again = live(gateway, plan_of(journal))
    assert again.heard.said("what the broker lacks of it is sent")
    assert np.array_equal(records_in(journal), backtest(FIRST_TRADE))
    assert gateway.truth.longest_naked == 0


def test_an_account_that_did_nothing_yet_begins_with_the_words_of_the_next_start(
    tmp_path: Path,
) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(FIRST_TRADE)

    async def leave(runner: Runner, _: Heard) -> None:
        await until(lambda: runner.bars_seen > PLAYED)
        runner.end(Ending.STOPPED)
        await asyncio.sleep(3600)

    live(gateway, plan_of(journal, counted=True), leave)
    small = replace(TERMS, equity=Fraction(9_000))
    lived = live(gateway, plan_of(journal, counted=True, terms=small))
    assert lived.heard.of(Planned)[0].family.asked[0].order.contracts == 1


def test_a_warm_up_that_was_too_short_is_so_after_a_restart(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "a.db")
    history = replace(plan.program.history, bars=PLAYED + 28)
    plan = replace(plan, program=replace(plan.program, history=history))
    gateway = gateway_of(FIRST_TRADE)

    async def leave(runner: Runner, _: Heard) -> None:
        await until(lambda: runner.bars_seen > PLAYED)
        runner.end(Ending.STOPPED)
        await asyncio.sleep(3600)

    live(gateway, plan, leave)
    lived = live(gateway, plan)
    assert lived.heard.said("bars of history, and the strategy needs")
    assert gateway.truth.order_count == 0


# --- stopping -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_what_is_protected_and_takes_no_entry_any_more(
    tmp_path: Path, number: int
) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(FIRST_TRADE)
    took: list[float] = []

    async def kill(runner: Runner, _: Heard) -> None:
        await until(lambda: is_open(gateway))
        took.append(asyncio.get_running_loop().time())
        os.kill(os.getpid(), number)
        await until(lambda: runner.is_stopping)
        assert runner.state is State.STOPPING
        await asyncio.sleep(3600)

    lived = live(gateway, plan_of(journal), kill)
    assert (
        lived.ending
        is {signal.SIGTERM: Ending.STOPPED, signal.SIGINT: Ending.INTERRUPTED}[
            signal.Signals(number)
        ]
    )
    assert is_open(gateway)
    assert [order.is_stop for order in gateway.truth.working] == [True]
    last = stood(journal)
    assert last.halt == STOPPING
    assert abs(last.held) == 5


def test_flatten_on_exit_goes_out_at_the_market_first(tmp_path: Path) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(FIRST_TRADE)

    async def stop(runner: Runner, _: Heard) -> None:
        await until(lambda: is_open(gateway))
        runner.stop()
        await asyncio.sleep(3600)

    live(gateway, plan_of(journal, flatten_on_exit=True), stop)
    assert not is_open(gateway)
    assert not gateway.truth.working
    assert not stood(journal).living


def test_a_person_s_halt_outlives_a_stop_and_a_start(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"
    with closing(begun(journal)):
        pass
    halt_journal(journal, "anna", "on holiday", at=1)
    gateway = gateway_of(FIRST_TRADE)

    async def look(runner: Runner, _: Heard) -> None:
        assert runner.state is State.HALTED

    live(gateway, plan_of(journal), look)
    assert gateway.truth.order_count == 0
    assert stood(journal).halt == "on holiday"


# --- watching only, limits, doubts --------------------------------------------------------------


def test_monitor_only_decides_everything_and_sends_nothing(tmp_path: Path) -> None:
    gateway = gateway_of(FIRST_TRADE)
    lived = live(gateway, plan_of(tmp_path / "a.db", monitor_only=True))
    assert gateway.truth.order_count == 0
    planned = lived.heard.of(Planned)[0]
    assert [one.order.contracts for one in planned.family.asked] == [5, 5]
    assert not lived.heard.of(Sending)
    assert lived.heard.said("monitor only")


def test_monitor_only_does_not_look_after_what_is_open(tmp_path: Path) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(FIRST_TRADE)

    async def leave(runner: Runner, _: Heard) -> None:
        await until(lambda: is_open(gateway))
        runner.end(Ending.STOPPED)
        await asyncio.sleep(3600)

    live(gateway, plan_of(journal), leave)
    with pytest.raises(CannotRun, match="would leave it alone"):
        live(gateway, plan_of(journal, monitor_only=True))


def test_an_entry_that_the_account_cannot_bear_is_not_sent(tmp_path: Path) -> None:
    gateway = gateway_of(FIRST_TRADE, cash=Fraction(3_000))
    lived = live(gateway, plan_of(tmp_path / "a.db", counted=True))
    assert lived.heard.said("of margin, and the account has")
    assert gateway.truth.order_count == 0
    assert [one.phase for one in lived.heard.of(Moved)][-1] is Phase.DONE


def test_the_margin_is_asked_for_once_a_date_under_a_number_of_its_own(tmp_path: Path) -> None:
    gateway, asked = gateway_of(market().rows(0, PLAYED + 30)), []

    async def listen(runner: Runner, _: Heard) -> None:
        assert isinstance(runner.broker, IbBroker)
        library = runner.broker._on().client
        place = library.placeOrder

        def placed(number: int, contract: object, order: Any) -> None:
            asked.append((number, order.whatIf))
            place(number, contract, order)

        library.placeOrder = placed

    live(gateway, plan_of(tmp_path / "a.db"), listen)
    assert [what_if for _, what_if in asked] == [True, False, False, False, False]
    numbers = [number for number, _ in asked]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers)


def test_a_warm_up_that_is_too_short_keeps_entries_back_and_says_so(tmp_path: Path) -> None:
    plan = plan_of(tmp_path / "a.db")
    history = replace(plan.program.history, bars=PLAYED + 28)
    gateway = gateway_of(FIRST_TRADE)
    states: set[State] = set()

    async def look(runner: Runner, heard: Heard) -> None:
        states.add(runner.state)
        assert heard.said(f"{PLAYED:,} bars of history, and the strategy needs {PLAYED + 28:,}")
        await until(lambda: runner.bars_seen >= PLAYED + 28)
        await asyncio.sleep(5)
        states.add(runner.state)

    lived = live(gateway, replace(plan, program=replace(plan.program, history=history)), look)
    assert states == {State.WATCHING, State.TRADING}
    assert gateway.truth.order_count == 0
    assert lived.heard.said("is not entered: market data: 1,020 bars")


def test_an_order_that_the_broker_changed_halts_the_entries(tmp_path: Path) -> None:
    gateway = gateway_of(FIRST_TRADE, faults=plans("preset-inside#3"))
    lived = live(gateway, plan_of(tmp_path / "a.db"))
    assert lived.heard.said("outside regular hours False instead of True")
    assert lived.heard.of(Halted)[0].who == ENGINE
    assert lived.gateway.truth.longest_naked <= 5


# --- the connection -----------------------------------------------------------------------------


def test_a_lost_gateway_is_sought_for_ever_and_somebody_is_told(tmp_path: Path) -> None:
    bars = market().rows(0, PLAYED + 45)
    gateway = gateway_of(bars, faults=plans("restart=960x1"))
    journal = tmp_path / "a.db"
    seen: set[State] = set()

    async def look(runner: Runner, _: Heard) -> None:
        await until(lambda: not runner.wire.is_up)
        seen.add(runner.state)
        await asyncio.sleep(300)
        assert runner.wire.attempts > 5
        await until(lambda: runner.wire.is_up)
        await asyncio.sleep(30)
        seen.add(runner.state)

    lived = live(gateway, plan_of(journal), look)
    told = [(level, text) for _, level, text in lived.heard.said("no gateway for")]
    assert [level for level, _ in told] == [Level.WARNING, Level.ALARM, Level.ALARM]
    assert [text.split()[3] for _, text in told] == ["1", "5", "15"]
    assert seen == {State.DOWN, State.TRADING}
    assert lived.heard.runner is not None
    assert lived.heard.runner.bars_seen == len(bars)


@pytest.mark.parametrize(
    "faults",
    [
        "link-lost=90@15:16",
        "link-lost-data=90@15:16",
        "socket-lost@15:16",
        "socket-lost@15:16,silent-history@15:16",
        "socket-lost@15:16,silent-positions@15:16x2",
        "half-frame@15:16",
        "garbage@15:16",
    ],
)
def test_a_lost_line_in_a_position_changes_nothing(tmp_path: Path, faults: str) -> None:
    gateway = gateway_of(FIRST_TRADE, faults=plans(faults))
    live(gateway, plan_of(tmp_path / "a.db"))
    assert gateway.faults.struck
    assert np.array_equal(records_in(tmp_path / "a.db"), backtest(FIRST_TRADE))


def test_a_start_refused_its_bars_does_not_have_them_twice_after_a_reconnect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifeline, "_DATA_PAUSE", 100.0)
    follow, asked = IbBroker.bars, []

    async def refused_once(broker: IbBroker, *words: Any) -> None:
        asked.append(words)
        if len(asked) == 1:
            raise DataRefused("taken by another session")
        await follow(broker, *words)

    async def cut(runner: Runner, _: Heard) -> None:
        await until(lambda: len(asked) == 1)
        runner.lifeline.lost("the plug was pulled")
        await until(lambda: runner.wire.is_up)
        await asyncio.sleep(3_600)

    monkeypatch.setattr(IbBroker, "bars", refused_once)
    lived = live(gateway_of(FIRST_TRADE), plan_of(tmp_path / "a.db"), cut)
    assert lived.heard.said("the plug was pulled")
    assert len(asked) == 2
    assert np.array_equal(records_in(tmp_path / "a.db"), backtest(FIRST_TRADE))


def test_the_hours_of_the_coming_days_are_told_anew_with_every_connection(tmp_path: Path) -> None:
    async def cut(runner: Runner, _: Heard) -> None:
        known = runner.contract
        assert known is not None
        assert known.is_open(runner.clock.now() / 60_000)
        runner.contract = replace(known, sessions=(), regular=())  # as after a week
        runner.lifeline.lost("the plug was pulled")
        await until(lambda: runner.wire.is_up)
        await until(lambda: runner.contract == known)
        runner.stop()
        await asyncio.sleep(3_600)

    lived = live(gateway_of(QUIET), plan_of(tmp_path / "a.db"), cut)
    assert lived.heard.said("the plug was pulled")


def test_a_clock_that_is_off_is_told_and_far_off_keeps_entries_back(tmp_path: Path) -> None:
    for seconds, orders in ((5, 2), (25, 0)):
        gateway = gateway_of(market().rows(0, PLAYED + 14))
        lived = live(gateway, plan_of(tmp_path / f"{seconds}.db"), behind=seconds)
        assert lived.heard.said("the broker's clock is +")
        assert gateway.truth.order_count == orders


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ("client-id-in-use", "client id 17 is in use"),
        ("read-only", "takes no orders"),
        ("no-subscription", "no live market data"),
        ("delayed-data", "nothing is traded on delayed data"),
        ("silent-positions", "did not answer positions"),
    ],
)
def test_a_start_that_cannot_be_says_why(tmp_path: Path, faults: str, words: str) -> None:
    with pytest.raises(CannotRun, match=words):
        live(gateway_of(QUIET, faults=plans(faults)), plan_of(tmp_path / "a.db"))


def test_an_account_with_money_is_only_traded_where_its_number_was_typed(tmp_path: Path) -> None:
    with pytest.raises(BadAccount, match="account with money, U7654321"):
        live(gateway_of(QUIET, accounts=("U7654321",)), plan_of(tmp_path / "a.db"))
    named = plan_of(tmp_path / "b.db", account="U7654321", settings=replace(SETTINGS, port=4001))
    assert live(gateway_of(QUIET, accounts=("U7654321",)), named).ending is Ending.STOPPED
    with pytest.raises(CannotRun, match="this login has DU1234567, not U7654321"):
        live(gateway_of(QUIET), named)


# --- the journal --------------------------------------------------------------------------------


def test_a_journal_belongs_to_one_engine(tmp_path: Path) -> None:
    with closing(begun(tmp_path / "a.db")), pytest.raises(LockedError, match="another engine"):
        live(gateway_of(QUIET), plan_of(tmp_path / "a.db"))


def test_nothing_is_sent_that_does_not_fit_on_the_disk(tmp_path: Path) -> None:
    gateway = gateway_of(FIRST_TRADE)

    async def fill(runner: Runner, _: Heard) -> None:
        with runner.journal._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        await asyncio.sleep(3600)

    with pytest.raises(UnreachableError, match="the disk is full"):
        live(gateway, plan_of(tmp_path / "a.db"), fill)
    with JournalReader.open(tmp_path / "a.db") as journal:
        written = [event for _, event in journal.events() if isinstance(event, Sending)]
    assert len(written) == gateway.truth.order_count


def test_another_program_says_what_it_found_open_and_leads_it_to_its_end(tmp_path: Path) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(FIRST_TRADE)

    async def leave(runner: Runner, _: Heard) -> None:
        await until(lambda: is_open(gateway))
        runner.end(Ending.STOPPED)
        await asyncio.sleep(3600)

    opened = live(gateway, plan_of(journal), leave)
    plan = plan_of(journal)
    other = replace(plan, program=replace(plan.program, max_gap=plan.program.max_gap + 1))
    lived = live(gateway, other)

    assert lived.heard.said("its last stop and its targets stay")
    events: list[Any] = lived.heard.events
    ended = next(at for at, one in enumerate(events) if isinstance(one, Moved))
    assert events[ended].phase is Phase.DONE
    assert not [one for one in events[:ended] if isinstance(one, Sending)]
    assert events[ended].family == opened.heard.of(Planned)[0].family.name
    assert gateway.truth.longest_naked == 0


def test_sizes_come_from_the_equity_that_is_told_unless_they_are_counted(tmp_path: Path) -> None:
    small = replace(TERMS, equity=Fraction(9_000))
    for counted, contracts in ((True, 1), (False, 5)):
        journal = tmp_path / f"{counted}.db"
        lived = live(gateway_of(FIRST_TRADE), plan_of(journal, counted=counted, terms=small))
        first = lived.heard.of(Planned)[0].family.asked[0].order
        assert first.contracts == contracts


def test_a_contract_that_rolls_is_left_for_the_next_one_at_midnight(tmp_path: Path) -> None:
    bars, played = rolling()
    gateway, seen = gateway_of(bars, played), []

    async def look(runner: Runner, heard: Heard) -> None:
        assert runner.contract is not None
        seen.append(runner.contract.local)
        await until(lambda: heard.runner is not runner)
        assert heard.runner is not None
        assert heard.runner.contract is not None
        seen.append(heard.runner.contract.local)

    lived = live(gateway, plan_of(tmp_path / "a.db"), look)
    assert seen == ["MNQZ5", "MNQH6"]
    assert lived.heard.said("MNQZ5 rolls")
    assert lived.ending is Ending.STOPPED
