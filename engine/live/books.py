"""What is known now: a fold over the journal's events, so a restart knows what was known before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from engine.live import events as ev
from engine.live import words
from engine.live.family import Asked, Family, Phase
from engine.live.identity import leg_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.live.holdings import Execution, HeldOrder
    from engine.live.recipe import Recipe


class JournalError(ValueError):
    """Events that cannot have happened in this order: the journal is not sound."""


@dataclass(frozen=True, slots=True)
class Risk:
    """The account's memory: equity now, when `date` began (`start`), and at its highest."""

    date: str = ""
    start: Decimal = Decimal(0)
    equity: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)

    def marked(self, date: str, equity: Decimal) -> Risk:
        """After the account was told again."""
        start = self.start if date == self.date else equity
        return Risk(date, start, equity, max(self.peak, equity))


@dataclass(frozen=True, slots=True)
class Books:
    """Everything the journal says.

    `steps` is the last bar each strategy (by its hash) has traded, with its account after it;
    `families` by name; `incarnations` by the broker's lasting number, as last told; `numbers` the
    order number each reference was last sent under; `latch` and `halt` say why there are no
    entries, empty where there may be; `account` whose all this is, empty before the first
    connection; `recipes` what each program (by its hash) is made of; `leading` the programs that
    were replaced and lead what they opened.
    """

    families: Mapping[str, Family] = field(default_factory=dict)
    incarnations: Mapping[int, HeldOrder] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    risk: Risk = Risk()
    latch: str = ""
    halt: str = ""
    steps: Mapping[str, ev.Stepped] = field(default_factory=dict)
    account: str = ""
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    leading: frozenset[str] = frozenset()

    @property
    def living(self) -> tuple[Family, ...]:
        """Families that are not done."""
        return tuple(one for one in self.families.values() if one.phase is not Phase.DONE)

    @property
    def entries_allowed(self) -> bool:
        """Whether neither a latch nor a person forbids entries."""
        return not self.latch and not self.halt

    @property
    def highest_number(self) -> int:
        """The highest order number ever used; the next is beyond it, whatever the broker says."""
        told = (order.number for order in self.incarnations.values())
        return max((*self.numbers.values(), *told), default=0)

    def execution(self, key: str) -> Execution | None:
        """An execution by its key."""
        for family in self.families.values():
            for one in family.executions:
                if one.key == key:
                    return one
        return None

    def after(self, happened: Iterable[ev.Event]) -> Books:
        """The books after these events. Raises `JournalError` for events that cannot be."""
        books = self
        for event in happened:
            books = after(books, event)
        return books


def after(books: Books, event: ev.Event) -> Books:
    """The books after one event."""
    match event:
        case ev.Planned(family=family):
            return _planned(books, family)
        case ev.Wanted(family=name, asked=asked):
            return _wanted(books, name, asked)
        case ev.Sending(ref=ref, number=number):
            return _sending(books, ref, number)
        case words.Told(order=order):
            told = {**books.incarnations, order.permanent: order}
            return replace(books, incarnations=told)
        case words.Executed(execution=execution):
            return _executed(books, execution)
        case words.Charged(key=key, revision=revision, commission=commission):
            return _charged(books, key, revision, commission)
        case ev.Moved(family=name, phase=phase):
            return _with(books, replace(_family(books, name), phase=phase))
        case ev.Stepped(strategy=strategy):
            return replace(books, steps={**books.steps, strategy: event})
        case ev.Withdrawing() | words.Refused() | ev.Noticed():
            return books
        case ev.Belongs() | ev.Kept() | ev.Leads() | ev.LaidDown():
            return _programs(books, event)
        case _:
            return _account(books, event)


def _account(
    books: Books, event: ev.Marked | ev.Latched | ev.Unlatched | ev.Halted | ev.Resumed
) -> Books:
    """The books after something that concerns the whole account."""
    match event:
        case ev.Marked(date=date, equity=equity):
            return replace(books, risk=books.risk.marked(date, equity))
        case ev.Latched(reason=reason):
            return replace(books, latch=books.latch or reason)
        case ev.Unlatched():
            return replace(books, latch="", risk=replace(books.risk, peak=books.risk.equity))
        case ev.Halted(why=why):
            return replace(books, halt=why or "halted")
        case ev.Resumed():
            return replace(books, halt="")


def _programs(books: Books, event: ev.Belongs | ev.Kept | ev.Leads | ev.LaidDown) -> Books:
    """The books after something that says whose they are, and which programs wrote them."""
    match event:
        case ev.Belongs(account=account):
            if books.account not in {"", account}:
                raise JournalError(f"a journal of {books.account} cannot be one of {account}")
            return replace(books, account=account)
        case ev.Kept(recipe=recipe):
            return replace(books, recipes={**books.recipes, recipe.strategy: recipe})
        case ev.Leads(strategy=strategy):
            return replace(books, leading=books.leading | {strategy})
        case ev.LaidDown(strategy=strategy):
            return replace(books, leading=books.leading - {strategy})


def _planned(books: Books, family: Family) -> Books:
    if family.name in books.families:
        raise JournalError(f"{family.name} is planned twice: a setup may enter once")
    return _with(books, family)


def _wanted(books: Books, name: str, asked: Asked) -> Books:
    family = _family(books, name)
    if asked.leg.ref in {one.leg.ref for one in family.asked}:
        raise JournalError(f"{asked.leg.ref} is wanted twice")
    return _with(books, replace(family, asked=(*family.asked, asked)))


def _sending(books: Books, ref: str, number: int) -> Books:
    leg = leg_of(ref)
    family = _family(books, leg.family if leg else ref)
    if ref not in {one.leg.ref for one in family.asked}:
        raise JournalError(f"{ref} is sent and was never written down")
    sent = replace(books, numbers={**books.numbers, ref: number})
    if family.phase is Phase.PLANNED:
        return _with(sent, replace(family, phase=Phase.SENDING))
    return sent


def _executed(books: Books, execution: Execution) -> Books:
    leg = execution.leg
    if leg is None or leg.family not in books.families:
        return books  # somebody else's: written down, and no part of our position
    return _with(books, books.families[leg.family].with_executions([execution]))


def _family(books: Books, name: str) -> Family:
    if name not in books.families:
        raise JournalError(f"there is no family {name}")
    return books.families[name]


def _with(books: Books, family: Family) -> Books:
    return replace(books, families={**books.families, family.name: family})


def _charged(books: Books, key: str, revision: int, commission: Decimal) -> Books:
    execution = books.execution(key)
    if execution is None or execution.revision != revision:
        return books
    leg = execution.leg
    assert leg is not None
    paid = replace(execution, commission=commission)
    return _with(books, books.families[leg.family].with_executions([paid]))
