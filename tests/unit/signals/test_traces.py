"""Traces of syncs and of journeys."""

import pytest
from msgspec.structs import replace

from observability.model.application import SyncedResource, Target
from observability.model.event import Link, Span, SpanKind, SpanStatus
from observability.model.observation import Kind
from observability.model.promotion import Arrived, Delivered, Journey, PromotionKey, SyncMark
from observability.model.state import ApplicationState, Change, Run
from observability.model.status import Phase, Result, SyncKind
from observability.signals import identifiers
from observability.signals.events import events_of
from observability.signals.spans import MOST_CHILDREN, RESOURCE, SPANS, SpanRow
from observability.signals.traces import finished, journey_span, spans_of, sync_span
from observability.signals.transitions import Context
from tests.builders import NOON, application, operation, state
from tests.replay import TOPICS, changes

RUN = Run(
    kind=SyncKind.MANUAL,
    automated=False,
    initiator="alice",
    started_at=NOON,
    finished_at=NOON + 4.0,
    result=Result.SUCCESS,
    target=Target(("abc",), 1),
    queue_seconds=0.5,
    message="successfully synced (all tasks run)",
)
RESOURCES = (
    SyncedResource("", "ConfigMap", "shop", "shop", status="Synced", phase="Sync"),
    SyncedResource("batch", "Job", "shop", "migrate", phase="PreSync", hook_type="PreSync", hook_phase="Succeeded"),
)
CONTEXT = Context(cluster="eu", otel_names={"prod": "production"})
SYNC = SyncMark("argocd", "shop-prod", "uid of shop-prod", NOON)
JOURNEY = Journey("argocd", "shop", "shop", PromotionKey.IMAGES, ("registry.example.com/shop:1.1.0",))
DELIVERED = Delivered(
    journey=JOURNEY,
    environment="prod",
    started_at=NOON,
    ended_at=NOON + 9.0,
    result=Result.SUCCESS,
    syncs=(SYNC,),
    revision=("abc",),
    images=JOURNEY.value,
)


def ended(run: Run = RUN, resources: tuple[SyncedResource, ...] = RESOURCES, phase: Phase = Phase.SUCCEEDED) -> Change:
    """A sync was seen to end."""
    before = state(run=replace(run, result=None, finished_at=None))
    facts = application(operation=operation(phase, NOON, NOON + 4.0, resources=resources))
    return Change(Kind.APPLICATION, facts.key, before, state(facts, run=run), NOON + 4.5)


def sync_spans(change: Change, context: Context, most: int = MOST_CHILDREN) -> tuple[Span, ...]:
    """All spans of a sync, as they are sent; the root first."""
    span = sync_span(change, context, most)
    return () if span is None else tuple(spans_of(span))


def test_a_sync_is_a_trace() -> None:
    root, config, hook = sync_spans(ended(), CONTEXT)
    assert (root.name, root.kind, root.parent_id, root.status) == (
        "SYNC shop-prod",
        SpanKind.SERVER,
        None,
        SpanStatus.UNSET,
    )
    assert (root.started_at, root.ended_at, root.message) == (NOON, NOON + 4.0, "")
    assert root.subject == "Application/argocd/shop-prod"
    assert root.trace_id == identifiers.sync_trace("eu", SYNC)
    assert root.id == identifiers.sync_span("eu", SYNC)
    assert root.attributes == {
        "gitops.environment": "prod",
        "deployment.environment.name": "production",
        "k8s.cluster.name": "eu",
        "gitops.engine": "argocd",
        "gitops.project": "shop",
        "gitops.service": "shop",
        "service.name": "shop",
        "gitops.application.name": "shop-prod",
        "gitops.application.namespace": "argocd",
        "gitops.application.uid": "uid of shop-prod",
        "k8s.namespace.name": "argocd",
        "cicd.pipeline.name": "shop-prod",
        "cicd.pipeline.action.name": "SYNC",
        "cicd.pipeline.run.id": identifiers.run_id("eu", "uid of shop-prod", RUN),
        "cicd.pipeline.result": "success",
        "gitops.sync.kind": "manual",
        "gitops.sync.retries": 0,
        "gitops.sync.queue_seconds": 0.5,
        "gitops.sync.duration_seconds": 4.0,
        "gitops.initiator.kind": "user",
        "gitops.initiator.name": "alice",
        "gitops.revision": "abc",
        "vcs.ref.head.revision": "abc",
        "vcs.repository.url.full": "https://git.example.com/shop.git",
    }
    assert [one.name for one in (config, hook)] == ["ConfigMap shop", "Job migrate"]
    assert {(one.trace_id, one.parent_id, one.kind) for one in (config, hook)} == {
        (root.trace_id, root.id, SpanKind.INTERNAL)
    }
    assert {(one.started_at, one.ended_at) for one in (config, hook)} == {(root.started_at, root.ended_at)}
    assert hook.attributes == {
        "cicd.pipeline.task.name": "Job migrate",
        "cicd.pipeline.task.run.id": hook.id,
        "cicd.pipeline.task.run.result": "success",
        "cicd.pipeline.task.type": "deploy",
        "gitops.resource.group": "batch",
        "gitops.resource.kind": "Job",
        "gitops.resource.name": "migrate",
        "gitops.resource.namespace": "shop",
        "gitops.resource.phase": "PreSync",
        "gitops.hook.type": "PreSync",
        "gitops.hook.phase": "Succeeded",
    }


def test_a_sync_that_failed_says_why() -> None:
    run = replace(RUN, result=Result.FAILURE, message="one or more objects failed to apply")
    broken = SyncedResource(
        "apps", "Deployment", "shop", "shop", status="SyncFailed", phase="Sync", message="is invalid"
    )
    hook = SyncedResource("batch", "Job", "shop", "test", hook_type="PostSync", hook_phase="Failed", message="backoff")
    root, *children = sync_spans(ended(run, (*RESOURCES, broken, hook), Phase.FAILED), CONTEXT)
    assert (root.status, root.message) == (SpanStatus.ERROR, "one or more objects failed to apply")
    assert root.attributes["error.type"] == "failure"
    assert [(one.status, one.message) for one in children] == [
        (SpanStatus.UNSET, ""),
        (SpanStatus.UNSET, ""),
        (SpanStatus.ERROR, "is invalid"),
        (SpanStatus.ERROR, "backoff"),
    ]
    assert children[2].attributes["cicd.pipeline.task.run.result"] == "failure"


def test_a_resend_is_the_same() -> None:
    assert sync_spans(ended(), CONTEXT) == sync_spans(ended(), CONTEXT)


@pytest.mark.parametrize("topic", TOPICS)
def test_the_events_of_a_sync_name_its_root(topic: str) -> None:
    events, roots = [], set()
    for change in changes(topic):
        events += [event for event in events_of(change, CONTEXT) if event.trace_id]
        roots |= {(span.trace_id, span.id) for span in sync_spans(change, CONTEXT)[:1]}
    named = {
        name: [(event.trace_id, event.span_id) for event in events if event.name == f"gitops.application.{name}"]
        for name in ("sync.started", "sync.finished", "deployed")
    }
    assert roots
    assert set(named["sync.finished"]) == roots
    assert len(named["sync.finished"]) == len(roots), "each once"
    assert roots <= set(named["sync.started"])
    assert set(named["deployed"]) <= set(named["sync.started"])
    assert all(event.attributes["cicd.pipeline.run.id"] for event in events)


def test_an_event_of_a_dry_run_names_no_span() -> None:
    change = ended(replace(RUN, dry_run=True))
    assert {event.trace_id for event in events_of(change, CONTEXT)} == {""}


def test_another_within_the_second_is_another() -> None:
    one, other = sync_spans(ended(), CONTEXT), sync_spans(ended(replace(RUN, number=1)), CONTEXT)
    assert {span.id for span in one}.isdisjoint(span.id for span in other)
    assert one[0].trace_id != other[0].trace_id


def test_children_are_bounded() -> None:
    resources = tuple(SyncedResource("", "ConfigMap", "shop", f"c{number}", status="Synced") for number in range(7))
    root, *children = sync_spans(ended(resources=resources), CONTEXT, most=5)
    assert len(children) == 5
    assert root.attributes["gitops.sync.resources_left_out"] == 2


def test_only_of_what_failed_the_message_is_kept() -> None:
    said = tuple(replace(one, message="configured") for one in RESOURCES)
    broken = SyncedResource("", "Secret", "shop", "shop", status="SyncFailed", message="is invalid")
    span = sync_span(ended(resources=(*said, broken)), CONTEXT)
    assert span is not None
    assert [one.message for one in span.resources] == ["", "", "is invalid"]


def test_a_span_of_no_resources_is_sent_as_it_is() -> None:
    span = journey_span(DELIVERED, CONTEXT)
    assert list(spans_of(span)) == [span]


def test_what_is_listed_twice_is_two_spans() -> None:
    spans = sync_spans(ended(resources=(RESOURCES[0], RESOURCES[0])), CONTEXT)
    assert len({span.id for span in spans}) == 3


def test_dry_runs_are_left_out() -> None:
    assert sync_spans(ended(replace(RUN, dry_run=True)), CONTEXT) == ()


def test_what_ended_before_we_came_is_left_out() -> None:
    change = ended()
    assert finished(replace(change, before=None)) is None
    assert finished(replace(change, before=None, born=True)) == RUN
    assert finished(replace(change, before=change.after)) is None
    assert finished(replace(change, after=None)) is None


def test_one_that_was_missed_is_told_when_its_end_is_seen() -> None:
    change = ended()
    assert isinstance(change.before, ApplicationState)
    before = state(run=replace(RUN, started_at=NOON - 600, finished_at=NOON - 590))
    assert finished(replace(change, before=before)) == RUN
    assert finished(replace(change, before=state())) == RUN


def test_a_name_is_given_as_the_settings_want_it() -> None:
    hashed = Context(otel_names={}, initiator_key=b"secret")
    root = sync_spans(ended(), hashed)[0]
    assert "alice" not in repr(root)
    assert len(str(root.attributes["gitops.initiator.name"])) == 32
    assert "k8s.cluster.name" not in root.attributes


def test_a_delivery_is_a_span_of_the_journey() -> None:
    span = journey_span(DELIVERED, CONTEXT)
    trace_id = identifiers.journey_trace("eu", JOURNEY)
    assert (span.name, span.trace_id, span.parent_id) == ("DELIVER prod", trace_id, identifiers.journey_span(trace_id))
    assert (span.started_at, span.ended_at, span.status) == (NOON, NOON + 9.0, SpanStatus.UNSET)
    assert span.links == (Link(identifiers.sync_trace("eu", SYNC), identifiers.sync_span("eu", SYNC)),)
    assert span.subject == "Service/shop/shop"
    assert span.attributes == {
        "gitops.engine": "argocd",
        "gitops.project": "shop",
        "gitops.service": "shop",
        "service.name": "shop",
        "cicd.pipeline.name": "shop",
        "cicd.pipeline.action.name": "PROMOTE",
        "cicd.pipeline.run.id": trace_id,
        "gitops.promotion.key": "images",
        "gitops.promotion.value": "registry.example.com/shop:1.1.0",
        "gitops.environment": "prod",
        "deployment.environment.name": "production",
        "k8s.cluster.name": "eu",
        "cicd.pipeline.task.name": "DELIVER prod",
        "cicd.pipeline.task.run.id": span.id,
        "cicd.pipeline.task.run.result": "success",
        "cicd.pipeline.task.type": "deploy",
        "gitops.revision": "abc",
        "vcs.ref.head.revision": "abc",
        "gitops.images": ("registry.example.com/shop:1.1.0",),
    }


def test_a_delivery_that_failed() -> None:
    span = journey_span(replace(DELIVERED, result=Result.FAILURE, message="Degraded"), CONTEXT)
    assert (span.status, span.message, span.attributes["error.type"]) == (SpanStatus.ERROR, "Degraded", "failure")
    assert span.id != journey_span(DELIVERED, CONTEXT).id


def test_a_delivery_that_was_overtaken_is_no_error() -> None:
    span = journey_span(replace(DELIVERED, result=Result.CANCELLATION), CONTEXT)
    assert span.status is SpanStatus.UNSET
    assert span.attributes["cicd.pipeline.task.run.result"] == "cancellation"


def test_the_root_of_a_journey() -> None:
    told = Arrived(journey=JOURNEY, started_at=NOON, ended_at=NOON + 60.0, complete=True, environments=("dev", "prod"))
    root = journey_span(told, CONTEXT)
    assert (root.name, root.kind, root.parent_id) == ("PROMOTE shop", SpanKind.SERVER, None)
    assert root.id == journey_span(DELIVERED, CONTEXT).parent_id
    assert root.attributes["cicd.pipeline.result"] == "success"
    assert root.attributes["gitops.promotion.environments"] == ("dev", "prod")
    assert root.attributes["gitops.promotion.superseded"] is False
    superseded = journey_span(replace(told, complete=False), CONTEXT)
    assert superseded.attributes["cicd.pipeline.result"] == "cancellation"
    assert superseded.attributes["gitops.promotion.superseded"] is True


# The rows


def told() -> list[Span]:
    """Spans that have all that spans can have, and those of the recordings."""
    hook = SyncedResource(
        "batch", "Job", "shop", "test", "Synced", "PostSync", hook_type="PostSync", hook_phase="Failed"
    )
    change = ended(replace(RUN, result=Result.FAILURE), (hook, *RESOURCES), Phase.FAILED)
    arrived = Arrived(journey=JOURNEY, started_at=NOON, ended_at=NOON + 60.0, complete=True, environments=("prod",))
    journey = [journey_span(one, CONTEXT) for one in (DELIVERED, replace(DELIVERED, result=Result.FAILURE), arrived)]
    recorded = [span for topic in TOPICS for change in changes(topic) for span in sync_spans(change, CONTEXT)]
    return [*sync_spans(change, CONTEXT, most=1), *journey, *recorded]


def row_of(span: Span) -> SpanRow:
    word = span.name.partition(" ")[0]
    return next((row for row in SPANS if row.name.startswith(f"{word} {{")), RESOURCE)


def test_spans_are_as_their_rows_say() -> None:
    carried: dict[str, set[str]] = {row.name: set() for row in SPANS}
    for span in told():
        row = row_of(span)
        assert set(span.attributes) <= set(row.attributes)
        assert (span.kind, span.parent_id is None) == (row.kind, row.parent is None)
        carried[row.name].update(span.attributes)
    assert carried == {row.name: set(row.attributes) for row in SPANS}


def test_each_attribute_of_a_row_stands_there_once() -> None:
    assert all(len(set(row.attributes)) == len(row.attributes) for row in SPANS)
