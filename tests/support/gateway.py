"""Gateways for tests, and a client that speaks the protocol by hand: no library, no loop."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from adapters.calendars import ExchangeCalendars
from adapters.gateway.config import Config
from adapters.gateway.gateway import Gateway
from adapters.gateway.session import Line, Session
from adapters.gateway.wire import Frames, encode
from tests.support.bars import bars_from_rows, minute_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.domain.market import Market

FIRST = minute_of("2026-01-06 15:00")
"""A Tuesday, 09:00 in Chicago: regular hours."""

CALENDARS = ExchangeCalendars()


def flat_market(count: int = 30, price: int = 100_000, first: int = FIRST) -> Market:
    """Bars a tick or four high, that go nowhere."""
    return bars_from_rows(
        (first + k, price, price + 4, price - 4, price, 100 + k) for k in range(count)
    )


def market_of(*bars: Sequence[int], before: int = 5, first: int = FIRST) -> Market:
    """Some quiet bars, then these (open, high, low, close), a minute each."""
    quiet = [(bars[0][0],) * 4] * before
    rows = [(first + k, *prices, 100) for k, prices in enumerate([*quiet, *bars])]
    return bars_from_rows(rows)


def gateway_of(market: Market, *, played: int = 0, **changes: Any) -> Gateway:
    """A gateway that begins with the bar of row `played`."""
    begins = float(int(market.minute[played]) * 60)
    return Gateway(Config((market,), begins=begins, **changes), CALENDARS)


class Client:
    """Says what it is told to say, and keeps what it hears as fields."""

    def __init__(self, gateway: Gateway, client: int = 1, version: int = 178) -> None:
        """Connected, greeted, started."""
        self.gateway = gateway
        self.heard: list[tuple[str, ...]] = []
        self.raw = b""
        self.closed = False
        self._frames = Frames()
        self.session = Session(gateway, Line(self._hear, self._close))
        gateway.connect(self.session)
        self.session.feed(b"API\0" + frame_of(f"v100..{version}".encode()))
        self.version = self.session.version
        self.send(71, 2, client, "")

    def _hear(self, data: bytes) -> None:
        self.raw += data
        self._frames.feed(data)
        for body in self._frames:
            self.heard.append(tuple(body.decode("utf-8", "replace").split("\0")[:-1]))

    def _close(self) -> None:
        self.closed = True

    def send(self, *fields: object) -> None:
        """One request."""
        written = [int(one) if isinstance(one, bool) else one for one in fields]
        self.session.feed(encode(["" if one is None else str(one) for one in written]))

    def of(self, number: int) -> list[tuple[str, ...]]:
        """Every message of a kind that was heard."""
        return [fields for fields in self.heard if fields[0] == str(number)]

    def errors(self, code: int | None = None) -> list[tuple[int, int]]:
        """What errors were about, and their codes."""
        found = [(int(fields[2]), int(fields[3])) for fields in self.of(4)]
        return [one for one in found if code in (None, one[1])]

    def statuses(self, order: int) -> list[str]:
        """The statuses an order went through, each once in a row."""
        told = [fields[2] for fields in self.of(3) if fields[1] == str(order)]
        return [one for k, one in enumerate(told) if k == 0 or told[k - 1] != one]

    def place(self, number: int, action: str, quantity: object, kind: str, **words: object) -> None:
        """An order for the front future."""
        self.send(
            *order_fields(self.gateway, self.version, number, action, quantity, kind, **words)
        )

    def bracket(
        self,
        number: int,
        action: str,
        quantity: int,
        *,
        stop: float,
        target: float,
        **entry: object,
    ) -> None:
        """An entry with stop and target: orders `number`, `number + 1` (target), `+ 2` (stop)."""
        away = "SELL" if action == "BUY" else "BUY"
        kind = "LMT" if "limit" in entry else "STP" if "stop_price" in entry else "MKT"
        aux = entry.pop("stop_price", None)
        common: dict[str, object] = {"tif": "GTC", "outside": True}
        self.place(
            number, action, quantity, kind, aux=aux, transmit=False, ref="E", **common, **entry
        )
        self.place(
            number + 1, away, quantity, "LMT", limit=target, parent=number, transmit=False,
            ref="T", **common,
        )  # fmt: skip
        self.place(number + 2, away, quantity, "STP", aux=stop, parent=number, ref="S", **common)

    def history(self, about: int = 900, *, keep: bool = True, **words: str) -> None:
        """The last hour in minutes, and what follows."""
        self.send(
            20, about, *contract_fields(self.gateway), 0, words.get("end", ""),
            words.get("size", "1 min"), words.get("span", "3600 S"), 0,
            words.get("what", "TRADES"), 2, keep, "",
        )  # fmt: skip


def frame_of(body: bytes) -> bytes:
    """A body behind its length."""
    return struct.pack(">I", len(body)) + body


def contract_fields(gateway: Gateway) -> list[object]:
    """The twelve fields of the front future."""
    name = next(iter(gateway.tapes))
    one = gateway.catalogue.front(name, gateway.today())
    assert one is not None
    return [
        one.con_id, one.symbol, one.kind, one.expiry, 0.0, "", one.multiplier, one.exchange,
        "", one.currency, one.local, one.trading_class,
    ]  # fmt: skip


def order_fields(
    gateway: Gateway,
    version: int,
    number: int,
    action: str,
    quantity: object,
    kind: str,
    **words: object,
) -> list[object]:
    """PlaceOrder as the libraries write it: 115 fields at version 176."""
    ask = words.get
    empty = [""]
    fields = [
        3, number, *contract_fields(gateway), "", "", action, quantity, kind, ask("limit"),
        ask("aux"), ask("tif", "DAY"), ask("oca", ""), ask("account", ""), "", 0, ask("ref", ""),
        ask("transmit", True), ask("parent", 0), 0, 0, 0, 0, ask("outside", False), 0,
        "", 0, "", ask("good_till", ""), "", "", "", *([] if version >= 177 else empty),
        "", 0, "", -1, ask("oca_type", 0), "", "", 0, "", "", 0, 0, "", 0, *empty * 5, 0, "", "",
        "", "", 0, "", ask("trail", ""), ask("percent", ""), "", "", "", "", "", "", "",
        0, "", "", 0, 0, "", "", ask("what_if", False), "", 0, 0, 0, 0,
        "", "", "", "", "", "", 0, "", "", "", "", "", "", "", "", 0, 0, 0, 0,
    ]  # fmt: skip
    gates = ((158, [""]), (160, [""]), (162, [0]), (166, [""]), (169, [""]))
    return fields + [one for gate, more in gates if version >= gate for one in more]
