"""Why a live run cannot begin or go on, in words for people."""

from __future__ import annotations


class CannotRun(Exception):
    """The run cannot begin or go on; `remedy` says what to do."""

    def __init__(self, message: str, remedy: str = "") -> None:
        """Both are for people."""
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class BadAccount(CannotRun):
    """Account, port and login do not agree: nothing was connected, or nothing was sent."""
