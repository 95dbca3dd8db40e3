"""What made-up strategies once brought to light, each as small as it gets."""

from __future__ import annotations

from random import Random

import pytest

from engine.journal.decisions import KIND, Decision
from engine.laws.repeated import oracle
from engine.machine.forms import Form
from engine.run import run_batch
from tests.support.bars import busy_market
from tests.support.calendars import FixedHours
from tests.support.specs import compiled

pytestmark = pytest.mark.law

STRATEGY = """
lang: 1
strategy: small
instrument: NQ
sessions: {day: {from: 06:00, to: 22:00, clock: UTC}}
params: {step: 5 ticks}
setup:
  start:
    when: {up: close > open}
    START
  track:
    box: {is: bars where close > open, in: waiting}
  always: {over: not in day}
  stages:
    waiting:
      advance:
        - to: ready
          when: {fell: "low < low[1]"}
          ADVANCE
    ready:
      within: {limit: 5 bars, else: late}
      advance:
        - to: entry
          when: {rose: "high > high[1]"}
stop: high + 5 ticks
FEATURES
"""


@pytest.mark.parametrize(
    "said",
    [
        {"ADVANCE": "capture: {bar_then: bar, volume_then: bar_then.volume}"},
        {"START": 'capture: {share: "((close - open) / step)[1]"}'},
        {"FEATURES": 'features: {turns: "crossings(close, day.previous.high, box.first_half)"}'},
    ],
    ids=[
        "a capture reads another of the same advance as it was before",
        "a divided value has no value on the bar before the first",
        "an unknown level has no crossings, not even over no bars",
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_the_machine_says_what_the_interpreter_says(said: dict[str, str], seed: int) -> None:
    text = STRATEGY
    for place in ("START", "ADVANCE", "FEATURES"):
        text = text.replace(place, said.get(place, ""))
    strategy, market = compiled(text), busy_market(Random(seed))
    run = run_batch(strategy, market, FixedHours(), form=Form.PLAIN)

    for bars in (market, market.rows(0, 2)):
        assert oracle(strategy, bars, FixedHours(), Random(seed)) is None
    assert all(Decision.ENTRY in made.rows[:, KIND] for made in run.decisions.values())
