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
    """The stages that a candidate can come back to: those that share a circle with themselves.

    Tarjan's strongly connected components, without recursion.
    """
    edges = ways(program)
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    found = {stage for stage, to in edges.items() if stage in to}
    for first in edges:
        work = [] if first in order else [(first, iter(edges[first]))]
        while work:
            stage, rest = work[-1]
            if stage not in order:
                order[stage] = lowest[stage] = len(order)
                path.append(stage)
            to = next(rest, None)
            if to is None:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[stage])
                if lowest[stage] == order[stage]:
                    ring = path[path.index(stage) :]
                    del path[-len(ring) :]
                    found.update(ring if len(ring) > 1 else ())
            elif to in edges and to not in order:
                work.append((to, iter(edges[to])))
            elif to in path:
                lowest[stage] = min(lowest[stage], order[to])
    return found


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
