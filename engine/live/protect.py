"""A position without an armed stop for all of it: protect it, else flatten it, and latch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Remedy(StrEnum):
    """What is done about a position that is exposed."""

    PROTECT = "protect"
    FLATTEN = "flatten"


@dataclass(frozen=True, slots=True)
class Naked:
    """Since when each family is exposed. It begins anew after a restart, as does the patience.

    A stop that was refused is remembered by the journal: then it is not tried again, whatever the
    clock says, so a crash never buys an exposed position more time.
    """

    since: Mapping[str, int]

    def seen(self, name: str, at: int) -> Naked:
        """A family was seen exposed."""
        return self if name in self.since else replace(self, since={**self.since, name: at})

    def over(self, name: str) -> Naked:
        """A family is not exposed any more."""
        return replace(self, since={key: at for key, at in self.since.items() if key != name})

    def remedy(self, name: str, at: int, refused: int, patience: int) -> Remedy:
        """What is due: `refused` stops that were to protect it failed already."""
        late = at - self.since.get(name, at) >= patience
        return Remedy.FLATTEN if late or refused > 0 else Remedy.PROTECT
