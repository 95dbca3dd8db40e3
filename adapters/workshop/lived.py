"""What was traded live beside the same program on the bars as they are known now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from click import UsageError

from adapters.bars.errors import DataError
from adapters.cli.lookback import looks_back
from adapters.cli.options import Choice
from adapters.cli.retold import record
from adapters.cli.screen import Failure
from adapters.database.errors import DatabaseError
from adapters.workshop.errors import BadInput, NotFound

if TYPE_CHECKING:
    from pathlib import Path


def beside_replay(strategy: Path, journal: str) -> list[dict[str, Any]]:
    """A record a contract: bars, decisions and trades that differ, each with its cause.

    `journal` is a file or an address, empty: the usual one. Raises `NotFound` where nothing was
    traded, and `BadInput` where this strategy was not.
    """
    try:
        return [record(look) for look in looks_back(Choice(str(strategy)), journal or None)]
    except (Failure, DatabaseError, DataError) as refused:
        message = getattr(refused, "message", "") or str(refused)
        raise NotFound(message, getattr(refused, "remedy", "")) from None
    except UsageError as wrong:
        raise BadInput(wrong.message) from None
