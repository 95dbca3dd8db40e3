"""Bars and drawings as text that a browser unpacks quickly: differences, deflated, in base64.

A packed piece is, before compression: the length of the JSON (uint32); the JSON in UTF-8, padded
with spaces so that what follows lies at a multiple of eight; each column in the width (1, 2, 4 or 8
bytes) that the JSON's `w` says, padded to eight. `n` is how many bars there are, `b` the first
minute and open, `d` the drawings. All little-endian; columns of eight bytes are float64.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.domain.market import Ints

_TYPES: Final = ((1, "<i1"), (2, "<i2"), (4, "<i4"), (8, "<f8"))


def differences(columns: tuple[Ints, ...]) -> tuple[Ints, ...]:
    """Wall minute, open, high, low, close, volume as small numbers, which compress well.

    Steps of the minute; open less the last close; high and low beyond the body; close less open;
    volume as it is. The first step and the first open are counted from themselves: 0.
    """
    minute, opens, high, low, close, volume = columns
    return (
        np.diff(minute, prepend=minute[:1]),
        opens - np.concatenate([opens[:1], close[:-1]]),
        high - np.maximum(opens, close),
        np.minimum(opens, close) - low,
        close - opens,
        volume,
    )


def packed(columns: tuple[Ints, ...], drawings: Any) -> str:
    """A piece as text: its bars, and what is drawn on them (plain values)."""
    base = [int(columns[0][0]), int(columns[1][0])]
    head = {"n": len(columns[0]), "b": base, "d": drawings}
    return bundled(head, differences(columns))


def bundled(head: Mapping[str, Any], columns: Sequence[Ints]) -> str:
    """Columns of whole numbers as text, with a head of plain values; their widths join it as `w`.

    Layout: see the module; a column is as narrow as its numbers allow.
    """
    kinds = [_narrowest(column) for column in columns]
    parts = [
        column.astype(kind).tobytes() for column, (_, kind) in zip(columns, kinds, strict=True)
    ]
    front = compact({**head, "w": [width for width, _ in kinds]}).encode()
    front += b" " * (-(len(front) + 4) % 8)
    body = b"".join(part + bytes(-len(part) % 8) for part in parts)
    whole = len(front).to_bytes(4, "little") + front + body
    return b64encode(zlib.compress(whole, 9)).decode("ascii")


def _narrowest(column: Ints) -> tuple[int, str]:
    least, most = int(column.min(initial=0)), int(column.max(initial=0))
    for width, kind in _TYPES[:-1]:
        bound = 1 << (8 * width - 1)
        if -bound <= least and most < bound:
            return width, kind
    return _TYPES[-1]


def compact(value: Any) -> str:
    """JSON without spaces; NaN and infinities are refused (ValueError)."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
