"""Versions of strategies, as everybody is told of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from adapters.workshop.errors import Conflict

ENDING: Final = ".yaml"
_EXTENDS: Final = re.compile(r"^extends:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_DOC: Final = re.compile(r"^doc:[ \t]*(\"[^\"\n]*\"|'[^'\n]*'|[^\n#]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Version:
    """A text that a strategy had, or as a draft shall have. `at` in ms since the epoch.

    `why` is what its author said, `note` what the workshop adds. One that is not kept was found on
    a disk without room: it will have this number.
    """

    strategy: str
    number: int
    text: str
    who: str
    at: int
    why: str
    note: str
    is_draft: bool
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """A strategy of the list. `text` is that of its file; `draft` numbers one that waits."""

    name: str
    text: str
    doc: str
    extends: str
    latest: Version
    draft: int | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A strategy as somebody finds it: the newest version, be it a draft, and that of the file."""

    name: str
    head: Version
    in_file: Version
    is_live: bool

    @property
    def draft(self) -> Version | None:
        """The version that waits to be switched to."""
        return self.head if self.head.is_draft else None


def entry_of(opened: Opened) -> Entry:
    """A strategy as the list shows it."""
    text = opened.in_file.text
    draft = opened.draft.number if opened.draft else None
    return Entry(opened.name, text, _doc(text), _extends(text), opened.head, draft, opened.is_live)


class NewerVersion(Conflict):
    """Somebody saved while this text was being written: `theirs` is newer than `base`."""

    def __init__(self, base: Version, theirs: Version) -> None:
        """Both versions."""
        super().__init__(
            f"{theirs.who} saved version {theirs.number} of {theirs.strategy} "
            f"while you worked on version {base.number}",
            "look at both differences and put them together; nothing was changed",
        )
        self.base = base
        self.theirs = theirs


def _extends(text: str) -> str:
    """The strategy this is a variant of, empty if of none."""
    found = _EXTENDS.search(text)
    return found[1].removesuffix(ENDING) if found else ""


def _doc(text: str) -> str:
    found = _DOC.search(text)
    return found[1].strip().strip("\"'") if found else ""
