"""The editor's tables hold every word of the language."""

from __future__ import annotations

import json
from typing import Any

from adapters.workshop.vocabulary import REFERENCES, vocabulary
from dsl.calls import FUNCTIONS
from dsl.codes import CODES
from dsl.names import BAR_NAMES
from dsl.parser import KEYWORDS, WORDS_OF_LOGIC
from dsl.structure import Spec


def test_nothing_of_the_language_is_missing() -> None:
    told = vocabulary()
    assert {one["name"] for one in told["functions"]} == set(FUNCTIONS)
    words = {one["name"] for one in told["words"]}
    assert not set(BAR_NAMES) - words
    assert KEYWORDS - {"days"} <= words
    assert words >= WORDS_OF_LOGIC
    assert set(told["codes"]) == set(CODES)
    assert set(told["shape"]["Spec"]) == set(Spec.keys())
    assert json.loads(json.dumps(told)) == told


def test_every_key_is_explained_and_every_word_too() -> None:
    told = vocabulary()
    for section in told["shape"].values():
        assert all(key["doc"] for key in section.values())
    for name in ("words", "sessionParts", "heldParts", "units", "instruments"):
        assert all(one["doc"] for one in told[name]), name


def test_every_place_that_refers_to_something_is_a_place_of_the_language() -> None:
    shape = vocabulary()["shape"]
    for path in REFERENCES:
        node: dict[str, Any] = {"section": "Spec"}
        for key in path.split("."):
            node = node.get("items", node) if "section" not in node and "any" not in node else node
            node = node["any"] if key == "*" else shape[node["section"]][key]
        assert "leaf" in node or "items" in node, path
