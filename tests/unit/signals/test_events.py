"""Each row of EVENTS: what it says of a change, and that it says nothing of the others."""

from typing import Any, Final

import pytest
from msgspec.structs import replace

from observability.model.application import Condition, Key
from observability.model.applicationset import SetCondition
from observability.model.event import Event, Severity
from observability.model.observation import Kind
from observability.model.project import Project
from observability.model.state import (
    ApplicationSetState,
    ApplicationState,
    Awaited,
    Change,
    Drift,
    ProjectState,
    Run,
    State,
    WindowState,
    WindowVerdict,
)
from observability.model.status import Cause, HealthStatus, Phase, Policy, Result, SyncKind, SyncStatus
from observability.settings import Settings
from observability.signals.events import EVENTS, Gap, events_of, gap_events
from observability.signals.transitions import COMMON, COMMON_OF_APPLICATIONS, Context
from tests.builders import NOON, application, applicationset, entry, identity, operation, project, state, target, window

CONTEXT: Final = Context.of(Settings().environments, cluster="paris")
APPLICATION: Final = "gitops.application."
ROWS: Final = {row.name: row for row in EVENTS}
BEFORE: Final = state(application(resource_version="1"))
RUN: Final = Run(
    kind=SyncKind.MANUAL, automated=False, initiator="alice", requested_at=NOON - 2, started_at=NOON, target=target("b")
)


def change(before: State | None, after: State | None, kind: Kind = Kind.APPLICATION, **more: Any) -> Change:
    return Change(kind, Key("argocd", "shop-prod"), before, after, NOON + 1, **more)


def told(before: State | None, after: State | None, context: Context = CONTEXT, **more: Any) -> list[Event]:
    """The events of a change; each carries no more than its row says."""
    events = events_of(change(before, after, **more), context)
    for event in events:
        own = set(event.attributes) - {*COMMON, *COMMON_OF_APPLICATIONS}
        own = {name for name in own if not name.startswith(("gitops.applicationset.", "gitops.project."))}
        assert own <= set(ROWS[event.name].attributes), event.name
    return events


def only(name: str, before: State | None, after: State | None, **more: Any) -> Event:
    (found,) = [event for event in told(before, after, **more) if event.name == APPLICATION + name]
    return found


def known(event: Event) -> dict[str, Any]:
    """The attributes that its row adds, without the words `gitops.`."""
    return {
        name.removeprefix("gitops."): value
        for name, value in event.attributes.items()
        if name not in {*COMMON, *COMMON_OF_APPLICATIONS}
    }


def after(app: dict[str, Any] | None = None, **memory: Any) -> ApplicationState:
    return state(application(**{"resource_version": "2", **(app or {})}), **memory)


def test_a_resync_says_nothing() -> None:
    assert told(BEFORE, after({"reconciled_at": NOON})) == []
    assert told(BEFORE, replace(BEFORE, facts=application(resource_version="2", images=("a:2",)))) == []


def test_what_was_there_before_we_came_says_nothing() -> None:
    assert told(None, after({"health": HealthStatus.DEGRADED})) == []


def test_every_event_says_whose_it_is() -> None:
    event = only("health.changed", BEFORE, after({"health": HealthStatus.DEGRADED, "health_since": NOON}))
    assert (event.at, event.observed_at, event.subject) == (NOON, NOON + 1, "Application/argocd/shop-prod")
    assert event.severity is Severity.ERROR
    assert event.body == "shop-prod: Degraded, was Healthy"
    assert event.attributes["gitops.event.id"] == event.id
    assert len(event.id) == 32
    assert {
        name: event.attributes[name] for name in (*COMMON, *COMMON_OF_APPLICATIONS) if name != "gitops.event.id"
    } == {
        "gitops.catch_up": False,
        "gitops.engine": "argocd",
        "k8s.namespace.name": "argocd",
        "k8s.cluster.name": "paris",
        "gitops.project": "shop",
        "gitops.environment": "prod",
        "gitops.service": "shop",
        "gitops.application.name": "shop-prod",
        "gitops.application.namespace": "argocd",
        "gitops.application.uid": "uid of shop-prod",
        "deployment.environment.name": "production",
        "service.name": "shop",
    }


def test_an_id_follows_from_what_happened_alone() -> None:
    degraded = after({"health": HealthStatus.DEGRADED, "health_since": NOON})
    (one,) = told(BEFORE, degraded)
    (again,) = events_of(Change(Kind.APPLICATION, Key("a", "b"), BEFORE, degraded, NOON + 99, catch_up=True), CONTEXT)
    (elsewhere,) = told(BEFORE, degraded, replace_cluster(CONTEXT))
    (later,) = told(BEFORE, after({"health": HealthStatus.DEGRADED, "health_since": NOON + 1}))
    assert one.id == again.id
    assert len({one.id, elsewhere.id, later.id}) == 3
    assert again.attributes["gitops.catch_up"] is True


def replace_cluster(context: Context) -> Context:
    return Context(cluster=None, otel_names=context.otel_names, production=context.production)


@pytest.mark.parametrize(
    ("environment", "health", "severity"),
    [
        ("prod", HealthStatus.DEGRADED, Severity.ERROR),
        ("dev", HealthStatus.DEGRADED, Severity.WARN),
        ("prod", HealthStatus.MISSING, Severity.WARN),
        ("prod", HealthStatus.PROGRESSING, Severity.INFO),
    ],
)
def test_how_bad_health_is_depends_on_the_environment(
    environment: str, health: HealthStatus, severity: Severity
) -> None:
    who = identity(environment=environment)
    event = only("health.changed", state(application(), identity=who), after({"health": health}, identity=who))
    assert event.severity is severity
    assert event.at == NOON - 3600, "lastTransitionTime"


def test_the_end_of_a_degradation_says_how_long_it_was() -> None:
    degraded = state(application(health=HealthStatus.DEGRADED), degraded_since=NOON - 60)
    between = after({"health": HealthStatus.PROGRESSING, "health_since": NOON - 30}, degraded_since=NOON - 60)
    assert "degraded.duration_seconds" not in known(only("health.changed", degraded, between))
    event = only("health.changed", between, after({"health_since": NOON}))
    assert known(event)["degraded.duration_seconds"] == 60.0


def test_a_sync_that_is_asked_for() -> None:
    asked = replace(RUN, started_at=None)
    event = only("sync.requested", BEFORE, after(run=asked))
    assert (event.at, event.body) == (NOON - 2, "shop-prod: alice asked for a manual sync to b")
    assert known(event) == {
        "sync.kind": "manual",
        "sync.phase": "Requested",
        "sync.dry_run": False,
        "sync.retries": 0,
        "revision": "b",
        "initiator.kind": "user",
        "initiator.name": "alice",
        "cicd.pipeline.name": "shop-prod",
        "cicd.pipeline.action.name": "SYNC",
        "vcs.repository.url.full": "https://git.example.com/shop.git",
        "vcs.ref.head.revision": "b",
    }


def test_a_sync_that_begins_and_one_that_goes_on() -> None:
    asked = state(application(), run=replace(RUN, started_at=None))
    begun = after(run=replace(RUN, queue_seconds=2.0))
    (event,) = told(asked, begun)
    assert (event.name, event.at) == (f"{APPLICATION}sync.started", NOON)
    assert known(event)["sync.queue_seconds"] == 2.0
    assert told(begun, after(run=replace(RUN, queue_seconds=2.0, message="waiting"))) == []


@pytest.mark.parametrize(
    ("result", "severity"),
    [
        (Result.SUCCESS, Severity.INFO),
        (Result.FAILURE, Severity.ERROR),
        (Result.ERROR, Severity.ERROR),
        (Result.TIMEOUT, Severity.ERROR),
        (Result.CANCELLATION, Severity.INFO),
    ],
)
def test_a_sync_that_ends(result: Result, severity: Severity) -> None:
    ended = replace(RUN, result=result, finished_at=NOON + 30, retries=2, message="said Argo CD")
    app = {"operation": operation(Phase.FAILED)}
    (event,) = told(state(application(), run=RUN), after(app, run=ended))
    assert (event.name, event.at, event.severity) == (f"{APPLICATION}sync.finished", NOON + 30, severity)
    attributes = known(event)
    assert (attributes["sync.duration_seconds"], attributes["sync.retries"]) == (30.0, 2)
    assert (attributes["cicd.pipeline.result"], attributes["sync.phase"]) == (result.value, "Failed")
    assert attributes.get("error.type") == (None if result is Result.SUCCESS else result.value)
    assert attributes.get("sync.message") == (None if result is Result.SUCCESS else "said Argo CD")


def test_a_sync_that_was_only_seen_when_it_had_ended_began_as_well() -> None:
    ended = replace(RUN, requested_at=None, result=Result.SUCCESS, finished_at=NOON + 30)
    events = told(
        state(application(), run=replace(RUN, number=1, result=Result.SUCCESS)), after(run=ended), catch_up=True
    )
    assert [event.name.rsplit(".", 1)[1] for event in events] == ["started", "finished"]
    assert all(event.attributes["gitops.catch_up"] for event in events)


def test_a_person_may_be_told_by_a_hash_only() -> None:
    hidden = Context.of(Settings().environments, initiator_key=b"pepper")
    other = Context.of(Settings().environments, initiator_key=b"salt")
    names = set()
    for context in (hidden, hidden, other):
        for event in told(BEFORE, after(run=RUN), context):
            assert "alice" not in repr(event)
            names.add(event.attributes["gitops.initiator.name"])
    assert len(names) == 2


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (replace(RUN, initiator=""), "unknown"),
        (RUN, "user"),
        (replace(RUN, automated=True, initiator="applicationset-controller"), "automated"),
    ],
)
def test_who_had_it_done(run: Run, kind: str) -> None:
    assert known(only("sync.started", BEFORE, after(run=run)))["initiator.kind"] == kind


def test_a_parked_sync_is_blocked_once() -> None:
    blocked = after(run=replace(RUN, blocked=True))
    event = only("blocked", state(application(), run=RUN), blocked)
    assert (event.severity, event.at) == (Severity.WARN, NOON + 1)
    assert told(blocked, after({"resource_version": "3"}, run=replace(RUN, blocked=True, message="x"))) == []


def test_an_automated_sync_that_silently_does_not_begin_is_blocked() -> None:
    closed = WindowVerdict(can_sync_auto=False)
    facts: dict[str, Any] = {"automated": True, "sync": SyncStatus.OUT_OF_SYNC, "desired": target("b")}
    waiting = replace(after(facts, cause=Cause.PENDING_REVISION), windows=closed)
    event = only("blocked", BEFORE, waiting)
    assert known(event) == {"sync.kind": "auto", "revision": "b", "initiator.kind": "automated"}
    drifted = replace(after(facts, cause=Cause.LIVE_DRIFT), windows=closed)
    assert f"{APPLICATION}blocked" not in [event.name for event in told(BEFORE, drifted)], "nothing would heal it"


def test_each_new_entry_of_the_history_is_a_deployment() -> None:
    entries = (entry(0, "a", NOON - 9), entry(1, "b", NOON - 5), entry(2, "b", NOON - 4), entry(3, "c", NOON))
    newest = after({"history": entries}, deployed=target("c"), deployed_id=3, deployed_at=NOON)
    events = [event for event in told(BEFORE, newest, catch_up=True) if event.name == f"{APPLICATION}deployed"]
    assert [(event.at, known(event)["deployment.id"], known(event)["revision"]) for event in events] == [
        (NOON - 5, 1, "b"),
        (NOON, 3, "c"),
    ]
    assert [known(event)["previous_revision"] for event in events] == ["a", "b"]


def test_a_deployment_tells_of_the_sync_that_made_it() -> None:
    newest = after({"history": (entry(1, "b", NOON),)}, deployed=target("b"), deployed_id=1, deployed_at=NOON, run=RUN)
    events = {event.name.removeprefix(APPLICATION): event for event in told(BEFORE, newest)}
    assert events["deployed"].body == "shop-prod: alice deployed b after a"
    run_id = events["sync.started"].attributes["cicd.pipeline.run.id"]
    assert known(events["deployed"])["cicd.pipeline.run.id"] == run_id
    assert known(events["deployed"])["sync.kind"] == "manual"


def test_a_deployment_becomes_healthy() -> None:
    waiting = state(application(), awaited=Awaited(1, target("b"), NOON - 30), deployed_id=1)
    event = only("healthy_after_deploy", waiting, after({"images": ("a:2",)}, deployed_id=1, healthy_at=NOON))
    assert event.at == NOON
    assert known(event) == {
        "revision": "b",
        "deployment.id": 1,
        "time_to_healthy_seconds": 30.0,
        "images": ("a:2",),
    }


@pytest.mark.parametrize("scope", ["cluster", "git"])
def test_something_older_is_deployed_again(scope: str) -> None:
    newest = {"deployed": target("a"), "deployed_id": 2, "deployed_at": NOON}
    newest |= {"rolled_back": True} if scope == "cluster" else {"reverted_id": 2}
    before = state(application(), deployed=target("b"), deployed_id=1, deployed_at=NOON - 9)
    event = only("rolled_back", before, after({"history": (entry(1, "b"), entry(2, "a"))}, **newest))
    assert known(event) == {
        "rollback.scope": scope,
        "revision": "a",
        "previous_revision": "b",
        "deployment.id": 2,
    }


def test_a_self_heal_that_succeeds() -> None:
    heals = replace(RUN, kind=SyncKind.SELF_HEAL, automated=True, initiator="")
    ended = after(run=replace(heals, result=Result.SUCCESS, finished_at=NOON + 1), self_heals=1)
    assert only("self_healed", state(application(), run=heals, self_heals=1), ended).at == NOON + 1
    failed = after(run=replace(heals, result=Result.FAILURE, finished_at=NOON + 1), self_heals=1)
    assert [event.name for event in told(state(application(), run=heals, self_heals=1), failed)] == [
        f"{APPLICATION}sync.finished"
    ]


def test_self_heals_that_nobody_saw_are_told_by_their_count() -> None:
    heals = replace(RUN, kind=SyncKind.SELF_HEAL, automated=True, result=Result.SUCCESS, finished_at=NOON)
    events = told(BEFORE, after(run=heals, self_heals=3), catch_up=True)
    healed = [event for event in events if event.name == f"{APPLICATION}self_healed"]
    assert len(healed) == len({event.id for event in healed}) == 3


def test_drift_begins_and_ends() -> None:
    drift = Drift(NOON - 20, Cause.LIVE_DRIFT, witnessed=False)
    drifted = state(application(sync=SyncStatus.OUT_OF_SYNC), drift=drift)
    event = only("drift.detected", BEFORE, drifted)
    assert (event.at, event.severity) == (NOON - 20, Severity.WARN)
    assert known(event) == {"out_of_sync.cause": "live_drift", "out_of_sync.confidence": "low"}
    assert known(only("drift.resolved", drifted, after())) == {
        "out_of_sync.cause": "live_drift",
        "out_of_sync.confidence": "low",
        "out_of_sync.duration_seconds": 21.0,
        "drift.resolution": "synced",
    }


@pytest.mark.parametrize(
    ("app", "memory", "resolution"),
    [
        ({}, {"run": replace(RUN, kind=SyncKind.SELF_HEAL)}, "self_healed"),
        ({}, {"run": replace(RUN, kind=SyncKind.SELF_HEAL, started_at=NOON - 99)}, "synced"),
        ({"sync": SyncStatus.OUT_OF_SYNC}, {"cause": Cause.PENDING_REVISION}, "superseded"),
        ({"deleted_at": NOON}, {}, "deleted"),
    ],
)
def test_how_a_drift_ends(app: dict[str, Any], memory: dict[str, Any], resolution: str) -> None:
    drifted = state(application(sync=SyncStatus.OUT_OF_SYNC), drift=Drift(NOON - 20, Cause.LIVE_DRIFT))
    assert known(only("drift.resolved", drifted, after(app, **memory)))["drift.resolution"] == resolution


def test_a_drift_ends_with_its_application() -> None:
    drifted = state(application(), drift=Drift(NOON, Cause.LIVE_DRIFT))
    assert [event.name.removeprefix(APPLICATION) for event in told(drifted, None)] == ["drift.resolved", "deleted"]


def test_a_commit_waits_and_then_another() -> None:
    one = after({"sync": SyncStatus.OUT_OF_SYNC, "desired": target("b")}, cause=Cause.PENDING_REVISION)
    event = only("revision.pending", BEFORE, one)
    assert (known(event)["revision"], known(event)["previous_revision"]) == ("b", "a")
    other = after(
        {"sync": SyncStatus.OUT_OF_SYNC, "desired": target("c"), "resource_version": "3"}, cause=Cause.PENDING_REVISION
    )
    assert known(only("revision.pending", one, other))["revision"] == "c"


def test_why_it_is_out_of_sync_and_that_it_is_no_more() -> None:
    drifted = after({"sync": SyncStatus.OUT_OF_SYNC}, cause=Cause.LIVE_DRIFT, out_of_sync_since=NOON - 9)
    assert known(only("out_of_sync.changed", BEFORE, drifted)) == {
        "out_of_sync.cause": "live_drift",
        "out_of_sync.confidence": "high",
    }
    assert known(only("out_of_sync.changed", drifted, after({"resource_version": "3"}))) == {
        "out_of_sync.previous_cause": "live_drift",
        "out_of_sync.duration_seconds": 10.0,
    }
    assert known(only("sync_status.changed", BEFORE, drifted)) == {
        "sync_status": "OutOfSync",
        "previous_sync_status": "Synced",
        "revision": "a",
    }


def test_policies() -> None:
    violated = after(violations=(Policy.SKIP_RECONCILE,))
    assert known(only("policy.violated", BEFORE, violated)) == {"policy": "skip_reconcile"}
    assert known(only("policy.restored", violated, BEFORE)) == {"policy": "skip_reconcile"}


def test_conditions() -> None:
    trouble = after({"conditions": (Condition("SyncError", "no", NOON), Condition("SyncError", "no, again", NOON))})
    event = only("condition.raised", BEFORE, trouble)
    assert (event.at, event.severity, event.body) == (NOON, Severity.ERROR, "shop-prod: SyncError: no")
    worse = after({"conditions": (Condition("SyncError", "worse", NOON + 1),), "resource_version": "3"})
    assert told(trouble, worse) == []
    assert known(only("condition.cleared", worse, BEFORE)) == {"condition": "SyncError"}


def test_birth_and_end() -> None:
    born = after(
        {"created_at": NOON - 5, "sync": SyncStatus.UNKNOWN, "health": HealthStatus.UNKNOWN, "desired": target()}
    )
    assert [(event.name, event.at) for event in told(None, born, born=True)] == [(f"{APPLICATION}created", NOON - 5)]
    (event,) = told(state(application(deleted_at=NOON - 20)), None)
    assert (event.name, event.at) == (f"{APPLICATION}deleted", NOON - 20)


def test_one_that_was_born_while_nobody_watched_tells_its_life() -> None:
    lived = after(
        {"health": HealthStatus.DEGRADED, "history": (entry(0, "a", NOON),), "operation": operation()},
        deployed_id=0,
        deployed_at=NOON,
        run=replace(RUN, result=Result.SUCCESS, finished_at=NOON),
    )
    names = [event.name.removeprefix(APPLICATION) for event in told(None, lived, born=True, catch_up=True)]
    assert {"created", "deployed", "sync.finished", "health.changed", "sync_status.changed"} <= set(names)


def of_set(**more: Any) -> ApplicationSetState:
    step = more.pop("step", None)
    return ApplicationSetState(applicationset(**more), step, NOON if step else None)


def test_applicationsets() -> None:
    error = SetCondition("ErrorOccurred", "True", "Bad", "no", NOON)
    over = SetCondition("ErrorOccurred", "False", "", "", NOON + 1)
    kind = Kind.APPLICATIONSET
    raised, grown, begun = told(of_set(), of_set(conditions=(error,), applications=2, step=1), kind=kind)
    assert (raised.name, raised.severity, raised.at) == ("gitops.applicationset.condition.raised", Severity.WARN, NOON)
    assert grown.attributes["gitops.applicationset.applications"] == 2
    assert begun.attributes["gitops.applicationset.step"] == 1
    (cleared,) = told(of_set(conditions=(error,)), of_set(conditions=(over,)), kind=kind)
    assert (cleared.name, cleared.at) == ("gitops.applicationset.condition.cleared", NOON + 1)
    assert [event.name for event in told(None, of_set(), kind=kind, born=True)] == ["gitops.applicationset.created"]
    assert [event.name for event in told(of_set(), None, kind=kind)] == ["gitops.applicationset.deleted"]
    assert told(None, of_set(), kind=kind) == []


def of_project(facts: Project, *active: bool) -> ProjectState:
    return ProjectState(facts, tuple(map(WindowState, active)))


def test_projects() -> None:
    kind = Kind.PROJECT
    one, two = project("shop", window()), project("shop", window(), window("allow"))
    (event,) = told(of_project(one, False), of_project(one, True), kind=kind)
    assert (event.name, event.attributes["gitops.window.kind"]) == ("gitops.project.window.opened", "deny")
    (event,) = told(of_project(one, True), of_project(one, False), kind=kind)
    assert event.name == "gitops.project.window.closed"
    (event,) = told(of_project(one, True), of_project(two, True, True), kind=kind)
    assert event.attributes["gitops.windows.added"] == ("allow * * * * * 1h UTC for *",)
    (event,) = told(of_project(two, True, True), of_project(one, True), kind=kind)
    assert event.attributes["gitops.windows.removed"] == ("allow * * * * * 1h UTC for *",)
    assert [event.name for event in told(of_project(one, True), None, kind=kind)] == ["gitops.project.deleted"]


def test_a_gap() -> None:
    (event,) = gap_events(Gap(NOON - 60, NOON, "outage", "Application", folded=7), CONTEXT)
    assert (event.name, event.at, event.observed_at) == ("gitops.exporter.gap", NOON - 60, NOON)
    assert event.body == "what happened to Applications for 60 s was not recorded (outage); what can be told is rebuilt"
    assert {name: event.attributes[name] for name in ROWS[event.name].attributes} == {
        "gitops.gap.kind": "Application",
        "gitops.gap.reason": "outage",
        "gitops.gap.duration_seconds": 60.0,
        "gitops.gap.folded": 7,
    }


def test_names_are_told_once() -> None:
    assert len(ROWS) == len(EVENTS)
