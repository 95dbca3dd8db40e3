"""Runs: their list, the form for a new one, what came of one, two side by side, files to keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote, urlencode

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody

from adapters.workshop.errors import BadInput, NotFound
from adapters.workshop.folders import Order, State
from adapters.workshop.runnable import Ordered, data_sets
from web.ports import Ports
from web.rendering import is_fragment, page
from web.security.guards import operator
from web.views import runs as views
from web.views.runs import minute_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.workshop.versions import Version

FIRST: Final = "slob_5_1"
"""The strategy that somebody new is shown, where it is there."""

SETUPS: Final = 100
"""Setups of a page."""

_FORM: Final = ("data", "first", "last", "instrument", "venue", "equity", "commission",
                "slippage", "same_bar", "flat")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to."""

    strategy: str = ""
    state: str = ""


class RunPages(Controller):
    """Everything about runs."""

    path = "/runs"

    @get("/", sync_to_thread=True)
    def all(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        strategy: FromQuery[str] = "",
        became: Annotated[str, QueryParameter(name="state")] = "",
        before: FromQuery[int | None] = None,
    ) -> Response[str]:
        """The list; as a fragment its rows alone."""
        found = ports.runs.newest(strategy, became, most=50, before=before)
        going = any(not run.state.is_over for run in found)
        words: dict[str, Any] = {
            "lines": views.lines_of(found),
            "going": going,
            "filters": Filters(strategy, became),
            "query": urlencode({"strategy": strategy, "state": became}),
            "strategies": ports.runs.strategies(),
            "states": [one.value for one in State],
            "older": found[-1].id if len(found) == 50 else None,
        }
        name = "runs/rows.html" if is_fragment(request) else "runs/list.html"
        return page(request, name, **words)

    # --- a new one ------------------------------------------------------------------------------

    @get("/new", guards=[operator], sync_to_thread=True)
    def form(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        strategy: FromQuery[str] = "",
        like: FromQuery[int | None] = None,
        version: FromQuery[int | None] = None,
    ) -> Response[str]:
        """The form, filled as a run that was (`like`) or for a version of a strategy."""
        names = ports.runnable.names()
        order, values = Order(""), {}
        if like is not None:
            run = ports.runs.get(like)
            strategy, order = run.strategy, run.order
            values = dict(order.values or {})
        chosen = (
            strategy if strategy in names else (FIRST if FIRST in names else "".join(names[:1]))
        )
        text = version_of(ports, chosen, version).text if chosen and version else None
        return page(
            request, "runs/new.html", strategies=names, chosen=chosen, order=order,
            dials=ports.runnable.parameters(chosen, text) if chosen else (), values=values,
            versions=ports.strategies.versions(chosen)[:30] if chosen else (), version=version,
            sets=data_sets(), venues=("vector", "backtrader"),
        )  # fmt: skip

    @get("/new/parameters", guards=[operator], sync_to_thread=True)
    def dials(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        strategy: FromQuery[str],
        version: FromQuery[str] = "",
    ) -> Response[str]:
        """The fields of a strategy's parameters."""
        text = version_of(ports, strategy, _number(version)).text
        dials = ports.runnable.parameters(strategy, text)
        return page(request, "runs/parameters.html", dials=dials, values={})

    @post("/", guards=[operator], sync_to_thread=True)
    def order(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: URLEncodedBody[dict[str, str]],
    ) -> Response[Any]:
        """Begin a run and go to it."""
        number = ports.runs.order(request.user.name, ordered(ports, data))
        return _to(request, f"/runs/{number}")

    @post("/sample", guards=[operator], sync_to_thread=True)
    def sample(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]
    ) -> Response[Any]:
        """Run the first strategy on the bundled sample: one click for somebody new."""
        names = ports.runnable.names()
        if not names:
            raise NotFound("there is no strategy to run", "make one on the page of strategies")
        strategy = FIRST if FIRST in names else names[0]
        version = version_of(ports, strategy, None)
        asked = Ordered(strategy, version.text, Order(f"{strategy}.yaml"), version.number)
        return _to(request, f"/runs/{ports.runs.order(request.user.name, asked)}")

    # --- one ------------------------------------------------------------------------------------

    @get("/{number:int}", sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
    ) -> Response[str]:
        """What came of a run, or how far it is."""
        run = ports.runs.get(number)
        if run.state is not State.DONE:
            return page(request, "runs/going.html", run=run, line=views.lines_of([run])[0])
        result = ports.runs.result(number)
        return page(
            request, "runs/result.html", run=run, result=result, **_told(result),
            others=[one for one in ports.runs.newest(state="done", most=40) if one.id != number],
            views=views,
        )  # fmt: skip

    @get("/{number:int}/progress", sync_to_thread=True)
    def progress(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
    ) -> Response[Any]:
        """How far it is; when it is over, its page."""
        run = ports.runs.get(number)
        if run.state.is_over:
            return Response("", headers={"hx-redirect": f"/runs/{number}"})
        return page(request, "runs/progress.html", run=run, line=views.lines_of([run])[0])

    @get("/{number:int}/deaths", sync_to_thread=True)
    def deaths(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
        most: FromQuery[int] = 6,
        *,
        all: FromQuery[bool] = False,  # noqa: A002 - the address
    ) -> Response[Any]:
        """The deaths that teach most; `all`: nothing new until all were looked into."""
        found, complete = ports.runs.deaths(number)
        if all and not complete:
            return Response(None, status_code=204)
        zone = ports.runs.result(number)["zone"]
        return page(
            request, "runs/deaths.html", run_id=number, zone=zone, most=most,
            deaths=found[:most], complete=complete,
        )  # fmt: skip

    @get("/{number:int}/conditions", sync_to_thread=True)
    def conditions(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
    ) -> Response[str]:
        """How every condition fared."""
        found = ports.runs.conditions(number)
        told = None if found is None else views.conditions_of(found)
        return page(request, "runs/conditions.html", run_id=number, sides=told)

    @get("/{number:int}/setups", sync_to_thread=True)
    def setups(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
        fate: FromQuery[str] = "",
        side: FromQuery[str] = "",
        reached: FromQuery[str] = "",
        skip: FromQuery[int] = 0,
    ) -> Response[str]:
        """The candidates, some at a time."""
        from adapters.workshop.charts import mark  # noqa: PLC0415 - brings the engine

        opened = ports.runs.opened(number)
        marks = [
            told
            for one in range(len(opened.setups))
            if _matches(told := mark(opened, one), fate, side, reached)
        ]
        marks.sort(key=lambda one: (-one["level"], -one["first"]))
        skip = max(0, skip)
        return page(
            request, "runs/setups.html", run_id=number, marks=marks[skip : skip + SETUPS],
            count=len(marks), more=skip + SETUPS if len(marks) > skip + SETUPS else None,
            first=skip == 0, zone=opened.bench.zone, fates=views.FATES,
            query=urlencode({"fate": fate, "side": side, "reached": reached}),
        )  # fmt: skip

    @get("/{number:int}/export/{form:str}", sync_to_thread=True)
    def export(
        self, ports: NamedDependency[Ports], number: FromPath[int], form: FromPath[str]
    ) -> Response[bytes]:
        """A file to take away."""
        return exported(ports, number, form)

    @post("/{number:int}/cancel", guards=[operator], sync_to_thread=True)
    def cancel(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
    ) -> Response[Any]:
        """Stop it."""
        ports.runs.cancel(request.user.name, number)
        return _to(request, f"/runs/{number}")

    @post("/{number:int}/again", guards=[operator], sync_to_thread=True)
    def again(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
    ) -> Response[Any]:
        """Order the same once more."""
        return _to(request, f"/runs/{ports.runs.again(request.user.name, number)}")

    @post("/{number:int}/delete", guards=[operator], sync_to_thread=True)
    def delete(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        number: FromPath[int],
    ) -> Response[Any]:
        """Delete it and go to the list."""
        ports.runs.remove(request.user.name, number)
        return _to(request, "/runs")

    @get("/live", sync_to_thread=True)
    def live(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        strategy: FromQuery[str] = "",
    ) -> Response[str]:
        """What was traded live beside its replay."""
        names = ports.runnable.names()
        found = ports.runnable.lived(strategy) if strategy else None
        return page(request, "runs/live.html", strategies=names, chosen=strategy, found=found)

    # --- two ------------------------------------------------------------------------------------

    @get("/compare", sync_to_thread=True)
    def compare(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        a: FromQuery[int],
        b: FromQuery[int],
    ) -> Response[str]:
        """Two runs side by side."""
        from adapters.workshop.comparing import compared  # noqa: PLC0415 - brings the engine

        if a == b:
            raise BadInput("this is the same run twice", "choose another one to compare with")
        one, other = ports.runs.opened(a), ports.runs.opened(b)
        found = compared(one, other)
        decimals = _decimals(one.told)
        return page(
            request, "runs/compare.html", found=found, runs=[ports.runs.get(a), ports.runs.get(b)],
            zone=one.bench.zone, views=views, decimals=decimals,
            lines=views.lines_of([ports.runs.get(a), ports.runs.get(b)]),
            curves={
                "zone": one.bench.zone,
                "curves": [
                    {"name": f"{letter} · run {side['number']}", "curve": side["curve"]}
                    for letter, side in zip("AB", found["sides"], strict=True)
                ],
            },
        )  # fmt: skip


def exported(ports: Ports, number: int, form: str) -> Response[bytes]:
    """A run as a file. Raises `NotFound` for a form that there is not."""
    from adapters.workshop.exports import FORMS, export  # noqa: PLC0415 - brings the engine

    if form not in FORMS:
        raise NotFound(f"there is no form {form[:40]}", f"say one of {', '.join(FORMS)}")
    made = export(ports.runs.opened(number), form, ports.runs.conditions(number) or ())
    named = f"attachment; filename*=UTF-8''{quote(made.name)}"
    return Response(
        made.content,
        media_type=made.media,
        headers={"content-disposition": named, "x-content-type-options": "nosniff"},
    )


def ordered(ports: Ports, data: Mapping[str, str]) -> Ordered:
    """What a form asks for: only parameters that differ from the strategy's are named.

    Raises `NotFound`, `BadInput`.
    """
    strategy = data.get("strategy", "")
    version = version_of(ports, strategy, _number(data.get("version", "")))
    values: dict[str, str] = {}
    for dial in ports.runnable.parameters(strategy, version.text):
        name = f"{dial.name}.{dial.side}" if dial.side else dial.name
        value = data.get(f"param.{name}", "").strip()
        if value and value != dial.value:
            if len(value) > 60:
                raise BadInput(f"{name}: this is no value", "write a number or a word", name)
            values[name] = f"{value} {dial.unit}".strip()
    words: dict[str, Any] = {name: data[name].strip() for name in _FORM if data.get(name)}
    words["data"] = words.get("data") or None
    try:
        words["slippage"] = int(words.get("slippage", 0))
    except ValueError:
        raise BadInput("slippage is a whole number of ticks", "write 0, 1, 2", "slippage") from None
    order = Order(f"{strategy}.yaml", values=values, **words)
    return Ordered(strategy, version.text, order, version.number)


def _number(text: str) -> int | None:
    """The number of a version; None for that of the file. Raises `BadInput`."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise BadInput(f"{text[:40]!r} is no version", "choose one of the list", "version")
    return int(text)


def version_of(ports: Ports, strategy: str, number: int | None) -> Version:
    """A version of a strategy; without a number that of its file. Raises `NotFound`."""
    ports.runnable.text_of(strategy)
    opened = ports.strategies.open(strategy)
    return opened.in_file if number is None else ports.strategies.version(strategy, number)


def _told(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the page of a result prints."""
    return {
        "cards": views.cards_of(result),
        "groups": views.groups_of(result),
        "funnels": views.funnels_of(result),
        "zone": result["zone"],
        "decimals": _decimals(result),
        "curves": {
            "zone": result["zone"],
            "curves": [{"name": "equity", "curve": result["curve"]}],
        },
        "trades": [
            {**one, "entered": minute_of(one["entered"]), "left": minute_of(one["left"])}
            for one in reversed(result["trades"])
        ],
    }


def _decimals(result: Mapping[str, Any]) -> int:
    tick = str(result["instrument"]["tick"])
    if "/" in tick:
        from fractions import Fraction  # noqa: PLC0415 - light, and only here

        from dsl.quantities import plain  # noqa: PLC0415 - as above

        tick = plain(Fraction(tick))
    return len(tick.partition(".")[2])


def _matches(mark: Mapping[str, Any], fate: str, side: str, reached: str) -> bool:
    return (
        fate in ("", mark["fate"])
        and side in ("", mark["side"])
        and reached in ("", mark["reached"])
    )


def _to(request: Request[Any, Any, Any], path: str) -> Response[Any]:
    """On to a page, for htmx and for browsers without scripts."""
    if is_fragment(request):
        return Response("", status_code=200, headers={"hx-redirect": path})
    return Response("", status_code=303, headers={"location": path})
