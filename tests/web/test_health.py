"""Health: for machines, for people, for Prometheus."""

from __future__ import annotations

import shutil
import sqlite3
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from adapters.database import connect
from adapters.live import status as live
from web.metrics import Metrics
from web.views.engine import engine_view

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from httpx import Client
    from litestar.testing import TestClient

    from web.app import Site
    from web.settings import Settings

NOW = time.time_ns() // 1_000_000
STATUS = live.Status(
    at=NOW - 1500,
    state=live.State.TRADING,
    process=live.Process(7, NOW, "1", "slob", "ab" * 32, "/x.yaml", "NQ", monitor_only=False),
    connection=live.Connection(is_up=True, since=NOW, host="127.0.0.1", port=4002, client=1),
    account=live.AccountStands("DU1", is_paper=True, currency="USD", equity="50000.25"),
    market=live.MarketStands("NQZ6", 1, "2026-12", True, 1, NOW // 60_000 - 3),
    positions=(
        live.PositionStands("f", "short", 2, "100", "101", (), NOW, "-5", is_protected=True),
        live.PositionStands("g", "long", 1, "100", None, (), NOW, None, is_protected=False),
    ),
    risk=live.RiskStands(
        "2026-11-22", "-120.50", "10", None, "0.03", "0.05", "0.1", None, 2, 3, latch="naked"
    ),
    events=99,
)


class Running:
    """A live engine that stands as it was told to."""

    def __init__(self, status: live.Status | None) -> None:
        self._status = status

    def status(self) -> live.Status | None:
        return self._status

    def rejects(self) -> int:
        return 4


def values(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_what_prometheus_is_told_of_a_running_engine() -> None:
    told = values(Metrics(Running(STATUS)).text().decode())
    assert told["engine_up"] == 1
    assert 1.5 <= told["engine_heartbeat_age_seconds"] < 3600
    assert told["engine_position_contracts"] == -1
    assert told["engine_positions_unprotected"] == 1
    assert told["engine_daily_loss"] == 120.5
    assert told["engine_daily_profit"] == -120.5
    assert told["engine_drawdown_ratio"] == 0.03
    assert told["engine_orders_rejected_total"] == 4
    assert told["engine_account_is_real"] == 0
    assert told["engine_equity"] == 50000.25
    assert told["engine_latched"] == 1
    assert told["engine_halted"] == 0
    assert 100 <= told["engine_bar_age_seconds"] < 3600
    assert told["engine_statetrading"] == 1
    assert sum(value for name, value in told.items() if name.startswith("engine_state")) == 1


def test_what_is_not_known_is_left_out() -> None:
    told = values(Metrics(Running(None)).text().decode())
    assert told["engine_up"] == 0
    assert "engine_heartbeat_age_seconds" not in told
    bare = replace(STATUS, account=None, market=None, risk=None, positions=())
    told = values(Metrics(Running(bare)).text().decode())
    assert told["engine_position_contracts"] == 0
    assert "engine_daily_loss" not in told


def test_metrics_are_for_this_machine_or_a_token(client: TestClient[Site], another: Client) -> None:
    token = client.post("/api/me/tokens", json={"label": "prometheus"}).json()["token"]
    bearer = {"authorization": f"Bearer {token}"}
    assert another.get("/metrics").status_code == 303, "the peer of a test is no address"
    told = another.get("/metrics", headers=bearer)
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert values(told.text)["engine_up"] == 0
    assert any(name.startswith("web_requests_total/api/me/tokens") for name in values(told.text))


def test_live_and_ready_are_for_anybody_and_tell_no_details(visitor: TestClient[Site]) -> None:
    assert visitor.get("/health/live").json() == {"status": "ok"}
    answer = visitor.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": True, "disk": True, "strategies": True},
    }


def test_it_is_not_ready_without_its_strategies(
    visitor: TestClient[Site], settings: Settings
) -> None:
    shutil.rmtree(settings.strategies)
    answer = visitor.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "disk": True, "strategies": False}
    assert str(settings.strategies) not in answer.text


def test_it_is_not_ready_where_the_database_cannot_be_written(
    visitor: TestClient[Site],
    application: Site,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connect, "_PRAGMAS", ("PRAGMA busy_timeout=100",))  # else it waits 5 s
    application.state.ports.vitals._keeper._written.dispose()
    held = sqlite3.connect(settings.folder / "workshop.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        answer = visitor.get("/health/ready")
    finally:
        held.close()
    assert answer.json()["checks"]["database"] is False


def test_people_see_checks_engine_backups_and_versions(client: TestClient[Site]) -> None:
    page = client.get("/health").text
    for words in ("database", "not running", "engine backup", "numpy", "can be written"):
        assert words in page


def test_people_see_the_engine_that_runs() -> None:
    view = engine_view(STATUS, rejects=4)
    assert (view.state, view.tone) == ("trading", "good")
    assert ("account", "DU1 (paper)") in view.rows
    real = replace(STATUS, account=live.AccountStands("U1", is_paper=False))
    assert ("account", "U1 (REAL MONEY)") in engine_view(real, 0).rows


def test_a_backup_is_whole_and_only_an_operator_makes_one(
    client: TestClient[Site], settings: Settings
) -> None:
    assert client.post("/health/backup").status_code == 303
    copies = client.get("/api/health").json()["backups"]
    assert [copy["of"] for copy in copies] == ["workshop"]
    file = settings.folder / "backups" / copies[0]["file"]
    opened = sqlite3.connect(file)
    assert opened.execute("SELECT count(*) FROM person").fetchone() == (2,)
    opened.close()
    assert copies[0]["file"] in client.get("/health").text


def test_the_quality_of_data_sets_is_shown_and_a_broken_one_too(
    client: TestClient[Site], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters import store  # noqa: PLC0415 - numpy comes with it
    from adapters.calendars import ExchangeCalendars  # noqa: PLC0415 - as above
    from adapters.quality import inspect  # noqa: PLC0415 - as above
    from tests.support.bars import random_walk  # noqa: PLC0415 - as above

    monkeypatch.setenv("ENGINE_DATA", str(tmp_path / "sets"))
    market = random_walk(3, 1)
    store.import_bars("walk", market, inspect(market, ExchangeCalendars()))
    (tmp_path / "sets" / "broken").mkdir()
    (tmp_path / "sets" / "broken" / "meta.json").write_text("{")
    broken, walk = client.get("/api/health").json()["sets"]
    assert (walk["name"], walk["bars"]) == ("walk", len(market))
    assert (broken["name"], broken["bars"]) == ("broken", None)
    page = client.get("/health").text
    assert "cannot be read" in page
    assert f"{len(market):,}" in page
