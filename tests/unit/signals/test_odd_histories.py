"""Objects that no sound Argo CD writes, and that are met all the same: nothing is told that did not happen."""

from collections import Counter
from typing import Any, Final

from observability.model.application import Application, HistoryEntry, Operation, Target
from observability.model.event import Event, Span
from observability.model.observation import Observation
from observability.model.status import Phase, SyncStatus
from observability.settings import Settings
from observability.signals.events import events_of
from observability.signals.traces import spans_of, sync_span
from observability.signals.transitions import Context
from observability.state.store import Store
from tests.builders import GIT, NOON, application, entry, gone, listing, operation, seen, target

CONTEXT: Final = Context.of(Settings().environments)


class Watched:
    """A store that was watching when the Application came, and all that was told of it."""

    def __init__(self, **facts: Any) -> None:
        settings = Settings()
        self._store = Store(settle_seconds=1.0, environments=settings.environments, identity=settings.identity)
        self._version, self._at = 1, NOON
        self.events: list[Event] = []
        self.spans: list[Span] = []
        self._take(*listing([self._next(**facts)], NOON))

    def sees(self, **facts: Any) -> list[str]:
        """What is told of an update, by name."""
        return self._take(seen(self._next(**facts), self._at))

    def loses(self, **facts: Any) -> list[str]:
        """What is told when it is deleted."""
        return self._take(gone(application(**facts), self._at))

    def relists(self, **facts: Any) -> list[str]:
        """What is told of a list after a gap."""
        return self._take(*listing([self._next(**facts)], self._at, reason="expired"))

    def _next(self, **facts: Any) -> Application:
        self._version += 1
        self._at += 10.0
        return application(**{"resource_version": str(self._version), **facts})

    def _take(self, *observations: Observation) -> list[str]:
        changes = self._store.apply(observations)
        told = [event for change in changes for event in events_of(change, CONTEXT)]
        self.events += told
        roots = [root for change in changes if (root := sync_span(change, CONTEXT)) is not None]
        self.spans += [span for root in roots for span in spans_of(root)]
        return [event.name.removeprefix("gitops.application.") for event in told]

    def each_is_told_once(self) -> None:
        """No two events, and no two spans, have the same id."""
        assert max(Counter(event.id for event in self.events).values(), default=1) == 1
        assert max(Counter((span.trace_id, span.id) for span in self.spans).values(), default=1) == 1


def history(*entries: tuple[int, str], at: float = NOON - 7200) -> tuple[HistoryEntry, ...]:
    return tuple(entry(number, revision, at + number) for number, revision in entries)


def test_a_history_that_shrinks_deployed_nothing() -> None:
    app = Watched(history=history((0, "x"), (1, "y"), (2, "a")))
    assert app.sees(history=history((2, "a"))) == []
    assert app.sees(history=()) == []
    assert app.sees(history=history((1, "y"))) == [], "an entry was taken away: nobody deployed the one before"
    app.each_is_told_once()


def test_a_history_that_is_begun_anew_is_told_by_its_times() -> None:
    app = Watched(history=history((8, "y"), (9, "a")))
    later = NOON + 3600
    anew = history((0, "b"), at=later)
    assert app.sees(history=anew, desired=target("b")).count("deployed") == 1
    assert app.sees(history=anew, desired=target("b")).count("deployed") == 0
    again = (*anew, *history((1, "a"), at=later))
    assert app.sees(history=again, desired=target("a")).count("deployed") == 1
    deployed = [event for event in app.events if event.name.endswith(".deployed")]
    assert [event.attributes["gitops.deployment.id"] for event in deployed] == [0, 1]
    app.each_is_told_once()


def test_a_history_that_is_begun_anew_without_times_repeats_no_id() -> None:
    app = Watched(history=(HistoryEntry(3, target("a")),))
    for number, revision in ((4, "b"), (5, "c")):
        app.sees(history=(HistoryEntry(number, target(revision)),), desired=target(revision))
    deployed = [event.attributes["gitops.revision"] for event in app.events if event.name.endswith(".deployed")]
    assert deployed == ["b", "c"]
    app.each_is_told_once()


def test_one_that_is_born_again_under_its_name_begins_anew() -> None:
    first = {"uid": "one", "created_at": NOON + 5, "history": history((0, "a")), "name": "shop-prod"}
    second = {**first, "uid": "two", "created_at": NOON + 50, "history": history((0, "a"), at=NOON + 51)}
    third = {**first, "uid": "three", "created_at": NOON + 90, "history": history((0, "a"), at=NOON + 91)}
    app = Watched(**first)
    assert app.loses(uid="one") == ["deleted"]
    assert app.sees(**second)[0] == "created"
    told = app.relists(**third)
    assert told[:2] == ["deleted", "created"], "nobody saw it go"
    by_name = Counter((event.name, event.attributes["gitops.application.uid"]) for event in app.events)
    assert by_name["gitops.application.deployed", "two"] == by_name["gitops.application.deployed", "three"] == 1
    app.each_is_told_once()


def test_operations_without_a_start_are_told_and_have_no_trace() -> None:
    """A trace without a beginning would be of no use, and no two of them could be told apart."""
    app = Watched()
    for _ in range(2):
        assert "sync.started" not in app.sees(operation=Operation(phase=Phase.RUNNING))
        assert app.sees(operation=Operation(phase=Phase.SUCCEEDED)).count("sync.finished") == 1
    finished = [event for event in app.events if event.name.endswith("sync.finished")]
    assert all("gitops.sync.duration_seconds" not in event.attributes for event in finished)
    assert all("cicd.pipeline.run.id" not in event.attributes for event in finished)
    assert app.spans == []
    app.each_is_told_once()


def test_an_operation_that_ends_before_it_began_has_no_negative_time() -> None:
    app = Watched()
    app.sees(operation=operation(Phase.RUNNING, NOON + 60))
    app.sees(operation=operation(Phase.SUCCEEDED, NOON + 60, NOON + 30))
    (finished,) = [event for event in app.events if event.name.endswith("sync.finished")]
    assert finished.attributes["gitops.sync.duration_seconds"] == 0.0
    assert all(span.ended_at >= span.started_at for span in app.spans)
    app.each_is_told_once()


def test_revisions_of_several_sources_are_told_in_their_order() -> None:
    before, now = Target(("a1", "b1"), GIT), Target(("a1", "b2"), GIT)
    app = Watched(desired=before, history=(HistoryEntry(0, before, NOON - 60),))
    app.sees(desired=now, sync=SyncStatus.OUT_OF_SYNC, history=(HistoryEntry(0, before, NOON - 60),))
    sync = {"requested": now, "synced": now, "automated": True}
    both = (HistoryEntry(0, before, NOON - 60), HistoryEntry(1, now, NOON + 41))
    app.sees(desired=now, history=both, operation=operation(Phase.SUCCEEDED, NOON + 40, NOON + 42, **sync))
    told = {event.name.removeprefix("gitops.application."): event.attributes for event in app.events}
    assert told["deployed"]["gitops.revision"] == "a1,b2"
    assert told["deployed"]["gitops.previous_revision"] == "a1,b1"
    assert told["sync.finished"]["gitops.revision"] == "a1,b2"
    assert {span.attributes.get("gitops.revision") for span in app.spans if span.parent_id is None} == {"a1,b2"}
    app.each_is_told_once()
