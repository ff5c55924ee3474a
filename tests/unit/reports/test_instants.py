"""Instants and spans as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.reports import instants
from tests.builders import NOON


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T12:00:00Z", NOON),
        ("2026-11-23t13:00:00.250+01:00", NOON + 0.25),
        ("30d", NOON - 30 * 86_400),
        ("12h", NOON - 12 * 3600),
        ("8w", NOON - 8 * 7 * 86_400),
        ("90s", NOON - 90),
        ("5m", NOON - 300),
    ],
)
def test_instants_are_read(text: str, at: float) -> None:
    assert instants.parse(text, NOON) == at


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2026-11-23", "2026-11-23T12:00:00", "30", "d", "-1d", "2026-13-01T00:00:00Z", "٣d"),
        *("800000d", "999999999w", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected RFC 3339|no such instant"):
        instants.parse(text, NOON)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOON, "2026-11-23T12:00:00Z"),
        (NOON + 0.25, "2026-11-23T12:00:00.25Z"),
        (NOON + 59.9996, "2026-11-23T12:01:00Z"),
        (-0.5, "1969-12-31T23:59:59.5Z"),
    ],
)
def test_instants_are_written_as_far_as_known(at: float, text: str) -> None:
    assert instants.rfc_3339(at) == text


def test_no_instant_stays_none() -> None:
    assert instants.rfc_3339_or_none(None) is None
    assert instants.rfc_3339_or_none(NOON) == "2026-11-23T12:00:00Z"


@given(st.integers(min_value=0, max_value=4_000_000_000_000).map(lambda number: number / 1000))
def test_what_is_written_can_be_read(at: float) -> None:
    assert instants.parse(instants.rfc_3339(at), 0.0) == pytest.approx(at, abs=1e-3)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (0.3512, "0.35s"),
        (9.99, "9.99s"),
        (59.7, "60s"),
        (60.0, "1m"),
        (725.0, "12m 5s"),
        (3600.0, "1h"),
        (3900.0, "1h 5m"),
        (86_399.6, "1d"),
        (273_600.0, "3d 4h"),
        (864_061.0, "10d"),
    ],
)
def test_spans_are_written_in_their_largest_units(seconds: float, text: str) -> None:
    assert instants.span(seconds) == text
