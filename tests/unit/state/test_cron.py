"""Cron schedules: what robfig/cron reads."""

from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from observability.state import cron


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected 5 fields, got 0"),
        ("* * * *", "expected 5 fields, got 4"),
        ("@daily", "descriptors"),
        ("TZ=UTC @daily", "descriptors"),
        (" TZ=UTC * * * * *", "expected 5 fields, got 6"),
        ("TZ=UTC", "expected five fields behind the time zone"),
        ("CRON_TZ=Mars/Phobos * * * * *", "no time zone"),
        ("TZ=Europe/Berlin\t* * * * *", "no time zone"),
        ("* * * * 7", "expected 0 to 6"),
        ("* * * * fri-mon", "low to high"),
        ("60 * * * *", "expected 0 to 59"),
        ("*/0 * * * *", "a step above 0"),
        ("1/2/3 * * * *", "too many"),
        ("1-2-3 * * * *", "too many"),
        ("jan * * * *", "expected a number"),
        ("0\x1f0 * * * *", "expected a number"),
    ],
)
def test_what_is_no_schedule_says_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cron.parse(text)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ("5/20", {5, 25, 45}),
        ("*-foo", set(range(60))),
        ("*-5/30", {0, 30}),
        ("?", set(range(60))),
        (",,7,,", {7}),
        (",", set()),
        ("+5,005", {5}),
        ("1-9/4", {1, 5, 9}),
    ],
)
def test_a_field_is_read_as_robfig_reads_it(minutes: str, expected: set[int]) -> None:
    assert cron.parse(f"{minutes} * * * *").minutes == expected


@pytest.mark.parametrize(
    ("days", "both"),
    [("* * 1", True), ("1 * ?", True), ("*/1 * 1", True), ("*/2 * 1", False), ("1 * 1", False), ("*,1 * 1", True)],
)
def test_a_step_takes_the_star_away(days: str, both: bool) -> None:
    assert cron.parse(f"0 0 {days}").both is both


def test_names_and_spaces_of_all_kinds() -> None:
    schedule = cron.parse("0\u00a0 6\t\u2003* JAN-mar\n\tSun")
    assert (schedule.months, schedule.weekdays) == (frozenset({1, 2, 3}), frozenset({0}))
    assert schedule.times == (6 * 3600,)


def test_a_zone_in_front() -> None:
    assert cron.parse("TZ=Europe/Berlin 0 6 * * *").zone == "Europe/Berlin"
    assert cron.parse("CRON_TZ=Asia/Kolkata 0 6 * * *").zone == "Asia/Kolkata"
    for utc in ("UTC", "", "Local"):
        assert cron.parse(f"TZ={utc} 0 6 * * *").zone == ""


FIELDS: Final = st.lists(
    st.sampled_from(("*", "?", "1", "6", "*/5", "1-5", "2-6/3", "6,3,3", "0", "59", "5-1")), min_size=5, max_size=5
).map(" ".join)
"""Often a schedule, which a text of any of its signs hardly ever is."""


@given(st.text(max_size=40) | st.from_regex(r"(TZ=UTC )?([0-9*/,?+-]{1,5} ?){5}", fullmatch=True) | FIELDS)
@example("CRON_TZ=Asia/Kolkata 5,0 6-8/2 * * ?")
def test_any_text_is_a_schedule_or_an_error(text: str) -> None:
    try:
        schedule = cron.parse(text)
    except ValueError:
        return
    assert schedule.minutes <= set(range(60))
    assert schedule.days <= set(range(1, 32))
    assert list(schedule.times) == sorted(set(schedule.times))
