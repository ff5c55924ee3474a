"""The events of sync operations: asked for, begun, held back, ended; what they deployed and healed. Pure."""

from collections.abc import Iterable
from typing import Final

from observability.model.application import HistoryEntry, Target, deployments_after
from observability.model.event import Attribute, Link, Severity
from observability.model.promotion import SyncMark
from observability.model.state import ApplicationState, Run
from observability.model.status import Cause, Result, SyncKind, SyncStatus
from observability.signals.catalogue import EventRow, Occurrence
from observability.signals.identifiers import run_id, sync_span, sync_trace
from observability.signals.transitions import Transition, initiator, known, person, revision_of

_WHOLE: Final = frozenset({SyncKind.AUTO, SyncKind.MANUAL, SyncKind.ROLLBACK})
"""Kinds of syncs that leave a new entry in the history."""
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


def _span(t: Transition, run: Run | None) -> Link | None:
    """The root span of the run, which is told once it has ended; None of a dry run and of one without a start."""
    if run is None or run.started_at is None or run.dry_run:
        return None
    facts, cluster = (t.after or t.before).facts, t.context.cluster or ""
    sync = SyncMark(facts.namespace, facts.name, facts.uid, run.started_at, run.number)
    return Link(sync_trace(cluster, sync), sync_span(cluster, sync))


_WORDS: Final = {SyncKind.AUTO: "automated sync", SyncKind.SELF_HEAL: "self-heal", SyncKind.ROLLBACK: "rollback"}


def _what(run: Run) -> str:
    what = _WORDS.get(run.kind, f"{run.kind} sync")
    return f"dry run of {_a(what)}" if run.dry_run else what


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _to(target: Target) -> str:
    return f" to {_short(target)}" if target.revisions else ""


def _short(target: Target | None) -> str:
    """Revisions for people: commits cut to what Git shows."""
    if target is None or not target.revisions:
        return "an unknown revision"
    return ", ".join(one[:12] if len(one) == 40 else one for one in target.revisions)


def _requested(t: Transition) -> Iterable[Occurrence]:
    before, run = _runs(t)
    if run is None or run.requested_at is None or before is not None:
        return
    attributes = _of_run(t, run, "Requested")
    by = person(t.context, run.initiator, automated=run.automated)
    body = f"{t.name}: {by} asked for {_a(_what(run))}{_to(run.target)}"
    yield Occurrence(at=run.requested_at, key=_key(t, run), body=body, attributes=attributes, span=_span(t, run))


def _started(t: Transition) -> Iterable[Occurrence]:
    before, run = _runs(t)
    if run is None or run.started_at is None or (before is not None and before.started_at is not None):
        return
    by = person(t.context, run.initiator, automated=run.automated)
    body = f"{t.name}: {_a(_what(run))}{_to(run.target)} by {by} began"
    attributes = _of_run(t, run, "Running")
    yield Occurrence(at=run.started_at, key=_key(t, run), body=body, attributes=attributes, span=_span(t, run))


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
        at=ended_at, key=_key(t, run), body=body, attributes=attributes, severity=severity, span=_span(t, run)
    )


def _blocked(t: Transition) -> Iterable[Occurrence]:
    before, run = _runs(t)
    if run is not None and run.blocked and not (before is not None and before.blocked):
        body = f"{t.name}: a sync window holds back the {_what(run)}{_to(run.target)}"
        attributes = _of_run(t, run, "Running")
        span = _span(t, run)
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


def _deployments(t: Transition) -> list[tuple[HistoryEntry, Target | None]]:
    if t.after is None or not t.after.facts.history:
        return []
    memory = t.before.memory
    newest = t.after.memory
    if (newest.deployed_id, newest.deployed_at) == (memory.deployed_id, memory.deployed_at):
        return []
    return deployments_after(t.after.facts.history, memory.deployed_id, memory.deployed_at, memory.deployed)


def _deployed(t: Transition) -> Iterable[Occurrence]:
    for entry, before in _deployments(t):
        run = _run_of(t, entry)
        facts = (t.after or t.before).facts
        kind = run.kind if run is not None else SyncKind.AUTO if entry.automated else SyncKind.MANUAL
        attributes = known(
            {
                "gitops.revision": revision_of(entry.target),
                "gitops.previous_revision": revision_of(before),
                "gitops.deployment.id": entry.id,
                "gitops.sync.kind": kind.value,
                "cicd.pipeline.run.id": run_id(t.context.cluster or "", facts.uid, run) if run is not None else None,
                "vcs.repository.url.full": facts.sources[0].repository if facts.sources else None,
                "vcs.ref.head.revision": entry.target.revisions[0],
            }
        )
        name = run.initiator if run is not None else entry.username
        automated = run.automated if run is not None else entry.automated
        attributes |= initiator(t.context, name, automated=automated)
        if facts.images and _images_are_of(t, entry):
            attributes["gitops.images"] = facts.images
        after = f" after {_short(before)}" if before is not None else ""
        by = person(t.context, name, automated=automated)
        body = f"{t.name}: {by} deployed {_short(entry.target)}{after}"
        at = t.at if entry.deployed_at is None else entry.deployed_at
        key = _deployment(entry.id, entry.deployed_at, entry.target)
        yield Occurrence(at=at, key=key, body=body, attributes=attributes, span=_span(t, run))


def _deployment(identifier: int, at: float | None, target: Target | None) -> tuple[str | int | float, ...]:
    """What tells it from others of the same Application: identifiers may begin anew."""
    return identifier, revision_of(target) if at is None else at


def _run_of(t: Transition, entry: HistoryEntry) -> Run | None:
    """The run that deployed an entry; None when it was not seen."""
    for run in (t.after.memory.run if t.after is not None else None, t.before.memory.run):
        if run is None or run.started_at is None or run.dry_run or run.kind not in _WHOLE:
            continue
        begun = entry.deployed_at is None or run.started_at <= entry.deployed_at
        ended = run.finished_at is not None and entry.deployed_at is not None and run.finished_at < entry.deployed_at
        if begun and not ended and run.target.revisions in ((), entry.target.revisions):
            return run
    return None


def _images_are_of(t: Transition, entry: HistoryEntry) -> bool:
    """The images that are seen now are those of that deployment: of one that is only now told of, long after."""
    if t.after is None or entry.id != t.after.memory.deployed_id:
        return False
    return t.after.memory.awaited is None and t.after.facts.sync is SyncStatus.SYNCED


def _healthy(t: Transition) -> Iterable[Occurrence]:
    if t.after is None:
        return
    before, after = t.before.memory, t.after.memory
    if after.awaited is not None or after.healthy_at is None:
        return
    if before.awaited is None and (before.healthy_at == after.healthy_at or not _deployments(t)):
        return
    identifier, target = after.deployed_id, after.deployed
    finished_at = after.deployed_at
    if before.awaited is not None and not _deployments(t):
        identifier, target = before.awaited.id, before.awaited.target
        finished_at = before.awaited.finished_at
    operation = t.after.facts.operation
    if finished_at is None and operation is not None:
        finished_at = operation.finished_at
    seconds = max(0.0, after.healthy_at - finished_at) if finished_at is not None else None
    attributes = known(
        {
            "gitops.revision": revision_of(target),
            "gitops.deployment.id": identifier,
            "gitops.time_to_healthy_seconds": seconds,
            "gitops.images": t.after.facts.images or None,
        }
    )
    body = f"{t.name}: {_short(target)} is healthy" + (f" after {seconds:.0f} s" if seconds else "")
    yield Occurrence(at=after.healthy_at, key=(identifier, after.deployed_at or 0), body=body, attributes=attributes)


def _rolled_back(t: Transition) -> Iterable[Occurrence]:
    if t.after is None:
        return
    before, after = t.before.memory, t.after.memory
    is_new = bool(_deployments(t))
    at = t.at if after.deployed_at is None else after.deployed_at
    if after.rolled_back and (is_new or not before.rolled_back):
        yield _rollback(t, "cluster", at)
    if after.reverted_id != before.reverted_id and after.reverted_id == after.deployed_id:
        yield _rollback(t, "git", at)


def _rollback(t: Transition, scope: str, at: float) -> Occurrence:
    memory = (t.after or t.before).memory
    news, awaited = _deployments(t), t.before.memory.awaited
    before = news[-1][1] if news else awaited.before if awaited is not None else None
    attributes = known(
        {
            "gitops.rollback.scope": scope,
            "gitops.revision": revision_of(memory.deployed),
            "gitops.previous_revision": revision_of(before),
            "gitops.deployment.id": memory.deployed_id,
        }
    )
    where = "in the cluster, which Git does not know" if scope == "cluster" else "by Git"
    body = f"{t.name}: rolled back to {_short(memory.deployed)} {where}"
    return Occurrence(
        at=at,
        key=(scope, *_deployment(memory.deployed_id, memory.deployed_at, memory.deployed)),
        body=body,
        attributes=attributes,
        severity=Severity.WARN,
    )


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
        yield Occurrence(at=at, key=_key(t, run), body=body, attributes=attributes, span=_span(t, run))


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
    EventRow(
        name="gitops.application.deployed",
        help="A new entry of status.history whose content is not that of the entry before. The images are told where "
        "they are known by then; `healthy_after_deploy` tells them.",
        occurrences=_deployed,
        attributes=(
            "gitops.revision",
            "gitops.previous_revision",
            "gitops.deployment.id",
            "gitops.sync.kind",
            "gitops.images",
            "gitops.initiator.name",
            "gitops.initiator.kind",
            "cicd.pipeline.run.id",
            "vcs.repository.url.full",
            "vcs.ref.head.revision",
        ),
    ),
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
    EventRow(
        name="gitops.application.rolled_back",
        help="Something older was deployed again: in the cluster, where Git wants something else, or because Git went "
        "back (to an earlier revision, or to an earlier set of images).",
        occurrences=_rolled_back,
        attributes=(
            "gitops.rollback.scope",
            "gitops.revision",
            "gitops.previous_revision",
            "gitops.deployment.id",
        ),
    ),
    EventRow(
        name="gitops.application.healthy_after_deploy",
        help="The first Healthy after a deployment that was written after its sync ended.",
        occurrences=_healthy,
        attributes=(
            "gitops.revision",
            "gitops.deployment.id",
            "gitops.time_to_healthy_seconds",
            "gitops.images",
        ),
    ),
)
"""Events of what was done to an Application, in the order in which one update tells them."""
