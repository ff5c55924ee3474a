"""Go durations."""

from contextlib import suppress
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from observability.state import durations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h30m", 5_400_000_000_000),
        ("0", 0),
        ("-0", 0),
        ("+5s", 5_000_000_000),
        ("-1.5h", -5_400_000_000_000),
        (".5h", 1_800_000_000_000),
        ("1.s", 1_000_000_000),
        ("1us1\u00b5s1\u03bcs", 3_000),
        ("0.3333333333333333333h", 1_200_000_000_000),
        ("1.0000000000000000000000000009ns", 1),
        ("0.1000000000000000000000000009h", 360_000_000_000),
        ("9223372036854775807ns", (1 << 63) - 1),
        ("-9223372036854775808ns", -(1 << 63)),
        ("1h1h", 7_200_000_000_000),
    ],
)
def test_reads_what_go_reads(text: str, expected: int) -> None:
    assert durations.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "+",
        "1",
        "1d",
        "1h ",
        " 1h",
        "h",
        ".h",
        ".s",
        "1h-30m",
        "--1h",
        "1.5.2h",
        "\uff11h",
        "1_0m",
        "1e3s",
        "PT1H",
        "9223372036854775808ns",
        "-9223372036854775809ns",
        "2562048h",
        "2562047h48m",
        "99999999999999999999h",
    ],
)
def test_refuses_what_go_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|unit"):
        durations.parse(text)


@given(st.integers(0, 2_562_046), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999_999_999), st.booleans())
def test_reads_what_go_prints(hours: int, minutes: int, seconds: int, nanoseconds: int, negative: bool) -> None:
    text = f"{'-' * negative}{hours}h{minutes}m{seconds}.{nanoseconds:09}s"
    total = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + nanoseconds
    assert abs(durations.parse(text) - (-total if negative else total)) <= 1  # Go rounds fractions by floating point


LIKE_GO: Final = st.from_regex(r"[-+]?([0-9]{0,9}\.?[0-9]{0,9}(ns|us|ms|s|m|h|d)){1,3}", fullmatch=True)
"""Mostly a duration, which a text of any of its signs hardly ever is."""


@given(st.text(max_size=30) | st.from_regex(r"[-+]?([0-9.]{0,25}[a-z]{0,2}){0,3}", fullmatch=True) | LIKE_GO)
@example("-1h30.5m")
def test_any_text_is_a_duration_or_an_error(text: str) -> None:
    with suppress(ValueError):
        assert abs(durations.parse(text)) <= 1 << 63
