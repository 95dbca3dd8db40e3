"""Why, over the API."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, PathParameter

from adapters.workshop.errors import BadInput, NotFound
from web.api.charts import Place
from web.api.runs import LARGEST, Number
from web.ports import Ports


class WhyApi(Controller):
    """Reasons."""

    path = "/runs/{number:int}/why"
    tags = ["why"]

    @get("/bars/{row:int}", sync_to_thread=True, summary="Every condition on a bar")
    def bar(
        self,
        ports: NamedDependency[Ports],
        number: Number,
        row: Annotated[int, PathParameter(ge=0, le=LARGEST)],
        side: FromQuery[str] = "",
    ) -> dict[str, Any]:
        """Of both sides, or of one."""
        if side not in ("", "short", "long"):
            raise BadInput("side is short or long", "", "side")
        return ports.runs.why(number).bar(row, side)

    @get("/setups/{n:int}", sync_to_thread=True, summary="The life of a setup")
    def setup(self, ports: NamedDependency[Ports], number: Number, n: Place) -> dict[str, Any]:
        """What happened, what ended it, how near it came."""
        why = ports.runs.why(number)
        _known(len(why.opened.setups), n)
        return why.candidate(n)

    @get("/setups/{n:int}/rescue", sync_to_thread=True, summary="What would have helped a setup")
    def rescue(self, ports: NamedDependency[Ports], number: Number, n: Place) -> dict[str, Any]:
        """The smallest changes of one parameter each."""
        why = ports.runs.why(number)
        _known(len(why.opened.setups), n)
        return why.helped(n)


def _known(count: int, n: int) -> None:
    if n >= count:
        raise NotFound(f"there is no setup {n}", f"there are {count:,}")
