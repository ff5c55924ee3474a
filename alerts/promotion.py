"""Alerts about what waits to be released: pending work is no alert before the deadline of its environment.

The clock runs on while a window is closed, but nobody is told before it has been open for an hour.
"""

from observability.monitoring.spec import Alert, Group, PerEnvironment, Severity, select
from observability.signals.applications import MUTED_UNTIL, SYNC_BLOCKED
from observability.signals.promotions import PROMOTION_PENDING_SINCE

_SERVICE = "cluster, engine, project, service, environment"


def _waits(days: int) -> str:
    age = (
        "max by (cluster, engine, project, service, from_environment, to_environment) "
        f"(time() - {select(PROMOTION_PENDING_SINCE)}) > {days * 86_400}"
    )
    return "\n".join(
        (
            f'label_replace({age}, "environment", "$1", "to_environment", "(.*)")',
            f"unless on ({_SERVICE}) ({select(SYNC_BLOCKED, by='manual')} == 1)",
            f"unless on ({_SERVICE}) ({select(MUTED_UNTIL)} > time())",
        )
    )


WAITS = Alert(
    name="GitOpsReleaseWaitsTooLong",
    expr=PerEnvironment(dev=None, staging=_waits(3), prod=_waits(7), others=_waits(7)),
    hold="1h",
    severity=Severity.WARNING,
    summary="{{ $labels.service }} waits too long for its release to {{ $labels.environment }}",
    description="What {{ $labels.service }} runs in {{ $labels.from_environment }} has waited for "
    "{{ $value | humanizeDuration }} to be released to {{ $labels.to_environment }}.",
    dashboard="gitops-promotion",
)

GROUP = Group(name="gitops-promotion", rules=(WAITS,))
