"""Accept-Encoding, in all its forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observability.delivery.negotiation import prefers_gzip


@pytest.mark.parametrize(
    ("header", "gzip"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("gzip, deflate, br", True),
        ("deflate , gzip ; q=0.1", True),
        ("*", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
        ("gzip;q=0.5, identity;q=0.9", False),
        ("gzip;q=0.9, identity;q=0.5", True),
        ("gzip, identity", True),
        ("gzip;q=often", False),
        ("gzip;q=nan", False),
        ("gzip;q=7", False),
        ("gzip;q=-1", False),
        ("gzip;q", False),
        ("gzip;level=9", True),
        (",,;,gzip,", True),
        ("gzipped", False),
    ],
)
def test_gzip_when_it_is_wanted(header: str | None, gzip: bool) -> None:
    assert prefers_gzip(header) is gzip


@given(st.text())
def test_anything_is_an_answer(header: str) -> None:
    assert prefers_gzip(header) in (True, False)
