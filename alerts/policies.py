"""Alerts about what an environment demands of its Applications: the settings say what, environments[].policies."""

from observability.monitoring.spec import Alert, Group, Not, PerEnvironment, Severity, select
from observability.monitoring.spec.applications import applications
from observability.signals.applications import POLICY_VIOLATION

VIOLATED = Alert(
    name="GitOpsPolicyViolated",
    # A rollback in the cluster has an alert of its own, which knows since when.
    expr=applications(select(POLICY_VIOLATION, policy=Not("rollback_in_cluster")), "== 1", keep=("policy",)),
    hold=PerEnvironment(dev="1h", staging="30m", prod="10m", others="10m"),
    severity=Severity.WARNING,
    summary="{{ $labels.application }} violates {{ $labels.policy }} in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} violates the policy "
    "{{ $labels.policy }} of {{ $labels.environment }}.",
    dashboard="gitops-drift",
    variables=("environment", "service", "application"),
)

GROUP = Group(name="gitops-policies", rules=(VIOLATED,))
