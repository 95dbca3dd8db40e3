"""Runs over the API: order, watch, cancel, delete, read, compare, export."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter

from adapters.workshop.errors import BadInput
from adapters.workshop.folders import Order
from adapters.workshop.runnable import Ordered, data_sets
from web.pages.runs import exported, version_of
from web.ports import Ports
from web.security.guards import operator

if TYPE_CHECKING:
    from adapters.workshop.runs import Run

LARGEST = 2**31 - 1
Number = Annotated[int, PathParameter(ge=1, le=LARGEST, description="The number of a run.")]
Beside = Annotated[int, QueryParameter(ge=1, le=LARGEST, description="The number of a run.")]


@dataclass(frozen=True, slots=True)
class NewRun:
    """What to run: a strategy of the folder (or `text` instead of its file), on what, and how.

    `values` are parameters as a person writes them, such as {"entry_wait": "30 bars"}; `data` names
    a data set, None the bundled sample; dates are trading dates (ISO), both included.
    """

    strategy: str
    text: str | None = None
    version: int | None = None
    data: str | None = None
    first: str = ""
    last: str = ""
    values: dict[str, str] = field(default_factory=dict)
    instrument: str = ""
    venue: str = "vector"
    equity: str = "50000"
    commission: str = "0"
    slippage: int = 0
    same_bar: str = "stop_first"
    flat: str = "close"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. Instants are milliseconds since the epoch; `figures` are there once it is done."""

    id: int
    created: int
    who: str
    strategy: str
    version: int | None
    order: dict[str, Any]
    state: str
    progress: float
    message: str
    remedy: str
    program: str
    figures: dict[str, Any]
    started: int | None
    ended: int | None

    @classmethod
    def of(cls, run: Run) -> RunRecord:
        """The record of a run."""
        words = {name: getattr(run, name) for name in cls.__dataclass_fields__}
        return cls(
            **words
            | {"order": asdict(run.order), "state": run.state.value, "figures": dict(run.figures)}
        )


class RunsApi(Controller):
    """Runs."""

    path = "/runs"
    tags = ["runs"]

    @get("/", sync_to_thread=True, summary="Runs, the newest first")
    def all(
        self,
        ports: NamedDependency[Ports],
        strategy: FromQuery[str] = "",
        became: Annotated[str, QueryParameter(name="state")] = "",
        before: Annotated[int | None, QueryParameter(ge=1, le=LARGEST)] = None,
    ) -> list[RunRecord]:
        """At most 200; `before` a number goes further back."""
        return [RunRecord.of(run) for run in ports.runs.newest(strategy, became, before=before)]

    @post("/", guards=[operator], sync_to_thread=True, summary="Begin a run")
    def order(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: JSONBody[NewRun],
    ) -> RunRecord:
        """It goes on by itself; ask for it until its `state` is done, failed or cancelled."""
        text, version = data.text, data.version
        if text is None:
            found = version_of(ports, data.strategy, version)
            text, version = found.text, found.number
        if len(data.values) > 200:
            raise BadInput("these are too many values", "give 200 at most", "values")
        order = Order(
            f"{data.strategy}.yaml", data.data, data.first, data.last, dict(data.values),
            data.instrument, data.venue, data.equity, data.commission, data.slippage,
            data.same_bar, data.flat,
        )  # fmt: skip
        asked = Ordered(data.strategy, text, order, version)
        return RunRecord.of(ports.runs.get(ports.runs.order(request.user.name, asked)))

    @get("/data", sync_to_thread=True, summary="The bars that runs may use")
    def data(self) -> list[dict[str, Any]]:
        """The bundled sample, whose name is empty, then every data set."""
        return data_sets()

    @get("/live", sync_to_thread=True, summary="What was traded live beside its replay")
    def live(self, ports: NamedDependency[Ports], strategy: FromQuery[str]) -> list[dict[str, Any]]:
        """A record a contract: what differs, each with its cause."""
        return ports.runnable.lived(strategy)

    @get("/compare", sync_to_thread=True, summary="Two runs side by side")
    def compare(self, ports: NamedDependency[Ports], a: Beside, b: Beside) -> dict[str, Any]:
        """Which trades appear, vanish or move from run A to run B."""
        from adapters.workshop.comparing import compared  # noqa: PLC0415 - brings the engine

        return compared(ports.runs.opened(a), ports.runs.opened(b))

    @get("/{number:int}", sync_to_thread=True, summary="One run")
    def one(self, ports: NamedDependency[Ports], number: Number) -> RunRecord:
        """How far it is."""
        return RunRecord.of(ports.runs.get(number))

    @delete("/{number:int}", guards=[operator], sync_to_thread=True, summary="Delete a run")
    def remove(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports], number: Number
    ) -> None:
        """With everything that is kept of it."""
        ports.runs.remove(request.user.name, number)

    @post(
        "/{number:int}/cancel", guards=[operator], sync_to_thread=True, summary="Cancel a run",
        status_code=202,
    )  # fmt: skip
    def cancel(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports], number: Number
    ) -> RunRecord:
        """It stops at its next step."""
        ports.runs.cancel(request.user.name, number)
        return RunRecord.of(ports.runs.get(number))

    @get("/{number:int}/result", sync_to_thread=True, summary="What came of a run")
    def result(self, ports: NamedDependency[Ports], number: Number) -> dict[str, Any]:
        """Figures, trades, funnel, equity."""
        found = ports.runs.result(number)
        return {key: value for key, value in found.items() if key != "engine"}

    @get("/{number:int}/deaths", sync_to_thread=True, summary="The deaths that teach most")
    def deaths(self, ports: NamedDependency[Ports], number: Number) -> dict[str, Any]:
        """`complete` is false while more are looked for."""
        ports.runs.get(number)
        found, complete = ports.runs.deaths(number)
        return {"complete": complete, "deaths": list(found)}

    @get("/{number:int}/conditions", sync_to_thread=True, summary="How every condition fared")
    def conditions(self, ports: NamedDependency[Ports], number: Number) -> dict[str, Any]:
        """`ready` is false while they are counted."""
        ports.runs.get(number)
        found = ports.runs.conditions(number)
        return {"ready": found is not None, "sides": list(found or ())}

    @get("/{number:int}/export/{form:str}", sync_to_thread=True, summary="A run as a file")
    def export(
        self, ports: NamedDependency[Ports], number: Number, form: FromPath[str]
    ) -> Response[bytes]:
        """`form` is csv, parquet, json, journal or html."""
        return exported(ports, number, form)
