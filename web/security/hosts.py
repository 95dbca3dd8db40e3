"""The names the page answers to."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from web.settings import Settings


def own_hosts(settings: Settings) -> frozenset[str]:
    """The names this page answers to; addresses need not be named (see `is_ours`)."""
    names = ("localhost", socket.gethostname(), *settings.allowed_hosts)
    return frozenset(name.lower().rstrip(".") for name in names)


def is_ours(header: str, names: frozenset[str]) -> bool:
    """Whether a Host header names us.

    An address always does: another site can bend a name of its own to our address (DNS
    rebinding), but not an address.
    """
    name, _, port = header.rpartition(":")
    host = name if port.isdigit() and name else header
    if host.lower().rstrip(".") in names:
        return True
    try:
        ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
