"""Databases for the tests: a SQLite file, and a real PostgreSQL server where its programs are."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


def program(name: str) -> str | None:
    """Where one of PostgreSQL's programs is."""
    beside = [folder / name for folder in FOLDERS if (folder / name).exists()]
    return str(beside[-1]) if beside else shutil.which(name)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server that was started for the tests."""
    initdb, postgres = program("initdb"), program("postgres")
    if initdb is None or postgres is None or shutil.which("runuser") is None:
        pytest.skip("PostgreSQL's initdb and postgres are not here: apt install postgresql")
    pytest.importorskip("psycopg")
    folder = Path("/tmp") / f"engine_pg_{free_port()}"  # a folder another user may enter
    folder.mkdir(mode=0o777)
    shutil.chown(folder, "postgres")
    port = free_port()
    as_user = ["runuser", "-u", "postgres", "--"]
    made = [*as_user, initdb, "-D", f"{folder}/data", "-A", "trust", "-U", "engine", "--no-sync"]
    subprocess.run(made, check=True, capture_output=True, timeout=120)
    words = [
        postgres,
        "-D",
        f"{folder}/data",
        "-p",
        str(port),
        "-k",
        str(folder),
        "-c",
        "fsync=off",
    ]
    with subprocess.Popen(
        [*as_user, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        try:
            wait_for(port)
            yield f"postgresql+psycopg://engine@127.0.0.1:{port}"
        finally:
            subprocess.run(["pkill", "-f", f"{folder}/data"], check=False, timeout=20)
            running.wait(20)
            shutil.rmtree(folder, ignore_errors=True)


def wait_for(port: int) -> None:
    """Until the server answers."""
    import psycopg  # noqa: PLC0415 - an extra

    for _ in range(100):
        try:
            psycopg.connect(f"host=127.0.0.1 port={port} user=engine dbname=postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("PostgreSQL did not start within ten seconds")


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "journal.db")
    import psycopg  # noqa: PLC0415 - an extra

    address: str = request.getfixturevalue("server")
    name = f"j{abs(hash(str(tmp_path))):x}"
    plain = address.replace("+psycopg", "")
    with psycopg.connect(f"{plain}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{address}/{name}"
