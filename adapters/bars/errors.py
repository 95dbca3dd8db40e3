"""What can be wrong with a file of bars, each with the place and the way out."""

from __future__ import annotations


class DataError(Exception):
    """Bars that cannot be used. Nothing was changed; `str()` is one line for a person.

    `path` as the person wrote it, `line` 1-based (of a text file) or None, `message` what is
    wrong, `remedy` what to do about it.
    """

    def __init__(self, path: str, message: str, remedy: str, line: int | None = None) -> None:
        """The place, what is wrong there, and what to do."""
        super().__init__(path, message, remedy, line)
        self.path = path
        self.message = message
        self.remedy = remedy
        self.line = line

    def __str__(self) -> str:
        place = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{place}: {self.message} ({self.remedy})"

    @property
    def record(self) -> dict[str, str | int | None]:
        """The same for a program: error, path, line, message, remedy."""
        return {
            "error": type(self).__name__,
            "path": self.path,
            "line": self.line,
            "message": self.message,
            "remedy": self.remedy,
        }


class MissingFile(DataError):
    """There is no such file, or it may not be read."""


class NotAFile(DataError):
    """The path is a folder or a device."""


class EmptyFile(DataError):
    """The file has nothing in it."""


class NoBars(DataError):
    """The file has a header and not one bar."""


class BrokenArchive(DataError):
    """A compressed file or a Parquet file that ends early or is damaged."""


class NotText(DataError):
    """The bytes are not UTF-8 text."""


class WrongDelimiter(DataError):
    """The lines do not fall into columns."""


class MissingColumn(DataError):
    """A column that every bar needs is not there."""


class AmbiguousColumn(DataError):
    """Two columns carry the name that is needed once."""


class BadRow(DataError):
    """A line with more or fewer fields than the header."""


class BadNumber(DataError):
    """A price or volume that is no number: text, empty, NaN or infinite."""


class DecimalComma(DataError):
    """Numbers written with a decimal comma, without saying so."""


class BadTime(DataError):
    """A time that cannot be read, or that is not on a whole minute."""


class NoZone(DataError):
    """Times of a clock on a wall somewhere, and nobody said where."""


class UnknownZone(DataError):
    """No time zone goes by that name."""


class AmbiguousTime(DataError):
    """A local time that happened twice, on the night the clocks went back."""


class MissingTime(DataError):
    """A local time that never was, on the night the clocks went forward."""


class NoStamp(DataError):
    """Nothing says whether a time is the open or the close of its bar."""


class NoBarSize(DataError):
    """The size of a bar cannot be seen from the file."""


class DuplicateTime(DataError):
    """Two bars of the same minute."""


class UnorderedTime(DataError):
    """A bar older than the one before it."""


class OverlappingBars(DataError):
    """Two bars closer together than the size of one."""


class HighBelowLow(DataError):
    """A bar whose high is below its low."""


class OutsideRange(DataError):
    """A bar whose open or close lies outside its high and low."""


class NegativeVolume(DataError):
    """A volume below zero."""


class OffGrid(DataError):
    """A price between two ticks, or a volume between two steps."""


class TooLarge(DataError):
    """A price or volume beyond what the instrument allows."""


class BadDescription(DataError):
    """A description beside a data file that cannot be used."""
