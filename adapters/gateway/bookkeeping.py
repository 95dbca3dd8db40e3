"""What a client is told of accounts, once and whenever something has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapters.gateway import answers
from adapters.gateway.account import Position
from adapters.gateway.requests import Refused, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.gateway.session import Session
    from adapters.gateway.wire import Reader


class Bookkeeping:
    """The accounts, and which of their news one client wants."""

    def __init__(self, session: Session) -> None:
        """Of this session."""
        self._session = session
        self.gateway = session.gateway
        self._positions = False
        self._accounts: set[str] = set()
        self._multi: dict[int, str] = {}
        self._summaries: dict[int, tuple[str, ...]] = {}
        self._pnl: dict[int, tuple[str, int]] = {}

    def positions(self, read: Reader) -> None:
        """Positions of all accounts, now and whenever they change."""
        read.text()
        self._positions = True
        for name, account in self.gateway.exchange.accounts.items():
            for one in account.positions.values():
                self._session.send(answers.position(name, one))
        self._session.send((62, 1))

    def cancel_positions(self, read: Reader) -> None:
        """No more news of positions."""
        read.text()
        self._positions = False

    def positions_multi(self, read: Reader) -> None:
        """Positions of one account."""
        read.skip(1)
        about = read.whole()
        name = self._account(read)
        for one in self.gateway.exchange.accounts[name].positions.values():
            self._session.send(answers.position_multi(about, name, one))
        self._session.send((72, 1, about))

    def account_updates(self, read: Reader) -> None:
        """Values and portfolio of one account, now and whenever they change."""
        read.skip(1)
        wanted = read.flag()
        name = self._account(read)
        if not wanted:
            self._accounts.discard(name)
            return
        self._accounts.add(name)
        self._tell_account(name)
        self._session.send((54, 1, name))

    def _tell_account(self, name: str) -> None:
        account = self.gateway.exchange.accounts[name]
        for key, value, currency in account.values():
            self._session.send((6, 2, key, value, currency, name))
        for one in account.positions.values():
            self._session.send(answers.portfolio(name, one, account.now(one)))
        self._session.send((8, 1, answers.clock(self.gateway.now)[9:14]))

    def account_updates_multi(self, read: Reader) -> None:
        """Values of one account, under a request's number."""
        read.skip(1)
        about = read.whole()
        name = self._account(read)
        self._multi[about] = name
        self._tell_multi(about, name)
        self._session.send((74, 1, about))

    def _tell_multi(self, about: int, name: str) -> None:
        for key, value, currency in self.gateway.exchange.accounts[name].values():
            self._session.send((73, 1, about, name, "", key, value, currency))

    def cancel_account_multi(self, read: Reader) -> None:
        """No more of them."""
        read.skip(1)
        self._multi.pop(read.whole(), None)

    def account_summary(self, read: Reader) -> None:
        """Chosen values of all accounts."""
        read.skip(1)
        about = read.whole()
        read.text(40)
        tags = tuple(read.text(2000).split(","))
        self._summaries[about] = tags
        self._tell_summary(about, tags)
        self._session.send((64, 1, about))

    def _tell_summary(self, about: int, tags: tuple[str, ...]) -> None:
        for name, account in self.gateway.exchange.accounts.items():
            for key, value, currency in account.values():
                if key in tags or any(tag.startswith("$LEDGER") for tag in tags):
                    self._session.send((63, 1, about, name, key, value, currency))

    def cancel_summary(self, read: Reader) -> None:
        """No more of them."""
        read.skip(1)
        self._summaries.pop(read.whole(), None)

    def pnl(self, read: Reader) -> None:
        """Profit and loss of an account, now and whenever it changes."""
        about = read.whole()
        name = self._account(read)
        self._pnl[about] = (name, 0)
        self._tell_pnl(about, name, 0)

    def pnl_single(self, read: Reader) -> None:
        """Profit and loss of one position."""
        about = read.whole()
        name = self._account(read)
        read.text(40)
        con_id = read.whole()
        self._pnl[about] = (name, con_id)
        self._tell_pnl(about, name, con_id)

    def _tell_pnl(self, about: int, name: str, con_id: int) -> None:
        account = self.gateway.exchange.accounts[name]
        if con_id:
            contract = self.gateway.catalogue.by_id(con_id)
            if contract is None:
                raise Refused(200, "No security definition has been found for the request")
            one = account.positions.get(con_id) or Position(contract)
            self._session.send(answers.pnl_single(about, one, account.now(one)))
            return
        realized = account.realized - self.gateway.realized_before.get(name, 0)
        self._session.send(
            answers.pnl(about, realized + account.unrealized, account.unrealized, realized)
        )

    def cancel_pnl(self, read: Reader) -> None:
        """No more of it."""
        self._pnl.pop(read.whole(), None)

    def moved(self, name: str, position: Position) -> None:
        """A position of an account has changed: tell who listens."""
        if self._positions:
            self._session.send(answers.position(name, position))
        if name in self._accounts:
            self._tell_account(name)
        for about, other in self._multi.items():
            if other == name:
                self._tell_multi(about, name)
        for about, (other, con_id) in self._pnl.items():
            if other == name and con_id in (0, position.contract.con_id):
                self._tell_pnl(about, name, con_id)
        for about, tags in self._summaries.items():
            self._tell_summary(about, tags)

    def _account(self, read: Reader) -> str:
        name = read.text(40) or next(iter(self.gateway.exchange.accounts))
        if name not in self.gateway.exchange.accounts:
            raise invalid(f"Invalid account code '{name}'")
        return name


HANDLERS: Final[Mapping[int, Callable[[Bookkeeping, Reader], None]]] = {
    6: Bookkeeping.account_updates,
    61: Bookkeeping.positions,
    62: Bookkeeping.account_summary,
    63: Bookkeeping.cancel_summary,
    64: Bookkeeping.cancel_positions,
    74: Bookkeeping.positions_multi,
    76: Bookkeeping.account_updates_multi,
    77: Bookkeeping.cancel_account_multi,
    92: Bookkeeping.pnl,
    93: Bookkeeping.cancel_pnl,
    94: Bookkeeping.pnl_single,
    95: Bookkeeping.cancel_pnl,
}
"""What answers each request."""
