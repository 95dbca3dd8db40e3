"""Columns that grow at their end, as a stream does, at a cost that does not grow with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Column = NDArray[Any]


class Growing:
    """Some columns of one length. Room is doubled when it is full, so a value is moved rarely."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Beginning with a copy of `columns`."""
        self._room = [column.copy() for column in columns]
        self._length = len(columns[0])

    def __len__(self) -> int:
        """How many values a column has."""
        return self._length

    def put(self, at: int, columns: Sequence[Column]) -> None:
        """Values from index `at` on, at most the length; whatever was there and after is gone."""
        length = at + len(columns[0])
        for number, values in enumerate(columns):
            room = self._room[number]
            if length > len(room):
                room = np.empty(2 * length, values.dtype)
                room[:at] = self._room[number][:at]
                self._room[number] = room
            room[at:length] = values
        self._length = length

    @property
    def columns(self) -> tuple[Column, ...]:
        """Views of the columns as they are now."""
        return tuple(room[: self._length] for room in self._room)
