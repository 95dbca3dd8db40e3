"""The rivals' environments: one each in the cache folder, because their dependencies clash.

Versions are pinned, what they depend on by name is not: pip picks it once, when the environment is
made. Making all of them takes some minutes and 3.5 GB; later runs use what is there.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl.folders import cache_folder

if TYPE_CHECKING:
    from pathlib import Path


class NotInstalled(Exception):
    """A rival is not there; the message is pip's last word on it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What to install, and on which Python: this one unless another is named."""

    name: str
    requirements: tuple[str, ...]
    python: str | None = None

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return cache_folder() / "rivals" / self.name

    def interpreter(self) -> str:
        """The Python of the environment, made if it is not there. Raises `NotInstalled`."""
        done = self.folder / "installed.txt"
        wanted = "\n".join(self.requirements)
        python = self.folder / "bin" / "python"
        if done.exists() and done.read_text(encoding="utf-8") == wanted:
            return str(python)
        shutil.rmtree(self.folder, ignore_errors=True)
        self._do(self._base(), "-m", "venv", str(self.folder))
        self._do(str(python), "-m", "pip", "install", "--quiet", *self.requirements)
        done.write_text(wanted, encoding="utf-8")
        return str(python)

    def _base(self) -> str:
        """The Python to make it with; one that is only a name (a shim without a version) is not."""
        if self.python is None:
            return sys.executable
        found = shutil.which(self.python)
        if (
            found is None
            or subprocess.run([found, "-V"], capture_output=True, check=False).returncode
        ):
            raise NotInstalled(f"needs {self.python} on the PATH")
        return found

    def _do(self, *command: str) -> None:
        print(f"rivals: {self.name}: {' '.join(command[1:])}", file=sys.stderr)
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            told = [line.strip() for line in ran.stderr.splitlines() if line.strip()]
            errors = [line for line in told if line.startswith("ERROR")] or told
            raise NotInstalled(errors[-1] if errors else f"status {ran.returncode}")


BACKTRADER = Environment("backtrader", ("backtrader==1.9.78.123", "numpy==2.4.6"))
BACKTESTING = Environment("backtesting", ("backtesting==0.6.6", "pandas==3.1.1", "numpy==2.4.6"))
VECTORBT = Environment(
    "vectorbt",
    ("vectorbt==1.2.0", "vectorbt-rust==1.2.0", "numba==0.68.1", "pandas==3.1.1", "numpy==2.4.6"),
)
NAUTILUS = Environment("nautilus", ("nautilus_trader==1.221.0", "pandas==2.3.3", "numpy==2.4.6"))
NAUTILUS_NEW = Environment("nautilus-new", ("nautilus_trader==1.231.0",), "python3.12")
ZIPLINE = Environment(
    "zipline",
    ("zipline-reloaded==3.2.1", "exchange_calendars==4.13.2", "pandas==2.3.3", "numpy==2.4.6"),
)
