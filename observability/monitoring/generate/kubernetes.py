"""Objects for Kubernetes that hold what is generated: for the Prometheus operator, Grafana's sidecar and its operator.

Pure.

Names end in the environment, and so do files: a sidecar writes all that it finds in a cluster into one folder.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import yaml

from observability.settings import Monitoring

FOLDER: Final = "GitOps"
"""The folder of Grafana that dashboards and alert rules are put into."""

_NAME_LENGTH: Final = 63
_LABELS: Final = {"app.kubernetes.io/name": "gitops-observability"}


def object_name(*parts: str) -> str:
    """A name for an object: a DNS label. What had to be changed ends in a hash, so that no two become the same."""
    given = "-".join(parts)
    name = re.sub(r"[^a-z0-9]+", "-", given.lower()).strip("-")
    if name == given and len(name) <= _NAME_LENGTH:
        return name
    return f"{name[: _NAME_LENGTH - 9].rstrip('-')}-{sha256(given.encode()).hexdigest()[:8]}"


def described(
    api: str, kind: str, name: str, monitoring: Monitoring, **of_metadata: Mapping[str, str]
) -> dict[str, Any]:
    """An object without its content."""
    labels = {**_LABELS, **of_metadata.pop("labels", {}), **monitoring.object_labels}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "labels": labels, **of_metadata}}


def prometheus_rule(group: str, environment: str, rules: str, monitoring: Monitoring) -> dict[str, Any]:
    """A PrometheusRule with a rule file. Source: prometheus-operator 0.80, monitoring.coreos.com/v1."""
    made = described("monitoring.coreos.com/v1", "PrometheusRule", object_name(group, environment), monitoring)
    return {**made, "spec": yaml.safe_load(rules)}


def config_map(uid: str, environment: str, dashboard: str, monitoring: Monitoring) -> dict[str, Any]:
    """A ConfigMap with a dashboard. Source: kiwigrid/k8s-sidecar 1.30, as the chart of Grafana sets it up."""
    made = described(
        *("v1", "ConfigMap", object_name(uid, environment), monitoring),
        labels={"grafana_dashboard": "1"},
        annotations={"grafana_folder": FOLDER},
    )
    return {**made, "data": {f"{object_name(uid, environment)}.json": dashboard}}


def grafana_dashboard(uid: str, environment: str, dashboard: str, monitoring: Monitoring) -> dict[str, Any]:
    """A GrafanaDashboard for the Grafanas with the label `dashboards: grafana`, also in other namespaces.

    Source: grafana-operator 5.18, grafana.integreatly.org/v1beta1.
    """
    made = described("grafana.integreatly.org/v1beta1", "GrafanaDashboard", object_name(uid, environment), monitoring)
    spec = {
        "instanceSelector": {"matchLabels": {"dashboards": "grafana"}},
        "allowCrossNamespaceImport": True,
        "folder": FOLDER,
        "json": dashboard,
    }
    return {**made, "spec": spec}
