"""A check: what was looked at, how it is, and what to do about it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

PATIENCE: Final = 20.0
"""Seconds that one check may take."""


class Verdict(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"  # it can be traded, and somebody should know
    FAILED = "failed"  # it cannot
    SKIPPED = "skipped"  # it rests on something that failed


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: in words, and the way out where there is one to go."""

    verdict: Verdict
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was made, and the seconds it took."""

    name: str
    found: Found
    seconds: float


def ok(what: str) -> Found:
    """All is well."""
    return Found(Verdict.OK, what)


def warning(what: str, remedy: str = "") -> Found:
    """Not as it should be."""
    return Found(Verdict.WARNING, what, remedy)


def failed(what: str, remedy: str = "") -> Found:
    """Nothing may be traded so."""
    return Found(Verdict.FAILED, what, remedy)


def skipped(what: str) -> Found:
    """Not looked at, and why."""
    return Found(Verdict.SKIPPED, what)


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at: by a function of its own, which may block."""

    name: str
    look: Callable[[], Found]


async def made(check: Check, patience: float = PATIENCE) -> Checked:
    """Look, beside everything else; a fault of the check is what it found, and so is its delay."""
    return await timed(check.name, asyncio.to_thread(check.look), patience)


async def timed(name: str, looking: Awaitable[Found], patience: float = PATIENCE) -> Checked:
    """The same of something that is looked at already."""
    begun = perf_counter()
    try:
        async with asyncio.timeout(patience):
            found = await looking
    except TimeoutError:
        found = failed(f"it was not known after {patience:g} s", "see what holds it up")
    except Exception as fault:  # noqa: BLE001 - one check may not keep the others from being made
        found = failed(f"{type(fault).__name__}: {fault}".splitlines()[0])
    return Checked(name, found, perf_counter() - begun)


def worst(found: Iterable[Checked]) -> Verdict:
    """The gravest of them; `SKIPPED` weighs nothing of its own."""
    grave = (Verdict.FAILED, Verdict.WARNING)
    verdicts = {one.found.verdict for one in found}
    return next((one for one in grave if one in verdicts), Verdict.OK)
