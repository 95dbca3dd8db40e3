"""What a strategy was: its versions, what they changed in text and trades, going back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody

from adapters.workshop.differences import text_difference
from web.pages.strategies import LARGEST, on, who
from web.ports import Ports
from web.rendering import page
from web.security.guards import VIEWERS
from web.views.strategies import Past


@dataclass(frozen=True, slots=True)
class Back:
    """The form that makes an older version the newest; `base` is the newest that was seen."""

    base: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a difference in trades is asked of: a text or a version, against a version."""

    against: int
    version: int = 0
    text: str = ""
    data: str = ""


class VersionsPage(Controller):
    """The versions of a strategy."""

    path = "/strategies/{name:str}/versions"

    @get("/", sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        number: FromQuery[int] = 0,
        against: FromQuery[int] = 0,
    ) -> Response[str]:
        """All of them, and what one of them changed."""
        opened = ports.strategies.open(name)
        versions = ports.strategies.versions(name)
        shown = ports.strategies.version(name, number or opened.head.number)
        other = against or shown.number - 1
        before = None
        if other > 0 and other != shown.number:
            before = ports.strategies.version(name, other)
        return page(
            request,
            "strategies/versions.html",
            past=Past(opened, versions, shown, before),
            difference=None if before is None else text_difference(before.text, shown.text),
        )

    @post("/{number:int}/restore", sync_to_thread=True)
    def restore(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        number: FromPath[int],
        data: URLEncodedBody[Back],
    ) -> Response[str]:
        """An older text as the newest version."""
        version = ports.strategies.restore(name, number, data.base, who(request).name)
        return on(name, "drafted" if version.is_draft else "restored", version.number)

    @post("/{number:int}/switch", sync_to_thread=True)
    def switch(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        number: FromPath[int],
    ) -> Response[str]:
        """A draft into the file."""
        version = ports.strategies.switch(name, number, who(request).name)
        return on(name, "switched", version.number)


class TrialsPage(Controller):
    """What a change does to the trades, as fragments that ask again until it is known."""

    path = "/strategies/{name:str}/trades"
    opt = VIEWERS

    @post("/", sync_to_thread=True, request_max_body_size=LARGEST)
    def begin(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: URLEncodedBody[Asked],
    ) -> Response[str]:
        """Run both on the same bars."""
        before = ports.strategies.version(name, data.against).text
        after = data.text.replace("\r\n", "\n")
        if data.version:
            after = ports.strategies.version(name, data.version).text
        chosen = "" if data.data == "sample" else data.data or _usual(ports)
        trial = ports.trials.begin(before, after, chosen)
        return page(request, "strategies/trades.html", trial=trial, name=name)

    @get("/{trial:str}", sync_to_thread=True)
    def show(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        trial: FromPath[str],
    ) -> Response[str]:
        """How far it is, or what came of it."""
        return page(request, "strategies/trades.html", trial=ports.trials.trial(trial), name=name)

    @post("/{trial:str}/cancel", sync_to_thread=True)
    def cancel(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        trial: FromPath[str],
    ) -> Response[str]:
        """Stop it."""
        ports.trials.cancel(trial)
        return page(request, "strategies/trades.html", trial=ports.trials.trial(trial), name=name)


def _usual(ports: Ports) -> str:
    """The data set that runs use where nobody chose; empty for the sample."""
    return "" if ports.settings.data == "sample" else ports.settings.data
