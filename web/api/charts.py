"""What charts draw, over the API: bars that fit, setups, one setup's story."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter, QueryParameter

from adapters.workshop.errors import BadInput, NotFound
from web.api.runs import LARGEST, Number
from web.ports import Ports

Minute = Annotated[
    int, QueryParameter(ge=-LARGEST, le=LARGEST, description="Minutes since the epoch, UTC.")
]
Place = Annotated[int, PathParameter(ge=0, le=LARGEST, description="The number of a setup.")]


class ChartsApi(Controller):
    """The bars of a run and what lies on them."""

    path = "/runs/{number:int}"
    tags = ["charts"]

    @get("/chart/about", sync_to_thread=True, summary="What stays the same of a chart")
    def about(self, ports: NamedDependency[Ports], number: Number) -> dict[str, Any]:
        """Instrument, clock, extent, sizes of bars, stages."""
        from adapters.workshop import charts  # noqa: PLC0415 - brings numpy and the engine

        return charts.about(ports.runs.opened(number))

    @get("/chart", sync_to_thread=True, summary="The bars of a stretch, as fine as fits")
    def window(
        self,
        ports: NamedDependency[Ports],
        number: Number,
        first: Minute,
        last: Minute,
        points: Annotated[int | None, QueryParameter(ge=1, le=LARGEST)] = None,
    ) -> dict[str, Any]:
        """Columns of differences in ticks; see `adapters.workshop.charts.window`."""
        from adapters.workshop import charts  # noqa: PLC0415 - brings numpy and the engine

        if last < first:
            raise BadInput("the stretch ends before it begins", "swap first and last", "last")
        return charts.window(ports.runs.opened(number), first, last, points or charts.MOST)

    @get("/setups/{n:int}", sync_to_thread=True, summary="Everything that is drawn of a setup")
    def story(self, ports: NamedDependency[Ports], number: Number, n: Place) -> dict[str, Any]:
        """Its stages, levels, marks, bracket, fills."""
        from adapters.workshop import charts  # noqa: PLC0415 - brings numpy and the engine

        opened = ports.runs.opened(number)
        if n >= len(opened.setups):
            raise NotFound(f"there is no setup {n}", f"there are {len(opened.setups):,}")
        return charts.story(opened, n)

    @get("/next", sync_to_thread=True, summary="The setup beside another, or beside a bar")
    def beside(
        self,
        ports: NamedDependency[Ports],
        number: Number,
        row: Annotated[int, QueryParameter(ge=0, le=LARGEST)],
        kind: FromQuery[str] = "setup",
        way: FromQuery[int] = 1,
        n: Annotated[int | None, QueryParameter(ge=0, le=LARGEST)] = None,
    ) -> dict[str, int | None]:
        """`kind` is setup, death or trade; `way` 1 for the next, -1 for the one before."""
        from adapters.workshop import charts  # noqa: PLC0415 - brings numpy and the engine

        if kind not in charts.KINDS or way not in (-1, 1):
            raise BadInput("kind is setup, death or trade; way is 1 or -1")
        return {"n": charts.beside(ports.runs.opened(number), kind, way, row, n)}

    @get("/bars/{row:int}", sync_to_thread=True, summary="One bar")
    def bar(
        self,
        ports: NamedDependency[Ports],
        number: Number,
        row: Annotated[int, PathParameter(ge=0, le=LARGEST)],
    ) -> dict[str, int]:
        """The nearest, where there is none of that number; prices in ticks."""
        market = ports.runs.opened(number).run.market
        row = min(row, len(market) - 1)
        return {
            "row": row,
            **{
                name: int(getattr(market, name)[row])
                for name in ("minute", "open", "high", "low", "close", "volume")
            },
        }
