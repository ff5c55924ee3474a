"""The verb `generate`: what it writes where, what it says, and what it refuses."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from observability.cli import generate
from observability.monitoring.generate.outputs import Form

Call = Callable[..., tuple[int, str, str]]

MODULE = """\
from observability.monitoring.spec import Alert, Group, Severity, select
from observability.signals.exporter import READY

GROUP = Group(
    name="ours",
    rules=(
        Alert(
            name="GitOpsOurs",
            expr=f"{select(READY)} == 0",
            severity=Severity.WARNING,
            summary="s",
            description="d",
            dashboard="gitops-exporter",
            variables=(),
            whole=True,
        ),
    ),
)
"""
RUNBOOK = "".join(
    f"## {heading}\n\n"
    for heading in ("What it means", "What to look at", "What to do", "How it ends", "When it is wrong")
)


def authored(folder: Path, module: str = MODULE) -> Path:
    """A folder of a user's with an alert."""
    (folder / "alerts/runbooks").mkdir(parents=True)
    (folder / "alerts/ours.py").write_text(module)
    (folder / "alerts/runbooks/GitOpsOurs.md").write_text(RUNBOOK)
    return folder


def paths(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_the_forms_are_those_that_there_are() -> None:
    assert list(Form) == list(generate.FORMS)


def test_a_folder_is_written_checked_and_mended(call: Call, tmp_path: Path) -> None:
    output = ("--output", str(tmp_path))
    status, out, err = call("generate", *output)
    assert (status, err) == (0, "")
    assert paths(tmp_path) >= {
        f"{folder}/generated/{environment}/{file}"
        for folder, file in (("dashboards", "gitops-overview.json"), ("alerts", "alertmanager.yml"))
        for environment in ("dev", "staging", "prod")
    }
    assert not any(path.endswith("README.md") for path in paths(tmp_path)), "pages stand beside the rows only"
    assert f"{tmp_path}/alerts/generated/prod/gitops.tmpl: written" in out

    assert call("generate", *output, "--check")[0] == 0
    assert call("generate", *output)[1].endswith(", 0 changed\n")
    (tmp_path / "alerts/generated/prod/alertmanager.yml").write_text("route: {}\n")
    (tmp_path / "dashboards/generated/dev/gitops-slo.json").unlink()
    (tmp_path / "alerts/generated/dev/old.yml").write_text("# Generated from alerts/old.py for dev: change it\n")
    status, out, err = call("generate", *output, "--check")
    assert (status, err) == (1, "")
    assert out.splitlines() == [
        f"{tmp_path}/alerts/generated/dev/old.yml: left over",
        f"{tmp_path}/alerts/generated/prod/alertmanager.yml: stale",
        f"{tmp_path}/dashboards/generated/dev/gitops-slo.json: missing",
    ]
    assert call("generate", *output)[1].endswith(", 3 changed\n")
    assert call("generate", *output, "--check")[0] == 0


def test_one_environment_leaves_the_others_alone(call: Call, tmp_path: Path) -> None:
    assert call("generate", "--output", str(tmp_path), "--environment", "dev")[0] == 0
    assert {path.split("/")[2] for path in paths(tmp_path)} == {"dev"}
    assert call("generate", "--output", str(tmp_path), "--environment", "prod")[0] == 0
    assert {path.split("/")[2] for path in paths(tmp_path)} == {"dev", "prod"}
    assert call("generate", "--output", str(tmp_path), "--check", "--environment", "dev")[0] == 0


def test_environments_that_are_no_more_go(call: Call, tmp_path: Path) -> None:
    output = tmp_path / "output"
    config = tmp_path / "settings.yaml"
    config.write_text("environments: [{name: dev}, {name: live, otel_name: production}]\n")
    assert call("generate", "--output", str(output))[0] == 0
    assert call("generate", "--output", str(output), "--config", str(config))[0] == 0
    assert {path.split("/")[2] for path in paths(output)} == {"dev", "live"}
    assert not (output / "alerts/generated/prod").exists()


def test_rows_of_a_user_are_made_too(call: Call, tmp_path: Path) -> None:
    source = authored(tmp_path / "own")
    assert call("generate", "--source", str(source), "--output", str(tmp_path / "output"))[0] == 0
    text = (tmp_path / "output/alerts/generated/prod/ours.yml").read_text()
    assert yaml.safe_load(text)["groups"][0]["rules"][0]["alert"] == "GitOpsOurs"
    assert (tmp_path / "output/alerts/generated/prod/gitops-health.yml").exists()
    assert call("generate", "--output", str(tmp_path / "output"))[0] == 0
    assert not (tmp_path / "output/alerts/generated/prod/ours.yml").exists(), "nothing makes it any more"


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("def", "alerts/ours.py:1: expected Python"),
        ("import nowhere", "alerts/ours.py:1: expected a module that can be imported"),
        (
            MODULE.replace("(READY)", "(READY, color='red')"),
            "alerts/ours.py:9: gitops_exporter_ready: expected a label",
        ),
        (MODULE.replace("{select(READY)}", "gitops_exporter_rady"), "alerts/ours.py: GitOpsOurs: expected a metric of"),
        (MODULE.replace("GitOpsOurs", "GitOpsTheirs"), "alerts/ours.py: GitOpsTheirs: expected a runbook"),
        (MODULE.replace("GitOpsOurs", "Watchdog"), "alerts/ours.py: Watchdog: expected each alert once"),
        (MODULE.replace('"ours"', '"../ours"'), "alerts/ours.py: ../ours: expected the name of a group"),
        (MODULE.replace('"ours"', '"alertmanager"'), "alerts/ours.py: alertmanager: expected the name of a group"),
        ("GROUP = 1", "alerts/ours.py: GROUP: expected a Group"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_written(call: Call, tmp_path: Path, module: str, said: str) -> None:
    source = authored(tmp_path / "own", module)
    status, out, err = call("generate", "--source", str(source), "--output", str(tmp_path / "output"))
    assert (status, out) == (2, "")
    assert said in err
    assert not (tmp_path / "output").exists()


def test_what_is_made_on_demand_is_printed(call: Call) -> None:
    status, out, err = call("generate", "--only", "prometheusrule", "--environment", "prod")
    assert (status, err) == (0, "")
    documents = list(yaml.safe_load_all(out))
    assert {one["kind"] for one in documents} == {"PrometheusRule"}
    assert len(documents) > 5


def test_or_written_into_a_folder_of_its_form(call: Call, tmp_path: Path) -> None:
    output = ("--only", "grafana-alerting", "--output", str(tmp_path))
    assert call("generate", *output)[0] == 0
    assert paths(tmp_path) == {f"grafana-alerting/{one}/rules.yaml" for one in ("dev", "staging", "prod")}
    assert call("generate", *output, "--check")[0] == 0
    (tmp_path / "grafana-alerting/dev/rules.yaml").write_text("")
    assert call("generate", *output, "--check")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--environment", "moon"), "--environment: expected one of dev, staging, prod, got moon"),
        (("--only", "configmap", "--check"), "--check with --only needs --output"),
        (("--source", "no-such-folder"), "no-such-folder"),
        (("--config", "no-such-file.yaml"), "no-such-file.yaml"),
    ],
)
def test_what_cannot_be_is_refused(call: Call, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = call("generate", *arguments)
    assert (status, out) == (2, "")
    assert said in err


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", "*", ".", "a\\nb"])
def test_environments_must_be_names_of_folders(call: Call, tmp_path: Path, name: str) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(yaml.safe_dump({"environments": [{"name": name}]}))
    status, out, err = call("generate", "--config", str(config), "--output", str(tmp_path / "output"))
    assert (status, out) == (2, "")
    assert "environments: expected names" in err or "expected text" in err
    assert paths(tmp_path) == {"settings.yaml"}


def test_a_folder_that_cannot_be_written_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "alerts").write_text("in the way")
    status, out, err = call("generate", "--output", str(tmp_path))
    assert (status, out) == (2, "")
    assert "--output" in err
    assert paths(tmp_path) == {"alerts"}
