"""Alerts about sync operations, and about windows that will never let one start.

A closed window alone is no reason for an alert, nor is an operation that waits for it.
"""

from observability.monitoring.spec import Alert, Group, Severity, record, select
from observability.monitoring.spec.applications import CLOSED, ONE, OPERATION_AGE, applications
from observability.signals.applications import (
    INFO,
    OPERATION_FINISHED,
    OPERATION_PHASE,
    OPERATION_STARTED,
    OPERATIONS,
    OUT_OF_SYNC,
    OUT_OF_SYNC_SINCE,
    SYNC_BLOCKED,
    SYNC_WINDOW_CHANGE,
)
from observability.signals.exporter import START_TIMESTAMP
from observability.signals.groupings import PROJECT_SYNC_WINDOW_INVALID

_OF_APPLICATION = ("environment", "service", "application")
_FAILED = f"{select(OPERATION_PHASE, phase=('Failed', 'Error'))} == 1"
_COUNTED = f"{select(OPERATIONS, result=('failure', 'error', 'timeout'))} > 0"
"""Dry runs and syncs that somebody terminated are not counted as failures."""
_BEFORE = (
    f"{select(OPERATION_FINISHED)} < on (cluster) group_left () max by (cluster) ({select(START_TIMESTAMP)}) "
    f"unless on ({', '.join(ONE)}) {select(OPERATIONS)} > 0"
)
"""What ended before the exporter started was not counted when there is no journal: then the phase alone must do.

Counters above 0 come from a journal, which has counted it, too.
"""

FAILED = Alert(
    name="GitOpsSyncFailed",
    expr=applications(f"time() - {select(OPERATION_FINISHED)}", "> 120", where=(_FAILED, f"{_COUNTED} or {_BEFORE}")),
    severity=Severity.WARNING,
    summary="The last sync of {{ $labels.application }} failed in {{ $labels.environment }}",
    description="The last sync of {{ $labels.application_namespace }}/{{ $labels.application }} failed "
    "{{ $value | humanizeDuration }} ago, and none has succeeded since.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
RETRYING = Alert(
    name="GitOpsSyncRetrying",
    expr=applications(
        record(OPERATION_AGE, phase="Running"),
        "> 900",
        where=(f"{select(OPERATION_FINISHED)} >= {select(OPERATION_STARTED)}",),
        unless=(CLOSED,),
    ),
    severity=Severity.WARNING,
    summary="A sync of {{ $labels.application }} is tried again and again in {{ $labels.environment }}",
    description="A sync of {{ $labels.application_namespace }}/{{ $labels.application }} has failed and been retried "
    "for {{ $value | humanizeDuration }}. Newer commits wait meanwhile.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
STUCK = Alert(
    name="GitOpsSyncStuck",
    expr=applications(record(OPERATION_AGE), "> 3600", unless=(CLOSED,)),
    hold="15m",
    severity=Severity.WARNING,
    summary="A sync of {{ $labels.application }} does not end in {{ $labels.environment }}",
    description="A sync of {{ $labels.application_namespace }}/{{ $labels.application }} has been at work for "
    "{{ $value | humanizeDuration }}, and no window holds it back.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
BLOCKED = Alert(
    name="GitOpsSyncBlocked",
    expr=applications(
        f"time() - {select(OUT_OF_SYNC_SINCE)}",
        "> 3600",
        where=(CLOSED,),
        unless=(select(SYNC_WINDOW_CHANGE, by="manual"),),
    ),
    hold="15m",
    severity=Severity.WARNING,
    summary="Nobody will be able to sync {{ $labels.application }} in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} is OutOfSync, its sync windows forbid "
    "even a sync by hand, and none of them opens within 35 days.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
AUTOMATED = Alert(
    name="GitOpsAutomatedSyncStalled",
    expr=applications(
        f"time() - {select(OUT_OF_SYNC_SINCE)}",
        "> 1800",
        where=(
            f"{select(OUT_OF_SYNC, cause=('never_deployed', 'pending_source_change', 'pending_revision'))} == 1",
            f"{select(INFO, automated='true')} == 1",
        ),
        unless=(
            f"{select(SYNC_BLOCKED, by='automated')} == 1",
            record(OPERATION_AGE, phase="Running"),
            _FAILED,
        ),
    ),
    severity=Severity.WARNING,
    summary="The automated sync of {{ $labels.application }} does not start in {{ $labels.environment }}",
    description="A commit waits for the automated sync of {{ $labels.application_namespace }}/"
    "{{ $labels.application }}, and no window holds it back. OutOfSync for {{ $value | humanizeDuration }}.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
WINDOW = Alert(
    name="GitOpsSyncWindowInvalid",
    expr=f"max by (cluster, engine, project_namespace, project, kind, schedule, duration) "
    f"({select(PROJECT_SYNC_WINDOW_INVALID)}) == 1",
    hold="10m",
    severity=Severity.WARNING,
    summary="A sync window of the AppProject {{ $labels.project }} cannot be read",
    description="The {{ $labels.kind }} window {{ $labels.schedule }} for {{ $labels.duration }} of {{ "
    "$labels.project }} is invalid: Argo CD refuses every sync of the Applications that it matches.",
    dashboard="gitops-promotion",
    variables=("environment",),
    whole=True,
)

GROUP = Group(name="gitops-syncs", rules=(OPERATION_AGE, FAILED, RETRYING, STUCK, BLOCKED, AUTOMATED, WINDOW))
