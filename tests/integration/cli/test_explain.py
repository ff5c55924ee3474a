"""The verb `explain` against a real API server."""

import json
from pathlib import Path
from typing import Any

import pytest

from observability import cli
from tests.builders import manifest
from tests.integration.servers import ApiServer, free_port, write_kubeconfig

pytestmark = pytest.mark.servers

NAMESPACE = "explain-by-name"


@pytest.fixture(scope="module")
def cluster(api: ApiServer) -> tuple[str, ...]:
    """An API server with two Applications, one without its project; the arguments that lead there."""
    for kind, name, project in (
        ("application-local", "tools-prod", "tools"),
        ("application-behind", "lost-prod", "gone"),
    ):
        document = manifest(kind)
        document["metadata"] = {"name": name, "namespace": NAMESPACE}
        document["spec"]["project"] = project
        del document["status"]["controllerNamespace"]
        api.create(document)
    api.create(manifest("project") | {"metadata": {"name": "tools", "namespace": NAMESPACE}})
    return ("--kubeconfig", str(api.kubeconfig()))


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert cli.status(["explain", *arguments, "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_by_name(cluster: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, f"{NAMESPACE}/tools-prod", *cluster)
    assert found["identity"] == {
        "engine": "argocd",
        "application_namespace": NAMESPACE,
        "application": "tools-prod",
        "project": "tools",
        "environment": "prod",
        "service": "tools",
    }
    assert (found["sync"]["status"], found["sync"]["cause"]) == ("Synced", None)
    violated = {policy for policy, one in found["policies"].items() if one["violated"]}
    assert violated == {"local_manifests", "target_revision"}
    assert (found["windows"]["active"], found["windows"]["canSyncManual"]) == ([0], False)


def test_for_people(cluster: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.status(["explain", f"{NAMESPACE}/tools-prod", *cluster]) == 0
    said = capsys.readouterr().out
    for words in (
        f"tools-prod in namespace {NAMESPACE}",
        "local_manifests",
        "VIOLATED",
        "manual sync may not start now",
    ):
        assert words in said


@pytest.mark.parametrize("name", ["tools-prod", f"{NAMESPACE}/absent", f"{NAMESPACE}/lost-prod"])
def test_what_is_not_there_cannot_be_explained(
    cluster: tuple[str, ...], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert cli.status(["explain", name, *cluster]) == 3
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("gitops-obs: ")


def test_without_a_cluster_nothing_can_be_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_kubeconfig(tmp_path / "nowhere.yaml", f"http://127.0.0.1:{free_port()}", {}, {})
    assert cli.status(["explain", "shop", "--kubeconfig", str(tmp_path / "nowhere.yaml")]) == 3
    assert "cannot reach http://127.0.0.1:" in capsys.readouterr().err
