"""Strategies and the language over the API: everything the editor does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from adapters.workshop.checked import Checked, Dial, Fix
from adapters.workshop.dials import applied, turned
from adapters.workshop.differences import TextDifference, TradeDifference, text_difference
from adapters.workshop.errors import NotFound, TooBusy
from adapters.workshop.templates import TEMPLATES, renamed
from adapters.workshop.tidying import tidied
from adapters.workshop.turns import Asker
from adapters.workshop.versions import Version
from web.pages.strategies import LARGEST, who
from web.ports import Ports
from web.security.guards import VIEWERS
from web.views.strategies import told

if TYPE_CHECKING:
    from adapters.workshop.trials import Trial as Trying

PATIENCE: Final = 20.0
"""Seconds after which a check is given up: the text is answered for all the same."""

Name = Annotated[str, Meta(min_length=1, max_length=80)]
Number = Annotated[int, Meta(ge=1, le=2**31)]
Why = Annotated[str, Meta(max_length=500)]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to look at; `editor` is any word that tells one editor of a person from another."""

    text: Annotated[str, Meta(max_length=LARGEST)]
    thorough: bool = False
    editor: Annotated[str, Meta(max_length=40)] = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A parameter to set in a text; `side` is short, long or empty for both."""

    text: Annotated[str, Meta(max_length=LARGEST)]
    name: Annotated[str, Meta(max_length=80)]
    value: Annotated[str, Meta(max_length=80)]
    side: Annotated[str, Meta(max_length=5)] = ""
    unit: Annotated[str, Meta(max_length=12)] = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """A text with a parameter set, and the change that did it."""

    text: str
    change: Fix


@dataclass(frozen=True, slots=True)
class New:
    """A new strategy: `text` as given, or that of `template`."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    text: Annotated[str, Meta(max_length=LARGEST)] = ""
    template: str = "plain"
    why: Why = ""


@dataclass(frozen=True, slots=True)
class Save:
    """A text to keep; `base` is the version that it was made from."""

    text: Annotated[str, Meta(max_length=LARGEST)]
    base: Number
    why: Why = ""


@dataclass(frozen=True, slots=True)
class Base:
    """The newest version that was seen."""

    base: Number


@dataclass(frozen=True, slots=True)
class Compare:
    """A text (or the version `version`) to run against the version `against`."""

    against: Number
    version: Number | None = None
    text: Annotated[str, Meta(max_length=LARGEST)] = ""
    data: Annotated[str, Meta(max_length=200)] = ""
    first: Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""
    last: Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = ""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy of the list. `version` is the newest, `draft` one that waits."""

    name: str
    doc: str
    extends: str
    version: int
    who: str
    at: int
    draft: int | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class Whole:
    """A strategy with its newest text."""

    name: str
    text: str
    version: int
    is_draft: bool
    in_file: int
    is_live: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """How far a comparison is, and what came of it."""

    id: str
    progress: float
    message: str
    remedy: str
    is_over: bool
    sentence: str
    result: TradeDifference | None


class LanguageApi(Controller):
    """The language: checks, completion, looks."""

    path = "/language"
    tags = ["language"]
    opt = VIEWERS

    @post(
        "/check", status_code=200, request_max_body_size=LARGEST, summary="What is wrong in a text"
    )
    async def check(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports], data: JSONBody[Text]
    ) -> Response[dict[str, Any]]:
        """The findings of the command line, with fixes; `thorough` adds the proofs.

        Of one `editor` the newest text is looked at: 409 for one before it that still waited.
        503 with Retry-After where too many wait.
        """
        asker = Asker(who(request).name, data.editor)
        asked = ports.checks.check(data.text, thorough=data.thorough, asker=asker)
        try:
            async with asyncio.timeout(PATIENCE):
                checked = await asyncio.shield(asyncio.wrap_future(asked))
        except TimeoutError:
            raise TooBusy(
                f"checking this text takes more than {PATIENCE:g} seconds", "ask again for it"
            ) from None
        return Response(told(checked))

    @post(
        "/tidy",
        sync_to_thread=True,
        status_code=200,
        request_max_body_size=LARGEST,
        summary="A text in its usual looks",
    )
    def tidy(self, data: JSONBody[Text]) -> dict[str, str]:
        """Only blanks change; what cannot be read comes back as it was."""
        return {"text": tidied(data.text)}

    @post(
        "/parameter",
        sync_to_thread=True,
        status_code=200,
        request_max_body_size=LARGEST,
        summary="A text with another value of a parameter",
    )
    def turn(self, data: JSONBody[Turn]) -> Turned:
        """Only the value's characters change. 422 where that cannot be, 404 for no such name."""
        change = turned(data.text, data.name, data.side, data.value, data.unit)
        return Turned(applied(data.text, change), change)

    @post(
        "/parameters",
        status_code=200,
        request_max_body_size=LARGEST,
        summary="The parameters of a text",
    )
    async def dials(self, ports: NamedDependency[Ports], data: JSONBody[Text]) -> list[Dial]:
        """Empty where the text does not compile."""
        checked: Checked = await asyncio.wrap_future(ports.checks.check(data.text))
        return list(checked.dials)

    @get("/vocabulary", sync_to_thread=True, summary="Keys, names, functions, units and codes")
    def words(self) -> Response[dict[str, Any]]:
        """What completion and hover are made of."""
        from adapters.workshop.vocabulary import vocabulary  # noqa: PLC0415 - reads many modules

        return Response(dict(vocabulary()), headers={"cache-control": "private, max-age=600"})


class StrategiesApi(Controller):
    """Strategies and their versions."""

    path = "/strategies"
    tags = ["strategies"]

    @get("/", sync_to_thread=True, summary="Every strategy, by name")
    def all(self, ports: NamedDependency[Ports]) -> list[Strategy]:
        """The files of the folder."""
        return [
            Strategy(
                one.name,
                one.doc,
                one.extends,
                one.latest.number,
                one.latest.who,
                one.latest.at,
                one.draft,
                one.is_live,
            )
            for one in ports.strategies.all()
        ]

    @post("/", sync_to_thread=True, request_max_body_size=LARGEST, summary="A new strategy")
    def create(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports], data: JSONBody[New]
    ) -> Version:
        """409 where the name is taken, 422 where it cannot be one."""
        text = data.text
        if not text:
            if data.template not in TEMPLATES:
                raise NotFound(f"there is no template {data.template[:40]!r}")
            text = renamed(TEMPLATES[data.template].text, data.name)
        return ports.strategies.create(data.name, text, who(request).name, data.why)

    @get("/{name:str}", sync_to_thread=True, summary="The newest text of a strategy")
    def open(self, ports: NamedDependency[Ports], name: FromPath[str]) -> Whole:
        """A draft where one waits: `in_file` is the version that the file holds."""
        found = ports.strategies.open(name)
        head = found.head
        return Whole(
            name, head.text, head.number, head.is_draft, found.in_file.number, found.is_live
        )

    @put(
        "/{name:str}", sync_to_thread=True, request_max_body_size=LARGEST, summary="Save a strategy"
    )
    def save(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: JSONBody[Save],
    ) -> Version:
        """A new version; 409 where somebody saved since `base`, with nothing changed."""
        return ports.strategies.save(name, data.text, data.base, who(request).name, data.why)

    @get("/{name:str}/versions", sync_to_thread=True, summary="The versions, newest first")
    def versions(self, ports: NamedDependency[Ports], name: FromPath[str]) -> list[Version]:
        """Who, when, why, and the text."""
        return ports.strategies.versions(name)

    @get("/{name:str}/versions/{number:int}", sync_to_thread=True, summary="One version")
    def version(
        self, ports: NamedDependency[Ports], name: FromPath[str], number: FromPath[int]
    ) -> Version:
        """Its text, and who made it."""
        return ports.strategies.version(name, number)

    @get(
        "/{name:str}/versions/{number:int}/difference",
        sync_to_thread=True,
        summary="What a version changed",
    )
    def difference(
        self,
        ports: NamedDependency[Ports],
        name: FromPath[str],
        number: FromPath[int],
        against: FromQuery[Number | None] = None,
    ) -> TextDifference:
        """Against the one before, or `against`."""
        after = ports.strategies.version(name, number)
        other = against or number - 1
        before = ports.strategies.version(name, other).text if other else ""
        return text_difference(before, after.text)

    @post(
        "/{name:str}/versions/{number:int}/restore",
        sync_to_thread=True,
        summary="An older text as the newest version",
    )
    def restore(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        number: FromPath[int],
        data: JSONBody[Base],
    ) -> Version:
        """409 where somebody saved since `base`."""
        return ports.strategies.restore(name, number, data.base, who(request).name)

    @post(
        "/{name:str}/versions/{number:int}/switch",
        sync_to_thread=True,
        summary="Put a draft into the file",
    )
    def switch(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        number: FromPath[int],
    ) -> Version:
        """409 where it is not the draft that waits."""
        return ports.strategies.switch(name, number, who(request).name)

    @post(
        "/{name:str}/trials",
        sync_to_thread=True,
        status_code=202,
        opt=VIEWERS,
        request_max_body_size=LARGEST,
        summary="Compare the trades of two versions",
    )
    def begin(
        self, ports: NamedDependency[Ports], name: FromPath[str], data: JSONBody[Compare]
    ) -> Trial:
        """Runs both on the same bars, beside the page; ask for the trial until it is over."""
        before = ports.strategies.version(name, data.against).text
        after = data.text
        if data.version is not None:
            after = ports.strategies.version(name, data.version).text
        return _trial(ports.trials.begin(before, after, data.data, data.first, data.last))

    @get("/{name:str}/trials/{trial:str}", sync_to_thread=True, summary="How far a comparison is")
    def trial(
        self, ports: NamedDependency[Ports], name: FromPath[str], trial: FromPath[str]
    ) -> Trial:
        """404 for one that is no longer kept."""
        ports.strategies.open(name)
        return _trial(ports.trials.trial(trial))

    @delete(
        "/{name:str}/trials/{trial:str}", sync_to_thread=True, opt=VIEWERS, summary="Stop comparing"
    )
    def cancel(
        self, ports: NamedDependency[Ports], name: FromPath[str], trial: FromPath[str]
    ) -> None:
        """What was found so far is not kept."""
        ports.strategies.open(name)
        ports.trials.cancel(trial)


def _trial(of: Trying) -> Trial:
    sentence = of.result.sentence if of.result else ""
    return Trial(of.id, of.progress, of.message, of.remedy, of.is_over, sentence, of.result)
