"""What can go wrong in the workshop, in words, each with the way out."""

from __future__ import annotations

from typing import Final


class WorkshopError(Exception):
    """Something asked of the workshop that cannot be; `remedy` says what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        """The message and the way out, both for people."""
        super().__init__(message)
        self.remedy = remedy


class NotFound(WorkshopError):
    """There is no such thing."""


class BadInput(WorkshopError):
    """What was given cannot be used; `field` names where, empty for the whole."""

    def __init__(self, message: str, remedy: str = "", field: str = "") -> None:
        """As `WorkshopError`, and the field at fault."""
        super().__init__(message, remedy)
        self.field = field


class Conflict(WorkshopError):
    """Somebody else was faster, or it is in use: nothing was changed."""


class NotAllowed(WorkshopError):
    """This person may not do that."""


class NoRoom(WorkshopError):
    """It cannot be written down: the disk is full or refuses. Nothing was changed."""


class Superseded(Conflict):
    """A newer text of the same editor came before this one was looked at."""


class TooBusy(WorkshopError):
    """More is asked than can be answered soon: the same may be asked again in a moment."""

    headers: Final = {"retry-after": "1"}
