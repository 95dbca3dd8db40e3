"""A small valid strategy, and the smallest changes to it that each diagnostic is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapters.instruments import INSTRUMENTS
from dsl.compiler import Compiled, Surroundings, compile_strategy

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

    `at` is the text under the finding's carets, `says` the whole message, `advises` a part of the
    help. Each of `edits` replaces the one place where its first text stands.
    """

    code: str
    slug: str
    edits: tuple[tuple[str, str], ...]
    at: str
    says: str
    advises: str = ""

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


def wrong(
    code: str, slug: str, *edits: tuple[str, str], at: str, says: str, advises: str = ""
) -> Wrong:
    """A case."""
    return Wrong(code, slug, edits, at, says, advises)


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
