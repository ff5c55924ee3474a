"""When schedules fire: what robfig/cron answers, clock changes included."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.state import cron, fires
from tests.fakes import oracles

MONDAY = 1_774_828_800
"""2026-03-30T00:00:00Z."""


def test_agrees_with_robfig() -> None:
    for case in oracles.cases("cron"):
        try:
            found = fires.following(cron.parse(case["schedule"]), case["after"])
        except ValueError:
            assert case["error"] is not None, case
        else:
            assert (found, None) == (case["next"], case["error"]), case


FIELDS = st.tuples(
    st.sampled_from(["*", "0", "*/7", "59", "30,31"]),
    st.sampled_from(["*", "0", "23", "8-18"]),
    st.sampled_from(["*", "1", "29", "31", "*/2"]),
    st.sampled_from(["*", "2", "2,4", "12"]),
    st.sampled_from(["*", "1", "sun"]),
).map(" ".join)
SECONDS = st.integers(-10_000_000_000, 10_000_000_000)


@given(FIELDS, SECONDS)
def test_what_follows_is_preceded_by_nothing_in_between(text: str, second: int) -> None:
    schedule = cron.parse(text)
    following = fires.following(schedule, second)
    if following is None:
        assert text.split()[2] in {"29", "31"}
        return
    assert following > second
    assert fires.preceding(schedule, following) == following
    earlier = fires.preceding(schedule, following - 1)
    assert earlier is None or earlier <= second
    assert earlier is None or fires.following(schedule, earlier) == following


@given(FIELDS, SECONDS)
def test_a_zone_whose_clock_never_changes_is_a_shift(text: str, second: int) -> None:
    plain = fires.following(cron.parse(text), second + 5 * 3600)
    east = fires.following(cron.parse(f"TZ=Etc/GMT-5 {text}"), second)
    assert east == (None if plain is None else plain - 5 * 3600)


@pytest.mark.parametrize(
    ("text", "after"), [("0 0 31 2 *", MONDAY), (", * * * *", MONDAY), ("0 0 29 2 *", 3_981_312_000)]
)
def test_never_is_none(text: str, after: int) -> None:
    schedule = cron.parse(text)
    assert fires.following(schedule, after) is None
    assert fires.preceding(schedule, after) is None or "29" in text


@given(st.sampled_from(["0 0 29 2 *", "TZ=Europe/Berlin 0 0 29 2 *"]), st.integers(3_800_000_000, 4_300_000_000))
def test_how_far_it_looks_changes_only_where_it_says(text: str, second: int) -> None:
    schedule = cron.parse(text)
    further = fires.looks_further_at(schedule, second)
    assert further > second
    if fires.following(schedule, second) is None:
        assert fires.following(schedule, further - 1) is None


def test_following_days() -> None:
    weekdays = cron.parse("0 0 * * 1-5")
    friday = MONDAY // fires.DAY + 4
    assert fires.following_day(weekdays, friday) == friday + 3
    assert fires.following_day(cron.parse("0 0 31 2 *"), friday) is None
