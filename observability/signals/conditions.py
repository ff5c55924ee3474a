"""The events of how an Application is: health, sync status, drift, policies, conditions, beginning and end. Pure."""

from collections.abc import Iterable
from typing import Final

from observability.model.event import Attribute, Severity
from observability.model.state import ApplicationState, Drift
from observability.model.status import Cause, HealthStatus, SyncKind, SyncStatus
from observability.signals.catalogue import EventRow, Occurrence
from observability.signals.transitions import Transition, changed, known, revision_of

_PENDING: Final = frozenset({Cause.PENDING_REVISION, Cause.PENDING_SOURCE_CHANGE})
_HEALTH: Final = tuple(HealthStatus)
_UNWELL: Final = frozenset({HealthStatus.MISSING, HealthStatus.UNKNOWN})


def _created(t: Transition) -> Iterable[Occurrence]:
    if t.born and t.after is not None:
        at = t.at if t.after.facts.created_at is None else t.after.facts.created_at
        yield Occurrence(at=at, key=(), body=f"{t.name}: the Application was created")


def _deleted(t: Transition) -> Iterable[Occurrence]:
    if t.after is None:
        at = t.at if t.before.facts.deleted_at is None else t.before.facts.deleted_at
        yield Occurrence(at=at, key=(), body=f"{t.name}: the Application was deleted")


def _health(t: Transition) -> Iterable[Occurrence]:
    if t.after is None or t.after.facts.health is t.before.facts.health:
        return
    facts, memory = t.after.facts, t.before.memory
    at = t.at if facts.health_since is None else facts.health_since
    over = memory.degraded_since is not None and t.after.memory.degraded_since is None
    seconds = max(0.0, at - memory.degraded_since) if over and memory.degraded_since is not None else None
    attributes = known(
        {
            "gitops.health.status": facts.health.value,
            "gitops.health.previous_status": t.before.facts.health.value,
            "gitops.degraded.duration_seconds": seconds,
            "gitops.revision": revision_of(t.after.memory.deployed),
        }
    )
    severity = Severity.INFO
    if facts.health is HealthStatus.DEGRADED:
        severity = t.bad
    elif facts.health in _UNWELL:
        severity = Severity.WARN
    body = f"{t.name}: {facts.health}, was {t.before.facts.health}"
    yield Occurrence(at=at, key=_health_key(t, t.after), body=body, attributes=attributes, severity=severity)


def _health_key(t: Transition, after: ApplicationState) -> tuple[str | int | float, ...]:
    """Whoever did not see all of it knows the second in which it became so, and mostly how often in that second."""
    facts, left = after.facts, after.memory.health_left
    if facts.health_since is None:
        return t.before.facts.health.value, facts.health.value, facts.resource_version
    return facts.health.value, facts.health_since, left[_HEALTH.index(facts.health)] if left else 0


def _sync_status(t: Transition) -> Iterable[Occurrence]:
    if t.after is None or t.after.facts.sync is t.before.facts.sync:
        return
    now, before = t.after.facts.sync, t.before.facts.sync
    attributes = known(
        {
            "gitops.sync_status": now.value,
            "gitops.previous_sync_status": before.value,
            "gitops.revision": revision_of(t.after.facts.desired),
        }
    )
    severity = Severity.WARN if now is SyncStatus.UNKNOWN else Severity.INFO
    body = f"{t.name}: {now}, was {before}"
    key = (before.value, now.value, t.after.facts.resource_version)
    yield Occurrence(at=t.at, key=key, body=body, attributes=attributes, severity=severity)


def _cause(t: Transition) -> Iterable[Occurrence]:
    before = t.before.memory.cause
    after = t.after.memory.cause if t.after is not None else None
    if after is before or t.after is None:
        return
    since = t.before.memory.out_of_sync_since
    over = after is None and t.after.memory.out_of_sync_since is None and since is not None
    attributes = known(
        {
            "gitops.out_of_sync.cause": after.value if after is not None else None,
            "gitops.out_of_sync.previous_cause": before.value if before is not None else None,
            "gitops.out_of_sync.confidence": _confidence(t.after.memory.witnessed) if after is not None else None,
            "gitops.out_of_sync.duration_seconds": max(0.0, t.at - since) if over and since is not None else None,
        }
    )
    if after is None:
        body = (
            f"{t.name}: no longer OutOfSync ({before})" if over else f"{t.name}: why it is OutOfSync is not known now"
        )
    else:
        body = f"{t.name}: OutOfSync because of {after}"
    key = (before.value if before else "", after.value if after else "", t.after.facts.resource_version)
    yield Occurrence(at=t.at, key=key, body=body, attributes=attributes)


def _confidence(witnessed: bool) -> str:
    return "high" if witnessed else "low"


def _of_drift(drift: Drift) -> dict[str, Attribute]:
    return {
        "gitops.out_of_sync.cause": drift.cause.value,
        "gitops.out_of_sync.confidence": _confidence(drift.witnessed),
    }


def _drift_detected(t: Transition) -> Iterable[Occurrence]:
    drift = t.after.memory.drift if t.after is not None else None
    if drift is None or drift == t.before.memory.drift:
        return
    body = f"{t.name}: the cluster is not as Git wants it ({drift.cause})"
    yield Occurrence(
        at=drift.detected_at,
        key=_drift_key(drift),
        body=body,
        attributes=_of_drift(drift),
        severity=Severity.WARN,
    )


def _drift_resolved(t: Transition) -> Iterable[Occurrence]:
    drift = t.before.memory.drift
    if drift is None or (t.after is not None and t.after.memory.drift == drift):
        return
    seconds = max(0.0, t.at - drift.detected_at)
    resolution = _resolution(t)
    attributes = _of_drift(drift) | {
        "gitops.out_of_sync.duration_seconds": seconds,
        "gitops.drift.resolution": resolution,
    }
    body = f"{t.name}: drift of {seconds:.0f} s is over ({resolution})"
    yield Occurrence(at=t.at, key=_drift_key(drift), body=body, attributes=attributes)


def _drift_key(drift: Drift) -> tuple[str | int | float, ...]:
    return (drift.version or drift.detected_at,)


def _resolution(t: Transition) -> str:
    if t.after is None or t.after.facts.deleted_at is not None:
        return "deleted"
    if t.after.facts.sync is not SyncStatus.SYNCED:
        return "superseded"
    run, drift = t.after.memory.run, t.before.memory.drift
    if run is not None and run.kind is SyncKind.SELF_HEAL and drift is not None:
        # Argo CD's times are whole seconds.
        began_after = run.started_at is not None and run.started_at + 1.0 >= drift.detected_at
        return "self_healed" if began_after else "synced"
    return "synced"


def _revision_pending(t: Transition) -> Iterable[Occurrence]:
    if t.after is None or t.after.memory.cause not in _PENDING:
        return
    facts, memory = t.after.facts, t.after.memory
    if t.before.memory.cause in _PENDING and t.before.facts.desired == facts.desired:
        return
    attributes = known(
        {
            "gitops.out_of_sync.cause": memory.cause.value if memory.cause is not None else None,
            "gitops.out_of_sync.confidence": _confidence(memory.witnessed),
            "gitops.revision": revision_of(facts.desired),
            "gitops.previous_revision": revision_of(memory.deployed),
            "vcs.repository.url.full": facts.sources[0].repository if facts.sources else None,
            "vcs.ref.head.revision": facts.desired.revisions[0] if facts.desired.revisions else None,
        }
    )
    what = "a new revision" if memory.cause is Cause.PENDING_REVISION else "a change of the source"
    body = f"{t.name}: {what} waits to be deployed"
    yield Occurrence(
        at=t.at, key=(revision_of(facts.desired), facts.resource_version), body=body, attributes=attributes
    )


def _violated(t: Transition) -> Iterable[Occurrence]:
    if t.after is None or t.after.violations == t.before.violations:
        return
    came, _ = changed(t.before.violations, t.after.violations)
    version = t.after.facts.resource_version
    for policy in came:
        body = f"{t.name}: violates the policy {policy} of {t.after.identity.environment}"
        attributes: dict[str, Attribute] = {"gitops.policy": str(policy)}
        yield Occurrence(at=t.at, key=(str(policy), version), body=body, attributes=attributes, severity=Severity.WARN)


def _restored(t: Transition) -> Iterable[Occurrence]:
    if t.after is None or t.after.violations == t.before.violations:
        return
    _, went = changed(t.before.violations, t.after.violations)
    version = t.after.facts.resource_version
    for policy in went:
        body = f"{t.name}: no longer violates the policy {policy} of {t.after.identity.environment}"
        yield Occurrence(at=t.at, key=(str(policy), version), body=body, attributes={"gitops.policy": str(policy)})


def _raised(t: Transition) -> Iterable[Occurrence]:
    if t.after is None or t.after.facts.conditions == t.before.facts.conditions:
        return
    before = {one.type for one in t.before.facts.conditions}
    for one in t.after.facts.conditions:
        if one.type in before:
            continue
        before.add(one.type)
        at = t.at if one.since is None else one.since
        severity = t.bad if one.type.endswith("Error") else Severity.WARN
        body = f"{t.name}: {one.type}: {one.message}" if one.message else f"{t.name}: {one.type}"
        key = (one.type, *_since(t, one.type, one.since))
        yield Occurrence(at=at, key=key, body=body, attributes={"gitops.condition": one.type}, severity=severity)


def _since(t: Transition, condition: str, since: float | None) -> tuple[str | float, ...]:
    """What tells it from others of its type: when it came, and the version too when it came before in that second."""
    version = (t.after or t.before).facts.resource_version
    if since is None:
        return (version,)
    return (since, version) if (condition, since) in t.before.memory.conditions else (since,)


def _cleared(t: Transition) -> Iterable[Occurrence]:
    if t.after is None or t.after.facts.conditions == t.before.facts.conditions:
        return
    _, went = changed(
        dict.fromkeys(one.type for one in t.before.facts.conditions), (one.type for one in t.after.facts.conditions)
    )
    for one in went:
        key = (one, t.after.facts.resource_version)
        yield Occurrence(at=t.at, key=key, body=f"{t.name}: {one} is over", attributes={"gitops.condition": one})


CREATED: Final[EventRow[Transition]] = EventRow(
    name="gitops.application.created",
    help="An Application was created since the first list.",
    occurrences=_created,
)
DELETED: Final[EventRow[Transition]] = EventRow(
    name="gitops.application.deleted",
    help="An Application is gone. It happened when metadata.deletionTimestamp says, as far as that was seen.",
    occurrences=_deleted,
)
CONDITION_EVENTS: Final[tuple[EventRow[Transition], ...]] = (
    EventRow(
        name="gitops.application.health.changed",
        help="status.health.status is another. Degraded is an ERROR in the last environment, a WARN elsewhere. The "
        "duration is told when a degradation is over: Healthy or Suspended again.",
        occurrences=_health,
        attributes=(
            "gitops.health.status",
            "gitops.health.previous_status",
            "gitops.degraded.duration_seconds",
            "gitops.revision",
        ),
    ),
    EventRow(
        name="gitops.application.sync_status.changed",
        help="status.sync.status is another.",
        occurrences=_sync_status,
        attributes=("gitops.sync_status", "gitops.previous_sync_status", "gitops.revision"),
    ),
    EventRow(
        name="gitops.application.out_of_sync.changed",
        help="Why it is OutOfSync is another cause, or none.",
        occurrences=_cause,
        attributes=(
            "gitops.out_of_sync.cause",
            "gitops.out_of_sync.previous_cause",
            "gitops.out_of_sync.confidence",
            "gitops.out_of_sync.duration_seconds",
        ),
    ),
    EventRow(
        name="gitops.application.drift.resolved",
        help="A drift is over: `synced`, `self_healed`, `superseded` by something that is pending or was rolled "
        "back, or `deleted`.",
        occurrences=_drift_resolved,
        attributes=(
            "gitops.out_of_sync.cause",
            "gitops.out_of_sync.confidence",
            "gitops.out_of_sync.duration_seconds",
            "gitops.drift.resolution",
        ),
    ),
    EventRow(
        name="gitops.application.drift.detected",
        help="The cluster is not as Git wants it although nothing is pending: the cause is live_drift or unconverged.",
        occurrences=_drift_detected,
        attributes=("gitops.out_of_sync.cause", "gitops.out_of_sync.confidence"),
    ),
    EventRow(
        name="gitops.application.revision.pending",
        help="A commit or a change of the source waits to be deployed; again when another one does.",
        occurrences=_revision_pending,
        attributes=(
            "gitops.out_of_sync.cause",
            "gitops.out_of_sync.confidence",
            "gitops.revision",
            "gitops.previous_revision",
            "vcs.repository.url.full",
            "vcs.ref.head.revision",
        ),
    ),
    EventRow(
        name="gitops.application.policy.violated",
        help="A policy of its environment is violated from now on.",
        occurrences=_violated,
        attributes=("gitops.policy",),
    ),
    EventRow(
        name="gitops.application.policy.restored",
        help="A policy of its environment is no longer violated.",
        occurrences=_restored,
        attributes=("gitops.policy",),
    ),
    EventRow(
        name="gitops.application.condition.raised",
        help="status.conditions has a type that it had not.",
        occurrences=_raised,
        attributes=("gitops.condition",),
    ),
    EventRow(
        name="gitops.application.condition.cleared",
        help="status.conditions no longer has a type that it had.",
        occurrences=_cleared,
        attributes=("gitops.condition",),
    ),
)
"""Events of how an Application is, in the order in which one update tells them."""
