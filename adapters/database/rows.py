"""The records of `engine.live` as rows, and back.

What is written is a mapping of columns: an object a row is most of the time that writing takes.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from engine.live import events as ev
from engine.live import words
from engine.live.books import Books, Risk
from engine.live.codec import UnreadableError, plain, read, read_event
from engine.live.family import Family
from engine.live.holdings import HeldOrder
from engine.live.identity import leg_of
from engine.live.recipe import Recipe

if TYPE_CHECKING:
    from adapters.database.tables import EventRow, FamilyRow, IncarnationRow, ProgramRow, RiskRow
    from engine.live.family import Asked
    from engine.live.holdings import Execution

Row = dict[str, object]
"""The columns of a row by their names."""

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: 5 us each


def written(record: object) -> str:
    """A record as JSON, the same text for the same record."""
    return _JSON.encode(plain(record))


def _parsed(body: str, place: str) -> object:
    try:
        return json.loads(body)
    except ValueError:
        raise UnreadableError(f"{place}: {body!r:.60} is no JSON") from None


def event_row(seq: int, event: ev.Event) -> Row:
    """An event as its row."""
    return {
        "seq": seq,
        "at": event.at,
        "kind": ev.kind_of(event),
        "family": family_of(event),
        "body": written(event),
    }


def event_of(row: EventRow) -> ev.Event:
    """The event of a row. Raises `UnreadableError`."""
    return read_event(row.kind, _parsed(row.body, f"event {row.seq}"))


def family_of(event: ev.Event) -> str:
    """The family an event belongs to, empty where to none of ours."""
    match event:
        case ev.Planned(family=family):
            return family.name
        case ev.Wanted(family=name) | ev.Moved(family=name):
            return name
        case ev.Sending(ref=ref) | ev.Withdrawing(ref=ref) | words.Refused(ref=ref):
            return family_in_ref(ref)
        case words.Told(order=order):
            return family_in_ref(order.ref)
        case words.Executed(execution=execution):
            return family_in_ref(execution.ref)
        case _:
            return ""


def family_in_ref(ref: str) -> str:
    """The family that a reference names, empty where it is none of ours."""
    leg = leg_of(ref)
    return leg.family if leg is not None else ""


def family_row(family: Family, ending: str, at: int) -> Row:
    """A family as its row."""
    return {
        "name": family.name,
        "strategy": family.signal.strategy,
        "candidate": family.signal.candidate,
        "contract": family.contract,
        "minute": family.signal.minute,
        "action": family.action,
        "phase": family.phase,
        "ending": ending,
        "position": family.position,
        "changed": at,
        "body": written(family),
    }


def family_in(row: FamilyRow) -> Family:
    """The family of a row. Raises `UnreadableError`."""
    found: Family = read(Family, _parsed(row.body, row.name), f"family {row.name}")
    return found


def program_row(strategy: str, books: Books, at: int) -> Row:
    """A program as its row."""
    recipe = books.recipes.get(strategy)
    return {
        "strategy": strategy,
        "name": "" if recipe is None else recipe.name,
        "leads": strategy in books.leading,
        "changed": at,
        "body": "" if recipe is None else written(recipe),
    }


def recipe_in(row: ProgramRow) -> Recipe:
    """The recipe of a row that has one. Raises `UnreadableError`."""
    place = f"program {row.strategy}"
    found: Recipe = read(Recipe, _parsed(row.body, place), place)
    return found


def leg_row(asked: Asked, number: int) -> Row:
    """An order of ours as its row."""
    order = asked.order
    return {
        "ref": asked.leg.ref,
        "family": asked.leg.family,
        "role": asked.leg.role,
        "kind": order.kind,
        "action": order.action,
        "contracts": order.contracts,
        "price": order.price,
        "number": number,
    }


def incarnation_row(order: HeldOrder, at: int) -> Row:
    """An order at the broker as its row."""
    return {
        "permanent": order.permanent,
        "ref": order.ref,
        "state": order.state,
        "filled": order.filled,
        "told": at,
        "body": written(order),
    }


def incarnation_in(row: IncarnationRow) -> HeldOrder:
    """The order of a row. Raises `UnreadableError`."""
    place = f"incarnation {row.permanent}"
    found: HeldOrder = read(HeldOrder, _parsed(row.body, place), place)
    return found


def execution_row(execution: Execution) -> Row:
    """An execution as its row."""
    commission = execution.commission
    return {
        "key": execution.key,
        "revision": execution.revision,
        "ref": execution.ref,
        "contract": execution.contract,
        "action": execution.action,
        "contracts": execution.contracts,
        "price": str(execution.price),
        "minute": execution.minute,
        "commission": None if commission is None else str(commission),
    }


def risk_row(books: Books) -> Row:
    """The account's memory as its row."""
    risk = books.risk
    return {
        "date": risk.date,
        "start": str(risk.start),
        "equity": str(risk.equity),
        "peak": str(risk.peak),
        "latch": books.latch,
        "halt": books.halt,
    }


def risk_in(row: RiskRow) -> dict[str, Any]:
    """What a risk row says, as the fields of `Books`."""
    risk = Risk(row.date, Decimal(row.start), Decimal(row.equity), Decimal(row.peak))
    return {"risk": risk, "latch": row.latch, "halt": row.halt}
