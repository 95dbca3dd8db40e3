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
        self._cells = tuple(room.data for room in self._room)
        self._length = len(columns[0])

    def __len__(self) -> int:
        """How many values a column has."""
        return self._length

    def put(self, at: int, columns: Sequence[Column]) -> None:
        """Values from index `at` on, at most the length; whatever was there and after is gone."""
        length = at + len(columns[0])
        if length > len(self._room[0]):
            self._make_room(2 * length)
        for room, values in zip(self._room, columns, strict=True):
            room[at:length] = values
        self._length = length

    def append(self, values: Sequence[int]) -> None:
        """One more value for each column."""
        at = self._length
        if at == len(self._room[0]):
            self._make_room(2 * at + 1)
        for cells, value in zip(self._cells, values, strict=True):
            cells[at] = value
        self._length = at + 1

    def _make_room(self, length: int) -> None:
        for number, before in enumerate(self._room):
            self._room[number] = room = np.empty(length, before.dtype)
            room[: self._length] = before[: self._length]
        self._cells = tuple(room.data for room in self._room)

    def replace_last(self, values: Sequence[int]) -> None:
        """Another last value for each column."""
        for cells, value in zip(self._cells, values, strict=True):
            cells[self._length - 1] = value

    @property
    def cells(self) -> tuple[memoryview, ...]:
        """The columns as plain Python reads them quickest, with room behind their last values.

        Other objects once there is more room; up to then the same ones, with what was added.
        """
        return self._cells

    @property
    def columns(self) -> tuple[Column, ...]:
        """Views of the columns as they are now."""
        return tuple(room[: self._length] for room in self._room)
