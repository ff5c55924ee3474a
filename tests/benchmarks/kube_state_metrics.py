"""kube-state-metrics on the same simulated cluster, when there is a binary of it on the PATH.

Its configuration yields 14 series an application: what its custom resource state can say of what ours exposes.
Source: kube-state-metrics docs/metrics/extend/customresourcestate-metrics.md (v2.17).
"""

import http.client
import json
import shutil
import time
from pathlib import Path
from typing import Any, Final

from observability.model.status import HealthStatus, SyncStatus
from tests.benchmarks import whole
from tests.benchmarks.processes import Memory, cpu_seconds, free_port, running, until, until_idle
from tests.benchmarks.rows import Peer
from tests.benchmarks.scraping import Scraper
from tests.benchmarks.simulated import Cluster, simulated
from tests.benchmarks.whole import Effort

NAME: Final = "kube-state-metrics"
_MISSING: Final = f"{NAME} is not on the PATH: it was not measured."
_MEASURED: Final = f"{NAME}: 14 series an application, without onset, cause, windows and counters."
_INFO: Final = b"gitops_application_info{"


def run(applications: int, effort: Effort, folder: Path) -> tuple[dict[str, list[Peer]], str]:
    """What it took, by names of the rows of `whole`, and a sentence about it. Nothing without a binary that works."""
    binary = shutil.which(NAME)
    if binary is None:
        return {}, _MISSING
    log = folder / f"{NAME}.log"
    try:
        found = _measure(binary, log, applications, effort, folder)
    except (RuntimeError, OSError, http.client.HTTPException) as error:
        said = log.read_text(errors="replace")[-2000:] if log.exists() else ""
        return {}, f"{NAME} was not measured: {error}\n{said}"
    return {name: [Peer(NAME, value)] for name, value in found.items()}, _MEASURED


def _measure(binary: str, log: Path, applications: int, effort: Effort, folder: Path) -> dict[str, float]:
    port = free_port()
    configuration = folder / "custom-resource-state.json"
    configuration.write_text(json.dumps(_configuration()))
    with simulated(folder, applications) as cluster, log.open("wb") as errors:
        arguments = {
            "--kubeconfig": cluster.kubeconfig,
            "--custom-resource-state-only": "true",
            "--custom-resource-state-config-file": configuration,
            "--enable-gzip-encoding": "true",
            "--host": "127.0.0.1",
            "--port": port,
            "--telemetry-host": "127.0.0.1",
            "--telemetry-port": free_port(),
        }
        started_at = time.perf_counter()
        command = [binary, *(f"{flag}={value}" for flag, value in arguments.items())]
        with running(command, errors=errors) as process, Memory(process.pid) as memory:
            scraper = Scraper(port)
            until(
                lambda: scraper.count(_INFO) == applications,
                seconds=120 + applications / 200,
                what=f"{NAME} has all applications",
                process=process,
                every=0.5,  # each look is a whole scrape
            )
            found = {whole.FIRST_SCRAPE: time.perf_counter() - started_at}
            until_idle(process.pid)
            found[whole.GZIP] = min(scraper.gzip().milliseconds for _ in range(effort.rounds))
            found[whole.IDENTITY] = min(scraper.identity().milliseconds for _ in range(effort.rounds))
            found |= _events(process.pid, cluster, effort)
        found[whole.PEAK] = memory.peak_mib / 1024
    return found


def _events(pid: int, cluster: Cluster, effort: Effort) -> dict[str, float]:
    cluster.rate(1_000_000)
    time.sleep(1)
    first, cpu, started = cluster.status(), cpu_seconds(pid), time.perf_counter()
    time.sleep(effort.seconds)
    events, cpu, seconds = cluster.status().events - first.events, cpu_seconds(pid) - cpu, time.perf_counter() - started
    cluster.rate(0)
    return {whole.EVENTS: events / seconds, whole.EVENTS_PER_CPU: events / max(cpu, 0.01)}


def _configuration() -> dict[str, Any]:
    """As JSON, which is YAML too."""
    status = ["status", "operationState"]
    metrics = [
        _metric("info", "Info", {"labelsFromPath": _INFO_LABELS}),
        _metric("sync_status", "StateSet", _states(["status", "sync", "status"], "sync_status", list(SyncStatus))),
        _metric(
            "health_status", "StateSet", _states(["status", "health", "status"], "health_status", list(HealthStatus))
        ),
        _metric("health_since_timestamp_seconds", "Gauge", {"path": ["status", "health", "lastTransitionTime"]}),
        _metric("operation_started_timestamp_seconds", "Gauge", {"path": [*status, "startedAt"]}),
        _metric("operation_finished_timestamp_seconds", "Gauge", {"path": [*status, "finishedAt"]}),
        _metric("reconciled_timestamp_seconds", "Gauge", {"path": ["status", "reconciledAt"]}),
    ]
    resource = {
        "groupVersionKind": {"group": "argoproj.io", "version": "v1alpha1", "kind": "Application"},
        "resourcePlural": "applications",
        "metricNamePrefix": "gitops_application",
        "labelsFromPath": {
            "application": ["metadata", "name"],
            "application_namespace": ["metadata", "namespace"],
            "project": ["spec", "project"],
            "environment": ["metadata", "labels", "env"],
            "service": ["metadata", "labels", "service"],
        },
        "metrics": metrics,
    }
    return {"kind": "CustomResourceStateMetrics", "spec": {"resources": [resource]}}


_INFO_LABELS: Final = {
    "repository": ["spec", "source", "repoURL"],
    "path": ["spec", "source", "path"],
    "target_revision": ["spec", "source", "targetRevision"],
    "destination_server": ["spec", "destination", "server"],
    "destination_namespace": ["spec", "destination", "namespace"],
}


def _metric(name: str, kind: str, how: dict[str, Any]) -> dict[str, Any]:
    key = kind[0].lower() + kind[1:]
    return {"name": name, "help": f"The {name} of an Application.", "each": {"type": kind, key: how}}


def _states(path: list[str], label: str, words: list[str]) -> dict[str, Any]:
    return {"path": path, "labelName": label, "list": [str(word) for word in words]}
