"""A page to ask: in this process (`client`), or as a process of its own (`site`) with a browser."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from httpx import Client
from litestar.testing import TestClient

from adapters.workshop import passwords
from adapters.workshop.checking import Checks
from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People, Role
from tests.web.hosting import SharedChecks, begun, laid_out, threaded
from tests.web.support import OPERATOR, PASSWORD, VIEWER, sign_in
from web import wiring
from web.app import Site, assembled
from web.wiring import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tests.web.hosting import Hosted, Served, Threaded
    from web.settings import Settings

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
)
PATIENCE = 30_000
"""Milliseconds that a browser waits for what must come; other things may be going on."""

EXPECTED = ("Failed to load resource", "Failed to fetch", "network error")
"""What a browser writes of requests that are refused, or that nobody answers."""


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hashes that take no time; how dear they are is written in each, so any can be checked."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - an extra

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: cheap)
        yield


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workshop with an operator and a viewer, to be copied: hashing passwords takes time."""
    folder = tmp_path_factory.mktemp("people") / "workshop"
    with Keeper(folder) as keeper:
        people = People(keeper)
        people.add("test", OPERATOR, Role.OPERATOR, PASSWORD)
        people.add("test", VIEWER, Role.VIEWER, PASSWORD)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _shared_checks() -> Iterator[None]:
    """The processes that check texts, started once for all the pages that this process serves."""
    with Checks(Path()) as own, pytest.MonkeyPatch.context() as patch:
        patch.setattr(SharedChecks, "processes", own._pools, raising=False)
        patch.setattr(wiring, "Checks", SharedChecks)
        yield


@pytest.fixture
def settings(tmp_path: Path, workshop: Path) -> Settings:
    """Of a workshop with an operator, a viewer and the shipped strategies."""
    return laid_out(tmp_path, workshop)


@pytest.fixture(scope="session")
def bare() -> Site:
    """The application, joined to nothing: to make its routes takes half a second."""
    return assembled()


@pytest.fixture
def application(bare: Site, settings: Settings) -> Iterator[Site]:
    """The application over a workshop of this test."""
    with opened(settings) as ports:
        bare.join(ports)
        yield bare


@pytest.fixture
def visitor(application: Site) -> Iterator[TestClient[Site]]:
    """A client that nobody has signed in on; it does not follow redirects."""
    with TestClient(application, base_url="http://127.0.0.1") as client:
        client.follow_redirects = False
        yield client


@pytest.fixture
def client(visitor: TestClient[Site]) -> TestClient[Site]:
    """A client on which the operator is signed in; its changes carry the page's token."""
    sign_in(visitor, OPERATOR)
    return visitor


@pytest.fixture
def another(visitor: TestClient[Site]) -> Client:
    """A second browser at the same page; nobody has signed in on it."""
    return Client(transport=visitor._transport, base_url="http://127.0.0.1")


@pytest.fixture(scope="session")
def serve(workshop: Path) -> Iterator[Callable[..., Served]]:
    """Starts `engine web` over a folder, with more words where a test has them."""
    started: list[Served] = []

    def start(folder: Path, *words: str) -> Served:
        started.append(begun(laid_out(folder, workshop), folder / "web.log", *words))
        return started[-1]

    yield start
    for served in started:
        served.clear()


@pytest.fixture(scope="session")
def host(workshop: Path) -> Iterator[Callable[..., Threaded]]:
    """Serves a folder from this process, with other settings where a test has them."""
    started: list[Threaded] = []

    def start(folder: Path, **words: Any) -> Threaded:
        started.append(threaded(replace(laid_out(folder, workshop), **words)))
        return started[-1]

    yield start
    for hosted in started:
        hosted.end()


@pytest.fixture(scope="session")
def site(host: Callable[..., Threaded], tmp_path_factory: pytest.TempPathFactory) -> Threaded:
    """One page for every test that leaves it as it was."""
    return host(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    if not CHROMIUM:
        pytest.skip("there is no Chromium here: apt-get install chromium to run these")
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as driver:
        playwright.expect.set_options(timeout=PATIENCE)
        made = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield made
        made.close()


@pytest.fixture(scope="session")
def sittings() -> dict[tuple[str, str], Any]:
    """What browsers kept of signing in, by page and role: once is enough for most tests."""
    return {}


@pytest.fixture
def page_as(
    browser: Browser, site: Hosted, sittings: dict[tuple[str, str], Any]
) -> Iterator[Callable[..., Page]]:
    """Opens a browser of its own, signed in as `operator`, `viewer`, or nobody (empty).

    `at`: another page than `site`; `fresh`: sign in anew, for who signs out. What the page writes
    to its console, but for refused requests, fails the test in the end.
    """
    contexts = []
    said: list[str] = []

    def opened(
        role: str = "operator", at: Hosted | None = None, *, fresh: bool = False, **words: Any
    ) -> Page:
        served = at or site
        options = {"viewport": {"width": 1280, "height": 900}, "base_url": served.address, **words}
        kept = None if fresh else sittings.get((served.address, role))
        context = browser.new_context(storage_state=kept, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        if role and kept is None:
            page.goto("/login")
            page.get_by_label("Name").fill({"operator": OPERATOR, "viewer": VIEWER}[role])
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda address: "/login" not in address)
            if not fresh:
                sittings[served.address, role] = context.storage_state()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [words for words in said if not any(one in words for one in EXPECTED)] == []
