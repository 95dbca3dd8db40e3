"""No engine: the yardstick's own loop in plain Python, whose rules the event engines call too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import impl_ref

from benchmarks.rivals.work import Found, Make

if TYPE_CHECKING:
    from benchmarks.rivals.work import Run


def loop(bars: Any, _: Any) -> Run:
    """Rules and trades in one loop over lists."""

    def run() -> Found:
        result = impl_ref.run(bars)
        rows, prices = result.ti.tolist(), result.tf.tolist()
        pairs = zip(rows, prices, strict=True)
        trades = [(entry, leave, paid, got) for (_, entry, leave, _), (paid, got, _) in pairs]

        def setups() -> list[tuple[Any, ...]]:
            both = zip(result.si.tolist(), result.sf.tolist(), strict=True)
            return [(*whole, *real) for whole, real in both]

        return Found(trades, setups)

    return run


VARIANTS: dict[str, Make] = {"rules, no engine": loop}
