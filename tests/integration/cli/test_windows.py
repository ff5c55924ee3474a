"""The verb `windows` by name, in a cluster."""

import json
from pathlib import Path
from typing import Any

import pytest

from observability import cli
from tests.integration.servers import ApiServer

pytestmark = pytest.mark.servers

NAMESPACE = "windows-by-name"
NIGHT = ("--at", "2026-03-30T02:00:00Z")


@pytest.fixture(scope="module")
def cluster(api: ApiServer) -> tuple[str, ...]:
    """An API server with an Application, its project and a global project; the arguments that lead there."""
    for kind, name, spec in (
        ("Application", "shop", {"project": "web", "destination": {"namespace": "shop"}}),
        ("Application", "lost", {"project": "gone"}),
        ("AppProject", "web", {"syncWindows": [window("allow", schedule="0 8 * * *")]}),
        ("AppProject", "company", {"syncWindows": [window("deny", schedule="0 0 * * *", manualSync=True)]}),
    ):
        metadata = {"name": name, "namespace": NAMESPACE}
        api.create({"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
    return ("--kubeconfig", str(api.kubeconfig()))


def window(kind: str, **rest: object) -> dict[str, Any]:
    return {"kind": kind, "duration": "4h", "applications": ["*"], **rest}


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert cli.status(["windows", *arguments, *NIGHT, "-o", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_by_name(cluster: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, f"{NAMESPACE}/shop", *cluster) == {
        "active": [],
        "canSyncAuto": False,
        "canSyncManual": False,
        "nextChange": {"automated": "2026-03-30T08:00:00Z", "manual": "2026-03-30T08:00:00Z"},
        "error": None,
    }


def test_windows_of_global_projects_follow(
    cluster: tuple[str, ...], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text("argocd: {global_projects: [company, elsewhere]}")
    found = answer(capsys, f"{NAMESPACE}/shop", *cluster, "--config", str(config))
    assert (found["active"], found["canSyncAuto"], found["canSyncManual"]) == ([1], False, True)


@pytest.mark.parametrize("name", ["shop", f"{NAMESPACE}/absent", f"{NAMESPACE}/lost"])
def test_what_is_not_there_cannot_be_judged(
    cluster: tuple[str, ...], capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert cli.status(["windows", name, *cluster]) == 3
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("gitops-obs: ")
