"""One connected client as a state machine: bytes in, bytes out, no socket and no clock.

What cannot be read is answered 320, what makes no sense 321 or its own code; nothing a client sends
raises. A carrier gives the bytes and writes what comes.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from adapters.gateway import answers, bookkeeping, inquiries, ordering
from adapters.gateway.orders import Order, Status
from adapters.gateway.outbox import Line, Outbox
from adapters.gateway.requests import Refused, invalid
from adapters.gateway.wire import HELLO, Frames, Malformed, Noise, Reader, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.gateway.gateway import Gateway
    from adapters.gateway.orders import Execution
    from adapters.gateway.subscriptions import Subscription
    from adapters.gateway.wire import Fields


__all__ = ["Line", "Session"]

_LOG: Final = logging.getLogger(__name__)

START_API: Final = 71
OLDEST: Final = 100
_READ_ONLY: Final = frozenset({3, 4, 5, 15, 16, 58, 99})


class Session(Outbox):
    """A client's connection. `feed` takes bytes; answers go to the line when they are complete."""

    def __init__(self, gateway: Gateway, line: Line) -> None:
        """Not greeted yet; `client` is -1 until the client says who it is."""
        super().__init__(gateway, line)
        self.version = 0
        self.subscriptions: dict[int, Subscription] = {}
        self.owes = False
        self._frames = Frames()
        self._greeted = False
        self._times_asked = 0
        self.inquiries = inquiries.Inquiries(self)
        self.ordering = ordering.Ordering(self)
        self.bookkeeping = bookkeeping.Bookkeeping(self)

    # --- bytes ------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take bytes from the client, in any pieces, and answer."""
        if not self.open:
            return
        self.gateway.refresh()
        self._frames.feed(data)
        try:
            if not self._greeted and not self._greet():
                return
            for body in self._frames:
                self._take(body)
                if not self._is_open():
                    return
        except Noise as noise:
            _LOG.debug("client %d sends noise: %s", self.client, noise)
            self.close()
        self.flush()

    def _is_open(self) -> bool:
        return self.open

    def _greet(self) -> bool:
        hello = self._frames.prefix(len(HELLO))
        if hello is None:
            return False
        self._greeted = True
        if hello != HELLO:
            raise Noise("it does not begin as a client does")
        return True

    def close(self, *, half: bool = False, silently: bool = False) -> None:
        """End the connection; `half`: in the middle of a frame; `silently`: unsent answers die."""
        if not self.open:
            return
        if half:
            self.send_raw(encode((3, 0, Status.SUBMITTED))[:9])
        if silently:
            self.drop()
        self.release()
        self.lost()
        self._line.close()

    def lost(self) -> None:
        """The connection is gone."""
        self.open = False
        self.subscriptions.clear()
        self.gateway.left(self)

    # --- requests ---------------------------------------------------------------------------

    def _take(self, body: bytes) -> None:
        text = body.decode("utf-8", "replace")
        self.gateway.wire.note("<", self.client, body)
        if not self.version:
            self._agree(text)
            return
        fields = text.split("\0")[:-1]
        about = -1
        try:
            number = Reader(fields).whole()
            about = _about(fields)
            self._answer(number, self._handler(number), Reader(fields, 1), about)
        except Malformed as bad:
            self.error(about, 320, f"Server error when reading an API client request. {bad}")
        except Refused as refused:
            self.error(about, refused.code, refused.text)

    def _agree(self, text: str) -> None:
        """Settle on a version: the newest both know."""
        span = text.removeprefix("v").split(" ")[0].split("..")
        if not all(one.isascii() and one.isdigit() and len(one) < 5 for one in span):
            raise Noise("no versions")
        newest = min(int(span[-1]), self.gateway.config.version)
        if newest < max(int(span[0]), OLDEST):
            raise Noise("no version in common")
        self.version = newest
        self.send((self.version, self.gateway.config.clock.greeting(self.gateway.now)))

    def _handler(self, number: int) -> Callable[[Reader], None]:
        """What answers a request."""
        if self.client < 0 and number != START_API:
            raise Malformed("the API was not started: send START_API first")
        if number in _OWN:
            return partial(_OWN[number], self)
        if number in inquiries.HANDLERS:
            return partial(inquiries.HANDLERS[number], self.inquiries)
        if number in ordering.HANDLERS:
            return partial(ordering.HANDLERS[number], self.ordering)
        if number in bookkeeping.HANDLERS:
            return partial(bookkeeping.HANDLERS[number], self.bookkeeping)
        raise Malformed(f"there is no request {number}")

    def _answer(
        self, number: int, handler: Callable[[Reader], None], read: Reader, about: int
    ) -> None:
        gateway = self.gateway
        silence = _SILENCES.get(number)
        if silence and gateway.hit(silence) is not None:
            return
        if number in _READ_ONLY and gateway.hit("read-only") is not None:
            words = "The API interface is currently in Read-Only mode."
            raise invalid(words)
        if number not in (49, 71) and gateway.hit("too-fast") is not None:
            self.error(about, 100, "Max rate of messages per second has been exceeded:max=50")
            return
        handler(read)

    def error(self, about: int, code: int, text: str) -> None:
        """A notice, warning or error."""
        self.send(answers.error(self.version, about, code, text))

    def start_api(self, read: Reader) -> None:
        """Who the client is: its id must be free."""
        read.skip(1)
        client = read.whole()
        read.text()
        if self.client >= 0:
            raise invalid("The API was started already")
        taken = client in self.gateway.sessions
        if taken or client < 0 or self.gateway.hit("client-id-in-use") is not None:
            words = "Unable to connect as the client id is already in use."
            self.error(-1, 326, f"{words} Retry with a unique client id.")
            self.close()
            return
        self.client = client
        self.gateway.sessions[client] = self
        self.managed_accounts(read)
        self.next_id(read)
        for code, farm in _FARMS:
            self.error(-1, code, farm)
        self.gateway.joined()

    def managed_accounts(self, _: Reader) -> None:
        """The accounts."""
        self.send((15, 1, ",".join(self.gateway.exchange.accounts)))

    def next_id(self, _: Reader) -> None:
        """The next number for an order."""
        self.send((9, 1, self.gateway.next_id))

    def current_time(self, read: Reader) -> None:
        """The time; in lockstep also: this client has done what it wanted to do.

        There the answer comes behind the next news, so who waits for it has seen those.
        """
        read.text()
        self._times_asked += 1
        if not (self.subscriptions and self.gateway.acknowledged(self)):
            self.tell_time()

    def tell_time(self) -> None:
        """Answer every request for the time that waits."""
        for _ in range(self._times_asked):
            skew = self.gateway.hit("clock-skew") or 0
            self.send((49, 1, int(self.gateway.now + skew)))
        self._times_asked = 0

    def nothing(self, read: Reader) -> None:
        """A request that has no answer."""
        read.skip(read.left)

    def user_info(self, read: Reader) -> None:
        """Nothing is known of the user."""
        self.send((107, read.whole(), ""))

    def told(self, order: Order) -> None:
        """An order of this client has changed."""
        self.send(answers.open_order(self.version, order))
        self.send(answers.order_status(order))

    def execution(self, about: int, one: Execution) -> Fields:
        """A fill, as an answer or (-1) as news."""
        when = self.gateway.config.clock.execution(one.time)
        return answers.execution(self.version, about, one, when)

    def told_fill(self, one: Execution, *, commission: bool = True) -> list[Fields]:
        """The callbacks of a fill, in the order of a real gateway."""
        order = one.order
        frames = [
            self.execution(-1, one),
            answers.open_order(self.version, order, fees=False),
            answers.order_status(order),
        ]
        if commission:
            frames += (answers.open_order(self.version, order), answers.commission(one))
        return frames


_OWN: Final[Mapping[int, Callable[[Session, Reader], None]]] = {
    8: Session.next_id,
    14: Session.nothing,
    15: Session.nothing,
    17: Session.managed_accounts,
    49: Session.current_time,
    71: Session.start_api,
    75: Session.nothing,
    90: Session.nothing,
    104: Session.user_info,
}
"""What the session itself answers."""

_SILENCES: Final = {
    5: "silent-orders",
    16: "silent-orders",
    61: "silent-positions",
    7: "silent-executions",
    6: "silent-account",
    76: "silent-account",
    62: "silent-account",
    99: "silent-completed",
    20: "silent-history",
    9: "silent-contract",
}

_FARMS: Final = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)

_ABOUT: Final[Mapping[int, int]] = {
    **dict.fromkeys((3, 20, 87, 91, 92, 93, 94, 95, 97, 98, 81, 104), 1),
    **dict.fromkeys((1, 2, 4, 7, 9, 25, 50, 51, 62, 63, 74, 76, 77), 2),
}
"""Which field says what a request is about."""


def _about(fields: list[str]) -> int:
    at = _ABOUT.get(Reader(fields).whole())
    if at is None or at >= len(fields):
        return -1
    try:
        return Reader(fields, at).whole()
    except Malformed:
        return -1
