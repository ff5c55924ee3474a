"""The verb `publish`: what it is told, and what it says without writing anything."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """An empty folder of rules."""
    folder = tmp_path / "rules"
    folder.mkdir()
    return folder


def test_a_dry_run_of_rules_is_a_diff(call: Call, rules: Path) -> None:
    status, out, _ = call("publish", "prometheus", "--folder", str(rules), "--environment", "staging", "--dry-run")
    lines = out.splitlines()
    assert (status, list(rules.iterdir())) == (0, [])
    assert lines[:2] == ["--- /dev/null", "+++ staging-gitops-applicationsets.yml"]
    assert lines[3].startswith("+# Generated from ")
    assert lines[-1].endswith(" to create, 0 to change, 0 to prune, 0 unchanged")


def test_rules_of_a_user_are_published_beside_ours(call: Call, rules: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine" / "alerts"
    mine.mkdir(parents=True)
    (mine / "mine.py").write_text(
        "from observability.monitoring.spec import Group, Recording\n"
        "GROUP = Group(name='mine', rules=(Recording(record='mine:up:one', expr='vector(1)', labels=(), help='.'),))\n"
    )
    status, _, err = call(
        *("publish", "prometheus", "--folder", str(rules), "--environment", "dev", "--source", str(mine.parent))
    )
    assert (status, (rules / "dev-mine.yml").exists()) == (0, True), err


def test_files_of_others_are_in_the_way(call: Call, rules: Path) -> None:
    (rules / "prod-gitops-drift.yml").write_text("groups: []\n")
    for how in ((), ("--dry-run",)):
        status, _, err = call("publish", "prometheus", "--folder", str(rules), "--environment", "prod", *how)
        assert status == 1
        assert "gitops-obs: prod-gitops-drift.yml is not ours: --overwrite would replace it\n" in err
    assert [path.name for path in rules.iterdir()] == ["prod-gitops-drift.yml"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("grafana", "--environment", "prod"), 2, "which Grafana? Give --url URL"),
        (("grafana", "--url", "http://localhost"), 2, "--environment"),
        (("grafana", "--url", "http://localhost", "--environment", "moon"), 2, "expected one of dev, staging, prod"),
        (("grafana", "--url", "localhost", "--environment", "prod"), 2, "--url: expected http:// or https://"),
        (
            ("grafana", "--url", "http://localhost", "--environment", "prod", "--folder", "…"),
            2,
            "--folder: expected a title",
        ),
        (
            *(("grafana", "--url", "http://x", "--environment", "dev", "--token-file", "a", "--user-file", "b"), 2),
            "exclude each other",
        ),
        (("prometheus", "--environment", "prod"), 2, "--folder"),
        (("prometheus", "--environment", "prod", "--folder", "absent"), 3, "absent: expected a folder"),
        (
            ("prometheus", "--environment", "prod", "--folder", "absent", "--promtool", "none"),
            3,
            "the program promtool",
        ),
        (("prometheus", "--environment", "prod", "--folder", "x", "--source", "absent"), 2, "holds alerts/"),
    ],
)
def test_bad_input_is_told(call: Call, arguments: tuple[str, ...], status: int, said: str) -> None:
    told = call("publish", *arguments)
    assert (told.status, told.stdout) == (status, "")
    assert said in told.stderr


def test_without_promtool_prometheus_is_the_judge(call: Call, rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    status, _, err = call("publish", "prometheus", "--folder", str(rules), "--environment", "prod")
    assert (status, err) == (0, "promtool is not installed: Prometheus itself will judge the files\n")
