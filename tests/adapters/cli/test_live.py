"""`engine live` and `engine unlatch`: with an engine that runs, with one that does not."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import click
import pytest

from adapters.cli.live import confirm
from adapters.cli.screen import Failure
from adapters.cli.standing import in_one_line, lines_of, shortened
from adapters.database.journal import Journal
from adapters.ib.library import installed
from adapters.live import status as st
from adapters.live.caller import Caller, NobodyRuns
from adapters.live.places import journal_of, socket_of
from engine.execution import state as at
from engine.live import events as ev
from engine.live.family import Phase
from tests.support.broker_words import family, recipe
from tests.support.serving import gateway_process, process
from tests.support.whole_status import WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.adapters.cli.conftest import Said

EAGER = """\
lang: 1
strategy: eager
instrument: NQ
bars: {size: 1 min, stamp: open}
day: {clock: America/New_York, starts: 18:00}
direction: {write: long}
when:
  always: close > close[1] - 900 pt
entry: {order: market, at: next_open}
stop: low - 400 pt
target: close + 900 pt
risk: {sizing: fixed, contracts: 1 contract}
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for journals and sockets."""
    folder = tmp_path / "state"
    monkeypatch.setenv("ENGINE_STATE", str(folder))
    return folder


def begun() -> Journal:
    return Journal.begin(journal_of(), account="DU1", client=17)


def stepped(*, latched: bool) -> ev.Stepped:
    """A traded bar whose account is latched, below its peak."""
    account = [0] * 120
    account[at.NEXT_ROW], account[at.CASH], account[at.TOP] = 7, 40, 50
    account[at.IS_LATCHED] = account[at.IS_REDUCED] = int(latched)
    return ev.Stepped(5, "ab" * 8, 1, 100, 106, tuple(account), (), (), ())


# --- without an engine ----------------------------------------------------------------------


@pytest.fixture
def idle() -> Path:
    """The journal of an engine that does not run, with a position in it."""
    with begun() as journal:
        journal.record(ev.Marked(1_770_000_000_000, "2026-01-06", Decimal(50_000)))
        journal.record(ev.Planned(1_770_000_060_000, family(Phase.PLANNED)))
    return journal_of()


def test_status_says_whose_account_a_journal_is_of_and_which_program_opened_what_lives(
    engine: Callable[..., Said], idle: Path
) -> None:
    assert "of account" not in engine("live", "status").out
    opened = family(Phase.PLANNED).signal.strategy
    with begun() as journal:
        journal.record(ev.Belongs(1_770_000_070_000, "DU7"), ev.Kept(1_770_000_070_000, recipe()))
    said = engine("live", "status")
    assert f"journal {idle} of account DU7: 4 events" in said.out
    assert f"opened by program {opened} (slob)" in said.out
    told = engine("live", "status", "--json").document
    assert (told["account"], told["programs"]) == ("DU7", {opened: "slob"})


def test_status_says_that_no_engine_runs_and_what_its_journal_knows(
    engine: Callable[..., Said], idle: Path
) -> None:
    said = engine("live", "status")
    assert said.status == 3
    assert "No engine runs." in said.out
    assert f"{idle}: 2 events, last written 2026-02-02 02:41:00 UTC" in said.out
    assert "1 setup may have orders waiting" in said.out
    told = engine("live", "status", "--json").document
    assert (told["running"], told["events"], told["equity"]) == (False, 2, "50000")
    assert engine("live", "status", "--watch").status == 3


def test_another_journal_that_may_be_in_use_is_named(
    engine: Callable[..., Said], idle: Path, state: Path
) -> None:
    (state / "U1234567.db.sock").touch()
    assert f"--journal {state / 'U1234567.db'}" in engine("live", "status").out
    missing = engine("live", "status", "--journal", "U1234567")
    assert (missing.status, "there is no journal" in missing.err) == (3, True)
    assert idle.exists()


def test_a_halt_works_when_the_engine_is_dead_and_holds_for_the_next_one(
    engine: Callable[..., Said], idle: Path
) -> None:
    said = engine("live", "halt", "--why", "news", "--who", "ann")
    assert (said.status, said.err) == (0, "")
    assert "takes no entries until `engine live resume`" in said.out
    with begun() as journal:
        assert journal.books.halt == "news"
        assert journal.events()[-1][1] == replace(
            ev.Halted(0, "ann", "news"), at=journal.events()[-1][1].at
        )
    assert engine("live", "status", "--json").document["halt"] == "news"
    assert engine("live", "resume").status == 0
    with begun() as journal:
        assert journal.books.halt == ""
    assert idle.exists()


def test_nothing_is_flattened_without_an_engine_and_that_is_said_plainly(
    engine: Callable[..., Said], idle: Path
) -> None:
    said = engine("live", "flatten", "--yes")
    assert said.status == 3
    assert "no engine runs, so nothing was sent" in said.err
    with begun() as journal:
        assert journal.books.halt == "flatten: by hand"
    assert "No engine runs." in engine("live", "stop").out
    assert idle.exists()


def test_an_engine_that_holds_its_journal_and_does_not_answer_is_said_to_be_one(
    engine: Callable[..., Said], idle: Path
) -> None:
    with begun():
        said = engine("live", "halt", "--json")
    assert said.status == 3
    assert f"process {os.getpid()}" in said.document["message"]
    assert "its stops work at the broker" in said.document["remedy"]
    assert idle.exists()


@pytest.mark.parametrize("words", [("halt",), ("flatten", "--yes"), ("stop",), ("status",)])
def test_without_a_journal_there_is_nothing_to_tell(
    engine: Callable[..., Said], state: Path, words: tuple[str, ...]
) -> None:
    said = engine("live", *words)
    assert (said.status, "nothing was traded live yet" in said.err) == (3, True)
    assert not state.exists()


def test_a_latch_is_cleared_with_a_reason_and_the_drawdown_counts_anew(
    engine: Callable[..., Said],
) -> None:
    with begun() as journal:
        journal.record(
            ev.Marked(1, "2026-01-06", Decimal(50)), ev.Marked(2, "2026-01-06", Decimal(40))
        )
        journal.record(ev.Latched(3, "drawdown_latch"), stepped(latched=True))
    assert engine("unlatch").status == 2
    assert engine("unlatch", "--why", "  ").status == 2
    said = engine("unlatch", "--why", "it was a bad tick", "--who", "ann")
    assert (said.status, said.err) == (0, "")
    assert "Was latched: drawdown_latch" in said.out
    assert "Cleared by ann: it was a bad tick" in said.out
    with begun() as journal:
        books = journal.books
        assert books.latch == ""
        assert books.risk.peak == books.risk.equity == Decimal(40)
        (step,) = books.steps.values()
        assert (step.account[at.IS_LATCHED], step.account[at.IS_REDUCED]) == (0, 0)
        assert (step.account[at.TOP], step.account[at.NEXT_ROW]) == (40, 7)
        assert step.records == ()
        assert journal.verify() == 6
    again = engine("unlatch", "--why", "once more")
    assert (again.status, "nothing is latched" in again.err) == (3, True)


def test_a_halt_is_no_latch(engine: Callable[..., Said]) -> None:
    with begun() as journal:
        journal.record(ev.Halted(3, "ann", "lunch"))
    said = engine("unlatch", "--why", "x")
    assert (said.status, "engine live resume" in said.err) == (3, True)
    with begun() as journal:
        journal.record(ev.Latched(4, "drawdown_latch"))
    said = engine("unlatch", "--why", "x", "--json")
    told = said.document
    assert (told["latch"], told["halt"], told["engine_runs"]) == ("", "lunch", False)


# --- with one -------------------------------------------------------------------------------


def until(true: Callable[[], bool], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never became so"
        time.sleep(0.1)


def stands() -> st.Status | None:
    try:
        return Caller(socket_of(journal_of())).status()
    except NobodyRuns:
        return None


@pytest.mark.skipif(not installed(), reason="no client library is installed")
def test_a_person_leads_an_engine_from_its_first_position_to_its_end(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    file = spec(EAGER, "eager.yaml")
    with (
        gateway_process("--from", "2025-10-06", "--speed", "60") as port,
        process("run", file, "--live", "--port", port) as trading,
    ):
        until(lambda: bool((found := stands()) and found.positions and found.orders))
        said = engine("live", "status")
        assert (said.status, said.err) == (0, "")
        for words in ("eager · NQ · ", "paper account DU1234567", "NQZ5", "Position",
                      "paper.db of DU1234567", "At the broker", "stop", "target"):  # fmt: skip
            assert words in said.out
        told = engine("live", "status", "--json").document
        assert (told["running"], len(told["orders"])) == (True, 2)
        assert told["state"] in ("trading", "watching")

        with process("live", "status", "--watch", "--json") as watching:
            assert watching.stdout is not None
            seen = [json.loads(watching.stdout.readline()) for _ in range(2)]
            assert seen[0]["at"] <= seen[1]["at"]
            watching.send_signal(signal.SIGINT)
            watching.communicate(timeout=20)
            assert watching.returncode == 130

        said = engine("live", "halt", "--why", "lunch", "--who", "ann")
        assert "Halted: no entries" in said.out
        assert "protected by stops at the broker" in said.out
        assert engine("live", "status", "--json").document["state"] == "halted"
        assert engine("live", "resume", "--json").document["state"] != "halted"
        assert "say --yes" in engine("live", "flatten").err
        said = engine("unlatch", "--why", "x")
        assert (said.status, "nothing is latched" in said.err) == (3, True)
        told = engine("doctor", "--json").document
        assert "runs eager" in next(c for c in told["checks"] if c["name"] == "engine")["what"]

        assert "Closing everything" in engine("live", "flatten", "--yes", "--why", "enough").out
        until(lambda: (found := stands()) is not None and not found.positions)
        said = engine("live", "stop")
        assert (said.status, said.err) == (0, "")
        assert "Stopped." in said.out
        assert "nothing is open" in said.out
        assert trading.wait(20) == 0
    with begun() as journal:
        assert journal.books.halt
        assert not journal.books.living


@pytest.mark.skipif(not installed(), reason="no client library is installed")
def test_an_engine_that_waits_for_its_gateway_is_halted_all_the_same(
    engine: Callable[..., Said], spec: Callable[..., Path]
) -> None:
    file = spec(EAGER, "eager.yaml")
    with process("run", file, "--live", "--port", 1234, "--wait") as waiting:
        until(lambda: stands() is not None)
        said = engine("live", "halt", "--why", "no network", "--who", "ann")
        assert (said.status, said.err) == (0, "")
        refused = engine("live", "flatten", "--yes")
        assert (refused.status, "not ready yet" in refused.err) == (3, True)
        assert "Stopped." in engine("live", "stop").out
        assert waiting.wait(20) == 0
    with begun() as journal:
        assert journal.books.halt == "no network"


class Typed(io.StringIO):
    """A person's keyboard."""

    def isatty(self) -> bool:
        return True


def test_what_is_to_be_closed_is_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Typed("NQ\n"))
    confirm(WHOLE, as_json=False)
    assert "Type NQ to close all of it in U1234567" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", Typed("yes\n"))
    with pytest.raises(Failure, match="nothing was sent"):
        confirm(WHOLE, as_json=False)
    with pytest.raises(click.UsageError, match="--yes"):
        confirm(WHOLE, as_json=True)


# --- how it is told -------------------------------------------------------------------------


def plain(status: st.Status) -> str:
    return click.unstyle("\n".join(lines_of(status)))


def test_the_gravest_is_told_first_and_nothing_is_left_out() -> None:
    text = plain(WHOLE)
    first = text.splitlines()[:3]
    assert first == [
        "slob · NQ · LATCHED · monitor only: nothing is sent",
        "REAL MONEY U1234567 · NQH6, expires 20260320 · 2026-01-06 16:21:04 UTC",
        "No entry could happen now: latched",
    ]
    for words in (
        "50,123.46 USD, 20,000.00 available, told 4 s ago",
        "-100.00 USD, entries 2 of 5, no more after a loss of 3.00 %",
        "1.72 % below its peak of 51,000.00 USD, smaller sizes from 10.00 %, no entries from 20.00",
        "drawdown_latch (engine unlatch --why ...)",
        "lunch by ann (engine live resume)",
        "closed, last bar 16:20 UTC at 25000.25, 1,234 bars seen; stale",
        "h:4001, client 17, DOWN for 64 s, 3 attempts: no route",
        "25050 25100", "NO", "3 of 5", "liq 25010", "close < low", "alarm 4",
    ):  # fmt: skip
        assert words in text
    assert "alarm 5" not in text
    assert "12 contracts" not in in_one_line(WHOLE)
    assert "NOT protected yet" in in_one_line(WHOLE)
    assert max(map(len, text.splitlines())) < 180


def test_a_position_that_another_program_leads_is_told_with_its_leader() -> None:
    text = plain(WHOLE)
    assert "led by" not in text
    theirs = replace(WHOLE.positions[0], program="cd" * 8, led_by=f"program {'cd' * 8}")
    lost = replace(WHOLE.positions[0], program="ef" * 8, led_by="its own orders")
    text = plain(
        replace(
            WHOLE,
            owner="U1234567",
            positions=(*WHOLE.positions, theirs, lost),
            earlier=(
                st.EarlierStands("cd" * 8, "slob", "/old.yaml", leads=True),
                st.EarlierStands("ef" * 8, "", "", leads=False, trouble="no text"),
            ),
        )
    )
    head = next(line for line in text.splitlines() if "protected" in line)
    assert head.split()[-2:] == ["led", "by"]
    for words in ("this program", f"program {'cd' * 8}", "its own orders", "/j.db of U1234567",
                  f"{'cd' * 8} (slob of /old.yaml) leads what it opened to its end",
                  f"{'ef' * 8} (no name kept) cannot lead what it opened: no text"):  # fmt: skip
        assert words in text


def test_what_is_not_known_yet_is_not_made_up() -> None:
    early = st.Status(1, st.State.CONNECTING, WHOLE.process, replace(WHOLE.connection, trouble=""))
    text = plain(early)
    assert "not connected yet" in text
    assert "None" not in text
    assert "nothing is open" in in_one_line(early)


@pytest.mark.parametrize("rows", [1, 5, 12, 200])
def test_a_watch_fits_the_screen(rows: int) -> None:
    lines = list(lines_of(WHOLE))
    shown = shortened(lines, rows)
    assert len(shown) <= rows
    assert (shown == lines) is (rows == 200)
