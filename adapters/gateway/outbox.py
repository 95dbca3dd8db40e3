"""What is said to a client until it is written: gathered, put off, held back, cut in pieces."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from adapters.gateway.wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.gateway.gateway import Gateway
    from adapters.gateway.wire import Fields


@dataclass(frozen=True, slots=True)
class Line:
    """Where the bytes go: `write` sends some, `close` ends the connection."""

    write: Callable[[bytes], None]
    close: Callable[[], None]


class Outbox:
    """One way of a connection: `send` gathers, `flush` writes, unless the line is slow."""

    def __init__(self, gateway: Gateway, line: Line) -> None:
        """Nothing is said; `client` is -1 until the client says who it is."""
        self.gateway = gateway
        self.client = -1
        self.open = True
        self._line = line
        self._out: list[bytes] = []
        self._owed: list[tuple[float, Fields]] = []
        self._held_until = 0.0
        self._cut_until = 0.0
        self._dice = Random(gateway.config.seed)  # noqa: S311 - dice for odd pieces

    def send(self, fields: Fields) -> None:
        """Put a frame into the next write."""
        if self.open:
            frame = encode(fields)
            self.gateway.wire.note(">", self.client, frame)
            self._out.append(frame)

    def send_raw(self, frame: bytes) -> None:
        """Put bytes into the next write as they are."""
        if self.open:
            self.gateway.wire.note("!", self.client, frame)
            self._out.append(frame)

    def later(self, when: float, fields: Fields) -> None:
        """Send a frame once the gateway's clock is there."""
        self._owed.append((when, fields))
        self.gateway.at(when, self.gateway.flush)

    def flush(self) -> bool:
        """Write what has gathered, unless the line is slow; whether anything was written."""
        now = self.gateway.now
        if self._owed:
            due = [fields for when, fields in self._owed if when <= now]
            self._owed = [(when, fields) for when, fields in self._owed if when > now]
            for fields in due:
                self.send(fields)
        if not self._out or now < self._held_until or not self.open:
            return False
        data = b"".join(self._out)
        self._out.clear()
        if now < self._cut_until:
            self._write_in_pieces(data)
        else:
            self._line.write(data)
        return True

    def _write_in_pieces(self, data: bytes) -> None:
        while data:
            size = self._dice.choice((1, 2, 3, 7, 64, 5000))
            self._line.write(data[:size])
            data = data[size:]

    @property
    def has_news(self) -> bool:
        """Whether something is to be written that may be written."""
        return bool(self._out) and self.gateway.now >= self._held_until

    @property
    def is_held(self) -> bool:
        """Whether something waits in a slow line."""
        return bool(self._out) and self.gateway.now < self._held_until

    def hold(self, seconds: float) -> None:
        """Let nothing through for so many seconds."""
        self._held_until = max(self._held_until, self.gateway.now + seconds)
        self.gateway.at(self._held_until, self.gateway.flush)

    def cut(self, seconds: float) -> None:
        """Write in odd pieces for so many seconds."""
        self._cut_until = self.gateway.now + seconds

    def release(self) -> None:
        """Let through what was held back."""
        self._held_until = 0.0
        self.flush()

    def drop(self) -> None:
        """What was not written yet never is."""
        self._out.clear()
