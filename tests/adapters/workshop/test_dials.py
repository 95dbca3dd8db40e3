"""Parameters of a form go back into the text and leave the rest of it alone."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from adapters.workshop.dials import applied, turned
from adapters.workshop.errors import BadInput, NotFound
from adapters.workshop.examining import Asked, examine
from tests.support.shipped import SHIPPED

if TYPE_CHECKING:
    from adapters.workshop.checked import Dial

FOLDER = str(SHIPPED[0].parent)
CREATOR = next(path for path in SHIPPED if path.stem == "slob_5_1_creator").read_text("utf-8")


def dials(text: str) -> dict[tuple[str, str], Dial]:
    checked = examine(Asked(text, FOLDER, thorough=False)).checked
    return {(dial.name, dial.side): dial for dial in checked.dials}


def test_a_field_has_the_unit_the_range_and_the_words() -> None:
    dial = dials(CREATOR)["hold_trigger", "long"]
    assert (dial.value, dial.unit, dial.low, dial.high, dial.form) == (
        "3",
        "min",
        "1",
        "15",
        "number",
    )
    assert dial.doc.startswith("high 5")
    assert CREATOR.splitlines()[dial.line - 1].startswith("  hold_trigger:")
    assert dials(CREATOR)["swing_target", ""].form == "switch"
    assert dials(CREATOR)["range_min", ""].step == "0.01"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_parameter_of_every_strategy_can_be_turned_and_nothing_else_moves(
    path: object,
) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    for (name, side), dial in dials(text).items():
        value = {"switch": "on", "number": dial.high or dial.value}.get(dial.form, dial.value)
        changed = applied(text, turned(text, name, side, value, dial.unit))
        if dial.form == "number":
            found = dials(changed)[name, side]
            assert Fraction(found.value) == Fraction(value)
            assert {
                key: one.value for key, one in dials(changed).items() if key != (name, side)
            } == {key: one.value for key, one in dials(text).items() if key != (name, side)}
        lines = zip(text.splitlines(), changed.splitlines(), strict=True)
        assert sum(a != b for a, b in lines) <= 1


def test_a_parameter_of_the_extended_file_gets_a_line_of_its_own() -> None:
    variant = "lang: 1\nstrategy: v\nextends: slob_5_1_creator.yaml\n"
    dial = dials(variant)["dwell_min", ""]
    assert dial.line == 0
    changed = applied(variant, turned(variant, "dwell_min", "", "20", "min"))
    assert changed == variant + "\nparams:\n  dwell_min: {default: 20 min}\n".lstrip("\n").replace(
        "params", "params", 1
    ) or changed.endswith("params:\n  dwell_min: {default: 20 min}\n")
    assert dials(changed)["dwell_min", ""].value == "20"
    again = applied(changed, turned(changed, "hold_base", "short", "4", "min"))
    assert dials(again)["hold_base", "short"].value == "4"
    assert dials(again)["dwell_min", ""].value == "20"


@pytest.mark.parametrize("value", ["1 }", "{x", "1\n2", "a: b", "", "9" * 40, "1e5", "#x"])
def test_a_value_cannot_carry_more_than_a_value(value: str) -> None:
    with pytest.raises(BadInput):
        turned(CREATOR, "dwell_min", "", value, "min")


def test_what_is_not_there_is_not_turned() -> None:
    with pytest.raises(NotFound):
        turned(CREATOR, "no such", "", "1", "min")
    with pytest.raises(NotFound):
        turned(CREATOR, "dwell_min", "sideways", "1", "min")
    with pytest.raises(BadInput):
        turned("a: [", "dwell_min", "", "1", "min")
    with pytest.raises(BadInput):
        turned(CREATOR, "dwell_min", "short", "1", "min")
