"""How the page is told to run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from tests.web.support import OPERATOR, sign_in
from web.app import create_app
from web.settings import BadSettings, Settings, settings_of


def test_flags_come_before_the_environment_and_that_before_what_is_usual() -> None:
    environment = {
        "ENGINE_WEB_PORT": "9000",
        "ENGINE_WEB_HOST": "10.0.0.1",
        "ENGINE_WEB_ALLOWED_HOSTS": "desk.lan, other.lan",
        "ENGINE_WEB_TRUSTED_PROXIES": "127.0.0.1 10.0.0.0/8",
        "ENGINE_WEB_SECURE_COOKIE": "yes",
        "ENGINE_WEB_FOLDER": "/tmp/w",
        "ENGINE_STATE": "/nowhere",
    }
    found = settings_of({"port": 1, "host": None, "strategies": Path("s")}, environment)
    assert found == Settings(
        folder=Path("/tmp/w"),
        strategies=Path("s"),
        host="10.0.0.1",
        port=1,
        allowed_hosts=("desk.lan", "other.lan"),
        trusted_proxies=("127.0.0.1", "10.0.0.0/8"),
        secure_cookie=True,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"ENGINE_WEB_PORT": "many"},
        {"ENGINE_WEB_PORT": "70000"},
        {"ENGINE_WEB_SESSION_HOURS": "0"},
        {"ENGINE_WEB_SECURE_COOKIE": "perhaps"},
        {"ENGINE_WEB_ALLOWED_HOSTS": "http://x"},
        {"ENGINE_WEB_TRUSTED_PROXIES": "proxy.lan"},
        {"ENGINE_WEB_TRUSTED_PROXIES": "10.0.0.0/33"},
    ],
)
def test_what_cannot_be_is_refused_by_its_name(environment: dict[str, str]) -> None:
    with pytest.raises(BadSettings) as bad:
        settings_of({}, environment)
    (name,) = environment
    assert name.removeprefix("ENGINE_WEB_").lower()[:7] in str(bad.value).lower().replace(" ", "_")


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("127.8.8.8", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("desk.lan", False),
        ("", False),
    ],
)
def test_only_this_machines_own_addresses_are_local(host: str, *, is_local: bool) -> None:
    assert Settings(Path("w"), Path("s"), host=host).is_local is is_local


def test_two_workshops_on_one_machine_do_not_sign_each_other_out() -> None:
    first, second = (Settings(Path(name), Path("s")).cookie for name in ("a", "b"))
    assert first != second


def test_behind_https_the_cookie_goes_nowhere_else(settings: Settings) -> None:
    told: dict[str, Any] = {
        name: getattr(settings, name) for name in ("folder", "strategies", "port")
    }
    site = create_app(Settings(**told, secure_cookie=True))
    with TestClient(site, base_url="https://127.0.0.1") as client:
        client.follow_redirects = False
        answer = sign_in(client, OPERATOR)
        kept = next(one for one in answer.headers.get_list("set-cookie") if "Max-Age=43200" in one)
        assert kept.startswith("__Host-engine_")
        assert "secure" in kept.lower()
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert client.get("/about").status_code == 200


def test_no_setting_is_a_password() -> None:
    assert [name for name in Settings.__dataclass_fields__ if "password" in name] == []


def test_the_page_listens_before_anything_heavy_is_loaded() -> None:
    heavy = {"numpy", "numba", "pandas", "pyarrow", "alembic", "engine.run"}
    told = subprocess.run(
        [sys.executable, "-c", f"import sys, web.server; print(*({heavy} & sys.modules.keys()))"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.split() == []
