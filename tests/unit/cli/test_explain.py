"""The verb `explain`, from files."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from observability.cli import status
from observability.cli.explain import command
from tests.replay import lines


def recorded(topic: str, application: str, seconds: float) -> dict[str, Any]:
    """The object as it was at that second of a recording."""
    found = list(lines(topic))
    return [
        line.object
        for line in found
        if line.object["metadata"]["name"] == application and line.at - found[0].at <= seconds
    ][-1]


def explain(folder: Path, document: dict[str, Any], *more: str) -> Result:
    file = folder / "application.json"
    file.write_text(json.dumps(document))
    return CliRunner().invoke(command, ["--application", str(file), *more], catch_exceptions=False)


def test_it_names_the_row_that_decided_and_what_is_violated(tmp_path: Path) -> None:
    result = explain(tmp_path, recorded("rollback", "checkout-prod", 240))
    assert result.exit_code == 0
    assert "cause: rolled_back" in result.output
    assert "->  rolled_back     yes  the newest deployment repeats an older one and is behind Git" in result.output
    assert "rollback_in_cluster  forbidden  VIOLATED" in result.output
    assert "environment  prod" in result.output


def test_as_json_each_test_of_the_table_has_its_answer(tmp_path: Path) -> None:
    document = json.loads(explain(tmp_path, recorded("rollback", "checkout-prod", 60), "-o", "json").output)
    assert document["identity"]["service"] == "checkout"
    assert document["sync"]["status"] == "Synced"
    assert document["sync"]["cause"] is None
    pending = json.loads(explain(tmp_path, recorded("windows", "web-prod", 25), "-o", "json").output)
    assert pending["sync"]["cause"] == "pending_revision"
    assert pending["sync"]["tests"]["deleting"] is False
    assert pending["sync"]["tests"]["pending_revision"] is True


def test_synced_has_no_cause(tmp_path: Path) -> None:
    assert "It is not OutOfSync: no cause." in explain(tmp_path, recorded("drift", "catalog-prod", 20)).output


def test_windows_of_the_project_are_told(tmp_path: Path) -> None:
    project = tmp_path / "project.yaml"
    project.write_text(
        'metadata: {name: web, namespace: argocd}\nspec: {syncWindows: [{kind: deny, schedule: "* * * * *", '
        'duration: 1h, applications: ["*"]}]}\n'
    )
    result = explain(tmp_path, recorded("windows", "web-prod", 25), "--project", str(project))
    assert "automated sync may not start now" in result.output
    project.write_text(project.read_text().replace("1h", "a while"))
    result = explain(tmp_path, recorded("windows", "web-prod", 25), "--project", str(project))
    assert "a sync window is invalid" in result.output


def test_settings_say_what_an_environment_demands(tmp_path: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("environments: [{name: prod, policies: {rollback_in_cluster: ignored}}, {name: qa}]\n")
    document = recorded("rollback", "checkout-prod", 240)
    result = explain(tmp_path, document, "--config", str(settings))
    assert "rollback_in_cluster" not in result.output
    document["metadata"]["name"] = "checkout-qa"
    assert "no policies for this environment" in explain(tmp_path, document, "--config", str(settings)).output


@pytest.mark.parametrize(
    "arguments",
    [["explain"], ["explain", "argocd/shop", "--application", "app.yaml"]],
)
def test_a_name_or_a_file_is_needed_and_not_both(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(arguments) == 2
    assert "give the name of an Application in a cluster" in capsys.readouterr().err
