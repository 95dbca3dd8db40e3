"""The stages as a graph: which lead where, which can be reached, which lead back to themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.ir.program import ENTRY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.ir.program import Program, ThisBar


def ways(program: Program, *rest: ThisBar) -> dict[str, tuple[str, ...]]:
    """What each stage advances to, `ENTRY` included; with `rest`, only by advances that do that."""
    return {
        stage.name: tuple(
            dict.fromkeys(a.to for a in stage.advance if not rest or a.this_bar in rest)
        )
        for stage in program.stages
    }


def onward(edges: Mapping[str, tuple[str, ...]], first: str) -> set[str]:
    """Everything that one or more edges from `first` lead to."""
    found: set[str] = set()
    waiting = list(edges.get(first, ()))
    while waiting:
        stage = waiting.pop()
        if stage not in found:
            found.add(stage)
            waiting.extend(edges.get(stage, ()))
    return found


def reachable(program: Program) -> set[str]:
    """The stages a candidate can come to, and `ENTRY` if a setup can complete."""
    if not program.stages:
        return {ENTRY}
    first = program.stages[0].name
    return {first} | onward(ways(program), first)


def cyclic(program: Program) -> set[str]:
    """The stages that a candidate can come back to."""
    edges = ways(program)
    return {stage for stage in edges if stage in onward(edges, stage)}


def rings(edges: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """One way round for each edge that leads back, first stage repeated at the end.

    Stages are visited in written order, so the edge reported is the one written later.
    """
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for first in edges:
        path: list[str] = []
        left = [iter((first,))]
        while left:
            stage = next(left[-1], None)
            if stage is None:
                left.pop()
                done.update(path[-1:])
                path = path[:-1]
            elif stage in path:
                found.append((*path[path.index(stage) :], stage))
            elif stage not in done:
                path = [*path, stage]
                left.append(iter(edges.get(stage, ())))
    return found
