"""Health, for people and for machines."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, Final

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotAuthorizedException

from web.metrics import FORM
from web.ports import Ports
from web.rendering import is_fragment, page
from web.security.guards import PUBLIC
from web.security.hosts import is_ours
from web.views.engine import engine_view

FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
"""What a proxy adds: then the address is the proxy's and says nothing of who asks."""


class HealthPage(Controller):
    """How everything is."""

    path = "/health"

    @get("/", sync_to_thread=True)
    def show(self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]) -> Response[str]:
        """The page for people."""
        return page(
            request,
            "health/health.html",
            checks=ports.vitals.checks(),
            engine=engine_view(ports.live.status(), ports.live.rejects()),
            sets=ports.vitals.sets(),
            copies=ports.vitals.copies(),
            versions=ports.vitals.versions(),
        )

    @post("/backup", sync_to_thread=True)
    def back_up(
        self, request: Request[Any, Any, Any], ports: NamedDependency[Ports]
    ) -> Response[str]:
        """Copy the workshop now."""
        ports.vitals.back_up(request.scope["user"].name)
        if not is_fragment(request):
            return Response("", status_code=303, headers={"location": "/health"})
        return page(request, "health/copies.html", copies=ports.vitals.copies())

    @get("/live", opt=PUBLIC, sync_to_thread=False)
    def live(self) -> dict[str, str]:
        """This process answers."""
        return {"status": "ok"}

    @get("/ready", opt=PUBLIC, sync_to_thread=True)
    def ready(self, ports: NamedDependency[Ports]) -> Response[dict[str, Any]]:
        """Everything the page needs is there; 503 and what is not. Details are for who signs in."""
        checks = {check.name: check.is_ok for check in ports.vitals.checks()}
        is_ready = all(checks.values())
        told = {"status": "ok" if is_ready else "not ready", "checks": checks}
        return Response(told, status_code=200 if is_ready else 503)


@get("/metrics", opt=PUBLIC, sync_to_thread=True)
def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """For Prometheus on this machine, or with a token."""
    if request.scope.get("user") is None and not from_here(request):
        raise NotAuthorizedException("Ask from this machine, or with a token.")
    return Response(request.app.state.metrics.text(), headers={"content-type": FORM})


def from_here(request: Request[Any, Any, Any]) -> bool:
    """Whether a request comes from this machine itself, and not through a proxy on it."""
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    host = request.headers.get("host", "")
    try:
        is_near = ip_address(request.client.host).is_loopback
    except ValueError:
        return False
    return is_near and is_ours(host, frozenset({"localhost"}))
