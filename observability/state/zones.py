"""Time zones as offsets from UTC, from the machine's database or that of the package tzdata, read once.

Instants are whole seconds since the epoch. A zone is known by its name; the offset of an instant beyond the calendar of
Python (years 1 to 9999) is that of the calendar's end.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

UTC_NAME: Final = "UTC"
_DAY: Final = 86_400
_SPAN: Final = 512 * _DAY
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER: Final = 1 << 62
_FIRST: Final = -62_135_596_800 + 2 * _DAY
_LAST: Final = 253_402_300_799 - 2 * _DAY


@lru_cache(maxsize=1024)
def find(name: str) -> str | None:
    """The zone that Argo CD takes for `name`; None when there is none. The empty name and `Local` are UTC."""
    if name in ("", UTC_NAME, "Local"):
        return UTC_NAME
    return name if _load(name) is not None else None


def offset(name: str, second: int) -> int:
    """Seconds that the zone `name`, which `find` knows, is ahead of UTC at `second`; an empty name is UTC."""
    return steady(name, second)[0]


def steady(name: str, second: int) -> tuple[int, int]:
    """The offset at `second`, and the first second after it that may have another."""
    if name in ("", UTC_NAME):
        return 0, FOREVER
    starts, offsets = _changes(name, second // _SPAN)
    later = bisect_right(starts, second)
    return offsets[later - 1], starts[later]


@lru_cache(maxsize=2048)
def _changes(name: str, span: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Within one span of time, the seconds at which an offset begins, and those offsets.

    The first and the last second are the ends of the span. Each day is looked at: no clock changes twice in one.
    """
    zone = ZoneInfo(name)
    starts = [span * _SPAN]
    offsets = [_ahead(zone, starts[0])]
    for day in range(span * _SPAN, (span + 1) * _SPAN, _DAY):
        last = day + _DAY - 1
        if _ahead(zone, last) != offsets[-1]:
            starts.append(_where(zone, day - 1, last))
            offsets.append(_ahead(zone, last))
    return (*starts, (span + 1) * _SPAN), tuple(offsets)


def _where(zone: ZoneInfo, before: int, after: int) -> int:
    """The first second that has the offset of `after`."""
    wanted = _ahead(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _ahead(zone, middle) == wanted:
            after = middle
        else:
            before = middle
    return after


def _ahead(zone: ZoneInfo, second: int) -> int:
    moment = _EPOCH + timedelta(seconds=min(max(second, _FIRST), _LAST))
    ahead = moment.astimezone(zone).utcoffset()
    return 0 if ahead is None else round(ahead.total_seconds())


@lru_cache(maxsize=1024)
def _load(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError):  # no such zone; a folder; not a name of a zone
        return None
