"""The driver compiled by numba, kept on disk; imported only where a sweep pays for it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from numba import njit

from engine.execution.compiled import OPTIONS, known, make_known
from engine.sweep import driver, merging

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.execution.state import Cells, Desk, Tape
    from engine.sweep.driver import Sets, Sheet
    from engine.sweep.merging import Stream


@cache
def _known() -> str:
    """Make every function known to numba; the fingerprint of what they are."""
    return known() + make_known((driver, merging))


def _accounts(fingerprint: str) -> Callable[..., int]:
    """What numba compiles: closed over the fingerprint, see `engine.execution.compiled`."""
    run = driver.accounts_for

    def accounts_for(tape: Tape, desk: Desk, sets: Sets, windows: Cells, sheet: Sheet) -> int:
        if fingerprint == "":
            return -1
        return run(tape, desk, sets, windows, sheet)

    return accounts_for


def _merge(fingerprint: str) -> Callable[..., None]:
    run = merging.merge

    def merge(
        short: Stream, long: Stream, targets: int, bounds: Cells, cards: Cells, offers: Cells
    ) -> None:
        if fingerprint == "":
            return
        run(short, long, targets, bounds, cards, offers)

    return merge


@cache
def compiled_accounts_for() -> Callable[..., int]:
    """`driver.accounts_for` as machine code, with bit-equal results.

    The first call ever takes seconds to compile, the first of a process a fraction of one.
    """
    made: Callable[..., int] = njit(cache=True, nogil=True, **OPTIONS)(_accounts(_known()))
    return made


@cache
def compiled_merge() -> Callable[..., None]:
    """`merging.merge` as machine code."""
    made: Callable[..., None] = njit(cache=True, nogil=True, **OPTIONS)(_merge(_known()))
    return made
