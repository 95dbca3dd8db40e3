"""The first thing a gateway says: its version and its time. The libraries let go of the time."""

from __future__ import annotations

import struct
from typing import Final

_HEAD: Final = 4
_LONGEST: Final = 1000


class Greeting:
    """Listens to a connection until the gateway has greeted. `time` is as it wrote it."""

    def __init__(self) -> None:
        """Nothing was said."""
        self.time = ""
        self._data: bytes | None = b""

    def heard(self, data: bytes) -> None:
        """Bytes of the gateway, in any pieces."""
        if self._data is None:
            return
        self._data += data
        if len(self._data) < _HEAD:
            return
        (length,) = struct.unpack(">I", self._data[:_HEAD])
        if length <= _LONGEST and len(self._data) < _HEAD + length:
            return
        fields = self._data[_HEAD : _HEAD + length].decode(errors="replace").split("\0")
        self._data = None
        if length <= _LONGEST and len(fields) > 1:
            self.time = fields[1]
