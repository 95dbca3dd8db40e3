"""Strategies to begin from: each compiles as it stands and says what to change first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from textwrap import dedent
from typing import Final


@dataclass(frozen=True, slots=True)
class Template:
    """A strategy to begin from."""

    name: str
    title: str
    doc: str
    text: str


def _template(name: str, title: str, doc: str, text: str) -> Template:
    return Template(name, title, doc, dedent(text).lstrip("\n"))


_ALL: Final = (
    _template(
        "plain",
        "The smallest whole one",
        "One condition, a stop, a target: everything a strategy must have.",
        """
        lang: 1
        strategy: plain
        doc: "What it does, in a sentence."
        instrument: NQ
        bars: {size: 1 min}
        day: {clock: America/New_York, starts: 18:00}
        direction: {write: long, mirror: short}    # SHORT is the exact mirror

        sessions:
          ny: {from: XNYS.open, to: XNYS.close}

        params:
          window: {default: 20 bars, range: 5 bars .. 60 bars, doc: "how far back it looks"}
          reward: {default: 2.0, range: 1.0 .. 5.0, step: 0.5, doc: "multiples of the risk"}

        when:                                      # all true: enter at the next open
          in_ny:    in ny
          breakout: close > highest(high, window before)

        stop: lowest(low, window)
        target: entry + reward * (entry - stop)
        exits: {flat_by: ny}
        risk: {per_trade: 1 % of equity, max: 5 contracts}
        """,
    ),
    _template(
        "stages",
        "A setup in stages",
        "A sweep, a wait with a deadline, a turn: what most setups look like.",
        """
        lang: 1
        strategy: stages
        doc: "London's high is swept in New York and given back."
        instrument: NQ
        bars: {size: 1 min}
        day: {clock: America/New_York, starts: 18:00}
        direction: {write: short, mirror: long}    # LONG is the exact mirror

        sessions:
          london: {from: XLON.open, to: XNYS.open}
          ny:     {from: XNYS.open, to: XNYS.close}

        params:
          patience:    {default: 30 min, range: 5 min .. 120 min, doc: "how long the turn may take"}
          too_far:     {default: 60 pt, range: 20 pt .. 200 pt, doc: "beyond the sweep"}
          stop_buffer: {default: 1 pt, range: 0 pt .. 10 pt}

        setup:
          start:
            when:
              in_ny: in ny
              swept: high > london.high
            fires: rising
            capture: {sweep: bar}
          concurrent: {max: 4, overflow: too_many}
          track:
            top: {is: highest(high), in: waiting}
          always:
            session_over: not in ny
          stages:
            waiting:
              within: {limit: patience, else: never_turned}
              invalidate:
                ran_away: high > sweep.high + too_far
              advance:
                - to: entry
                  when:
                    turned: close < london.high

        entry: {order: market, at: next_open}
        stop: max(sweep.high, top.now.price) + stop_buffer
        target: london.low
        require:
          positive_reward: target < close
        exits: {flat_by: ny}
        risk: {per_trade: 1 % of equity, max: 5 contracts, else: too_small}
        """,
    ),
)

TEMPLATES: Final = {template.name: template for template in _ALL}
"""By name, the simplest first."""

_OWN_NAME: Final = re.compile(r"^(strategy:[ \t]*)([^\s#]+|\"[^\"\n]*\"|'[^'\n]*')", re.MULTILINE)


def renamed(text: str, name: str) -> str:
    """The text with another name for the strategy: two of one name could not be told apart."""
    return _OWN_NAME.sub(lambda found: found[1] + name, text, count=1)
