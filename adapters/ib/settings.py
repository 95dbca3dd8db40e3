"""Where the gateway is and how it is talked to."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.ib.contracts import Roll
from adapters.ib.feed import Manner
from adapters.ib.line import FIRST_REQUEST
from adapters.ib.pacing import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the gateway is and how it is talked to.

    `client` is fixed for an account, for only the client that sent an order can withdraw it; 0 is
    kept for people. `account` may be left out where the login has one. `timeout` is in
    seconds, for each question. `messages`: requests a second at most, 0 for a simulated gateway.
    `zone` is the time zone of the gateway's login, for times it writes without one; empty: that is
    found out where it can be (`times.login_of`). `reads_only`: no order is ever sent, so a
    read-only gateway will do. `library`: ib_insync or ib_async, empty
    for the one that is installed.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    client: int = 17
    account: str = ""
    timeout: float = 10.0
    messages: int = 45
    zone: str = ""
    reads_only: bool = False
    library: str = ""
    limits: Limits = field(default_factory=Limits)
    roll: Roll = field(default_factory=Roll)
    manner: Manner = field(default_factory=Manner)

    def __post_init__(self) -> None:
        """Refuse a client id that is not a program's."""
        if not 0 < self.client < FIRST_REQUEST:
            raise ValueError(f"the client id must be above 0, not {self.client}: 0 is for people")
