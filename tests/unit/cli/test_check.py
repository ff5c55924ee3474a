"""The verb `check`."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call

PUBLIC = Path(__file__).parents[3] / "tests/manifests/checks/argocd-alerts.yml"
GOOD = """\
groups:
  - name: a
    rules:
      - alert: Down
        expr: up == 0
        labels: {severity: critical}
        annotations: {summary: It is down., runbook_url: https://example.com/Down.md}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/good.yml").write_text(GOOD)
    (tmp_path / "rules/other.yaml").write_text("kind: Deployment\n")
    (tmp_path / "rules/.hidden.yml").write_text("{")
    (tmp_path / "rules/notes.txt").write_text("{")
    return tmp_path / "rules"


def test_nothing_found(call: Call, folder: Path) -> None:
    status, out, err = call("check", str(folder))
    assert (status, err) == (0, "")
    assert out == "nothing found; looked at 1 rule and 0 panels in 1 file; nothing to check in 1 file\n"


def test_findings_have_all_that_one_needs(call: Call) -> None:
    status, out, _ = call("check", str(PUBLIC))
    assert status == 1
    assert out.startswith(f"{PUBLIC}\n")
    assert "   65  error    threshold-above-buckets" in out
    assert "Take a threshold below it" in out
    assert out.splitlines()[-1].startswith("2 errors, 36 warnings, 5 notes; looked at 17 rules")


def test_it_fits_the_terminal(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    for width in (80, 120):
        monkeypatch.setattr(shutil, "get_terminal_size", lambda width=width: os.terminal_size((width, 50)))
        _, out, _ = call("check", str(PUBLIC))
        assert max(map(len, out.splitlines()[1:])) <= width


def test_only_some_checks(call: Call) -> None:
    status, out, _ = call("check", str(PUBLIC), "--rule", "short-window", "-o", "json")
    assert (status, [one["check"] for one in json.loads(out)["findings"]]) == (1, ["short-window"])
    status, out, _ = call("check", str(PUBLIC), "--rule", "short-window", "--exclude", "short-window")
    assert status == 0
    status, out, _ = call("check", str(PUBLIC), "--rule", "short-window", "--scrape-interval", "15s")
    assert status == 0


@pytest.mark.parametrize("output", ["json", "sarif", "junit"])
def test_machines_get_a_document_also_without_findings(call: Call, folder: Path, output: str) -> None:
    status, out, err = call("check", str(folder), "-o", output)
    assert (status, err) == (0, "")
    assert "good.yml" in out


NOTHING = "expected rules, a dashboard, routes of Alertmanager or a scrape configuration, got none"


@pytest.mark.parametrize("content", [{}, {"other.yaml": "kind: Deployment\n"}])
def test_a_folder_without_anything_to_check_is_told(call: Call, tmp_path: Path, content: dict[str, str]) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    assert call("check", str(tmp_path)) == (3, "", f"gitops-obs: {tmp_path}: {NOTHING}\n")
    status, out, err = call("check", str(tmp_path), "-o", "json")
    assert (status, json.loads(out)["findings"], err) == (3, [], f"gitops-obs: {tmp_path}: {NOTHING}\n")


@pytest.mark.parametrize("name", ["other.yaml", "notes.txt", "absent.yml"])
def test_nothing_could_be_read(call: Call, folder: Path, name: str) -> None:
    status, out, _ = call("check", str(folder / name))
    assert status == 3
    assert "unreadable" in out


def test_what_cannot_be_read_is_a_finding_beside_the_others(call: Call, folder: Path) -> None:
    (folder / "binary.json").write_bytes(b"\xff\xfe\x00")
    (folder / "large.yml").write_bytes(b" " * (32 * 1024 * 1024 + 1))
    status, out, _ = call("check", str(folder), "-o", "json")
    document = json.loads(out)
    assert (status, document["files"]) == (1, [str(folder / "good.yml")])
    assert [Path(one["file"]).name for one in document["findings"]] == ["binary.json", "large.yml"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected files or folders"),
        (("a.yml", "--rule", "absent"), "there is no check absent"),
        (("a.yml", "--exclude", "absent"), "there is no check absent"),
        (("a.yml", "--scrape-interval", "often"), "expected a duration"),
    ],
)
def test_bad_arguments(call: Call, arguments: tuple[str, ...], said: str) -> None:
    status, _, err = call("check", *arguments)
    assert status == 2
    assert said in err


def test_all_checks_are_listed(call: Call) -> None:
    status, out, _ = call("check", "--list")
    assert status == 0
    assert "threshold-above-buckets" in out


def test_checks_of_plugins_run_when_the_settings_name_them(
    call: Call, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "obs_checks-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: obs-checks\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gitops_observability.checks]\nowner = obs_checks:OWNER\n")
    (tmp_path / "obs_checks.py").write_text(
        "from observability.monitoring.checks.documents import Rule\n"
        "from observability.monitoring.checks.rows import Check, Found, Severity\n"
        "def find(rule):\n"
        "    if 'owner' not in rule.labels: yield Found('nobody owns it')\n"
        "OWNER = Check(name='owner-missing', severity=Severity.NOTE, says='No owner.', why='W.', mend='M.',\n"
        "              of=Rule, find=find)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    settings = tmp_path / "settings.yaml"
    settings.write_text("plugins: [owner]\n")
    assert call("check", str(folder)).status == 0
    status, out, _ = call("check", str(folder), "--config", str(settings))
    assert status == 1
    assert "Down: nobody owns it" in out
