"""Sync windows: may an Application sync now, and when does that change? Pure; instants are nanoseconds since the epoch.

Windows are those of the project, then those of global projects; they are known by their index. What counts is in the
tables of `_by_itself` and `_by_hand`: the first row with an active window answers.

Source: argo-cd pkg/apis/application/v1alpha1/types.go, SyncWindows (3.6-dev, commit 37ee0097).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from observability.model.application import Destination
from observability.model.project import SyncWindow
from observability.model.state import WindowVerdict
from observability.state import globs
from observability.state.timing import SECOND, Span, Timing, is_active, span, timing

ALLOW: Final = "allow"
DENY: Final = "deny"
HORIZON: Final = 35 * 86_400 * SECOND
"""How far ahead a change is looked for."""
_LONGEST_DESCRIPTION: Final = 255
_STEPS: Final = 10_000
"""After so many openings and closings the search is given up: only windows that take turns each minute have more."""


class _Row(NamedTuple):
    """While one of these windows is active, this is the answer."""

    windows: tuple[int, ...]
    answer: bool


class _Table(NamedTuple):
    """Rows from the top; when no window of them is active, `otherwise` is the answer."""

    rows: tuple[_Row, ...]
    otherwise: bool


def _by_itself(windows: Sequence[SyncWindow], assigned: Sequence[int]) -> _Table:
    """An automated sync."""
    denies, allows = _of(windows, assigned, DENY), _of(windows, assigned, ALLOW)
    return _Table((_Row(denies, False), _Row(allows, True)), not allows)


def _by_hand(windows: Sequence[SyncWindow], assigned: Sequence[int]) -> _Table:
    """A manual sync, which `manualSync` lets through: on all active denies, or on all allows."""
    denies, allows = _of(windows, assigned, DENY), _of(windows, assigned, ALLOW)
    strict = tuple(index for index in denies if not windows[index].manual_sync)
    otherwise = all(windows[index].manual_sync for index in allows)
    return _Table((_Row(strict, False), _Row(denies, True), _Row(allows, True)), otherwise)


def _of(windows: Sequence[SyncWindow], assigned: Sequence[int], kind: str) -> tuple[int, ...]:
    return tuple(index for index in assigned if windows[index].kind == kind)


def _answer(table: _Table, active: Sequence[int]) -> bool:
    return next((row.answer for row in table.rows if not set(row.windows).isdisjoint(active)), table.otherwise)


def matching(windows: Sequence[SyncWindow], name: str, destination: Destination) -> tuple[int, ...]:
    """Indexes of the windows that concern an Application: its name, and its destination as literally written."""
    return tuple(index for index, window in enumerate(windows) if _concerns(window, name, destination))


def _concerns(window: SyncWindow, name: str, destination: Destination) -> bool:
    clusters = tuple(cluster for cluster in (destination.name, destination.server) if cluster)
    lists = (
        (window.applications, (name,)),
        (window.clusters, clusters),
        (window.namespaces, (destination.namespace,)),
    )
    hits = [_any_matches(patterns, values) for patterns, values in lists if patterns]
    return bool(hits) and (all(hits) if window.and_operator else any(hits))


def _any_matches(patterns: Sequence[str], values: Sequence[str]) -> bool:
    return any(globs.matches(pattern, value) for pattern in patterns for value in values)


def active(window: SyncWindow, at_ns: int) -> bool | None:
    """Is this window active? None when its schedule or duration cannot be read."""
    timed = _timing(window)
    return None if isinstance(timed, str) else is_active(timed, at_ns, at_ns)


def actives(windows: Sequence[SyncWindow], assigned: Sequence[int], at_ns: int) -> tuple[int, ...]:
    """Which of the `assigned` of the project's `windows` are active; none when one of them cannot be read."""
    timings = _timings(windows, assigned)
    return () if isinstance(timings, str) else _active(timings, at_ns, at_ns)


def verdict(windows: Sequence[SyncWindow], assigned: Sequence[int], at_ns: int) -> WindowVerdict:
    """What the `assigned` of the project's `windows` say now. One of them that cannot be read: no, to everything."""
    timings = _timings(windows, assigned)
    if isinstance(timings, str):
        return WindowVerdict(can_sync_auto=False, can_sync_manual=False, error=timings)
    by_itself, by_hand = changes(windows, assigned, at_ns)
    now_active = _active(timings, at_ns, at_ns)
    return WindowVerdict(
        can_sync_auto=_answer(_by_itself(windows, assigned), now_active),
        can_sync_manual=_answer(_by_hand(windows, assigned), now_active),
        auto_changes_at=None if by_itself is None else by_itself / SECOND,
        manual_changes_at=None if by_hand is None else by_hand / SECOND,
    )


def changes(windows: Sequence[SyncWindow], assigned: Sequence[int], at_ns: int) -> tuple[int | None, int | None]:
    """When the answers for an automated and for a manual sync change next; None when not within the horizon.

    What counts is the answer right after an instant: where one window ends just when another begins, nothing changes.
    None, too, where the search would take too long: windows that take turns each minute.
    """
    timings = _timings(windows, assigned)
    if isinstance(timings, str):
        return None, None
    return (
        _change(_by_itself(windows, assigned), timings, at_ns),
        _change(_by_hand(windows, assigned), timings, at_ns),
    )


def _change(table: _Table, timings: Mapping[int, Timing], at: int) -> int | None:
    rows = _that_matter(table)
    relevant = sorted({index for row in rows for index in row.windows})
    now = _answer(table, _active(timings, at, at))
    spans: dict[int, Span] = {}
    instant, limit = at, at + HORIZON
    steps = 0
    while steps < _STEPS:
        for index in relevant:
            if index not in spans or spans[index].until <= instant:
                spans[index] = span(timings[index], instant, limit)
                steps += 1
        answer, until = _outlook(rows, table.otherwise, spans)
        if answer is not now:
            return instant
        if until is None or until > limit:
            return None
        instant = until
    return None


def _that_matter(table: _Table) -> tuple[_Row, ...]:
    """The rows down to the last that says something else than the end of the table."""
    rows = table.rows
    while rows and (rows[-1].answer is table.otherwise or not rows[-1].windows):
        rows = rows[:-1]
    return rows


def _outlook(rows: Sequence[_Row], otherwise: bool, spans: Mapping[int, Span]) -> tuple[bool, int | None]:
    """The answer, and an instant before which it stays: while a window of a row is active, rows below do not count."""
    ends: list[int] = []
    for row in rows:
        active = [spans[index].until for index in row.windows if spans[index].active]
        if active:
            return row.answer, min([*ends, max(active)])
        ends += [spans[index].until for index in row.windows]
    return otherwise, min(ends, default=None)


def blocks(
    windows: Sequence[SyncWindow], assigned: Sequence[int], *, automated: bool, started_ns: int | None, at_ns: int
) -> bool:
    """Would Argo CD's controller hold back an operation that started at `started_ns` (None: it has not)?

    With `syncOverrun` on all windows in its way (the active denies, else all allows), it may end what it was allowed to
    begin. A window that cannot be read blocks.
    """
    timings = _timings(windows, assigned)
    if isinstance(timings, str):
        return True
    table = (_by_itself if automated else _by_hand)(windows, assigned)
    now_active = _active(timings, at_ns, at_ns)
    if _answer(table, now_active):
        return False
    in_the_way = _of(windows, now_active, DENY) or _of(windows, assigned, ALLOW)
    if started_ns is None or not all(windows[index].sync_overrun for index in in_the_way):
        return True
    return not _answer(table, _active(timings, started_ns, at_ns))


def _timings(windows: Sequence[SyncWindow], assigned: Sequence[int]) -> dict[int, Timing] | str:
    """By index; or what is wrong with the first that cannot be read."""
    timings: dict[int, Timing] = {}
    for index in assigned:
        timed = _timing(windows[index])
        if isinstance(timed, str):
            return timed
        timings[index] = timed
    return timings


def _timing(window: SyncWindow) -> Timing | str:
    return timing(window.schedule, window.duration, window.time_zone)


def _active(timings: Mapping[int, Timing], at: int, now: int) -> tuple[int, ...]:
    return tuple(index for index, timed in timings.items() if is_active(timed, at, now))


class Problem(NamedTuple):
    """What Argo CD has against the windows of a project. `code` is that of gRPC."""

    code: str
    message: str


def invalid(window: SyncWindow) -> str | None:
    """What Argo CD has against a single window; None when nothing."""
    if window.kind not in (ALLOW, DENY):
        return f"kind {window.kind!r} mismatch: can only be allow or deny"
    timed = _timing(window)
    if isinstance(timed, str):
        return timed
    if len(window.description.encode()) > _LONGEST_DESCRIPTION:
        return f"description must not exceed {_LONGEST_DESCRIPTION} bytes"
    return None


def validate(windows: Sequence[SyncWindow]) -> Problem | None:
    """The first problem for which Argo CD's API would refuse a project with these windows; None when it would not."""
    seen: set[tuple[object, ...]] = set()
    for window in windows:
        identity = _identity(window)
        if identity in seen:
            return Problem("AlreadyExists", f"sync window {_title(window)} exists twice")
        seen.add(identity)
        if (error := invalid(window)) is not None:
            return Problem("Unknown", error)
        if not (window.applications or window.namespaces or window.clusters):
            return Problem(
                "OutOfRange", f"sync window {_title(window)} requires one of application, cluster or namespace"
            )
    return None


def _identity(window: SyncWindow) -> tuple[object, ...]:
    """Two windows are the same, whatever their manualSync, syncOverrun and description say."""
    assignment = (window.applications, window.namespaces, window.clusters, window.and_operator)
    return (window.kind, window.schedule, window.duration, window.time_zone, *assignment)


def _title(window: SyncWindow) -> str:
    return f"{window.kind} {window.schedule!r} for {window.duration}"
