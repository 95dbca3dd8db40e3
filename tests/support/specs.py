"""Whole strategies made up at random, as the YAML a person would write.

`written(rng)` gives the text; it compiles, but for programs that the compiler proves too large for
int64 (E050). `trials()` gives Hypothesis a strategy with bars to run it on, `trial(rng)` one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from hypothesis import strategies as st

from dsl.compilation import Surroundings
from dsl.compiler import compile_strategy
from engine.run import Strategy
from tests.support.bars import NQ, busy_market
from tests.support.phrases import FORMS, UNITS, Asked, Phrases, Vocabulary, When

if TYPE_CHECKING:
    from random import Random

    from dsl.diagnostics import Diagnostic
    from engine.domain.market import Ints, Market

AROUND: Final = Surroundings(instruments={"NQ": NQ}, calendars=frozenset({"XLON", "XNYS"}))

INSTRUMENTS: Final[tuple[Any, ...]] = (
    "NQ",
    {"symbol": "GC", "tick": "0.1", "multiplier": "100", "price_max": "100000"},
    {"symbol": "6E", "tick": "0.00005", "point": "0.0001", "multiplier": "125000",
     "price_max": "10"},
)  # fmt: skip
SESSIONS: Final[tuple[dict[str, Any], ...]] = (
    {"from": "XLON.open", "to": "XNYS.open"},
    {"from": "XNYS.open", "to": "XNYS.close"},
    {"from": "XNYS.open + 30 min", "to": "XLON.close - 1 h"},
    {"from": "09:00", "to": "13:30", "clock": "Europe/London"},
    {"from": "13:00", "to": "20:00", "clock": "UTC", "days": ["mon", "tue", "thu"]},
    {"from": "19:00", "to": "11:00", "clock": "America/New_York"},
)
DAYS: Final[tuple[dict[str, str] | None, ...]] = (
    None,
    {"clock": "America/New_York", "starts": "18:00"},
    {"clock": "Europe/Stockholm", "starts": "00:00"},
)
PARAMS: Final = {
    "points": ["1 pt", "5 ticks", "0.5 pt"],
    "duration": ["3 min", "20 min", "1 h"],
    "bars": ["2 bars", "5 bars", "12 bars"],
    "ratio": ["0.5", "1.25", "2.0"],
    "time": ["14:30", "09:05"],
}
LIKELY: Final = (
    "close > open", "close < open", "high > high[1]", "low < low[1]", "close > close[1]",
    "close <= close[1]", "high - low >= 1 ticks",
)  # fmt: skip
"""Conditions that are often true, so that candidates get somewhere."""

Yaml = dict[str, Any]


def written(rng: Random) -> str:
    """A strategy as YAML."""
    return _Author(rng).strategy()


class _Author:
    """Writes one strategy, top down; a name may be used once it is declared."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.words = Vocabulary()
        self.phrases = Phrases(rng, self.words)
        self.side = rng.choice(["short", "short", "long"])
        self.stages: list[str] = []

    # --- chance --------------------------------------------------------------------------------

    def maybe(self, chance: float) -> bool:
        return self.rng.random() < chance

    def condition(self, when: When, depth: int = 2, likely: float = 0.5) -> str:
        often = self.rng.choice(LIKELY)
        if self.maybe(likely):
            return often
        rare = self.phrases.condition(depth, Asked(when))
        return f"({rare}) or {often}" if self.maybe(likely / 2) else rare

    def conditions(self, when: When, most: int, likely: float = 0.5, stem: str = "c") -> Yaml:
        count = self.rng.randint(1, most)
        return {self.words.name(stem): self.condition(when, likely=likely) for _ in range(count)}

    # --- the whole -----------------------------------------------------------------------------

    def strategy(self) -> str:
        rng = self.rng
        made: Yaml = {"lang": "1", "strategy": "made_up", "instrument": rng.choice(INSTRUMENTS)}
        made["bars"] = {"size": rng.choice(["1 min", "1 min", "5 min"]), "stamp": "open"}
        if (day := rng.choice(DAYS)) is not None:
            made["day"] = day
        self.mirror = self.maybe(0.8)
        other = {"short": "long", "long": "short"}[self.side]
        made["direction"] = {"write": self.side, "mirror": other if self.mirror else "none"}
        made["sessions"] = self.sessions()
        if self.maybe(0.4):
            self.words.events.append("news")
            made["events"] = {
                "news": {"file": "news.csv", "before": rng.choice(["3 min", "1 h"]),
                         "after": rng.choice(["20 min", "2 min"])}
            }  # fmt: skip
        made["params"] = self.params()
        made["series"] = self.series()
        if self.maybe(0.85):
            made["setup"] = self.setup()
        else:
            made["when"] = self.conditions(When.ROW, 2)
        made |= self.trade()
        return yaml_of(made)

    def sessions(self) -> Yaml:
        chosen = self.rng.sample(SESSIONS, self.rng.randint(2, 3))
        self.words.sessions = [f"s{number}" for number, _ in enumerate(chosen)]
        return dict(zip(self.words.sessions, chosen, strict=True))

    def params(self) -> Yaml:
        made: Yaml = {}
        for unit, values in PARAMS.items():
            if self.maybe(0.6):
                name = self.words.name(f"p_{unit}")
                made[name] = self._sided(values)
                self.words.learn(unit, name)
                if unit == "bars":
                    self.words.lags.append(name)
        if self.maybe(0.4):
            made["p_switch"] = self._sided(["on", "off"])
            self.words.learn("condition", "p_switch")
        return made

    def _sided(self, values: list[str]) -> Yaml | str:
        if self.maybe(0.3):
            return {"short": self.rng.choice(values), "long": self.rng.choice(values)}
        value = self.rng.choice(values)
        return {"default": value} if self.maybe(0.5) else value

    def series(self) -> Yaml:
        made: Yaml = {}
        for _ in range(self.rng.randint(1, 4)):
            unit = self.rng.choice([*UNITS, "price", "points", "condition", "condition"])
            name = self.words.name(f"x_{unit}")
            on_frame = self.maybe(0.3) and unit != "time"
            whole = self.maybe(0.5)
            asked = Asked(When.ROW, whole=whole, on_frame=on_frame)
            text = self.phrases.phrase(unit, 3, asked)
            if on_frame:
                size = self.rng.choice(["5 min", "15 min", "1 h", "30 min"])
                since = f" since {self.rng.choice(self.words.sessions)}"
                made[name] = {"is": text, "on": size + self.rng.choice(["", "", since])}
            else:
                made[name] = text
            # what it is made of is not looked up again: it may always need a calendar
            self.words.learn(unit, name, real=not whole, of_calendar=True)
        return made

    # --- the setup -----------------------------------------------------------------------------

    def setup(self) -> Yaml:
        rng = self.rng
        self.stages = [f"stage_{number}" for number in range(rng.choice([1, 1, 2, 2, 3, 4]))]
        bounds = rng.choice(self.words.sessions) if self.maybe(0.5) else ""
        when = {"inside": f"in {bounds}"} if bounds else {}
        start: Yaml = {"when": when | self.conditions(When.ROW, 2, likely=0.75, stem="go")}
        start["fires"] = rng.choice(["rising", "rising", "every"])
        if self.maybe(0.5):
            start["spacing"] = rng.choice(["5 min", "2 bars", "30 min", "7 bars"])
        if self.maybe(0.6):
            start["capture"] = self.captures(When.ROW)
        made: Yaml = {"start": start}
        if self.maybe(0.5):
            made["concurrent"] = {"max": str(rng.choice([1, 2, 3, 20])), "overflow": "no_room"}
        if self.maybe(0.85):
            made["track"], same = self.trackers()
            if same and self.maybe(0.7):
                at = rng.choice(self.stages[1:] or self.stages)
                made["merge"] = {"at": at, "same": same, "keep": "oldest", "else": "duplicate"}
        if self.maybe(0.5):
            made["measure"] = self.measures()
        if bounds or self.maybe(0.5):
            made["always"] = self.always(bounds)
        made["stages"] = {
            name: self.stage(number, bounded=bool(bounds))
            for number, name in enumerate(self.stages)
        }
        return made

    def captures(self, when: When) -> Yaml:
        made: Yaml = {}
        for _ in range(self.rng.randint(1, 2)):
            name = self.words.name("cap")
            if self.maybe(0.5):
                made[name] = "bar"
                self.learn_bar(name, nows=[""])
            else:
                unit = self.rng.choice(["price", "points", "ratio", "condition", "volume"])
                made[name] = self.phrases.phrase(unit, 2, Asked(when))
                self.words.learn(unit, name, When.CANDIDATE, real=True)
            self.words.learn("condition", f"exists {name}", When.CANDIDATE)
            self.words.learn("duration", f"{name}.age", When.CANDIDATE)
        return made

    def learn_bar(self, name: str, nows: list[str]) -> None:
        """The fields of a bar that is held, also as of this bar."""
        learn = self.words.learn
        for now in nows:
            held = f"{name}{now}"
            for price in ("open", "high", "low", "close"):
                learn("price", f"{held}.{price}", When.CANDIDATE)
            learn("volume", f"{held}.volume", When.CANDIDATE)
            learn("duration", f"{held}.held", When.CANDIDATE)
            learn("duration", f"{held}.age", When.CANDIDATE)
            learn("bars", f"{held}.bars", When.CANDIDATE)
            for unit, forms in self.words.known.items():
                for form in [one for one in forms if one.text.startswith("x_")]:
                    learn(unit, f"{held}.{form.text}", When.CANDIDATE, real=form.real)
        self.words.learn("condition", f"exists {name}", When.CANDIDATE)

    def trackers(self) -> tuple[Yaml, list[str]]:
        made: Yaml = {}
        holding: list[str] = []
        for _ in range(self.rng.randint(1, 4)):
            op = self.rng.choice(
                ["highest", "lowest", "latest", "earliest", "count", "sum", "bars", "highest",
                 "lowest"]
            )  # fmt: skip
            name = self.words.name(f"t_{op}")
            section: Yaml = {"is": self.tracked(name, op, holding)}
            counted = self.rng.sample(self.stages, self.rng.randint(1, len(self.stages)))
            section["in"] = counted if self.maybe(0.4) else self.stages[0]
            if op in {"highest", "lowest"} and self.maybe(0.3):
                section["ties"] = "newest"
            made[name] = section
        same = self.rng.sample(holding, min(len(holding), self.rng.choice([1, 1, 1, 2])))
        return made, same

    def tracked(self, name: str, op: str, holding: list[str]) -> str:
        """What a tracker keeps; the vocabulary learns to speak of it."""
        asked = Asked(When.ROW, whole=self.maybe(0.5) or op == "sum")
        where = f" where {self.condition(When.ROW)}"
        after = f" after {self.rng.choice(holding)}" if holding and self.maybe(0.5) else ""
        learn, when = self.words.learn, When.CANDIDATE
        unit = self.rng.choice(["price", "price", "points", "volume", "ratio"])
        match op:
            case "highest" | "lowest":
                text = f"{op}({self.phrases.phrase(unit, 1, asked)}{where * self.maybe(0.3)})"
                for now in ("", ".now"):
                    learn(unit, f"{name}{now}.value", when, real=not asked.whole)
            case "latest" | "earliest":
                text = f"{op}(bar{where})"
            case "sum":
                unit = self.rng.choice(["points", "volume", "ratio"])
                text = f"sum({self.phrases.phrase(unit, 1, asked)}{where * self.maybe(0.3)})"
                for now in ("", ".now"):
                    learn(unit, f"{name}{now}", when)
            case "count":
                text = f"count({self.condition(When.ROW)})"
                for now in ("", ".now"):
                    learn("ratio", f"{name}{now}.value", when)
            case _:
                text = "bars" + where * self.maybe(0.2)
                self.words.stretches.append(name)
                for now in ("", ".now"):
                    learn("bars", f"{name}{now}.bars", when)
        if op in {"highest", "lowest", "latest", "earliest"}:
            self.learn_bar(name, nows=["", ".now"])
            learn("condition", f"exists {name}.now", when)
            holding.append(name)
        return text + after

    def measures(self) -> Yaml:
        made: Yaml = {}
        for _ in range(self.rng.randint(1, 2)):
            unit = self.rng.choice(["price", "points", "ratio", "condition", "duration"])
            name = self.words.name("m")
            made[name] = self.phrases.phrase(unit, 2, Asked(When.CANDIDATE))
            self.words.learn(unit, name, When.CANDIDATE, real=True)
        return made

    def always(self, bounds: str) -> Yaml:
        made: Yaml = {}
        if bounds:
            made["over"] = f"not in {bounds}"
        if not made or self.maybe(0.5):
            made["gap"] = self.rng.choice(
                ["low > high[1] + 1 pt", "hole > 40 min", "volume == 0 * volume"]
            )
        return made

    def stage(self, number: int, *, bounded: bool) -> Yaml:
        made: Yaml = {}
        if not bounded or self.maybe(0.6):
            made["within"] = {
                "limit": self.rng.choice(["6 bars", "9 bars", "20 min", "45 min", "1 bar"]),
                "else": self.words.name("late"),
            }
        if self.maybe(0.35):
            rule = self.words.name("bad")
            made["invalidate"] = {rule: self.condition(When.CANDIDATE, likely=0)}
        onward = [*self.stages[number + 1 :], "entry"]
        ways = [self.way(onward[0], onward=True)]
        if len(onward) > 1 and self.maybe(0.3):
            ways.append(self.way(self.rng.choice(onward[1:]), onward=True))
        if number and self.maybe(0.3):
            ways.append(self.way(self.rng.choice(self.stages[: number + 1]), onward=False))
        self.rng.shuffle(ways)
        made["advance"] = ways
        return made

    def way(self, to: str, *, onward: bool) -> Yaml:
        made: Yaml = {"to": to}
        if to != "entry":
            made["this_bar"] = self.rng.choice(["skip", "count", *["examine"] * onward])
        made["when"] = self.conditions(When.CANDIDATE, 2, likely=0.55)
        if self.maybe(0.35):
            made["capture"] = self.captures(When.CANDIDATE)
        return made

    # --- the trade -----------------------------------------------------------------------------

    def trade(self) -> Yaml:
        rng = self.rng
        self.up = self.side == "short"
        made: Yaml = {"entry": self.entry()}
        made["stop"] = self.stop()
        if self.maybe(0.85):
            made["target"] = self.targets()
        made["exits"] = self.exits(made)
        if self.maybe(0.4):
            made["require"] = self.conditions(When.BRACKET, 2, likely=0.7, stem="must")
        if self.maybe(0.3):
            made["filters"] = self.conditions(When.ROW, 1, likely=0.6, stem="filter")
        if self.maybe(0.6):
            made["features"] = {
                self.words.name("f"): self.phrases.phrase(
                    rng.choice(list(FORMS)), 2, Asked(When.BRACKET)
                )
                for _ in range(rng.randint(1, 3))
            }
        if self.maybe(0.9):
            made["risk"] = self.risk()
        return made

    def entry(self) -> Yaml:
        order = self.rng.choice(["market", "market", "stop", "limit"])
        made: Yaml = {"order": order}
        if order != "market":
            sign = "-" if self.up == (order == "stop") else "+"
            made["price"] = f"close {sign} {self.rng.randint(0, 4)} ticks"
            if self.maybe(0.15):
                made["price"] = self.phrases.phrase("price", 1, Asked(When.CANDIDATE))
            made["valid"] = self.rng.choice(["1 bar", "3 bars", "8 bars"])
        if self.maybe(0.2):
            made["after_entry"] = {"others": "die", "else": "other_entered"}
        return made

    def beyond(self) -> str:
        """A price the stop may lie at, mostly beyond the close."""
        sign, extreme = ("+", "high") if self.up else ("-", "low")
        best = "highest" if self.up else "lowest"
        if self.maybe(0.1):
            return self.phrases.phrase("price", 2, Asked(When.SETUP))
        return self.rng.choice(
            [
                f"{extreme} {sign} {self.rng.randint(1, 20)} ticks",
                f"close {sign} {self.rng.randint(4, 30)} ticks",
                f"{best}({extreme}, 4 bars across days) {sign} 1 ticks",
                f"close {sign} 1.5 * atr(5 bars across days)",
                f"close {sign} (0.3 % of close)",
            ]
        )

    def stop(self) -> Yaml | str:
        if self.maybe(0.3):
            return self.beyond()
        cases: list[Yaml] = [
            {
                "name": self.words.name("case"),
                "if": self.condition(When.CANDIDATE),
                "at": self.beyond(),
            }
            for _ in range(self.rng.randint(0, 2))
        ]
        if not cases or self.maybe(0.8):
            cases.append({"name": self.words.name("case"), "at": self.beyond()})
        return {"round": self.rng.choice(["away", "toward"]), "cases": cases}

    def ahead(self) -> str:
        """A price to take profit at, mostly in favour."""
        sign = "-" if self.up else "+"
        if self.maybe(0.1):
            return self.phrases.phrase("price", 2, Asked(When.BRACKET))
        return self.rng.choice(
            [f"close {sign} {self.rng.randint(1, 30)} ticks", f"entry {sign} (stop - entry)"
             if self.side == "long" else "entry - (stop - entry)"]
        )  # fmt: skip

    def targets(self) -> list[Yaml] | str:
        count = self.rng.randint(0, 3)
        if count == 0:
            return self.ahead()
        shares = {1: ["100 %"], 2: ["60 %", "40 %"], 3: ["50 %", "25 %", "25 %"]}[count]
        return [
            {"name": f"tp{number}", "at": self.ahead(), "share": share}
            for number, share in enumerate(shares, 1)
        ]

    def exits(self, made: Yaml) -> Yaml:
        rng = self.rng
        exits: Yaml = {"flat_by": rng.choice([*self.words.sessions, "none", "none"])}
        if self.maybe(0.3):
            exits["after"] = rng.choice(["3 bars", "10 bars"])
        if self.maybe(0.3):
            exits["when"] = {self.words.name("leave"): self.condition(When.ROW, likely=0.3)}
        if self.maybe(0.3):
            named = isinstance(made.get("target"), list)
            after = rng.choice(["1 R", "0.5 R", *(["tp1"] if named else [])])
            exits["break_even"] = {"after": after, "offset": rng.choice(["0 pt", "1 ticks"])}
        if self.maybe(0.3):
            best, extreme = ("highest", "high") if self.up else ("lowest", "low")
            exits["trail"] = {"at": f"{best}({extreme}, 3 bars)"}
            if self.maybe(0.5):
                exits["trail"]["after"] = "0.5 R"
        return exits

    def risk(self) -> Yaml:
        rng = self.rng
        made: Yaml = {"sizing": rng.choice(["fixed", "fixed_risk", "fixed_risk", "atr", "kelly"])}
        made["per_trade"] = rng.choice(["1 %", "0.2 % of equity", "5 %"])
        made["max"] = rng.choice(["1 contract", "5 contracts", "40 contracts"])
        if made["sizing"] == "fixed":
            made["contracts"] = "3 contracts"
        if self.maybe(0.3):
            made["min"] = "2 contracts"
        if self.maybe(0.3):
            made["atr"] = self.phrases.phrase("points", 2, Asked(When.ROW))
        if self.maybe(0.4):
            made["reduce"] = {"at": rng.choice(["0.2 %", "1 %"]), "to": "50 %"}
        if self.maybe(0.4):
            made["stop_at"] = rng.choice(["0.5 %", "3 %"])
        if self.maybe(0.3):
            made["daily_loss"] = rng.choice(["1 %", "3 %"])
        if self.maybe(0.3):
            made["rr_min"] = rng.choice(["0.5", "1 R"])
        made["else"] = "too_small"
        return made


def yaml_of(value: Any, depth: int = 0) -> str:
    """Block style, every leaf in double quotes."""
    pad = "  " * depth
    match value:
        case dict():
            written = {key: inner for key, inner in value.items() if inner}
            return "".join(f"{pad}{key}:{_under(inner, depth)}" for key, inner in written.items())
        case list():
            return "".join(f"{pad}-{_under(inner, depth)}" for inner in value)
        case _:
            return f'{pad}"{value}"\n'


def _under(value: Any, depth: int) -> str:
    return f' "{value}"\n' if isinstance(value, str) else "\n" + yaml_of(value, depth + 1)


# --- trials ---------------------------------------------------------------------------------


class TooLarge(Exception):
    """The compiler proved that an expression may leave int64."""


class NotCompiled(AssertionError):
    """The generator wrote what is no strategy."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A strategy with a market to try it on, and the instants of its event lists."""

    text: str
    strategy: Strategy
    market: Market
    events: dict[str, Ints]

    def __repr__(self) -> str:
        """The strategy as it is written."""
        return f"\n{self.text}# on {len(self.market)} bars\n"


def compiled(text: str) -> Strategy:
    """The strategy of a text; raises `TooLarge` or `NotCompiled`."""
    made = compile_strategy("made_up.yaml", text.encode(), AROUND)
    errors = [finding for finding in made.findings if finding.severity == "error"]
    if errors and all(finding.code == "E050" for finding in errors):
        raise TooLarge
    if made.program is None:
        raise NotCompiled(f"{text}\n" + "\n".join(map(shown, errors)))
    return Strategy(made.program)


def shown(finding: Diagnostic) -> str:
    """A finding in a line."""
    return f"{finding.code} line {finding.span.line}: {finding.message}"


def trial(rng: Random) -> Trial:
    """A strategy and bars; texts that are too large are written anew."""
    while True:
        text = written(rng)
        try:
            strategy = compiled(text)
        except TooLarge:
            continue
        break
    program = strategy.program
    market = busy_market(rng, program.instrument, program.bar_minutes)
    first, last = (int(market.minute[row]) for row in (0, -1))
    events = {
        one.name: np.sort(np.array([rng.randint(first, last) for _ in range(4)], np.int64))
        for one in program.events
    }
    return Trial(text, strategy, market, events)


def trials() -> st.SearchStrategy[Trial]:
    """Trials for Hypothesis, which may shrink them."""
    return st.randoms(use_true_random=False).map(trial)
