"""What is worked out of outcomes: the ranking, chance, and the test windows put together."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adapters.cli.attempt import carried_out
from adapters.cli.options import Choice
from adapters.cli.sweeping import Plan, Wish
from adapters.cli.workbench import bench
from adapters.sweep.study import State, Study, sharpe_of, stitched
from engine.execution.terms import Terms
from engine.statistics.deflated import deflated_sharpe, expected_maximum
from tests.adapters.sweep.processes import QUICK

returns = arrays(
    np.float64, st.integers(2, 40), elements=st.floats(-0.1, 0.1, allow_subnormal=False)
)


@given(parts=st.lists(returns, min_size=1, max_size=6))
def test_windows_put_together_have_the_sharpe_ratio_of_all_their_returns(
    parts: list[np.ndarray],
) -> None:
    together = np.concatenate(parts)
    told = sharpe_of([(part.mean(), part.std(ddof=1), len(part)) for part in parts])
    if together.std(ddof=1) < 1e-9:
        return
    wanted = together.mean() / together.std(ddof=1) * math.sqrt(252)
    assert told == pytest.approx(wanted, rel=1e-6, abs=1e-9)


def test_returns_that_do_not_vary_have_no_sharpe_ratio() -> None:
    assert sharpe_of([(0.0, 0.0, 5), (0.0, 0.0, 3)]) is None
    assert sharpe_of([(0.1, 0.0, 1)]) is None
    assert sharpe_of([]) is None


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A walk-forward of six sets on a month."""
    made = Choice(spec=str(QUICK), last=np.datetime64("2025-10-31").astype(object))
    wish = Wish(
        grid=("wait=1..3", "jump=10,14"), random=None, search=None, trials=None,
        forward="train=1w,test=1w", metric="sharpe", jobs=1, cluster=None,
        store=tmp_path_factory.mktemp("study") / "a.sweep", page=None, seed=1,
    )  # fmt: skip
    return carried_out(Plan.of(bench(made), made, Terms(), wish)).study


def test_the_best_of_each_train_window_is_chosen(study: Study) -> None:
    assert study.state is State.FINISHED
    assert len(study.forward) == len(study.folds) == 3
    for number, step in enumerate(study.forward):
        assert (step.train, step.test) == (1 + 2 * number, 2 + 2 * number)
        inside = study.figures("sharpe", step.train)
        assert inside[step.row] == np.nanmax(inside)


def test_the_result_out_of_sample_is_that_of_the_chosen_sets(study: Study) -> None:
    whole = stitched(study)
    nets = [study.figures("net", step.test)[step.row] for step in study.forward]
    growth = [1 + study.figures("return", step.test)[step.row] for step in study.forward]
    assert whole.net == pytest.approx(sum(nets))
    assert whole.growth == pytest.approx(math.prod(growth) - 1)
    assert whole.sets == len({step.row for step in study.forward})


def test_sets_without_a_value_are_in_no_ranking_and_equal_ones_keep_their_order(
    study: Study,
) -> None:
    values = np.array([1.0, np.nan, 3.0, 3.0, -1.0, np.nan])
    figures = dict(study.outcomes.figures)
    for name in ("sharpe", "max_drawdown"):
        figures[name] = np.repeat(values[:, None], len(study.outcomes.spans), axis=1)
    made = replace(study, outcomes=replace(study.outcomes, figures=figures))
    assert made.ranking().tolist() == [2, 3, 0, 4]
    assert replace(made, metric="max_drawdown").ranking().tolist() == [4, 0, 2, 3]


def test_chance_is_reckoned_with_every_set_that_was_ever_tried(study: Study) -> None:
    assert study.best is not None
    daily = study.figures("mean") / study.figures("deviation")
    variance = float(daily.var(ddof=1))
    more = replace(study, trials=500)
    assert more.luck is not None
    assert more.luck.by_luck == pytest.approx(expected_maximum(500, variance) * math.sqrt(252))
    assert more.luck.deflated == pytest.approx(
        deflated_sharpe(study.sample(study.best), 500, variance)
    )
    assert study.luck is not None
    assert study.luck.deflated is not None
    assert more.luck.deflated is not None
    assert more.luck.deflated < study.luck.deflated


def test_a_window_in_which_nothing_trades_is_found(study: Study) -> None:
    assert study.silent == ()
    trades = study.outcomes.figures["trades"].copy()
    trades[:, 2] = 0
    figures = {**study.outcomes.figures, "trades": trades}
    made = replace(study, outcomes=replace(study.outcomes, figures=figures))
    assert [span.name for span in made.silent] == ["fold 1 test"]


def test_the_words_of_a_set_run_it(study: Study) -> None:
    words = study.command(0)
    assert words[:3] == ("engine", "run", str(QUICK))
    assert words[-4:] == ("--set", "wait=1 bars", "--set", "jump=10 pt")
    assert words[3:5] == ("--to", "2025-10-31")
    assert study.again[:2] == ("engine", "sweep")
    assert "train=1w,test=1w" in study.again
