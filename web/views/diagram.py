"""The stage diagram as shapes: where every box, arrow and word of the drawing goes.

It is laid out for one narrow column, top to bottom in written order. An arrow to the next stage is
straight; any other leaves and enters on the left, each in a lane of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.workshop.checked import Rule, Sketch, Step, Way

WIDTH: Final = 380
_LANE: Final = 12
_ROW: Final = 17
_PAD: Final = 10
_GAP: Final = 26
_LETTER: Final = 6.6
"""How wide a letter of the drawing is, on the safe side."""


@dataclass(frozen=True, slots=True)
class Word:
    """A line of text; `line` is where the spec says so, 0 for nowhere; `title` its whole."""

    x: float
    y: float
    text: str
    kind: str
    line: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A node of the drawing; `kind` is start, stage or end."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    line: int
    name: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way on, as the path of an SVG."""

    path: str
    kind: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Diagram:
    """The whole drawing and the same in a sentence, for who cannot see it."""

    width: int
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    told: str


def diagram(sketch: Sketch) -> Diagram:
    """The drawing of a program."""
    return _Drawing(sketch).done()


class _Drawing:
    """Puts one box below the other and remembers where they are."""

    def __init__(self, sketch: Sketch) -> None:
        self.sketch = sketch
        self.order = [step.name for step in sketch.steps] + ["entry"]
        lanes = sum(1 for step in sketch.steps for way in step.ways if not self._is_next(step, way))
        self.left = 10 + _LANE * lanes
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.y = 4.0

    def done(self) -> Diagram:
        sketch = self.sketch
        self._box("start", "start", sketch.start_line, "starts", self._start_words())
        straight: Sequence[Way] = ()
        for step in sketch.steps:
            self._gap(straight)
            self._box("stage", step.name, step.line, step.name, self._step_words(step))
            straight = [way for way in step.ways if self._is_next(step, way)]
        self._gap(straight)
        self._box("end", "entry", sketch.entry_line, sketch.entry, self._end_words())
        self._bend()
        height = self.boxes[-1].y + self.boxes[-1].height + 4
        return Diagram(WIDTH, height, tuple(self.boxes), tuple(self.arrows), self._told())

    # --- boxes ------------------------------------------------------------------------------

    def _box(
        self, kind: str, name: str, line: int, title: str, rows: list[tuple[str, str, int, str]]
    ) -> None:
        x, width = self.left, WIDTH - self.left - 4
        height = 2 * _PAD + _ROW * (1 + len(rows)) - 4
        words = [self._word(x, self.y + _PAD + 10, title, f"name {kind}", line)]
        for number, (text, of, at, whole) in enumerate(rows, 1):
            words.append(self._word(x, self.y + _PAD + 10 + _ROW * number, text, of, at, whole))
        self.boxes.append(Box(x, self.y, width, height, kind, line, name, tuple(words)))
        self.y += height

    def _word(self, x: float, y: float, text: str, kind: str, line: int, whole: str = "") -> Word:
        room = int((WIDTH - x - 4 - 2 * _PAD) / _LETTER)
        shown = text if len(text) <= room else f"{text[: room - 1]}…"
        return Word(x + _PAD, y, shown, kind, line, whole or text)

    def _start_words(self) -> list[tuple[str, str, int, str]]:
        rows = [_row("rule", "", rule) for rule in self.sketch.start]
        rows += [_row("dies", "ends anywhere: ", rule) for rule in self.sketch.always]
        return rows

    def _step_words(self, step: Step) -> list[tuple[str, str, int, str]]:
        rows = []
        if step.limit:
            text = f"within {step.limit}, else {step.limit_reason}"
            rows.append((text, "limit", step.limit_line, text))
        rows += [_row("dies", "ends: ", rule) for rule in step.invalidate]
        for way in step.ways:
            if not self._is_next(step, way):
                names = ", ".join(rule.name for rule in way.when)
                whole = " and ".join(rule.text for rule in way.when)
                rows.append((f"to {way.to}: {names}", "way", way.line, whole))
        return rows

    def _end_words(self) -> list[tuple[str, str, int, str]]:
        rows = [_row("stop", "stop ", rule) for rule in self.sketch.stops]
        return rows + [_row("target", "target ", rule) for rule in self.sketch.targets]

    # --- arrows -----------------------------------------------------------------------------

    def _gap(self, ways: Sequence[Way]) -> None:
        """The room below a box: a straight arrow, with its conditions beside it."""
        rules = [rule for way in ways for rule in way.when]
        height = max(_GAP, _ROW * len(rules) + 14)
        x = self.left + 22
        path = f"M{x} {self.y:g} V{self.y + height - 2:g}"
        words = tuple(
            self._word(x + 2, self.y + 15 + _ROW * number, rule.name, "rule", rule.line, rule.text)
            for number, rule in enumerate(rules)
        )
        starts = not ways and len(self.boxes) == 1
        if ways or starts or not self.sketch.steps:
            self.arrows.append(Arrow(path, "on", words))
        self.y += height

    def _bend(self) -> None:
        """Arrows that skip a stage or lead back."""
        places = {box.name: box for box in self.boxes}
        lane = 0
        for step in self.sketch.steps:
            for way in step.ways:
                target = places.get(way.to)
                if self._is_next(step, way) or target is None:
                    continue
                lane += 1
                source, x = places[step.name], self.left - _LANE * lane
                y, to = source.y + source.height - 12, target.y + 16
                kind = "back" if to < y else "skip"
                path = f"M{source.x:g} {y:g} H{x:g} V{to:g} H{target.x - 2:g}"
                self.arrows.append(Arrow(path, kind))

    def _is_next(self, step: Step, way: Way) -> bool:
        return self.order.index(way.to) == self.order.index(step.name) + 1

    def _told(self) -> str:
        parts = [f"starts when {_names(self.sketch.start)}"]
        for step in self.sketch.steps:
            ways = "; ".join(f"to {way.to} when {_names(way.when)}" for way in step.ways)
            ends = f"; ends when {_names(step.invalidate)}" if step.invalidate else ""
            limit = f"; within {step.limit}" if step.limit else ""
            parts.append(f"{step.name}: {ways}{ends}{limit}")
        return ". ".join([*parts, f"then a {self.sketch.entry}"]) + "."


def _row(kind: str, before: str, rule: Rule) -> tuple[str, str, int, str]:
    return (f"{before}{rule.name}", kind, rule.line, rule.text or rule.name)


def _names(rules: Sequence[Rule]) -> str:
    return ", ".join(rule.name for rule in rules)
