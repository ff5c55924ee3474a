"""An engine of an installed package, watched beside Argo CD through a real API server."""

from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest

from tests.builders import manifest
from tests.integration.app.conftest import StartExporter
from tests.integration.conftest import StartApiServer
from tests.integration.servers import ARGO_KINDS, ApiServer, Etcd, until

pytestmark = pytest.mark.servers

GROUP: Final = "kustomize.toolkit.fluxcd.io"
API: Final = f"/apis/{GROUP}/v1"
PLUGIN: Final = '''
    """What of a Kustomization of Flux tells its health, as an example."""

    from msgspec.json import decode

    from observability.model.application import Application
    from observability.model.observation import Kind
    from observability.model.status import HealthStatus, SyncStatus
    from observability.sources.engine import Engine, WatchedKind


    def kustomization(raw, problems):
        found = decode(raw)
        metadata = found["metadata"]
        ready = found["status"]["ready"]
        return Application(
            namespace=metadata["namespace"],
            name=metadata["name"],
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
            project="default",
            sync=SyncStatus.SYNCED,
            health=HealthStatus.HEALTHY if ready else HealthStatus.DEGRADED,
        )


    GROUP = "kustomize.toolkit.fluxcd.io"
    FLUX = Engine("flux", (WatchedKind(Kind.APPLICATION, GROUP, "v1", "kustomizations", kustomization),))
'''


def install(folder: Path) -> None:
    """Put a distribution where Python finds it, as pip does."""
    info = folder / "obs_flux-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: obs-flux\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gitops_observability.engines]\nflux = obs_flux:FLUX\n")
    (folder / "obs_flux.py").write_text(dedent(PLUGIN))


def define(api: ApiServer) -> None:
    """Let the API server know Kustomizations."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    document = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"kustomizations.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": "Kustomization",
                "listKind": "KustomizationList",
                "plural": "kustomizations",
                "singular": "kustomization",
            },
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    api.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", document)
    until(lambda: api.status("GET", f"{API}/kustomizations") == 200, "Kustomizations are served")


def kustomization(name: str, *, ready: bool) -> dict[str, Any]:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux"},
        "status": {"ready": ready},
    }


def health(engine: str, name: str, word: str) -> str:
    """The line of /metrics that says it."""
    labels = rf'engine="{engine}",.*application="{name}",.*health_status="{word}"'
    return rf"^gitops_application_health_status{{{labels}}} 1$"


def test_an_engine_of_a_plugin_is_watched_as_argo_cd_is(
    etcd: Etcd,
    start_api_server: StartApiServer,
    start_exporter: StartExporter,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(tmp_path / "installed")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "installed"))
    api = start_api_server(etcd)
    api.install(*ARGO_KINDS)
    define(api)
    shop = manifest("application-behind")
    shop["metadata"] = {"name": "shop", "namespace": "argocd"}
    shop["status"]["health"]["status"] = "Healthy"
    api.create(shop)
    for name in ("podinfo-dev", "goes"):
        api.ask("POST", f"{API}/namespaces/flux/kustomizations", kustomization(name, ready=True))
    options = ("--journal", str(tmp_path / "journal.db"), "--events", str(tmp_path / "events.jsonl"))
    exporter = start_exporter(api.kubeconfig(), *options, settings={"plugins": ["flux"]})
    exporter.wait_until_ready()
    exporter.wait_for(
        health("flux", "podinfo-dev", "Healthy"), health("flux", "goes", "Healthy"), health("argocd", "shop", "Healthy")
    )
    assert "flux:Application in all namespaces: listed" in exporter.get("/").text
    change = {"status": {"ready": False}}
    api.ask("PATCH", f"{API}/namespaces/flux/kustomizations/podinfo-dev", change)
    exporter.wait_for(health("flux", "podinfo-dev", "Degraded"))
    told = tmp_path / "events.jsonl"
    until(lambda: told.exists() and '"gitops.application.health.changed"' in told.read_text(), "the change is an event")
    assert '"gitops.engine":"flux"' in told.read_text().replace(": ", ":")
    exporter.stop()
    api.ask("DELETE", f"{API}/namespaces/flux/kustomizations/goes")
    again = start_exporter(api.kubeconfig(), *options, settings={"plugins": ["flux"]})
    again.wait_until_ready()
    until(lambda: 'application="goes"' not in again.metrics(), "what was deleted meanwhile is gone")
    again.wait_for(health("flux", "podinfo-dev", "Degraded"), health("argocd", "shop", "Healthy"))
