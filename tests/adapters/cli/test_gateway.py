"""`engine gateway`: what it says, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.gateway import frame_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.adapters.cli.conftest import Said

ROOT = Path(__file__).parents[3]


def test_the_faults_are_listed(engine: Callable[..., Said]) -> None:
    said = engine("gateway", "--faults", "list")
    assert said.status == 0
    assert "link-lost" in said.out
    assert "1100" in said.out
    listed = engine("gateway", "--json", "--faults", "list").document
    assert len(listed) > 50
    assert set(listed[0]) == {"name", "value", "chance", "what"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--faults", "link-lots"), "did you mean link-lost"),
        (("--speed", "fast"), "neither max nor a number"),
        (("--speed", "nan"), "from 0.01"),
        (("--account", "me"), "DU1234567"),
        (("--restart", "25:00"), "write 23:45"),
        (("--server-version", "100"), "157<=x<=178"),
        (("--instrument", "NG0"), "there is no instrument"),
    ],
)
def test_a_wrong_word_is_a_wrong_usage(
    engine: Callable[..., Said], words: tuple[str, ...], told: str
) -> None:
    said = engine("gateway", *words)
    assert said.status == 2
    assert told in said.err


def test_dates_without_bars_are_said(engine: Callable[..., Said]) -> None:
    said = engine("gateway", "--from", "2031-01-01")
    assert said.status == 3
    assert "choose an earlier date" in said.err


def test_several_markets_are_served_and_one_as_another(engine: Callable[..., Said]) -> None:
    said = engine("gateway", "--also", "NG0")
    assert (said.status, "there is no instrument" in said.err) == (2, True)
    said = engine("gateway", "--also", "EURUSD")
    assert (said.status, "ticks of" in said.err) == (3, True)
    said = engine("gateway", "--also", "ES=nowhere.csv")
    assert said.status == 3
    assert "nowhere.csv" in said.err
    said = engine("gateway", "--also", "NQ")
    assert (said.status, "each market must be of another instrument" in said.err) == (3, True)


def test_a_port_in_use_is_said_with_the_way_out(engine: Callable[..., Said]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        said = engine("gateway", "--port", other.getsockname()[1])
    assert said.status == 3
    assert "is in use" in said.err
    assert "--port" in said.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_records_and_ends_at_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    record = tmp_path / "wire.jsonl"
    words = ["gateway", "--json", "--port", "0", "--record", str(record), "--from", "2025-10-06"]
    words += ["--also", "MNQ"]
    environment = {**os.environ, "ENGINE_DATA": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        first = json.loads(server.stdout.readline())
        assert (first["event"], first["time"]) == ("listening", "20251005 22:00:00 UTC")
        assert first["markets"] == ["NQ", "MNQ"]
        with socket.create_connection(("127.0.0.1", first["port"]), timeout=10) as line:
            line.sendall(b"API\0" + frame_of(b"v100..176") + frame_of(b"71\x002\x007\0\0"))
            got = b""
            while b"2158" not in got:
                got += line.recv(4096)
        server.send_signal(number)
        out, err = server.communicate(timeout=20)
    assert server.returncode == 130
    assert err == ""
    last = json.loads(out)
    assert (last["event"], last["interrupted"], last["orders"]) == ("over", True, 0)
    frames = [json.loads(text) for text in record.read_text().splitlines()]
    assert len(frames) == last["frames"]
    assert frames[0]["f"] == ["v100..176"]
    assert ["9", "1", "1"] in [frame["f"] for frame in frames]
