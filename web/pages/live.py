"""The live page: how the engine stands, streamed; halt, resume, flatten."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import ServerSentEvent

from adapters.live.caller import EngineRefused, NobodyRuns
from adapters.live.window import Absent
from adapters.workshop.errors import BadInput, Conflict
from web.ports import Ports
from web.rendering import is_fragment, page, rendered
from web.streams import until
from web.views.live import absent_view, live_view

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from web.ports import Standing

STANDING: Final = "live/standing.html"


class Wish(StrEnum):
    """What a person may want of the engine."""

    HALT = "halt"
    RESUME = "resume"
    FLATTEN = "flatten"
    UNLATCH = "unlatch"


@dataclass(frozen=True, slots=True)
class Said:
    """The form of a wish: the word (or the account number) typed again, and a reason."""

    typed: str = ""
    why: str = ""


class LivePage(Controller):
    """The live engine."""

    path = "/live"

    @get("/", sync_to_thread=True)
    def show(self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]) -> Response[str]:
        """How it stands, with the forms for operators."""
        standing = ports.live.now()
        return page(request, "live/live.html", **shown(standing), real=real_account(standing))

    @get("/stream", sync_to_thread=False)
    def stream(self, request: Request[Any, Any, Any]) -> ServerSentEvent:
        """The same, anew whenever it changes."""
        state = request.app.state
        return ServerSentEvent(_events(until(state.closing, state.broadcast.stream(fragment))))

    @post("/{wish:str}", sync_to_thread=True)
    def tell(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        wish: FromPath[Wish],
        data: URLEncodedBody[Said],
    ) -> Response[str]:
        """Have the engine do it, once the person has typed what it is."""
        expected = (real_account(ports.live.now()) if wish is not Wish.HALT else "") or wish.value
        if data.typed.strip().lower() != expected.lower():
            raise BadInput(f"type {expected} to {wish.value}: nothing was done", field="typed")
        said = carried_out(ports, wish, request.scope["user"].name, data.why)
        if not is_fragment(request):
            return Response("", status_code=303, headers={"location": "/live"})
        return page(request, "live/said.html", said=said)


def carried_out(ports: Ports, wish: Wish, who: str, why: str) -> str:
    """Tell the engine, and write down who did; what was done, in words. Raises `WorkshopError`."""
    why = why.strip()[:500]
    if wish is Wish.UNLATCH and not why:
        raise BadInput("a latch is cleared with a reason only", "say why", field="why")
    ports.deeds.add(who, f"live {wish.value}", detail=why)
    try:
        return ports.live.tell(wish.value, who, why or f"{wish.value} on the page")
    except EngineRefused as refused:
        raise Conflict(refused.text, refused.remedy) from None
    except NobodyRuns:
        raise Conflict(
            "no engine runs, so nobody can send orders; stops at the broker go on working",
            "start the engine and flatten then, or close the position at the broker",
        ) from None


def real_account(standing: Standing) -> str:
    """The number of the account where it is one with money; empty where it is not known to be."""
    status = standing.last if isinstance(standing, Absent) else standing
    if status is None or status.account is None or status.account.is_paper:
        return ""
    return status.account.number


def shown(standing: Standing) -> dict[str, Any]:
    """The context of `standing.html`."""
    if isinstance(standing, Absent):
        return {"absent": absent_view(standing), "live": None}
    return {"absent": None, "live": live_view(standing)}


def fragment(standing: Standing) -> str:
    """How it stands, as the part of the page that changes."""
    return rendered(STANDING, **shown(standing))


async def _events(texts: AsyncIterator[str]) -> AsyncIterator[dict[str, str] | str]:
    """Texts as events; an empty one as a word that is heard and changes nothing."""
    async for text in texts:
        yield {"data": text} if text else {"event": "alive", "data": "alive"}
