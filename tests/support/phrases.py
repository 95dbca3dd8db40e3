"""Expressions of the strategy language made up at random, of a wanted type, as people write them.

`FORMS` is the grammar: for each type the ways to write a value of it. A form is text with holes:
`<price>` is any price, `<row price>` one that depends on bars alone, `<whole price>` one of
these that was never divided; `<session>`, `<window>` and the like are words from `WORDS`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random


class When(IntEnum):
    """When a value is known."""

    ROW = 1
    CANDIDATE = 2
    SETUP = 3  # with the entry's price
    BRACKET = 4  # with the stop's as well


@dataclass(frozen=True)
class Form:
    """A way to write a value. `real`: the value was divided; `when`: from when on it is known."""

    text: str
    when: When = When.ROW
    real: bool = False
    of_calendar: bool = False

    @cached_property
    def holes(self) -> tuple[str, ...]:
        """The holes to fill, in order."""
        return tuple(HOLE.findall(self.text))

    @property
    def is_leaf(self) -> bool:
        """Whether only words are missing."""
        return not any(hole.split()[-1] in FORMS for hole in self.holes)

    @property
    def needs_calendar(self) -> bool:
        """Whether it speaks of sessions, clocks or calendars: unknown on larger bars."""
        return self.of_calendar or any(hole in OF_CALENDAR for hole in self.holes)


HOLE: Final = re.compile(r"<([a-z]+(?: [a-z]+)?)>")
CLOCKS: Final = ("time", "weekday", "day_of_month", "month")
OF_CALENDAR: Final = frozenset({"session", "zone", "exchange", "events", "since"})


def _forms(text: str, when: When = When.ROW, *, real: bool = False) -> tuple[Form, ...]:
    """One form a line."""
    lines = (line.strip() for line in text.strip().splitlines())
    return tuple(Form(line, when, real, line.split()[0] in CLOCKS) for line in lines)


def _any(unit: str) -> tuple[Form, ...]:
    """What can be written of every measured type."""
    return (
        *_forms(f"""
            (<{unit}> if <condition> else <{unit}>)
            max(<{unit}>, <{unit}>)
            min(<{unit}>, <{unit}>, <{unit}>)
            (<row {unit}>)[<lag>]
            highest(<row {unit}>, <window>)
            lowest(<row {unit}>, <window>)
            percentile(<row {unit}>, <percentage>, <window>)
            highest(<whole {unit}>, <since>)
            lowest(<whole {unit}>, <since>)
        """),
        *_forms(f"ema(<row {unit}>, <count> bars)\nema(<row {unit}>, <count> bars, <since>)",
                real=True),
        *_forms(f"mean(<whole {unit}>, <window>)\nmean(<whole {unit}>, <since>)", real=True),
        *_forms(f"""
            highest(<row {unit}>, <stretch>)
            lowest(<row {unit}>, <stretch>)
            first(<row {unit}>, <stretch>)
            last(<row {unit}>, <stretch>)
        """, When.CANDIDATE),
        *_forms(f"mean(<whole {unit}>, <stretch>)", When.CANDIDATE, real=True),
    )  # fmt: skip


def _additive(unit: str, zero: str) -> tuple[Form, ...]:
    """What can be written of every type that can be added and scaled."""
    return (
        *_any(unit),
        *_forms(f"""
            {zero}
            (<{unit}> + <{unit}>)
            (<{unit}> - <{unit}>)
            (-(<{unit}>))
            (<decimal> * <{unit}>)
            (<{unit}> / <count>)
            sum(<whole {unit}>, <window>)
            sum(<whole {unit}>, <since>)
        """),
        *_forms(f"sum(<whole {unit}>, <stretch>)", When.CANDIDATE),
        *_forms(f"(<{unit}> / <ratio>)\ndeviation(<whole {unit}>, <window>)", real=True),
    )


FORMS: Final[dict[str, tuple[Form, ...]]] = {
    "price": (
        *_any("price"),
        *_forms("""
            open
            high
            low
            close
            close
            typical
            <session>.high
            <session>.low
            <session>.open
            <session>.close
            <session>.so_far.high
            <session>.so_far.low
            <session>.so_far.open
            <session>.previous.close
            <session>.previous.high
            close[<lag>]
            high[<lag>]
            mid(<price>, <price>)
            (<price> + <points>)
            (<price> - <points>)
        """),
        *_forms("vwap(<since>)", real=True),
        *_forms("entry", When.SETUP),
        *_forms("stop", When.BRACKET),
    ),
    "points": (
        *_additive("points", "<count> pt"),
        *_forms("""
            <small> ticks
            0.5 pt
            (<price> - <price>)
            (close - open)
            (high - low)
            abs(<points>)
            true_range
            (<percentage> of <price>)
            (<percentage> of <points>)
        """),
        *_forms(
            "atr(<count> bars)\natr(<count> bars across days)\ndeviation(<whole price>, <window>)",
            real=True,
        ),
    ),
    "ratio": (
        *_additive("ratio", "<decimal>"),
        *_forms("""
            <decimal>
            day_of_month
            month
            count(<row condition>, <window>)
        """),
        *_forms(
            """
            (<points> / <points>)
            (<points> / <price>)
            (<volume> / <volume>)
            (<bars> / <bars>)
            (<duration> / <duration>)
            rank(<row price>, <window>)
            rank(<row points>, <window>)
        """,
            real=True,
        ),
        *_forms(
            """
            crossings(<row price>, <price>, <stretch>)
            crossings(<row points>, <points>, <stretch>)
            crossings(<row price>, <price>, <stretch>)
            count(<row condition>, <stretch>)
        """,
            When.CANDIDATE,
        ),
    ),
    "bars": (
        *_additive("bars", "<count> bars"),
        *_forms("""
            <count> bars
            bars_since(<row condition>)
            bars_since(<row condition> across days)
            <session>.bars
            <session>.so_far.bars
        """),
        *_forms("age_bars\nstage_bars", When.CANDIDATE),
    ),
    "duration": (
        *_additive("duration", "<count> min"),
        *_forms("""
            1 h
            <session>.elapsed
            <session>.left
            hole
            (<time> - <time>)
            (<percentage> of <duration>)
        """),
        *_forms("age\nstage_age", When.CANDIDATE),
    ),
    "volume": (
        *_additive("volume", "volume"),
        *_forms("""
            volume[<lag>]
            <session>.volume
            <session>.so_far.volume
            (<percentage> of volume)
        """),
    ),
    "time": _forms("""
        time
        time(<zone>)
        <clock>
        (<time> + <duration>)
        (<time> - <duration>)
    """),
    "condition": (
        *_forms("""
            close > open
            close < open
            close > close[1]
            high >= high[1]
            low < low[1]
            <price> <op> <price>
            <price> <op> <price>
            <points> <op> <points>
            <points> <op> <points>
            <ratio> <op> <ratio>
            <bars> <op> <bars>
            <duration> <op> <duration>
            <volume> <op> <volume>
            <time> <op> <time>
            weekday <op> <day>
            weekday(<zone>) <op> <day>
            (<condition> and <condition>)
            (<condition> or <condition>)
            (<condition> or <condition> or <condition>)
            not (<condition>)
            (<condition> if <condition> else <condition>)
            (<row condition>)[<lag>]
            in <session>
            not in <session>
            known(<price>)
            known(<points>)
            known(<ratio>)
            known(<condition>)
            crosses_above(<row price>, <row price>)
            crosses_below(<row points>, <row points>)
            trading_day(<exchange>)
            not blackout(<events>)
            (<row price>)[1] <op> <price>
            percentile(<row points>, <percentage>, <window>) <op> <points>
        """),
        *_forms(
            """
            count(<row condition>, <stretch>) <op> <count>
            crossings(<row price>, <price>, <stretch>) <op> <count>
        """,
            When.CANDIDATE,
        ),
    ),
}
UNITS: Final = tuple(unit for unit in FORMS if unit != "condition")

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday")
ZONES: Final = ("UTC", "America/New_York", "Europe/Stockholm", "Asia/Tokyo")


@dataclass(frozen=True)
class Asked:
    """What a value must be: known from `when` on, never divided, free of sessions and clocks."""

    when: When = When.ROW
    whole: bool = False
    on_frame: bool = False

    def suits(self, form: Form) -> bool:
        """Whether a form may be used here."""
        return (
            form.when <= self.when
            and not (self.whole and form.real)
            and not (self.on_frame and form.needs_calendar)
        )


@dataclass
class Vocabulary:
    """The names a strategy has declared so far: as forms of the types they have."""

    sessions: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    stretches: list[str] = field(default_factory=list)
    lags: list[str] = field(default_factory=list)
    known: dict[str, list[Form]] = field(default_factory=lambda: {unit: [] for unit in FORMS})
    counted: dict[str, int] = field(default_factory=dict)

    def name(self, stem: str) -> str:
        """A name not used before."""
        self.counted[stem] = self.counted.get(stem, 0) + 1
        return f"{stem}_{self.counted[stem]}"

    def learn(
        self,
        unit: str,
        text: str,
        when: When = When.ROW,
        *,
        real: bool = False,
        of_calendar: bool = False,
    ) -> None:
        """A value may be written like this from now on."""
        self.known[unit].append(Form(text, when, real, of_calendar))

    def forget(self, text: str) -> None:
        """No longer: a name does not define itself."""
        for forms in self.known.values():
            forms[:] = [form for form in forms if form.text != text]


@cache
def leaves(unit: str) -> tuple[Form, ...]:
    """The forms that end a phrase."""
    return tuple(form for form in FORMS[unit] if form.is_leaf)


@dataclass
class Phrases:
    """Makes up expressions out of a vocabulary."""

    rng: Random
    words: Vocabulary

    def phrase(self, unit: str, depth: int, asked: Asked) -> str:
        """An expression of a type, up to `depth` operators deep."""
        return self.filled(self._form(unit, depth, asked), depth, asked)

    def condition(self, depth: int, asked: Asked) -> str:
        """A condition."""
        return self.phrase("condition", depth, asked)

    def _form(self, unit: str, depth: int, asked: Asked) -> Form:
        own = [form for form in self.words.known[unit] if asked.suits(form)]
        if own and self.rng.random() < OWN_NAMES:
            return self.rng.choice(own)
        forms = FORMS[unit] if depth > 0 else leaves(unit)
        over_stretches = self._fitting((one for one in forms if "stretch" in one.holes), asked)
        if over_stretches and self.rng.random() < STRETCHES:
            return self.rng.choice(over_stretches)
        return self.rng.choice(self._fitting(forms, asked) or self._fitting(leaves(unit), asked))

    def _fitting(self, forms: Iterable[Form], asked: Asked) -> list[Form]:
        return [form for form in forms if asked.suits(form) and self._has_words(form)]

    def _has_words(self, form: Form) -> bool:
        lists = {
            "session": self.words.sessions,
            "since": self.words.sessions,
            "events": self.words.events,
            "stretch": self.words.stretches,
        }
        return all(lists.get(hole, [hole]) for hole in form.holes)

    def filled(self, form: Form, depth: int, asked: Asked) -> str:
        """The form with its holes filled."""

        def fill(hole: re.Match[str]) -> str:
            *limits, what = hole[1].split()
            if what not in FORMS:
                return WORDS[what](self, asked)
            inner = replace(
                asked,
                when=When.ROW if limits else asked.when,
                whole=asked.whole or limits == ["whole"],
            )
            return self.phrase(what, depth - 1, inner)

        return HOLE.sub(fill, form.text)

    # --- words ---------------------------------------------------------------------------------

    def window(self, asked: Asked) -> str:
        """A number of bars, and which of them count."""
        text = f"{self.rng.randint(1, 9)} bars"
        text += self.rng.choice(["", "", " before"])
        if self.rng.random() < 0.2:
            text += f" where {self.condition(1, replace(asked, when=When.ROW, whole=False))}"
        return text + self.rng.choice(["", "", " across days"])

    def lag(self, _: Asked) -> str:
        """How many bars ago."""
        bars = [str(self.rng.randint(0, 4)), "1", *self.words.lags]
        return self.rng.choice(bars) + self.rng.choice(["", "", " across days"])

    def stretch(self, _: Asked) -> str:
        """A part of the bars a tracker has counted."""
        part = self.rng.choice(["", "", ".first_half", ".second_half", ".now", ".now.second_half"])
        return self.rng.choice(self.words.stretches) + part


OWN_NAMES: Final = 0.35
STRETCHES: Final = 0.15

WORDS: Final[dict[str, Callable[[Phrases, Asked], str]]] = {
    "window": Phrases.window,
    "lag": Phrases.lag,
    "stretch": Phrases.stretch,
    "session": lambda one, _: one.rng.choice(one.words.sessions),
    "since": lambda one, _: f"since {one.rng.choice(one.words.sessions)}",
    "events": lambda one, _: one.rng.choice(one.words.events),
    "exchange": lambda one, _: one.rng.choice(["XLON", "XNYS"]),
    "zone": lambda one, _: one.rng.choice(ZONES),
    "day": lambda one, _: one.rng.choice(DAYS),
    "clock": lambda one, _: f"{one.rng.randint(6, 21):02}:{one.rng.choice([0, 17, 30]):02}",
    "op": lambda one, _: one.rng.choice(["<", "<=", ">", ">=", ">", "<", "=="]),
    "count": lambda one, _: str(one.rng.randint(1, 9)),
    "small": lambda one, _: str(one.rng.randint(0, 12)),
    "decimal": lambda one, _: one.rng.choice(["0.1", "0.25", "0.5", "1", "1.5", "2", "3"]),
    "percentage": lambda one, _: one.rng.choice(["0.1 %", "0.5 %", "1 %", "30 %", "50 %", "95 %"]),
}
