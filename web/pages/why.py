"""Why: a setup or a bar on the chart, every condition, and what would have helped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from adapters.workshop.errors import NotFound
from web.ports import Ports
from web.rendering import page
from web.views.runs import FATES

if TYPE_CHECKING:
    from adapters.workshop.results import Opened


class WhyPage(Controller):
    """The page that says why, and its parts."""

    path = "/runs/{number:int}/why"

    @get("/", sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
        n: FromQuery[int | None] = None,
        row: FromQuery[int | None] = None,
        candidate: FromQuery[str] = "",
    ) -> Response[str]:
        """A setup (by number or by name), a bar, or else the death that teaches most."""
        run, why = ports.runs.get(number), ports.runs.why(number)
        opened = why.opened
        if candidate:
            n = number_of(opened, candidate)
        if n is None and row is None:
            n = _first(ports, opened, number)
        if n is not None:
            _known(opened, n)
        setup = None if n is None else why.candidate(n)
        if row is None:
            row = setup["last"] if setup else 0
        row = max(0, min(row, len(opened.run.market) - 1))
        return page(
            request, "why/why.html", run=run, run_id=number, n=n, row=row,
            minute=int(opened.run.market.minute[row]), setup=setup, zone=opened.bench.zone,
            bar=why.bar(row, setup["side"] if setup else ""), fates=FATES,
            spec=opened.bench.sources[0].text.splitlines(), counts=counts(opened),
        )  # fmt: skip

    @get("/setup/{n:int}", sync_to_thread=True)
    def setup(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
        n: FromPath[int],
    ) -> Response[str]:
        """The life of a setup."""
        why = ports.runs.why(number)
        _known(why.opened, n)
        return page(
            request, "why/setup.html", setup=why.candidate(n), run_id=number, fates=FATES,
            zone=why.opened.bench.zone,
        )  # fmt: skip

    @get("/bar/{row:int}", sync_to_thread=True)
    def bar(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
        row: FromPath[int],
        n: FromQuery[int | None] = None,
    ) -> Response[str]:
        """The conditions on a bar; of the side that a setup is on, where one is named."""
        why = ports.runs.why(number)
        side = ""
        if n is not None:
            _known(why.opened, n)
            side = why.opened.setups[n].side.value
        return page(
            request, "why/bar.html", bar=why.bar(row, side), n=n, run_id=number,
            zone=why.opened.bench.zone,
        )  # fmt: skip

    @get("/table/{n:int}", sync_to_thread=True)
    def table(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
        n: FromPath[int],
    ) -> Response[str]:
        """The bars of a setup as a table: what the chart shows, to be read."""
        from adapters.workshop.charts import bars_of  # noqa: PLC0415 - brings numpy and the engine

        opened = ports.runs.opened(number)
        _known(opened, n)
        return page(
            request, "why/table.html", rows=bars_of(opened, n, BARS), n=n, run_id=number,
            zone=opened.bench.zone, count=opened.setups[n].last - opened.setups[n].first + 1,
        )  # fmt: skip

    @get("/rescue/{n:int}", sync_to_thread=True)
    def rescue(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
        n: FromPath[int],
    ) -> Response[str]:
        """The smallest changes that would have helped a setup."""
        why = ports.runs.why(number)
        _known(why.opened, n)
        return page(
            request, "why/rescue.html", found=why.helped(n), setup=why.opened.setups[n],
            zone=why.opened.bench.zone, run_id=number,
        )  # fmt: skip


BARS: Final = 400
"""No more bars of a setup are put into a table."""


def number_of(opened: Opened, candidate: str) -> int:
    """The number of a candidate by its name. Raises `NotFound`."""
    found = opened.numbers.get(candidate)
    if found is None:
        raise NotFound(f"there is no candidate {candidate[:60]}", "its name is DATE/SIDE/NUMBER")
    return found


def _known(opened: Opened, n: int) -> None:
    if not 0 <= n < len(opened.setups):
        raise NotFound(f"there is no setup {n}", f"there are {len(opened.setups):,}")


def _first(ports: Ports, opened: Opened, number: int) -> int | None:
    """The setup that a person sees first: the most instructive death, or the furthest."""
    deaths, _ = ports.runs.deaths(number)
    if deaths:
        return opened.numbers.get(deaths[0]["candidate"])
    order = sorted(range(len(opened.setups)), key=lambda one: (-opened.setups[one].reached, -one))
    return order[0] if order else None


def counts(opened: Opened) -> dict[str, int]:
    """How many setups there are of each kind that one can jump to."""
    from adapters.workshop.charts import KINDS  # noqa: PLC0415 - brings the engine

    return {
        kind: sum(setup.fate in fates for setup in opened.setups) for kind, fates in KINDS.items()
    }
