"""Golden files for syrupy: one plain text file a snapshot, under the name the test gives it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from typing_extensions import override

if TYPE_CHECKING:
    from syrupy.location import PyTestLocation
    from syrupy.types import SnapshotIndex

ROOT = Path(__file__).parents[2] / "golden"


class GoldenExtension(SingleFileSnapshotExtension):
    """`golden(name="cases/x/expected/journal")` is golden/cases/x/expected/journal.txt."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"

    @classmethod
    @override
    def get_location(cls, *, test_location: PyTestLocation, index: SnapshotIndex) -> str:
        return str(ROOT / f"{index}.{cls.file_extension}")

    @classmethod
    @override
    def matches_test_location(
        cls, *, test_location: PyTestLocation, snapshot_location: str
    ) -> bool:
        return Path(snapshot_location).is_relative_to(ROOT)
