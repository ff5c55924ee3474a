"""The verb `explain`, from files."""

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from observability.cli import status
from observability.cli.explain import command
from observability.model.status import CAUSES_EXPLAINED, Cause
from observability.state.causes import CAUSES
from tests.builders import manifest
from tests.fakes import oracles
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
    assert f"cause: rolled_back\n  {CAUSES_EXPLAINED[Cause.ROLLED_BACK]}\n" in result.output
    assert result.output.count("->") == result.output.count("->  rolled_back     yes\n") == 1
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
    assert "It is Synced: no cause." in explain(tmp_path, recorded("drift", "catalog-prod", 20)).output


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


@pytest.mark.parametrize("verb", ["explain", "windows"])
@pytest.mark.parametrize("name", ["", "/", "argocd/", "/shop", "a/b/c", "..", "shop?limit=1", "Shop"])
def test_what_is_no_name_is_a_usage_error(verb: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status([verb, name]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert f"expected [NAMESPACE/]NAME, such as argocd/shop-prod, got {json.dumps(name)}" in streams.err


def test_without_a_project_windows_are_not_known(tmp_path: Path) -> None:
    document = recorded("windows", "web-prod", 25)
    said = explain(tmp_path, document).output
    assert "windows: not known: no AppProject" in said
    assert "sync may" not in said
    assert json.loads(explain(tmp_path, document, "-o", "json").output)["windows"] is None


def test_both_verbs_say_the_same_of_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    freeze = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"], "manualSync": True}
    (tmp_path / "global").write_text(json.dumps({"metadata": {"name": "all"}, "spec": {"syncWindows": [freeze]}}))
    files = ["--application", f"{tmp_path}/application", "--project", f"{tmp_path}/project", "-o", "json"]
    verdicts = set()
    for case in (case for case in oracles.cases("sync-windows")[::150] if case["expect"]["panic"] is None):
        monkeypatch.setattr(time, "time_ns", partial(oracles.now, case))
        # That another project is named than the Application's does not matter: the user says that it is the one.
        (tmp_path / "project").write_text(json.dumps({"metadata": {"name": "other"}, "spec": case["project_spec"]}))
        (tmp_path / "application").write_text(json.dumps(case["application"]))
        for more in ([], ["--project", f"{tmp_path}/global"]):
            assert status(["explain", *files, *more]) == 0
            explained = json.loads(capsys.readouterr().out)["windows"]
            assert status(["windows", *files, *more]) == 0
            judged = json.loads(capsys.readouterr().out)
            del judged["nextChange"]
            assert explained == judged, case["id"]
            verdicts.add((explained["canSyncAuto"], explained["canSyncManual"]))
    assert len(verdicts) == 3


def test_what_is_not_judged_is_neither_violated_nor_kept(tmp_path: Path) -> None:
    document = recorded("rollback", "checkout-prod", 240)
    found = json.loads(explain(tmp_path, document, "-o", "json").output)["policies"]
    assert found["four_eyes"] == {
        "requirement": "required",
        "violated": None,
        "why": "not judged: who wrote a commit is not in the Kubernetes API",
    }
    assert found["rollback_in_cluster"] == {"requirement": "forbidden", "violated": True}
    assert "not judged: who wrote a commit" in explain(tmp_path, document).output


def test_the_facts_that_decide_are_shown(tmp_path: Path) -> None:
    document = recorded("rollback", "checkout-prod", 240)
    said = explain(tmp_path, document).output
    for line in (
        "source       http://git.example.com/checkout.git, path envs/prod, at main",
        "desired      34dced69a5b933acb149d692716d91acb259d616 of these sources",
        "deployed     0d7ce86f6b713159b93d62244680f6dce23f4f68 of these sources, at 2026-11-23T07:32:34Z",
        "sync         OutOfSync, compared at 2026-11-23T07:32:34Z",
        "resources    1 of 3 OutOfSync",
    ):
        assert f"\n{line}\n" in said
    document["spec"]["source"]["path"] = "envs/new"
    document["status"]["resources"] = [{"kind": "Service", "status": "OutOfSync", "requiresPruning": True}]
    said = explain(tmp_path, document).output
    assert said.count(" of other sources than the spec has now") == 2
    assert "resources    1 of 1 OutOfSync, all of which wait to be pruned\n" in said
    sync = json.loads(explain(tmp_path, document, "-o", "json").output)["sync"]
    assert sync["sources"] == [
        {"repoURL": "http://git.example.com/checkout.git", "path": "envs/new", "targetRevision": "main"}
    ]
    assert sync["desired"] == {"revisions": ["34dced69a5b933acb149d692716d91acb259d616"], "ofSpecSources": False}
    assert (sync["reconciledAt"], sync["deployedAt"]) == ("2026-11-23T07:32:34Z", "2026-11-23T07:32:34Z")
    assert (sync["outOfSyncResources"], sync["allWaitToBePruned"]) == (1, True)


def test_each_of_several_sources_is_shown(tmp_path: Path) -> None:
    said = explain(tmp_path, manifest("application-multi-source")).output
    assert said.count("\nsource  ") == 2


def test_without_a_comparison_there_is_little_to_tell(tmp_path: Path) -> None:
    said = explain(tmp_path, {"metadata": {"name": "new", "namespace": "argocd"}}).output
    for line in ("desired      no revision", "deployed     nothing", "sync         Unknown", "operation    none"):
        assert f"\n{line}\n" in said


def test_every_cause_is_explained_in_the_order_of_the_table() -> None:
    assert list(CAUSES_EXPLAINED) == [cause for cause, _ in CAUSES] == list(Cause)
