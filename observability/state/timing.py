"""When one sync window is active: its schedule, its duration and the offset of its time zone. Pure.

Instants and durations are nanoseconds. Argo CD shifts the present by the offset that the zone has now, and asks whether
the schedule fires within the duration before. So a change of the clock moves windows that began before it. A window is
active between its start and its end, at neither of the two. A schedule that never fires is always active.

Source: argo-cd pkg/apis/application/v1alpha1/types.go, SyncWindow.active and scheduleOffsetByTimeZone (3.6-dev).
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import Final, NamedTuple

from msgspec import Struct

from observability.state import cron, durations, fires, zones
from observability.state.cron import Schedule

SECOND: Final = 1_000_000_000
_DAY: Final = fires.DAY * SECOND


class Timing(Struct, frozen=True, eq=False):
    """A window that can be evaluated, equal only to itself. `zone` is `UTC` when the window names none that exists."""

    schedule: Schedule
    duration: int
    zone: str


class Span(NamedTuple):
    """Active or not, for certain until `until`."""

    active: bool
    until: int


@lru_cache(maxsize=4096)
def timing(schedule: str, duration: str, time_zone: str) -> Timing | str:
    """What the three fields of a window mean; the reason when schedule or duration cannot be read."""
    try:
        parsed = cron.parse(schedule)
    except ValueError as error:
        return f"cannot parse schedule {schedule!r}: {error}"
    try:
        length = durations.parse(duration)
    except ValueError as error:
        return f"cannot parse duration {duration!r}: {error}"
    return Timing(parsed, length, zones.find(time_zone) or zones.UTC_NAME)


def is_active(window: Timing, at: int, now: int) -> bool:
    """Is it active at `at`, seen from `now`, whose offset counts?"""
    ahead = zones.offset(window.zone, now // SECOND) * SECOND
    fire = fires.following(window.schedule, (at + _behind(window, ahead)) // SECOND)
    return fire is None or fire * SECOND < at + ahead


def _behind(window: Timing, ahead: int) -> int:
    """From an instant to the window's clock a duration earlier; overflows as Go's durations do."""
    return (ahead - window.duration + (1 << 63)) % (1 << 64) - (1 << 63)


@lru_cache(maxsize=16_384)
def span(window: Timing, at: int, limit: int) -> Span:
    """Is it active right after `at`, and until when is that certain? Looks no further than just behind `limit`."""
    offset, changes = zones.steady(window.zone, at // SECOND)
    ahead, limit = offset * SECOND, min(limit + 1, changes * SECOND)
    behind = _behind(window, ahead)
    schedule = window.schedule
    if schedule.zone:
        steady = fires.steady_until(schedule, (at + behind) // SECOND) * SECOND
        if steady > at + ahead:
            shift = zones.offset(schedule.zone, (at + behind) // SECOND) * SECOND
            schedule = fires.without_zone(schedule)
            limit, ahead, behind = min(limit, steady - ahead), ahead + shift, behind + shift
    begun = (at + behind) // SECOND
    fire = fires.following(schedule, begun)
    if fire is None:
        active, until = True, fires.looks_further_at(schedule, begun) * SECOND - behind
    elif window.duration <= 1:
        active, until = False, _last_look(schedule, begun, fire) * SECOND - behind
    elif fire * SECOND <= at + ahead:
        active, until = True, _end(schedule, ahead - behind, fire, at + ahead, limit + ahead) - ahead
    else:
        active, until = False, fire * SECOND - ahead
    return Span(active, min(until, limit))


def _last_look(schedule: Schedule, begun: int, fire: int) -> int:
    """How far a window too short to be ever active, unless no fire is ahead, stays so."""
    further = fires.looks_further_at(schedule, begun)
    return fire if fires.following(schedule, further - 1) is None else further


def _end(schedule: Schedule, duration: int, fire: int, wall: int, limit: int) -> int:
    """When the window that `fire` opened is no longer active: the next fires may come before it closes."""
    if schedule.zone:
        return fire * SECOND + duration
    latest = fires.preceding(schedule, wall // SECOND)
    end = (fire if latest is None else latest) * SECOND + duration
    starts, ends = _runs(schedule, duration)
    day: int | None = (fire if latest is None else latest) // fires.DAY
    while day is not None and end < limit:
        joined = bisect_right(starts, end - day * _DAY)
        if joined:
            end = max(end, day * _DAY + ends[joined - 1])
        if joined < len(starts) and starts[joined] + day * _DAY > end:
            break
        if joined == len(starts):
            day = fires.following_day(schedule, day)
    return end


@lru_cache(maxsize=1024)
def _runs(schedule: Schedule, duration: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where, on a day with fires, the window opens and closes, counted from midnight; what touches is one."""
    starts: list[int] = []
    ends: list[int] = []
    for time in schedule.times:
        if ends and time * SECOND <= ends[-1]:
            ends[-1] = time * SECOND + duration
        else:
            starts.append(time * SECOND)
            ends.append(time * SECOND + duration)
    return tuple(starts), tuple(ends)
