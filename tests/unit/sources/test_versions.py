"""Which of two resourceVersions is the older one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.sources.versions import is_older


@given(st.integers(1, 10**20), st.integers(1, 10**20))
def test_they_are_compared_as_numbers(one: int, other: int) -> None:
    assert is_older(str(one), str(other)) is (one < other)


@pytest.mark.parametrize("strange", ["", "0", "007", "-1", "1.5", "abc", "٣", "²"])
def test_what_is_no_version_is_of_no_known_order(strange: str) -> None:
    assert not is_older(strange, "9")
    assert not is_older("9", strange)
