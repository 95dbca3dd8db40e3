"""The declarations of a strategy: instrument, bars, sessions and parameters, as the IR has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dsl.calls import zone_exists
from dsl.ir.program import Anchor, DayRule, EventList, Instrument, ParamSpec, SessionRule
from dsl.nearest import nearest
from dsl.quantities import MILLION, PARAM_SCALE, BadQuantity, amount
from dsl.scope import Parameter
from dsl.units import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dsl.findings import Findings
    from dsl.source import Text
    from dsl.structure import Event, Param, Session, Spec
    from dsl.structure import Instrument as InstrumentSection

SET: Final = "--set "
"""How the place of a value that the run has set begins (dsl.overrides)."""

QUANTITY: Final = re.compile(r"(-?)(\d{1,30}(?:\.\d{1,30})?)\s*(%|[A-Za-z]*)")
ANCHOR: Final = re.compile(r"([A-Z][A-Z0-9_/]*)\.(open|close)(?:\s*([+-])\s*(\d{1,6})\s*(min|h))?")
CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
CALENDAR_HELP: Final = (
    "calendars go by exchange codes: XNYS is New York, XLON London, XTKS Tokyo, CMES the CME"
)
SWITCH: Final = {"on": 1, "yes": 1, "true": 1, "off": 0, "no": 0, "false": 0}
DAYS: Final = {day: n for n, day in enumerate(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], 1)}


# --- instrument -----------------------------------------------------------------------------


def instrument(
    spec: Spec, known: Mapping[str, Instrument], findings: Findings
) -> Instrument | None:
    """The instrument of a strategy, or None after an error."""
    section = spec.instrument
    if section is None:
        findings.error(
            "E004",
            spec.key_span("strategy"),
            "no `instrument` is named",
            "add `instrument: NQ`, or describe it: {symbol, tick, multiplier, ...}",
        )
        return None
    if isinstance(section, str):
        if section in known:
            return known[section]
        guess = nearest(section, list(known))
        findings.error(
            "E002",
            section.span,
            f"unknown instrument `{section}`",
            f"did you mean `{guess}`?" if guess else "known are " + ", ".join(known),
        )
        return None
    return _described(section, findings)


def _described(section: InstrumentSection, findings: Findings) -> Instrument | None:
    def number(text: Text | None, default: Fraction) -> Fraction:
        if text is None:
            return default
        if not re.fullmatch(r"\d{1,30}(\.\d{1,30})?", text) or Fraction(text) == 0:
            findings.error(
                "E001", text.span, f"`{text}` is not a positive number", "write it as 0.25"
            )
            return Fraction(1)
        return Fraction(text)

    tick = number(section.tick, Fraction(1))
    price_max = number(section.price_max, tick * (1 << 24)) / tick
    volume_step = number(section.volume_step, Fraction(1))
    return Instrument(
        symbol=str(section.symbol),
        exchange=str(section.exchange or ""),
        tick=tick,
        point=number(section.point, Fraction(1)),
        multiplier=number(section.multiplier, Fraction(1)),
        currency=str(section.currency or "USD"),
        roll=str(section.roll or "none"),
        price_max=int(price_max),
        volume_max=int(number(section.volume_max, 100_000_000 * volume_step) / volume_step),
        volume_step=volume_step,
    )


# --- time -----------------------------------------------------------------------------------


def minutes_of(text: Text | None, default: int, findings: Findings) -> int:
    """A written duration in whole minutes."""
    if text is None:
        return default
    found = re.fullmatch(r"(\d{1,9})\s*(min|h)", text)
    if found is None:
        findings.error("E001", text.span, f"`{text}` is not a duration", "write `5 min` or `2 h`")
        return default
    return int(found[1]) * (60 if found[2] == "h" else 1)


def bar_size(spec: Spec, findings: Findings) -> int:
    """The length of a bar in minutes; one unless said otherwise."""
    text = spec.bars.size if spec.bars else None
    minutes = minutes_of(text, 1, findings)
    if text is not None and not 1 <= minutes <= 1440:
        findings.error(
            "E001",
            text.span,
            f"a bar cannot be {text} long",
            "bars are a minute to a day long: `1 min`, `5 min`, `1 h`",
        )
        return 1
    return minutes


def clock_of(text: Text, findings: Findings) -> int:
    """A written time of day as minutes past midnight."""
    found = CLOCK.fullmatch(text)
    if found is None or int(found[2]) > 59 or int(found[1]) * 60 + int(found[2]) > 1440:
        findings.error("E001", text.span, f"`{text}` is not a time of day", "write `09:30`")
        return 0
    return int(found[1]) * 60 + int(found[2])


def zone_of(text: Text | None, default: str, findings: Findings) -> str:
    """A written time zone."""
    if text is None:
        return default
    if not zone_exists(text):
        findings.error(
            "E014",
            text.span,
            f"no time zone is called {text}",
            "zones are written Europe/London, America/New_York, UTC, ...",
        )
        return default
    return str(text)


def day_rule(spec: Spec, findings: Findings) -> DayRule:
    """Where trading dates begin; UTC midnight unless said otherwise."""
    if spec.day is None:
        return DayRule()
    starts = clock_of(spec.day.starts, findings) if spec.day.starts else 0
    return DayRule(zone_of(spec.day.clock, "UTC", findings), starts % 1440)


@dataclass(frozen=True, slots=True)
class Clocks:
    """What the reading of sessions needs to know."""

    day: DayRule
    calendars: frozenset[str]
    findings: Findings

    def session(self, name: Text, section: Session) -> SessionRule:
        """One session."""
        zone = zone_of(section.clock, self.day.zone, self.findings)
        start, end = (self.anchor(text, zone) for text in (section.from_, section.to))
        by_clock = not start.calendar and not end.calendar
        if by_clock and end.minutes <= start.minutes:
            # 18:00 .. 03:00 began the evening before the date whose morning it ends on
            start = Anchor(start.minutes - 1440, zone=start.zone)
        if start.calendar == end.calendar and start.edge == end.edge and not by_clock:
            empty = end.minutes <= start.minutes
        else:
            empty = start.calendar == end.calendar and (start.edge, end.edge) == ("close", "open")
        if empty:
            self.findings.error(
                "E014",
                section.to.span,
                f"`{name}` ends before it begins",
                "a session of one exchange runs from its open to its close, or between times "
                "moved from them: `XNYS.open + 30 min`",
            )
        days = tuple(self.weekday(day) for day in section.days or ()) or (1, 2, 3, 4, 5)
        return SessionRule(str(name), start, end, days)

    def weekday(self, text: Text) -> int:
        """A written weekday."""
        found = DAYS.get(text.lower()[:3])
        if found is None:
            self.findings.error(
                "E001",
                text.span,
                f"`{text}` is not a weekday",
                "write mon, tue, wed, thu, fri, sat or sun",
            )
        return found or 1

    def anchor(self, text: Text, zone: str) -> Anchor:
        """One end of a session."""
        found = ANCHOR.fullmatch(text)
        if found is None:
            if CLOCK.fullmatch(text):
                return Anchor(clock_of(text, self.findings), zone=zone)
            self.findings.error(
                "E014",
                text.span,
                f"`{text}` is not an instant of the day",
                "write `XNYS.open`, `XNYS.open + 30 min` or `09:30`",
            )
            return Anchor(0, zone=zone)
        calendar, edge, sign, count, unit = found.groups()
        if self.calendars and calendar not in self.calendars:
            guess = nearest(calendar, sorted(self.calendars))
            self.findings.error(
                "E014",
                text.span,
                f"no exchange calendar is called {calendar}",
                f"did you mean `{guess}`?" if guess else CALENDAR_HELP,
            )
        minutes = int(count or 0) * (60 if unit == "h" else 1)
        return Anchor(-minutes if sign == "-" else minutes, calendar, edge)


def event_list(name: Text, section: Event, findings: Findings) -> EventList:
    """One list of events to keep away from."""
    return EventList(
        str(name),
        str(section.file),
        minutes_of(section.before, 0, findings),
        minutes_of(section.after, 0, findings),
    )


# --- parameters -----------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def _quantity(text: str) -> tuple[Fraction, str] | None:
    """A written number and its unit's word; every check of a file reads them all again."""
    found = QUANTITY.fullmatch(text)
    return (Fraction(found[1] + found[2]), found[3]) if found else None


class ParamReader:
    """Reads parameters: literals become whole numbers here and are never floats."""

    def __init__(self, traded: Instrument, findings: Findings) -> None:
        """A reader for one instrument's grid."""
        self.traded = traded
        self.findings = findings

    def read(self, name: Text, section: Text | Param) -> Parameter | None:
        """One parameter, or None after an error."""
        if isinstance(section, str):
            return self._sided(name, section, section, None)
        short, long = section.short or section.default, section.long or section.default
        if short is None or long is None:
            self.findings.error(
                "E004",
                name.span,
                f"`{name}` has no value for each side",
                "give it a `default`, or both `short` and `long`",
            )
            return None
        return self._sided(name, short, long, section)

    def _sided(
        self, name: Text, short: Text, long: Text, section: Param | None
    ) -> Parameter | None:
        if section is not None and section.choices:
            return self._choice(name, short, long, section)
        first, second = self.literal(short), self.literal(long)
        if first is None or second is None:
            return None
        if first[0] is not second[0]:
            self.findings.error(
                "E021",
                long.span,
                f"`{name}` is {first[0].value} on one side and {second[0].value} on the other",
                "use one unit",
            )
            return None
        unit = first[0]
        low, high, step = self._range(section, unit, short) if section else (None, None, None)
        spec = ParamSpec(
            str(name),
            self._word(unit),
            self._scale(unit),
            first[1],
            second[1],
            low,
            high,
            step,
            str(section.doc or "") if section else "",
            span=name.span,
        )
        self._inside(spec, short, long, section)
        return Parameter(spec, unit, PARAM_SCALE.get(unit, 1), name.span)

    def literal(self, text: Text) -> tuple[Unit, int] | None:
        """A written value as its unit and whole number, or None after an error."""
        if text.lower() in SWITCH:
            return Unit.BOOL, SWITCH[text.lower()]
        if CLOCK.fullmatch(text):
            return Unit.TIME, clock_of(text, self.findings)
        found = _quantity(str(text))
        if found is None:
            self.findings.error(
                "E001",
                text.span,
                f"`{text}` is not a quantity",
                "write a number with a unit: 5 min, 2 pt, 0.1 %, 20 bars, 0.5",
            )
            return None
        try:
            made = amount(*found, self.traded)
        except BadQuantity as bad:
            self.findings.error(bad.code, text.span, bad.message, bad.remedy)
            return None
        held = made.value * PARAM_SCALE[made.unit] if made.unit in PARAM_SCALE else made.value
        if held.denominator != 1:
            self.findings.error(
                "E001",
                text.span,
                f"`{text}` has too many decimals",
                "shares and numbers are kept to a millionth, money to a cent",
            )
            return None
        return made.unit, int(held)

    def _range(
        self, section: Param, unit: Unit, value: Text
    ) -> tuple[int | None, int | None, int | None]:
        step = None
        if section.step is not None:
            made = self._of(unit, section.step, value)
            if made is not None and made <= 0:
                self.findings.error("E013", section.step.span, "a step must be more than nothing")
            step = made
        if section.range is None:
            return None, None, step
        ends = section.range.split("..")
        if len(ends) != 2:
            self.findings.error(
                "E013",
                section.range.span,
                f"`{section.range}` is not a range",
                "write `1 min .. 15 min`",
            )
            return None, None, step
        bounds: list[int | None] = []
        offset = 0
        for end in ends:
            start = offset + len(end) - len(end.lstrip())
            text = type(section.range)(
                end.strip(), section.range.span.inside(start, start + len(end.strip()))
            )
            bounds.append(self._of(unit, text, value))
            offset += len(end) + 2
        low, high = bounds
        if low is not None and high is not None and low > high:
            self.findings.error(
                "E013",
                section.range.span,
                "the range runs backwards",
                "write the smaller end first",
            )
            return None, None, step
        return low, high, step

    def _of(self, unit: Unit, text: Text, value: Text) -> int | None:
        """A number of the parameter's range or step, which must be of the parameter's unit."""
        found = self.literal(text)
        if found is None:
            return None
        if found[0] is not unit and value.span.file.startswith(SET):
            self.findings.error(
                "E021",
                value.span,
                f"`{value}` is {unit.value}, the parameter is {found[0].value}",
                "use the unit that the file gives the parameter's range in",
            )
            return None
        if found[0] is not unit:
            self.findings.error(
                "E013",
                text.span,
                f"`{text}` is {found[0].value}, the parameter is {unit.value}",
                "use the parameter's own unit",
            )
            return None
        return found[1]

    def _inside(self, spec: ParamSpec, short: Text, long: Text, section: Param | None) -> None:
        for text, value in ((short, spec.short), (long, spec.long)):
            below = spec.low is not None and value < spec.low
            above = spec.high is not None and value > spec.high
            if (below or above) and section is not None:
                self.findings.error(
                    "E012",
                    text.span,
                    f"`{spec.name}` is {text}, outside its own range {section.range}",
                    "widen the range or move the value",
                )
                return

    def _choice(self, name: Text, short: Text, long: Text, section: Param) -> Parameter | None:
        choices = [str(choice) for choice in section.choices or ()]
        for text in (short, long):
            if text not in choices:
                self.findings.error(
                    "E012",
                    text.span,
                    f"`{text}` is not a choice of `{name}`",
                    "choose one of " + ", ".join(choices),
                )
                return None
        spec = ParamSpec(
            str(name),
            "choice",
            Fraction(1),
            choices.index(short),
            choices.index(long),
            doc=str(section.doc or ""),
            choices=tuple(choices),
            span=name.span,
        )
        return Parameter(spec, Unit.RATIO, 1, name.span)

    def _word(self, unit: Unit) -> str:
        return UNIT_WORD.get(unit) or (self.traded.currency if unit is Unit.MONEY else "")

    def _scale(self, unit: Unit) -> Fraction:
        if unit is Unit.POINTS:
            return self.traded.point / self.traded.tick
        if unit is Unit.PERCENT:
            return Fraction(MILLION, 100)
        return Fraction(PARAM_SCALE.get(unit, 1))


UNIT_WORD: Final = {
    Unit.DURATION: "min",
    Unit.BARS: "bars",
    Unit.POINTS: "pt",
    Unit.PERCENT: "%",
    Unit.CONTRACTS: "contracts",
    Unit.R: "R",
    Unit.BOOL: "switch",
    Unit.TIME: "time",
}
