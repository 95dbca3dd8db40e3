"""What a computer must have: Python and packages, room, a disk that keeps what it is given."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Final

from adapters.preflight.check import Check, Found, failed, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES: Final = ("numpy", "numba", "sqlmodel", "exchange-calendars", "pydantic")
LIBRARIES: Final = {"ib_insync": "ib-insync", "ib_async": "ib-async"}
_OLDEST, _NEWEST = (3, 11), (3, 13)
_LITTLE: Final = 200 * 2**20
_ENOUGH: Final = 2 * 2**30
_SLOW: Final = 0.05
_TRIES: Final = 7


def checks(folder: Path) -> Iterator[Check]:
    """The checks; `folder` is where the journal lies or will lie."""
    yield Check("python", python)
    yield Check("packages", packages)
    yield Check("client library", library)
    yield Check("disk", lambda: room(folder))
    yield Check("disk speed", lambda: speed(folder))
    yield Check("cache", cache)


def python() -> Found:
    """Its version."""
    said = ".".join(map(str, sys.version_info[:3]))
    if not _OLDEST <= sys.version_info[:2] <= _NEWEST:
        return failed(f"Python {said}", "use Python 3.11, 3.12 or 3.13")
    return ok(f"Python {said}, engine {version('slob-engine')}")


def packages() -> Found:
    """Those that trading needs."""
    there, missing = [], []
    for name in PACKAGES:
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return failed(f"missing: {', '.join(missing)}", "install the engine anew: pip install -e .")
    return ok(", ".join(there))


def library() -> Found:
    """The one that speaks to Interactive Brokers."""
    there = [name for name in LIBRARIES if find_spec(name) is not None]
    if not there:
        return failed("no client library of IB is installed", "pip install 'slob-engine[ib]'")
    told = " and ".join(f"{name} {version(LIBRARIES[name])}" for name in there)
    if len(there) > 1:
        return warning(
            f"{told} in one environment: they write over each other's files",
            "pip uninstall one of them, and eventkit and aeventkit, then install the other anew",
        )
    return ok(told)


def room(folder: Path) -> Found:
    """What is free on the journal's disk."""
    free = shutil.disk_usage(_there(folder)).free
    told = f"{free / 2**30:,.1f} GiB free at {folder}"
    if free < _LITTLE:
        return failed(told, "make room: a journal that cannot be written stops the engine")
    return ok(told) if free >= _ENOUGH else warning(told, "make room soon")


def speed(folder: Path) -> Found:
    """How long the journal's disk takes to keep something for good."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = list(_synced(folder))
    except OSError as refused:
        return failed(
            f"{folder} cannot be written: {refused.strerror or refused}",
            "allow it, or name a journal elsewhere: --journal FILE",
        )
    told = (
        f"{median(taken) * 1000:.1f} ms to keep a record for good, {max(taken) * 1000:.1f} at most"
    )
    if median(taken) > _SLOW:
        return warning(told, "put the journal on a local disk: --journal FILE")
    return ok(told)


def _synced(folder: Path) -> Iterator[float]:
    with tempfile.TemporaryFile(dir=folder) as opened:
        for _ in range(_TRIES):
            begun = perf_counter()
            opened.write(bytes(4096))
            opened.flush()
            os.fsync(opened.fileno())
            yield perf_counter() - begun


def cache() -> Found:
    """Where compiled programs are kept."""
    from dsl.folders import cache_folder  # noqa: PLC0415 - its one use

    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as refused:
        return warning(
            f"{folder} cannot be written: {refused.strerror or refused}",
            "every start compiles anew; point ENGINE_CACHE at a folder of yours",
        )
    count = sum(1 for file in folder.rglob("*") if file.is_file())
    return ok(f"{count:,} files of compiled programs in {folder}")


def _there(folder: Path) -> Path:
    """The nearest folder above that is there."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())
