"""What is done about each case: one table, and the last check that the positions add up.

This is the only way to start, and what follows every reconnect, every doubt and every minute.
Executions are booked before orders are judged. What was not answered is unknown, never gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from engine.live.family import Phase
from engine.live.situation import Situation, situation_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.live.family import Family
    from engine.live.holdings import HeldOrder, Holdings


class Act(StrEnum):
    """Something to do, or to say."""

    SEND = "send"  # send it, if the deciding bar is still the last one; else abandon it
    COMPLETE = "complete"  # send what lacks, under the same condition; else what comes after it
    ASK_AGAIN = "ask_again"  # believe it only when a second snapshot says the same
    CANCEL_ALL = "cancel_all"
    CANCEL_ENTRY = "cancel_entry"
    CANCEL_EXTRA = "cancel_extra"  # keep the incarnation of the journal
    PROTECT = "protect"  # an armed stop for exactly what is held; 5 s without it: flatten
    FLATTEN = "flatten"
    LATCH = "latch"  # no entries until a person has looked
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, in this order, and the phase the family is in then (None: as it was).

    `ending` names how a family ended that is done.
    """

    acts: tuple[Act, ...] = ()
    phase: Phase | None = None
    ending: str = ""


NOT_PLACED: Final = "not_placed"
ABANDONED: Final = "abandoned"
CANCELLED_BY_BROKER: Final = "cancelled_by_broker"
CLOSED: Final = "closed"

_OK: Final = Verdict()


def _to(phase: Phase, *acts: Act, ending: str = "") -> Verdict:
    return Verdict(acts, phase, ending)


def _do(*acts: Act) -> Verdict:
    return Verdict(acts)


_P, _S, _A = Phase, Situation, Act

TABLE: Final[Mapping[Phase, Mapping[Situation, Verdict]]] = {
    _P.PLANNED: {
        _S.NOTHING: _do(_A.SEND),
        # nothing is sent before it is written as SENDING: whatever lives is not explained
        _S.RESTING: _to(_P.CLOSING, _A.CANCEL_ALL, _A.LATCH),
        _S.SPLIT: _to(_P.CLOSING, _A.CANCEL_ALL, _A.LATCH),
        _S.INCOMPLETE: _to(_P.CLOSING, _A.CANCEL_ALL, _A.LATCH),
        _S.PARTLY: _to(_P.HOLDING, _A.CANCEL_ENTRY, _A.PROTECT, _A.LATCH),
        _S.PROTECTED: _to(_P.HOLDING, _A.LATCH),
        _S.EXPOSED: _to(_P.HOLDING, _A.PROTECT, _A.LATCH),
        _S.FLAT: _to(_P.CLOSING, _A.CANCEL_ALL, _A.LATCH),
        _S.TWICE: _to(_P.CLOSING, _A.CANCEL_EXTRA, _A.LATCH),
        _S.REVERSED: _to(_P.CLOSING, _A.CANCEL_ALL, _A.FLATTEN, _A.LATCH),
    },
    _P.SENDING: {
        _S.NOTHING: _to(_P.DONE, _A.ASK_AGAIN, ending=NOT_PLACED),
        _S.RESTING: _to(_P.WORKING),
        # nothing of it can be filled: its last order never came, and that one is safe to send
        _S.SPLIT: _to(_P.CLOSING, _A.COMPLETE, _A.CANCEL_ALL),
        _S.INCOMPLETE: _to(_P.CLOSING, _A.CANCEL_ALL),
        _S.PARTLY: _to(_P.HOLDING, _A.CANCEL_ENTRY, _A.PROTECT),
        _S.PROTECTED: _to(_P.HOLDING),
        _S.EXPOSED: _to(_P.HOLDING, _A.PROTECT),
        _S.FLAT: _to(_P.CLOSING, _A.CANCEL_ALL),
        _S.TWICE: _do(_A.CANCEL_EXTRA, _A.ALERT),
        _S.REVERSED: _to(_P.CLOSING, _A.CANCEL_ALL, _A.FLATTEN, _A.LATCH),
    },
    _P.WORKING: {
        _S.NOTHING: _to(_P.DONE, _A.ASK_AGAIN, ending=CANCELLED_BY_BROKER),
        _S.RESTING: _OK,
        _S.SPLIT: _to(_P.CLOSING, _A.CANCEL_ALL),
        _S.INCOMPLETE: _to(_P.CLOSING, _A.CANCEL_ALL),
        _S.PARTLY: _to(_P.HOLDING, _A.CANCEL_ENTRY, _A.PROTECT),
        _S.PROTECTED: _to(_P.HOLDING),
        _S.EXPOSED: _to(_P.HOLDING, _A.PROTECT),
        _S.FLAT: _to(_P.CLOSING, _A.CANCEL_ALL),
        _S.TWICE: _do(_A.CANCEL_EXTRA, _A.ALERT),
        _S.REVERSED: _to(_P.CLOSING, _A.CANCEL_ALL, _A.FLATTEN, _A.LATCH),
    },
    _P.HOLDING: {
        _S.NOTHING: _to(_P.DONE, ending=CLOSED),
        # a position that its own executions do not know: the journal is behind the broker
        _S.RESTING: _do(_A.ASK_AGAIN, _A.CANCEL_ALL, _A.LATCH),
        _S.SPLIT: _do(_A.ASK_AGAIN, _A.CANCEL_ALL, _A.LATCH),
        _S.INCOMPLETE: _do(_A.ASK_AGAIN, _A.CANCEL_ALL, _A.LATCH),
        _S.PARTLY: _do(_A.CANCEL_ENTRY, _A.PROTECT),
        _S.PROTECTED: _OK,
        _S.EXPOSED: _do(_A.PROTECT),
        _S.FLAT: _to(_P.CLOSING, _A.CANCEL_ALL),
        _S.TWICE: _do(_A.CANCEL_EXTRA, _A.ALERT),
        _S.REVERSED: _to(_P.CLOSING, _A.CANCEL_ALL, _A.FLATTEN, _A.LATCH),
    },
    _P.CLOSING: {
        _S.NOTHING: _to(_P.DONE, ending=CLOSED),
        _S.RESTING: _do(_A.CANCEL_ALL),
        _S.SPLIT: _do(_A.CANCEL_ALL),
        _S.INCOMPLETE: _do(_A.CANCEL_ALL),
        _S.PARTLY: _do(_A.CANCEL_ENTRY, _A.FLATTEN),
        _S.PROTECTED: _do(_A.FLATTEN),
        _S.EXPOSED: _do(_A.FLATTEN),
        _S.FLAT: _do(_A.CANCEL_ALL),
        _S.TWICE: _do(_A.CANCEL_ALL),
        _S.REVERSED: _do(_A.CANCEL_ALL, _A.FLATTEN, _A.LATCH),
    },
    _P.DONE: {
        _S.NOTHING: _OK,
        _S.RESTING: _do(_A.CANCEL_ALL, _A.ALERT),
        _S.SPLIT: _do(_A.CANCEL_ALL, _A.ALERT),
        _S.INCOMPLETE: _do(_A.CANCEL_ALL, _A.ALERT),
        _S.PARTLY: _to(_P.CLOSING, _A.CANCEL_ENTRY, _A.FLATTEN, _A.LATCH),
        _S.PROTECTED: _to(_P.CLOSING, _A.FLATTEN, _A.LATCH),
        _S.EXPOSED: _to(_P.CLOSING, _A.FLATTEN, _A.LATCH),
        _S.FLAT: _do(_A.CANCEL_ALL),
        _S.TWICE: _do(_A.CANCEL_ALL, _A.ALERT),
        _S.REVERSED: _to(_P.CLOSING, _A.CANCEL_ALL, _A.FLATTEN, _A.LATCH),
    },
}
"""Every phase of ours against every situation at the broker."""


def verdict(family: Family, holdings: Holdings) -> Verdict:
    """What is done about a family whose executions are booked."""
    found = TABLE[family.phase][situation_of(family, holdings)]
    if family.entered > 0 and found.ending in {NOT_PLACED, CANCELLED_BY_BROKER}:
        # it came and went before anybody looked: the executions say so, so it needs no second look
        return Verdict((), Phase.DONE, CLOSED)
    if family.entered > 0 and Act.SEND in found.acts:
        return Verdict((Act.LATCH,), Phase.DONE, CLOSED)  # it was never sent, and came and went
    return found


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A contract of which the broker holds something else than our executions explain."""

    contract: int
    explained: int
    held: int


def mismatches(
    families: Iterable[Family], holdings: Holdings, contracts: Iterable[int] = ()
) -> tuple[Mismatch, ...]:
    """Contracts of ours whose position the booked executions do not add up to.

    `contracts` are ours, too: nothing was traded there yet, so nothing may be held.

    Believed after two snapshots: then entries stop until a person has looked, and what is exposed
    on our side is protected. No fill is ever invented.
    """
    explained = dict.fromkeys(contracts, 0)
    for family in families:
        explained[family.contract] = explained.get(family.contract, 0) + family.position
    return tuple(
        Mismatch(contract, ours, holdings.position(contract))
        for contract, ours in sorted(explained.items())
        if ours != holdings.position(contract)
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """A family, the case it is in, and what is done about it."""

    family: Family
    situation: Situation
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Everything a snapshot asks for. `strangers` are orders of others on our contracts."""

    findings: tuple[Finding, ...]
    mismatches: tuple[Mismatch, ...]
    strangers: tuple[HeldOrder, ...]

    @property
    def entries_allowed(self) -> bool:
        """Whether nothing here forbids a new entry."""
        latching = any(Act.LATCH in found.verdict.acts for found in self.findings)
        return not (latching or self.mismatches or self.strangers)


def reconcile(families: Iterable[Family], holdings: Holdings) -> Reconciliation:
    """Book the snapshot's executions, judge every family, add up the positions."""
    booked = [family.with_executions(holdings.executions) for family in families]
    contracts = sorted({family.contract for family in booked})
    return Reconciliation(
        tuple(
            Finding(family, situation_of(family, holdings), verdict(family, holdings))
            for family in booked
        ),
        mismatches(booked, holdings),
        tuple(order for contract in contracts for order in holdings.foreign(contract)),
    )
