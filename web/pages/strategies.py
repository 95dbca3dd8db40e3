"""The list of strategies, the editor, and saving."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody

from adapters.workshop.differences import text_difference
from adapters.workshop.errors import BadInput, Conflict, NoRoom, NotFound, WorkshopError
from adapters.workshop.templates import TEMPLATES, renamed
from adapters.workshop.tidying import tidied
from adapters.workshop.versions import NewerVersion, entry_of
from web.ports import Ports
from web.rendering import page
from web.security.guards import VIEWERS
from web.views.strategies import Desk, Listed, listed

if TYPE_CHECKING:
    from adapters.workshop.checked import Checked
    from adapters.workshop.people import Person

LARGEST: Final = 2_000_000
"""Bytes of a form with a text: more than a strategy may have, so that the answer can say so."""

PATIENCE: Final = 10.0
"""Seconds that a page waits for what is to be said of its text."""

GLANCE: Final = 0.3
"""Seconds that the list waits for findings; it asks again for those that take longer."""

MOMENT: Final = 1.0
"""Seconds that the editor waits for findings before it opens; then it asks for them itself."""

SAID: Final = {
    "saved": "Saved as version {number}.",
    "drafted": "Kept as draft version {number}: the file is being traded and stays as it is.",
    "same": "Nothing was changed since version {number}.",
    "switched": "Version {number} is in the file. What trades goes on as it was until it is "
    "started again.",
    "restored": "The text of the older version is now version {number}.",
    "created": "Created. This is version {number}.",
}


@dataclass(frozen=True, slots=True)
class Text:
    """The form of the editor. `base` is the version that the text was made from."""

    text: str = ""
    base: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The form of a new strategy: from a template, or as a copy or variant of another."""

    name: str = ""
    source: str = "template:plain"
    of: str = ""


class StrategiesPage(Controller):
    """Strategies."""

    path = "/strategies"

    @get("/")
    async def show(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]
    ) -> Response[str]:
        """The list."""
        ports.checks.warm()
        entries = await asyncio.to_thread(ports.strategies.all)
        checks = {entry.name: _thorough(ports, entry.text) for entry in entries}
        if checks:
            await asyncio.wait(checks.values(), timeout=GLANCE)
        known = {name: _result(check) for name, check in checks.items()}
        runs = await asyncio.to_thread(
            lambda: {entry.name: ports.runs.last(entry.name) for entry in entries}
        )
        answer = partial(page, request, "strategies/list.html", rows=listed(entries, known, runs))
        return await asyncio.to_thread(answer)

    @get("/-/new", sync_to_thread=True)
    def begin(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        of: FromQuery[str] = "",
    ) -> Response[str]:
        """The form of a new one."""
        return _beginning(request, ports, Beginning("", "copy" if of else "template:plain", of))

    @post("/-/new", sync_to_thread=True)
    def create(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        data: URLEncodedBody[Beginning],
    ) -> Response[str]:
        """A new strategy, or the form again."""
        try:
            text, why = _begun(ports, data)
            version = ports.strategies.create(data.name, text, who(request).name, why)
        except (BadInput, Conflict) as wrong:
            return _beginning(request, ports, data, wrong)
        return on(version.strategy, "created", version.number)

    @get("/{name:str}")
    async def edit(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        said: FromQuery[str] = "",
    ) -> Response[str]:
        """The editor."""
        ports.checks.warm()
        opened = await asyncio.to_thread(ports.strategies.open, name)
        word, _, number = said.partition(".")
        words = SAID.get(word, "").format(number=number if number.isdigit() else "")
        desk = Desk(opened, opened.head.text, opened.head.number, None, words)
        return await _desk(request, ports, desk, patience=MOMENT)

    @get("/{name:str}/verdict")
    async def verdict(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
    ) -> Response[str]:
        """The findings of a row of the list; the fragment asks again for those not known yet."""
        opened = await asyncio.to_thread(ports.strategies.open, name)
        check = _thorough(ports, opened.in_file.text)
        await asyncio.wait([check], timeout=PATIENCE)
        row = Listed(entry_of(opened), _result(check), None, 0)
        return await asyncio.to_thread(page, request, "strategies/verdict.html", row=row)

    @post("/{name:str}", request_max_body_size=LARGEST)
    async def save(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: URLEncodedBody[Text],
    ) -> Response[str]:
        """A new version, or why not, with the text still there."""
        keep = partial(
            ports.strategies.save, name, data.text, data.base, who(request).name, data.why
        )
        try:
            before = (await asyncio.to_thread(ports.strategies.open, name)).head.number
            version = await asyncio.to_thread(keep)
        except NewerVersion as newer:
            return await _conflict(request, ports, name, data, newer)
        except NotFound:
            raise
        except WorkshopError as wrong:
            return await _again(request, ports, name, data, wrong)
        word = "drafted" if version.is_draft else "saved"
        return on(name, word if version.number != before else "same", version.number)

    @post("/{name:str}/check", opt=VIEWERS, request_max_body_size=LARGEST)
    async def check(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: URLEncodedBody[Text],
    ) -> Response[str]:
        """The editor with another text and what is to be said about it: without JavaScript."""
        opened = await asyncio.to_thread(ports.strategies.open, name)
        desk = Desk(opened, data.text, data.base or opened.head.number, None, why=data.why)
        return await _desk(request, ports, desk)

    @post("/{name:str}/tidy", opt=VIEWERS, request_max_body_size=LARGEST)
    async def tidy(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: URLEncodedBody[Text],
    ) -> Response[str]:
        """The editor with the text in its usual looks: without JavaScript."""
        opened = await asyncio.to_thread(ports.strategies.open, name)
        text = await asyncio.to_thread(tidied, data.text.replace("\r\n", "\n"))
        desk = Desk(opened, text, data.base or opened.head.number, None, why=data.why)
        return await _desk(request, ports, desk)

    @post("/{name:str}/beside", opt=VIEWERS, request_max_body_size=LARGEST)
    async def beside(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: URLEncodedBody[Text],
    ) -> Response[str]:
        """The diagram and the parameters of a text, as a fragment."""
        opened = await asyncio.to_thread(ports.strategies.open, name)
        desk = Desk(opened, data.text, data.base, await _prompt(ports, data.text))
        return await asyncio.to_thread(page, request, "strategies/beside.html", desk=desk)

    @post("/{name:str}/difference", opt=VIEWERS, request_max_body_size=LARGEST)
    async def difference(
        self,
        request: Request[Any, Any, Any],
        ports: NamedDependency[Ports],
        name: FromPath[str],
        data: URLEncodedBody[Text],
    ) -> Response[str]:
        """What a text changes against the version it was made from, as a fragment."""
        base = await asyncio.to_thread(ports.strategies.version, name, data.base)
        text = data.text.replace("\r\n", "\n")
        found = await asyncio.to_thread(text_difference, base.text, text)
        answer = partial(page, request, "strategies/difference.html")
        return await asyncio.to_thread(answer, difference=found, base=base, name=name)


# --- answers --------------------------------------------------------------------------------


async def _desk(
    request: Request[Any, Any, Any],
    ports: Ports,
    desk: Desk,
    status: int = 200,
    patience: float = PATIENCE,
) -> Response[str]:
    desk = replace(desk, checked=await _prompt(ports, desk.text, patience))
    answer = partial(page, request, "strategies/editor.html", status=status, desk=desk)
    return await asyncio.to_thread(answer)


async def _again(
    request: Request[Any, Any, Any], ports: Ports, name: str, data: Text, wrong: WorkshopError
) -> Response[str]:
    """The editor with the text that could not be saved."""
    opened = await asyncio.to_thread(ports.strategies.open, name)
    desk = Desk(opened, data.text, data.base, None, "", str(wrong), wrong.remedy, data.why)
    status = 507 if isinstance(wrong, NoRoom) else 409 if isinstance(wrong, Conflict) else 422
    return await _desk(request, ports, desk, status)


async def _conflict(
    request: Request[Any, Any, Any], ports: Ports, name: str, data: Text, newer: NewerVersion
) -> Response[str]:
    """Both differences, and the two texts to put together by hand."""
    mine = data.text.replace("\r\n", "\n")
    opened = await asyncio.to_thread(ports.strategies.open, name)
    answer = partial(
        page,
        request,
        "strategies/conflict.html",
        status=409,
        opened=opened,
        newer=newer,
        mine=mine,
        why=data.why,
        theirs_changed=text_difference(newer.base.text, newer.theirs.text),
        mine_changed=text_difference(newer.base.text, mine),
    )
    return await asyncio.to_thread(answer)


def _beginning(
    request: Request[Any, Any, Any],
    ports: Ports,
    data: Beginning,
    wrong: WorkshopError | None = None,
) -> Response[str]:
    return page(
        request,
        "strategies/new.html",
        status=200 if wrong is None else 409 if isinstance(wrong, Conflict) else 422,
        data=data,
        templates=TEMPLATES.values(),
        entries=ports.strategies.all(),
        wrong=wrong,
    )


def _begun(ports: Ports, data: Beginning) -> tuple[str, str]:
    """The text that a new strategy begins with, and why. Raises `BadInput`, `NotFound`."""
    kind, _, source = data.source.partition(":")
    of = data.of
    name = data.name.strip()
    if kind == "template" and source in TEMPLATES:
        return renamed(TEMPLATES[source].text, name), f"from the template {source}"
    if kind == "copy":
        return renamed(ports.strategies.open(of).in_file.text, name), f"a copy of {of}"
    if kind == "variant":
        parent = ports.strategies.open(of).name
        words = (
            "lang: 1",
            f"strategy: {name}",
            f'doc: "{parent}, but for what is written here."',
            f"extends: {parent}.yaml",
            "# every key written here goes over that of the file above; the others stay",
        )
        return "\n".join((*words, "")), f"a variant of {parent}"
    raise BadInput("choose what it begins with", "a template or another strategy", field="source")


def on(name: str, word: str, number: int) -> Response[str]:
    """To the editor, which says what was done: a word of `SAID`."""
    return Response(
        "", status_code=303, headers={"location": f"/strategies/{name}?said={word}.{number}"}
    )


def who(request: Request[Any, Any, Any]) -> Person:
    """The person who asks."""
    person: Person = request.scope["user"]
    return person


async def _prompt(ports: Ports, text: str, patience: float = PATIENCE) -> Checked | None:
    """What is to be said at once; None where that takes too long."""
    check = asyncio.wrap_future(ports.checks.check(text.replace("\r\n", "\n")))
    try:
        async with asyncio.timeout(patience):
            return await asyncio.shield(check)
    except TimeoutError:
        return None


def _thorough(ports: Ports, text: str) -> asyncio.Future[Checked]:
    return asyncio.wrap_future(ports.checks.check(text, thorough=True))


def _result(check: asyncio.Future[Checked]) -> Checked | None:
    if not check.done() or check.cancelled() or check.exception() is not None:
        return None
    return check.result()
