"""The report `drift`: when what ran was not what Git said, why, for how long, and how it ended. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from observability.model.application import Key
from observability.model.event import Event
from observability.model.state import ApplicationState
from observability.reports import instants, table
from observability.reports.facts import application, flag, number, text
from observability.reports.selection import Selection
from observability.reports.table import Column, Table, second, tabulate

DETECTED: Final = "gitops.application.drift.detected"
RESOLVED: Final = "gitops.application.drift.resolved"
NAMES: Final = (DETECTED, RESOLVED)
"""The events that it reads."""

LOST: Final = "not seen"
"""How an episode ended of which the next begins before its end was recorded."""


class Episode(Struct, kw_only=True):
    """A drift from its beginning to its end. Times in seconds since the epoch; `ended_at` None: it goes on."""

    application: Key
    environment: str
    service: str
    project: str
    cause: str
    confidence: str
    started_at: float
    ended_at: float | None = None
    resolution: str = ""
    catch_up: bool = False
    """Its beginning or its end was rebuilt after a gap."""

    @property
    def name(self) -> str:
        """The Application, `namespace/name`."""
        return "/".join(self.application)

    def seconds(self, now: float) -> float:
        """How long it took, or takes by now."""
        return max((now if self.ended_at is None else self.ended_at) - self.started_at, 0.0)


def episodes(events: Iterable[Event]) -> list[Episode]:
    """Every episode, in the order in which they begin in the journal."""
    found: list[Episode] = []
    open_ones: dict[Key, Episode] = {}
    for event in events:
        key = application(event)
        if event.name == DETECTED:
            if key in open_ones:
                _end(open_ones[key], event, LOST)
            open_ones[key] = _begun(event, key, event.at)
            found.append(open_ones[key])
        elif event.name == RESOLVED:
            if key not in open_ones:  # its beginning is older than the journal
                begin = event.at - (number(event, "gitops.out_of_sync.duration_seconds") or 0.0)
                open_ones[key] = _begun(event, key, begin)
                found.append(open_ones[key])
            _end(open_ones.pop(key), event, text(event, "gitops.drift.resolution"))
    return found


def standing(applications: Iterable[ApplicationState], told: Iterable[Episode]) -> Iterator[Episode]:
    """The drift that stands and of which no event tells the beginning: it was there when the first list came."""
    known = {one.application for one in told if one.ended_at is None}
    for state in applications:
        drift, identity = state.memory.drift, state.identity
        if drift is not None and state.facts.key not in known:
            yield Episode(
                application=state.facts.key,
                environment=identity.environment,
                service=identity.service,
                project=identity.project,
                cause=drift.cause.value,
                confidence="high" if drift.witnessed else "low",
                started_at=drift.detected_at,
            )


def _begun(event: Event, key: Key, started_at: float) -> Episode:
    return Episode(
        application=key,
        environment=text(event, "gitops.environment"),
        service=text(event, "gitops.service"),
        project=text(event, "gitops.project"),
        cause=text(event, "gitops.out_of_sync.cause"),
        confidence=text(event, "gitops.out_of_sync.confidence"),
        started_at=started_at,
        catch_up=flag(event, "gitops.catch_up"),
    )


def _end(episode: Episode, event: Event, resolution: str) -> None:
    episode.ended_at = event.at
    episode.resolution = resolution
    episode.catch_up = episode.catch_up or flag(event, "gitops.catch_up")


def _application(episode: Episode) -> str:
    return table.application(episode.application)


def columns(now: float) -> tuple[Column[Episode], ...]:
    """Those of the report; an episode that goes on lasts until `now`."""
    return (
        Column(
            "started_at", lambda one: instants.rfc_3339(one.started_at), "SINCE", lambda one: second(one.started_at)
        ),
        Column("ended_at", lambda one: instants.rfc_3339_or_none(one.ended_at), "UNTIL", _until, wide=True),
        Column(
            "duration_seconds",
            lambda one: round(one.seconds(now), 3),
            "FOR",
            lambda one: instants.span(one.seconds(now)),
        ),
        Column("application", lambda one: one.name, "APPLICATION", _application, 24),
        Column("environment", lambda one: one.environment, "ENV", narrowest=8),
        Column("service", lambda one: one.service),
        Column("project", lambda one: one.project),
        Column("cause", lambda one: one.cause, "CAUSE"),
        Column("confidence", lambda one: one.confidence),
        Column("open", lambda one: one.ended_at is None),
        Column("resolution", lambda one: one.resolution or None, "ENDED", _ended, 12),
        Column("catch_up", lambda one: one.catch_up),
    )


def _until(episode: Episode) -> str:
    return second(episode.ended_at)


def _ended(episode: Episode) -> str:
    words = "open" if episode.ended_at is None else episode.resolution or "-"
    return words + (" (low confidence)" if episode.confidence == "low" else "")


def report(
    events: Iterable[Event],
    applications: Iterable[ApplicationState],
    selection: Selection,
    now: float,
    limit: int | None = None,
) -> Table:
    """The episodes of which any part is in the selection, by their beginning; with `limit` the newest only.

    `events` reach back before the selection: an episode of it may have begun earlier. `applications` are as they are
    now: what of them no event tells is among the episodes, since it was first seen.
    """
    told = episodes(events)
    found = sorted(
        (
            one
            for one in (*told, *standing(applications, told))
            if selection.overlaps(one.started_at, one.ended_at)
            and selection.admits(one.name, one.environment, one.service)
        ),
        key=lambda one: one.started_at,
    )
    kept = found[max(len(found) - limit, 0) :] if limit is not None else found
    still = sum(one.ended_at is None for one in found)
    note = f"{len(found)} drift episode{'' if len(found) == 1 else 's'}, {still} of them open"
    if len(kept) < len(found):
        note += f"; the newest {len(kept)} are shown"
    return tabulate(columns(now), kept, "no drift in this time", (note,), {"episodes": len(found), "open": still})
