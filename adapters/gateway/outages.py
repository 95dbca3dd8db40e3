"""Parts that are down for a while: the link to IB, a data farm, the gateway itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapters.gateway.gateway import Gateway

_LOST: Final = "Connectivity between IBKR and Trader Workstation has been lost."
_RESTORED: Final = "Connectivity between IBKR and Trader Workstation has been restored"
_DATA_KEPT: Final = (1102, f"{_RESTORED} - data maintained.")
_DATA_LOST: Final = (1101, f"{_RESTORED} - data lost.")


class Outages:
    """Which parts are down, and until when."""

    def __init__(self, gateway: Gateway) -> None:
        """Everything is up."""
        self._gateway = gateway
        self._until: dict[str, float] = {}

    def is_down(self, part: str) -> bool:
        """Whether a part is down now."""
        return bool(self._until) and self._gateway.now < self._until.get(part, 0.0)

    def begin(
        self, part: str, seconds: float, before: tuple[int, str], after: tuple[int, str]
    ) -> None:
        """One notice, some part down for a while, another notice."""
        gateway = self._gateway
        self._until[part] = max(self._until.get(part, 0.0), gateway.now + seconds)
        gateway.notice(*before)

        def over() -> None:
            if not self.is_down(part):
                gateway.stir()
                if after == _DATA_LOST:
                    for session in gateway.lines:
                        session.subscriptions.clear()
                gateway.notice(*after)

        gateway.at(gateway.now + seconds, over)

    def lose_link(self, seconds: float, *, code: int = 1100, data_kept: bool = True) -> None:
        """IB cannot be reached for a while; `data_kept`: subscriptions live on afterwards."""
        self.begin("link", seconds, (code, _LOST), _DATA_KEPT if data_kept else _DATA_LOST)

    def restart(self, seconds: float, *, rollback: bool = False) -> None:
        """Close every connection and refuse new ones for a while; `rollback`: ids begin anew."""
        gateway = self._gateway
        self._until["restart"] = gateway.now + seconds
        for session in gateway.lines:
            session.close()
        if rollback:
            gateway.next_id = 1
            gateway.exchange.forget_ids()
        gateway.at(gateway.now + seconds, lambda: None)
