"""What the entry, the stop and the targets may know of each other, and what sizes they get."""

from __future__ import annotations

import pytest

from adapters.instruments import INSTRUMENTS
from dsl.compilation import Compiled, Surroundings
from dsl.compiler import compile_strategy
from dsl.ir.expression import Const
from engine.execution.rules import rules_of
from engine.execution.terms import Terms

HEAD = "lang: 1\nstrategy: s\ninstrument: {}\nwhen: {{fell: close < open}}\n"
HALVES = "[{{name: a, at: {}, share: 50 %}}, {{name: b, at: {}, share: 50 %}}]"


def compiled(body: str, symbol: str = "ES") -> Compiled:
    text = HEAD.format(symbol) + body
    return compile_strategy("s.yaml", text.encode(), Surroundings(instruments=INSTRUMENTS))


@pytest.mark.parametrize(
    "body",
    [
        "stop: stop + 1 pt\ntarget: low",
        "stop: target + 1 pt\ntarget: low",
        "stop: high\ntarget: target - 1 pt",
        "stop: {cases: [{name: a, if: stop > close, at: high}]}\ntarget: low",
        "stop: high\ntarget: " + HALVES.format("target.b", "low"),
        "stop: high\ntarget: [{name: a, at: target.a, share: 100 %}]",
    ],
)
def test_no_part_of_the_bracket_may_use_what_comes_after_it(body: str) -> None:
    made = compiled(body)
    assert made.program is None
    assert [found.code for found in made.findings] == ["E026"]


@pytest.mark.parametrize(
    "body",
    [
        "stop: entry + 4 pt\ntarget: entry - (stop - entry)",
        "target: low\nstop: {cases: [{name: a, if: entry > low, at: entry + 4 pt}]}",
        "stop: high\ntarget: " + HALVES.format("low", "target.a - 1 pt"),
        "stop: high\ntarget: low\nrequire: {room: entry - target > stop - entry}",
    ],
)
def test_every_part_may_use_what_comes_before_it(body: str) -> None:
    assert compiled(body).program is not None, compiled(body).findings


@pytest.mark.parametrize("symbol", list(INSTRUMENTS))
@pytest.mark.parametrize("risk", ["", "risk: {sizing: fixed}", "risk: {per_trade: 1 %}"])
def test_without_a_named_maximum_money_can_be_counted_for_every_instrument(
    symbol: str, risk: str
) -> None:
    program = compiled(f"stop: high + 1 tick\ntarget: low - 1 tick\n{risk}", symbol).program
    assert program is not None
    assert program.risk.maximum == Const(1_000)
    assert rules_of(program, Terms()).price_most == program.instrument.price_max
