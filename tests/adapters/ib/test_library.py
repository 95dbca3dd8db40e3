"""Which client library is used, and what is said where there is none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from adapters.ib import library
from adapters.ib.library import NoLibrary, installed, load


def test_no_library_is_said_with_the_names_of_the_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "installed", tuple)
    with pytest.raises(NoLibrary, match=r"pip install 'slob-engine\[ib\]'.*ib-async"):
        load()
    with pytest.raises(NoLibrary, match=r"ib_async is not installed.*slob-engine\[ib-async\]"):
        load("ib_async")


def test_a_library_nobody_knows_is_refused() -> None:
    with pytest.raises(NoLibrary, match="choose ib_insync or ib_async"):
        load("ibapi")


@pytest.mark.skipif(not installed(), reason="no client library is installed")
def test_a_library_is_loaded_without_a_loop_and_without_a_warning() -> None:
    code = (
        "import asyncio\n"
        "asyncio.set_event_loop(None)\n"
        "from adapters.ib.library import load\n"
        "one = load()\n"
        "print(one.name, one.version)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", code],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout.split()[0] == installed()[0]


def test_the_room_is_imported_without_the_library() -> None:
    code = (
        "import sys\n"
        "import adapters.ib.connection\n"
        "print([name for name in sys.modules if name in ('ib_insync', 'ib_async', 'eventkit')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
