"""Stages as a graph, against the definitions."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from dsl.analysis.ways import cyclic, onward, reachable, rings, ways
from dsl.ir.program import Advance, Program, Stage, ThisBar

NAMES = "abcdef"


class Stages:
    """As much of a program as the graph is made of."""

    def __init__(self, edges: dict[str, list[tuple[str, ThisBar]]]) -> None:
        self.stages = tuple(
            Stage(name, None, (), tuple(Advance(to, rest, ()) for to, rest in to_and_rest))
            for name, to_and_rest in edges.items()
        )


EDGES = st.lists(
    st.tuples(st.sampled_from([*NAMES, "entry"]), st.sampled_from(list(ThisBar))), max_size=3
)
PROGRAMS = st.fixed_dictionaries(dict.fromkeys(NAMES, EDGES)).map(
    lambda edges: cast("Program", Stages(edges))
)


@given(PROGRAMS)
def test_a_stage_is_cyclic_exactly_when_a_way_leads_back_to_it(program: Program) -> None:
    edges = ways(program)

    assert cyclic(program) == {stage for stage in edges if stage in onward(edges, stage)}


@given(PROGRAMS)
def test_a_ring_is_a_way_round_and_there_is_one_exactly_if_a_stage_is_cyclic(
    program: Program,
) -> None:
    edges = ways(program)
    found = rings(edges)

    assert bool(found) == bool(cyclic(program))
    for ring in found:
        assert ring[0] == ring[-1]
        assert len(set(ring)) == len(ring) - 1
        assert all(to in edges[stage] for stage, to in pairwise(ring))


@given(PROGRAMS)
def test_without_the_last_edge_of_each_ring_nothing_goes_round(program: Program) -> None:
    edges = ways(program)
    back = {(ring[-2], ring[-1]) for ring in rings(edges)}
    left = {
        stage: tuple(to for to in leads if (stage, to) not in back)
        for stage, leads in edges.items()
    }

    assert rings(left) == []


@given(PROGRAMS)
def test_reachable_is_the_first_stage_and_what_lies_onward(program: Program) -> None:
    first = program.stages[0].name

    assert reachable(program) == {first} | onward(ways(program), first)


@given(PROGRAMS)
def test_ways_may_be_those_of_one_kind_only(program: Program) -> None:
    examining = ways(program, ThisBar.EXAMINE)

    for stage in program.stages:
        assert set(examining[stage.name]) == {
            a.to for a in stage.advance if a.this_bar is ThisBar.EXAMINE
        }
