"""A report's page taken apart: its tree, its text, its data and the bars it packs."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Final

import numpy as np

VOID: Final = frozenset({"meta", "br", "link", "img", "input", "hr"})
WIDTHS: Final = {1: "<i1", 2: "<i2", 4: "<i4", 8: "<f8"}


@dataclass
class Page(HTMLParser):
    """What is in a page; an element that is closed out of turn is an AssertionError."""

    text: str
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    stack: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.text)
        self.close()
        assert self.stack == [], f"never closed: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> says {names}"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack.pop() == tag, f"</{tag}> out of turn"

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] not in {"script", "style"}:
            self.words.append(data)

    @property
    def shown(self) -> str:
        """All text a reader sees."""
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of that name."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def data(self) -> Any:
        """The page's data."""
        _, _, after = self.text.partition('<script type="application/json" id="data">')
        return json.loads(after.partition("</script>")[0])


def unpacked(piece: str) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The head of a packed piece, and minute, open, high, low, close and volume of its bars."""
    whole = zlib.decompress(b64decode(piece))
    length = int.from_bytes(whole[:4], "little")
    head, place = json.loads(whole[4 : 4 + length]), 4 + length
    assert place % 8 == 0
    columns = []
    for width in head["w"]:
        columns.append(np.frombuffer(whole, WIDTHS[width], head["n"], place).astype(np.int64))
        place += -(-head["n"] * width // 8) * 8
    assert place == len(whole)
    step, jump, above, below, body, volume = columns
    minute = head["b"][0] + np.cumsum(step)
    close = head["b"][1] + np.cumsum(jump + body)
    opens = close - body
    high = np.maximum(opens, close) + above
    low = np.minimum(opens, close) - below
    return head, [minute, opens, high, low, close, volume]
