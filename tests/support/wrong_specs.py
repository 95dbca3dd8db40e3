"""A small valid strategy, and the smallest changes to it that each diagnostic is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.instruments import INSTRUMENTS
from dsl.compilation import Compiled, Surroundings
from dsl.compiler import compile_strategy

if TYPE_CHECKING:
    from dsl.diagnostics import Diagnostic

NAME: Final = "wrong.yaml"

VALID: Final = """\
lang: 1
strategy: small
instrument: NQ
day: {clock: America/New_York, starts: 18:00}
direction: {write: short, mirror: long}
sessions:
  london: {from: 08:00, to: 14:00, clock: Europe/London}
  ny: {from: XNYS.open, to: XNYS.close}
events:
  news: {file: news.csv, before: 5 min, after: 5 min}
params:
  hold: {default: 5 min, range: 1 min .. 15 min}
  wide: {default: 0.1 %, range: 0.05 % .. 0.2 %}
  wait: {default: 20 bars, range: 5 bars .. 40 bars}
series:
  body: abs(close - open)
  gap: low > high[1] or high < low[1]
setup:
  start:
    when:
      in_ny: in ny
      swept: high > london.high
    capture: {first: bar}
  track:
    top: {is: highest(high), in: ranging}
    bottom: {is: lowest(low) after top, in: ranging}
  always:
    session_over: not in ny
    gapped: gap
  stages:
    ranging:
      within: {limit: 60 min, else: ranged_too_long}
      invalidate:
        too_wide: top.price - bottom.price > 50 pt
      advance:
        - to: armed
          when:
            held: top.held >= hold
            wide_enough: top.price - bottom.price >= wide of top.price
    armed:
      within: {limit: wait, else: armed_too_long}
      advance:
        - to: entry
          when: {closed_back: close < bottom.price}
stop: top.price + 1 pt
target:
  - {name: tp1, at: london.low, share: 100 %}
require:
  reward: target < close
filters:
  calm: not blackout(news)
features:
  first_body: first.body
risk: {per_trade: 1 % of equity, max: 5 contracts, else: too_small}
"""

OTHERS: Final = {
    "there.yaml": VALID.encode(),
    "round.yaml": b"strategy: round\nextends: wrong.yaml\n",
}

AROUND: Final = Surroundings(
    instruments=INSTRUMENTS, calendars=frozenset({"XLON", "XNYS", "XTKS"}), read=OTHERS.get
)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Changes of the valid strategy, and the finding that they lead to.

    `at` is the text under the finding's carets, `says` the whole message. Each of `edits` replaces
    the one place where its first text stands.
    """

    code: str
    slug: str
    edits: tuple[tuple[str, str], ...]
    at: str
    says: str

    @property
    def name(self) -> str:
        """What the case and its golden file are called."""
        return f"{self.code}_{self.slug}"

    @property
    def text(self) -> str:
        """The whole file."""
        text = VALID
        for old, new in self.edits:
            assert text.count(old) == 1, f"{self.name}: {old!r} stands {text.count(old)} times"
            text = text.replace(old, new)
        return text

    def compiled(self) -> Compiled:
        """What the compiler makes of it."""
        return compile_strategy(NAME, self.text.encode(), AROUND)

    def findings(self) -> tuple[Diagnostic, ...]:
        """The findings of this code."""
        return tuple(f for f in self.compiled().findings if f.code == self.code)


def wrong(code: str, slug: str, *edits: tuple[str, str], at: str, says: str) -> Wrong:
    """A case."""
    return Wrong(code, slug, edits, at, says)


BODY: Final = "  body: abs(close - open)\n"
SWEPT: Final = "      swept: high > london.high\n"
HELD: Final = "            held: top.held >= hold\n"
WIDE: Final = "            wide_enough: top.price - bottom.price >= wide of top.price\n"
TOO_WIDE: Final = "        too_wide: top.price - bottom.price > 50 pt\n"
CLOSED: Final = "          when: {closed_back: close < bottom.price}\n"
TOP: Final = "    top: {is: highest(high), in: ranging}\n"
BOTTOM: Final = "    bottom: {is: lowest(low) after top, in: ranging}\n"
GAPPED: Final = "    gapped: gap\n"
HOLD: Final = "  hold: {default: 5 min, range: 1 min .. 15 min}\n"
TP1: Final = "  - {name: tp1, at: london.low, share: 100 %}\n"
STOP: Final = "stop: top.price + 1 pt\n"
ARMED: Final = "        - to: armed\n"
RISK: Final = "risk: {per_trade: 1 % of equity, max: 5 contracts, else: too_small}\n"
REWARD: Final = "  reward: target < close\n"
LONDON: Final = "  london: {from: 08:00, to: 14:00, clock: Europe/London}\n"


def probe(text: str) -> tuple[tuple[str, str], ...]:
    """A series `probe` that a feature reads, so that nothing else is found."""
    return (BODY, f"{BODY}  probe: {text}\n"), (
        "  first_body: first.body\n",
        "  first_body: first.body\n  probed: probe\n",
    )


def asked(text: str) -> tuple[tuple[str, str], ...]:
    """One more condition of the start, `probe`."""
    return ((SWEPT, f"{SWEPT}      probe: {text}\n"),)


def later(text: str) -> tuple[tuple[str, str], ...]:
    """One more condition of the way from `ranging` to `armed`, `probe`."""
    return ((WIDE, f"{WIDE}            probe: {text}\n"),)


WRONG: Final = (
    wrong(
        "E000",
        "written_twice",
        (BODY, BODY + "  body: high - low\n"),
        at="body",
        says="`body` is written twice",
    ),
    wrong(
        "E000",
        "folded",
        ("  gap: low > high[1] or high < low[1]\n", "  gap: >\n    low > high[1]\n"),
        at=">",
        says="`>` text runs over several lines; only `doc` may",
    ),
    wrong(
        "E000",
        "comma_in_braces",
        (CLOSED, "          when: {closed_back: close < min(low, open)}\n"),
        at="close < min(low, open)",
        says="YAML ends a value at a comma inside `{ }` and `[ ]`, so this expression is cut",
    ),
    wrong(
        "E001",
        "words_for_a_number",
        ("{default: 5 min, range: 1 min .. 15 min}", "{default: five min}"),
        at="five min",
        says="`five min` is not a quantity",
    ),
    wrong(
        "E001",
        "half_a_minute",
        (HELD, "            held: top.held >= 2.5 min\n"),
        at="2.5 min",
        says="2.5 min is not a whole number",
    ),
    wrong(
        "E001",
        "bar_of_no_length",
        ("instrument: NQ\n", "instrument: NQ\nbars: {size: 0 min}\n"),
        at="0 min",
        says="a bar cannot be 0 min long",
    ),
    wrong(
        "E001",
        "too_many_candidates",
        ("  always:\n", "  concurrent: {max: many}\n  always:\n"),
        at="many",
        says="`many` is not a number from 1 to 4096",
    ),
    wrong(
        "E002",
        "misspelt_series",
        ("gapped: gap\n", "gapped: gapp\n"),
        at="gapp",
        says="unknown name `gapp`",
    ),
    wrong(
        "E002",
        "misspelt_session",
        ("in_ny: in ny", "in_ny: in nyc"),
        at="in nyc",
        says="unknown session `nyc`",
    ),
    wrong(
        "E002",
        "misspelt_tracker",
        (CLOSED, "          when: {closed_back: close < botom.price}\n"),
        at="botom.price",
        says="unknown name `botom`",
    ),
    wrong(
        "E002",
        "unknown_instrument",
        ("instrument: NQ", "instrument: NG1"),
        at="NG1",
        says="unknown instrument `NG1`",
    ),
    wrong(
        "E002",
        "merge_of_no_tracker",
        ("  always:\n", "  merge: {at: armed, same: [gap]}\n  always:\n"),
        at="gap",
        says="`gap` is no tracker that holds a bar",
    ),
    wrong(
        "E003",
        "unknown_key",
        ("      invalidate:\n", "      invalidates:\n"),
        at="invalidates",
        says="unknown key `invalidates` in `ranging`",
    ),
    wrong(
        "E003",
        "price_of_a_market_order",
        (STOP, STOP + "entry: {order: market, price: close}\n"),
        at="price",
        says="a market order has no `price`",
    ),
    wrong(
        "E004",
        "session_without_end",
        (LONDON, "  london: {from: 08:00, clock: Europe/London}\n"),
        at="london",
        says="`london` lacks the key `to`",
    ),
    wrong(
        "E004",
        "limit_order_without_price",
        (STOP, STOP + "entry: {order: limit}\n"),
        at="limit",
        says="a limit order needs the key `price`",
    ),
    wrong(
        "E005",
        "no_such_parent",
        ("lang: 1\n", "lang: 1\nextends: their.yaml\n"),
        at="their.yaml",
        says="there is no file `their.yaml`",
    ),
    wrong(
        "E005",
        "in_a_circle",
        ("lang: 1\n", "lang: 1\nextends: round.yaml\n"),
        at="wrong.yaml",
        says="the files extend each other: wrong.yaml -> round.yaml -> wrong.yaml",
    ),
    wrong(
        "E006",
        "ends_too_early",
        ("  body: abs(close - open)", "  body: abs(close -"),
        at="-",
        says="the expression ends too early",
    ),
    wrong(
        "E006",
        "chained",
        *probe("low < close < high"),
        at="<",
        says="comparisons cannot be chained",
    ),
    wrong("E006", "equals_sign", *probe("close = high"), at="=", says="`=` compares nothing"),
    wrong(
        "E007",
        "word_of_the_language",
        (BODY, BODY + "  close: high - low\n"),
        at="close",
        says="`close` is a word of the language",
    ),
    wrong(
        "E008",
        "two_meanings",
        (BODY, BODY + "  hold: high - low\n"),
        at="hold",
        says="`hold` is declared twice",
    ),
    wrong(
        "E008",
        "tracker_called_as_a_series",
        (
            "    top: {is: highest(high), in: ranging}\n    bottom",
            (
                "    gap: {is: lowest(low), in: ranging}\n    top: {is: highest(high), "
                "in: ranging}\n    bottom"
            ),
        ),
        at="gap",
        says="`gap` is declared twice",
    ),
    wrong(
        "E009",
        "two_arguments_for_one",
        ("  body: abs(close - open)", "  body: abs(close, open)"),
        at="abs(close, open)",
        says="`abs` is not called like this",
    ),
    wrong(
        "E009",
        "window_without_bars",
        *probe("highest(high, 20 min)"),
        at="20 min",
        says="a window is a number of bars",
    ),
    wrong(
        "E009",
        "highest_of_nothing",
        ("highest(high)", "highest(bar)"),
        at="highest(bar)",
        says="`highest` is not written like this",
    ),
    wrong(
        "E010",
        "off_the_grid",
        (STOP, "stop: top.price + 0.4 pt\n"),
        at="0.4 pt",
        says="0.4 pt is 1.6 ticks; the tick of NQ is 0.25",
    ),
    wrong(
        "E011",
        "pips_of_an_index",
        (STOP, "stop: top.price + 4 pips\n"),
        at="4 pips",
        says="`pips` has no meaning for NQ",
    ),
    wrong(
        "E011",
        "unknown_unit",
        ("{default: 5 min,", "{default: 5 minits,"),
        at="5 minits",
        says="unknown unit `minits`",
    ),
    wrong(
        "E012",
        "default_outside",
        ("{default: 5 min, range: 1 min .. 15 min}", "{default: 20 min, range: 1 min .. 15 min}"),
        at="20 min",
        says="`hold` is 20 min, outside its own range 1 min .. 15 min",
    ),
    wrong(
        "E013",
        "backwards",
        ("range: 1 min .. 15 min", "range: 15 min .. 1 min"),
        at="15 min .. 1 min",
        says="the range runs backwards",
    ),
    wrong(
        "E013",
        "another_unit",
        ("range: 1 min .. 15 min", "range: 1 bar .. 15 min"),
        at="1 bar",
        says="`1 bar` is bars, the parameter is minutes",
    ),
    wrong(
        "E014",
        "unknown_calendar",
        ("XNYS.open, to: XNYS.close", "NYSE.open, to: XNYS.close"),
        at="NYSE.open",
        says="no exchange calendar is called NYSE",
    ),
    wrong(
        "E014",
        "unknown_zone",
        ("clock: Europe/London", "clock: Europe/Londres"),
        at="Europe/Londres",
        says="no time zone is called Europe/Londres",
    ),
    wrong(
        "E014",
        "ends_before_it_begins",
        ("XNYS.open, to: XNYS.close", "XNYS.close, to: XNYS.open"),
        at="XNYS.open",
        says="`ny` ends before it begins",
    ),
    wrong(
        "E014",
        "unknown_exchange",
        ("calm: not blackout(news)", "calm: not blackout(news) and trading_day(XLOM)"),
        at="XLOM",
        says="no exchange calendar is called XLOM",
    ),
    wrong(
        "E020",
        "number_as_a_condition",
        ("swept: high > london.high", "swept: high - london.high"),
        at="high - london.high",
        says="a condition must be true or false, this is points",
    ),
    wrong(
        "E020",
        "and_of_a_number",
        *probe("body and gap"),
        at="body",
        says="`and` needs a condition, this is points",
    ),
    wrong(
        "E021",
        "percentage_of_what",
        (WIDE, "            wide_enough: top.price - bottom.price >= wide\n"),
        at="top.price - bottom.price >= wide",
        says="cannot compare points with percentage",
    ),
    wrong(
        "E021",
        "price_and_distance",
        (STOP, "stop: body\n"),
        at="body",
        says="this must be price, it is points",
    ),
    wrong(
        "E021",
        "bars_and_minutes",
        (HELD, "            held: top.held >= wait\n"),
        at="top.held >= wait",
        says="cannot compare minutes with bars",
    ),
    wrong(
        "E022",
        "price_plus_price",
        *probe("high + low"),
        at="high + low",
        says="price + price has no meaning",
    ),
    wrong(
        "E022",
        "scaled_price",
        *probe("1.01 * close"),
        at="1.01 * close",
        says="number * price has no meaning",
    ),
    wrong(
        "E023",
        "share_of_a_time",
        *probe("0.1 % of weekday"),
        at="0.1 % of weekday",
        says="`of` needs a percentage of a price, a distance or a volume, got "
        "percentage of weekday",
    ),
    wrong(
        "E024",
        "size_of_a_price",
        *probe("abs(close)"),
        at="abs(close)",
        says="abs of a price cannot be mirrored",
    ),
    wrong(
        "E024",
        "fixed_level",
        *probe("close > level(25000)"),
        at="level(25000)",
        says="a fixed level cannot be mirrored",
    ),
    wrong(
        "E025",
        "no_such_function",
        *probe("higest(high, 5 bars)"),
        at="higest(high, 5 bars)",
        says="unknown function `higest`",
    ),
    wrong(
        "E025",
        "price_and_minutes",
        *probe("max(close, 5 min)"),
        at="max(close, 5 min)",
        says="there is no max(price, minutes)",
    ),
    wrong(
        "E025",
        "no_such_tracker",
        ("highest(high)", "hihgest(high)"),
        at="hihgest",
        says="no tracker is called `hihgest`",
    ),
    wrong(
        "E026",
        "tracker_in_a_series",
        *probe("top.price - close"),
        at="top.price",
        says="`top` is not known here",
    ),
    wrong(
        "E026",
        "stop_in_a_stage",
        (CLOSED, "          when: {closed_back: close < stop}\n"),
        at="stop",
        says="`stop` is not known here",
    ),
    wrong(
        "E026",
        "stop_that_asks_for_itself",
        (STOP, "stop: stop + 1 pt\n"),
        at="stop",
        says="`stop` is not known here",
    ),
    wrong(
        "E027",
        "no_such_field",
        ("high > london.high", "high > london.hihg"),
        at="london.hihg",
        says="unknown session value `hihg`",
    ),
    wrong(
        "E027",
        "bar_without_fields",
        *probe("close.high > open"),
        at="close.high",
        says="`close` has no fields",
    ),
    wrong(
        "E027",
        "restart_with_a_count",
        (
            BOTTOM,
            (
                "    ups: {is: count(close > open), in: ranging}\n    bottom: {is: "
                "lowest(low) after ups, in: ranging}\n"
            ),
        ),
        (HELD, HELD + "            up: ups > 3\n"),
        at="ups",
        says="`ups` holds no bar",
    ),
    wrong(
        "E028",
        "session_on_larger_bars",
        (BODY, BODY + '  probe: {is: "in ny", on: 5 min}\n'),
        ("  first_body: first.body\n", "  first_body: first.body\n  probed: probe\n"),
        at="in ny",
        says="sessions and clocks are not known on larger bars",
    ),
    wrong(
        "E030",
        "the_next_bar",
        ("low > high[1]", "low > high[-1]"),
        at="high[-1]",
        says="high[-1] reads the future",
    ),
    wrong(
        "E031",
        "two_by_each_other",
        (BODY, BODY + "  upper: lower + 2 pt\n  lower: upper - 2 pt\n"),
        at="upper",
        says="`upper` is defined by itself",
    ),
    wrong(
        "E031",
        "trackers_that_restart_each_other",
        (TOP, "    top: {is: highest(high) after bottom, in: ranging}\n"),
        at="top",
        says="trackers restart with each other: top -> bottom -> top",
    ),
    wrong(
        "E040",
        "two_stages_examine_each_other",
        (ARMED, ARMED + "          this_bar: examine\n"),
        (
            CLOSED,
            CLOSED
            + "        - {to: ranging, this_bar: examine, when: {fell: low < bottom.price}}\n",
        ),
        at="examine",
        says="one bar could run round: ranging -> armed -> ranging",
    ),
    wrong(
        "E041",
        "no_such_stage",
        (ARMED, "        - to: armd\n"),
        at="armd",
        says="there is no stage `armd`",
    ),
    wrong(
        "E041",
        "tracker_in_no_stage",
        (TOP, "    top: {is: highest(high), in: rangin}\n"),
        at="rangin",
        says="there is no stage `rangin`",
    ),
    wrong(
        "E050",
        "too_many_factors",
        (BODY, BODY + "  probe: k * k * k * body\n"),
        (HOLD, HOLD + "  k: {default: 2.0, range: 1.0 .. 4.0}\n"),
        ("  first_body: first.body\n", "  first_body: first.body\n  probed: probe\n"),
        at="k * k * k",
        says="`k * k * k` can reach 6.4e19; whole numbers end at 9.2e18",
    ),
    wrong(
        "E050",
        "deviation_of_a_day",
        *probe("deviation(close, 390 bars)"),
        at="deviation(close, 390 bars)",
        says="`deviation(close, 390 bars)` can reach 4.3e19; whole numbers end at 9.2e18",
    ),
    wrong(
        "E060",
        "rule_and_deadline",
        ("else: ranged_too_long", "else: gapped"),
        at="gapped",
        says="`gapped` means two things in `ranging`: the rule `gap` of `always` and the deadline",
    ),
    wrong(
        "E060",
        "two_ways_to_one_stage",
        (CLOSED, CLOSED + "        - {to: entry, when: {fell: low < open}}\n"),
        at="entry",
        says="`armed` advances to `entry` twice",
    ),
    wrong(
        "E060",
        "two_conditions_of_one_name",
        (CLOSED, CLOSED + "        - {to: ranging, when: {closed_back: high > top.price}}\n"),
        at="closed_back",
        says="`closed_back` means two things in `armed`: `close < bottom.price` and "
        "`high > top.price`",
    ),
    wrong(
        "E060",
        "word_of_the_engine",
        (REWARD, REWARD + "  no_stop: stop > close\n"),
        at="no_stop",
        says="`no_stop` already means that no case of the stop applies",
    ),
    wrong(
        "E060",
        "filter_and_requirement",
        (REWARD, REWARD + "  calm: stop > close\n"),
        at="calm",
        says="`calm` means two things at the entry: a filter and a requirement",
    ),
    wrong(
        "E061",
        "round_and_round",
        ("        - to: entry\n", "        - to: ranging\n"),
        at="ranging",
        says="no stage that a candidate can reach (`ranging` and `armed`) advances to `entry`",
    ),
    wrong(
        "E062",
        "a_rest_without_target",
        (
            TP1,
            (
                "  - {name: tp1, at: london.low, share: 50 %}\n  - {name: tp2, at: "
                "london.low - 5 pt, share: 40 %}\n"
            ),
        ),
        at="london.low",
        says="the shares of the targets add up to 90 %, not to 100 %",
    ),
    wrong(
        "E063",
        "not_an_expectation",
        (RISK, RISK + "tests:\n  - {name: day, bars: day.csv, expect: [entry at 16:31]}\n"),
        at="entry at 16:31",
        says="`entry at 16:31` is no expectation",
    ),
    wrong(
        "E063",
        "nothing_of_that_name",
        (RISK, RISK + 'tests:\n  - {name: day, bars: day.csv, expect: ["amred@16:31"]}\n'),
        at="amred",
        says="nothing is called `amred`",
    ),
    wrong(
        "E070",
        "sum_of_quotients",
        *probe("sum(body / (high - low), 20 bars)"),
        at="sum(body / (high - low), 20 bars)",
        says="a sum of divided values depends on the order of adding",
    ),
    wrong(
        "W101",
        "parameter",
        (HOLD, HOLD + "  spare: 5 min\n"),
        at="spare",
        says="no rule reads the parameter `spare`",
    ),
    wrong(
        "W102",
        "series",
        (BODY, BODY + "  spare: high - low\n"),
        at="spare",
        says="no rule reads the series `spare`",
    ),
    wrong(
        "W102",
        "tracker",
        (TOP, TOP + "    spare: {is: lowest(close), in: ranging}\n"),
        at="spare",
        says="no rule reads the tracker `spare`",
    ),
    wrong(
        "W102",
        "capture",
        (CLOSED, CLOSED + "          capture: {spare: bar}\n"),
        at="spare",
        says="no rule reads the capture `spare`",
    ),
    wrong(
        "W102",
        "measure",
        ("  always:\n", "  measure:\n    spare: top.price - bottom.price\n  always:\n"),
        at="spare",
        says="no rule reads the measure `spare`",
    ),
    wrong(
        "W103",
        "stage",
        (
            "    armed:\n",
            (
                "    spare:\n      within: {limit: 5 min, else: late}\n      "
                "advance:\n        - {to: armed, when: {up: close > open}}\n    armed:\n"
            ),
        ),
        at="spare",
        says="no candidate ever comes to `spare`",
    ),
    wrong(
        "W104",
        "stage_of_a_session",
        ("      within: {limit: wait, else: armed_too_long}\n", ""),
        ("  wait: {default: 20 bars, range: 5 bars .. 40 bars}\n", ""),
        at="armed",
        says="`armed` has no deadline: only the end of `ny` ends the wait",
    ),
    wrong(
        "W104",
        "stage_of_no_session",
        ("      within: {limit: wait, else: armed_too_long}\n", ""),
        ("  wait: {default: 20 bars, range: 5 bars .. 40 bars}\n", ""),
        ("    session_over: not in ny\n", ""),
        at="armed",
        says="`armed` has no deadline and no session ends it: a candidate may wait for days",
    ),
    wrong(
        "W104",
        "position",
        ("target:\n" + TP1, ""),
        ("require:\n" + REWARD, ""),
        at="stop",
        says="a position can end only at its stop: there is no target and no other exit",
    ),
    wrong(
        "W105",
        "session",
        (LONDON, LONDON + "  tokyo: {from: XTKS.open, to: XTKS.close}\n"),
        at="tokyo",
        says="no rule asks about the session `tokyo`",
    ),
    wrong(
        "W105",
        "events",
        ("filters:\n  calm: not blackout(news)\n", ""),
        at="news",
        says="no rule keeps away from the events `news`",
    ),
    wrong(
        "W110",
        "close_above_high",
        *probe("close > high"),
        at="close > high",
        says="`probe` can never be true",
    ),
    wrong(
        "W110",
        "body_above_range",
        *probe("body > high - low"),
        at="body > high - low",
        says="`probe` can never be true",
    ),
    wrong(
        "W110",
        "part_of_an_or",
        ("gap: low > high[1] or high < low[1]", "gap: low > high or high < low[1]"),
        at="low > high",
        says="this part of `gap` can never be true",
    ),
    wrong(
        "W110",
        "part_of_an_and",
        *asked("volume > volume[1] and open < low"),
        at="open < low",
        says="`probe` can never be true",
    ),
    wrong(
        "W110",
        "window_with_this_bar",
        *asked("close > highest(high, 20 bars)"),
        at="close > highest(high, 20 bars)",
        says="`probe` can never be true",
    ),
    wrong(
        "W110",
        "session_still_on",
        *asked("close > ny.high"),
        at="close > ny.high",
        says="`in_ny` and `probe` can never be true together",
    ),
    wrong(
        "W110",
        "so_far_with_this_bar",
        *asked("high > ny.so_far.high"),
        at="high > ny.so_far.high",
        says="`in_ny` and `probe` can never be true together",
    ),
    wrong(
        "W110",
        "candidate_outside",
        *later("not in ny"),
        at="not in ny",
        says="`probe` can never be true in `ranging`",
    ),
    wrong(
        "W110",
        "exclude_each_other",
        *asked("high < london.high - 2 pt"),
        at="high < london.high - 2 pt",
        says="`swept` and `probe` can never be true together",
    ),
    wrong(
        "W110",
        "older_than_its_stage",
        (HELD, "            held: top.held >= 70 min\n"),
        (HOLD, ""),
        at="top.held >= 70 min",
        says="`held` can never be true in `ranging`",
    ),
    wrong(
        "W110",
        "of_the_wrong_order",
        *later("bottom.age > top.age"),
        at="bottom.age > top.age",
        says="`probe` can never be true in `ranging`",
    ),
    wrong(
        "W110",
        "highest_below_lowest",
        *later("top.price < bottom.price"),
        at="top.price < bottom.price",
        says="`probe` can never be true in `ranging`",
    ),
    wrong(
        "W110",
        "not_yet_counted",
        *later("close < later.low"),
        (TOP, TOP + "    later: {is: latest(bar), in: armed}\n"),
        at="close < later.low",
        says="`probe` can never be true in `ranging`",
    ),
    wrong(
        "W110",
        "not_on_every_way",
        (
            CLOSED,
            CLOSED + "        - {to: ranging, when: {fell: low < open}, capture: {fall: bar}}\n",
        ),
        later("close > fall.high")[0],
        at="fall.high",
        says="not every way captures `fall`: after the others `probe` can never be "
        "true in `ranging`",
    ),
    wrong(
        "W111",
        "wider_limit",
        *asked("high > london.high + 2 pt"),
        at="high > london.high",
        says="`swept` adds nothing: it is true whenever `probe` is",
    ),
    wrong(
        "W111",
        "parameter",
        *later("bottom.age >= 15 min"),
        at="top.held >= hold",
        says="`held` adds nothing: it is true whenever `probe` is",
    ),
    wrong(
        "W112",
        "always_true",
        *asked("high >= low"),
        at="high >= low",
        says="`probe` is always true",
    ),
    wrong(
        "W112",
        "asked_before",
        (TOO_WIDE, TOO_WIDE + "        far_too_wide: top.price - bottom.price > 80 pt\n"),
        at="top.price - bottom.price > 80 pt",
        says="`far_too_wide` never decides: `too_wide` is asked before and is true whenever it is",
    ),
    wrong(
        "W113",
        "beyond_the_deadline",
        (
            "hold: {default: 5 min, range: 1 min .. 15 min}",
            "hold: {default: 5 min, range: 1 min .. 240 min}",
        ),
        at="hold",
        says="`hold` has no effect from 65 min up: `held` is then never true",
    ),
    wrong(
        "W113",
        "below_another_limit",
        ("default: 5 min, range: 1 min .. 15 min", "default: 20 min, range: 1 min .. 30 min"),
        later("bottom.age >= 15 min")[0],
        at="hold",
        says="`hold` has no effect up to 15 min: `held` then follows from the other conditions",
    ),
    wrong(
        "W120",
        "window_across_days",
        *asked("volume > mean(volume, 200 bars across days)"),
        at="volume > mean(volume, 200 bars across days)",
        says="before the first decision there must be 200 bars of earlier dates",
    ),
    wrong(
        "W120",
        "session_before",
        *asked("high > ny.previous.high"),
        at="high > ny.previous.high",
        says="before the first decision there must be the sessions of the date before",
    ),
    wrong(
        "W121",
        "quotient",
        *asked("(close - low) / (high - low) > 0.7"),
        at="(close - low) / (high - low) > 0.7",
        says="divided values decide in `probe`",
    ),
    wrong(
        "W121",
        "vwap",
        *asked("close > vwap(since ny)"),
        at="close > vwap(since ny)",
        says="divided values decide in `probe`",
    ),
    wrong(
        "W130",
        "by_side",
        ("{default: 5 min, range", "{short: 5 min, long: 3 min, range"),
        at="hold",
        says="LONG is the mirror of SHORT except hold 5 -> 3 min",
    ),
    wrong(
        "W131",
        "two_exchanges",
        (LONDON, "  london: {from: XLON.open, to: XNYS.open}\n"),
        at="XLON.open",
        says="the length of `london` varies: the clocks of XLON and XNYS change on "
        "different dates, and there is none when either is closed",
    ),
    wrong(
        "W131",
        "exchange_and_clock",
        (LONDON, "  london: {from: XLON.open, to: 14:00, clock: Europe/London}\n"),
        at="XLON.open",
        says="the length of `london` varies: one end follows XLON.open, the other "
        "the clock of Europe/London, and half days move only the first",
    ),
)
"""Every code at least once, in the order of the table."""
