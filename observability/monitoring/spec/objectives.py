"""What delivery promises in each environment, and the recording rules that tell how it is kept.

Alerts and dashboards read the same: who counts, what is bad, and how much of it there may be. For health, Applications
that are muted, being deleted or were never deployed do not count; syncs are counted by service, and there all count.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from observability.monitoring.spec.applications import HEALTH_AGE, applications
from observability.monitoring.spec.queries import record, select
from observability.monitoring.spec.rules import Recording
from observability.signals.aggregates import SYNCS
from observability.signals.applications import HEALTH_SINCE, OUT_OF_SYNC

BUDGETS: Final[Mapping[str, float]] = MappingProxyType({"dev": 0.05, "staging": 0.02, "prod": 0.01})
"""The share that may go wrong over 30 days, of syncs as of the time of Applications, by environment."""
BUDGET_OF_OTHERS: Final = 0.01
"""That of an environment that is not among them."""

BY: Final = ("cluster", "environment")
"""Each cluster keeps the promise for itself; `cluster` is there with `cluster.label`, or when Prometheus adds it."""
_BY: Final = ", ".join(BY)
_KINDS: Final = ("auto", "manual")
_BAD: Final = ("failure", "error", "timeout")

SYNC_RATE: Final = Recording(
    record="environment_result:gitops_syncs:rate5m",
    expr=f"sum by ({_BY}, result) (rate({select(SYNCS, kind=_KINDS, result=('success', *_BAD))}[5m]))",
    help="Syncs a second, by how they ended.",
    labels=(*BY, "result"),
)
FAILED: Final = Recording(
    record="environment:gitops_syncs_failed:rate5m",
    expr=f"sum by ({_BY}) ({record(SYNC_RATE, result=_BAD)})",
    help="Syncs a second that failed.",
    labels=BY,
)
ENDED: Final = Recording(
    record="environment:gitops_syncs_ended:rate5m",
    expr=f"sum by ({_BY}) ({record(SYNC_RATE)})",
    help="Syncs a second that succeeded or failed.",
    labels=BY,
)
_NEW: Final = (f"{select(OUT_OF_SYNC, cause='never_deployed')} == 1",)
_ILL: Final = applications(record(HEALTH_AGE, health_status=("Degraded", "Missing", "Unknown")), unless=_NEW)
_ALL: Final = applications(select(HEALTH_SINCE), unless=_NEW)
KNOWN: Final = Recording(
    record="environment:gitops_applications:count",
    expr=f"count by ({_BY}) (\n{_ALL}\n)",
    help="Applications that count for the objective of health.",
    labels=BY,
)
UNHEALTHY: Final = Recording(
    record="environment:gitops_applications_unhealthy:count",
    expr=f"count by ({_BY}) (\n{_ILL}\n)\nor\n{record(KNOWN)} * 0",
    help="Applications that are Degraded, Missing or Unknown now.",
    labels=BY,
)
