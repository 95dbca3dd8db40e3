"""The solver against trying everything: what it calls contradictory has no solution."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from dsl.analysis.cases import HERE, Atom, Form
from dsl.analysis.differences import contradictory
from dsl.ir import expression as ir

LARGEST = 4
ATOMS = tuple(Atom(HERE, ir.Param(name)) for name in "wxyz")
BOUNDS = tuple(
    form for atom in ATOMS for form in (Form(((atom, 1),), LARGEST), Form(((atom, -1),), LARGEST))
)
"""Every atom from -4 to 4."""


def made(factors: dict[Atom, int], constant: int) -> Form:
    return Form(tuple((atom, factor) for atom, factor in factors.items() if factor), constant)


FORMS = st.builds(
    made, st.dictionaries(st.sampled_from(ATOMS), st.integers(-3, 3)), st.integers(-9, 9)
)
DIFFERENCES = st.builds(
    lambda pair, constant: made({pair[0]: 1, pair[1]: -1}, constant),
    st.permutations(ATOMS),
    st.integers(-9, 9),
)


def solvable(forms: list[Form]) -> bool:
    """Whether some whole numbers within the bounds make every form at least zero."""
    for values in product(range(-LARGEST, LARGEST + 1), repeat=len(ATOMS)):
        held = dict(zip(ATOMS, values, strict=True))
        if all(sum(held[a] * f for a, f in form.terms) + form.constant >= 0 for form in forms):
            return True
    return False


@given(st.lists(FORMS, max_size=5))
def test_what_is_called_contradictory_has_no_solution(forms: list[Form]) -> None:
    if contradictory([*forms, *BOUNDS]):
        assert not solvable(forms)


@given(st.lists(DIFFERENCES, max_size=6))
def test_differences_without_a_solution_are_called_contradictory(forms: list[Form]) -> None:
    assert contradictory([*forms, *BOUNDS]) == (not solvable(forms))


def test_a_sum_of_two_differences_is_seen_through() -> None:
    w, x, y, z = ATOMS
    ordered = [made({x: 1, w: -1}, 0), made({z: 1, y: -1}, 0)]  # w <= x, y <= z

    assert contradictory([*ordered, made({w: 1, x: -1, y: 1, z: -1}, -1)])
    assert not contradictory([*ordered, made({w: 1, x: -1, y: 1, z: -1}, 0)])
