"""Any history of a watch, followed by a list, leaves the store where a list alone would have."""

from typing import Any, Final, TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from observability.model.application import Application, Destination, HistoryEntry, Key, Operation, Source
from observability.model.observation import Gone, Kind, Listed, Listing, Malformed, Observation, Scope, Seen
from observability.model.project import Project
from observability.model.state import ApplicationState, Change, State
from observability.model.status import Cause, HealthStatus, Phase, Policy, SyncStatus
from observability.settings.environments import Environment, by_name
from observability.settings.groups import GlobalProject
from observability.state.store import Store
from tests.builders import NOON, application, entry, project, target, window

Facts: TypeAlias = dict[str, Any]

KEYS: Final = tuple(Key(namespace, f"shop-{name}") for namespace in ("argocd", "team-a") for name in ("dev", "prod"))
PROJECTS: Final = ("shop", "other", "all")
ENVIRONMENTS: Final = (Environment(name="dev"), Environment(name="prod"))
WINDOWS: Final = (
    window("deny", "0 * * * *", "10m"),
    window("allow", "30 * * * *", "20m"),
    window("deny", "* * * * *", "1h", manual_sync=True),
    window("deny", "never", "1h"),
)
FROM_THE_OBJECT_ALONE: Final = (
    Policy.AUTOMATED_SYNC,
    Policy.SELF_HEAL,
    Policy.PARAMETER_OVERRIDES,
    Policy.TARGET_REVISION,
    Policy.SKIP_RECONCILE,
)
"""The policies that need no memory."""


def told_by_one_object(state: ApplicationState) -> Facts:
    """What of a belief follows from the object as it is now, whatever was seen before."""
    facts, memory, windows = state.facts, state.memory, state.windows
    return {
        "facts": facts,
        "identity": (memory.identity.environment, memory.identity.service),
        "windows": windows,
        "violations": [policy for policy in state.violations if policy in FROM_THE_OBJECT_ALONE],
        "deployed": (memory.deployed, memory.deployed_id, memory.deployed_at) if facts.history else None,
        "health": memory.health,
        "health_since": memory.health_since if facts.health_since is not None else None,
        "running": memory.running,
        "deleting": memory.cause is Cause.DELETING,
        "no cause": memory.cause is None if facts.sync is not SyncStatus.OUT_OF_SYNC else None,
        "no onset": memory.out_of_sync_since is None if facts.sync is not SyncStatus.UNKNOWN else None,
        "settled": memory.settled if facts.sync is SyncStatus.SYNCED and not facts.history else None,
    }


revisions = st.sampled_from("abc")


ERAS: Final = ("abacabba", "ccba")
"""What was deployed, by id, before and after somebody began the history anew; an entry never changes."""


@st.composite
def histories(draw: st.DrawFn) -> tuple[HistoryEntry, ...]:
    """Some entries in a row, as a limit or a hand left them."""
    era = draw(st.sampled_from((0, 1)))
    entries = [
        entry(number, one, NOON - 3600 + 1800 * era + 60 * number, sources=1 + number % 2)
        for number, one in enumerate(ERAS[era])
    ]
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(entries))] * 2)))
    return tuple(entries[first:last])


operations = st.none() | st.builds(
    Operation,
    phase=st.none() | st.sampled_from(Phase),
    message=st.sampled_from(("", "Operation terminated", "Sync operation blocked by sync window")),
    started_at=st.none() | st.just(NOON),
    finished_at=st.none() | st.just(NOON + 1),
    dry_run=st.booleans(),
    automated=st.booleans(),
    local=st.booleans(),
    self_heal_attempts=st.integers(0, 3),
)
applications = st.fixed_dictionaries(
    {
        "sync": st.sampled_from(SyncStatus),
        "health": st.sampled_from(HealthStatus),
        "health_since": st.none() | st.just(NOON),
        "desired": revisions.map(target),
        "sources_digest": st.sampled_from((1, 2)),
        "sources": revisions.map(lambda one: (Source("https://git.example.com/a", target_revision=one),)),
        "history": histories(),
        "operation": operations,
        "requested": st.booleans(),
        "automated": st.booleans(),
        "parameter_overrides": st.booleans(),
        "skip_reconcile": st.booleans(),
        "project": st.sampled_from(PROJECTS),
        "destination": st.sampled_from((Destination(namespace="a"), Destination(namespace="b"))),
        "deleted_at": st.none() | st.just(NOON),
        "reconciled_at": st.none() | st.floats(NOON - 3600, NOON + 3600),
        "prune_only": st.booleans(),
    }
)


def store() -> Store:
    return Store(
        settle_seconds=10.0,
        environments=ENVIRONMENTS,
        identity=(by_name(ENVIRONMENTS),),
        global_projects=(GlobalProject(project="all"),),
    )


class Watching(RuleBasedStateMachine):
    """A cluster, a store that watches it more or less well, and what is made of the store's changes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.version = 0
        self.cluster: dict[Key, Facts] = {}
        self.projects: dict[str, Facts] = {}
        self.store = store()
        self.mirror: dict[tuple[Kind, Key], State] = {}

    # What happens in the cluster, and is seen or missed

    @rule(key=st.sampled_from(KEYS), facts=applications, seen=st.booleans())
    def an_application_is_written(self, key: Key, facts: Facts, seen: bool) -> None:
        before = self.cluster.get(key, {"uid": self._next(), "deleted_at": None})
        for_ever = {"uid": before["uid"], "deleted_at": before["deleted_at"] or facts["deleted_at"]}
        self.cluster[key] = {**facts, **for_ever, "resource_version": self._next()}
        if seen:
            self._observe(Seen(self._application(key), self.now))

    @precondition(lambda self: self.cluster)
    @rule(data=st.data(), seen=st.booleans())
    def an_application_is_deleted(self, data: st.DataObject, seen: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.cluster)))
        facts = self.cluster.pop(key)
        if seen:
            self._observe(Gone(Kind.APPLICATION, key, facts["uid"], self.now))

    @precondition(lambda self: self.cluster)
    @rule(data=st.data())
    def an_application_is_written_again(self, data: st.DataObject) -> None:
        """An update that says what was known already: a bookmark of sorts."""
        key = data.draw(st.sampled_from(sorted(self.cluster)))
        self._observe(Seen(self._application(key), self.now))

    @rule(key=st.sampled_from(KEYS))
    def an_application_cannot_be_read(self, key: Key) -> None:
        self._observe(Malformed(Scope(Kind.APPLICATION), key, "spec", "expected an object", skipped=True))

    @rule(name=st.sampled_from(PROJECTS), windows=st.lists(st.sampled_from(WINDOWS), max_size=2), seen=st.booleans())
    def a_project_is_written(self, name: str, windows: list[Any], seen: bool) -> None:
        self.projects[name] = {"windows": tuple(windows)}
        if seen:
            self._observe(Seen(self._project(name), self.now))

    @precondition(lambda self: self.projects)
    @rule(data=st.data(), seen=st.booleans())
    def a_project_is_deleted(self, data: st.DataObject, seen: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.projects)))
        del self.projects[name]
        if seen:
            self._observe(Gone(Kind.PROJECT, Key("argocd", name), "", self.now))

    @rule(seconds=st.sampled_from((0.5, 5.0, 60.0, 900.0, 7200.0)), most=st.sampled_from((1, 200)))
    def time_passes(self, seconds: float, most: int) -> None:
        self.now += seconds
        self._take(self.store.due(self.now, most=most))

    @rule(data=st.data())
    def a_list_breaks_off(self, data: st.DataObject) -> None:
        some = data.draw(st.lists(st.sampled_from(sorted(self.cluster)), unique=True)) if self.cluster else []
        self._observe(Listing(Scope(Kind.APPLICATION), "outage"))
        for key in some:
            self._observe(Seen(self._application(key), self.now))

    # What must hold

    @rule()
    def after_a_list_all_is_as_after_a_list_alone(self) -> None:
        for observation in self._lists("expired"):
            self._observe(observation)
        self._catch_up(self.store)
        fresh = store()
        fresh.apply(self._lists("start"))
        self._catch_up(fresh)
        for one in (self.store, fresh):
            self._take_in_nothing(one)
        assert self._believed(self.store) == self._believed(fresh)
        assert self.store.states(Kind.PROJECT) == fresh.states(Kind.PROJECT)

    @invariant()
    def the_changes_tell_all_that_is_believed(self) -> None:
        believed = {(kind, key): state for kind in Kind for key, state in self.store.states(kind).items()}
        assert self.mirror == believed

    @invariant()
    def memory_is_consistent(self) -> None:
        for state in self.store.states(Kind.APPLICATION).values():
            assert isinstance(state, ApplicationState)
            memory, synced = state.memory, state.facts.sync is SyncStatus.SYNCED
            assert not (synced and (memory.cause is not None or memory.out_of_sync_since is not None))
            assert memory.cause is None or state.facts.sync is SyncStatus.OUT_OF_SYNC
            assert memory.deployments >= 0
            assert memory.self_heals >= 0

    def _observe(self, observation: Observation) -> None:
        self._take(self.store.apply([observation]))

    def _take(self, changes: list[Change]) -> None:
        for change in changes:
            place = change.kind, change.key
            assert change.before == self.mirror.pop(place, None)
            if change.after is not None:
                self.mirror[place] = change.after

    def _catch_up(self, store: Store) -> None:
        while (next_due := store.next_due()) is not None and next_due <= self.now:
            changes = store.due(self.now)
            if store is self.store:
                self._take(changes)

    def _take_in_nothing(self, store: Store) -> None:
        """So that it lets go of what it has told of."""
        assert store.apply([]) == []

    def _lists(self, reason: str) -> list[Observation]:
        apps, projects = Scope(Kind.APPLICATION), Scope(Kind.PROJECT)
        return [
            Listing(projects, reason),
            *(Seen(self._project(name), self.now) for name in self.projects),
            Listed(projects, "1", self.now),
            Listing(apps, reason),
            *(Seen(self._application(key), self.now) for key in self.cluster),
            Listed(apps, "1", self.now),
        ]

    def _application(self, key: Key) -> Application:
        """A new value each time, as from a decoder: the store lets go of what it does not need."""
        return application(key.name, namespace=key.namespace, **self.cluster[key])

    def _project(self, name: str) -> Project:
        return project(name, *self.projects[name]["windows"])

    def _next(self) -> str:
        self.version += 1
        return str(self.version)

    def _believed(self, store: Store) -> dict[Key, Facts]:
        states = store.states(Kind.APPLICATION).items()
        return {key: told_by_one_object(state) for key, state in states if isinstance(state, ApplicationState)}


TestWatching = Watching.TestCase
TestWatching.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
