"""`engine backup`: a copy of the live journal that was read back whole, and the way back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from adapters.cli.figures import counted
from adapters.cli.files import refusals
from adapters.cli.options import JSON
from adapters.cli.reach import JOURNAL, journal_that_is
from adapters.cli.screen import Failure, print_json, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDINGS: Final = {"sqlite": ".db", "postgresql": ".dump"}


@click.command(
    "backup",
    epilog="Examples: engine backup --to /mnt/disk/backups --keep 30; "
    "engine backup --restore paper-20261122-231500.db --journal paper.db",
)
@JOURNAL
@click.option(
    "--to",
    metavar="FILE|DIR",
    type=click.Path(path_type=Path),
    help="Where the copy goes.  [default: the folder backups beside the journal]",
)
@click.option(
    "--keep",
    type=click.IntRange(1, 100_000),
    metavar="N",
    help="Keep the newest N copies of this journal in that folder, and delete older ones.",
)
@click.option(
    "--restore",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Put this copy in the place of --journal; what was there is kept beside it.",
)
@JSON
@verb
def command(
    journal: str | None,
    to: Path | None,
    keep: int | None,
    source: Path | None,
    *,
    as_json: bool,
) -> None:
    """Copy the live journal while it is written, and prove the copy.

    The copy is as of one instant. Every event in it is read and folded anew before it gets its
    name, so a file with that name is a good one. Nothing is ever written over.
    """
    if source is not None:
        if journal is None or to is not None or keep is not None:
            raise click.UsageError("--restore goes with --journal alone: say which one to replace")
        _restore(source, journal, as_json=as_json)
        return
    _back_up(journal_that_is(journal), to, keep, as_json=as_json)


# --- there ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shelf:
    """The copies of one journal in a folder: its name and the instant each was taken at."""

    folder: Path
    stem: str
    ending: str

    def next(self, at: datetime) -> Path:
        """The name of a copy taken now."""
        return self.folder / f"{self.stem}-{at:%Y%m%d-%H%M%S}{self.ending}"

    def copies(self) -> list[Path]:
        """Those there are, oldest first; no other file is one."""
        form = re.compile(rf"{re.escape(self.stem)}-\d{{8}}-\d{{6}}{re.escape(self.ending)}")
        return sorted(file for file in self.folder.iterdir() if form.fullmatch(file.name))

    def beyond(self, keep: int) -> Iterator[Path]:
        """The copies that are older than the newest `keep`."""
        yield from self.copies()[:-keep]


def _shelf(where: str | Path, folder: Path | None) -> Shelf:
    from sqlalchemy.engine import make_url  # noqa: PLC0415 - 100 ms

    from adapters.database.connect import address  # noqa: PLC0415 - as above

    url = make_url(address(where))
    kind = url.get_backend_name()
    name = Path(url.database or "journal")
    beside = name.parent if kind == "sqlite" else _state()
    return Shelf(folder or beside / "backups", name.stem, ENDINGS.get(kind, ".dump"))


def _state() -> Path:
    from dsl.folders import state_folder  # noqa: PLC0415 - start-up in milliseconds

    return state_folder()


def _back_up(where: str | Path, to: Path | None, keep: int | None, *, as_json: bool) -> None:
    from adapters.database.backup import back_up  # noqa: PLC0415 - SQLAlchemy, 300 ms

    is_folder = to is None or to.is_dir() or not to.suffix
    if not is_folder and keep is not None:
        raise click.UsageError("--keep goes with a folder: --to names a file")
    shelf = _shelf(where, to if is_folder else None)
    target = to if to is not None and not is_folder else shelf.next(datetime.now(UTC))
    with refusals(target):
        made = back_up(where, target)
        gone = [] if keep is None else list(shelf.beyond(keep))
        for file in gone:
            file.unlink()
    size = made.path.stat().st_size
    if as_json:
        print_json(
            {"backup": str(made.path), "events": made.events, "bytes": size,
             "deleted": [str(file) for file in gone]}
        )  # fmt: skip
        return
    click.echo(f"Written: {made.path} ({counted(made.events, 'event')}, {size:,} bytes, verified)")
    if gone:
        click.echo(f"Deleted: {counted(len(gone), 'older copy', 'older copies')}")


# --- and back -------------------------------------------------------------------------------


def _restore(source: Path, journal: str, *, as_json: bool) -> None:
    from adapters.database.backup import restore  # noqa: PLC0415 - as above
    from adapters.database.reader import JournalReader  # noqa: PLC0415 - as above

    if "://" in journal and not journal.startswith("sqlite"):
        raise Failure(
            "a server's database is restored by its own programs",
            f"create an empty database, then pg_restore --dbname=ADDRESS {source}",
        )
    where = Path(journal.removeprefix("sqlite:///")).expanduser()
    with refusals(where):
        aside = restore(source, where)
    with JournalReader.open(where) as opened:
        events = opened.verify()
    if as_json:
        kept = None if aside is None else str(aside)
        print_json({"restored": str(where), "events": events, "before": kept})
        return
    click.echo(f"Restored: {where} ({counted(events, 'event')}, verified)")
    if aside is not None:
        click.echo(f"What was there before: {aside}")
    click.echo("Before it trades, see what the broker holds: engine doctor --live")
