"""The page as a process: it starts, it is refused, it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People
from tests.web.support import OPERATOR, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Served

STREAMS = 50


def started(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def web(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """`engine web` that is expected to leave by itself."""
    command = [sys.executable, "-m", "adapters.cli", "web", "--folder", str(folder), *words]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def ended(folder: Path, number: signal.Signals) -> float:
    """Start a page, watch it on fifty streams, send the signal; the seconds until it was gone."""
    process = started(["tests.web.streaming", str(folder)])
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    limits = httpx.Limits(max_connections=STREAMS)
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=address, timeout=20, limits=limits))
        for _ in range(STREAMS):
            answer = stack.enter_context(client.stream("GET", "/endless"))
            assert "here" in next(answer.iter_text())
        began = time.perf_counter()
        process.send_signal(number)
        process.wait(30)
        spent = time.perf_counter() - began
    _, errors = process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert errors.count("GET /endless 200") == STREAMS
    return spent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_a_second_with_fifty_streams_open(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The best of three counts: the others tell how busy this machine is."""
    spent: list[float] = []
    while len(spent) < 3 and min(spent, default=1.0) >= 1.0:
        spent.append(ended(tmp_path, number))
    assert min(spent) < 1.0, spent


def test_the_first_start_prints_a_password_once_and_logs_it_never(tmp_path: Path) -> None:
    words = ["adapters.cli", "web", "--json", "--port", "0", "--folder", str(tmp_path / "w")]
    told = []
    for _ in range(2):
        process = started(words)
        assert process.stdout is not None
        told.append(json.loads(process.stdout.readline()))
        process.terminate()
        out, errors = process.communicate(timeout=20)
        assert out == ""
        if told[0]["password"] in errors:
            pytest.fail("the password is in the log")
    assert told[0]["name"] == "trader"
    assert len(told[0]["password"]) >= 20
    assert "password" not in told[1]
    kept = (tmp_path / "w" / "workshop.db").read_bytes()
    assert told[0]["password"].encode() not in kept


def test_it_goes_to_others_only_with_a_password_that_a_person_set(
    tmp_path: Path, serve: Callable[..., Served]
) -> None:
    folder = tmp_path / "workshop"
    refused = web(folder, "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1
    assert "no person has set a password yet" in refused.stderr
    assert "--new-password trader" in refused.stderr
    set_ = web(folder, "--new-password", "trader", given="a-word-of-my-own\n")
    assert set_.returncode == 0, set_.stderr
    assert "a-word-of-my-own" not in set_.stdout + set_.stderr
    served = serve(tmp_path, "--host", "0.0.0.0")
    assert httpx.get(served.address + "/health/live").status_code == 200


def test_the_first_password_may_come_from_a_secret_file(
    tmp_path: Path, serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.txt"
    monkeypatch.setenv("ENGINE_WEB_PASSWORD_FILE", str(secret))
    folder = tmp_path / "workshop"
    missing = web(folder, "--port", "0")
    assert missing.returncode == 3
    assert "cannot be read" in missing.stderr
    secret.write_text("short\n")
    assert web(folder, "--port", "0").returncode == 3
    secret.write_text("a-word-of-my-own\n")
    served = serve(tmp_path, "--host", "0.0.0.0")
    with Keeper(folder) as keeper:
        assert People(keeper).checked("trader", "a-word-of-my-own") is not None
    assert "a-word-of-my-own" not in served.log.read_text()


def test_the_first_password_made_here_does_not_open_the_page_to_others(tmp_path: Path) -> None:
    process = started(
        ["adapters.cli", "web", "--json", "--port", "0", "--folder", str(tmp_path / "w")]
    )
    assert process.stdout is not None
    assert "password" in json.loads(process.stdout.readline())
    process.terminate()
    process.communicate(timeout=20)
    refused = web(tmp_path / "w", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1


def test_it_listens_to_this_machine_alone_unless_told_otherwise(site: Served) -> None:
    assert site.address.startswith("http://127.0.0.1:")
    port = int(site.address.rpartition(":")[2])
    try:
        others = {
            str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)
        }
    except OSError:
        others = set()
    for host in others - {"127.0.0.1", "127.0.1.1"}:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((host, port), 2)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--host", "no.such.host.invalid"], 1, "no person has set a password"),
        (["--session-hours", "0"], 1, "session_hours 0"),
        (["--allow-host", "a b"], 1, "is no name"),
        (["--port", "99999"], 2, "99999"),
        (["--new-password", "nobody"], 3, "there is nobody called nobody"),
    ],
)
def test_what_cannot_be_is_said_with_the_way_out(
    workshop: Path, words: list[str], status: int, said: str
) -> None:
    if words[0] == "--new-password" or status == 2:
        done = web(workshop, *words, given="long-enough-a-word\n")
    else:
        done = web(workshop.parent / "none", *words)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_to_be(workshop: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = web(workshop, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 3
    assert "cannot be listened on" in done.stderr
    assert "--port 0" in done.stderr


def test_a_workshop_of_a_later_version_is_left_alone(tmp_path: Path, workshop: Path) -> None:
    import shutil  # noqa: PLC0415 - here only
    import sqlite3  # noqa: PLC0415 - here only

    folder = shutil.copytree(workshop, tmp_path / "workshop")
    with sqlite3.connect(folder / "workshop.db") as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999_later'")
    opened.close()
    done = web(folder, "--port", "0")
    assert done.returncode == 3
    assert "9999_later" in done.stderr


def test_a_hundred_open_tabs_leave_room_for_more(tmp_path: Path) -> None:
    process = started(["tests.web.streaming", str(tmp_path)])
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    limits = httpx.Limits(max_connections=200)
    with ExitStack() as stack:
        client = stack.enter_context(httpx.Client(base_url=address, timeout=20, limits=limits))
        for _ in range(100):
            next(stack.enter_context(client.stream("GET", "/endless")).iter_text())
        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(lambda _: client.get("/login").status_code, range(100)))
        process.terminate()
        process.wait(10)
    process.communicate()
    assert statuses == [200] * 100


def below(process: int) -> set[int]:
    """The processes that a process started, and those below them."""
    found: set[int] = set()
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, file.read_text().split()):
            found |= {child} | below(child)
    return found


def is_there(process: int) -> bool:
    """Whether it runs; one that nobody has asked for its status is as good as gone."""
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are told by /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_however_it_ends_no_process_of_its_own_is_left(
    tmp_path: Path, serve: Callable[..., Served], number: signal.Signals
) -> None:
    served = serve(tmp_path)
    with httpx.Client(base_url=served.address, timeout=30) as client:
        sign_in(client, OPERATOR)
        words = {"text": "lang: 1\n", "thorough": True}
        assert client.post("/api/language/check", json=words).status_code == 200
    children = below(served.process.pid)
    assert children
    status = served.end(number, patience=30)
    expected = {signal.SIGTERM: 0, signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}
    assert status == expected[number]
    until = time.monotonic() + 5
    while any(map(is_there, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [child for child in children if is_there(child)] == []
    assert "Traceback" not in served.log.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_killed_outright_it_starts_again_with_everything(
    tmp_path: Path, serve: Callable[..., Served]
) -> None:
    first = serve(tmp_path)
    token = httpx.get(first.address + "/login").text
    assert "csrf-token" in token
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    again = serve(tmp_path)
    assert httpx.get(again.address + "/login").status_code == 200
