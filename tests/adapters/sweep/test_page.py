"""The page of a sweep: whole, safe, self-contained, small, and true to the study."""

from __future__ import annotations

import json
import re
import shlex
import zlib
from base64 import b64decode
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from adapters.sweep.page import sweep_html, sweep_input, write_page
from adapters.sweep.page.data import SPARE
from adapters.sweep.page.drawings import pairs, spread
from adapters.sweep.page.of_study import luck_of
from adapters.sweep.page.source import Fold, Luck, Measure, WalkForward
from adapters.sweep.page.standing import around_of
from adapters.sweep.page.words import (
    degradation,
    edges,
    kept,
    luck_sentences,
    probability,
    set_line,
    stability,
    verdict,
)
from adapters.sweep.study import Method, stitched
from engine.statistics.deflated import Sample, deflated_sharpe, expected_maximum
from tests.support.pages import WIDTHS, Page
from tests.support.shipped import FOLDER, program_of
from tests.support.studies import GRID, hill_study

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.sweep.study import Study

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>'\"&\u2028"
SLOB = program_of(FOLDER / "slob_5_1.yaml")


@pytest.fixture(scope="module")
def study() -> Study:
    return hill_study(SLOB, folds=4)


@pytest.fixture(scope="module")
def page(study: Study) -> Page:
    return Page(sweep_html(sweep_input(study)))


def unpacked(data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Levels (sets by axes) and figures (sets by measures, NaN where there is none)."""
    whole = zlib.decompress(b64decode(data["sets"]))
    length = int.from_bytes(whole[:4], "little")
    head, place, columns = json.loads(whole[4 : 4 + length]), 4 + length, []
    for width in head["w"]:
        columns.append(np.frombuffer(whole, WIDTHS[width], head["n"], place).astype(np.int64))
        place += -(-head["n"] * width // 8) * 8
    assert place == len(whole)
    count = len(data["axes"])
    figures = [
        np.where(column == none, np.nan, column / 10.0**power)
        for column, none, power in zip(columns[count:], head["e"], head["p"], strict=True)
    ]
    return np.stack(columns[:count], axis=1), np.stack(figures, axis=1)


# --- a page like any other ---------------------------------------------------------------------


def test_the_page_is_well_formed_and_every_id_is_unique(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    named = [
        a[name] or ""
        for _, a in page.tags
        for name in ("aria-controls", "aria-labelledby", "aria-describedby")
        if name in a
    ]
    linked = [(a["href"] or "").removeprefix("#") for a in page.all("a")]
    assert named
    assert set(named) | set(linked) <= set(ids)


def test_the_page_asks_nothing_of_any_network(page: Page) -> None:
    without_namespace = page.text.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|\bfetch\(|XMLHttpRequest|@import|url\((?!#)", without_namespace)
    assert not [a for _, a in page.tags if "src" in a]
    assert all((a["href"] or "").startswith("#") for _, a in page.tags if "href" in a)
    (policy,) = [a["content"] or "" for a in page.all("meta") if "http-equiv" in a]
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"script-src[^;]*unsafe", policy)


def test_every_table_has_headers_and_every_picture_has_words(page: Page) -> None:
    assert all("scope" in a for a in page.all("th"))
    pictures = [a for _, a in page.tags if a.get("role") == "img"]
    assert pictures
    assert all(a.get("aria-label") for a in pictures)


def test_the_same_study_gives_the_same_page(study: Study) -> None:
    assert sweep_html(sweep_input(study)) == sweep_html(sweep_input(study))


def test_a_page_is_written_whole_or_not_at_all(study: Study, tmp_path: Path) -> None:
    path = write_page(tmp_path / "new" / "sweep.html", study)
    assert path.read_text("utf-8") == sweep_html(sweep_input(study))
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        write_page(tmp_path / "file" / "sweep.html", study)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "new"]


def test_hostile_names_stay_text(study: Study) -> None:
    program = replace(study.program, name=HOSTILE, doc=HOSTILE)
    hostile = replace(
        study,
        program=program,
        name=HOSTILE,
        data={"name": HOSTILE, "synthetic": False},
        notes=(HOSTILE,),
        windows=HOSTILE,
        run=("engine", "run", HOSTILE),
        again=("engine", "sweep", HOSTILE),
        store=HOSTILE,
    )
    page = Page(sweep_html(sweep_input(hostile, version=HOSTILE)))
    assert len(page.all("script")) == 2
    assert page.all("img") == []
    assert not [a for _, a in page.tags if any(name.startswith("on") for name in a)]
    assert page.shown.count("alert(1)") >= 8
    assert page.data["command"][-1] == HOSTILE


# --- true to the study --------------------------------------------------------------------------


def test_every_set_and_figure_is_in_the_page_to_more_digits_than_are_shown(
    page: Page, study: Study
) -> None:
    levels, figures = unpacked(page.data)
    assert np.array_equal(levels, study.levels)
    for number, measure in enumerate(page.data["measures"]):
        factor = 100 if measure["unit"] == "%" else 1
        wanted = study.figures(measure["name"]) * factor
        step = 10.0 ** -(measure["places"] + SPARE)
        assert np.allclose(figures[:, number], wanted, rtol=0, atol=step, equal_nan=True)
    assert np.isnan(figures[:, 0]).any()


def test_the_best_set_and_how_to_run_it_are_told(page: Page, study: Study) -> None:
    assert study.best is not None
    assert page.data["best"] == study.best
    sharpe = study.figures("sharpe")[study.best]
    assert f"Sharpe, raw {sharpe:.2f}" in page.shown
    line = set_line(sweep_input(study), study.best)
    assert tuple(shlex.split(line)) == study.command(study.best)
    assert line in page.shown


def test_the_luck_of_many_trials_is_worked_out_of_daily_ratios(study: Study) -> None:
    luck = luck_of(study)
    assert luck is not None
    assert study.best is not None
    daily = study.figures("sharpe") / 252**0.5
    variance = float(np.nanvar(daily, ddof=1))
    assert luck.by_luck == pytest.approx(252**0.5 * expected_maximum(len(daily), variance))
    best = study.outcomes.row(study.best)
    sample = Sample(best["mean"], best["deviation"], -0.3, 4.5, luck.dates)
    assert luck.deflated == pytest.approx(deflated_sharpe(sample, len(daily), variance))
    assert luck.sharpe == pytest.approx(best["sharpe"])


def test_more_trials_than_sets_are_counted(study: Study) -> None:
    few, many = luck_of(study), luck_of(replace(study, trials=100_000))
    assert few is not None
    assert many is not None
    assert few.by_luck is not None
    assert many.by_luck is not None
    assert few.deflated is not None
    assert many.deflated is not None
    assert many.by_luck > few.by_luck
    assert many.deflated < few.deflated


def test_an_interrupted_sweep_says_so_and_how_to_go_on() -> None:
    page = Page(sweep_html(sweep_input(hill_study(SLOB, missing=20))))
    assert "50 of 70 sets, interrupted" in page.shown
    assert "The same command goes on where it stopped: engine sweep" in page.shown


@pytest.mark.parametrize("sets", [0, 1])
def test_a_sweep_without_a_figure_has_a_page_that_says_so(sets: int) -> None:
    study = hill_study(SLOB, missing=70 - sets)
    page = Page(sweep_html(sweep_input(study)))
    assert study.best is None
    assert "No set has a Sharpe" in page.shown
    assert page.data["best"] is None


def test_a_figure_that_is_not_among_the_usual_ones_can_rank() -> None:
    study = hill_study(SLOB, metric="deviation")
    sweep = sweep_input(study)
    assert sweep.measure.name == "deviation"
    assert not sweep.measure.more
    assert "by deviation" in Page(sweep_html(sweep)).shown


def test_ten_thousand_sets_make_a_small_page_quickly() -> None:
    grid = ("consol_max=21..120/1", "rr_min=0..4.95/0.05")
    study = hill_study(SLOB, grid)
    assert study.done == 10_000
    begun = perf_counter()
    text = sweep_html(sweep_input(study))
    assert perf_counter() - begun < 3
    assert len(text) < 600_000


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deflated", "said"),
    [
        (0.97, "More than luck would explain."),
        (0.8, "Perhaps more than luck, not shown."),
        (0.3, "No better than luck."),
        (None, "It cannot be told whether this is more than luck."),
    ],
)
def test_the_verdict_follows_the_deflated_ratio(deflated: float | None, said: str) -> None:
    luck = Luck(1.5, 1.2, deflated, 1000, 250)
    assert verdict(luck) == said
    assert luck_sentences(luck)[0] == "The best of 1,000 is luck until shown otherwise."


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "na"),
        (0.0, "< 0.1 %"),
        (0.0004, "< 0.1 %"),
        (0.5, "50.0 %"),
        (0.9999, "> 99.9 %"),
        (1.0, "> 99.9 %"),
    ],
)
def test_a_probability_is_never_rounded_to_certainty(share: float | None, said: str) -> None:
    assert probability(share) == said


@pytest.mark.parametrize(
    ("value", "measure", "said"),
    [
        (-0.001, Measure("x", "x"), "0.00"),
        (-1234.5, Measure("x", "x", unit="USD"), "-1,234.50 USD"),
        (0.1234, Measure("x", "x", 1, "%", 100.0), "12.3 %"),
        (float("nan"), Measure("x", "x"), "na"),
        (float("inf"), Measure("x", "x"), "na"),
        (None, Measure("x", "x"), "na"),
    ],
)
def test_figures_are_written_for_people(value: float | None, measure: Measure, said: str) -> None:
    assert measure.text(value) == said


def folds(*pairs: tuple[float | None, float | None]) -> tuple[Fold, ...]:
    return tuple(Fold("train", "test", (1, 2, 0), a, b, 3) for a, b in pairs)


def test_what_stayed_out_of_sample_is_put_in_words(study: Study) -> None:
    sweep = sweep_input(study)

    def said(
        *pairs: tuple[float | None, float | None],
        inside: float | None = None,
        outside: float | None = None,
    ) -> str:
        return degradation(sweep, WalkForward("", folds(*pairs), (), inside, outside))

    assert kept(WalkForward("", folds((1.0, 0.6), (2.0, 0.9), (1.5, None)))) == pytest.approx(0.5)
    assert "0.50 of what it was in sample: about half of it stayed. 2 of 3 folds" in said(
        (1.0, 0.6), (2.0, 0.9), (1.5, None)
    )
    assert "none of it stayed" in said((1.0, -0.6))
    assert "Nothing can be said" in said((-1.0, -0.6))
    assert "Nothing can be said" in said((None, None))
    # windows of different length: all of them together count, not the mean of the folds
    assert "0.90 of what it was" in said((1.0, -0.6), inside=2.0, outside=1.8)


def test_sharpe_ratios_of_all_windows_are_put_together(study: Study) -> None:
    forward, whole = sweep_input(study).forward, stitched(study)
    assert forward is not None
    assert (forward.inside, forward.outside) == (whole.train_sharpe, whole.sharpe)
    by_net = sweep_input(replace(study, metric="net")).forward
    assert by_net is not None
    assert by_net.inside is None


def test_what_the_folds_chose_is_compared(study: Study) -> None:
    sweep = sweep_input(study)
    same, moved = folds((1.0, 1.0), (1.0, 1.0))
    moved = replace(moved, levels=(4, 2, 0))
    assert stability(sweep, (same, moved)) == (
        ("consol_min", "another value in every fold"),
        ("rr_min", "1 in every fold"),
        ("sizing", "fixed_risk in every fold"),
    )
    drawn = pairs(sweep, (same, moved)).rows
    assert [changed for _, changed in drawn[0].settings] == [False, False, False]
    assert [changed for _, changed in drawn[1].settings] == [True, False, False]


def test_a_fold_that_chose_nothing_is_shown_as_such(study: Study) -> None:
    nothing = Fold("train", "test", None, None, None, 0)
    sweep = sweep_input(study)
    drawn = pairs(sweep, (nothing, *folds((1.0, 0.5)), nothing))
    assert [row.settings[0] for row in drawn.rows] == [
        ("na", False),
        ("4 min", False),
        ("na", False),
    ]
    assert stability(sweep, (nothing,))[0] == ("consol_min", "no fold chose any")


def test_dots_of_a_fold_lie_on_one_scale(study: Study) -> None:
    drawn = pairs(sweep_input(study), folds((2.0, -1.0), (1.0, 0.5)))
    first, second = drawn.rows
    assert first.outside is not None
    assert first.inside is not None
    assert second.inside is not None
    assert 0 < first.outside < drawn.centre < second.inside < first.inside < 100
    assert first.left + first.width == pytest.approx(first.inside)
    assert (first.tone, second.tone) == ("loss", "gain")


def test_the_histogram_counts_every_set_with_a_figure(study: Study) -> None:
    sharpe, luck = study.figures("sharpe"), luck_of(study)
    assert luck is not None
    drawn = spread(sharpe, luck)
    assert drawn is not None
    counted = [int(bar.title.rpartition(": ")[2].replace(",", "")) for bar in drawn.bars]
    assert sum(counted) == int(np.isfinite(sharpe).sum())
    assert {mark.kind for mark in drawn.marks} == {"zero", "luck", "best"}
    assert all(0 <= mark.at <= 100 for mark in drawn.marks)


def test_the_axes_are_told_as_they_were_swept(page: Page) -> None:
    assert "consol_min 3 min, 4 min … 9 min 7" in page.shown
    assert "sizing fixed_risk, atr 2" in page.shown
    assert len(GRID) == len(page.data["axes"])
    assert [axis["ordered"] for axis in page.data["axes"]] == [True, True, False]


# --- around the best ----------------------------------------------------------------------------


def shaped(study: Study, sharpe: dict[tuple[int, ...], float], elsewhere: float) -> Study:
    """The study with these Sharpe ratios at these places, and another one everywhere else."""
    figures = {
        name: np.full_like(column, elsewhere) if name == "sharpe" else column
        for name, column in study.outcomes.figures.items()
    }
    for place, value in sharpe.items():
        figures["sharpe"][(study.levels == place).all(axis=1), 0] = value
    return replace(study, outcomes=replace(study.outcomes, figures=figures))


def test_a_peak_with_nothing_beside_it_is_called_so(study: Study) -> None:
    lone = shaped(study, {(3, 2, 0): 2.0, (3, 4, 0): 0.4}, 0.0)
    around = around_of(lone)
    assert around is not None
    assert around.lone
    assert around.members == (lone.best,)
    assert around.words.startswith("A lone peak: the sets beside it are no better than the median")
    page = Page(sweep_html(sweep_input(lone)))
    assert page.data["lone"] is True
    assert "a lone peak" in page.shown


def test_a_plateau_holds_the_sets_around_the_best(study: Study) -> None:
    high: dict[tuple[int, ...], float] = {
        (3, 2, 0): 2.0,
        (2, 2, 0): 1.9,
        (4, 2, 0): 1.8,
        (3, 1, 0): 1.7,
        (3, 3, 0): 1.6,
    }
    wide = shaped(study, {**high, (0, 0, 0): 1.9, (3, 2, 1): 1.9}, 0.0)
    around = around_of(wide)
    assert around is not None
    assert not around.lone
    # what is high elsewhere, or for another choice, is not beside it
    assert {tuple(wide.levels[row].tolist()) for row in around.members} == set(high)
    assert "On a plateau of 5 sets, 7.1 % of all" in around.words
    assert "keep 88 % of its lead on average" in around.words


def test_sets_never_tried_do_not_make_a_lone_peak(study: Study) -> None:
    one = replace(
        study.outcomes,
        sets=study.outcomes.sets[[30]],
        figures={name: column[[30]] for name, column in study.outcomes.figures.items()},
    )
    around = around_of(replace(study, outcomes=one, method=Method.RANDOM, planned=1))
    assert around is not None
    assert not around.lone
    assert "cannot be told" in around.words
    gridded = around_of(replace(study, outcomes=one))
    assert gridded is not None
    assert gridded.lone


def test_a_grid_too_large_to_lay_out_is_not_searched() -> None:
    study = hill_study(SLOB, ("consol_max=21..120/1", "rr_min=0..4.95/0.05"))
    assert around_of(study) is not None
    axis = replace(study.axes[0], values=tuple(range(1_000_000)))
    sampled = replace(study, axes=(axis, study.axes[1]), method=Method.RANDOM)
    assert around_of(sampled) is None


def test_a_best_set_at_an_end_of_an_axis_is_pointed_out(study: Study) -> None:
    inside = sweep_input(shaped(study, {(3, 2, 0): 2.0}, 0.0))
    assert edges(inside) == ""
    # a choice has no end, and so it is not named
    corner = sweep_input(shaped(study, {(6, 0, 1): 2.0}, 0.0))
    assert "the edge of what was tried of consol_min and rr_min: " in edges(corner)
    assert edges(corner) in Page(sweep_html(corner)).shown
    assert edges(sweep_input(hill_study(SLOB, missing=70))) == ""
