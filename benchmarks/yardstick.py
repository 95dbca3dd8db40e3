"""The yardstick of ../shared/reference/benchmark: its data and its C kernels, built in a copy.

The copy lies in the cache folder, because the reference writes beside itself and is read-only.
"""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dsl.folders import cache_folder
from engine.domain.market import Market

if TYPE_CHECKING:
    from collections.abc import Callable

    from dsl.ir.program import Instrument

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference" / "benchmark"
SIZES = {"20d": 20, "250d": 250, "2500d": 2500}


def is_there() -> bool:
    """Whether the yardstick and a C compiler are there."""
    return REFERENCE.exists() and shutil.which("gcc") is not None


def copy_folder() -> Path:
    """Where the copy lies, with the data it has generated and the kernels it has built."""
    return cache_folder() / "yardstick"


class Yardstick:
    """One data set of the yardstick with its kernels."""

    def __init__(self, size: str) -> None:
        """Generates the data and builds the kernels where they are not there yet."""
        folder = copy_folder()
        folder.mkdir(parents=True, exist_ok=True)
        for file in REFERENCE.iterdir():
            copy = folder / file.name
            if file.is_file() and (not copy.exists() or copy.read_bytes() != file.read_bytes()):
                shutil.copyfile(file, copy)
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
        common: Any = importlib.import_module("common")
        self._kernels: Any = importlib.import_module("impl_c")
        self._common = common
        self.bars = common.load(size)

    def __len__(self) -> int:
        """How many bars there are."""
        return len(self.bars)

    def market(self, instrument: Instrument) -> Market:
        """The bars as ours."""
        return market_of(self.bars, instrument)

    def kernel(self, name: str) -> Callable[[], int]:
        """A C kernel over these bars: `slob_bars` (bar-major) or `slob_cands` (candidate-major)."""
        runner: Callable[[], int] = self._kernels.Runner(self.bars, fn=name)
        return runner

    def write_reference(self, size: str) -> None:
        """Keeps the result of the plain Python reference beside the data, for other processes."""
        self._common.reference(size)

    def result(self, name: str) -> Any:
        """What a kernel finds: setups (`si`, `sf`) and trades (`ti`, `tf`)."""
        return self._kernels.Runner(self.bars, fn=name).result()

    @property
    def params(self) -> Any:
        """The yardstick's own parameters, a class."""
        return self._common.Params

    def sweeps(self, params: list[Any], threads: int) -> dict[str, Callable[[], Any]]:
        """Its sweeps over rows of parameters: each gives setups, trades and points won a row."""
        import numba  # noqa: PLC0415 - heavy

        numba.set_num_threads(threads)
        compiled: Any = importlib.import_module("impl_numba")
        rows, packed = compiled.pack(params), self._kernels.pack(params)
        return {
            "numba, hoisted": lambda: compiled.sweep_hoisted(self.bars, rows),
            "C, candidate-major": lambda: self._kernels.sweep(self.bars, packed, threads),
        }


def market_of(bars: Any, instrument: Instrument) -> Market:
    """The yardstick's bars as ours: its prices are multiples of 0.25, so ticks are exact."""

    def ticks(column: Any) -> Any:
        return np.ascontiguousarray(np.rint(column * 4)).astype(np.int64)

    return Market(
        instrument,
        1,
        bars.ts // 60_000_000_000,
        ticks(bars.o),
        ticks(bars.h),
        ticks(bars.l),
        ticks(bars.c),
        bars.v.astype(np.int64),
    )
