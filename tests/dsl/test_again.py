"""What the compiler remembers, of a text or of a node, changes nothing that it says."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.calendar_names import calendar_names
from adapters.instruments import INSTRUMENTS
from adapters.workshop.examining import Asked, examine, packed, unpacked
from dsl import declare, parser
from dsl.analysis.intervals import Bounds
from dsl.analysis.overflow import TooLarge
from dsl.analysis.pieces import pieces
from dsl.analysis.places import written_in
from dsl.compilation import Surroundings
from dsl.compiler import Unit, work
from dsl.findings import Findings
from dsl.fold import Folding
from dsl.history import nodes_in
from dsl.ir import expression as ir
from tests.support.expressions import nodes
from tests.support.shipped import FOLDER, SHIPPED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dsl.ir.program import Program
    from dsl.scope import Scope
    from dsl.structure import Spec

TEXTS = [path.read_text("utf-8") for path in SHIPPED]
FEW = 1 + (settings.default.max_examples // 4 if settings.default else 9)
"""Each example compiles four times."""

WORDS = (
    "close", "high", "low", "open", "body", "ny", "london", "top", "bottom.price", "1", "0", "25",
    "0.5", "5 min", "2 pt", "% of ", " > ", " <= ", " == ", " + ", " * ", " / ", "(", ")", "[1]",
    "not ", " and ", " or ", " if close > open else ", "highest(high, 5 bars)", ":", "\n", "\n  ",
    "# a comment\n", ",", "{", "}", '"', "'", "",
)  # fmt: skip
"""What people type, and half of what they type."""


@st.composite
def typed(draw: st.DrawFn) -> list[str]:
    """A strategy, and it again after each of some changes: as an editor sends it."""
    text = draw(st.sampled_from(TEXTS))
    states = [text]
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.sampled_from((0, 0, 1, 4, 30)))
        text = text[:at] + draw(st.sampled_from(WORDS)) + text[at + gone :]
        states.append(text)
    return states


def fresh(asked: Asked) -> object:
    """What is said where nothing is remembered."""
    parser._syntax.cache_clear()
    declare._quantity.cache_clear()
    ir._INSIDE.clear()
    return examine(asked)


@settings(max_examples=FEW)
@given(typed())
def test_what_was_compiled_before_changes_no_finding(states: list[str]) -> None:
    asked = [Asked(text, str(FOLDER), thorough=False) for text in states]
    warm = [examine(one) for one in asked]
    assert examine(asked[0]) == warm[0], "nor does what came between"
    assert fresh(asked[-1]) == warm[-1]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_answer_crosses_to_another_process_whole(path: Path) -> None:
    found = examine(Asked(path.read_text("utf-8"), str(FOLDER), thorough=False))
    assert unpacked(packed(Asked(path.read_text("utf-8"), str(FOLDER), thorough=False))) == found


def made(path: Path) -> tuple[Spec, Scope, Program]:
    around = Surroundings(
        instruments=INSTRUMENTS,
        calendars=calendar_names(),
        read=lambda name: (FOLDER / name).read_bytes(),
    )
    unit = Unit(path.name, path.read_bytes(), around, Findings(), thorough=False)
    program = work(unit).program
    assert program is not None
    assert unit.spec is not None
    assert unit.scope is not None
    return unit.spec, unit.scope, program


def alone(node: ir.Node, change: Callable[[ir.Node], object]) -> list[object]:
    """What a change makes of every node inside, each by itself."""
    return [change(inner) for inner in ir.walk(node)]


@given(st.lists(nodes(depth=3), min_size=1, max_size=3))
@example([ir.Not(ir.Not(ir.Compare("<", ir.Const(1), ir.Const(2))))])
@example([ir.Lag(ir.Unary("neg", ir.Unary("neg", ir.BarField("high"))), ir.Const(1), across=True)])
def test_shared_parts_come_to_the_same_as_parts_looked_at_alone(several: list[ir.Node]) -> None:
    folding = Folding()
    for node in [*several, *several, ir.Known(several[0])]:
        assert alone(node, folding.fold) == alone(node, lambda one: Folding().fold(one))
        assert alone(node, folding.extent) == alone(node, size_and_depth)
        assert folding.fold(folding.fold(node)) is folding.fold(node)
        assert Folding().fold(folding.fold(node)) == folding.fold(node), "it can be no simpler"
        assert set(map(id, ir.distinct((node,)))) == set(map(id, ir.walk(node)))
        assert all(list(ir.children(one)) == held(one) for one in ir.walk(node))


def size_and_depth(node: ir.Node) -> tuple[int, int]:
    inside = [size_and_depth(child) for child in held(node)]
    return 1 + sum(one[0] for one in inside), 1 + max((one[1] for one in inside), default=0)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_numbers_that_may_not_fit_are_found_wherever_they_stand(path: Path) -> None:
    spec, scope, program = made(path)
    small = replace(program, instrument=replace(program.instrument, price_max=1 << 40))
    look, found = TooLarge(Bounds(small)), []
    for rule in written_in(spec, scope, program):
        found.append(look.inside(rule.node))
        assert found[-1] == TooLarge(Bounds(small)).inside(rule.node)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_parts_of_a_text_are_what_they_were_when_it_was_checked(path: Path) -> None:
    spec, scope, program = made(path)
    rules = [rule for rule in written_in(spec, scope, program) if "target" not in rule.text]
    known = [list(pieces(scope, one.text, one.level, one.written_as)) for one in rules]
    assert sum(map(len, known)) > len(rules) / 2
    scope.became.clear()
    assert [list(pieces(scope, one.text, one.level, one.written_as)) for one in rules] == known


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_nodes_directly_inside_are_all_that_a_node_holds(path: Path) -> None:
    for outer in nodes_in(made(path)[2]):
        for node in ir.walk(outer):
            assert list(ir.children(node)) == held(node)


def test_every_way_of_holding_a_node_is_known() -> None:
    kinds = [kind for kind in vars(ir).values() if isinstance(kind, type)]
    nodes = [kind for kind in kinds if issubclass(kind, ir.Node) and kind is not ir.Node]
    assert len(nodes) > 25
    forms = {str(part.type) for kind in nodes for part in fields(kind)}  # type: ignore[arg-type]
    holding = {form for form in forms if "Node" in form.replace("'", "") or "Over" in form}
    assert holding <= ir._FORMS


def held(node: ir.Node) -> list[ir.Node]:
    """Every node among the values of a node, window and list included, in written order."""
    found: list[ir.Node] = []
    for part in fields(node):  # type: ignore[arg-type]  # every node is a dataclass
        value = getattr(node, part.name)
        several = (value.bars, value.where) if isinstance(value, ir.Over) else value
        several = several if isinstance(several, tuple) else (several,)
        found += [one for one in several if isinstance(one, ir.Node)]
    return found
