"""How long to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.sources.backoff import RETRY_AFTER_MAX_SECONDS, Backoff, retry_after_seconds


def _longest() -> Backoff:
    return Backoff(initial=0.8, maximum=30.0, healthy=120.0, random=lambda: 1.0)


def test_waits_double_up_to_the_maximum() -> None:
    backoff = _longest()
    assert [backoff.failed(0.0) for _ in range(8)] == [0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]


def test_days_of_failures_do_not_overflow() -> None:
    backoff = _longest()
    assert {backoff.failed(0.0) for _ in range(5000)} == {0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0}


@given(st.floats(min_value=0.0, max_value=1.0))
def test_jitter_takes_at_most_half(chance: float) -> None:
    assert 0.4 <= Backoff(0.8, 30.0, 120.0, lambda: chance).failed(0.0) <= 0.8


def test_two_healthy_minutes_make_waits_short_again() -> None:
    backoff = _longest()
    for _ in range(5):
        backoff.failed(0.0)
    backoff.succeeded(10.0)
    backoff.succeeded(129.0)
    assert backoff.failed(130.0) == 0.8


def test_a_short_while_is_not_healthy() -> None:
    backoff = _longest()
    backoff.failed(0.0)
    backoff.succeeded(10.0)
    assert backoff.failed(129.0) == 1.6
    backoff.succeeded(130.0)
    assert backoff.failed(249.0) == 3.2


NOW = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("999999999999", RETRY_AFTER_MAX_SECONDS),
        ("9" * 400, RETRY_AFTER_MAX_SECONDS),
        ("-3", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30.0),
        ("Tue, 14 Nov 2023 22:13:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_MAX_SECONDS),
        ("Tue, 99 Nov 2023 22:13:50 GMT", None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds
