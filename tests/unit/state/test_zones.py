"""Time zones."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.state import zones

NAMES = st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Etc/GMT+5"])


@given(NAMES, st.integers(0, 4_000_000_000))
def test_offsets_are_those_of_the_database(name: str, second: int) -> None:
    expected = datetime.fromtimestamp(second, UTC).astimezone(ZoneInfo(name)).utcoffset()
    assert expected is not None
    offset, until = zones.steady(name, second)
    assert offset == zones.offset(name, second) == expected.total_seconds()
    assert until > second
    assert zones.offset(name, until - 1) == offset


def test_a_change_is_known_to_the_second() -> None:
    summer = 1_774_746_000  # 2026-03-29T01:00:00Z
    assert zones.steady("Europe/Berlin", summer - 1) == (3600, summer)
    assert zones.offset("Europe/Berlin", summer) == 7200


def test_the_ends_of_time_have_an_offset() -> None:
    assert zones.offset("Asia/Kolkata", 1 << 50) == 19_800
    assert zones.offset("Asia/Kolkata", -(1 << 50)) == zones.offset("Asia/Kolkata", -60_000_000_000)


@pytest.mark.parametrize(
    "name", ["Mars/Phobos", "../etc/passwd", "/etc/passwd", "Europe", "UTC+1", "a\0b", "\ud800", "x" * 999]
)
def test_what_is_no_zone_is_not_found(name: str) -> None:
    assert zones.find(name) is None


@pytest.mark.parametrize("name", ["", "UTC", "Local"])
def test_utc(name: str) -> None:
    assert zones.find(name) == "UTC"
    assert zones.steady("UTC", 0) == (0, zones.FOREVER)
