"""Instants as people write them."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.model.instants import rfc_3339
from tests.builders import NOON


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (-0.5, "1969-12-31T23:59:59.5Z"),
        (NOON + 0.123456, "2026-11-23T12:00:00.123456Z"),
        (NOON + 0.1234564, "2026-11-23T12:00:00.123456Z"),
        (NOON + 0.9999999, "2026-11-23T12:00:01Z"),
        (1e30, "9999-12-31T23:59:59Z"),
        (-1e30, "0001-01-01T00:00:00Z"),
    ],
)
def test_times_have_a_fraction_as_far_as_known(at: float, text: str) -> None:
    assert rfc_3339(at) == text


@given(st.floats(min_value=-6e10, max_value=2.5e11))
def test_a_time_comes_back_to_the_microsecond(at: float) -> None:
    assert datetime.fromisoformat(rfc_3339(at)).timestamp() == pytest.approx(at, abs=1e-4)


@pytest.mark.parametrize(("digits", "text"), [(0, "2026-11-23T12:00:59Z"), (3, "2026-11-23T12:00:59.25Z")])
def test_a_fraction_has_at_most_as_many_digits_as_asked(digits: int, text: str) -> None:
    assert rfc_3339(NOON + 59.25, digits) == text
