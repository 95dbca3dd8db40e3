"""Values over a stretch of rows, called by the generated machine; plain Python and numba alike.

Each takes an array and the rows `low .. high`. NA (NaN) inside, or no rows where one is needed,
gives NA (NaN).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

NA: Final = -(1 << 63)
NAN: Final = float("nan")
MASK: Final = (1 << 62) - 1


def highest_int(values: Sequence[int], low: int, high: int) -> int:
    """The largest."""
    best = NA
    for j in range(low, high):
        if values[j] == NA:
            return NA
        x = values[j]
        if best == NA or x > best:
            best = x
    return best


def lowest_int(values: Sequence[int], low: int, high: int) -> int:
    """The smallest."""
    best = NA
    for j in range(low, high):
        if values[j] == NA:
            return NA
        x = values[j]
        if best == NA or x < best:
            best = x
    return best


def sum_int(values: Sequence[int], low: int, high: int) -> int:
    """The sum; 0 over no rows."""
    total = 0
    for j in range(low, high):
        if values[j] == NA:
            return NA
        total += values[j]
    return total


def first_int(values: Sequence[int], low: int, high: int) -> int:
    """The value on the first row; na if any row is."""
    for j in range(low, high):
        if values[j] == NA:
            return NA
    return values[low] if low < high else NA


def last_int(values: Sequence[int], low: int, high: int) -> int:
    """The value on the last row; na if any row is."""
    for j in range(low, high):
        if values[j] == NA:
            return NA
    return values[high - 1] if low < high else NA


def count_int(values: Sequence[int], low: int, high: int) -> int:
    """On how many rows a condition (a column of trits) is true."""
    total = 0
    for j in range(low, high):
        if values[j] == 1:
            return NA
        if values[j] == 2:
            total += 1
    return total


def crossings_int(values: Sequence[int], factor: int, level: int, low: int, high: int) -> int:
    """Adjacent pairs of rows of which exactly one has `factor * value > level`."""
    total = 0
    for j in range(low, high):
        if values[j] == NA:
            return NA
        if j > low and (factor * values[j] > level) != (factor * values[j - 1] > level):
            total += 1
    return total


def highest_real(values: Sequence[float], low: int, high: int) -> float:
    """The largest, by `a if a > b else b`."""
    best = NAN
    for j in range(low, high):
        x = values[j]
        if x != x:  # noqa: PLR0124 - only NaN differs from itself
            return NAN
        if j == low or x > best:
            best = x
    return best


def lowest_real(values: Sequence[float], low: int, high: int) -> float:
    """The smallest, by `a if a < b else b`."""
    best = NAN
    for j in range(low, high):
        x = values[j]
        if x != x:  # noqa: PLR0124
            return NAN
        if j == low or x < best:
            best = x
    return best


def first_real(values: Sequence[float], low: int, high: int) -> float:
    """The value on the first row; na if any row is."""
    for j in range(low, high):
        if values[j] != values[j]:
            return NAN
    return values[low] if low < high else NAN


def last_real(values: Sequence[float], low: int, high: int) -> float:
    """The value on the last row; na if any row is."""
    for j in range(low, high):
        if values[j] != values[j]:
            return NAN
    return values[high - 1] if low < high else NAN


def crossings_real(values: Sequence[float], level: float, low: int, high: int) -> int:
    """Adjacent pairs of rows of which exactly one has `value > level`."""
    if level != level:  # noqa: PLR0124
        return NA
    total = 0
    for j in range(low, high):
        if values[j] != values[j]:
            return NA
        if j > low and (values[j] > level) != (values[j - 1] > level):
            total += 1
    return total


def first_at(minutes: Sequence[int], low: int, high: int, minute: int) -> int:
    """The first row of `low .. high` at a minute or later; `high` where there is none."""
    while low < high:
        middle = (low + high) >> 1
        if minutes[middle] < minute:
            low = middle + 1
        else:
            high = middle
    return low


def head(  # noqa: PLR0913, PLR0917 - a decision has so many words
    heads: list[int],
    n: int,
    row: int,
    kind: int,
    day: int,
    ordinal: int,
    started: int,
    stage: int,
    cause: int,
    place: int,
) -> int:
    """Writes the head of decision number `n`, as `engine.machine.written` reads it; gives n + 1."""
    at = n * 8 & MASK
    heads[at] = row
    heads[at + 1] = kind
    heads[at + 2] = day
    heads[at + 3] = ordinal
    heads[at + 4] = started
    heads[at + 5] = stage
    heads[at + 6] = cause
    heads[at + 7] = place
    return n + 1


KERNELS: Final = (
    first_at,
    head,
    highest_int,
    lowest_int,
    sum_int,
    first_int,
    last_int,
    count_int,
    crossings_int,
    highest_real,
    lowest_real,
    first_real,
    last_real,
    crossings_real,
)
