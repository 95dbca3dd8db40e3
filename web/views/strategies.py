"""What the pages of strategies print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from msgspec import to_builtins

from web.views.diagram import diagram

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.workshop.checked import Checked, Dial
    from adapters.workshop.runs import Run
    from adapters.workshop.versions import Entry, Opened, Version
    from web.views.diagram import Diagram

TONES: Final = {"error": "bad", "warning": "warn", "note": ""}
FORMS: Final = {"error": "error", "warning": "warning", "note": "note"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the list of strategies. `checked` is None while that is not known yet."""

    entry: Entry
    checked: Checked | None
    run: Run | None
    depth: int

    @property
    def verdict(self) -> str:
        """The findings in a word or two."""
        return "checking" if self.checked is None else counted(self.checked)

    @property
    def tone(self) -> str:
        """The colour of the verdict."""
        if self.checked is None:
            return ""
        return TONES.get(self.checked.worst, "good")


def listed(
    entries: Sequence[Entry],
    checked: Mapping[str, Checked | None],
    runs: Mapping[str, Run | None],
) -> list[Listed]:
    """The rows, each variant below what it is a variant of."""
    names = {entry.name for entry in entries}
    below: dict[str, list[Entry]] = {}
    for entry in entries:
        parent = entry.extends if entry.extends in names and entry.extends != entry.name else ""
        below.setdefault(parent, []).append(entry)
    rows: list[Listed] = []
    seen: set[str] = set()

    def put(parent: str, depth: int) -> None:
        for entry in below.get(parent, []):
            if entry.name not in seen:
                seen.add(entry.name)
                name = entry.name
                rows.append(Listed(entry, checked.get(name), runs.get(name), depth))
                put(name, depth + 1)

    put("", 0)
    circles = [entry for entry in entries if entry.name not in seen]
    rows += [Listed(one, checked.get(one.name), runs.get(one.name), 0) for one in circles]
    return rows


def counted(checked: Checked) -> str:
    """`2 errors, 1 warning`, or `no findings`."""
    parts = [
        f"{count} {word}{'s' * (count > 1)}"
        for word in FORMS
        if (count := checked.count(word)) and (word != "note" or checked.worst == "note")
    ]
    return ", ".join(parts) or "no findings"


@dataclass(frozen=True, slots=True)
class Desk:
    """A strategy being edited: `text` may differ from the version it was made from."""

    opened: Opened
    text: str
    base: int
    checked: Checked | None
    said: str = ""
    problem: str = ""
    remedy: str = ""
    why: str = ""

    @property
    def name(self) -> str:
        """Of the strategy."""
        return self.opened.name

    @property
    def is_changed(self) -> bool:
        """Whether there is something to save."""
        return self.text != self.opened.head.text

    @property
    def diagram(self) -> Diagram | None:
        """The stages, where the text compiles."""
        return drawn(self.checked)

    @property
    def dials(self) -> Sequence[Dial]:
        """The parameters, where the text compiles."""
        return self.checked.dials if self.checked else ()

    @property
    def told(self) -> dict[str, Any] | None:
        """What the editor begins with."""
        return None if self.checked is None else told(self.checked)


def drawn(checked: Checked | None) -> Diagram | None:
    """The diagram of a text that compiles."""
    return diagram(checked.sketch) if checked and checked.sketch else None


def told(checked: Checked) -> dict[str, Any]:
    """A check as plain values, without what is drawn on the server."""
    shown = {name: getattr(checked, name) for name in ("findings", "names", "summary", "extends")}
    words: dict[str, Any] = to_builtins(shown)  # `asdict` takes thirty times as long
    words["is_thorough"] = checked.is_thorough
    return {**words, "counted": counted(checked), "worst": checked.worst}


@dataclass(frozen=True, slots=True)
class Past:
    """The versions of a strategy, the newest first, and the one that is looked at."""

    opened: Opened
    versions: Sequence[Version]
    shown: Version
    against: Version | None
