from __future__ import annotations

import math

import pytest

from dsl.ir.expression import (
    AllOf,
    AnyOf,
    Binary,
    Choose,
    Compare,
    Const,
    Known,
    Node,
    Not,
    Round,
    ToReal,
    Unary,
)
from engine.interpreter.operators import Value, meaning_of

X = Const(0)


def mean(node: Node, *operands: Value) -> Value:
    meaning = meaning_of(node)
    assert meaning is not None
    return meaning(*operands)


@pytest.mark.parametrize(
    ("op", "left", "right", "result"),
    [
        ("add", 2, 3, 5),
        ("sub", 2, 3, -1),
        ("mul", -2, 3, -6),
        ("max", 2, 3, 3),
        ("min", 2, 3, 2),
        ("div", 1.0, 4.0, 0.25),
        ("div", 1.0, 0.0, None),
        ("add", None, 3, None),
        ("max", 2, None, None),
        ("sub", math.inf, math.inf, None),
    ],
)
def test_arithmetic_gives_na_for_na_and_for_what_has_no_value(
    op: str, left: Value, right: Value, result: Value
) -> None:
    assert mean(Binary(op, X, X), left, right) == result


@pytest.mark.parametrize(
    ("op", "operand", "result"),
    [("neg", 3, -3), ("abs", -3, 3), ("sqrt", 9.0, 3.0), ("sqrt", -1.0, None), ("abs", None, None)],
)
def test_unary_operators_by_hand(op: str, operand: Value, result: Value) -> None:
    assert mean(Unary(op, X), operand) == result


@pytest.mark.parametrize(
    ("denominator", "up", "operand", "result"),
    [
        (4, False, 7, 1),
        (4, True, 7, 2),
        (4, False, -7, -2),
        (4, True, -7, -1),
        (4, True, 8, 2),
        (1, True, 1.25, 2),
        (1, False, -1.25, -2),
        (1, True, math.inf, None),
        (4, True, None, None),
    ],
)
def test_rounding_up_is_the_least_whole_number_not_below(
    denominator: int, *, up: bool, operand: Value, result: Value
) -> None:
    assert mean(Round(X, denominator, up), operand) == result


def test_to_real_divides_once() -> None:
    assert mean(ToReal(X, 3), 1) == 1 / 3
    assert mean(ToReal(X, 3), None) is None


@pytest.mark.parametrize(
    ("op", "truths"),
    [
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        (">", [False, False, True]),
        (">=", [False, True, True]),
        ("==", [False, True, False]),
    ],
)
def test_comparisons_of_less_equal_and_more(op: str, truths: list[bool]) -> None:
    assert [mean(Compare(op, X, X), left, 2) for left in (1, 2, 3)] == truths
    assert mean(Compare(op, X, X), None, 2) is None


def test_and_or_not_are_kleenes() -> None:
    both, either = AllOf((X, X)), AnyOf((X, X))
    trits = (False, None, True)
    assert [[mean(both, a, b) for b in trits] for a in trits] == [
        [False, False, False],
        [False, None, None],
        [False, None, True],
    ]
    assert [[mean(either, a, b) for b in trits] for a in trits] == [
        [False, None, True],
        [None, None, True],
        [True, True, True],
    ]
    assert [mean(Not(X), a) for a in trits] == [True, None, False]


def test_known_is_never_na_and_choose_is_na_where_its_condition_is() -> None:
    assert [mean(Known(X), value) for value in (None, 0, False)] == [False, True, True]
    choose = Choose(X, X, X)
    assert [mean(choose, c, 1, 2) for c in (True, False, None)] == [1, 2, None]
    assert mean(choose, True, None, 2) is None
