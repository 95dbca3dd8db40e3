"""A page in one file: its data cannot leave their element; it is written whole or not at all."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.onefile import DATA, inert, rendered, with_data, write_whole

if TYPE_CHECKING:
    from pathlib import Path


class Tags(HTMLParser):
    """The elements of a page, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)


@given(st.text(st.sampled_from("<>/!-&'\"\u2028 script"), max_size=60))
def test_no_text_leaves_the_data(text: str) -> None:
    page = with_data(f"<body>{DATA}</script><p></p></body>", json.dumps(text))
    assert Tags(page).found == ["body", "script", "p"]
    held = page.partition(DATA)[2].partition("</script>")[0]
    assert json.loads(held) == text


def test_what_a_parser_could_stop_at_is_escaped() -> None:
    assert inert('"</script>&\u2028"') == '"\\u003c/script\\u003e\\u0026\\u2028"'


def test_a_template_gets_its_styles_and_scripts_and_escapes_the_rest(tmp_path: Path) -> None:
    for name, text in (("a.css", "b > i {}"), ("a.js", "1 < 2"), ("b.js", "3")):
        (tmp_path / name).write_text(text)
    template = tmp_path / "t.html"
    template.write_text("{{ style }}|{{ script }}|{{ name }}|{{ script_hash }}")
    scripts = [tmp_path / "a.js", tmp_path / "b.js"]
    page = rendered(template, {"name": "<b>"}, [tmp_path / "a.css"], scripts)
    style, script, name, digest = page.split("|")
    assert (style, script, name) == ("b > i {}", "1 < 2\n3", "&lt;b&gt;")
    assert len(digest) == 44


def test_a_file_is_replaced_whole_or_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "new" / "page.html"
    assert write_whole(path, "one \u2713") == path
    assert path.read_text("utf-8") == "one \u2713"
    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_text("utf-8") == "one \u2713"
    assert [one.name for one in path.parent.iterdir()] == ["page.html"]
