"""Tables for people: aligned, fitted, harmless."""

from hypothesis import given
from hypothesis import strategies as st

from observability.cli import tables

ROWS = (("NAME", "N"), ("payments-gateway-prod", "1"), ("a", "22"))


def test_without_a_width_nothing_is_cut() -> None:
    assert tables.fitted(ROWS, (8, 0), None) == tables.aligned(ROWS)


def test_the_middle_is_cut() -> None:
    assert tables.fitted(ROWS, (8, 0), 16) == ["NAME          N", "paymen…-prod  1", "a             22"]


def test_a_column_is_spared_until_others_cannot_give_more() -> None:
    rows = (("a" * 20, "b" * 20),)
    assert tables.fitted(rows, (18, 10), 30) == ["aaaaaaaaa…aaaaaaaa  bbbbb…bbbb"]
    assert tables.fitted(rows, (18, 10), 22) == ["aaaaa…aaaa  bbbbb…bbbb"]


def test_what_may_not_be_cut_is_not() -> None:
    assert tables.fitted((("abcdefghijkl", "mn"),), (0, 0), 5) == ["abcdefghijkl  mn"]


def test_a_text_is_cut_at_its_end() -> None:
    assert tables.cut("a\nbcdef", 5) == "a\\nb…"
    assert tables.cut("abc", 3) == "abc"
    assert tables.cut("abc" * 99, None) == "abc" * 99


def test_sentences_are_wrapped() -> None:
    assert tables.wrapped("one two three four five six", 20) == ["one two three four", "  five six"]
    assert tables.wrapped("one two", None) == ["one two"]
    assert tables.wrapped("", 20) == [""]


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1), st.integers(1, 200))
def test_a_table_fits_as_far_as_it_may_be_cut(rows: list[tuple[str, str]], width: int) -> None:
    lines = tables.fitted(rows, (10, 8), width)
    assert len(lines) == len(rows)
    assert max(map(len, lines)) <= max(width, 18)
