"""What can be made again and is kept to save the time: written whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def keep(file: Path, content: bytes) -> bool:
    """Put `content` at `file` in one step; False where the folder refuses: that costs time only."""
    import tempfile  # noqa: PLC0415 - whoever finds what was kept need not pay for it

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent)
    except OSError:
        return False
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
        return False
    return True
