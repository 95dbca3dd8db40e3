"""The socket of a running engine: what it answers, and that nobody can disturb it."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
from typing import TYPE_CHECKING, Any

import pytest

from adapters.ib.library import installed
from adapters.live.caller import LONGEST, Caller, EngineRefused, NobodyRuns
from adapters.live.ending import Ending
from adapters.live.offline import halt_journal, resume_journal, stood
from adapters.live.places import socket_of
from adapters.live.status import State, as_bytes, from_bytes
from engine.live.events import Halted
from tests.support.live_run import PLAYED, gateway_of, live, market, plan_of, until

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.live.runner import Runner
    from adapters.live.status import Status
    from tests.support.live_run import Heard

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")

QUIET = market().rows(0, PLAYED + 6)
TRADED = market().rows(0, PLAYED + 30)


async def said(path: Path, *lines: bytes) -> list[dict[str, Any]]:
    """What the engine answers to lines that were written by hand."""
    reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST)
    try:
        writer.write(b"".join(lines))
        writer.write_eof()
        return [json.loads(line) for line in (await reader.read()).splitlines()]
    finally:
        writer.close()


def test_a_status_tells_how_it_stands_and_survives_the_wire(tmp_path: Path) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(TRADED)
    seen: list[Status] = []

    async def ask(runner: Runner, _: Heard) -> None:
        caller = Caller(socket_of(journal))
        seen.append(await caller.astatus())
        await until(lambda: gateway.truth.positions)
        await asyncio.sleep(130)
        seen.append(await caller.astatus())
        assert stat.S_IMODE(socket_of(journal).stat().st_mode) == 0o600

    live(gateway, plan_of(journal), ask)
    before, after = seen
    assert (before.state, before.positions, before.orders) == (State.TRADING, (), ())
    assert before.connection.is_up
    assert before.connection.library
    assert before.account is not None
    assert (before.account.number, before.account.is_paper) == ("DU1234567", True)
    assert before.market is not None
    assert before.market.bars == PLAYED
    (position,), (order,) = after.positions, after.orders
    assert (position.side, position.contracts, position.is_protected) == ("short", 5, True)
    assert position.stop == order.price
    assert order.role == "S"
    assert position.open_profit is not None
    assert after.risk is not None
    assert after.risk.entries_today == 1
    assert all(from_bytes(as_bytes(one)) == one for one in seen)


def test_a_halt_a_resume_and_an_unlatch_with_a_reason(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"

    async def talk(runner: Runner, heard: Heard) -> None:
        caller = Caller(socket_of(journal))
        halted = await caller.atell("halt", "anna", "news at two")
        assert (halted.state, halted.why_not) == (State.HALTED, "halted: news at two")
        assert heard.of(Halted)[0].who == "anna"
        assert halted.risk is not None
        assert halted.risk.halted_by == "anna"
        assert (await caller.atell("resume", "anna", "")).state is State.TRADING
        with pytest.raises(EngineRefused, match="with a reason"):
            await caller.atell("unlatch", "anna", "")
        assert (await caller.atell("unlatch", "anna", "looked at it")).risk is not None

    live(gateway_of(QUIET), plan_of(journal), talk)


def test_flatten_over_the_socket_closes_what_is_held(tmp_path: Path) -> None:
    journal, gateway = tmp_path / "a.db", gateway_of(TRADED)

    async def talk(runner: Runner, _: Heard) -> None:
        caller = Caller(socket_of(journal))
        await until(lambda: gateway.truth.positions)
        await caller.atell("flatten", "anna", "enough")
        await asyncio.sleep(10)
        assert not gateway.truth.positions
        assert (await caller.astatus()).state is State.HALTED

    live(gateway, plan_of(journal), talk)
    assert not gateway.truth.working


def test_a_stop_over_the_socket_ends_it(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"

    async def talk(runner: Runner, _: Heard) -> None:
        assert (await Caller(socket_of(journal)).atell("stop", "anna", "")).state is State.STOPPING
        await asyncio.sleep(3600)

    assert live(gateway_of(QUIET), plan_of(journal), talk).ending is Ending.STOPPED
    assert not socket_of(journal).exists()


def test_nonsense_gets_an_answer_and_never_ends_the_engine(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"

    async def talk(runner: Runner, _: Heard) -> None:
        path = socket_of(journal)
        answers = await said(
            path, b"hello\n", b"[]\n", b'{"do": 5}\n', b'{"do": "fly"}\n', b"\xff\xfe\n",
            b'{"do": "halt", "who": {"a": 1}}\n', b"[" * 50_000 + b"\n", b'{"do": "status"}\n',
        )  # fmt: skip
        assert [one["ok"] for one in answers] == [False] * 7 + [True]
        assert all(one["error"] and one["remedy"] for one in answers[:-1])
        (long,) = await said(path, b"x" * (LONGEST + 10))
        assert "too long" in long["error"]
        assert (await Caller(path).astatus()).state is State.TRADING

    live(gateway_of(QUIET), plan_of(journal), talk)


def test_two_who_watch_see_every_change_and_one_who_hangs_up_harms_nobody(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"

    async def talk(runner: Runner, _: Heard) -> None:
        first, second = (Caller(socket_of(journal)).watch() for _ in range(2))
        assert (await anext(first)).state is (await anext(second)).state is State.TRADING
        await second.aclose()
        await Caller(socket_of(journal)).atell("halt", "anna", "stop")
        states = [(await anext(first)).state for _ in range(3)]
        assert states[-1] is State.HALTED
        await first.aclose()

    live(gateway_of(QUIET), plan_of(journal), talk)


def test_where_nobody_runs_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(NobodyRuns):
        Caller(tmp_path / "a.db.sock").status()


def test_the_asking_side_without_a_loop_speaks_the_same(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"
    got: list[Status] = []

    async def talk(runner: Runner, _: Heard) -> None:
        def ask() -> None:
            got.append(Caller(socket_of(journal)).tell("halt", "ben", "lunch"))

        thread = threading.Thread(target=ask)
        thread.start()
        while thread.is_alive():  # noqa: ASYNC110
            await asyncio.sleep(0)
        thread.join()

    live(gateway_of(QUIET), plan_of(journal), talk)
    assert got[0].why_not == "halted: lunch"


def test_a_dead_engine_s_journal_can_be_halted_and_read(tmp_path: Path) -> None:
    journal = tmp_path / "a.db"
    live(gateway_of(QUIET), plan_of(journal))
    halt_journal(journal, "anna", "no more", at=5)
    last = stood(journal)
    assert (last.halt, last.held, last.living) == ("no more", 0, ())
    assert last.last[-1][1] == Halted(5, "anna", "no more")
    resume_journal(journal, "anna", "again", at=6)
    assert stood(journal).halt == ""


def test_a_socket_s_name_is_never_too_long(tmp_path: Path) -> None:
    deep = tmp_path / ("deep" * 30) / "a.db"
    assert len(str(socket_of(deep))) < 104
    assert socket_of(deep) != socket_of(deep.with_name("b.db"))
    assert socket_of("postgresql://me@host/live").suffix == ".sock"
