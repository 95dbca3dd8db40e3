"""A disk that is really full: what cannot be kept is said, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.web.support import OPERATOR, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.web.hosting import Served


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    if not mount or not umount or subprocess.run([mount, *words], check=False).returncode:
        pytest.skip("only who may mount can make a small disk")
    yield folder
    subprocess.run([umount, "--lazy", str(folder)], check=True)


def filled(folder: Path) -> Path:
    """The file that takes all the room there is."""
    file = folder / "ballast"
    with file.open("wb", buffering=0) as opened:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    opened.write(b"x" * size)
            except OSError:
                continue
    return file


def test_saving_on_a_full_disk_is_refused_and_works_again_with_room(
    small: Path, serve: Callable[..., Served]
) -> None:
    served = serve(small)
    strategies = sorted(served.settings.strategies.glob("*.yaml"))
    before = {file.name: file.read_bytes() for file in strategies}
    with httpx.Client(base_url=served.address, timeout=30) as client:
        sign_in(client, OPERATOR)
        seen = client.get("/api/strategies/slob_5_1").json()
        assert client.get("/strategies").status_code == 200
        ballast = filled(small)
        longer = seen["text"] + "# " + "x" * 60_000 + "\n"
        words = {"text": longer, "base": seen["version"], "why": "the disk is full"}
        refused = client.put("/api/strategies/slob_5_1", json=words)
        assert refused.status_code == 507, refused.text
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["detail"]
        assert {file.name: file.read_bytes() for file in strategies} == before
        assert client.get("/api/strategies/slob_5_1").json()["text"] == seen["text"]
        assert client.get("/strategies").status_code == 200, "looking needs no room"
        assert client.get("/health/live").status_code == 200
        ballast.unlink()
        saved = client.put("/api/strategies/slob_5_1", json=words)
        assert saved.status_code < 300, saved.text
        assert client.get("/api/strategies/slob_5_1").json()["text"] == longer
    names = {file.name for file in served.settings.strategies.glob("*.yaml*")}
    assert names == set(before), "nothing half-written lies about"


def test_strategies_are_listed_and_read_where_nothing_could_be_kept_yet(
    small: Path, serve: Callable[..., Served]
) -> None:
    served = serve(small)
    with httpx.Client(base_url=served.address, timeout=30) as client:
        sign_in(client, OPERATOR)
        ballast = filled(small)
        listed = client.get("/strategies")
        assert listed.status_code == 200
        assert "Nothing can be kept now." in listed.text
        for path in ("/strategies/slob_5_1", "/strategies/slob_5_1/versions"):
            assert "not kept yet" in client.get(path).text, path
        seen = client.get("/api/strategies/slob_5_1").json()
        words = {"text": seen["text"] + "# more\n", "base": seen["version"]}
        refused = client.put("/api/strategies/slob_5_1", json=words)
        assert refused.status_code == 507, refused.text
        ballast.unlink()
        assert "Nothing can be kept now." not in client.get("/strategies").text
        saved = client.put("/api/strategies/slob_5_1", json=words)
        assert saved.json()["number"] == seen["version"] + 1, saved.text
        assert client.get("/api/strategies/slob_5_1/versions/1").json()["text"] == seen["text"]
