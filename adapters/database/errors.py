"""What can be wrong with a journal, in words, each with the way out."""

from __future__ import annotations


class DatabaseError(Exception):
    """A journal that cannot be used; `remedy` says what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        """The message and the way out, both for people."""
        super().__init__(message)
        self.remedy = remedy


class LockedError(DatabaseError):
    """Another engine writes this journal."""


class NewerError(DatabaseError):
    """The journal was written by a later version."""


class CorruptError(DatabaseError):
    """The journal is damaged, or is none."""


class UnreachableError(DatabaseError):
    """The database cannot be opened or written: no server, no right, no room."""
