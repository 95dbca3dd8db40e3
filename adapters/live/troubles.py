"""What stands against entries beside the books: several things at once, said as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Troubles:
    """What is wrong with the data, by where that was seen; `said` gets all of it, when it changes.

    The desk knows one trouble with the data; here it is put together.
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
        before = self.text
        if text:
            self._found[where] = text
        else:
            self._found.pop(where, None)
        if self.text != before:
            self._said(self.text)

    def say_again(self) -> None:
        """Tell it to one who has forgotten."""
        if self._found:
            self._said(self.text)
