"""What went over the wire: a hash of all of it, and every frame as a line if somebody wants it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class WireLog:
    """Every frame in order. Equal hashes mean equal bytes at equal times to equal clients.

    `sink` gets a line of JSON a frame: `{"t": seconds, "d": "<" or ">", "c": client, "f": fields}`.
    A frame that was broken on purpose has "!" for its direction and its bytes as hexadecimal text.
    """

    __slots__ = ("_hash", "frames", "now", "sink")

    def __init__(self) -> None:
        """Nothing was sent."""
        self._hash = sha256()
        self.frames = 0
        self.now = 0.0
        self.sink: Callable[[str], object] | None = None

    def note(self, way: str, client: int, frame: bytes) -> None:
        """A frame goes out (with its length) or came in (without)."""
        self.frames += 1
        self._hash.update(b"%r %b%d %b" % (self.now, way.encode(), client, frame))
        if self.sink is not None:
            self.sink(_line(self.now, way, client, frame))

    @property
    def digest(self) -> str:
        """The hash of everything so far."""
        return self._hash.hexdigest()


def _line(now: float, way: str, client: int, frame: bytes) -> str:
    told: list[str] | str = frame.hex()
    if way != "!":
        body = frame[4:] if way == ">" else frame
        told = body.decode("utf-8", "replace").rstrip("\0").split("\0")
    return json.dumps({"t": now, "d": way, "c": client, "f": told}, ensure_ascii=False)
