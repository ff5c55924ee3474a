"""The events of what syncs deployed: that it is there, healthy, or something older. Pure."""

from collections.abc import Iterable
from typing import Final

from observability.model.application import HistoryEntry, Target, deployments_after
from observability.model.event import Severity
from observability.model.state import Run
from observability.model.status import SyncKind, SyncStatus
from observability.signals.catalogue import EventRow, Occurrence
from observability.signals.identifiers import run_id
from observability.signals.transitions import Transition, initiator, known, person, revision_of, short, span_of

_WHOLE: Final = frozenset({SyncKind.AUTO, SyncKind.MANUAL, SyncKind.ROLLBACK})
"""Kinds of syncs that leave a new entry in the history."""


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
        after = f" after {short(before)}" if before is not None else ""
        by = person(t.context, name, automated=automated)
        body = f"{t.name}: {by} deployed {short(entry.target)}{after}"
        at = t.at if entry.deployed_at is None else entry.deployed_at
        key = _deployment(entry.id, entry.deployed_at, entry.target)
        yield Occurrence(at=at, key=key, body=body, attributes=attributes, span=span_of(t, run))


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
    body = f"{t.name}: {short(target)} is healthy" + (f" after {seconds:.0f} s" if seconds else "")
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
    body = f"{t.name}: rolled back to {short(memory.deployed)} {where}"
    return Occurrence(
        at=at,
        key=(scope, *_deployment(memory.deployed_id, memory.deployed_at, memory.deployed)),
        body=body,
        attributes=attributes,
        severity=Severity.WARN,
    )


DEPLOYED: Final[EventRow[Transition]] = EventRow(
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
)
ROLLED_BACK: Final[EventRow[Transition]] = EventRow(
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
)
HEALTHY_AFTER_DEPLOY: Final[EventRow[Transition]] = EventRow(
    name="gitops.application.healthy_after_deploy",
    help="The first Healthy after a deployment that was written after its sync ended.",
    occurrences=_healthy,
    attributes=(
        "gitops.revision",
        "gitops.deployment.id",
        "gitops.time_to_healthy_seconds",
        "gitops.images",
    ),
)
