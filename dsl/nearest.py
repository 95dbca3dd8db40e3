"""The name a person probably meant: for "did you mean" in every message about names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LENGTH_MAX = 64
"""Longer words are not compared: nobody mistypes that much, and the cost grows by the square."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name most like `word`, the earlier one on a tie, or None if none is like it.

    Alike means at most one slip (a letter wrong, missing, added, or two swapped) for each three
    letters, or the one beginning with the other. Case and `-` for `_` are no slips.
    """
    if not word or len(word) > LENGTH_MAX:
        return None
    wanted = _plain(word)
    best: tuple[int, str] | None = None
    for name in names:
        cost = _cost(wanted, _plain(name))
        if cost is not None and (best is None or cost < best[0]):
            best = (cost, name)
    return best[1] if best else None


def distance(left: str, right: str) -> int:
    """Damerau's distance (optimal string alignment): slips that turn one word into the other."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and b == left[i - 2]:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, above = above, row
    return above[-1]


def _cost(wanted: str, name: str) -> int | None:
    if not name or len(name) > LENGTH_MAX:
        return None
    allowed = max(1, max(len(wanted), len(name)) // 3)
    starts_alike = min(len(wanted), len(name)) >= 3 and (
        name.startswith(wanted) or wanted.startswith(name)
    )
    if abs(len(wanted) - len(name)) > allowed:
        return allowed + 1 if starts_alike else None
    slips = distance(wanted, name)
    if slips <= allowed and slips < max(len(wanted), len(name)):
        return slips
    return allowed + 1 if starts_alike else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
