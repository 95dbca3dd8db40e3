from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl import syntax as syn
from dsl.parser import LENGTH_MAX, Rejected, parse_expression, parse_tracker
from dsl.source import Span, Text


def text(written: str) -> Text:
    return Text(written, Span(7, 5, len(written), "s.yaml"))


def shape(node: object) -> object:
    """The tree without places: what binds tighter than what."""
    match node:
        case syn.Arithmetic(_, _, operator, left, right) | syn.Comparison(
            _, _, operator, left, right
        ):
            return (operator, shape(left), shape(right))
        case syn.Logic(_, _, operator, operands):
            return (operator, *map(shape, operands))
        case syn.Negation(_, _, operand):
            return ("not", shape(operand))
        case syn.Negative(_, _, operand):
            return ("-", shape(operand))
        case syn.Choice(_, _, then, condition, otherwise):
            return ("if", shape(condition), shape(then), shape(otherwise))
        case syn.Path(_, _, parts):
            return ".".join(parts)
        case syn.Quantity(_, _, value, unit):
            return f"{value}{unit}"
        case _:
            return node


@pytest.mark.parametrize(
    ("written", "tree"),
    [
        ("a + b * c", ("+", "a", ("*", "b", "c"))),
        ("a - b - c", ("-", ("-", "a", "b"), "c")),
        ("a * b of c", ("*", "a", ("of", "b", "c"))),
        ("0.1 % of a.b < c", ("<", ("of", "1/10%", "a.b"), "c")),
        ("a or b and not c", ("or", "a", ("and", "b", ("not", "c")))),
        ("not a < b", ("not", ("<", "a", "b"))),
        ("-a - -b", ("-", ("-", "a"), ("-", "b"))),
        ("1 if a else 2 if b else 3", ("if", "a", "1", ("if", "b", "2", "3"))),
        ("(a or b) and c", ("and", ("or", "a", "b"), "c")),
        ("inside > offset", (">", "inside", "offset")),
    ],
)
def test_operators_bind_as_written(written: str, tree: object) -> None:
    assert shape(parse_expression(text(written))) == tree


def test_a_window_takes_before_where_and_across_days() -> None:
    call = parse_expression(text("highest(x, 5 bars before where quiet across days)"))

    assert isinstance(call, syn.Call)
    window = call.arguments[1]
    assert isinstance(window, syn.Argument)
    assert window.before
    assert window.across
    assert isinstance(window.where, syn.Path)


def test_a_tracker_takes_where_inside_or_outside_its_bracket() -> None:
    inner = parse_tracker(text("highest(high where quiet) after top"))
    outer = parse_tracker(text("highest(high) where quiet after top"))

    assert (inner.function, inner.after) == (outer.function, outer.after) == ("highest", "top")
    assert isinstance(inner.where, syn.Path)
    assert isinstance(outer.where, syn.Path)


@pytest.mark.parametrize(
    ("written", "column", "words"),
    [
        ("a < b < c", 11, "chained"),
        ("a = b", 7, "compares nothing"),
        ("a & b", 7, "`&`"),
        ("(a", 6, "ends too early"),
        ("a b", 7, "not expected"),
        ("", 5, "missing"),
        ("a != b", 7, "no `!=`"),
    ],
)
def test_what_does_not_parse_is_told_with_its_place(written: str, column: int, words: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse_expression(text(written))

    finding = caught.value.finding
    assert finding.code == "E006"
    assert (finding.span.line, finding.span.column) == (7, column)
    assert words in finding.message


@pytest.mark.parametrize(
    "written", ["(" * 400 + "a" + ")" * 400, "+".join("a" * 400), "a" * (LENGTH_MAX + 1)]
)
def test_no_nesting_and_no_length_is_too_much_for_the_reader(written: str) -> None:
    with pytest.raises(Rejected, match=r"longer than|nested too deeply") as caught:
        parse_expression(text(written))

    assert caught.value.finding.code == "E006"


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_a_finding(written: str) -> None:
    with suppress(Rejected):
        assert parse_expression(text(written)).stop <= len(written)
