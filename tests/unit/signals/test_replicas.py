"""What two exporters that watch the same cluster tell: the same events with the same ids, whenever each sees them.

A recording is played into two stores. One of them sees all of it later, or misses updates of which later ones show the
same facts, as after a gap. Ids that follow from times of Argo CD's are the same even then; what has no such time in the
object is known by the resourceVersion at which it is seen, and is another event for whoever saw another one.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import pytest

from observability.model.application import Condition
from observability.model.event import Event
from observability.model.observation import Kind
from observability.model.state import Change, ProjectState, WindowState
from observability.model.status import HealthStatus, SyncStatus
from observability.settings import Settings
from observability.signals.events import events_of
from observability.signals.transitions import Context
from observability.state.store import Store
from tests.builders import NOON, application, listing, operation, project, seen, target, window
from tests.replay import TOPICS, Line, lines, played

CONTEXT: Final = Context.of(Settings().environments, cluster="paris")
DERIVED: Final = (
    "created",
    "deleted",
    "deployed",
    "healthy_after_deploy",
    "rolled_back",
    "health.changed",
    "condition.raised",
    "sync.started",
    "sync.finished",
    "self_healed",
    "applicationset.condition.raised",
    "applicationset.condition.cleared",
    "applicationset.step.changed",
)
"""Ends of names of events whose ids follow from the object alone."""
TELLING: Final = (
    "gitops.health.status",
    "gitops.condition",
    "gitops.revision",
    "gitops.sync.kind",
    "gitops.rollback.scope",
    "gitops.applicationset.step",
)


def told(seen_: Iterable[Line]) -> list[Event]:
    """The events that a new store makes of what it sees."""
    return [event for change in played(list(seen_)) for event in events_of(change, CONTEXT)]


@cache
def whole(topic: str) -> tuple[Event, ...]:
    return tuple(told(lines(topic)))


def thinned(topic: str) -> list[Line]:
    """Without every other update of each object; its last one stays."""
    events = list(lines(topic))
    last = {_uid(line): place for place, line in enumerate(events)}
    counted: Counter[str] = Counter()
    left = []
    for place, line in enumerate(events):
        counted[_uid(line)] += 1
        if line.type != "MODIFIED" or place == last[_uid(line)] or counted[_uid(line)] % 2:
            left.append(line)
    assert len(left) < len(events)
    return left


def _uid(line: Line) -> str:
    return str(line.object["metadata"]["uid"])


def fact(event: Event) -> tuple[Any, ...]:
    """What an event tells, ids and times of ours aside."""
    return event.name, event.subject, event.at, *(event.attributes.get(name) for name in TELLING)


@pytest.mark.parametrize("topic", TOPICS)
def test_whoever_sees_it_later_tells_the_same_ids(topic: str) -> None:
    later = told(line._replace(at=line.at + 0.37) for line in lines(topic))
    assert [event.id for event in later] == [event.id for event in whole(topic)]


@pytest.mark.parametrize("topic", TOPICS)
def test_whoever_misses_updates_tells_the_same_ids_of_what_both_tell(topic: str) -> None:
    """Of facts that come once in their second: which of several it was, nobody knows who did not see all of them."""
    counted = Counter(map(fact, whole(topic)))
    known = {fact(event): event.id for event in whole(topic) if counted[fact(event)] == 1}
    in_second = Counter((event.name, event.subject, event.at) for event in whole(topic))
    both = [
        event
        for event in told(thinned(topic))
        if event.name.endswith(DERIVED)
        and fact(event) in known
        and (".sync." not in event.name or in_second[event.name, event.subject, event.at] == 1)
    ]
    assert both
    assert [(event.body, event.id) for event in both] == [(event.body, known[fact(event)]) for event in both]


def of(name: str, updates: Iterable[dict[str, Any]], later: float = 0.0) -> list[str]:
    """The ids of one kind of event that these updates of an Application bring about, one a second."""
    settings = Settings()
    store = Store(settle_seconds=1.0, environments=settings.environments, identity=settings.identity)
    store.apply(listing([application(resource_version="1", health_since=NOON - 60)], NOON))
    return [
        event.id
        for place, facts in enumerate(updates, 2)
        for change in store.apply(
            [seen(application(**{"resource_version": str(place), **facts}), NOON + place + later)]
        )
        for event in events_of(change, CONTEXT)
        if event.name == f"gitops.application.{name}"
    ]


def health(status: HealthStatus, since: float | None, version: int) -> dict[str, Any]:
    return {"health": status, "health_since": since, "resource_version": str(version)}


def test_health_is_known_by_when_it_became_so() -> None:
    progressing, degraded = health(HealthStatus.PROGRESSING, NOON, 7), health(HealthStatus.DEGRADED, NOON + 9, 8)
    both = of("health.changed", [progressing, degraded])
    later = {**degraded, "resource_version": "9", "reconciled_at": NOON + 99}
    assert of("health.changed", [later]) == both[1:], "though it was something else before"


def test_health_that_comes_and_goes_in_a_second_is_told_each_time() -> None:
    degraded, healthy = health(HealthStatus.DEGRADED, NOON, 0), health(HealthStatus.HEALTHY, NOON, 0)
    flaps = [{**one, "resource_version": str(version)} for version, one in enumerate([degraded, healthy] * 3, 20)]
    ids = of("health.changed", flaps)
    assert len(set(ids)) == 6
    resynced = [
        one for facts in flaps for one in (facts, {**facts, "resource_version": facts["resource_version"] + "0"})
    ]
    assert of("health.changed", resynced) == ids, "whatever else is written in between"


def test_without_a_time_health_is_known_by_the_version() -> None:
    """Before Argo CD 2.14 there is none."""
    degraded = health(HealthStatus.DEGRADED, None, 7)
    assert of("health.changed", [degraded]) == of("health.changed", [degraded], later=3.0)
    assert of("health.changed", [degraded]) != of("health.changed", [{**degraded, "resource_version": "8"}])


def condition(since: float | None, version: int) -> dict[str, Any]:
    return {"conditions": (Condition("SyncError", "no", since),), "resource_version": str(version)}


def test_a_condition_is_known_by_when_it_came() -> None:
    assert of("condition.raised", [condition(NOON, 7)]) == of("condition.raised", [condition(NOON, 9)], later=3.0)
    assert of("condition.raised", [condition(NOON, 7)]) != of("condition.raised", [condition(NOON + 1, 7)])
    assert of("condition.raised", [condition(None, 7)]) != of("condition.raised", [condition(None, 9)])


def test_a_condition_that_comes_twice_in_a_second_is_told_twice() -> None:
    gone: dict[str, Any] = {"conditions": ()}
    ids = of("condition.raised", [condition(NOON, 7), gone, condition(NOON, 9), gone, condition(NOON + 1, 11)])
    assert len(set(ids)) == 3


def test_a_drift_is_known_by_the_version_at_which_it_was_seen() -> None:
    drifted = {"sync": SyncStatus.OUT_OF_SYNC, "desired": target("a"), "resource_version": "7"}
    settled = {"desired": target("a"), "resource_version": "6", "operation": operation()}
    for name in ("drift.detected", "drift.resolved"):
        ids = of(name, [settled, drifted, {**settled, "resource_version": "8"}])
        assert len(ids) == 1
        assert of(name, [settled, drifted, {**settled, "resource_version": "8"}], later=3.0) == ids


def test_a_window_is_known_by_when_it_turned() -> None:
    facts = project("shop", window("deny", "0 13 * * *", "2h"))
    before = ProjectState(facts, (WindowState(active=False, changes_at=NOON + 3600),))
    after = ProjectState(facts, (WindowState(active=True, changes_at=NOON + 10800),))
    on_time, late, next_day = (
        events_of(Change(Kind.PROJECT, facts.key, one, after, at), CONTEXT)[0].id
        for one, at in (
            (before, NOON + 3600.01),
            (before, NOON + 3690),
            (ProjectState(facts, (WindowState(active=False, changes_at=NOON + 90000),)), NOON + 90000),
        )
    )
    assert on_time == late != next_day
