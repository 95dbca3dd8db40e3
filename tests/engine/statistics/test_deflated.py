"""The deflated Sharpe ratio against the published example, and against luck made by the dice."""

from __future__ import annotations

import math
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.statistics.deflated import (
    LEAST,
    Sample,
    deflated_sharpe,
    expected_maximum,
    moments,
    probabilistic_sharpe,
    sample_of,
    variance_of,
)

YEAR = 250  # observations a year in the paper's example


def sample(sharpe: float, skewness: float, kurtosis: float, observations: int) -> Sample:
    return Sample(sharpe, 1.0, skewness, kurtosis, observations)


def test_the_published_example() -> None:
    """Bailey & Lopez de Prado 2014, "A Numerical Example".

    The best of 100 trials has 2.5 a year over 1,250 daily returns, skewness -3 and kurtosis 10;
    the trials' variance is 1/2 a year. They report a threshold of 0.1132 a day and a DSR of 0.9004,
    with 46 trials 0.9505, and with normal returns that 88 trials would have been enough.
    """
    best = sample(2.5 / sqrt(YEAR), -3.0, 10.0, 1250)
    variance = 0.5 / YEAR
    assert expected_maximum(100, variance) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(best, 100, variance) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(best, 46, variance) == pytest.approx(0.9505, abs=5e-5)
    normal = sample(2.5 / sqrt(YEAR), 0.0, 3.0, 1250)
    assert deflated_sharpe(normal, 88, variance) == pytest.approx(0.9505, abs=5e-4)


def test_the_expected_maximum_is_that_of_the_dice() -> None:
    rng = np.random.default_rng(4)
    for trials in (10, 100, 1000):
        mean = rng.normal(0, 0.3, (4000, trials)).max(axis=1).mean()
        assert expected_maximum(trials, 0.09) == pytest.approx(mean, rel=0.035)


def test_the_best_of_many_without_skill_is_told_from_skill() -> None:
    """Of unskilled trials the best one's DSR lies around one half; skill is near 1 all the same."""
    rng = np.random.default_rng(11)
    lucky, raw, skilled = [], [], []
    for _ in range(120):
        returns = rng.normal(0, 0.01, (100, 500))
        mean, deviation, _, _ = moments(returns)
        ratios = mean / deviation
        variance = variance_of(ratios)
        best = sample_of(returns[ratios.argmax()])
        lucky.append(deflated_sharpe(best, 100, variance))
        raw.append(probabilistic_sharpe(best))
        skilled.append(deflated_sharpe(sample_of(returns[0] + 0.003), 100, variance))
    assert 0.4 < np.mean(lucky) < 0.6
    assert np.mean(np.array(lucky) > 0.95) < 0.1
    assert np.mean(raw) > 0.98  # which is why the raw ratio of a best set says nothing
    assert np.mean(skilled) > 0.95


def test_without_skill_the_probabilistic_ratio_is_as_likely_to_be_anything() -> None:
    rng = np.random.default_rng(2)
    for draw in (rng.normal, lambda _, scale, size: rng.exponential(scale, size) - scale):
        found = [probabilistic_sharpe(sample_of(draw(0, 0.01, 400))) for _ in range(1500)]
        tenths = np.histogram(found, bins=10, range=(0, 1))[0] / 150
        assert tenths.min() > 0.7
        assert tenths.max() < 1.35


SHARPES = st.floats(-0.5, 0.5)
COUNTS = st.integers(LEAST, 5000)


@given(SHARPES, COUNTS, st.integers(1, 1_000_000), st.floats(1e-8, 0.1))
def test_more_trials_never_make_a_ratio_more_believable(
    ratio: float, observations: int, trials: int, variance: float
) -> None:
    one = sample(ratio, -0.5, 5.0, observations)
    few, many = (deflated_sharpe(one, count, variance) for count in (trials, 2 * trials))
    assert 0 <= many <= few <= 1
    assert deflated_sharpe(one, 1, variance) == probabilistic_sharpe(one)


@given(SHARPES, COUNTS, SHARPES)
def test_a_ratio_at_the_benchmark_is_a_toss_and_normal_returns_are_symmetric(
    ratio: float, observations: int, benchmark: float
) -> None:
    one = sample(ratio, 0.0, 3.0, observations)
    assert probabilistic_sharpe(one, ratio) == pytest.approx(0.5)
    other = sample(-ratio, 0.0, 3.0, observations)
    assert probabilistic_sharpe(one, benchmark) == pytest.approx(
        1 - probabilistic_sharpe(other, -benchmark)
    )


@given(st.floats(0.01, 0.5), COUNTS)
def test_losing_tails_make_a_ratio_less_believable(ratio: float, observations: int) -> None:
    normal = probabilistic_sharpe(sample(ratio, 0.0, 3.0, observations))
    assert probabilistic_sharpe(sample(ratio, -1.0, 3.0, observations)) <= normal
    assert probabilistic_sharpe(sample(ratio, 0.0, 9.0, observations)) <= normal


def test_the_expected_maximum_grows_with_the_trials_as_it_should() -> None:
    found = [expected_maximum(10.0**power, 1.0) for power in range(1, 13)]
    assert found == sorted(found)
    assert found[-1] == pytest.approx(sqrt(2 * log(1e12)), rel=0.1)
    assert expected_maximum(1, 1.0) == 0.0


# --- moments --------------------------------------------------------------------------------


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=40))
def test_moments_are_those_of_their_definition(values: list[int]) -> None:
    returns = np.array(values) / 1000
    mean, deviation, skewness, kurtosis = (float(one[0]) for one in moments(returns[None, :]))
    assert mean == returns.mean()
    assert deviation == returns.std(ddof=1)
    if len(set(values)) == 1:
        assert np.isnan([skewness, kurtosis]).all()
        return
    apart = returns - returns.mean()
    second = np.mean(apart**2)
    assert skewness == pytest.approx(np.mean(apart**3) / second**1.5, abs=1e-9)
    assert kurtosis == pytest.approx(np.mean(apart**4) / second**2)
    assert kurtosis >= skewness**2 + 1 - 1e-9  # Pearson


def test_a_row_does_not_know_of_the_others() -> None:
    returns = np.random.default_rng(1).normal(0, 1, (37, 251))
    together = np.stack(moments(returns))
    alone = np.stack([np.stack(moments(row[None, :]))[:, 0] for row in returns], axis=1)
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, float("nan")]])
def test_what_is_not_defined_is_nan(returns: list[float]) -> None:
    found = sample_of(np.array(returns))
    assert np.isnan([found.deviation, found.skewness, found.kurtosis, found.sharpe]).all()
    assert np.isnan(probabilistic_sharpe(found))
    assert np.isnan(deflated_sharpe(found, 10, 0.01))


def test_the_variance_of_trials_leaves_out_those_without_a_ratio() -> None:
    assert variance_of([1.0, float("nan"), 3.0]) == 2.0
    assert np.isnan(variance_of([1.0, float("nan")]))


@given(st.integers(0, LEAST - 1))
def test_a_handful_of_days_proves_nothing(observations: int) -> None:
    assert math.isnan(probabilistic_sharpe(sample(3.0, 0.0, 3.0, observations)))
