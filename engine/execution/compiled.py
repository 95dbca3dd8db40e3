"""The kernel compiled by numba, kept on disk; imported only where a long run pays for it."""

from __future__ import annotations

import hashlib
from functools import cache
from inspect import getsource, isfunction
from typing import TYPE_CHECKING, Any, Final

from numba import njit
from numba.extending import intrinsic, register_jitable

from engine.execution import fills, kernel, records, sizing, state

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.execution.state import Desk, Tape

_SOURCES: Final = (records, state, fills, sizing, kernel)


def _without_owner(_context: Any, array: Any) -> Any:
    """An array without its owner: numba counts references to it for nothing, so not at all.

    Counting is atomic, at every call of every small function, and was most of a simulation. The
    caller holds the arrays for as long as the kernel runs.
    """

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        """The array's structure, with no owner in it."""
        kind = signature.args[0]
        made = context.make_array(kind)(context, builder, arguments[0])
        made.meminfo = made.meminfo.type(None)
        return made._getvalue()  # noqa: SLF001 - numba's own name for the value

    return array(array), build


# a global: what a function closes over is part of the key under which numba keeps it, and an
# intrinsic is another one in each process
_borrowed: Any = intrinsic(_without_owner)


def _entry(fingerprint: str) -> Callable[[Tape, Desk, int], int]:
    """The function numba compiles.

    numba keeps a compiled function for as long as the file it stands in is unchanged, and does
    not see its callees in other files. What it also compares are the values a function closes
    over: hence the fingerprint of all the files, which is never empty.
    """
    run = register_jitable(kernel.simulate)
    tape_of, desk_of = state.Tape, state.Desk

    def simulate(tape: Tape, desk: Desk, stop: int) -> int:
        if fingerprint == "":
            return -1
        read = tape_of(
            _borrowed(tape.open),
            _borrowed(tape.high),
            _borrowed(tape.low),
            _borrowed(tape.close),
            _borrowed(tape.start),
            _borrowed(tape.closing),
            _borrowed(tape.over),
            _borrowed(tape.trail_short),
            _borrowed(tape.trail_long),
            _borrowed(tape.leave_short),
            _borrowed(tape.leave_long),
        )
        written = desk_of(_borrowed(desk.book), _borrowed(desk.offers), _borrowed(desk.records))
        return run(read, written, stop)

    return simulate


@cache
def compiled_simulate() -> Callable[[Tape, Desk, int], int]:
    """`kernel.simulate` as machine code, with bit-equal results.

    The first call ever takes seconds to compile, the first of a process a fraction of one.
    """
    for module in (fills, sizing, kernel):
        for function in vars(module).values():
            if isfunction(function) and function.__module__ == module.__name__:
                register_jitable(function)
    texts = "".join(getsource(module) for module in _SOURCES)
    fingerprint = hashlib.sha256(texts.encode()).hexdigest()
    compiled: Callable[[Tape, Desk, int], int] = njit(cache=True)(_entry(fingerprint))
    return compiled
