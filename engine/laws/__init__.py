"""What holds for every strategy on every market, as functions that try it out.

`engine check` runs them on a user's own strategy and bars, the tests on shipped and made-up
ones: the same functions. Each takes a strategy, a market, the calendars and a source of chance, and
gives the first violation it finds, or None. They try samples: ask again with another seed for more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.laws.conserved import conservation
from engine.laws.reflected import mirror
from engine.laws.repeated import chunks, oracle, replay, venues
from engine.laws.trying import Check
from engine.laws.unforeseen import causality, start
from engine.laws.violation import Violation

__all__ = ["LAWS", "Check", "Law", "Violation"]


@dataclass(frozen=True, slots=True)
class Law:
    """A law: its name, what it says in a sentence, and how to try it."""

    name: str
    doc: str
    check: Check


LAWS: Final = (
    Law("oracle", "The machine decides what the interpreter decides, value by value.", oracle),
    Law("venue", "Plain Python and compiled machine code give the same run.", venues),
    Law("chunk", "Bars fed one by one or in any chunks give the run of the whole batch.", chunks),
    Law("causality", "Bars that come later change nothing that was said before them.", causality),
    Law("start", "Data that begins earlier changes nothing once the history is there.", start),
    Law("mirror", "LONG in the reflected market does what SHORT does in the market.", mirror),
    Law("replay", "A run stopped at any bar and restored goes on as if nothing was.", replay),
    Law("conservation", "Every candidate, every intent and every cent is accounted for.",
        conservation),
)  # fmt: skip
"""The laws of design.md, section 2; the first two are its venue law for what exists here."""
