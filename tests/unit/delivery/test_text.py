"""Label values, numbers and lines of the text format."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from observability.delivery.text import (
    REMEMBERED,
    LabelFormat,
    escaped,
    header,
    label_prefix,
    number,
    shortened_to,
)
from observability.signals.catalogue import Type

ANY_TEXT = st.text(st.characters(codec=None))
"""Lone surrogates, quotes and newlines too."""


def clean(value: str) -> str:
    """What remains of a value that nobody escaped: U+FFFD for what cannot be carried."""
    return "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1, "1"),
        (-3.0, "-3"),
        (1_795_000_000.0, "1795000000"),
        (1_795_000_000.25, "1795000000.25"),
        (0.1, "0.1"),
        (1e22, "1e+22"),
        (math.nan, "NaN"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (True, "1"),
    ],
)
def test_numbers_are_short_and_whole_where_they_are(value: float, text: str) -> None:
    assert number(value) == text


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_as_it_was(value: float) -> None:
    assert float(number(value)) == value


def test_quotes_backslashes_and_newlines_are_escaped() -> None:
    assert escaped('a"b\\c\nd') == r"a\"b\\c\nd"


def test_what_cannot_be_carried_is_replaced() -> None:
    assert escaped("a\ud800b\0c") == "a\ufffdb\ufffdc"


def test_a_header_is_two_lines_whatever_the_help_says() -> None:
    assert header("gitops_a", Type.GAUGE, "one\ntwo \\ three") == (
        b"# HELP gitops_a one\\ntwo \\\\ three\n# TYPE gitops_a gauge\n"
    )


def test_identity_labels_stand_in_their_order_and_are_never_cut() -> None:
    assert label_prefix([("b", "x" * 2000), ("a", '"')]) == f'b="{"x" * 2000}",a="\\""'


def test_a_value_within_the_limit_stays() -> None:
    assert shortened_to(64, "é" * 32) == "é" * 32


def test_a_longer_value_is_cut_between_characters_and_told_apart_by_its_hash() -> None:
    one, other = shortened_to(64, "é" * 33), shortened_to(64, "é" * 33 + "!")
    assert one != other
    assert one.startswith("é" * 23 + "~")
    assert len(one.encode()) <= 64


@given(ANY_TEXT, st.integers(32, 80))
def test_no_value_is_longer_than_the_limit(value: str, limit: int) -> None:
    assert len(escaped(shortened_to(limit, value)).encode()) <= 2 * limit
    assert len(shortened_to(limit, value).encode("utf-8", "surrogatepass")) <= limit


def test_cut_values_are_counted() -> None:
    tails = LabelFormat(b"m{", ("a", "b"), 32).tails([(("x" * 33, "y"), 1.0), (("x" * 33, "z" * 33), 1.0)])
    assert tails.cuts == 3


def test_many_short_values_are_not_cut_together() -> None:
    tails = LabelFormat(b"m{", ("a", "b"), 32).tails([(("x" * 20, "y" * 20), 1.0)])
    assert tails.parts == (b"m{", f',a="{"x" * 20}",b="{"y" * 20}"}} 1\n'.encode())


def test_of_two_samples_with_the_same_labels_the_later_one_counts() -> None:
    tails = LabelFormat(b"m{", ("a",), 64).tails([(("x",), 1.0), (("y",), 2.0), (("x",), 3.0)])
    assert tails.parts == (b"m{", b',a="x"} 3\nm{', b',a="y"} 2\n')
    assert tails.lines == 2


def test_values_that_differ_only_in_what_cannot_be_carried_are_one_series() -> None:
    tails = LabelFormat(b"m{", ("a",), 64).tails([(("\ud800",), 1.0), (("\ud801",), 2.0)])
    assert tails.parts == (b"m{", ',a="\ufffd"} 2\n'.encode())


def test_no_labels_is_only_a_number() -> None:
    assert LabelFormat(b"m{", (), 64).tails([((), 7.0)]).parts == (b"m{", b"} 7\n")


@pytest.mark.parametrize("values", [(), ("a",), ("a", "b", "c")])
def test_a_row_whose_values_do_not_match_its_labels_raises(values: tuple[str, ...]) -> None:
    with pytest.raises(TypeError):
        LabelFormat(b"m{", ("one", "two"), 64).tails([(values, 1.0)])


def test_values_of_a_row_without_labels_raise() -> None:
    with pytest.raises(TypeError):
        LabelFormat(b"m{", (), 64).tails([(("a",), 1.0)])


def test_an_open_set_of_values_is_rendered_as_well_as_a_closed_one() -> None:
    labels = LabelFormat(b"m{", ("a",), 64)
    numbers = range(REMEMBERED + 10)
    first = [labels.tails([((f"v{value}",), 1.0)]) for value in numbers]
    assert [tails.parts for tails in first] == [(b"m{", f',a="v{value}"}} 1\n'.encode()) for value in numbers]
    assert [labels.tails([((f"v{value}",), 1.0)]) for value in numbers] == first


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"', r"\""),
        ("\\", r"\\"),
        ("\n", r"\n"),
        ("\0", "\ufffd"),
        ("\ud800", "\ufffd"),
        ("é\t\r\u2028", "é\t\r\u2028"),
    ],
)
def test_labels_are_escaped(value: str, text: str) -> None:
    assert LabelFormat(b"m{", ("a",), 64).tails([((value,), 1.0)]).parts == (b"m{", f',a="{text}"}} 1\n'.encode())


@given(ANY_TEXT, ANY_TEXT)
def test_any_value_reads_back(identity: str, value: str) -> None:
    tails = LabelFormat(b"m{", ("word",), 10_000).tails([((value,), 1.0)])
    text = label_prefix([("name", identity)]).encode().join(tails.parts).decode()
    (family,) = text_string_to_metric_families(f"# TYPE m gauge\n{text}")
    (sample,) = family.samples
    assert sample.labels == {"name": clean(identity), "word": clean(value)}
