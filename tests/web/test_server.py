"""The page as a process: it starts, it is refused, it ends."""

from __future__ import annotations

import io
import json
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from adapters.cli import status_of
from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People
from tests.web.hosting import PATIENCE, first_line
from tests.web.support import OPERATOR, sign_in
from web.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.web.hosting import Hosted, Served

STREAMS = 100
WORD = "a-word-of-my-own"


def started(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@dataclass(frozen=True, slots=True)
class Said:
    """What `engine web` left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def web(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Runs an `engine web` that leaves by itself, in this process."""

    def served(*_: object, **__: object) -> None:
        pytest.fail("it serves")

    monkeypatch.setattr(Server, "run", served)

    def run(folder: Path, *words: str, given: str = "") -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(given))
        capsys.readouterr()
        status = status_of(["web", "--folder", str(folder), *words])
        return Said(status, *capsys.readouterr())

    return run


@contextmanager
def streaming(folder: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A page with an endless stream as a process, and somebody to ask it."""
    process = started("tests.web.streaming", str(folder))
    address = first_line(process).strip()
    limits = httpx.Limits(max_connections=200)
    try:
        with httpx.Client(base_url=address, timeout=PATIENCE, limits=limits) as client:
            yield process, client
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def watched(client: httpx.Client, stack: ExitStack, count: int) -> None:
    """Open so many streams, and hear a word on each."""
    for _ in range(count):
        answer = stack.enter_context(client.stream("GET", "/endless"))
        assert "here" in next(answer.iter_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_hundred_open_tabs_leave_room_for_more_and_a_signal_ends_it_at_once(
    tmp_path: Path, number: signal.Signals
) -> None:
    with streaming(tmp_path) as (process, client), ExitStack() as stack:
        watched(client, stack, STREAMS)
        with ThreadPoolExecutor(20) as pool:
            statuses = list(pool.map(lambda _: client.get("/login").status_code, range(100)))
        began = time.perf_counter()
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
        spent = time.perf_counter() - began
    # the suite tells its figures
    print(f"\n{number.name} with {STREAMS} streams open: gone after {spent:.2f} s")  # noqa: T201
    assert statuses == [200] * 100
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert errors.count("GET /endless 200") == STREAMS


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, str]], str]:
    """A workshop that was started twice; what was printed each time, and the log."""
    folder, told, log = tmp_path_factory.mktemp("first") / "w", [], ""
    for _ in range(2):
        words = ("web", "--json", "--port", "0", "--folder", str(folder))
        process = started("adapters.cli", *words)
        told.append(json.loads(first_line(process)))
        process.terminate()
        out, errors = process.communicate(timeout=PATIENCE)
        log += out + errors
    return folder, told, log


def test_the_first_start_prints_a_password_once_and_logs_it_never(
    twice: tuple[Path, list[dict[str, str]], str],
) -> None:
    folder, told, log = twice
    password = told[0]["password"]
    if password in log:
        pytest.fail("the password is in the log")
    assert told[0]["name"] == "trader"
    assert len(password) >= 20
    assert "password" not in told[1]
    assert password.encode() not in (folder / "workshop.db").read_bytes()


def test_the_first_password_made_here_does_not_open_the_page_to_others(
    twice: tuple[Path, list[dict[str, str]], str], web: Callable[..., Said]
) -> None:
    assert web(twice[0], "--host", "0.0.0.0", "--port", "0").status == 1


def test_it_goes_to_others_only_with_a_password_that_a_person_set(
    tmp_path: Path, serve: Callable[..., Served], web: Callable[..., Said]
) -> None:
    folder = tmp_path / "workshop"
    refused = web(folder, "--host", "0.0.0.0", "--port", "0")
    assert refused.status == 1
    assert "no person has set a password yet" in refused.err
    assert "--new-password trader" in refused.err
    set_ = web(folder, "--new-password", "trader", given=f"{WORD}\n")
    assert set_.status == 0, set_.err
    assert WORD not in set_.out + set_.err
    served = serve(tmp_path, "--host", "0.0.0.0")
    assert httpx.get(served.address + "/health/live").status_code == 200


def test_the_first_password_may_come_from_a_secret_file(
    tmp_path: Path,
    serve: Callable[..., Served],
    web: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = tmp_path / "secret.txt"
    monkeypatch.setenv("ENGINE_WEB_PASSWORD_FILE", str(secret))
    folder = tmp_path / "workshop"
    missing = web(folder, "--port", "0")
    assert missing.status == 3
    assert "cannot be read" in missing.err
    secret.write_text("short\n")
    assert web(folder, "--port", "0").status == 3
    secret.write_text(f"{WORD}\n")
    served = serve(tmp_path, "--host", "0.0.0.0")
    with Keeper(folder) as keeper:
        assert People(keeper).checked("trader", WORD) is not None
    assert WORD not in served.log.read_text()


def test_it_listens_to_this_machine_alone_unless_told_otherwise(site: Hosted) -> None:
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
    workshop: Path, web: Callable[..., Said], words: list[str], status: int, said: str
) -> None:
    if words[0] == "--new-password" or status == 2:
        done = web(workshop, *words, given="long-enough-a-word\n")
    else:
        done = web(workshop.parent / "none", *words)
    assert done.status == status, done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_port_that_is_taken_is_said_to_be(workshop: Path, web: Callable[..., Said]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = web(workshop, "--port", str(taken.getsockname()[1]))
    assert done.status == 3
    assert "cannot be listened on" in done.err
    assert "--port 0" in done.err


def test_a_workshop_of_a_later_version_is_left_alone(
    tmp_path: Path, workshop: Path, web: Callable[..., Said]
) -> None:
    folder = shutil.copytree(workshop, tmp_path / "workshop")
    with sqlite3.connect(folder / "workshop.db") as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999_later'")
    opened.close()
    done = web(folder, "--port", "0")
    assert done.status == 3
    assert "9999_later" in done.err


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
def test_however_it_ends_no_process_of_its_own_is_left_and_it_starts_again(
    tmp_path: Path, serve: Callable[..., Served], number: signal.Signals
) -> None:
    served = serve(tmp_path)
    with httpx.Client(base_url=served.address, timeout=PATIENCE) as client:
        sign_in(client, OPERATOR)
        words = {"text": "lang: 1\n", "thorough": True}
        assert client.post("/api/language/check", json=words).status_code == 200
    children = below(served.process.pid)
    assert children
    status = served.end(number)
    expected = {signal.SIGTERM: 0, signal.SIGINT: 130, signal.SIGKILL: -signal.SIGKILL}
    assert status == expected[number]
    until = time.monotonic() + PATIENCE
    while any(map(is_there, children)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [child for child in children if is_there(child)] == []
    assert "Traceback" not in served.log.read_text(encoding="utf-8")
    if number == signal.SIGKILL:
        again = serve(tmp_path)
        with httpx.Client(base_url=again.address, timeout=PATIENCE) as client:
            assert sign_in(client, OPERATOR).status_code == 303
