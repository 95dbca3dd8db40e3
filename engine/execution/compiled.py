"""The kernel compiled by numba, kept on disk; imported only where a long run pays for it."""

from __future__ import annotations

import hashlib
from functools import cache
from inspect import getsource, isfunction
from typing import TYPE_CHECKING, Any, Final

from numba import njit
from numba.extending import register_jitable

from engine.execution import fills, kernel, records, sizing, state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from engine.execution.state import Desk, Tape

# no function here makes or keeps an array: without numba's counting of references, which is atomic
# and done at every call, a simulation takes a third of the time
OPTIONS: Final[dict[str, Any]] = {"_nrt": False, "error_model": "numpy"}


def _entry(fingerprint: str) -> Callable[[Tape, Desk, int], int]:
    """The function numba compiles.

    numba keeps a compiled function for as long as the file it stands in is unchanged, and does
    not see its callees in other files. What it also compares are the values a function closes
    over: hence the fingerprint of all the files, which is never empty.
    """
    run = register_jitable(**OPTIONS)(kernel.simulate)

    def simulate(tape: Tape, desk: Desk, stop: int) -> int:
        if fingerprint == "":
            return -1
        return run(tape, desk, stop)

    return simulate


@cache
def known() -> str:
    """Make the kernel's functions callable from compiled code; the fingerprint of what they are."""
    return make_known((fills, sizing, kernel), (records, state))


def make_known(modules: Sequence[ModuleType], constants: Sequence[ModuleType] = ()) -> str:
    """The same for the functions of any modules; `constants` only count for the fingerprint."""
    for module in modules:
        for function in vars(module).values():
            if isfunction(function) and function.__module__ == module.__name__:
                register_jitable(forceinline=True, **OPTIONS)(function)
    texts = "".join(getsource(module) for module in (*modules, *constants))
    return hashlib.sha256(texts.encode()).hexdigest()


@cache
def compiled_simulate() -> Callable[[Tape, Desk, int], int]:
    """`kernel.simulate` as machine code, with bit-equal results.

    The first call ever takes seconds to compile, the first of a process a fraction of one.
    """
    compiled: Callable[[Tape, Desk, int], int] = njit(cache=True, **OPTIONS)(_entry(known()))
    return compiled
