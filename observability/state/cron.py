"""Cron schedules with the meaning that Argo CD gives them, which is not everybody's.

Five fields: minute, hour, day of month, month, day of week (0 to 6). Descriptors such as `@daily` are errors.
`TZ=zone ` or `CRON_TZ=zone ` in front has the schedule read in that zone. When a schedule fires: `fires`.

Source: robfig/cron v3.0.2-0.20210106135023-bc59245fe10e, parser.go and spec.go.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from observability.state import zones

_SPACES: Final = re.compile("[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
_GREATEST: Final = (1 << 63) - 1


class _Field(NamedTuple):
    """What a field may hold: numbers from `low` to `high`, and names for some of them, the first for `low`."""

    low: int
    high: int
    names: tuple[str, ...] = ()


_MINUTE: Final = _Field(0, 59)
_HOUR: Final = _Field(0, 23)
_DAY_OF_MONTH: Final = _Field(1, 31)
_MONTH: Final = _Field(1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"))
_DAY_OF_WEEK: Final = _Field(0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat"))
_FIELDS: Final = (_MINUTE, _HOUR, _DAY_OF_MONTH, _MONTH, _DAY_OF_WEEK)


class Schedule(Struct, frozen=True, eq=False):
    """A schedule that was read, equal only to itself. `times` are the seconds of a day at which it fires, in order.

    `both`: day of month and day of week must both hold, else either is enough. `zone` empty: none was named.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    both: bool
    zone: str = ""
    times: tuple[int, ...] = ()

    def allows(self, day: int, weekday: int) -> bool:
        """May it fire on such a day of a month? `weekday` 0 is Sunday."""
        if self.both:
            return day in self.days and weekday in self.weekdays
        return day in self.days or weekday in self.weekdays


@lru_cache(maxsize=4096)
def parse(text: str) -> Schedule:
    """Reads a schedule.

    Raises:
        ValueError: Argo CD would not accept it, or crash on it.
    """
    zone, fields = _zone(text)
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expected 5 fields, got {len(fields)}")
    (minutes, _), (hours, _), (days, any_day), (months, _), (weekdays, any_weekday) = (
        _values(text, field) for text, field in zip(fields, _FIELDS, strict=True)
    )
    times = tuple(hour * 3600 + minute * 60 for hour in sorted(hours) for minute in sorted(minutes))
    return Schedule(minutes, hours, days, months, weekdays, any_day or any_weekday, zone, times)


def _zone(text: str) -> tuple[str, list[str]]:
    """The zone in front, and the fields behind it."""
    zone = ""
    if text.startswith(("TZ=", "CRON_TZ=")):
        name, space, text = text.partition("=")[2].partition(" ")
        if not space:
            raise ValueError("expected five fields behind the time zone")
        if (found := zones.find(name)) is None:
            raise ValueError(f"no time zone {name!r}")
        zone = "" if found == zones.UTC_NAME else found
    fields = [field for field in _SPACES.split(text) if field]
    if fields and fields[0].startswith("@"):
        raise ValueError(f"descriptors such as {fields[0]!r} are not accepted")
    return zone, fields


def _values(text: str, field: _Field) -> tuple[frozenset[int], bool]:
    """The numbers that a field means, and whether one of its items is a star. Empty items of the list mean nothing."""
    values: set[int] = set()
    starred = False
    for item in filter(None, text.split(",")):
        numbers, star = _range(item, field)
        values.update(numbers)
        starred = starred or star
    return frozenset(values), starred


def _range(item: str, field: _Field) -> tuple[range, bool]:
    """One item of a list: `*`, `n`, `n-m`, each with `/step`."""
    span, *steps = item.split("/")
    low, *highs = span.split("-")
    star = low in ("*", "?")
    if len(steps) > 1 or (len(highs) > 1 and not star):
        raise ValueError(f"too many hyphens or slashes: {item!r}")
    first = field.low if star else _number(low, field)
    last = field.high if star else _number(highs[0], field) if highs else first
    step = 1
    if steps:
        step = _number(steps[0])
        last = last if highs else field.high
    if not field.low <= first <= last <= field.high or step < 1:
        raise ValueError(f"expected {field.low} to {field.high}, low to high, and a step above 0: {item!r}")
    return range(first, last + 1, step), star and step == 1


def _number(text: str, field: _Field = _MINUTE) -> int:
    if text.lower() in field.names:
        return field.low + field.names.index(text.lower())
    if not _NUMBER.fullmatch(text) or not 0 <= int(text) <= _GREATEST:
        raise ValueError(f"expected a number: {text[:80]!r}")
    return int(text)
