"""Whether whole numbers can satisfy linear conditions at once, by bounds on differences.

`most[i][j]` bounds x_i - x_j from above; index 0 is the number 0. Shortest paths (Floyd, Warshall)
make every bound as tight as the others allow, and a value less than itself is a contradiction.
A form with more than two atoms gives such a bound for each pair of its atoms, its rest held
at its most favourable; this is repeated until nothing changes. What is called impossible is.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dsl.analysis.cases import Atom, Form

ROUNDS_MAX: Final = 4
ATOMS_MAX: Final = 40
"""Beyond this many atoms nothing is claimed: the cost grows by the cube."""

Bound: TypeAlias = int | float
Row: TypeAlias = tuple[tuple[tuple[int, int], ...], int]
"""A form by index: ((atom, factor), ...) and the constant."""


def work(forms: Sequence[Form]) -> int:
    """About how many steps `contradictory` takes."""
    atoms = {atom for form in forms for atom, _ in form.terms}
    return 300 + 10 * len(forms) + (len(atoms) ** 3 if len(atoms) <= ATOMS_MAX else 0)


def contradictory(forms: Sequence[Form]) -> bool:
    """Whether no whole numbers make every form at least zero."""
    if any(not form.terms and form.constant < 0 for form in forms):
        return True
    index: dict[Atom, int] = {}
    for form in forms:
        for atom, _ in form.terms:
            index.setdefault(atom, len(index) + 1)
    if len(index) > ATOMS_MAX:
        return False
    rows = [_row(form, index) for form in dict.fromkeys(forms) if form.terms]
    return _Bounds(len(index) + 1).refute(rows)


def _row(form: Form, index: dict[Atom, int]) -> Row:
    return tuple((index[atom], factor) for atom, factor in form.terms), form.constant


class _Bounds:
    """The tightest known bounds on the differences of some numbers."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.most: list[list[Bound]] = [
            [0 if i == j else inf for j in range(size)] for i in range(size)
        ]

    def refute(self, rows: Iterable[Row]) -> bool:
        """Whether the rows cannot all be at least zero."""
        long = [row for row in rows if not self._take(row)]
        self._close()
        for _ in range(ROUNDS_MAX):
            if self._absurd() or any(self._refutes(row) for row in long):
                return True
            lowered = [self._derive(row) for row in long]
            if not any(lowered):
                return False
            self._close()
        return self._absurd()

    def _take(self, row: Row) -> bool:
        """Use a row that is itself a bound on a difference or on one number."""
        terms, constant = row
        up = [(i, f) for i, f in terms if f > 0]
        down = [(i, -f) for i, f in terms if f < 0]
        if len(up) > 1 or len(down) > 1 or (up and down and up[0][1] != down[0][1]):
            return False
        factor = (up or down)[0][1]
        self._lower(down[0][0] if down else 0, up[0][0] if up else 0, constant // factor)
        return True

    def _lower(self, i: int, j: int, bound: Bound) -> bool:
        """x_i - x_j is at most `bound`."""
        if bound >= self.most[i][j]:
            return False
        self.most[i][j] = bound
        return True

    def _close(self) -> None:
        for k, through in enumerate(self.most):
            for row in self.most:
                first = row[k]
                if first != inf:  # no call in the innermost loop
                    row[:] = [
                        direct if direct <= (around := first + second) else around
                        for direct, second in zip(row, through, strict=True)
                    ]

    def _absurd(self) -> bool:
        return any(self.most[i][i] < 0 for i in range(self.size))

    def _refutes(self, row: Row) -> bool:
        terms, constant = row
        return self._largest(dict(terms)) + constant < 0

    def _largest(self, terms: dict[int, int]) -> Bound:
        """A bound from above on a sum: atoms added are matched with atoms taken away."""
        up = [(i, f) for i, f in terms.items() if f > 0]
        down = [(i, -f) for i, f in terms.items() if f < 0]
        balance = sum(f for _, f in up) - sum(f for _, f in down)
        if balance > 0:
            down.append((0, balance))
        elif balance < 0:
            up.append((0, -balance))
        pairs = sorted(
            ((self.most[i][j], i, j) for i, _ in up for j, _ in down), key=lambda pair: pair[0]
        )
        return min(self._matched(dict(up), dict(down), pairs[n:] + pairs[:n]) for n in range(2))

    @staticmethod
    def _matched(
        up: dict[int, int], down: dict[int, int], pairs: list[tuple[Bound, int, int]]
    ) -> Bound:
        total: Bound = 0
        for bound, i, j in pairs:
            both = min(up[i], down[j])
            if both:
                total += both * bound
                up[i] -= both
                down[j] -= both
        return total

    def _derive(self, row: Row) -> bool:
        """Lower the bound of every pair of atoms, the rest of the row at its largest."""
        terms, constant = row
        changed = False
        ends = [(i, f) for i, f in terms if f > 0], [(i, -f) for i, f in terms if f < 0]
        for i, up in [*ends[0], (0, 0)]:
            for j, down in [*ends[1], (0, 0)]:
                factor = min(up, down) if up and down else max(up, down)
                if not factor:
                    continue
                rest = dict(terms)
                rest[i] = rest.get(i, 0) - factor
                rest[j] = rest.get(j, 0) + factor
                slack = self._largest({k: f for k, f in rest.items() if f and k})
                if slack != inf:
                    changed |= self._lower(j, i, (slack + constant) // factor)
        return changed
