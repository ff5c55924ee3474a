"""The metrics of an Application, one row each. Pure.

A row's function is called each time that the Application changes; identity labels come before those of the row.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar

from observability.model.application import Source
from observability.model.state import ApplicationState
from observability.model.status import Cause, HealthStatus, Phase, Result, SyncStatus
from observability.signals.catalogue import Metric, Samples, Type, number

Word = TypeVar("Word", bound=StrEnum)

_NONE: Final[Samples] = ()
_ANEW: Final = "Begins anew when the exporter restarts without a journal file."


def _state_set(words: type[Word]) -> dict[Word, Samples]:
    """The samples of each state: 1 for it, 0 for the others. Made once; all Applications share them."""
    return {now: tuple(((word.value,), float(word is now)) for word in words) for now in words}


def _current(words: type[Word]) -> dict[Word, Samples]:
    """The samples of each word: 1 for it, and no other."""
    return {word: (((word.value,), 1.0),) for word in words}


_HEALTH: Final = _state_set(HealthStatus)
_SYNC: Final = _state_set(SyncStatus)
_CAUSE: Final = _current(Cause)
_PHASE: Final = _current(Phase)
_RESULTS: Final = tuple((result.value,) for result in Result)
_FIRST: Final = Source()


def _word(flag: bool) -> str:
    return "true" if flag else "false"


def _info(state: ApplicationState) -> Samples:
    app = state.facts
    source = app.sources[0] if app.sources else _FIRST
    destination = app.destination
    labels = (
        source.repository,
        source.path,
        source.chart,
        source.target_revision,
        destination.server,
        destination.name,
        destination.namespace,
        app.applicationset,
        _word(app.automated),
        _word(app.self_heal),
        _word(app.prune),
        str(len(app.sources)),
    )
    return ((labels, 1.0),)


def _health(state: ApplicationState) -> Samples:
    return _HEALTH[state.facts.health]


def _sync(state: ApplicationState) -> Samples:
    return _SYNC[state.facts.sync]


def _out_of_sync(state: ApplicationState) -> Samples:
    cause = state.memory.cause
    return _NONE if cause is None else _CAUSE[cause]


def _operation_phase(state: ApplicationState) -> Samples:
    phase = state.facts.operation_phase
    return _NONE if phase is None else _PHASE[phase]


def _operations(state: ApplicationState) -> Samples:
    return _counted(state.memory.results)


@lru_cache(maxsize=65_536)
def _counted(results: tuple[int, ...]) -> Samples:
    """Many Applications have the same few counts, and share their samples."""
    return tuple(zip(_RESULTS, map(float, results), strict=True))


def _conditions(state: ApplicationState) -> Samples:
    return tuple(((kind,), 1.0) for kind in dict.fromkeys(condition.type for condition in state.facts.conditions))


def _sync_blocked(state: ApplicationState) -> Samples:
    verdict = state.windows
    if verdict is None:
        return _NONE
    return (("automated",), float(not verdict.can_sync_auto)), (("manual",), float(not verdict.can_sync_manual))


def _window_change(state: ApplicationState) -> Samples:
    verdict = state.windows
    if verdict is None:
        return _NONE
    answers = (("automated",), verdict.auto_changes_at), (("manual",), verdict.manual_changes_at)
    return tuple((by, at) for by, at in answers if at is not None)


def _violations(state: ApplicationState) -> Samples:
    return tuple(((policy.value,), 1.0) for policy in state.violations)


def _hydrator_phase(state: ApplicationState) -> Samples:
    hydrator = state.facts.hydrator
    return (((hydrator.phase,), 1.0),) if hydrator is not None and hydrator.phase else _NONE


INFO: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_info",
    type=Type.GAUGE,
    help="What an Application deploys, and where to: spec.source (the first of `sources`), spec.destination, "
    "spec.syncPolicy.automated, and the ApplicationSet that owns it.",
    labels=(
        "repository",
        "path",
        "chart",
        "target_revision",
        "destination_server",
        "destination_name",
        "destination_namespace",
        "applicationset",
        "automated",
        "self_heal",
        "prune",
        "sources",
    ),
    samples=_info,
    reads=(
        "facts.sources",
        "facts.destination",
        "facts.applicationset",
        "facts.automated",
        "facts.self_heal",
        "facts.prune",
    ),
)
HEALTH_STATUS: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_health_status",
    type=Type.GAUGE,
    help="status.health.status as a state set: 1 for the status that it has, 0 for the others. Empty is Unknown.",
    labels=("health_status",),
    samples=_health,
    reads=("facts.health",),
)
HEALTH_SINCE: Final[Metric[ApplicationState]] = number(
    "gitops_application_health_since_timestamp_seconds",
    Type.GAUGE,
    "When that health status began: status.health.lastTransitionTime, else when it was first seen.",
    "memory.health_since",
)
SYNC_STATUS: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_sync_status",
    type=Type.GAUGE,
    help="status.sync.status as a state set: 1 for the status that it has, 0 for the others. Empty is Unknown.",
    labels=("sync_status",),
    samples=_sync,
    reads=("facts.sync",),
)
OUT_OF_SYNC: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_out_of_sync",
    type=Type.GAUGE,
    help="Why the Application is OutOfSync: 1 for the cause, judged from status.sync, status.history and what was "
    "seen before. Absent while it is not OutOfSync, and while a sync settles.",
    labels=("cause",),
    samples=_out_of_sync,
    reads=("memory.cause",),
)
OUT_OF_SYNC_SINCE: Final[Metric[ApplicationState]] = number(
    "gitops_application_out_of_sync_since_timestamp_seconds",
    Type.GAUGE,
    "Since when status.sync.status is OutOfSync, as far as it was seen: Argo CD does not record it. After a "
    "restart without a journal file the time of the restart: the age is a lower bound. Absent while it is not "
    "OutOfSync.",
    "out_of_sync_since",
)
OUT_OF_SYNC_RESOURCES: Final[Metric[ApplicationState]] = number(
    "gitops_application_out_of_sync_resources",
    Type.GAUGE,
    "Resources in status.resources that are not Synced, hooks aside.",
    "facts.out_of_sync_resources",
)
RESOURCES: Final[Metric[ApplicationState]] = number(
    "gitops_application_resources",
    Type.GAUGE,
    "Resources that the Application manages: status.resources, hooks aside.",
    "facts.resources",
)
OPERATION_PHASE: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_operation_phase",
    type=Type.GAUGE,
    help="status.operationState.phase of the last or running operation: 1 for that phase. Absent before the first, "
    "and for a moment when Argo CD sets the next.",
    labels=("phase",),
    samples=_operation_phase,
    reads=("facts.operation_phase",),
)
OPERATION_STARTED: Final[Metric[ApplicationState]] = number(
    "gitops_application_operation_started_timestamp_seconds",
    Type.GAUGE,
    "status.operationState.startedAt.",
    "facts.operation_started_at",
)
OPERATION_FINISHED: Final[Metric[ApplicationState]] = number(
    "gitops_application_operation_finished_timestamp_seconds",
    Type.GAUGE,
    "status.operationState.finishedAt; of an operation that waits for a retry, the end of the last try.",
    "facts.operation_finished_at",
)
OPERATIONS: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_operations_total",
    type=Type.COUNTER,
    help="Sync operations that ended, dry runs aside, by result, from status.operationState. " + _ANEW,
    labels=("result",),
    samples=_operations,
    reads=("memory.results",),
)
DEPLOYMENTS: Final[Metric[ApplicationState]] = number(
    "gitops_application_deployments_total",
    Type.COUNTER,
    "New entries of status.history with other content than the entry before; local syncs do not count. " + _ANEW,
    "memory.deployments",
)
SELF_HEALS: Final[Metric[ApplicationState]] = number(
    "gitops_application_self_heals_total",
    Type.COUNTER,
    "Attempts of Argo CD to undo a change in the cluster, from autoHealAttemptsCount of the operations. " + _ANEW,
    "memory.self_heals",
)
RECONCILED: Final[Metric[ApplicationState]] = number(
    "gitops_application_reconciled_timestamp_seconds",
    Type.GAUGE,
    "status.reconciledAt. Its age is the only sign that Argo CD does not compare the Application any more.",
    "facts.reconciled_at",
)
CONDITION: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_condition",
    type=Type.GAUGE,
    help="status.conditions: 1 for each type of condition that stands.",
    labels=("condition",),
    samples=_conditions,
    reads=("facts.conditions",),
)
STALE_VERDICT: Final[Metric[ApplicationState]] = number(
    "gitops_application_stale_verdict",
    Type.GAUGE,
    "1 while the source of the spec is not the one that status.sync.comparedTo tells of, 0 otherwise.",
    "facts.is_stale",
)
MUTED_UNTIL: Final[Metric[ApplicationState]] = number(
    "gitops_application_muted_until_timestamp_seconds",
    Type.GAUGE,
    "Until when alerts are muted: the annotation gitops-observability/mute-until. Absent without it.",
    "facts.muted_until",
)
DELETION: Final[Metric[ApplicationState]] = number(
    "gitops_application_deletion_timestamp_seconds",
    Type.GAUGE,
    "metadata.deletionTimestamp. Absent unless the Application is being deleted.",
    "facts.deleted_at",
)
SYNC_BLOCKED: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_sync_blocked",
    type=Type.GAUGE,
    help="1 while the sync windows of its AppProject forbid a sync to start, automated or manual, 0 otherwise. "
    "Absent while the AppProject is not known.",
    labels=("by",),
    samples=_sync_blocked,
    reads=("windows",),
)
SYNC_WINDOW_CHANGE: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_sync_window_change_timestamp_seconds",
    type=Type.GAUGE,
    help="When gitops_application_sync_blocked changes next. Absent when not within 35 days.",
    labels=("by",),
    samples=_window_change,
    reads=("windows",),
)
POLICY_VIOLATION: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_policy_violation",
    type=Type.GAUGE,
    help="1 for each policy of its environment that the Application violates.",
    labels=("policy",),
    samples=_violations,
    reads=("violations",),
)
HYDRATOR_PHASE: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_hydrator_phase",
    type=Type.GAUGE,
    help="status.sourceHydrator.currentOperation.phase: 1 for that phase. Absent without a source hydrator.",
    labels=("phase",),
    samples=_hydrator_phase,
    reads=("facts.hydrator",),
)
HYDRATED: Final[Metric[ApplicationState]] = number(
    "gitops_application_hydrated_timestamp_seconds",
    Type.GAUGE,
    "status.sourceHydrator.lastSuccessfulOperation.finishedAt.",
    "facts.hydrated_at",
)
APPLICATION_METRICS: Final[tuple[Metric[ApplicationState], ...]] = (
    INFO,
    HEALTH_STATUS,
    HEALTH_SINCE,
    SYNC_STATUS,
    OUT_OF_SYNC,
    OUT_OF_SYNC_SINCE,
    OUT_OF_SYNC_RESOURCES,
    RESOURCES,
    OPERATION_PHASE,
    OPERATION_STARTED,
    OPERATION_FINISHED,
    OPERATIONS,
    DEPLOYMENTS,
    SELF_HEALS,
    RECONCILED,
    CONDITION,
    STALE_VERDICT,
    MUTED_UNTIL,
    DELETION,
    SYNC_BLOCKED,
    SYNC_WINDOW_CHANGE,
    POLICY_VIOLATION,
    HYDRATOR_PHASE,
    HYDRATED,
)
"""What is always exposed of an Application."""


def _revision(state: ApplicationState) -> Samples:
    deployed = state.memory.deployed
    return (((",".join(state.facts.desired.revisions), ",".join(deployed.revisions) if deployed else ""), 1.0),)


def _images(state: ApplicationState) -> Samples:
    return tuple(((image,), 1.0) for image in dict.fromkeys(state.facts.images))


REVISION_INFO: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_revision_info",
    type=Type.GAUGE,
    help="status.sync.revision(s), and those of the newest entry of status.history; several sources are joined "
    "by commas. Exposed with exposition.revisions.",
    labels=("revision", "deployed_revision"),
    samples=_revision,
    reads=("facts.desired", "memory.deployed"),
)
IMAGES: Final[Metric[ApplicationState]] = Metric(
    name="gitops_application_image",
    type=Type.GAUGE,
    help="1 for each of status.summary.images. Exposed with exposition.images.",
    labels=("image",),
    samples=_images,
    reads=("facts.images",),
)


def application_labels(keys: tuple[str, ...]) -> Metric[ApplicationState]:
    """The row that exposes these labels of Applications: `label_` and the key, with `_` for what Prometheus forbids."""

    def samples(state: ApplicationState) -> Samples:
        return ((tuple(state.facts.labels.get(key, "") for key in keys), 1.0),)

    return Metric(
        name="gitops_application_labels",
        type=Type.GAUGE,
        help="Labels of the Application that exposition.application_labels names, as label_ and the key.",
        labels=tuple("label_" + re.sub(r"[^A-Za-z0-9_]", "_", key) for key in keys),
        samples=samples,
        reads=("facts.labels",),
    )
