"""What differs between two versions of a strategy: in the text, and in the trades."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

AROUND: Final = 3
"""Equal lines shown around a change."""

WORDS: Final = ("vanished", "appeared", "moved", "the same")


# --- in the text ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """Some characters of a line, and whether they are what changed."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a difference. `kind` is same, gone or new; numbers from 1, 0 where it is not."""

    kind: str
    before: int
    after: int
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class TextDifference:
    """Runs of lines that belong together; none where the texts are equal."""

    hunks: tuple[tuple[Line, ...], ...]
    gone: int
    new: int


def text_difference(before: str, after: str) -> TextDifference:
    """The difference of two texts, by lines and within lines that changed a little."""
    old, new = before.splitlines(), after.splitlines()
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    hunks = tuple(tuple(_hunk(group, old, new)) for group in matcher.get_grouped_opcodes(AROUND))
    lines = [line for hunk in hunks for line in hunk]
    counts = {kind: sum(line.kind == kind for line in lines) for kind in ("gone", "new")}
    return TextDifference(hunks, counts["gone"], counts["new"])


def _hunk(group: Sequence[Any], old: list[str], new: list[str]) -> Iterator[Line]:
    for kind, i, i_end, j, j_end in group:
        if kind == "equal":
            for step in range(i_end - i):
                same = (Piece(old[i + step], changed=False),)
                yield Line("same", i + step + 1, j + step + 1, same)
            continue
        gone, made = old[i:i_end], new[j:j_end]
        paired = [_within(a, b) for a, b in zip(gone, made, strict=False)]
        for step, line in enumerate(gone):
            pieces = paired[step][0] if step < len(paired) else (Piece(line, changed=False),)
            yield Line("gone", i + step + 1, 0, pieces)
        for step, line in enumerate(made):
            pieces = paired[step][1] if step < len(paired) else (Piece(line, changed=False),)
            yield Line("new", 0, j + step + 1, pieces)


def _within(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both lines with what differs marked; unmarked where they have little in common."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if matcher.ratio() < 0.5:
        return (Piece(before, changed=False),), (Piece(after, changed=False),)
    old, new = [], []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if i < i_end:
            old.append(Piece(before[i:i_end], kind != "equal"))
        if j < j_end:
            new.append(Piece(after[j:j_end], kind != "equal"))
    return tuple(old), tuple(new)


# --- in the trades --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trade:
    """A trade as a difference tells it; times on the strategy's clock, money in its currency."""

    entered: str
    left: str
    side: str
    contracts: int
    entry: str
    leave: str
    reason: str
    net: str


@dataclass(frozen=True, slots=True)
class Change:
    """A trade of one version or of both; `word` is one of `WORDS`."""

    word: str
    before: Trade | None
    after: Trade | None


@dataclass(frozen=True, slots=True)
class TradeDifference:
    """The trades of both versions on the same bars; `changes` leaves out what is the same."""

    counts: dict[str, int]
    changes: tuple[Change, ...]
    net_before: str
    net_after: str
    bars: int
    data: str
    first: str
    last: str
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What a change does, as one says it."""
        return in_words(self.counts)


_VERBS: Final = (("vanished", "removes"), ("appeared", "adds"), ("moved", "moves"))


def in_words(counts: Mapping[str, int]) -> str:
    """`this change removes 3 trades and moves 1`."""
    parts: list[str] = []
    for word, verb in _VERBS:
        count = counts.get(word, 0)
        if count:
            noun = "" if parts else f" trade{'s' * (count != 1)}"
            parts.append(f"{verb} {count:,}{noun}")
    if not parts:
        kept = counts.get("the same", 0)
        return (
            f"this change leaves all {kept:,} trades as they are"
            if kept
            else ("there is no trade before or after this change")
        )
    *most, last = parts
    return "this change " + (f"{', '.join(most)} and {last}" if most else last)


def difference_from(document: Mapping[str, Any]) -> TradeDifference:
    """What `python -m adapters.workshop.trying` wrote."""

    def trade(told: Mapping[str, Any] | None) -> Trade | None:
        return None if told is None else Trade(**told)

    changes = tuple(
        Change(one["word"], trade(one["before"]), trade(one["after"]))
        for one in document["changes"]
    )
    words = {**document, "changes": changes, "notes": tuple(document["notes"])}
    return TradeDifference(**words)


class Recent(OrderedDict[Any, Any]):
    """The last things put in; older ones go."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > self._most:
            self.popitem(last=False)
