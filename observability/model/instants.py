"""Instants as people write them. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_MOST_DIGITS: Final = 6


def rfc_3339(at: float, digits: int = _MOST_DIGITS) -> str:
    """Seconds since the epoch as `2026-11-23T07:29:36.5Z`: in UTC, with at most `digits` of a fraction, 6 at most.

    What is before the year 1 or after 9999 becomes the first or the last second of that time.
    """
    try:
        moment = _EPOCH + timedelta(microseconds=round(at * 10**digits) * 10 ** (_MOST_DIGITS - digits))
    except OverflowError:
        moment = _FIRST if at < 0 else _LAST
    fraction = f".{moment.microsecond:06}".rstrip("0").rstrip(".")
    return f"{moment.replace(tzinfo=None, microsecond=0).isoformat()}{fraction}Z"
