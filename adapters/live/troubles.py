"""What stands against entries beside the books: several things at once, said as one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_DIGITS: Final = re.compile("[0-9]+")


class Troubles:
    """What is wrong with the data, by where that was seen; `said` gets all of it, when it changes.

    The desk knows one trouble with the data; here it is put together. A trouble that only counts on
    (no bar for 3, 4, 5 minutes) has not changed.
    """

    def __init__(self, said: Callable[[str], None]) -> None:
        """Nothing is wrong."""
        self._said = said
        self._found: dict[str, str] = {}

    @property
    def text(self) -> str:
        """All of it; empty where nothing is."""
        return "; ".join(text for _, text in sorted(self._found.items()))

    def say(self, where: str, text: str) -> None:
        """What is wrong there now; empty: nothing any more."""
        before = _DIGITS.sub("", self.text)
        if text:
            self._found[where] = text
        else:
            self._found.pop(where, None)
        if _DIGITS.sub("", self.text) != before:
            self._said(self.text)
