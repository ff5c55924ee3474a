"""Expressions about Applications that alerts share: one series each, and none of those that are left out.

An alert that is written with `applications` keeps its labels when the exporter is restarted (those of its pod are
aggregated away), tells Applications of the same name in two namespaces apart, and leaves out Applications that are
muted or being deleted.
"""

from collections.abc import Iterable
from typing import Final

from observability.monitoring.spec.queries import record, select
from observability.monitoring.spec.rules import Recording
from observability.signals import applications as rows

ONE: Final = ("cluster", "engine", "application_namespace", "application")
"""The labels that tell Applications apart; `cluster` is there with `cluster.label`, or when Prometheus adds it."""

IDENTITY: Final = (*ONE, "project", "environment", "service")
"""Those and what is known of it."""

_SYNC_SECONDS: Final = 900
"""So long a sync may take until what it leaves behind is looked at although it runs."""

HEALTH_AGE: Final = Recording(
    record="application:gitops_health:age_seconds",
    expr=f"max by ({', '.join(IDENTITY)}, health_status) "
    f"({select(rows.HEALTH_STATUS, health_status=('Progressing', 'Degraded', 'Missing', 'Unknown'))} == 1)\n"
    f"* on ({', '.join(ONE)}) group_left\n"
    f"max by ({', '.join(ONE)}) (time() - {select(rows.HEALTH_SINCE)})",
    help="For how long an Application has been Progressing, Degraded, Missing or Unknown. Absent of all others.",
    labels=(*IDENTITY, "health_status"),
)
OPERATION_AGE: Final = Recording(
    record="application:gitops_operation:age_seconds",
    expr=f"max by ({', '.join(IDENTITY)}, phase) "
    f"({select(rows.OPERATION_PHASE, phase=('Running', 'Terminating'))} == 1)\n"
    f"* on ({', '.join(ONE)}) group_left\n"
    f"max by ({', '.join(ONE)}) (time() - {select(rows.OPERATION_STARTED)})",
    help="For how long an operation has been at work, the time in which it waits included. Absent without one.",
    labels=(*IDENTITY, "phase"),
)
"""Few Applications are so: rules that begin with these need not look at all the others."""

RUNNING: Final = f"{record(OPERATION_AGE, phase='Running')} < {_SYNC_SECONDS}"
"""Applications with a sync that is at work, for a quarter of an hour at most: nobody is paged meanwhile."""

CLOSED: Final = f"{select(rows.SYNC_BLOCKED, by='manual')} == 1"
"""Applications that nobody may sync now, because of their windows."""

_MUTED: Final = f"{select(rows.MUTED_UNTIL)} > time()"
_DELETED: Final = select(rows.DELETION)


def applications(
    value: str, test: str = "", *, where: Iterable[str] = (), unless: Iterable[str] = (), keep: Iterable[str] = ()
) -> str:
    """The value of each Application that passes `test` (`> 600`), where all conditions hold, unless one of the others.

    Conditions are expressions with series for those Applications for which they hold. `keep`: labels of the value
    beside those of the identity. Of several exporters that see the same the largest value counts.
    """
    matched = f"on ({', '.join(ONE)})"
    lines = [f"max by ({', '.join([*IDENTITY, *keep])}) ({f'{value} {test}'.rstrip()})"]
    lines += [f"and {matched} ({condition})" for condition in where]
    lines += [f"unless {matched} ({condition})" for condition in (*unless, _MUTED, _DELETED)]
    return "\n".join(lines)
