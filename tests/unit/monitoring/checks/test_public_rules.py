"""Rules as they are found in public: each of their known defects is found. And ours, which have none."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from observability.monitoring.checks.rows import Finding
from tests.checked import checked, names
from tests.dashboards import ROWS, generated

ROOT = Path(__file__).parents[4]
PUBLIC = ROOT / "tests/manifests/checks/argocd-alerts.yml"

DEFECTS = {
    "SyncFailed": {"first-increment-missed", "dry-runs-counted", "namespace-dropped"},
    "Unhealthy": {"suspended-alerts", "for-over-states", "states-mixed", "namespace-dropped"},
    "OutOfSync": {
        "out-of-sync-awaits-approval",
        "out-of-sync-awaits-window",
        "states-mixed",
        "for-over-states",
        "namespace-dropped",
    },
    "SyncUnknown": {"namespace-dropped"},
    "AutoSyncOff": {"autosync-off-everywhere", "namespace-dropped"},
    "RolloutTakesLong": {"namespace-dropped"},
    "NotificationsFail": {"first-increment-missed"},
    "ReconciliationSlow": {"threshold-above-buckets"},
    "RepoRequestsWait": set(),
    "GitSlow": {"threshold-above-buckets"},
    "ClusterUnreachable": set(),
    "GitFails": {"first-increment-missed", "for-over-window"},
    "KubectlThrottled": {"threshold-between-buckets"},
    "KubectlSlow": {"threshold-between-buckets"},
    "KubectlRetries": {"short-window"},
    "GrpcErrors": set(),
    "KubectlCommandsPending": set(),
}
"""What is wrong with each, besides that none has a runbook."""


@pytest.fixture(scope="module")
def found() -> tuple[Finding, ...]:
    return checked({"rules.yml": PUBLIC.read_text()})


@pytest.mark.parametrize("name", DEFECTS)
def test_each_known_defect_is_found_and_no_other(name: str, found: tuple[Finding, ...]) -> None:
    assert names(one for one in found if one.place.subject == name) == DEFECTS[name] | {"runbook-missing"}


def test_what_is_missing_altogether_is_found(found: tuple[Finding, ...]) -> None:
    others = [one for one in found if one.place.subject not in DEFECTS]
    assert names(others) == {"absent-missing", "severity-flat"}
    assert {one.line for one in others} == {1}


def test_each_finding_is_on_the_line_that_is_wrong(found: tuple[Finding, ...]) -> None:
    lines = PUBLIC.read_text().splitlines()
    on = {(one.place.subject, one.check.name): lines[one.line - 1].strip() for one in found}
    assert on["SyncFailed", "first-increment-missed"].startswith("round(increase(argocd_app_sync_total{")
    assert on["Unhealthy", "for-over-states"] == "for: 15m"
    assert on["ReconciliationSlow", "threshold-above-buckets"].startswith("sum by (le, job, dest_server)")
    assert on["OutOfSync", "states-mixed"] == 'argocd_app_info{sync_status!="Synced"}'


def ours() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "alerts/generated").rglob("*.yml")):
        yield str(path.relative_to(ROOT)), path.read_text()
    for row in ROWS:
        yield f"dashboards/{row.uid}.json", json.dumps(generated(row), indent=2)


def test_ours_have_no_findings() -> None:
    files = dict(ours())
    assert len(files) > 20
    assert [(one.place, one.line, one.said) for one in checked(files)] == []
