"""Alerts about what is not as Git wants it although nothing is pending, and about Argo CD not looking any more.

Pending work is no drift. Right after a sync Argo CD tells things that do not hold: a cause is judged only when that is
over, and these alerts wait a little longer still.
"""

from observability.monitoring.spec import RECONCILIATION_SECONDS, Alert, Group, PerEnvironment, Severity, select
from observability.monitoring.spec.applications import CLOSED, IDENTITY, RUNNING, applications
from observability.signals.applications import (
    CONDITION,
    OUT_OF_SYNC,
    OUT_OF_SYNC_SINCE,
    POLICY_VIOLATION,
    RECONCILED,
    SELF_HEALS,
    STALE_VERDICT,
)
from observability.signals.exporter import LAST_EVENT

_OF_APPLICATION = ("environment", "service", "application")

_SINCE = "OutOfSync for {{ $value | humanizeDuration }}, at first maybe for another cause."


def _longer(cause: str, seconds: int, *unless: str) -> str:
    """Applications that are OutOfSync for longer, now for this cause.

    The value is for how long they are OutOfSync. It may have begun with another cause: since when it is this one, no
    metric tells.
    """
    return applications(
        f"time() - {select(OUT_OF_SYNC_SINCE)}",
        f"> {seconds}",
        where=(f"{select(OUT_OF_SYNC, cause=cause)} == 1",),
        unless=(RUNNING, *unless),
    )


LIVE_DRIFT = Alert(
    name="GitOpsLiveDrift",
    expr=PerEnvironment(
        dev=_longer("live_drift", 3600),
        staging=_longer("live_drift", 1800),
        prod=_longer("live_drift", 300),
        others=_longer("live_drift", 300),
    ),
    severity=Severity.WARNING,
    summary="Somebody changed {{ $labels.application }} by hand in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} is not as Git wants it, and nothing is "
    "pending: the cluster was changed. " + _SINCE,
    dashboard="gitops-drift",
    variables=_OF_APPLICATION,
)
UNCONVERGED = Alert(
    name="GitOpsUnconverged",
    expr=_longer("unconverged", 900),
    severity=Severity.WARNING,
    summary="{{ $labels.application }} does not stay as it was synced in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} was synced, and is OutOfSync "
    "all the same: something rewrites what was synced. " + _SINCE,
    dashboard="gitops-drift",
    variables=_OF_APPLICATION,
)
PRUNE = Alert(
    name="GitOpsPrunePending",
    expr=PerEnvironment(
        dev=_longer("prune_pending", 14_400, CLOSED),
        staging=_longer("prune_pending", 86_400, CLOSED),
        prod=_longer("prune_pending", 86_400, CLOSED),
        others=_longer("prune_pending", 86_400, CLOSED),
    ),
    severity=Severity.INFO,
    summary="{{ $labels.application }} has resources that Git no longer knows in {{ $labels.environment }}",
    description="Resources of {{ $labels.application_namespace }}/{{ $labels.application }} wait to be pruned. "
    + _SINCE,
    dashboard="gitops-drift",
    variables=_OF_APPLICATION,
)
ROLLED_BACK = Alert(
    name="GitOpsRollbackInCluster",
    expr=_longer("rolled_back", 900),
    severity=Severity.WARNING,
    summary="{{ $labels.application }} runs a rollback that Git does not know in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} was rolled back in the cluster, and "
    "Git wants something else: the next sync brings it back. " + _SINCE,
    dashboard="gitops-drift",
    variables=_OF_APPLICATION,
)
SELF_HEAL = Alert(
    name="GitOpsSelfHealLoop",
    expr=applications(f"increase({select(SELF_HEALS)}[1h])", ">= 5"),
    severity=Severity.WARNING,
    summary="Argo CD heals {{ $labels.application }} again and again in {{ $labels.environment }}",
    description="Argo CD undid changes of {{ $labels.application_namespace }}/{{ $labels.application }} "
    "{{ $value | humanize }} times within an hour: somebody or something makes them anew.",
    dashboard="gitops-drift",
    variables=_OF_APPLICATION,
)

_SEEN = f"max by (cluster) ({select(LAST_EVENT, kind='Application')})"
"""The time up to which the facts of a cluster are known: while they are stale, no verdict grows older."""
_UNCOMPARED = f"{_SEEN} - on (cluster) group_right () {select(RECONCILED)}"
_SKIPPED = f"{select(POLICY_VIOLATION, policy='skip_reconcile')} == 1"

STALE = Alert(
    name="GitOpsStaleVerdict",
    expr="("
    + applications(_UNCOMPARED, f"> {RECONCILIATION_SECONDS}", unless=(_SKIPPED,))
    + "\n)\nor\n("
    + applications(
        f"900 * (min_over_time({select(STALE_VERDICT)}[15m]) == 1 and {select(STALE_VERDICT)} offset 15m)",
        "> 0",
        unless=(_SKIPPED,),
    )
    + "\n)",
    severity=Severity.WARNING,
    summary="Argo CD does not look at {{ $labels.application }} any more in {{ $labels.environment }}",
    description="What Argo CD says of {{ $labels.application_namespace }}/{{ $labels.application }} is "
    "{{ $value | humanizeDuration }} old, or is about another source than the one it has now.",
    dashboard="gitops-drift",
    variables=_OF_APPLICATION,
)
_EACH = f"max by ({', '.join(IDENTITY)})"
STOPPED = Alert(
    name="GitOpsReconciliationStopped",
    expr=f"count by (cluster, environment) ({_EACH} ({_UNCOMPARED} > {RECONCILIATION_SECONDS}))\n/\n"
    f"count by (cluster, environment) ({_EACH} ({select(RECONCILED)}))\n"
    "> 0.5",
    hold="5m",
    severity=Severity.CRITICAL,
    summary="Argo CD compares nothing any more in {{ $labels.environment }}",
    description="{{ $value | humanizePercentage }} of the Applications in {{ $labels.environment }}"
    "{{ with $labels.cluster }} of the cluster {{ . }}{{ end }} were not "
    f'compared with Git for {{{{ humanizeDuration "{RECONCILIATION_SECONDS}" }}}}: '
    "what Argo CD says of them is old, and nothing is synced.",
    dashboard="gitops-overview",
    variables=("environment",),
)


def _condition(*types: str) -> str:
    return applications(select(CONDITION, condition=types), "== 1", keep=("condition",))


COMPARISON = Alert(
    name="GitOpsComparisonFailed",
    expr=_condition("ComparisonError", "UnknownError"),
    hold="10m",
    severity=Severity.WARNING,
    summary="Argo CD cannot compare {{ $labels.application }} with Git in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} has the condition {{ "
    "$labels.condition }}: whether it is as Git wants it is not known, and it cannot be synced.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)
SPEC = Alert(
    name="GitOpsInvalidSpec",
    expr=_condition("InvalidSpecError"),
    hold="10m",
    severity=Severity.WARNING,
    summary="The spec of {{ $labels.application }} is refused in {{ $labels.environment }}",
    description="{{ $labels.application_namespace }}/{{ $labels.application }} has the condition {{ "
    "$labels.condition }}: its project, source or destination is wrong or not permitted.",
    dashboard="gitops-application",
    variables=_OF_APPLICATION,
)

GROUP = Group(
    name="gitops-drift",
    rules=(LIVE_DRIFT, UNCONVERGED, PRUNE, ROLLED_BACK, SELF_HEAL, STALE, STOPPED, COMPARISON, SPEC),
)
