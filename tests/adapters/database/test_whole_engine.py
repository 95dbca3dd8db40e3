"""The whole engine on a database of each kind: killed, looked at, gone on with, and told to halt.

What a person does is the same for both, and so is what the journals hold in the end.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from adapters.cli import status_of
from adapters.database.errors import LockedError
from adapters.database.reader import JournalReader
from adapters.ib.library import installed
from adapters.live.offline import begun
from engine.live import events as ev
from tests.proofs import venue
from tests.proofs.faulty import scene_of
from tests.proofs.house import House, Nursery
from tests.proofs.nursery import AFTER_RECORD
from tests.proofs.rig import ACCOUNT, CLIENT, SCALP

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proofs.venue import Ledger

pytestmark = pytest.mark.skipif(not installed(), reason="no client library is installed")

TERMS = ("--equity", "250000", "--commission", "2.25", "--slippage", "1")
PATIENCE = 60.0
KILLED_AT = 60
"""The record after which the first engine is killed: an entry is filled, its exits work."""


@dataclass
class Shell:
    """A person's words beside one journal, said in this process: 20 others would take a minute."""

    journal: str

    def __call__(self, *words: object, status: int = 0) -> str:
        """What `engine WORDS --journal ...` prints, its status being this."""
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            found = status_of([*map(str, words), "--journal", self.journal])
        assert found == status, said.getvalue()
        return said.getvalue()

    def told(self, *words: object, status: int = 0) -> Any:
        """The same with --json, as a value."""
        return json.loads(self(*words, "--json", status=status))


@dataclass
class Lived:
    """What came of it: the events, the ledger, and what the gateway saw."""

    events: list[ev.Event]
    mine: Ledger
    theirs: Ledger
    naked: float
    said: list[str]


def until(true: Callable[[], object], what: str) -> None:
    """Wait for something."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.02)


def lived(where: str, folder: Path, nursery: Nursery) -> Lived:
    """A market traded by two engines, of which the first is killed."""
    scene, begins = scene_of(4)
    shell, place = Shell(where), {"ENGINE_STATE": str(folder)}
    with House(scene.gateway(begins=begins)) as house:
        words = ["run", str(SCALP), "--live", "--port", str(house.port), "--journal", where,
                 "--account", ACCOUNT, "--client", str(CLIENT), *TERMS]  # fmt: skip
        aim = {"place": AFTER_RECORD, "count": KILLED_AT}
        assert _ending(nursery, nursery.bear(words, aim, place)) == -signal.SIGKILL
        house.wait_until_left()
        said = _looked_at_dead(shell)
        pid = nursery.bear(words, None, place)
        until(house.over.is_set, "the end of the market")
        said += _led(shell)
        assert _ending(nursery, pid) == 0, "see engines.log"
        naked = house.gateway.truth.longest_naked
    said.append(shell("compare", SCALP, "--live", "--flat", "next_open", *TERMS))
    with JournalReader.open(where) as reader:
        assert reader.verify() == reader.last()
        events = [event for _, event in reader.events()]
    theirs = venue.backtest(scene, int(begins // 60), int(scene.market.minute[-1]) + 1)
    return Lived(events, venue.live(scene, where), theirs, naked, said)


def _looked_at_dead(shell: Shell) -> list[str]:
    """What the verbs say of a journal whose engine was killed in a position."""
    stood = shell.told("live", "status", status=3)
    assert (stood["running"], stood["events"] > 20, stood["held"] != 0) == (False, True, True)
    halted = shell.told("live", "halt", "--why", "it was killed", "--who", "ann")
    assert halted["halt"] == "it was killed"
    assert shell.told("live", "resume", "--who", "ann")["halt"] == ""
    copied = shell.told("backup")
    assert copied["events"] == stood["events"] + 2  # halted and resumed
    checks = {one["name"]: one for one in shell.told("doctor", SCALP)["checks"]}
    assert checks["journal"]["verdict"] == "ok"
    assert "by the journal" in checks["positions"]["what"]
    return [json.dumps(stood), checks["journal"]["what"]]


def _led(shell: Shell) -> list[str]:
    """What a person says to the engine that runs, and what a second engine is told."""
    running = shell.told("live", "status")
    assert (running["running"], running["process"]["strategy"]) == (True, "scalp")
    second = shell("run", SCALP, "--live", "--port", "1", status=3)
    assert "is in use by another engine" in second
    assert shell.told("live", "halt", "--why", "enough", "--who", "ann")["state"] == "halted"
    assert shell.told("live", "resume", "--who", "ann")["state"] != "halted"
    return [json.dumps(running), second, shell("live", "stop")]


def _ending(nursery: Nursery, pid: int) -> int:
    """How an engine ended, once it has."""
    until(lambda: not _is_there(pid), "the end of an engine")
    return nursery.ended()


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def without_clocks(events: list[ev.Event]) -> list[ev.Event]:
    """Events; those of a person at a terminal have an instant of the wall clock."""
    personal = (ev.Halted, ev.Resumed)
    return [replace(one, at=0) if isinstance(one, personal) else one for one in events]


def test_an_engine_on_postgresql_is_killed_and_led_as_one_on_sqlite(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "cache"))
    made, nursery = {}, Nursery(tmp_path / "engines.log")
    try:
        for kind in ("sqlite", "postgresql"):
            folder = tmp_path / kind
            folder.mkdir()
            monkeypatch.setenv("ENGINE_STATE", str(folder))
            file, address = str(folder / "live.db"), secret(database_at(server, f"live_{kind}"))
            made[kind] = lived(file if kind == "sqlite" else address, folder, nursery)
    finally:
        nursery.close()
    one, other = made.values()
    assert without_clocks(other.events) == without_clocks(one.events)
    for each in made.values():
        assert each.mine.trades > 5
        assert each.mine.difference(each.theirs) == ""
        assert each.naked <= 5
        assert "equal: " in each.said[-1]
    assert "hidden" not in "".join(other.said)
    _restored(server, next((tmp_path / "postgresql" / "backups").iterdir()))


def _restored(server: str, copy: Path) -> None:
    """The copy that was taken while the engine was dead, in a database of its own."""
    where, restorer = database_at(server, "restored"), shutil.which("pg_restore")
    assert restorer is not None
    words = [restorer, "--dbname", where.replace("+psycopg", ""), str(copy)]
    subprocess.run(words, check=True, timeout=PATIENCE)
    with JournalReader.open(where) as reader:
        assert reader.verify() == reader.last() > 20


def test_who_lost_the_lock_with_its_connection_writes_no_more_while_another_has_it(
    server: str,
) -> None:
    where = database_at(server, "locked")
    one, event = begun(where), ev.Latched(1, "doubt")
    cut(server, "locked")
    one.record(event)  # nobody came in between: it has the lock again
    with pytest.raises(LockedError, match=rf"\(slob-engine {os.getpid()} at "):
        begun(where)
    cut(server, "locked")
    with begun(where) as other:
        with pytest.raises(LockedError, match="in use by another engine"):
            one.record(event)
        assert other.last() == 1
    one.close()


def cut(server: str, name: str) -> None:
    """End every session with a database, as a server that starts again does."""
    plain = server.replace("+psycopg", "")
    with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )


def database_at(server: str, name: str) -> str:
    """The address of a new database there."""
    plain = server.replace("+psycopg", "")
    with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{server}/{name}"


def secret(address: str) -> str:
    """The same address with a password, which this server does not ask for."""
    return address.replace("engine@", "engine:hidden@")
