"""The client library: ib_insync, or ib_async where only that one is installed.

This is the only module that imports either. Both install a package called `eventkit`, so they
exclude one another in one environment.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
import importlib.util
import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES: Final = ("ib_insync", "ib_async")
"""The libraries that are understood, the default first."""

_EXTRAS: Final = {"ib_insync": "ib", "ib_async": "ib-async"}


class NoLibrary(ImportError):
    """No client library can be used; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Library:
    """A client library: its name, its version, and the classes that are used of it."""

    name: str
    version: str
    ib: Any
    client: Any
    wrapper: Any
    order: Any
    contract: Any
    filter: Any
    unset: float


def installed() -> tuple[str, ...]:
    """Which libraries are installed here."""
    return tuple(name for name in NAMES if importlib.util.find_spec(name) is not None)


def load(name: str = "") -> Library:
    """The library of that name, or the first that is installed; raises `NoLibrary`."""
    if name and name not in NAMES:
        raise NoLibrary(f"there is no client library {name}: choose {' or '.join(NAMES)}")
    found = installed()
    wanted = name or (found[0] if found else "")
    if wanted not in found:
        missing = f"{name} is not installed" if name else "no client library for IB is installed"
        extra = _EXTRAS[name or NAMES[0]]
        other = "" if name else " (or slob-engine[ib-async], not both in one environment)"
        raise NoLibrary(f"{missing}: pip install 'slob-engine[{extra}]'{other}")
    return _load(wanted)


@cache
def _load(name: str) -> Library:
    with warnings.catch_warnings(), _current_loop():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            module = importlib.import_module(name)
            version = importlib.metadata.version(name)
            Wrapper = importlib.import_module(f"{name}.wrapper").Wrapper  # noqa: N806 - a class
            unset = importlib.import_module(f"{name}.util").UNSET_DOUBLE
        except Exception as broken:
            raise NoLibrary(
                f"{name} is installed and cannot be imported ({broken}): reinstall it with "
                f"pip install --force-reinstall 'slob-engine[{_EXTRAS[name]}]', in an environment "
                "without the other library"
            ) from broken
    for part in ("client", "wrapper", "ib"):
        logging.getLogger(f"{name}.{part}").setLevel(logging.CRITICAL)
    return Library(
        name=name,
        version=version,
        ib=module.IB,
        client=module.Client,
        wrapper=Wrapper,
        order=module.Order,
        contract=module.Contract,
        filter=module.ExecutionFilter,
        unset=unset,
    )


@contextmanager
def _current_loop() -> Iterator[None]:
    """The current event loop that both libraries ask for at import: the running one, or a loan."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        made = asyncio.new_event_loop()
        asyncio.set_event_loop(made)
        try:
            yield
        finally:
            asyncio.set_event_loop(None)
            made.close()
    else:
        adopt_running_loop()
        yield


def adopt_running_loop() -> None:
    """Make the running loop the one that the libraries find.

    They ask the policy for the current loop, and `asyncio.Runner(loop_factory=...)` does not tell
    it.
    """
    running = asyncio.get_running_loop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop(running)
