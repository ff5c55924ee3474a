"""The events of sync operations: asked for, begun, held back, ended, healed. Pure."""

from collections.abc import Iterable
from typing import Final

from observability.model.application import Target
from observability.model.event import Attribute, Severity
from observability.model.state import ApplicationState, Run
from observability.model.status import Cause, Result, SyncKind, SyncStatus
from observability.signals.catalogue import EventRow, Occurrence
from observability.signals.deployments import DEPLOYED, HEALTHY_AFTER_DEPLOY, ROLLED_BACK
from observability.signals.identifiers import run_id
from observability.signals.transitions import Transition, initiator, known, person, revision_of, short, span_of

_WAITING: Final = frozenset({Cause.PENDING_REVISION, Cause.PENDING_SOURCE_CHANGE, Cause.NEVER_DEPLOYED})
"""Causes for which Argo CD syncs by itself, if it may."""
_OF_RUNS: Final = (
    "gitops.sync.kind",
    "gitops.sync.phase",
    "gitops.sync.dry_run",
    "gitops.sync.retries",
    "gitops.sync.queue_seconds",
    "gitops.revision",
    "gitops.initiator.name",
    "gitops.initiator.kind",
    "cicd.pipeline.name",
    "cicd.pipeline.action.name",
    "cicd.pipeline.run.id",
    "vcs.repository.url.full",
    "vcs.ref.head.revision",
)


def _runs(t: Transition) -> tuple[Run | None, Run | None]:
    """The run before and after, when there is a run and something about it is new; before None: it was another one."""
    before, after = t.before.memory.run, t.after.memory.run if t.after is not None else None
    if after is None or after is before or after == before:
        return None, None
    return (before if before is not None and _is_same(before, after) else None), after


def _is_same(before: Run, after: Run) -> bool:
    if before.started_at is None and before.result is None:
        return before.requested_at == after.requested_at and after.requested_at is not None
    return (before.started_at, before.number) == (after.started_at, after.number) and before.result in (
        None,
        after.result,
    )


def _key(t: Transition, run: Run) -> tuple[str | int | float, ...]:
    if run.started_at is None:
        return "version", _version(t)
    return run.started_at, run.number


def _version(t: Transition) -> str:
    return (t.after or t.before).facts.resource_version


def _of_run(t: Transition, run: Run, phase: str) -> dict[str, Attribute]:
    facts = (t.after or t.before).facts
    begun = run.started_at is not None
    return {
        **known(
            {
                "gitops.sync.kind": run.kind.value,
                "gitops.sync.phase": phase,
                "gitops.sync.dry_run": run.dry_run,
                "gitops.sync.retries": run.retries,
                "gitops.sync.queue_seconds": run.queue_seconds,
                "gitops.revision": revision_of(run.target),
                "cicd.pipeline.name": facts.name,
                "cicd.pipeline.action.name": "SYNC",
                "cicd.pipeline.run.id": run_id(t.context.cluster or "", facts.uid, run) if begun else None,
                "vcs.repository.url.full": facts.sources[0].repository if facts.sources else None,
                "vcs.ref.head.revision": run.target.revisions[0] if run.target.revisions else None,
            }
        ),
        **initiator(t.context, run.initiator, automated=run.automated),
    }


_WORDS: Final = {SyncKind.AUTO: "automated sync", SyncKind.SELF_HEAL: "self-heal", SyncKind.ROLLBACK: "rollback"}


def _what(run: Run) -> str:
    what = _WORDS.get(run.kind, f"{run.kind} sync")
    return f"dry run of {_a(what)}" if run.dry_run else what


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _to(target: Target) -> str:
    return f" to {short(target)}" if target.revisions else ""


def _requested(t: Transition) -> Iterable[Occurrence]:
    before, run = _runs(t)
    if run is None or run.requested_at is None or before is not None:
        return
    attributes = _of_run(t, run, "Requested")
    by = person(t.context, run.initiator, automated=run.automated)
    body = f"{t.name}: {by} asked for {_a(_what(run))}{_to(run.target)}"
    yield Occurrence(at=run.requested_at, key=_key(t, run), body=body, attributes=attributes, span=span_of(t, run))


def _started(t: Transition) -> Iterable[Occurrence]:
    before, run = _runs(t)
    if run is None or run.started_at is None or (before is not None and before.started_at is not None):
        return
    by = person(t.context, run.initiator, automated=run.automated)
    body = f"{t.name}: {_a(_what(run))}{_to(run.target)} by {by} began"
    attributes = _of_run(t, run, "Running")
    yield Occurrence(at=run.started_at, key=_key(t, run), body=body, attributes=attributes, span=span_of(t, run))


def _finished(t: Transition) -> Iterable[Occurrence]:
    before, run = _runs(t)
    if run is None or run.result is None or t.after is None or (before is not None and before.result is not None):
        return
    operation = t.after.facts.operation
    phase = operation.phase if operation is not None and operation.phase is not None else None
    ended_at = t.at if run.finished_at is None else run.finished_at
    failed = run.result is not Result.SUCCESS
    attributes = _of_run(t, run, phase.value if phase is not None else "") | known(
        {
            "gitops.sync.duration_seconds": None if run.started_at is None else max(0.0, ended_at - run.started_at),
            "cicd.pipeline.result": run.result.value,
            "error.type": run.result.value if failed else None,
            "gitops.sync.message": run.message if failed else None,
        }
    )
    said = f": {run.message}" if failed and run.message else ""
    body = f"{t.name}: the {_what(run)}{_to(run.target)} ended with {run.result}{said}"
    severity = t.bad if failed and run.result is not Result.CANCELLATION else Severity.INFO
    yield Occurrence(
        at=ended_at, key=_key(t, run), body=body, attributes=attributes, severity=severity, span=span_of(t, run)
    )


def _blocked(t: Transition) -> Iterable[Occurrence]:
    before, run = _runs(t)
    if run is not None and run.blocked and not (before is not None and before.blocked):
        body = f"{t.name}: a sync window holds back the {_what(run)}{_to(run.target)}"
        attributes = _of_run(t, run, "Running")
        span = span_of(t, run)
        yield Occurrence(at=t.at, key=_key(t, run), body=body, attributes=attributes, severity=Severity.WARN, span=span)
    elif t.after is not None and _is_held(t.after) and not _is_held(t.before):
        desired = t.after.facts.desired
        body = f"{t.name}: a sync window holds back the automated sync{_to(desired)}"
        attributes = known({"gitops.sync.kind": SyncKind.AUTO.value, "gitops.revision": revision_of(desired)})
        attributes |= initiator(t.context, "", automated=True)
        yield Occurrence(at=t.at, key=("held", _version(t)), body=body, attributes=attributes, severity=Severity.WARN)


def _is_held(state: ApplicationState) -> bool:
    """A sync would have begun by itself, had a window not forbidden it: Argo CD does not say so."""
    facts, memory = state.facts, state.memory
    if state.windows is None or state.windows.can_sync_auto or not facts.automated or facts.requested:
        return False
    if facts.sync is not SyncStatus.OUT_OF_SYNC or memory.running or facts.skip_reconcile:
        return False
    return memory.cause in _WAITING or (memory.cause is Cause.LIVE_DRIFT and facts.self_heal)


def _self_healed(t: Transition) -> Iterable[Occurrence]:
    """A run that healed, once it succeeded; and attempts that were made and ended while nobody watched."""
    if t.after is None:
        return
    before, run = _runs(t)
    heals = run is not None and run.kind is SyncKind.SELF_HEAL
    is_new = heals and (before is None or before.started_at is None)
    unseen = t.after.memory.self_heals - t.before.memory.self_heals - is_new
    seen_in = t.after.facts.operation_started_at or _version(t)
    for number in range(unseen):
        body = f"{t.name}: Argo CD healed it while nobody watched"
        yield Occurrence(at=t.at, key=("unseen", seen_in, number), body=body)
    if heals and run is not None and run.result is Result.SUCCESS and (before is None or before.result is None):
        at = t.at if run.finished_at is None else run.finished_at
        attributes = _of_run(t, run, "Succeeded")
        body = f"{t.name}: Argo CD healed it"
        yield Occurrence(at=at, key=_key(t, run), body=body, attributes=attributes, span=span_of(t, run))


SYNC_EVENTS: Final[tuple[EventRow[Transition], ...]] = (
    EventRow(
        name="gitops.application.sync.requested",
        help="`.operation` was seen to appear: somebody, or Argo CD, asked for a sync.",
        occurrences=_requested,
        attributes=_OF_RUNS,
    ),
    EventRow(
        name="gitops.application.sync.started",
        help="status.operationState says Running for an operation that is not the one before.",
        occurrences=_started,
        attributes=_OF_RUNS,
    ),
    EventRow(
        name="gitops.application.blocked",
        help="A sync window holds back a sync: a parked operation, or an automated sync that silently does not begin.",
        occurrences=_blocked,
        attributes=_OF_RUNS,
    ),
    DEPLOYED,
    EventRow(
        name="gitops.application.sync.finished",
        help="An operation ended: status.operationState.phase is Succeeded, Failed or Error.",
        occurrences=_finished,
        attributes=(
            *_OF_RUNS,
            "gitops.sync.duration_seconds",
            "cicd.pipeline.result",
            "error.type",
            "gitops.sync.message",
        ),
    ),
    EventRow(
        name="gitops.application.self_healed",
        help="A self-heal succeeded. Those that ended while nobody watched are told by autoHealAttemptsCount, with no "
        "attributes of a sync.",
        occurrences=_self_healed,
        attributes=_OF_RUNS,
    ),
    ROLLED_BACK,
    HEALTHY_AFTER_DEPLOY,
)
"""Events of what was done to an Application, in the order in which one update tells them."""
