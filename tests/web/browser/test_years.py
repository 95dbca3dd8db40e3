"""Five years of minutes on the chart: moved and zoomed by hand, and how even the frames come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pytest

from adapters import store
from adapters.calendars import ExchangeCalendars
from adapters.instruments import instrument
from adapters.quality import inspect
from adapters.synth import synthesize
from adapters.workshop.folders import Order, State
from adapters.workshop.keeper import Keeper
from adapters.workshop.people import People, Role
from adapters.workshop.runnable import Ordered, Runnable
from adapters.workshop.runs import Runs
from tests.adapters.workshop.ran import STRATEGIES, wait
from tests.web.support import OPERATOR, PASSWORD

pytest.importorskip("playwright.sync_api", reason="pip install playwright")

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.web.hosting import Hosted

NAME = "vwap_reversion"
FIRST, LAST = date(2019, 1, 2), date(2023, 12, 29)
STUTTER = 50.0
"""Milliseconds without a frame that a hand feels."""

FRAMES = """
(() => {
  const gaps = (window.frameGaps = []);
  let last = 0;
  const tick = (now) => {
    if (last) gaps.push(now - last);
    last = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
})();
"""
"""Runs before the page's own scripts, and outside its policy."""


@pytest.fixture(scope="module")
def years(
    host: Callable[..., Hosted], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hosted]:
    """A page over a run of a strategy on five years of minutes."""
    folder = tmp_path_factory.mktemp("years")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENGINE_DATA", str(folder / "sets"))
        market = synthesize(instrument("NQ"), FIRST, LAST, seed=5)
        store.import_bars("five-years", market, inspect(market, ExchangeCalendars()))
        text = (STRATEGIES / f"{NAME}.yaml").read_text("utf-8")
        with Keeper(folder / "workshop") as keeper:
            People(keeper).add("test", OPERATOR, Role.OPERATOR, PASSWORD)
            runs = Runs(keeper, Runnable(STRATEGIES))
            order = Order(f"{NAME}.yaml", data="five-years")
            number = runs.order("test", Ordered(NAME, text, order))
            assert wait(runs, number).state is State.DONE
            runs.folder(number).ask_to_stop()  # the deaths that teach are not asked for here
        yield host(folder)


@dataclass(frozen=True, slots=True)
class Frames:
    """What passed between two frames, in milliseconds."""

    gaps: tuple[float, ...]

    def share(self, part: float) -> float:
        """So many of them were not longer."""
        return sorted(self.gaps)[min(len(self.gaps) - 1, int(part * len(self.gaps)))]

    def __str__(self) -> str:
        late = sum(gap > STUTTER for gap in self.gaps)
        median, most, longest = self.share(0.5), self.share(0.95), max(self.gaps)
        return (
            f"{len(self.gaps)} frames, median {median:.0f} ms, p95 {most:.0f}, "
            f"longest {longest:.0f}, {late} over {STUTTER:.0f} ms"
        )


def frames_of(page: Page) -> Frames:
    """Those since the last question."""
    return Frames(tuple(page.evaluate("frameGaps.splice(0)")))


def dragged(page: Page, times: int) -> None:
    """Move the chart by hand to and fro."""
    box = page.locator("[data-chart]").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    for number in range(times):
        ends = (0.75, 0.2) if number % 3 else (0.2, 0.75)
        left, right = (box["x"] + share * box["width"] for share in ends)
        page.mouse.move(left, middle)
        page.mouse.down()
        page.mouse.move(right, middle, steps=25)
        page.mouse.up()


def turned(page: Page, way: int, until: Callable[[int], bool]) -> None:
    """Turn the wheel with Ctrl until the bars in sight are of a size."""
    chart = page.locator("[data-chart]")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Control")
    for _ in range(400):
        page.mouse.wheel(0, 120 * way)
        if until(int(chart.get_attribute("data-size") or 0)):
            break
    page.keyboard.up("Control")
    assert until(int(chart.get_attribute("data-size") or 0))


def test_five_years_of_minutes_are_moved_and_zoomed_without_a_stutter(
    page_as: Callable[..., Page], years: Hosted
) -> None:
    page = page_as(at=years)
    page.add_init_script(FRAMES)
    page.goto("/runs/1/why?row=900000")
    expect(page.locator("[data-chart][data-drawn]")).to_be_visible()
    told = {}
    frames_of(page)
    dragged(page, 6)
    told["moved, minutes"] = frames_of(page)
    turned(page, 1, lambda size: size >= 1440)
    told["zoomed out to five years"] = frames_of(page)
    dragged(page, 6)
    told["moved, years"] = frames_of(page)
    turned(page, -1, lambda size: size == 1)
    told["zoomed in to minutes"] = frames_of(page)
    for what, frames in told.items():  # the suite tells its figures
        print(f"\n1.77 million bars, {what}: {frames}", end="")  # noqa: T201
    print()  # noqa: T201
    assert all(len(frames.gaps) > 10 for frames in told.values())
    assert max(max(frames.gaps) for frames in told.values()) < 10_000, "it hung"
