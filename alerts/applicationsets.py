"""Alerts about ApplicationSets. They belong to no environment: each set of rules has them."""

from observability.monitoring.spec import Alert, Group, Severity, select
from observability.signals.groupings import APPLICATIONSET_CONDITION, APPLICATIONSET_STEP_SINCE

_ONE = "cluster, engine, applicationset_namespace, applicationset"

ERROR = Alert(
    name="GitOpsApplicationSetError",
    expr=f"max by ({_ONE}, condition) "
    f"({select(APPLICATIONSET_CONDITION, condition=('ErrorOccurred', 'InvalidRolloutConfig'))}) == 1",
    hold="10m",
    severity=Severity.WARNING,
    summary="The ApplicationSet {{ $labels.applicationset }} has an error",
    description="{{ $labels.applicationset_namespace }}/{{ $labels.applicationset }} has the condition "
    "{{ $labels.condition }}: its Applications are not created, changed or deleted as they should be.",
    dashboard="gitops-overview",
    variables=("environment",),
    whole=True,
)
STUCK = Alert(
    name="GitOpsProgressiveSyncStuck",
    expr=f"max by ({_ONE}) (time() - {select(APPLICATIONSET_STEP_SINCE)}) > 3600\n"
    f"and on ({_ONE}) ({select(APPLICATIONSET_CONDITION, condition='RolloutProgressing')} == 1)",
    hold="5m",
    severity=Severity.WARNING,
    summary="The progressive sync of {{ $labels.applicationset }} is stuck",
    description="A step of the progressive sync of {{ $labels.applicationset_namespace }}/{{ $labels.applicationset }} "
    "has not ended for {{ $value | humanizeDuration }}: the steps after it wait.",
    dashboard="gitops-overview",
    variables=("environment",),
    whole=True,
)

GROUP = Group(name="gitops-applicationsets", rules=(ERROR, STUCK))
