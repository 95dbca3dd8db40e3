"""The JSON API: what the pages do, for programs. A room adds its controllers here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from web.api.charts import ChartsApi
from web.api.health import HealthApi
from web.api.live import LiveApi
from web.api.people import DeedsApi, OwnApi, PeopleApi
from web.api.runs import RunsApi
from web.api.schema import schema
from web.api.strategies import LanguageApi, StrategiesApi
from web.api.why import WhyApi

if TYPE_CHECKING:
    from litestar.types import ControllerRouterHandler

CONTROLLERS: Final[list[ControllerRouterHandler]] = [
    schema,
    RunsApi,
    ChartsApi,
    WhyApi,
    OwnApi,
    PeopleApi,
    DeedsApi,
    HealthApi,
    LiveApi,
    LanguageApi,
    StrategiesApi,
]
