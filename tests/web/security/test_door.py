"""Hosts, headers, sizes, and what the log says."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import pytest

from tests.web.support import OPERATOR, PASSWORD, sign_in
from web.rendering import HERE
from web.security.hosts import is_ours

if TYPE_CHECKING:
    from pathlib import Path

    from litestar.testing import TestClient

    from web.app import Site
    from web.settings import Settings

NAMES = frozenset({"localhost", "desk"})


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8765", "LOCALHOST", "desk.", "127.0.0.1:1", "[::1]:80", "10.0.0.7"],
)
def test_our_names_and_any_address_are_answered(host: str) -> None:
    assert is_ours(host, NAMES)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", ":80", "[", "desk:x"],
)
def test_another_name_is_turned_away(visitor: TestClient[Site], host: str) -> None:
    assert not is_ours(host, NAMES)
    answer = visitor.get("/login", headers={"host": host})
    assert answer.status_code == 400
    assert "content-security-policy" in answer.headers


INLINE = re.compile(r"<script(?![^>]*(?:src|application/json))|<style|\sstyle=|\son[a-z]+=")

PATHS = ["/login", "/nothing/here", "/api/nothing", "/static/icon.svg", "/people", "/health/live"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_a_strict_policy_and_its_companions(
    visitor: TestClient[Site], path: str
) -> None:
    headers = visitor.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert re.fullmatch("[0-9a-f]{8}", headers["x-request-id"])
    kept = "immutable" if path.startswith("/static") else "no-store"
    assert kept in headers["cache-control"]


def test_no_template_writes_script_or_style_inline() -> None:
    templates = sorted((HERE / "templates").rglob("*.html"))
    assert templates
    for template in templates:
        text = template.read_text(encoding="utf-8")
        found = re.findall(
            r"<script(?![^>]*(?:src|application/json))|<style|\sstyle=|\son[a-z]+=", text
        )
        assert found == [], template


@pytest.mark.parametrize("path", ["/login", "/api/me/tokens", "/people"])
@pytest.mark.parametrize("is_told", [True, False])
def test_more_than_a_page_ever_sends_is_refused(
    client: TestClient[Site], path: str, *, is_told: bool
) -> None:
    body = b'{"label": "' + b"x" * 300_000 + b'"}'
    content = body if is_told else (body[at : at + 4096] for at in range(0, len(body), 4096))
    headers = {"content-type": "application/json" if "api" in path else "text/plain"}
    if "api" not in path:
        headers["content-type"] = "application/x-www-form-urlencoded"
    answer = client.post(path, content=content, headers=headers)
    assert answer.status_code == 413
    expected = "application/problem+json" if "api" in path else "text/html; charset=utf-8"
    assert answer.headers["content-type"] == expected
    assert "256 kB" in answer.text


def test_no_secret_and_no_cookie_gets_into_a_log(
    visitor: TestClient[Site], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for name in ("engine", "uvicorn", "litestar", "sqlalchemy", "asyncio"):
            caplog.set_level(logging.DEBUG, logger=name)
        sign_in(visitor, OPERATOR, "wrong-" + PASSWORD)
        sign_in(visitor, OPERATOR)
        visitor.get("/account?done=secret-in-a-query")
        token = visitor.post("/api/me/tokens", json={"label": "sheet"}).json()["token"]
        visitor.get("/api/me", headers={"authorization": f"Bearer {token}"})
    log = "\n".join(
        f"{record.getMessage()} {record.exc_text or ''}"
        for record in caplog.records
        if record.name != "httpx"  # the client of this test
    )
    assert "POST /login 303" in log
    assert "GET /api/me 200" in log
    cookies = [cookie.value for cookie in visitor.cookies.jar if cookie.value]
    secrets = [PASSWORD, token, *cookies, visitor.headers["x-csrftoken"], "secret-in-a-query"]
    assert len(cookies) == 1
    for secret in secrets:
        assert secret not in log
    assert settings.cookie not in log


def test_a_line_of_the_log_cannot_be_forged(
    visitor: TestClient[Site], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="engine.web.access"):
        visitor.get("/x%0a2026-01-01%20GET%20/forged%1b[31m")
    lines = [one.getMessage() for one in caplog.records if one.name == "engine.web.access"]
    assert len(lines) == 1
    assert lines[0].isprintable()


def test_what_is_kept_is_for_its_owner_alone(client: TestClient[Site], settings: Settings) -> None:
    client.get("/about")
    kept: list[Path] = [settings.folder / "workshop.db", settings.folder / "secret"]
    for file in kept:
        assert file.stat().st_mode & 0o077 == 0
