"""When a cron schedule fires. Instants are whole seconds since the epoch, days are counted since the epoch.

A schedule without a zone reads any wall clock: in and out go seconds since that clock showed the epoch.

Source: robfig/cron v3.0.2-0.20210106135023-bc59245fe10e, spec.go; Go's time.Date and Time.AddDate (1.26).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import isleap, monthrange
from datetime import date
from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from observability.state import zones
from observability.state.cron import Schedule

DAY: Final = 86_400
_YEARS: Final = 5
"""A fire is looked for until the end of the fifth year after this one."""
_CYCLE: Final = 146_097
"""Days in 400 years: after them dates, leap days and weekdays repeat."""
_EPOCH: Final = date(1970, 1, 1).toordinal()


def following(schedule: Schedule, second: int) -> int | None:
    """The first fire after `second`; None when there is none until the end of the fifth year after this one."""
    if schedule.zone:
        return _following_in_zone(schedule, second)
    day, time = divmod(second, DAY)
    later = bisect_right(schedule.times, time)
    if later < len(schedule.times) and _fires(schedule, day):
        return day * DAY + schedule.times[later]
    found = _day_from(schedule, day + 1, _year(second + 1) + _YEARS)
    return None if found is None or not schedule.times else found * DAY + schedule.times[0]


def preceding(schedule: Schedule, second: int) -> int | None:
    """The last fire at or before `second` on a wall clock, within five years; None when there is none."""
    day, time = divmod(second, DAY)
    earlier = bisect_right(schedule.times, time)
    if earlier and _fires(schedule, day):
        return day * DAY + schedule.times[earlier - 1]
    found = _day_before(schedule, day)
    return None if found is None or not schedule.times else found * DAY + schedule.times[-1]


def following_day(schedule: Schedule, day: int) -> int | None:
    """The first day after `day`, both counted since the epoch, on which a wall clock sees it fire."""
    return _day_from(schedule, day + 1, _year(day * DAY) + _YEARS)


@lru_cache(maxsize=32_768)
def _fires(schedule: Schedule, day: int) -> bool:
    """Does it fire on `day`, counted since the epoch?"""
    that = _date(day)
    return that.month in schedule.months and schedule.allows(that.day, (day + 4) % 7)


def _date(day: int) -> date:
    """Month, day and weekday of `day`, in a year of the first four hundred."""
    return date.fromordinal((day + _EPOCH - 1) % _CYCLE + 1)


def _year(second: int) -> int:
    day = second // DAY
    return _date(day).year + (day + _EPOCH - 1) // _CYCLE * 400


def _day_from(schedule: Schedule, day: int, last_year: int) -> int | None:
    """The first day from `day` on, up to the end of `last_year`, on which it fires."""
    year = _year(day * DAY)
    january = day + 1 - _date(day).timetuple().tm_yday
    while year <= last_year:
        days = _days_of_year(schedule, isleap(year), (january + 4) % 7)
        at = bisect_left(days, day - january)
        if at < len(days):
            return january + days[at]
        january += 365 + isleap(year)
        year += 1
    return None


def _day_before(schedule: Schedule, day: int) -> int | None:
    """The last day before `day`, not more than some years ago, on which it fires."""
    year = _year(day * DAY)
    january = day + 1 - _date(day).timetuple().tm_yday
    for earlier in range(year, year - _YEARS - 4, -1):
        days = _days_of_year(schedule, isleap(earlier), (january + 4) % 7)
        at = bisect_left(days, day - january)
        if at:
            return january + days[at - 1]
        january -= 365 + isleap(earlier - 1)
    return None


@lru_cache(maxsize=1024)
def _days_of_year(schedule: Schedule, leap: bool, weekday: int) -> tuple[int, ...]:
    """The days, counted from 0, on which it fires in a year that begins on `weekday`: one of fourteen calendars."""
    january = date(2000 if leap else 2001, 1, 1).toordinal()
    dates = (date.fromordinal(january + day) for day in range(365 + leap))
    return tuple(
        day
        for day, that in enumerate(dates)
        if that.month in schedule.months and schedule.allows(that.day, (weekday + day) % 7)
    )


def _following_in_zone(schedule: Schedule, second: int) -> int | None:
    """As `following`, on the clock of the schedule's zone: like any clock, where it does not change on the way."""
    ahead = zones.offset(schedule.zone, second)
    found = following(without_zone(schedule), second + ahead)
    if found is None:
        return None
    if found - ahead < steady_until(schedule, second):
        return found - ahead
    return _Walk(schedule, second + 1).find()


def steady_until(schedule: Schedule, second: int) -> int:
    """Up to when a schedule in a zone is, from `second` on, one without on a shifted clock; in the past when it is not.

    The search for a fire may look back to the first of the month, and a change of the clock is felt a day around it.
    """
    back = 2 * DAY if len(schedule.months) == 12 else 33 * DAY
    return zones.steady(schedule.zone, second - back)[1] - 2 * DAY


@lru_cache(maxsize=1024)
def without_zone(schedule: Schedule) -> Schedule:
    """The same schedule on any wall clock."""
    return replace(schedule, zone="")


class _Walk:
    """The search of robfig/cron, step by step, because a clock change on the way bends it.

    Each step moves on until its unit fits, and tells whether it passed the end of a larger one: then all begins anew.
    """

    def __init__(self, schedule: Schedule, start: int) -> None:
        self.schedule = schedule
        self.at = start
        self.moved = False
        """Something was moved, so that all smaller units are at their beginning."""

    def find(self) -> int | None:
        """The next fire; None when there is none within the years."""
        last_year = _year(self.wall) + _YEARS
        while _year(self.wall) <= last_year:
            if not (self.to_month() or self.to_day() or self.to_hour() or self.to_minute() or self.to_second()):
                return self.at
        return None

    @property
    def wall(self) -> int:
        """What the clock shows, as seconds since it showed the epoch."""
        return self.at + zones.offset(self.schedule.zone, self.at)

    @property
    def date(self) -> date:
        """What the calendar shows."""
        return _date(self.wall // DAY)

    def set(self, wall: int) -> None:
        """To the instant at which the clock shows `wall`; as Go resolves it where that is none or two."""
        ahead = zones.offset(self.schedule.zone, wall)
        if ahead:
            ahead = zones.offset(self.schedule.zone, wall - ahead)
        self.at = wall - ahead

    def begin(self, wall: int) -> None:
        """Back to the beginning of a unit, before the first move."""
        if not self.moved:
            self.moved = True
            self.set(wall)

    def to_month(self) -> bool:
        """To the first month that fits; True when a year ended."""
        while self.date.month not in self.schedule.months:
            self.begin((self.wall // DAY - self.date.day + 1) * DAY)
            day, time = divmod(self.wall, DAY)
            first = day - self.date.day + 1
            length = monthrange(2000 + self.date.year, self.date.month)[1]
            self.set((first + length + self.date.day - 1) * DAY + time)
            if self.date.month == 1:
                return True
        return False

    def to_day(self) -> bool:
        """To the first day that fits; True when a month ended."""
        while not self.schedule.allows(self.date.day, (self.wall // DAY + 4) % 7):
            self.begin(self.wall // DAY * DAY)
            self.set(self.wall + DAY)
            hour = self.wall % DAY // 3600
            if hour:
                self.at += (24 - hour if hour > 12 else -hour) * 3600
            if self.date.day == 1:
                return True
        return False

    def to_hour(self) -> bool:
        """To the first hour that fits; True when a day ended."""
        while self.wall % DAY // 3600 not in self.schedule.hours:
            self.begin(self.wall // 3600 * 3600)
            self.at += 3600
            if self.wall % DAY < 3600:
                return True
        return False

    def to_minute(self) -> bool:
        """To the first minute that fits; True when an hour ended."""
        while self.wall % 3600 // 60 not in self.schedule.minutes:
            if not self.moved:
                self.moved = True
                self.at -= self.at % 60
            self.at += 60
            if self.wall % 3600 < 60:
                return True
        return False

    def to_second(self) -> bool:
        """To a whole minute; True when that was another."""
        if self.wall % 60 == 0:
            return False
        self.moved = True
        self.at += 60 - self.wall % 60
        return True


def looks_further_at(schedule: Schedule, second: int) -> int:
    """The first second after `second` from which `following` looks into one more year."""
    ahead = zones.offset(schedule.zone, second)
    day = (second + 1 + ahead) // DAY
    january = day + 1 - _date(day).timetuple().tm_yday + 365 + isleap(_year(day * DAY))
    return max(january * DAY - zones.offset(schedule.zone, january * DAY - ahead) - 1, second + 1)
