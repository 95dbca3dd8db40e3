"""Source text as it is written: lines, codes of numbers and of conditions, and how codes combine.

A number is a `Value(code, oks)`: the code may be evaluated only where every ok is true (a REAL is
na as NaN and needs no oks). A condition is a `Truth(true, false)`: two codes, the second is not
simply the negation of the first, because the condition may be na.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

STORES: Final = re.compile(r"[SF]\[|for |while |[sf]\d+ ")
"""Lines after which an expression may have another value than before."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number: its code, and the codes that must be true for it to be known."""

    code: str
    oks: tuple[str, ...] = ()

    @property
    def ok(self) -> str:
        """One code that tells whether it is known."""
        return " and ".join(self.oks) or "True"


@dataclass(frozen=True, slots=True)
class Truth:
    """A condition: the code of being true and the code of being false."""

    true: str
    false: str


class Lines:
    """Source text with its indentation."""

    def __init__(self) -> None:
        """Empty."""
        self.lines: list[str] = []
        self.depth = 0
        self._names = 0
        self._known: dict[str, tuple[int, str]] = {}

    def add(self, line: str) -> None:
        """One line at the current depth."""
        self.lines.append("    " * self.depth + line)
        if STORES.match(line):
            self._known.clear()
        elif self._known:
            # what was named in a block that has ended is not known to be there
            self._known = {c: at for c, at in self._known.items() if at[0] <= self.depth}

    def named(self, code: str, stem: str) -> str:
        """A local name for what a code evaluates to: the one it has, or a new one."""
        found = self._known.get(code)
        if found is not None and found[0] <= self.depth:
            return found[1]
        name = self.fresh(stem)
        self.add(f"{name} = {code}")
        self._known[code] = self.depth, name
        return name

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A head line and what is added inside it, one level deeper."""
        self.add(head)
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.add("pass")
        self.depth -= 1

    def fresh(self, stem: str = "t") -> str:
        """A new local name."""
        self._names += 1
        return f"{stem}{self._names}"


def joined(word: str, parts: list[str]) -> str:
    """Codes joined by `and` or `or`, constants folded."""
    neutral, absorbing = ("True", "False") if word == "and" else ("False", "True")
    if absorbing in parts:
        return absorbing
    kept = list(dict.fromkeys(part for part in parts if part != neutral))
    if not kept:
        return neutral
    return kept[0] if len(kept) == 1 else "(" + f" {word} ".join(kept) + ")"


BITWISE: Final = {"and": "&", "or": "|"}
ASKS: Final = re.compile(r"\[|NA| if | and | or |\bnot\b|crossings|first_|last_")


def at_once(word: str, parts: list[str]) -> str:
    """As `joined`, but where all parts are plain comparisons of locals they are asked at once.

    A processor guesses wrong every second time whether a bar closes above its open; without a
    branch there is nothing to guess. Plain Python reads it as the word again (`sequential`).
    """
    code = joined(word, parts)
    if any(ASKS.search(part) or not part.startswith("(") for part in parts):
        return code
    return code.replace(f") {word} (", f") {BITWISE[word]} (")


def sequential(text: str) -> str:
    """The text with every question asked only where it is needed: what suits plain Python."""
    return text.replace(") & (", ") and (").replace(") | (", ") or (")
