"""Templates to bytes: one environment, the same for whole pages and for their fragments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from markupsafe import Markup

from web.security import csrf
from web.views.shell import shell
from web.views.times import clock, minute, moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar import Request

    from web.ports import Ports

HERE: Final = Path(__file__).parent
ASSETS: Final = HERE / "static" / "assets"


@dataclass(frozen=True, slots=True)
class Asset:
    """A built file: where it is served and what its bytes must hash to."""

    url: str
    integrity: str


def assets() -> Mapping[str, Asset]:
    """The built files by the name of their source, such as `base.js`."""
    manifest = ASSETS / "manifest.json"
    return _assets(manifest, manifest.stat().st_mtime_ns)


@lru_cache(1)
def _assets(file: Path, _changed: int) -> Mapping[str, Asset]:
    """As of one build: a page that is served goes on when the bundle is built anew."""
    manifest = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: Asset(f"/static/assets/{told['file']}", told["integrity"])
        for name, told in manifest.items()
    }


def script(name: str) -> Markup:
    """The element that loads a built script."""
    asset = assets()[name]
    words = '<script type="module" src="{}" integrity="{}"></script>'
    return Markup(words).format(asset.url, asset.integrity)  # noqa: S704 - our own words


def style(name: str) -> Markup:
    """The element that loads a built style sheet."""
    asset = assets()[name]
    words = '<link rel="stylesheet" href="{}" integrity="{}">'
    return Markup(words).format(asset.url, asset.integrity)  # noqa: S704 - our own words


@cache
def environment() -> Environment:
    """The templates. A name that a template misspells is an error, not an empty place."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(script=script, style=style)
    made.filters.update(clock=clock, moment=moment, minute=minute)
    return made


def is_fragment(request: Request[Any, Any, Any]) -> bool:
    """Whether htmx asks, for a part of a page."""
    return request.headers.get("hx-request") == "true"


def rendered(template: str, **context: Any) -> str:
    """A template as text, without the shell: for fragments and streams."""
    return environment().get_template(template).render(**context)


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """A whole page, or a fragment, with everything `base.html` needs.

    A browser where nobody is signed in gets the cookie that its forms go with.
    """
    ports: Ports = request.app.state.ports
    cookies, token = [], csrf.token_for(request, ports)
    if not token:
        fresh = csrf.fresh()
        token = csrf.token_of(ports, fresh)
        cookies = [kept(ports, csrf.before(ports), fresh)]
    text = rendered(template, **shell(request), csrf_token=token, **context)
    return Response(
        text,
        media_type=MediaType.HTML,
        status_code=status,
        headers=dict(headers or {}),
        cookies=cookies,
    )


def kept(ports: Ports, name: str, value: str, seconds: int | None = None) -> Cookie:
    """A cookie that no script reads and no other site sends with a change."""
    return Cookie(
        name,
        value=value,
        path="/",
        httponly=True,
        samesite="lax",
        secure=ports.settings.secure_cookie,
        max_age=seconds,
    )
