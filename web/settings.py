"""How the page was asked to run. Flags first, then ENGINE_WEB_*, then what is said here."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, fields
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dsl.folders import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from ipaddress import IPv4Network, IPv6Network

PREFIX: Final = "ENGINE_WEB_"
_TRUE: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_HOST: Final = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?")


class BadSettings(ValueError):
    """A setting that cannot be: the message names it and the way out."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the page is told when it starts; never a password.

    `folder` holds what the workshop keeps, `strategies` the files people edit, `data` what runs
    use where nobody chose; `journal` is the live journal (a path or an address) and `socket` where
    its engine listens, empty: those of the paper account. `trusted_proxies` are addresses and
    networks whose X-Forwarded-For is believed.
    """

    folder: Path
    strategies: Path
    host: str = "127.0.0.1"
    port: int = 8765
    data: str = "sample"
    journal: str = ""
    socket: str = ""
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    secure_cookie: bool = False
    session_hours: float = 12.0

    def __post_init__(self) -> None:
        """Refuse what cannot be. Raises `BadSettings`."""
        if not 0 <= self.port <= 65_535:
            raise BadSettings(f"port {self.port} is none: give one from 0 to 65535")
        if not 0 < self.session_hours <= 24 * 31:
            raise BadSettings(
                f"session_hours {self.session_hours:g}: give more than 0 and 744 at most"
            )
        for host in self.allowed_hosts:
            if not _HOST.fullmatch(host):
                raise BadSettings(f"allowed host {host!r} is no name: write one such as desk.lan")
        for proxy in self.trusted_proxies:
            if _network(proxy) is None:
                raise BadSettings(
                    f"trusted proxy {proxy!r} is no address: write 127.0.0.1 or 10.0.0.0/8"
                )

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the proxies that are trusted."""
        return tuple(filter(None, map(_network, self.trusted_proxies)))

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine can reach the page."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def cookie(self) -> str:
        """The name of the cookie: of its own for each workshop, as cookies know no ports."""
        name = "engine_" + hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:8]
        return f"__Host-{name}" if self.secure_cookie else name


def _network(word: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(word, strict=False)
    except ValueError:
        return None


def settings_of(given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of what was given (None: was not) and the environment. Raises `BadSettings`."""
    told = {name: value for name, value in given.items() if value is not None}
    for field in fields(Settings):
        word = environment.get(PREFIX + field.name.upper())
        if word and field.name not in told:
            told[field.name] = _read(field.name, word)
    told.setdefault("folder", state_folder() / "workshop")
    told.setdefault("strategies", Path("strategies"))
    return Settings(**told)


def _read(name: str, word: str) -> Any:
    try:
        return _READ.get(name, str)(word)
    except (ValueError, KeyError):
        raise BadSettings(f"{PREFIX}{name.upper()}={word!r} cannot be read") from None


def _listed(word: str) -> tuple[str, ...]:
    return tuple(filter(None, word.replace(",", " ").split()))


_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "folder": Path,
    "strategies": Path,
    "port": int,
    "session_hours": float,
    "secure_cookie": lambda word: _TRUE[word.lower()],
    "allowed_hosts": _listed,
    "trusted_proxies": _listed,
}
