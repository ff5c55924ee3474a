"""Alerts about the health of Applications: status.health, and how long it is as it is.

They count from when the status began, so that a restart of Prometheus or of the exporter delays no page. A status that
flips begins anew each time: that has an alert of its own.
"""

from observability.monitoring.spec import Alert, Group, PerEnvironment, Severity, record, select
from observability.monitoring.spec.applications import CLOSED, HEALTH_AGE, RUNNING, applications
from observability.signals.applications import HEALTH_STATUS, HYDRATOR_PHASE, OUT_OF_SYNC

_OF_APPLICATION = ("environment", "service", "application")


def _longer(status: str, seconds: int, unless: tuple[str, ...] = (RUNNING,)) -> str:
    """Applications with this health for longer; the value is for how long."""
    return applications(
        record(HEALTH_AGE, health_status=status),
        f"> {seconds}",
        unless=unless,
    )


_NEVER_DEPLOYED = f"{select(OUT_OF_SYNC, cause='never_deployed')} == 1"

DEGRADED = Alert(
    name="GitOpsApplicationDegraded",
    expr=PerEnvironment(
        dev=_longer("Degraded", 900),
        staging=_longer("Degraded", 600),
        prod=_longer("Degraded", 300),
        others=_longer("Degraded", 300),
    ),
    severity=Severity.CRITICAL,
    summary="{{ $labels.application }} is Degraded in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} has been Degraded for "
    "{{ $value | humanizeDuration }}: something that it deploys does not run.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
MISSING = Alert(
    name="GitOpsApplicationMissing",
    expr=_longer("Missing", 600, (RUNNING, CLOSED, _NEVER_DEPLOYED)),
    severity=Severity.CRITICAL,
    summary="{{ $labels.application }} is Missing in {{ $labels.environment }}",
    description="What {{ $labels.application_namespace }}/{{ $labels.application }} deploys has not been in the "
    "cluster for {{ $value | humanizeDuration }}, although it was deployed before.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
PROGRESSING = Alert(
    name="GitOpsApplicationProgressingTooLong",
    expr=_longer("Progressing", 1800),
    severity=Severity.WARNING,
    summary="{{ $labels.application }} does not become Healthy in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} has been Progressing for "
    "{{ $value | humanizeDuration }}: a rollout that does not end.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
UNKNOWN = Alert(
    name="GitOpsApplicationHealthUnknown",
    expr=_longer("Unknown", 900),
    severity=Severity.WARNING,
    summary="Nobody knows the health of {{ $labels.application }} in {{ $labels.environment }}",
    description="Argo CD has not been able to tell the health of {{ $labels.application_namespace }}/"
    "{{ $labels.application }} for {{ $value | humanizeDuration }}.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
FLAPPING = Alert(
    name="GitOpsApplicationFlapping",
    expr=applications(f"changes({select(HEALTH_STATUS, health_status='Degraded')}[1h])", ">= 6"),
    severity=Severity.WARNING,
    summary="{{ $labels.application }} becomes Degraded again and again in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} became Degraded or ceased to be "
    "{{ $value | humanize }} times within an hour. No single time lasts long enough for an alert.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
HYDRATION = Alert(
    name="GitOpsHydrationFailed",
    expr=applications(select(HYDRATOR_PHASE, phase="Failed"), "== 1"),
    hold="15m",
    severity=Severity.WARNING,
    summary="Manifests of {{ $labels.application }} cannot be hydrated in {{ $labels.environment }}",
    description="The source hydrator of {{ $labels.application_namespace }}/{{ $labels.application }} fails: new "
    "commits do not reach the branch that is deployed.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)

GROUP = Group(name="gitops-health", rules=(HEALTH_AGE, DEGRADED, MISSING, PROGRESSING, UNKNOWN, FLAPPING, HYDRATION))
