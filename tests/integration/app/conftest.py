"""A real API server full of Applications, the exporter beside it, and exporters of the tests' own."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import pytest
import yaml

from tests.builders import APPLICATION_MANIFESTS, manifest
from tests.fakes.reviews import Reviews
from tests.fakes.simulated_api import SimulatedApi
from tests.integration import servers
from tests.integration.exporters import Exporter
from tests.integration.servers import ARGO_KINDS, ApiServer, Certificates, Etcd, write_kubeconfig

APPLICATIONS: Final = 1200
"""Of the company: three pages of a list."""
NAMES: Final = tuple(
    (
        f"service-{number // 3:03}-{('dev', 'staging', 'prod')[number % 3]}",
        ("argocd", "team-a", "team-b")[number % 7 % 3],
    )
    for number in range(APPLICATIONS)
)
"""Name and namespace of each."""


class StartExporter(Protocol):
    """Starts `gitops-obs run` against the cluster of a kubeconfig; it ends with the test."""

    def __call__(
        self, kubeconfig: Path, *arguments: str, settings: Mapping[str, Any] | None = None, log_level: str = "info"
    ) -> Exporter: ...


@pytest.fixture
def start_exporter(tmp_path: Path) -> Iterator[StartExporter]:
    """A function that starts an exporter of the test's own."""
    started: list[Exporter] = []

    def start(
        kubeconfig: Path, *arguments: str, settings: Mapping[str, Any] | None = None, log_level: str = "info"
    ) -> Exporter:
        folder = tmp_path / f"exporter-{len(started)}"
        folder.mkdir()
        config = folder / "settings.yaml"
        config.write_text(yaml.safe_dump(dict(settings or {})))
        options = ("--kubeconfig", str(kubeconfig), "--config", str(config))
        started.append(Exporter(folder, *options, *arguments, log_level=log_level))
        started[-1].start()
        return started[-1]

    yield start
    for exporter in started:
        exporter.stop()


@pytest.fixture(scope="session")
def company(
    tmp_path_factory: pytest.TempPathFactory, etcd: Etcd, certificates: Certificates, reviews: Reviews
) -> Iterator[ApiServer]:
    """An API server with 1,200 Applications in three namespaces, an ApplicationSet and an AppProject."""
    folder = tmp_path_factory.mktemp("company") / "company"
    with servers.running(ApiServer(folder, etcd, certificates, reviews.url)) as running:
        running.install(*ARGO_KINDS)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(running.create, _objects()))
        yield running


def _objects() -> Iterator[dict[str, Any]]:
    """Real ones, the Applications under names of their own. The one AppProject has a deny window."""
    for name in ("applicationset", "project"):
        yield _fresh(manifest(name), manifest(name)["metadata"]["name"], "argocd")
    kinds = [manifest(name) for name in APPLICATION_MANIFESTS]
    for number, (name, namespace) in enumerate(NAMES):
        document = _fresh(kinds[number % len(kinds)], name, namespace)
        yield document | {"spec": document["spec"] | {"project": "web"}}


def _fresh(document: dict[str, Any], name: str, namespace: str) -> dict[str, Any]:
    """The object as somebody may create it."""
    return document | {
        "metadata": {"name": name, "namespace": namespace, "labels": document["metadata"].get("labels", {})}
    }


@pytest.fixture(scope="session")
def exporter(tmp_path_factory: pytest.TempPathFactory, company: ApiServer) -> Iterator[Exporter]:
    """The exporter that watches the company, ready."""
    folder = tmp_path_factory.mktemp("exporter")
    with servers.running(Exporter(folder, "--kubeconfig", str(company.kubeconfig()))) as running:
        running.wait_until_ready()
        yield running


class Simulated(NamedTuple):
    """An API that serves any object, and the kubeconfig that leads there."""

    api: SimulatedApi
    kubeconfig: Path


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Simulated]:
    """One without any object yet."""
    with SimulatedApi().serving() as api:
        write_kubeconfig(tmp_path / "simulated.yaml", api.url, {}, {})
        yield Simulated(api, tmp_path / "simulated.yaml")
