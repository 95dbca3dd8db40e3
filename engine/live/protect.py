"""A position without an armed stop for all of it: protect it, else flatten it, and latch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.live.standing import Repairs

LOST_TWICE: Final = 2


class Remedy(StrEnum):
    """What is done about a position that is exposed."""

    PROTECT = "protect"
    FLATTEN = "flatten"


@dataclass(frozen=True, slots=True)
class Naked:
    """Since when each family is exposed. It begins anew after a restart, as does the patience.

    Stops that were refused or got lost are remembered by the journal: one that was refused is not
    tried again, and of those that get lost the second is the last, whatever the clock says. So a
    crash does not buy an exposed position more time.
    """

    since: Mapping[str, int]

    def seen(self, name: str, at: int) -> Naked:
        """A family was seen exposed."""
        return self if name in self.since else replace(self, since={**self.since, name: at})

    def over(self, name: str) -> Naked:
        """A family is not exposed any more."""
        return replace(self, since={key: at for key, at in self.since.items() if key != name})

    def remedy(self, name: str, at: int, failed: Repairs, patience: int) -> Remedy:
        """What is due, with so many repairs that failed already."""
        late = at - self.since.get(name, at) >= patience
        hopeless = failed.refused > 0 or failed.lost >= LOST_TWICE
        return Remedy.FLATTEN if late or hopeless else Remedy.PROTECT
