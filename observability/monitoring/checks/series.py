"""The metrics that are known by name: ours by the catalogue, Argo CD's own by a table, and recording rules. Pure.

Source: Argo CD 3.6.0-dev (August 2026): controller/metrics/metrics.go, clustercollector.go, server/metrics/metrics.go,
reposerver/metrics/metrics.go, applicationset/metrics/metrics.go, util/metrics/kubectl/kubectl_metrics.go.
"""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from observability.monitoring.generate.series import ADDED
from observability.monitoring.generate.series import known as known_of_ours
from observability.monitoring.promql import Labels
from observability.signals.catalogue import Distribution, OwnMetric, Type
from observability.signals.metrics import METRICS, words

_PARTS: Final = ("_bucket", "_sum", "_count")
_LABELS_OF_USERS: Final = "label_"


class Metric(NamedTuple):
    """A series of one name. `bounds`: the finite ones of its buckets. `born_late`: it appears with its first increment.

    `labels` are None of what is known by name only; `open`: labels that begin with label_ are the user's.
    """

    name: str
    type: Type
    labels: Labels
    bounds: tuple[float, ...] = ()
    born_late: bool = False
    ours: bool = False
    open: bool = False


Known: TypeAlias = Mapping[str, Metric]

ON_TARGETS: Final = ADDED | {
    *("exported_container", "exported_instance", "exported_job", "exported_namespace", "exported_pod"),
    *("service", "prometheus", "prometheus_replica", "replica", "monitor", "__name__", "alertname", "alertstate"),
    *("exported_service",),
}
"""Labels that scraping, Prometheus and its operator add to the series of others."""
PEOPLE: Final = frozenset(
    {"environment", "env", "stage", "region", "zone", "datacenter", "dc", "tenant", "team", "cluster_name", "severity"}
)
"""Labels that people add to targets; only of metrics that do not come from us."""

_APPLICATION: Final = ("namespace", "name", "project")
_KUBECTL_BOUNDS: Final = (0.005, 0.1, 0.5, 2.0, 8.0, 30.0)
_EIGHTS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_GIT_BOUNDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0)
_REDIS_BOUNDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)

_GAUGES: Final[Mapping[str, tuple[str, ...]]] = {
    "argocd_app_info": (
        *_APPLICATION,
        *("autosync_enabled", "repo", "dest_server", "dest_namespace", "sync_status", "health_status", "operation"),
    ),
    "argocd_app_labels": _APPLICATION,
    "argocd_app_condition": (*_APPLICATION, "condition"),
    "argocd_app_orphaned_resources_count": _APPLICATION,
    "argocd_kubectl_exec_pending": ("hostname", "command"),
    "argocd_resource_events_processed_in_batch": ("server",),
    "argocd_cluster_info": ("server", "k8s_version", "name"),
    "argocd_cluster_api_resource_objects": ("server",),
    "argocd_cluster_api_resources": ("server",),
    "argocd_cluster_cache_age_seconds": ("server",),
    "argocd_cluster_connection_status": ("server", "k8s_version"),
    "argocd_cluster_labels": ("server", "name"),
    "argocd_info": ("version",),
    "argocd_repo_pending_request_total": ("repo",),
    "argocd_appset_info": ("namespace", "name", "resource_update_status"),
    "argocd_appset_owned_applications": ("namespace", "name"),
    "argocd_appset_labels": ("namespace", "name"),
}
_COUNTERS: Final[Mapping[str, tuple[str, ...] | None]] = {
    "argocd_app_sync_total": (*_APPLICATION, "dest_server", "phase", "dry_run"),
    "argocd_app_sync_duration_seconds_total": (*_APPLICATION, "dest_server"),
    "argocd_app_k8s_request_total": (
        *_APPLICATION,
        *("server", "response_code", "verb", "resource_kind", "resource_namespace", "dry_run"),
    ),
    "argocd_kubectl_exec_total": ("hostname", "command"),
    "argocd_cluster_events_total": ("server", "group", "kind"),
    "argocd_redis_request_total": None,  # each component has others
    "argocd_login_request_total": ("status",),
    "argocd_proxy_extension_request_total": ("extension", "status"),
    "argocd_git_request_total": ("repo", "request_type"),
    "argocd_git_fetch_fail_total": ("repo", "revision"),
    "argocd_git_lsremote_fail_total": ("repo", "revision"),
    "argocd_oci_request_total": ("repo", "request_type"),
    "argocd_oci_extract_fail_total": ("repo", "revision"),
    "argocd_oci_resolve_revision_fail_total": ("repo", "revision"),
    "argocd_oci_digest_metadata_fail_total": ("repo", "revision"),
    "argocd_oci_get_tags_fail_total": ("repo",),
    "argocd_oci_test_repo_fail_total": ("repo",),
    "argocd_notifications_deliveries_total": ("trigger", "service", "succeeded"),
    "argocd_notifications_trigger_eval_total": ("name", "triggered"),
    "argocd_kubectl_requests_total": ("host", "method", "code"),
    "argocd_kubectl_request_retries_total": ("host", "method", "code"),
    "argocd_kubectl_exec_plugin_call_total": ("code", "call_status"),
}
_HISTOGRAMS: Final[Mapping[str, tuple[tuple[str, ...], tuple[float, ...]]]] = {
    "argocd_app_reconcile": (("namespace", "dest_server"), _EIGHTS),
    "argocd_redis_request_duration": (("hostname", "initiator"), _REDIS_BOUNDS),
    "argocd_redis_request_duration_seconds": (("initiator",), (0.1, 0.25, 0.5, 1.0, 2.0)),
    "argocd_resource_events_processing": (("server",), _EIGHTS),
    "argocd_git_request_duration_seconds": (("repo", "request_type"), _GIT_BOUNDS),
    "argocd_kubectl_request_duration_seconds": (("host", "verb"), _KUBECTL_BOUNDS),
    "argocd_kubectl_dns_resolution_duration_seconds": (("host",), _KUBECTL_BOUNDS),
    "argocd_kubectl_rate_limiter_duration_seconds": (("host", "verb"), _KUBECTL_BOUNDS),
}
_WITH_USERS_LABELS: Final = {"argocd_app_labels", "argocd_cluster_labels", "argocd_appset_labels"}


def _of_argocd() -> Known:
    found = {
        name: Metric(name, Type.GAUGE, frozenset(labels), open=name in _WITH_USERS_LABELS)
        for name, labels in _GAUGES.items()
    }
    for name, counted in _COUNTERS.items():
        found[name] = Metric(name, Type.COUNTER, None if counted is None else frozenset(counted), born_late=True)
    for name, (observed, bounds) in _HISTOGRAMS.items():
        for part in _PARTS:
            of_part = frozenset(observed) | ({"le"} if part == "_bucket" else set())
            found[name + part] = Metric(name + part, Type.COUNTER, of_part, bounds)
    return found


def _of_ours() -> Known:
    found = {}
    for name, one in known_of_ours(()).items():
        row = one.row
        bounds = row.bounds if isinstance(row, Distribution) else row.buckets if isinstance(row, OwnMetric) else ()
        counts = name.endswith((*_PARTS, "_total"))
        kind = Type.COUNTER if counts and row is not None and row.type is not Type.GAUGE else Type.GAUGE
        is_open = any(label.startswith(_LABELS_OF_USERS) for label in one.labels) or name.endswith("_labels")
        found[name] = Metric(name, kind, one.labels, tuple(bounds), ours=True, open=is_open)
    return found


KNOWN: Final[Known] = {**_of_argocd(), **_of_ours()}
"""Ours and Argo CD's, by the names of their series."""

REMOVED: Final[Mapping[str, str]] = {
    "argocd_app_sync_status": "argocd_app_info with its label sync_status",
    "argocd_app_health_status": "argocd_app_info with its label health_status",
    "argocd_app_created_time": "nothing of Argo CD's",
}
"""Series that Argo CD no longer has, and what came in their place. Source: Argo CD docs, upgrading/2.14-3.0.md."""


def labels_of(known: Known) -> Callable[[str], Labels]:
    """For the way of labels through an expression: which ones the series of a name have."""

    def labels(name: str) -> Labels:
        metric = known.get(name)
        return None if metric is None or metric.labels is None or metric.open else metric.labels | ON_TARGETS

    return labels


def has(metric: Metric, label: str, added: frozenset[str] = frozenset()) -> bool:
    """Whether the series of a metric can have the label; `added`: what scrape configurations add."""
    if metric.labels is None or label in metric.labels or label in ON_TARGETS or label in added:
        return True
    if not metric.ours and label in PEOPLE:
        return True
    return metric.open and label.startswith(_LABELS_OF_USERS)


_HEALTH: Final = ("Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown")
_SYNC: Final = ("Synced", "OutOfSync", "Unknown")
_OF_ARGOCD: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("argocd_app_info", "health_status"): _HEALTH,
    ("argocd_app_info", "sync_status"): _SYNC,
    ("argocd_app_info", "autosync_enabled"): ("true", "false"),
    ("argocd_app_info", "operation"): ("sync", "delete"),
    ("argocd_app_sync_total", "phase"): ("Succeeded", "Failed", "Error"),
    ("argocd_app_sync_total", "dry_run"): ("true", "false"),
}
_ROWS: Final = {row.name: row for row in METRICS}


def possible(name: str, label: str) -> tuple[str, ...]:
    """All values that a label can have; empty when they are open, or not known."""
    row = _ROWS.get(name)
    if row is not None and label in row.labels:
        return words(row, label) or ()
    return _OF_ARGOCD.get((name, label), ())
