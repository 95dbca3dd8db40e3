"""Which form of a machine runs: plain Python at once, or what numba made of the same source.

Loading numba and a compiled machine costs some tenths of a second, compiling one some seconds,
plain Python a microsecond or so a bar that somebody watches. So short runs are plain, long
ones compiled, and a machine that is on disk already is used from a middling length on.
Both forms give the same decisions, bit for bit.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from engine.machine.compiled import is_ready

if TYPE_CHECKING:
    from engine.machine.feed import Feed
    from engine.machine.machine import Machine, State
    from engine.machine.written import Decisions, Written


class Form(StrEnum):
    """How a machine is run."""

    AUTO = "auto"
    PLAIN = "plain"
    COMPILED = "compiled"


READY_FROM: Final = 400_000  # rows from which loading a compiled machine pays
COMPILE_FROM: Final = 4_000_000  # rows from which compiling one pays
LOADED_FROM: Final = 2_000  # rows from which numba pays when it is loaded already


def chosen(machine: Machine, rows: int, form: Form, *, whole: bool = False) -> Form:
    """The form for a run over so many rows; `whole`: from the first bar, with no state before."""
    if form is not Form.AUTO:
        return form
    source = (machine.walk if whole else None) or machine.bars
    least = LOADED_FROM if "numba" in sys.modules else READY_FROM
    if rows >= COMPILE_FROM or (rows >= least and is_ready(source)):
        return Form.COMPILED
    return Form.PLAIN


class Whole(Protocol):
    """The decisions of a machine on a market from its first bar on."""

    def entries(self) -> Decisions:
        """The completed setups."""
        ...

    def decisions(self) -> Decisions:
        """All of them."""
        ...


class Followed:
    """What the compiled walk decides: the entries at once, the rest when somebody asks.

    To walk again costs less than to write down and keep what most runs never look at.
    """

    def __init__(self, machine: Machine, feed: Feed, rows: int) -> None:
        """Of the first `rows` of a market."""
        self._machine, self._feed, self._rows = machine, feed, rows
        self._brief = machine.follow(feed, rows, tell=False)

    def entries(self) -> Decisions:
        """The completed setups."""
        return self._brief.entries()

    def decisions(self) -> Decisions:
        """All decisions, bar by bar."""
        return self._machine.follow(self._feed, self._rows).decisions()


def whole(machine: Machine, feed: Feed, rows: int, form: Form = Form.AUTO) -> Whole:
    """The decisions of a machine on the first `rows` of a market, from no state.

    Candidates are followed one after another where that can be, which is several times faster
    than to go bar by bar and gives the same.
    """
    used = chosen(machine, rows, form, whole=True)
    if machine.walk is None:
        return write(machine, feed, machine.fresh(), 0, rows, used)
    if used is Form.COMPILED:
        return Followed(machine, feed, rows)
    return machine.follow_plain(feed, rows)


def decide(
    machine: Machine, feed: Feed, state: State, first: int, stop: int, form: Form = Form.AUTO
) -> Decisions:
    """The decisions of a machine on rows `first .. stop`; `state` moves on."""
    return write(machine, feed, state, first, stop, form).decisions()


def write(
    machine: Machine, feed: Feed, state: State, first: int, stop: int, form: Form = Form.AUTO
) -> Written:
    """The same as the machine wrote them: cheaper for one who only wants the entries."""
    if chosen(machine, stop - first, form) is Form.COMPILED:
        return machine.write(feed, state, first, stop)
    return machine.write_plain(feed, state, first, stop)
