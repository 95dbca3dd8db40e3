"""What a column may hold, by kind: the type of its numbers and the one that means na."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from dsl.ir.expression import Kind
from engine.domain.market import NA, TRUE, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

Column = NDArray[Any]
"""One value a row: int64 with `NA`, float64 with NaN, or int8 `FALSE < UNKNOWN < TRUE`."""

Mask = NDArray[np.bool_]

TYPE_OF: Final[Mapping[Kind, type[np.generic]]] = {
    Kind.INT: np.int64,
    Kind.REAL: np.float64,
    Kind.BOOL: np.int8,
}
NA_OF: Final[Mapping[Kind, int | float]] = {
    Kind.INT: NA,
    Kind.REAL: float("nan"),
    Kind.BOOL: UNKNOWN,
}


def all_na(kind: Kind, rows: int) -> Column:
    """A column that knows nothing yet."""
    return np.full(rows, NA_OF[kind], TYPE_OF[kind])


def is_na(column: Column, kind: Kind) -> Mask:
    """On which rows the value is na."""
    missing: Mask = column != column if kind is Kind.REAL else column == NA_OF[kind]  # noqa: PLR0124
    return missing


def truths(condition: Mask) -> Column:
    """A BOOL column that is known everywhere."""
    return condition.view(np.int8) * np.int8(TRUE)
