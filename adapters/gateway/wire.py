"""The bytes between a client and the gateway: frames, and the fields inside them.

Every frame is a length (4 bytes, big end first) and fields that each end in a NUL. Before the
first frame a client sends `API` and a NUL, which stand outside of that. Numbers are decimal text,
truth is 1 or 0, and what is not set is empty.
"""

from __future__ import annotations

import re
import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Field = str | int | float | None
"""What an answer is made of; a bool is an int and is written 1 or 0."""

Fields = tuple[Field, ...]

HELLO: Final = b"API\0"
UNSET: Final = "1.7976931348623157E308"
UNSET_WHOLE: Final = 2147483647
LONGEST: Final = 1 << 20
"""Bytes in the longest frame that is believed; a longer one is noise, and ends the connection."""

_LENGTH: Final = struct.Struct(">I")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(
    r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?"
)
_FURTHEST: Final = 18
"""Powers of ten beyond which a number is not one of this trade."""


class Malformed(Exception):
    """A request that cannot be read: which field, and what stands there."""


class Noise(Exception):
    """Bytes that are no frames: there is no way to find the next one."""


def number(value: float) -> str:
    """A number as the gateway writes it: whole ones without a point."""
    return str(int(value)) if value == int(value) else repr(value)


def encode(fields: Sequence[Field]) -> bytes:
    """One frame of these fields."""
    text = "\0".join([one if type(one) is str else _written(one) for one in fields])
    body = text.encode() + b"\0"
    return _LENGTH.pack(len(body)) + body


def decode(frame: bytes) -> tuple[str, ...]:
    """The fields of one whole frame, as a client reads them."""
    return tuple(frame[4:].decode().split("\0")[:-1])


def _written(field: Field) -> str:
    if field is None:
        return ""
    if isinstance(field, bool):
        return "1" if field else "0"
    return str(field)


class Frames:
    """Bytes in any pieces in, whole frames out."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._kept = b""

    def feed(self, data: bytes) -> None:
        """Take some bytes."""
        self._kept = self._kept + data if self._kept else data

    def prefix(self, length: int) -> bytes | None:
        """The first `length` bytes, taken out; None until they are there."""
        if len(self._kept) < length:
            return None
        taken, self._kept = self._kept[:length], self._kept[length:]
        return taken

    def __iter__(self) -> Iterator[bytes]:
        """The bodies of the frames that are complete; raises `Noise`."""
        while len(self._kept) >= 4:
            (length,) = _LENGTH.unpack_from(self._kept)
            if length > LONGEST:
                raise Noise(f"a frame of {length} bytes")
            end = 4 + length
            if len(self._kept) < end:
                return
            body, self._kept = self._kept[4:end], self._kept[end:]
            yield body


class Reader:
    """The fields of one request, read one after the other and checked on the way."""

    __slots__ = ("_at", "_fields")

    def __init__(self, fields: Sequence[str], at: int = 0) -> None:
        """`at`: the field to begin with."""
        self._fields = fields
        self._at = at

    def text(self, longest: int = 200) -> str:
        """The next field as it stands."""
        at = self._at
        if at >= len(self._fields):
            raise Malformed(f"field {at} is missing: the message has {len(self._fields)}")
        self._at = at + 1
        found = self._fields[at]
        if len(found) > longest:
            raise Malformed(f"field {at} has {len(found)} characters: {longest} are the most")
        return found

    def whole(self, default: int | None = None) -> int:
        """The next field as a whole number; an empty one is `default`, where there is one."""
        at, found = self._at, self.text()
        if found == "" and default is not None:
            return default
        if not _WHOLE.fullmatch(found):
            raise Malformed(f"field {at} is no whole number: {found[:40]!r}")
        return int(found)

    def flag(self) -> bool:
        """The next field as yes or no; empty is no."""
        at, found = self._at, self.text()
        if found not in ("", "0", "1", "true", "false"):
            raise Malformed(f"field {at} is neither 1 nor 0: {found[:40]!r}")
        return found in ("1", "true")

    def amount(self) -> Decimal | None:
        """The next field as a decimal number, exactly; None where it is empty or not set."""
        at, found = self._at, self.text()
        if found in ("", UNSET, "1.7976931348623157e+308", "Infinite"):
            return None
        if not _DECIMAL.fullmatch(found):
            raise Malformed(f"field {at} is no number: {found[:40]!r}")
        value = Decimal(found)
        if value and abs(value.adjusted()) > _FURTHEST:
            raise Malformed(f"field {at} is out of range: {found[:40]}")
        return value

    def skip(self, count: int) -> None:
        """Pass over fields of which nothing is asked here; they must be there all the same."""
        self._at += count
        if self._at > len(self._fields):
            raise Malformed(f"the message has {len(self._fields)} fields, {self._at} are too few")

    @property
    def left(self) -> int:
        """How many fields follow."""
        return len(self._fields) - self._at
