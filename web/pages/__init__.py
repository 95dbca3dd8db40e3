"""The pages, one module each. A room adds its controllers here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from web.pages.about import AboutPage
from web.pages.account import AccountPage
from web.pages.health import HealthPage, metrics
from web.pages.home import home
from web.pages.live import LivePage
from web.pages.login import LoginPage
from web.pages.people import PeoplePage
from web.pages.runs import RunPages
from web.pages.strategies import StrategiesPage
from web.pages.versions import TrialsPage, VersionsPage
from web.pages.why import WhyPage

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

CONTROLLERS: Final[list[ControllerRouterHandler]] = [
    home,
    LoginPage,
    StrategiesPage,
    VersionsPage,
    TrialsPage,
    LivePage,
    PeoplePage,
    RunPages,
    WhyPage,
    AccountPage,
    HealthPage,
    metrics,
    AboutPage,
]
