"""Glob patterns: what gobwas/glob answers."""

import re
from collections import Counter
from fnmatch import translate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.state import globs
from tests.fakes import oracles


def test_agrees_with_argo_cd() -> None:
    disagreeing: Counter[str] = Counter()
    for case in oracles.cases("globs"):
        quirk = case["engine_quirk"]
        agrees = globs.matches(case["pattern"], case["value"]) is case["match"]
        assert agrees or quirk in {"other", "panic"}, case
        disagreeing[quirk] += not agrees
    # Where the engine errs or crashes on empty alternatives, ours reads the pattern as it is meant.
    assert (disagreeing["other"], disagreeing["panic"]) == (34, 12)


LITERALS = st.text("ab-./é", max_size=4)
SIMPLE = st.lists(LITERALS | st.sampled_from(["*", "?", "[ab]", "[!a]"]), max_size=6).map("".join)


@given(SIMPLE, st.text("ab-./é\n", min_size=1, max_size=10))
def test_a_simple_pattern_reads_as_anywhere(pattern: str, value: str) -> None:
    plain = re.fullmatch(translate(pattern), value) is not None
    prefix, _, suffix = re.sub(r"\*+", "*", pattern).partition("*")  # several stars in a row are one
    overlaps = bool(prefix and suffix) and value.startswith(prefix) and value.endswith(suffix)
    assert globs.matches(pattern, value) is (plain or overlaps)


@given(st.text("ab", max_size=3), st.text("ab", max_size=3), st.text("ab", max_size=3), st.text("ab", max_size=6))
def test_alternatives_are_tried_one_by_one(first: str, second: str, rest: str, value: str) -> None:
    if first and second and rest:
        assert globs.matches(f"{{{first},{second}}}{rest}", value) is (value in {first + rest, second + rest})


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("*", "https://10.0.0.1:6443", True),
        ("!prod", "staging", False),
        ("team-*-prod", "team-prod", True),
        ("{team-*-prod,other}", "team-prod", True),
        ("{team-*-prod,team-*-staging}", "team-prod", False),
        ("{team,group}-*-prod", "team-prod", False),
        (r"\*", "*", True),
        (r"\*", "x", False),
        ("{a,b", "b", True),
        (r"{a\,b,c}", "a,b", True),
        ("a,b}", "a,b}", True),
        ("{a,{b,c}d}", "cd", True),
        (r"[a\]]", "]", True),
        ("?", "", True),
        ("[!a]", "", True),
        ("[a-z]", "", False),
        ("", "", True),
        ("", "a", False),
        ("a**a", "a", True),
        ("a***a", "a", True),
        ("a****a", "a", True),
        ("\ufffd", "\ufffd", False),
    ],
)
def test_its_ways(pattern: str, value: str, expected: bool) -> None:
    assert globs.matches(pattern, value) is expected


@pytest.mark.parametrize("pattern", ["[", "[]", "[!]", "[a", "[z-a]", "[a-", "[a-]]", "[a-bc]", "{" * 200])
def test_what_is_not_valid_matches_nothing(pattern: str) -> None:
    assert globs.parse(pattern) is None
    assert not globs.matches(pattern, pattern)


@pytest.mark.parametrize(
    "pattern",
    ["a*" * 500 + "b", "{a,aa}" * 500 + "b", "{a*,*a}" * 300 + "b", "?*" * 500 + "b", "{" * 90 + "a*" * 500 + "b"],
    ids=lambda pattern: pattern[:8],
)
def test_no_pattern_costs_more_than_its_length_times_the_values(pattern: str) -> None:
    # With backtracking each of them would outlast the test's time limit by far.
    assert not globs.matches(pattern, "a" * 2000)


@given(st.text(r"ab*?[]{},!\-", max_size=20), st.text("ab,", max_size=8))
def test_any_pattern_has_an_answer(pattern: str, value: str) -> None:
    assert globs.matches(pattern, value) in (True, False)
