"""The verb `windows`, with files and with a cluster."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import oracles

Call = Callable[..., tuple[int, str, str]]

PROJECT = """
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: shop, namespace: argocd, creationTimestamp: 2026-01-01T00:00:00Z}
spec:
  syncWindows:
  - {kind: deny, schedule: 0 22 * * *, duration: 8h, timeZone: Europe/Berlin, manualSync: true, applications: [a*, s*]}
  - {kind: allow, schedule: 0 8 * * 1-5, duration: 9h, applications: ["*"]}
  - {kind: allow, schedule: "@daily", duration: 1h, applications: [other]}
"""
APPLICATION = {"kind": "Application", "metadata": {"name": "shop-prod"}, "spec": {"destination": {"namespace": "shop"}}}
NIGHT = "2026-03-29T02:30:00.5+02:00"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """The arguments that name an Application and its project."""
    (tmp_path / "project.yaml").write_text(PROJECT)
    (tmp_path / "application.json").write_text(json.dumps(APPLICATION))
    return ("--application", f"{tmp_path}/application.json", "--project", f"{tmp_path}/project.yaml")


def test_json(call: Call, files: tuple[str, ...]) -> None:
    status, out, err = call("windows", *files, "--at", NIGHT, "-o", "json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "active": [0],
        "canSyncAuto": False,
        "canSyncManual": True,
        "nextChange": {"automated": "2026-03-30T08:00:00Z", "manual": "2026-03-29T04:00:00Z"},
        "error": None,
    }


def test_a_table_for_people(call: Call, files: tuple[str, ...]) -> None:
    status, out, _ = call("windows", *files, "--at", NIGHT)
    assert status == 0
    assert out == (
        "#  KIND   SCHEDULE     DURATION  TIME ZONE      APPLIES  ACTIVE\n"
        "0  deny   0 22 * * *   8h        Europe/Berlin  yes      yes\n"
        "1  allow  0 8 * * 1-5  9h        UTC            yes      no\n"
        "2  allow  @daily       1h        UTC            no       invalid\n"
        "\n"
        "automated sync: denied, until 2026-03-30T08:00:00Z\n"
        "manual sync:    allowed, until 2026-03-29T04:00:00Z\n"
    )


def test_now_is_asked_by_default(call: Call, files: tuple[str, ...]) -> None:
    assert call("windows", *files)[0] == 0


@pytest.mark.parametrize(("by", "status"), [("automated", 1), ("manual", 0)])
def test_assert_turns_a_no_into_an_exit_code(call: Call, files: tuple[str, ...], by: str, status: int) -> None:
    assert call("windows", *files, "--at", NIGHT, "--assert", by)[0] == status


def test_a_window_that_cannot_be_read_is_an_answer(call: Call, tmp_path: Path) -> None:
    window = {"kind": "allow", "schedule": "\x1b[2J@daily", "duration": "1h", "applications": ["*"]}
    (tmp_path / "project").write_text(json.dumps({"spec": {"syncWindows": [window]}}))
    (tmp_path / "application").write_text("{}")
    files = ("--application", f"{tmp_path}/application", "--project", f"{tmp_path}/project")
    status, out, _ = call("windows", *files, "-o", "json")
    answer = json.loads(out)
    assert (status, answer["canSyncAuto"], answer["canSyncManual"], answer["active"]) == (0, False, False, [])
    assert "cannot parse schedule" in answer["error"]
    table = call("windows", *files)[1]
    assert "denied, because a window is invalid: cannot parse schedule" in table
    assert "\x1b" not in table
    assert call("windows", *files, "--assert", "manual")[0] == 1


def test_windows_of_global_projects_follow(call: Call, files: tuple[str, ...], tmp_path: Path) -> None:
    freeze = {"kind": "deny", "schedule": "* * * * *", "duration": "2m", "namespaces": ["shop"]}
    (tmp_path / "global.json").write_text(json.dumps({"spec": {"syncWindows": [freeze]}}))
    out = call("windows", *files, "--project", f"{tmp_path}/global.json", "--at", NIGHT, "-o", "json")[1]
    assert json.loads(out)["active"] == [0, 3]


def test_without_windows(call: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("{}")
    status, out, _ = call("windows", "--application", f"{tmp_path}/empty", "--project", f"{tmp_path}/empty")
    assert (status, out.splitlines()[0]) == (0, "no sync windows")
    assert "automated sync: allowed, no change within 35 days" in out


def test_one_file_may_come_from_stdin(
    call: Call, files: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(APPLICATION).encode())))
    project = f"{tmp_path}/project.yaml"
    assert call("windows", "--application", "-", "--project", project, "--at", NIGHT, "--assert", "manual")[0] == 0
    assert call("windows", "--application", "-", "--project", "-")[0] == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("kind: AppProject\nmetadata: {name: x}", "kind: expected Application, got 'AppProject'"),
        ("- 1", "expected one object, as YAML or JSON"),
        ("", "expected one object, as YAML or JSON"),
        ("{", "expected YAML or JSON: "),
        ("a: &a [*a]", "expected YAML or JSON: "),
        ("\x00", "expected YAML or JSON: "),
        ("spec: {destination: {name: [1]}}", "spec.destination.name: Expected 'str | null', got 'array'"),
        ("metadata: x", "metadata: expected a mapping"),
    ],
)
def test_a_file_that_is_none_is_named(
    call: Call, files: tuple[str, ...], tmp_path: Path, content: str, complaint: str
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(content)
    status, out, err = call("windows", "--application", str(file), *files[2:])
    assert (status, out) == (2, "")
    assert err.startswith(f"gitops-obs: {file}: {complaint}")


def test_a_wrong_type_in_a_window_is_named(call: Call, files: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text("spec: {syncWindows: [{duration: 60}]}")
    status, _, err = call("windows", *files[:2], "--project", str(file))
    assert (status, err) == (
        2,
        f"gitops-obs: {file}: spec.syncWindows[0].duration: Expected 'str | null', got 'int'\n",
    )


def test_a_missing_file_is_named(call: Call, files: tuple[str, ...]) -> None:
    status, _, err = call("windows", *files[:2], "--project", "/nowhere.yaml")
    assert (status, err) == (2, "gitops-obs: /nowhere.yaml: cannot be read: No such file or directory\n")


@pytest.mark.parametrize(
    ("instant", "change"),
    [
        ("2026-03-28t02:30:00z", "2026-03-28T05:00:00Z"),
        ("2026-03-28T04:59:59.9999999999Z", "2026-03-28T05:00:00Z"),
        ("2026-03-28T06:59:59.999999999+02:00", "2026-03-28T05:00:00Z"),
        ("2026-03-28T05:00:00.000000001Z", "2026-03-28T21:00:00Z"),
    ],
)
def test_instants_are_read_to_the_nanosecond(call: Call, files: tuple[str, ...], instant: str, change: str) -> None:
    out = call("windows", *files, "--at", instant, "-o", "json")[1]
    assert json.loads(out)["nextChange"]["manual"] == change


def test_instants_are_printed_to_the_nanosecond(call: Call, files: tuple[str, ...], tmp_path: Path) -> None:
    window = {"kind": "deny", "schedule": "0 0 * * *", "duration": "1.25s", "applications": ["*"]}
    (tmp_path / "short").write_text(json.dumps({"spec": {"syncWindows": [window]}}))
    arguments = (*files[:2], "--project", f"{tmp_path}/short", "--at", "2026-03-28T00:00:00.5Z")
    assert json.loads(call("windows", *arguments, "-o", "json")[1])["nextChange"]["manual"] == "2026-03-28T00:00:01.25Z"


@pytest.mark.parametrize(
    "instant",
    [
        "tomorrow",
        "2026-03-29",
        "2026-13-01T00:00:00Z",
        "2026-01-01T00:00:00",
        "9999-12-31T00:00:00Z",
        "٢026-01-01T00:00:00Z",
    ],
)
def test_what_is_no_instant_is_refused(call: Call, files: tuple[str, ...], instant: str) -> None:
    status, _, err = call("windows", *files, "--at", instant)
    assert status == 2
    assert err.startswith("gitops-obs: --at: expected RFC 3339 such as 2026-03-29T02:30:00Z, got ")


@pytest.mark.parametrize("arguments", [(), ("name", "--application", "x"), ("--application", "x"), ("--project", "x")])
def test_name_or_files(call: Call, arguments: tuple[str, ...]) -> None:
    status, _, err = call("windows", *arguments)
    assert status == 2
    assert "--application and --project" in err


def test_files_need_no_client_and_no_settings(files: tuple[str, ...]) -> None:
    code = "import sys; from observability.cli import status; status(sys.argv[1:]); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code, "windows", *files], check=True, capture_output=True, text=True
    ).stdout.split()
    assert "observability.state.windows" in loaded
    assert not {"kubernetes", "aiohttp", "pydantic", "asyncio", "prometheus_client"} & set(loaded)


def test_answers_as_argo_cd(call: Call, tmp_path: Path) -> None:
    for case in oracles.cases("sync-windows")[::150]:
        expect: dict[str, Any] = case["expect"]
        if expect["panic"] is not None:
            continue
        (tmp_path / "project").write_text(json.dumps({"spec": case["project_spec"]}))
        (tmp_path / "application").write_text(json.dumps(case["application"]))
        files = ("--application", f"{tmp_path}/application", "--project", f"{tmp_path}/project")
        status, out, err = call("windows", *files, "--at", case["now"], "-o", "json")
        answer = json.loads(out)
        assert (status, err) == (0, ""), case["id"]
        assert answer["active"] == expect["active"], case["id"]
        assert answer["canSyncAuto"] is expect["can_sync_auto"], case["id"]
        assert answer["canSyncManual"] is expect["can_sync_manual"], case["id"]
        assert (answer["error"] is None) is (expect["error"] is None), case["id"]
        if case.get("has_next_change"):
            wanted = oracles.nanoseconds(case["next_change"])
            assert oracles.nanoseconds(answer["nextChange"]["automated"]) == wanted, case["id"]
