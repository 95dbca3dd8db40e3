"""The table of every diagnostic code: what it means to a trader, a wrong and a right example.

Codes are stable: a number is never given a second meaning. The examples are pieces of a
strategy; the line that is meant carries `# <--`. The tests lay each over a small strategy and
compile it: the wrong one yields its code, the right one does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent, fill, indent
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from dsl.diagnostics import Severity
from dsl.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT_WIDTH: Final = 88


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding."""

    code: str
    title: str
    severity: Severity
    why: str
    wrong: str
    right: str


def explain(code: str) -> str:
    """What a code means, as text for a terminal; for an unknown one, what to ask instead."""
    found = CODES.get(code.strip().upper())
    if found is None:
        guess = nearest(code.strip().upper(), CODES)
        instead = f"did you mean {guess}?" if guess else f"codes run from {', '.join(_FAMILIES)}"
        return f"there is no diagnostic {code!r}; {instead}"
    parts = [f"{found.severity}[{found.code}]: {found.title}", fill(found.why, TEXT_WIDTH)]
    parts += [
        f"Wrong:\n\n{indent(found.wrong, '    ')}",
        f"Right:\n\n{indent(found.right, '    ')}",
    ]
    return "\n\n".join(parts)


_FAMILIES: Final = ("E000 (errors)", "W101 (warnings and notes)")


def _code(severity: Severity, code: str, title: str, why: str, wrong: str, right: str) -> Code:
    return Code(code, title, severity, " ".join(why.split()), _yaml(wrong), _yaml(right))


def _yaml(text: str) -> str:
    return dedent(text).strip("\n")


_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

_TABLE: Final = (
    _code(
        _E,
        "E000",
        "the file is not plain YAML",
        """YAML has ways to fold lines, copy values and replace keys without a word, and each of
        them can make a file mean something other than what it shows. A strategy file uses none
        of them: every value stands on one line, once, under a key that is written once.""",
        """
        series:
          body: abs(close - open)
          body: high - low            # <--
        """,
        """
        series:
          body:   abs(close - open)
          spread: high - low
        """,
    ),
    _code(
        _E,
        "E001",
        "not a quantity",
        """A limit that cannot be read as a number with a unit has no value, and a guess would
        trade something that nobody wrote. Write the number, a space and the unit.""",
        """
        params:
          wait: {default: five min}   # <--
        """,
        """
        params:
          wait: {default: 5 min}
        """,
    ),
    _code(
        _E,
        "E002",
        "unknown name",
        """A name that is declared nowhere is nearly always a slip of the pen. If it counted as
        zero or as false, the strategy would quietly trade without that rule.""",
        """
        series:
          body: abs(clse - open)      # <--
        """,
        """
        series:
          body: abs(close - open)
        """,
    ),
    _code(
        _E,
        "E003",
        "unknown key, or a value of the wrong shape",
        """A key that the language does not know would be a rule that is never asked. It is
        refused, so that no rule you wrote is left out of the trades you see.""",
        """
        setup:
          stages:
            waiting:
              invalidates: {too_far: high > top.price + 50 pt}    # <--
        """,
        """
        setup:
          stages:
            waiting:
              invalidate: {too_far: high > top.price + 50 pt}
        """,
    ),
    _code(
        _E,
        "E004",
        "a needed key is missing",
        """Some keys have no sensible default: a session without an end, a stop without a price.
        Filling them in silently would be a decision about your money that you did not take.""",
        """
        sessions:
          lunch: {from: XNYS.open + 150 min}      # <--
        """,
        """
        sessions:
          lunch: {from: XNYS.open + 150 min, to: XNYS.open + 210 min}
        """,
    ),
    _code(
        _E,
        "E005",
        "the file that is extended cannot be used",
        """A variant means nothing without the strategy it starts from. That file must exist, lie
        in the same folder or below, and must not lead back to the variant, so that the pair can
        be copied, compared and rebuilt anywhere.""",
        """
        extends: ../elsewhere/base.yaml     # <--
        """,
        """
        extends: base.yaml
        """,
    ),
    _code(
        _E,
        "E006",
        "the expression cannot be read",
        """Something is missing or left over in the expression, so it has no single meaning.
        One comparison takes two values, `and` and `or` join comparisons, and every bracket
        that opens must close.""",
        """
        series:
          quiet: close > open and     # <--
        """,
        """
        series:
          quiet: close > open and close > close[1]
        """,
    ),
    _code(
        _E,
        "E007",
        "the name cannot be used",
        """Names appear in the funnel, in the journal and in other expressions. A name that is a
        word of the language, or that is no word at all, would make those lines ambiguous.""",
        """
        series:
          close: (high + low) / 2     # <--
        """,
        """
        series:
          middle: mid(high, low)
        """,
    ),
    _code(
        _E,
        "E008",
        "the name is declared twice",
        """Every name means one thing in the whole file. With two meanings, which rule you trade
        would depend on where you look it up.""",
        """
        params:
          body: 2 pt
        series:
          body: abs(close - open)     # <--
        """,
        """
        params:
          body_min: 2 pt
        series:
          body: abs(close - open)
        """,
    ),
    _code(
        _E,
        "E009",
        "wrong number or kind of arguments",
        """A function given too few or too many values would have to drop or invent one. The
        message shows how the function is written.""",
        """
        series:
          body: abs(close, open)      # <--
        """,
        """
        series:
          body: abs(close - open)
        """,
    ),
    _code(
        _E,
        "E010",
        "not on the tick grid",
        """Prices move in ticks; an order at a price in between is rejected by the exchange or
        moved by the broker. A distance off the grid usually comes from a CFD chart: choose the
        tick on the side that you mean.""",
        """
        params:
          buffer: 0.4 pt              # <--
        """,
        """
        params:
          buffer: 0.5 pt
        """,
    ),
    _code(
        _E,
        "E011",
        "unknown unit",
        """A number with a unit that the instrument does not have could be off by a factor of ten
        or more. A pip, for one, exists for currency pairs and means nothing for an index
        future.""",
        """
        params:
          buffer: 2 pips              # <--
        """,
        """
        params:
          buffer: 2 pt
        """,
    ),
    _code(
        _E,
        "E012",
        "the default lies outside its range",
        """The range says which values make sense, and every check of the strategy holds for all
        of them. A default outside it would be traded unchecked, and no sweep would ever visit
        it.""",
        """
        params:
          wait: {default: 30 min, range: 1 min .. 15 min}     # <--
        """,
        """
        params:
          wait: {default: 10 min, range: 1 min .. 15 min}
        """,
    ),
    _code(
        _E,
        "E013",
        "the range or step makes no sense",
        """A range runs from the smaller value to the larger one, in the unit of its parameter,
        and a step is more than nothing. Otherwise a sweep would try no value at all.""",
        """
        params:
          wait: {default: 10 min, range: 15 min .. 1 min}     # <--
        """,
        """
        params:
          wait: {default: 10 min, range: 1 min .. 15 min}
        """,
    ),
    _code(
        _E,
        "E014",
        "unknown exchange calendar, time zone or instant",
        """Sessions follow the exchange's own calendar, with its holidays, half days and clock
        changes. With a name that no calendar has, there would be no session and no trade, for a
        reason that nobody sees.""",
        """
        sessions:
          tokyo: {from: TOKYO.open, to: TOKYO.close}      # <--
        """,
        """
        sessions:
          tokyo: {from: XTKS.open, to: XTKS.close}
        """,
    ),
    _code(
        _E,
        "E020",
        "a condition is expected",
        """A rule is true or false. A distance or a price is neither, and counting every value
        but zero as true would fire on nearly every bar.""",
        """
        setup:
          start:
            when: {swept: high - london.high}     # <--
        """,
        """
        setup:
          start:
            when: {swept: high > london.high}
        """,
    ),
    _code(
        _E,
        "E021",
        "values of different kinds are compared",
        """Ten points, ten minutes and ten percent have no order among them. For a percentage say
        what it is a percentage of; for a time say minutes or bars, because the two differ as
        soon as a bar is missing.""",
        """
        series:
          wide: high - low > 0.1 %    # <--
        """,
        """
        series:
          wide: high - low > 0.1 % of close
        """,
    ),
    _code(
        _E,
        "E022",
        "arithmetic without a meaning",
        """A price is a place on the scale, not an amount: the sum of two prices is nothing that
        a chart could show. Distances add up, a price plus a distance is a price, and the middle
        of two prices is `mid`.""",
        """
        series:
          middle: high + low          # <--
        """,
        """
        series:
          middle: mid(high, low)
        """,
    ),
    _code(
        _E,
        "E023",
        "`of` takes a share of something",
        """`of` belongs to percentages: one percent of a price is a distance, of a volume a
        volume. Of anything else the words have no agreed meaning.""",
        """
        series:
          room: 2 pt of close         # <--
        """,
        """
        series:
          room: 0.1 % of close
        """,
    ),
    _code(
        _E,
        "E024",
        "it has no mirror image",
        """The other side is traded by reflecting prices exactly. A fixed level or the size of a
        price itself changes its meaning in the reflection, so SHORT and LONG would not be the
        same strategy. Use distances, or trade one side with `mirror: none`.""",
        """
        series:
          size: abs(close)            # <--
        """,
        """
        series:
          size: abs(close - open)
        """,
    ),
    _code(
        _E,
        "E025",
        "there is no such function for these values",
        """Either the function does not exist, or it does not take values of this kind: there is
        no larger of a price and five minutes. The message shows how it is written.""",
        """
        series:
          top_of: max(close, 5 min)   # <--
        """,
        """
        series:
          top_of: max(close, open)
        """,
    ),
    _code(
        _E,
        "E026",
        "the value is not known there yet",
        """Values become known one after the other: parameters before the run, series at each
        bar, what a candidate remembers only while it lives. A rule that asks earlier could only
        be answered by looking ahead.""",
        """
        series:
          room: top.price - close     # <--
        """,
        """
        setup:
          measure:
            room: top.price - close
        """,
    ),
    _code(
        _E,
        "E027",
        "it has no such field",
        """Sessions, trackers and captured bars each have fields of their own. A field that does
        not exist has no value, and a rule on it could never be true.""",
        """
        setup:
          start:
            when: {swept: high > london.hi}       # <--
        """,
        """
        setup:
          start:
            when: {swept: high > london.high}
        """,
    ),
    _code(
        _E,
        "E028",
        "a session or clock cannot be used here",
        """A longer bar may lie half inside a session, so asking on it whether a session is on
        has no clear answer. Ask on the strategy's own bars, in a series of its own.""",
        """
        series:
          busy: {is: "in ny", on: 5 min}      # <--
        """,
        """
        series:
          busy: in ny
        """,
    ),
    _code(
        _E,
        "E030",
        "it reads the future",
        """At the close of a bar the next one does not exist yet. A rule that reads it wins every
        backtest and cannot be traded, which is why the language has no way to write it.""",
        """
        series:
          gap: low > high[-1]         # <--
        """,
        """
        series:
          gap: low > high[1]
        """,
    ),
    _code(
        _E,
        "E031",
        "the definition leads back to itself",
        """Two values that are each defined by the other have no beginning, so neither can be
        computed. One of them must be written from bars and parameters alone.""",
        """
        series:
          upper: lower + 2 pt
          lower: upper - 2 pt         # <--
        """,
        """
        series:
          upper: close + 1 pt
          lower: close - 1 pt
        """,
    ),
    _code(
        _E,
        "E040",
        "one bar could run round in a circle",
        """With `this_bar: examine` the next stage looks at the same bar. If stages examine in a
        circle, a single bar could pass round it again and again, and the candidate's path would
        depend on where we stop counting. One of the ways must `count` or `skip` the bar.""",
        """
        setup:
          stages:
            waiting:
              advance:
                - {to: armed, this_bar: examine, when: {up: close > open}}
            armed:
              within: {limit: 20 bars, else: armed_timeout}
              advance:
                - {to: entry, when: {fell: close < london.high}}
                - {to: waiting, this_bar: examine, when: {down: close < open}}    # <--
        """,
        """
        setup:
          stages:
            waiting:
              advance:
                - {to: armed, this_bar: examine, when: {up: close > open}}
            armed:
              within: {limit: 20 bars, else: armed_timeout}
              advance:
                - {to: entry, when: {fell: close < london.high}}
                - {to: waiting, this_bar: count, when: {down: close < open}}
        """,
    ),
    _code(
        _E,
        "E041",
        "there is no such stage",
        """A way on must lead to a stage of this setup or to `entry`. Towards a stage that does
        not exist, every candidate would be lost.""",
        """
        setup:
          stages:
            waiting:
              advance:
                - {to: entrey, when: {closed_back: close < london.high}}      # <--
        """,
        """
        setup:
          stages:
            waiting:
              advance:
                - {to: entry, when: {closed_back: close < london.high}}
        """,
    ),
    _code(
        _E,
        "E050",
        "the number can grow too large",
        """Decisions are made on exact whole numbers of 64 bits. With the largest price that the
        data may hold and the largest values in the ranges of the parameters, this product could
        exceed them, and the result would silently turn into nonsense. Multiply fewer of them,
        narrow the ranges, or bound prices by `price_max` of the instrument.""",
        """
        params:
          k: {default: 2.0, range: 1.0 .. 4.0}
        series:
          reach: k * k * k * (high - low)     # <--
        """,
        """
        params:
          k: {default: 2.0, range: 1.0 .. 4.0}
        series:
          reach: k * (high - low)
        """,
    ),
    _code(
        _E,
        "E060",
        "a name has two meanings in one place",
        """Every candidate ends in exactly one named outcome, and the funnel counts by name. Two
        rules of one name in one stage, a deadline called as a rule, or two ways to the same stage
        could not be told apart in any report.""",
        """
        setup:
          always: {timed_out: not in ny}
          stages:
            waiting:
              within: {limit: 20 bars, else: timed_out}       # <--
        """,
        """
        setup:
          always: {session_over: not in ny}
          stages:
            waiting:
              within: {limit: 20 bars, else: timed_out}
        """,
    ),
    _code(
        _E,
        "E061",
        "no way leads to an entry",
        """None of the stages that a candidate can reach advances to `entry`, so the strategy can
        never trade. One of the ways on must lead there.""",
        """
        setup:
          stages:
            waiting:
              advance:
                - {to: armed, when: {up: close > open}}
            armed:
              within: {limit: 20 bars, else: armed_timeout}
              advance:
                - {to: waiting, when: {down: close < open}}       # <--
        """,
        """
        setup:
          stages:
            waiting:
              advance:
                - {to: armed, when: {up: close > open}}
            armed:
              within: {limit: 20 bars, else: armed_timeout}
              advance:
                - {to: entry, when: {down: close < open}}
        """,
    ),
    _code(
        _E,
        "E062",
        "the shares of the targets do not make 100 %",
        """Each target closes its share of the position. If the shares add up to less, a rest
        stays open without a target; if to more, the last order would open a position the other
        way.""",
        """
        target:
          - {name: tp1, at: london.low, share: 50 %}              # <--
          - {name: tp2, at: london.low - 10 pt, share: 40 %}
        """,
        """
        target:
          - {name: tp1, at: london.low, share: 50 %}
          - {name: tp2, at: london.low - 10 pt, share: 50 %}
        """,
    ),
    _code(
        _E,
        "E063",
        "the expectation of a test cannot be read",
        """A test says what must happen and when, such as `entry@16:31`. An expectation that
        cannot be read would be a test that always passes.""",
        """
        tests:
          - name: jan_6
            bars: bars/NQ_2026-01-06.csv
            clock: Europe/Stockholm
            expect: [entry at 16:31]      # <--
        """,
        """
        tests:
          - name: jan_6
            bars: bars/NQ_2026-01-06.csv
            clock: Europe/Stockholm
            expect: [entry@16:31]
        """,
    ),
    _code(
        _E,
        "E070",
        "the value depends on where the data begins",
        """Adding up divided values rounds a little at every step, so the sum depends on which
        bar came first. Backtest and live begin on different days and could then decide
        differently on the same bar. Add up whole values, and divide the sums.""",
        """
        series:
          push: sum((close - open) / (high - low), 20 bars)       # <--
        """,
        """
        series:
          push: sum(close - open, 20 bars) / sum(high - low, 20 bars)
        """,
    ),
    _code(
        _W,
        "W101",
        "the parameter is never used",
        """A parameter that no rule reads changes nothing, however it is set. A sweep over it
        costs time and shows a flat line; perhaps a rule still has the number written out.""",
        """
        params:
          wait: 20 bars               # <--
        """,
        """
        params:
          wait: 20 bars
        setup:
          stages:
            waiting:
              within: {limit: wait, else: timed_out}
        """,
    ),
    _code(
        _W,
        "W102",
        "the value is never read",
        """A tracker, capture or series that nothing reads has no effect on any trade. Often the
        rule that was meant to use it is missing.""",
        """
        setup:
          track:
            bottom: {is: lowest(low), in: [waiting]}      # <--
        """,
        """
        setup:
          track:
            bottom: {is: lowest(low), in: [waiting]}
        target: bottom.price
        """,
    ),
    _code(
        _W,
        "W103",
        "the stage cannot be reached",
        """No way leads from the first stage to this one, so its rules are never asked. Perhaps
        an `advance` names the wrong stage.""",
        """
        setup:
          stages:
            waiting:
              advance:
                - {to: entry, when: {closed_back: close < london.high}}
            armed:                    # <--
              within: {limit: 20 bars, else: armed_timeout}
              advance:
                - {to: entry, when: {fell: close < open}}
        """,
        """
        setup:
          stages:
            waiting:
              advance:
                - {to: armed, when: {closed_back: close < london.high}}
            armed:
              within: {limit: 20 bars, else: armed_timeout}
              advance:
                - {to: entry, when: {fell: close < open}}
        """,
    ),
    _code(
        _W,
        "W104",
        "nothing ends the wait",
        """Without `within`, a candidate waits in this stage until some other rule ends it. If
        `always` ends it with its session this is only noted; otherwise it may wait for days. Nor is
        there an end to a position without a target or an exit but a loss at its stop.""",
        """
        setup:
          always: {session_over: not in ny}
          stages:
            waiting:
              advance:
                - {to: armed, when: {closed_back: close < london.high}}
            armed:                    # <--
              advance:
                - {to: entry, when: {fell: close < open}}
        """,
        """
        setup:
          always: {session_over: not in ny}
          stages:
            waiting:
              advance:
                - {to: armed, when: {closed_back: close < london.high}}
            armed:
              within: {limit: 20 bars, else: armed_timeout}
              advance:
                - {to: entry, when: {fell: close < open}}
        """,
    ),
    _code(
        _W,
        "W105",
        "the session or list of events is never used",
        """No rule asks about this session or reads its prices, or none keeps away from these
        events. Either a rule is missing or the declaration can go.""",
        """
        sessions:
          tokyo: {from: XTKS.open, to: XTKS.close}        # <--
        """,
        """
        sessions:
          tokyo: {from: XTKS.open, to: XTKS.close}
        setup:
          start:
            when: {above_tokyo: high > tokyo.high}
        """,
    ),
    _code(
        _W,
        "W110",
        "the condition can never be true",
        """For no bar and no value of the parameters in their ranges can this hold: no close lies
        above its own high, and no rule is true of a bar that nobody has remembered yet. A rule that
        cannot fire, or an entry that cannot come, is not what you meant.""",
        """
        series:
          strong: close > high        # <--
        """,
        """
        series:
          strong: close == high
        """,
    ),
    _code(
        _W,
        "W111",
        "the condition adds nothing to the others",
        """Whenever the other conditions are true, this one is too, so it never decides. Its
        parameter can be turned without any effect on the trades.""",
        """
        setup:
          start:
            when:
              swept: high > london.high           # <--
              clear: high > london.high + 2 pt
        """,
        """
        setup:
          start:
            when:
              swept: high > london.high + 2 pt
        """,
    ),
    _code(
        _W,
        "W112",
        "the condition is always true, or an earlier one covers it",
        """A rule that is true on every bar decides nothing, and a rule behind a broader one of
        the same effect is never the reason for anything. Its row in the funnel stays at zero or
        hides the others.""",
        """
        setup:
          start:
            when: {real_bar: high >= low}         # <--
        """,
        """
        setup:
          start:
            when: {real_bar: high > low}
        """,
    ),
    _code(
        _W,
        "W113",
        "part of the range has no effect",
        """Beyond some value of this parameter the rule is always or never true, so a sweep tries
        values that cannot differ. Shrink the range to the part that matters.""",
        """
        params:
          dwell: {default: 10 min, range: 5 min .. 240 min}       # <--
        setup:
          stages:
            waiting:
              within: {limit: 120 min, else: timed_out}
              advance:
                - {to: entry, when: {dwelt: top.age >= dwell, closed_back: close < london.high}}
        """,
        """
        params:
          dwell: {default: 10 min, range: 5 min .. 90 min}
        setup:
          stages:
            waiting:
              within: {limit: 120 min, else: timed_out}
              advance:
                - {to: entry, when: {dwelt: top.age >= dwell, closed_back: close < london.high}}
        """,
    ),
    _code(
        _N,
        "W120",
        "history is needed before the first decision",
        """Windows and averages need bars before they are known. Until then the rules that use
        them cannot fire, so the first trades of a run appear only after that much data; live
        refuses to start with less.""",
        """
        series:
          usual: mean(volume, 200 bars across days)       # <--
        setup:
          start:
            when: {busy: volume > usual}
        """,
        """
        setup:
          start:
            when:
              busy: volume > volume[1]
        """,
    ),
    _code(
        _N,
        "W121",
        "a divided value takes part in a decision",
        """The value of a division is rounded to about sixteen digits. It is rounded the same way
        in backtest and live, but a comparison that is exactly on the limit may fall on either
        side. Multiplying instead of dividing keeps it exact.""",
        """
        series:
          strong: (close - low) / (high - low) > 0.7      # <--
        setup:
          start:
            when: {strong_close: strong}
        """,
        """
        series:
          strong: close - low > 0.7 * (high - low)
        setup:
          start:
            when: {strong_close: strong}
        """,
    ),
    _code(
        _N,
        "W130",
        "SHORT and LONG differ by more than the mirror",
        """These parameters have a value for each side, so one side is not the exact reflection of
        the other. That may be what you want; it also means that results of one side say less
        about the other.""",
        """
        params:
          wait: {short: 20 bars, long: 10 bars}           # <--
        setup:
          stages:
            waiting:
              within: {limit: wait, else: timed_out}
        """,
        """
        params:
          wait: {default: 20 bars}
        setup:
          stages:
            waiting:
              within: {limit: wait, else: timed_out}
        """,
    ),
    _code(
        _N,
        "W131",
        "the length of the session varies",
        """A session between two exchanges changes its length when their clocks change on
        different Sundays, and there is none when one of them is closed. Rules on its high and
        low then see an hour more or less of market.""",
        """
        sessions:
          london: {from: XLON.open, to: XNYS.open}        # <--
        """,
        """
        sessions:
          london: {from: XLON.open, to: XLON.open + 300 min}
        """,
    ),
)

CODES: Final[Mapping[str, Code]] = MappingProxyType({code.code: code for code in _TABLE})
"""Every code by its name, in order."""
