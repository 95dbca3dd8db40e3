"""What a candidate can and what it must remember in each stage, from the ways that lead there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl.analysis.places import captures_of
from dsl.analysis.ways import onward, ways
from dsl.ir.program import ENTRY, TrackerOp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dsl.ir.program import Program

COUNTING = frozenset({TrackerOp.COUNT, TrackerOp.SUM, TrackerOp.BARS})
"""Trackers that hold a number from the start: nothing counted is 0."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Names of captures and trackers by stage, `ENTRY` included.

    `always`: captured on every way there. `ever`: captured on some way there.
    `empty`: trackers that cannot have counted a bar there yet.
    """

    always: dict[str, frozenset[str]]
    ever: dict[str, frozenset[str]]
    empty: dict[str, frozenset[str]]


def memory_of(program: Program) -> Memory:
    """What is remembered where."""
    everything = frozenset(capture.name for capture in captures_of(program))
    started = frozenset(capture.name for capture in program.start.captures)
    names = [*(stage.name for stage in program.stages), ENTRY]
    always = dict.fromkeys(names, everything)
    ever: dict[str, frozenset[str]] = dict.fromkeys(names, frozenset())
    always[names[0]], ever[names[0]] = started, started
    changed = True
    while changed:
        changed = False
        for origin, to, made in _edges(program):
            must = always[to] & (always[origin] | made)
            may = ever[to] | ever[origin] | made
            changed |= must != always[to] or may != ever[to]
            always[to], ever[to] = must, may
    return Memory(always, ever, _empty(program))


def _edges(program: Program) -> Iterator[tuple[str, str, frozenset[str]]]:
    for stage in program.stages:
        for advance in stage.advance:
            yield stage.name, advance.to, frozenset(c.name for c in advance.captures)


def _empty(program: Program) -> dict[str, frozenset[str]]:
    """By stage, the trackers that no stage up to it counts for."""
    edges = ways(program)
    filled: dict[str, set[str]] = {name: set() for name in (*edges, ENTRY)}
    for tracker in program.trackers:  # each after the one it restarts with
        leading = tracker.after is None or tracker.op in COUNTING
        for name in tracker.stages:
            if leading or tracker.after in filled[name]:
                for there in {name} | onward(edges, name):
                    filled[there].add(tracker.name)
        if tracker.op in COUNTING:
            for counted in filled.values():
                counted.add(tracker.name)
    names = frozenset(tracker.name for tracker in program.trackers)
    return {there: names - trackers for there, trackers in filled.items()}
