"""Counters and histograms by group of Applications: a fold over events, which survives restarts.

Reads events, and changes of Applications for what groups there are; yields the tallies that changed. A group is there
while it has an Application. Each event counts once, as far as the last ones of a group are remembered.

So that no first increment is lost, results start at 0 before they can be counted: those of automatic syncs with the
first Application of a group that syncs by itself, those of manual syncs with the first one that does not, those of
other kinds when a sync is asked for or begins. Histograms start with the event that comes before the end of what they
measure. That makes 8 series a group to begin with, 800,000 when 100,000 Applications are in as many groups; zeros for
each kind, result and bucket would make 11 millions.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from observability.model.application import Key
from observability.model.digests import digest
from observability.model.event import Event
from observability.model.state import ApplicationState, Change
from observability.model.status import HealthStatus, Result, SyncKind
from observability.model.tally import (
    DEGRADED_SECONDS,
    DRIFT_SECONDS,
    QUEUE_SECONDS,
    SYNC_SECONDS,
    Counts,
    Group,
    Past,
    Tally,
)
from observability.state import blobs, performance
from observability.state.measures import counts_for, observed, seconds_of, started, word_of
from observability.state.members import Members, group_of

_Step: TypeAlias = Callable[[Tally, Event], Tally]
_Touched: TypeAlias = dict[Group, Tally | None]
"""The groups that may be others now, as they were before."""

_PREFIX: Final = "gitops.application."
_MARK_BYTES: Final = 8
_LEAST_RECENT: Final = 16
_RECENT_OF_EACH: Final = 8
"""So many events are remembered as counted: these for each Application of a group, and those besides."""
_RESULTS: Final = tuple(Result)
_NONE_ENDED: Final = (0,) * len(_RESULTS)
_NO_PAST: Final = Past()


def _raise(error: Exception) -> None:
    raise error


class Tallies:
    """All tallies, by group.

    `window_seconds`: an Application that becomes Degraded within this time after a deployment shows that it failed.
    """

    def __init__(self, window_seconds: float = 3600.0) -> None:
        self._steps: Mapping[str, _Step] = {
            "sync.requested": _sync_begins,
            "sync.started": _sync_begins,
            "sync.finished": _sync_ended,
            "revision.pending": performance.noticed,
            "deployed": performance.deployed,
            "healthy_after_deploy": lambda tally, event: performance.healthy(tally, event, self._first_seen(tally)),
            "rolled_back": performance.rolled_back,
            "drift.detected": _drift_begins,
            "drift.resolved": _drift_ended,
            "health.changed": lambda tally, event: _health_changed(tally, event, window_seconds),
            "deleted": _degraded_ended,
        }
        self._tallies: dict[Group, Tally] = {}
        self._members = Members()
        self._environments: set[str] = set()
        self._unsaved: set[Group] = set()
        self._vacant: set[Group] = set()
        """Groups that no Application was seen of yet: they were restored, or events came late."""

    def take(
        self, events: Iterable[Event], changes: Iterable[Change] = (), failed: Callable[[Exception], None] = _raise
    ) -> dict[Group, Tally | None]:
        """Count events. `changes` are those that they were made from: groups come before that, and go after it.

        What cannot be counted or followed, a defect of ours, is told to `failed`; the others are.
        Yields the tallies that are others now; None: gone.
        """
        touched: _Touched = {}
        leaving: list[tuple[Group, str]] = []
        for change in changes:
            try:
                leaving += self._follow(change, touched)
            except Exception as error:
                failed(error)
        for event in events:
            try:
                self._count(event, touched)
            except Exception as error:
                failed(error)
        for group, uid in leaving:
            try:
                self._drop(group, uid, touched)
            except Exception as error:
                failed(error)
        pairs = [(group, before, self._tallies.get(group)) for group, before in touched.items()]
        return {group: after for group, before, after in pairs if after is not before}

    def listed(self) -> dict[Group, Tally | None]:
        """All Applications are known by now: groups without any go. Only what was restored can be such."""
        touched: _Touched = {}
        for group in tuple(self._vacant):
            self._drop(group, "", touched)
        return dict.fromkeys(touched)

    def tallies(self) -> Mapping[Group, Tally]:
        """All of them, to be read only."""
        return self._tallies

    def unsaved(self) -> dict[str, bytes | None]:
        """What is to be kept of all that was taken since this was last asked, by name; None: nothing any more."""
        tallies = [(group, self._tallies.get(group)) for group in self._unsaved]
        self._unsaved.clear()
        return {blobs.name_of(group): None if tally is None else blobs.encoded(tally) for group, tally in tallies}

    def restore(self, values: Mapping[str, bytes]) -> list[str]:
        """Go on from what was saved, before anything is taken. Yields the names of what cannot be read."""
        unreadable = []
        for name, data in values.items():
            try:
                tally = blobs.decoded(data)
                self._put(tally)
                self._vacant.add(tally.group)
            except ValueError:  # msgspec's errors are such
                unreadable.append(name)
        return unreadable

    def _put(self, tally: Tally) -> None:
        self._tallies[tally.group] = tally
        self._environments.add(tally.group.environment)

    def _follow(self, change: Change, touched: _Touched) -> Sequence[tuple[Group, str]]:
        """Take in an Application that comes, let one go in `_members`. Yields group and uid of what goes."""
        before, after = change.before, change.after
        old = before if isinstance(before, ApplicationState) else None
        if isinstance(after, ApplicationState):
            if old is not None and old.facts.automated == after.facts.automated:  # nearly all are such
                return ()
            left = self._join(change.key, after, touched)
            return () if left is None else ((left, after.facts.uid),)
        if old is not None and (group := self._members.group(change.key)) is not None:
            self._members.leave(change.key)
            return ((group, old.facts.uid),)
        return ()

    def _join(self, key: Key, state: ApplicationState, touched: _Touched) -> Group | None:
        """An Application is of a group, with the results at 0 of the kind of sync that it has in any case."""
        group = group_of(state.identity)
        self._vacant.discard(group)
        known = self._tallies.get(group)
        touched.setdefault(group, known if group in self._members else None)
        kind = (SyncKind.AUTO if state.facts.automated else SyncKind.MANUAL).value
        if known is None:
            self._put(Tally(group, _BEGUN[kind], _NO_PAST))
        elif kind not in known.counts.syncs:
            self._put(replace(known, counts=_with_kind(known.counts, kind)))
        return self._members.join(key, self._tallies[group].group)

    def _drop(self, group: Group, uid: str, touched: _Touched) -> None:
        """Forget an Application of a group, and the group after its last one."""
        tally = self._tallies.get(group)
        if tally is None:
            return
        if group not in self._members:
            touched.setdefault(group, tally)
            self._vacant.discard(group)
            del self._tallies[group]
            if tally.past != _NO_PAST:
                self._unsaved.add(group)
        elif uid in tally.past.applications:
            touched.setdefault(group, tally)
            others = {one: deployed for one, deployed in tally.past.applications.items() if one != uid}
            self._put(replace(tally, past=replace(tally.past, applications=others)))
            self._unsaved.add(group)

    def _count(self, event: Event, touched: _Touched) -> None:
        step = self._steps.get(event.name.removeprefix(_PREFIX))
        group = counts_for(event)
        if step is None or not all(group) or event.attributes.get("gitops.sync.dry_run") is True:
            return
        known = self._tallies.get(group)
        tally = Tally(group) if known is None else known
        mark = digest(event.id, _MARK_BYTES)
        if _has(tally.past.recent, mark):
            return
        after = step(tally, event)
        if after is tally:
            return
        if after.counts is not tally.counts:
            after = replace(after, past=_with_mark(after.past, mark))
        touched.setdefault(group, known)
        self._put(after)
        if group not in self._members:
            self._vacant.add(group)
        self._unsaved.add(group)

    def _first_seen(self, tally: Tally) -> Callable[[str], float | None]:
        """When a revision was first seen in any environment of the same service; None: it was not."""
        groups = (tally.group._replace(environment=environment) for environment in self._environments)
        found = [tally.past.seen, *(self._tallies[group].past.seen for group in groups if group in self._tallies)]
        return lambda revision: min((seen[revision] for seen in found if revision in seen), default=None)


def _has(recent: bytes, mark: bytes) -> bool:
    return mark in recent and any(recent[at : at + _MARK_BYTES] == mark for at in range(0, len(recent), _MARK_BYTES))


def _with_mark(past: Past, mark: bytes) -> Past:
    most = _LEAST_RECENT + _RECENT_OF_EACH * len(past.applications)
    return replace(past, recent=(past.recent + mark)[-most * _MARK_BYTES :])


def _with_kind(counts: Counts, kind: str) -> Counts:
    """With the results of this kind of sync, at 0 when none ended yet."""
    return counts if kind in counts.syncs else replace(counts, syncs={**counts.syncs, kind: _NONE_ENDED})


_BEGUN: Final = {kind.value: _with_kind(Counts(), kind.value) for kind in (SyncKind.AUTO, SyncKind.MANUAL)}
"""What a group begins with: one object for all groups."""


def _sync_begins(tally: Tally, event: Event) -> Tally:
    tally = performance.noticed(tally, event)
    counts, kind = tally.counts, word_of(event, "gitops.sync.kind")
    if not kind or (kind in counts.syncs and counts.sync_duration is not None):
        return tally
    counts = replace(
        _with_kind(counts, kind),
        sync_duration=started(counts.sync_duration, SYNC_SECONDS),
        sync_queue=started(counts.sync_queue, QUEUE_SECONDS),
    )
    return replace(tally, counts=counts)


def _sync_ended(tally: Tally, event: Event) -> Tally:
    kind, result = word_of(event, "gitops.sync.kind"), word_of(event, "cicd.pipeline.result")
    if not kind or result not in _RESULTS:
        return tally
    counts = _with_kind(tally.counts, kind)
    ended = tuple(number + (one == result) for number, one in zip(counts.syncs[kind], _RESULTS, strict=True))
    counts = replace(counts, syncs={**counts.syncs, kind: ended})
    if (seconds := seconds_of(event, "gitops.sync.duration_seconds")) is not None:
        counts = replace(counts, sync_duration=observed(counts.sync_duration, SYNC_SECONDS, seconds))
    if (seconds := seconds_of(event, "gitops.sync.queue_seconds")) is not None:
        counts = replace(counts, sync_queue=observed(counts.sync_queue, QUEUE_SECONDS, seconds))
    return replace(tally, counts=counts)


def _drift_begins(tally: Tally, event: Event) -> Tally:
    cause = word_of(event, "gitops.out_of_sync.cause")
    counts = tally.counts
    if not cause or cause in counts.drift:
        return tally
    return replace(tally, counts=replace(counts, drift={**counts.drift, cause: started(None, DRIFT_SECONDS)}))


def _drift_ended(tally: Tally, event: Event) -> Tally:
    cause = word_of(event, "gitops.out_of_sync.cause")
    seconds = seconds_of(event, "gitops.out_of_sync.duration_seconds")
    if not cause or seconds is None:
        return tally
    drift = tally.counts.drift
    of_cause = observed(drift.get(cause), DRIFT_SECONDS, seconds)
    return replace(tally, counts=replace(tally.counts, drift={**drift, cause: of_cause}))


def _health_changed(tally: Tally, event: Event, window_seconds: float) -> Tally:
    tally = _degraded_ended(tally, event)
    match word_of(event, "gitops.health.status"):
        case HealthStatus.HEALTHY:
            return performance.restored(tally, event)
        case HealthStatus.DEGRADED:
            counts = tally.counts
            if counts.degraded is None:
                tally = replace(tally, counts=replace(counts, degraded=started(None, DEGRADED_SECONDS)))
            return performance.degraded(tally, event, window_seconds)
        case _:
            return tally


def _degraded_ended(tally: Tally, event: Event) -> Tally:
    seconds = seconds_of(event, "gitops.degraded.duration_seconds")
    if seconds is None:
        return tally
    degraded = observed(tally.counts.degraded, DEGRADED_SECONDS, seconds)
    return replace(tally, counts=replace(tally.counts, degraded=degraded))
