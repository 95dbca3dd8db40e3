"""Nothing is lost: what must add up in every run, checked on its rows (the seventh law)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.execution import records as out
from engine.execution.records import Kind
from engine.journal.decisions import DAY, KIND, ORDINAL, ROW, STARTED, Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.ir.program import Side
    from engine.domain.market import Ints
    from engine.execution.rules import Rules
    from engine.execution.simulation import Account
    from engine.journal.book import DecisionRows


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that does not add up: which account of things, where, and what is wrong."""

    law: str
    row: int
    message: str


def violations(
    decisions: Mapping[Side, DecisionRows], records: Ints, account: Account, rules: Rules
) -> list[Violation]:
    """Everything that does not add up in a whole run; empty when all is well."""
    found = [one for side in decisions.values() for one in candidates(side.rows)]
    completed = sum(int((d.rows[:, KIND] == Decision.ENTRY).sum()) for d in decisions.values())
    return [*found, *intents(records, completed, account), *money(records, account, rules)]


def candidates(rows: Ints) -> list[Violation]:
    """Each candidate started once, and ended once or is alive; ends come after starts."""
    found: list[Violation] = []
    born: dict[tuple[int, int], int] = {}
    ended: set[tuple[int, int]] = set()
    for cells in rows.tolist():
        who, kind, row = (cells[DAY], cells[ORDINAL]), cells[KIND], cells[ROW]
        if kind == Decision.START:
            if who in born:
                found.append(Violation("candidates", row, f"{who} started twice"))
            born[who] = row
        elif who not in born or cells[STARTED] != born[who]:
            found.append(Violation("candidates", row, f"{who} goes on without having started"))
        elif who in ended:
            found.append(Violation("candidates", row, f"{who} goes on after its end"))
        if kind in (Decision.DEAD, Decision.ENTRY):
            ended.add(who)
    return found


def alive(rows: Ints) -> int:
    """How many candidates have started and not ended."""
    kind = rows[:, KIND]
    return int(
        (kind == Decision.START).sum() - np.isin(kind, (Decision.DEAD, Decision.ENTRY)).sum()
    )


def intents(records: Ints, completed: int, account: Account) -> list[Violation]:
    """Each completed setup is an intent; each came to one end, or waits for it."""
    kind, who = records[:, out.KIND], records[:, out.INTENT]
    asked = np.bincount(who[kind == Kind.INTENT], minlength=completed)
    ends = np.isin(kind, (Kind.REFUSED, Kind.CANCELLED, Kind.FILL))
    became = np.bincount(who[ends], minlength=completed)
    found = [
        Violation("intents", -1, f"intent {index} was asked for {asked[index]} times")
        for index in np.flatnonzero(asked != 1).tolist()
    ]
    found += [
        Violation("intents", -1, f"intent {index} came to {became[index]} ends")
        for index in np.flatnonzero(became > 1).tolist()
    ]
    waiting = int((became == 0).sum())
    if waiting != account.waiting:
        message = f"{waiting} intents came to no end, but {account.waiting} wait for their entry"
        found.append(Violation("intents", -1, message))
    return found


def money(records: Ints, account: Account, rules: Rules) -> list[Violation]:
    """Parts add up to positions, positions to the equity, to the last unit."""
    found: list[Violation] = []
    equity = rules.equity
    held: dict[int, list[int]] = {}
    for cells in records.tolist():
        row, kind, who = cells[out.ROW], cells[out.KIND], cells[out.INTENT]
        if kind == Kind.FILL:
            held[who] = [cells[out.CONTRACTS], 0, cells[out.COMMISSION]]
        elif kind == Kind.EXIT:
            held[who][0] -= cells[out.CONTRACTS]
            held[who][1] += cells[out.GROSS]
            held[who][2] += cells[out.COMMISSION]
        elif kind == Kind.CLOSED:
            left, gross, costs = held.pop(who)
            equity += gross - costs
            if left or (gross, costs) != (cells[out.GROSS], cells[out.COMMISSION]):
                found.append(Violation("money", row, f"the parts of intent {who} do not add up"))
            if cells[out.NET] != gross - costs or cells[out.EQUITY] != equity:
                found.append(Violation("money", row, f"the equity after intent {who} is wrong"))
    if equity != account.equity:
        message = f"the trades make {equity} units, the account holds {account.equity}"
        found.append(Violation("money", -1, message))
    if len(held) != account.open_positions:
        message = f"{len(held)} positions are open in the records, {account.open_positions} held"
        found.append(Violation("money", -1, message))
    return found
