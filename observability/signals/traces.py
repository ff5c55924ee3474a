"""Traces: each finished sync is one, and each journey through the environments is one. Pure.

The status of a span stays unset unless something failed, as the conventions want it. Attributes follow OpenTelemetry's
semantic conventions where these have a name, `gitops.*` is ours.
Source: OpenTelemetry semantic conventions 1.37, docs/cicd/cicd-spans.md.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from observability.model.application import Application, SyncedResource
from observability.model.event import Attribute, Link, Span, SpanStatus
from observability.model.promotion import Arrived, Delivered, Journey, SyncMark
from observability.model.state import ApplicationState, Change, Run
from observability.model.status import Result
from observability.signals import identifiers, spans
from observability.signals.spans import MOST_CHILDREN
from observability.signals.transitions import Context, initiator

_FAILED: Final = frozenset({"SyncFailed"})
_HOOK_FAILED: Final = frozenset({"Failed", "Error"})


def finished(change: Change) -> Run | None:
    """The sync that ended with this change; None: none did, it was a dry run, or it ended before we came."""
    before, after = change.before, change.after
    if not isinstance(after, ApplicationState) or (before is None and not change.born):
        return None
    if isinstance(before, ApplicationState) and before.memory is after.memory:  # nearly all are such
        return None
    run = after.memory.run
    if run is None or run.result is None or run.started_at is None or run.finished_at is None or run.dry_run:
        return None
    known = before.memory.run if isinstance(before, ApplicationState) else None
    if known is not None and known.result is not None and _same(known, run):
        return None
    return run


def sync_span(change: Change, context: Context, most: int = MOST_CHILDREN) -> Span | None:
    """The sync that ended with this change, with its resources and hooks; None when none did.

    There are `most` of them at most: `gitops.sync.resources_left_out` says how many are left out.
    """
    run, state = finished(change), change.after
    if run is None or run.started_at is None or not isinstance(state, ApplicationState):
        return None
    sync = SyncMark(change.key.namespace, change.key.name, state.facts.uid, run.started_at, run.number)
    resources = state.facts.operation.resources if state.facts.operation is not None else ()
    kept = tuple(map(_without_praise, resources[:most]))
    return _root(state, run, sync, context, kept, len(resources) - len(kept))


def spans_of(span: Span) -> Iterator[Span]:
    """The span, and those of its resources and hooks, as they are sent.

    Argo CD does not record when it worked on each of them: children have the times of the whole sync. What is listed
    twice is told apart by its place among its likes.
    """
    if not span.resources:
        yield span
        return
    yield replace(span, resources=())
    seen: dict[tuple[str, ...], int] = {}
    for one in span.resources:
        what = (one.group, one.kind, one.namespace, one.name, one.phase, one.hook_type)
        place = seen.get(what, 0)
        seen[what] = place + 1
        yield _child(span, one, identifiers.span(span.trace_id, *what, place))


def journey_span(told: Delivered | Arrived, context: Context) -> Span:
    """The span of a delivery to one environment, or of the whole journey once it is over."""
    return _delivery(told, context) if isinstance(told, Delivered) else _journey(told, context)


def _of_environment(context: Context, environment: str) -> dict[str, Attribute]:
    return {
        "gitops.environment": environment,
        "deployment.environment.name": context.otel_names.get(environment, environment),
        **_of_cluster(context),
    }


def _of_cluster(context: Context) -> dict[str, Attribute]:
    return {"k8s.cluster.name": context.cluster} if context.cluster else {}


def _same(one: Run, other: Run) -> bool:
    return (one.started_at, one.number) == (other.started_at, other.number)


def _root(
    state: ApplicationState,
    run: Run,
    sync: SyncMark,
    context: Context,
    resources: tuple[SyncedResource, ...],
    left_out: int,
) -> Span:
    identity, facts = state.identity, state.facts
    attributes: dict[str, Attribute] = {
        **_of_environment(context, identity.environment),
        "gitops.engine": identity.engine,
        "gitops.project": identity.project,
        "gitops.service": identity.service,
        "service.name": identity.service,
        "gitops.application.name": facts.name,
        "gitops.application.namespace": facts.namespace,
        "gitops.application.uid": facts.uid,
        "k8s.namespace.name": facts.namespace,
        "cicd.pipeline.name": facts.name,
        "cicd.pipeline.action.name": "SYNC",
        "cicd.pipeline.run.id": identifiers.run_id(context.cluster or "", facts.uid, run),
        **_of_run(run, facts, context),
    }
    if left_out:
        attributes["gitops.sync.resources_left_out"] = left_out
    started_at, ended_at = sync.started_at, max(sync.started_at, run.finished_at or sync.started_at)
    failed = run.result is not Result.SUCCESS
    return Span(
        trace_id=identifiers.sync_trace(context.cluster or "", sync),
        id=identifiers.sync_span(context.cluster or "", sync),
        parent_id=None,
        name=spans.SYNC.named(application=facts.name),
        kind=spans.SYNC.kind,
        started_at=started_at,
        ended_at=ended_at,
        status=SpanStatus.ERROR if failed else SpanStatus.UNSET,
        message=run.message if failed else "",
        subject=f"Application/{facts.namespace}/{facts.name}",
        attributes=attributes,
        resources=resources,
    )


def _of_run(run: Run, facts: Application, context: Context) -> dict[str, Attribute]:
    result = run.result or Result.ERROR
    found: dict[str, Attribute] = {
        "cicd.pipeline.result": result.value,
        "gitops.sync.kind": run.kind.value,
        "gitops.sync.retries": run.retries,
        **initiator(context, run.initiator, automated=run.automated),
    }
    if run.started_at is not None and run.finished_at is not None:
        found["gitops.sync.duration_seconds"] = max(0.0, run.finished_at - run.started_at)
    if run.queue_seconds is not None:
        found["gitops.sync.queue_seconds"] = run.queue_seconds
    if run.target.revisions:
        found["gitops.revision"] = ",".join(run.target.revisions)
        found["vcs.ref.head.revision"] = run.target.revisions[0]
    if facts.sources and facts.sources[0].repository:
        found["vcs.repository.url.full"] = facts.sources[0].repository
    if result is not Result.SUCCESS:
        found["error.type"] = result.value
    return found


def _has_failed(one: SyncedResource) -> bool:
    return one.hook_phase in _HOOK_FAILED if one.hook_type else one.status in _FAILED


def _without_praise(one: SyncedResource) -> SyncedResource:
    """Only of what failed the message is told; that of all else would be most of what is kept."""
    return replace(one, message="") if one.message and not _has_failed(one) else one


def _child(root: Span, one: SyncedResource, identifier: str) -> Span:
    failed = _has_failed(one)
    name = spans.RESOURCE.named(kind=one.kind, name=one.name)
    attributes: dict[str, Attribute] = {
        "cicd.pipeline.task.name": name,
        "cicd.pipeline.task.run.id": identifier,
        "cicd.pipeline.task.run.result": (Result.FAILURE if failed else Result.SUCCESS).value,
        "cicd.pipeline.task.type": "deploy",
        "gitops.resource.group": one.group,
        "gitops.resource.kind": one.kind,
        "gitops.resource.name": one.name,
    }
    further = (
        ("gitops.resource.namespace", one.namespace),
        ("gitops.resource.status", one.status),
        ("gitops.resource.phase", one.phase),
        ("gitops.hook.type", one.hook_type),
        ("gitops.hook.phase", one.hook_phase if one.hook_type else ""),
        ("error.type", Result.FAILURE.value if failed else ""),
    )
    attributes.update([pair for pair in further if pair[1]])
    return Span(
        trace_id=root.trace_id,
        id=identifier,
        parent_id=root.id,
        name=name,
        kind=spans.RESOURCE.kind,
        started_at=root.started_at,
        ended_at=root.ended_at,
        status=SpanStatus.ERROR if failed else SpanStatus.UNSET,
        message=one.message if failed else "",
        subject=root.subject,
        attributes=attributes,
    )


def _delivery(told: Delivered, context: Context) -> Span:
    trace_id = identifiers.journey_trace(context.cluster or "", told.journey)
    identifier = identifiers.span(trace_id, told.environment, told.result.value, told.started_at, *_marks(told.syncs))
    failed = told.result not in (Result.SUCCESS, Result.CANCELLATION)
    name = spans.DELIVER.named(environment=told.environment)
    attributes: dict[str, Attribute] = {
        **_of_journey(told.journey, trace_id),
        **_of_environment(context, told.environment),
        "cicd.pipeline.task.name": name,
        "cicd.pipeline.task.run.id": identifier,
        "cicd.pipeline.task.run.result": told.result.value,
        "cicd.pipeline.task.type": "deploy",
    }
    if told.revision:
        attributes["gitops.revision"] = ",".join(told.revision)
        attributes["vcs.ref.head.revision"] = told.revision[0]
    if told.images:
        attributes["gitops.images"] = told.images
    if failed:
        attributes["error.type"] = told.result.value
    return Span(
        trace_id=trace_id,
        id=identifier,
        parent_id=identifiers.journey_span(trace_id),
        name=name,
        kind=spans.DELIVER.kind,
        started_at=told.started_at,
        ended_at=told.ended_at,
        status=SpanStatus.ERROR if failed else SpanStatus.UNSET,
        message=told.message if failed else "",
        subject=_subject(told.journey),
        attributes=attributes,
        links=tuple(
            Link(identifiers.sync_trace(context.cluster or "", one), identifiers.sync_span(context.cluster or "", one))
            for one in told.syncs
        ),
    )


def _marks(syncs: Sequence[SyncMark]) -> Iterator[str | float]:
    for one in syncs:
        yield from (one.uid, one.started_at, one.number)


def _journey(told: Arrived, context: Context) -> Span:
    trace_id = identifiers.journey_trace(context.cluster or "", told.journey)
    return Span(
        trace_id=trace_id,
        id=identifiers.journey_span(trace_id),
        parent_id=None,
        name=spans.PROMOTE.named(service=told.journey.service),
        kind=spans.PROMOTE.kind,
        started_at=told.started_at,
        ended_at=told.ended_at,
        status=SpanStatus.UNSET,
        message="",
        subject=_subject(told.journey),
        attributes={
            **_of_journey(told.journey, trace_id),
            **_of_cluster(context),
            "cicd.pipeline.result": (Result.SUCCESS if told.complete else Result.CANCELLATION).value,
            "gitops.promotion.environments": told.environments,
            "gitops.promotion.superseded": not told.complete,
        },
    )


def _of_journey(journey: Journey, trace_id: str) -> dict[str, Attribute]:
    return {
        "gitops.engine": journey.engine,
        "gitops.project": journey.project,
        "gitops.service": journey.service,
        "service.name": journey.service,
        "cicd.pipeline.name": journey.service,
        "cicd.pipeline.action.name": "PROMOTE",
        "cicd.pipeline.run.id": trace_id,
        "gitops.promotion.key": journey.key.value,
        "gitops.promotion.value": ",".join(journey.value),
    }


def _subject(journey: Journey) -> str:
    return f"Service/{journey.project}/{journey.service}"
