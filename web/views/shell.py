"""What every page has around it: where one can go, who is signed in, the looks that were chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from litestar import Request

THEMES: Final = ("light", "dark")
THEME_COOKIE: Final = "engine_theme"


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation."""

    name: str
    path: str


PLACES: Final = (
    Place("Strategies", "/strategies"),
    Place("Runs", "/runs"),
    Place("Live", "/live"),
    Place("Health", "/health"),
)


def shell(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The context of `base.html`."""
    theme = request.cookies.get(THEME_COOKIE, "")
    path = request.url.path
    return {
        "places": PLACES,
        "here": next((place for place in PLACES if _is_in(path, place.path)), None),
        "person": request.scope.get("user"),
        "theme": theme if theme in THEMES else "",
    }


def _is_in(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
