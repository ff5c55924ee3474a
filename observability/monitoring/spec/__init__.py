"""What dashboards/ and alerts/ are written in: rows that hold metric objects, and one way in which environments differ.

Values in, values out; nothing here knows Grafana's JSON or Prometheus' files.
"""

from observability.monitoring.spec import views
from observability.monitoring.spec.dashboards import (
    IN_ARGO_CD,
    RUNBOOK,
    Annotations,
    Column,
    Dashboard,
    DataSource,
    Kind,
    Legend,
    Link,
    LogQuery,
    Panel,
    PromQuery,
    Section,
    Threshold,
    TraceQuery,
    Unit,
    Variable,
)
from observability.monitoring.spec.environments import PerEnvironment
from observability.monitoring.spec.queries import (
    Like,
    Not,
    alerts,
    buckets,
    count,
    label_names,
    record,
    select,
    total,
)
from observability.monitoring.spec.rules import RECONCILIATION_SECONDS, Alert, Group, Recording, Severity
from observability.monitoring.spec.states import State, coded

__all__ = [
    "IN_ARGO_CD",
    "RECONCILIATION_SECONDS",
    "RUNBOOK",
    "Alert",
    "Annotations",
    "Column",
    "Dashboard",
    "DataSource",
    "Group",
    "Kind",
    "Legend",
    "Like",
    "Link",
    "LogQuery",
    "Not",
    "Panel",
    "PerEnvironment",
    "PromQuery",
    "Recording",
    "Section",
    "Severity",
    "State",
    "Threshold",
    "TraceQuery",
    "Unit",
    "Variable",
    "alerts",
    "buckets",
    "coded",
    "count",
    "label_names",
    "record",
    "select",
    "total",
    "views",
]
