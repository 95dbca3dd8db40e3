"""The driver compiled by numba, kept on disk; imported only where a sweep pays for it."""

from __future__ import annotations

import hashlib
from functools import cache
from inspect import getsource, isfunction
from typing import TYPE_CHECKING, Any, Final

from numba import njit
from numba.extending import register_jitable

from engine.execution import fills, kernel, records, sizing, state
from engine.sweep import driver, merging

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.domain.market import Ints
    from engine.execution.state import Cells, Desk, Tape
    from engine.sweep.driver import Sheet

_SOURCES: Final = (records, state, fills, sizing, kernel, driver, merging)
# as in engine.execution.compiled; and without the lock of Python, so that threads run side by side
_OPTIONS: Final[dict[str, Any]] = {"_nrt": False, "error_model": "numpy"}


@cache
def _registered() -> str:
    """Make every function known to numba; the fingerprint of what they are."""
    for module in (fills, sizing, kernel, driver, merging):
        for function in vars(module).values():
            if isfunction(function) and function.__module__ == module.__name__:
                register_jitable(**_OPTIONS)(function)
    texts = "".join(getsource(module) for module in _SOURCES)
    return hashlib.sha256(texts.encode()).hexdigest()


def _account(fingerprint: str) -> Callable[..., int]:
    """What numba compiles: closed over the fingerprint, see `engine.execution.compiled`."""
    run = driver.account_for

    def account_for(tape: Tape, desk: Desk, fresh: Cells, windows: Cells, sheet: Sheet) -> int:
        if fingerprint == "":
            return -1
        return run(tape, desk, fresh, windows, sheet)

    return account_for


def _merge(fingerprint: str) -> Callable[..., int]:
    run = merging.merge

    def merge(first: Any, second: Any, shape: Cells, offers: Cells) -> int:
        if fingerprint == "":
            return -1
        return run(first, second, shape, offers)

    return merge


@cache
def compiled_account_for() -> Callable[..., int]:
    """`driver.account_for` as machine code, with bit-equal results.

    The first call ever takes seconds to compile, the first of a process a fraction of one.
    """
    made: Callable[..., int] = njit(cache=True, nogil=True, **_OPTIONS)(_account(_registered()))
    return made


@cache
def compiled_merge() -> Callable[..., int]:
    """`merging.merge` as machine code."""
    made: Callable[..., int] = njit(cache=True, nogil=True, **_OPTIONS)(_merge(_registered()))
    return made
