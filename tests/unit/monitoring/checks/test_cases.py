"""A case that each check finds, and one that it must not."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import yaml

from observability.monitoring.checks.catalogue import CHECKS
from tests.checked import (
    alert,
    board,
    checked,
    names,
    of_alert,
    of_board,
    of_panel,
    of_query,
    of_rules,
    panel,
    target,
)


class Case(NamedTuple):
    """What is wrong, and what looks like it and is not; each gives the names of the checks that find something."""

    check: str
    bad: Callable[[], set[str]]
    good: Callable[[], set[str]]


def routed(route: dict[str, Any], *inhibitions: dict[str, Any]) -> set[str]:
    receivers = [{"name": "people", "slack_configs": [{"channel": "#x"}]}, {"name": "null"}, {"name": "lost"}]
    document = {"route": route, "receivers": receivers[: 3 if "lost" in str(route) else 2]}
    return names(checked({"am.yml": yaml.safe_dump({**document, "inhibit_rules": list(inhibitions)})}))


def quantile(number: float) -> str:
    return f"histogram_quantile(0.95, sum by (le) (rate(argocd_app_reconcile_bucket[5m]))) > {number}"


def two_boards(folder: str) -> set[str]:
    first, second = yaml.safe_dump(board(panel())), yaml.safe_dump(board(panel(), title="Other"))
    return names(checked({"prod/a.yml": first, f"{folder}/b.yml": second}))


def commented(comment: str) -> set[str]:
    text = yaml.safe_dump({"groups": [{"name": "a", "rules": [alert("up == 0")]}]})
    return names(checked({"a.yml": f"{comment}\n{text}"}))


INFO = "argocd_app_info"
PAGED = {"receiver": "null", "routes": [{"matchers": ['severity="critical"'], "receiver": "people"}]}
CASES = (
    Case("promql-invalid", lambda: of_alert("sum(up"), lambda: of_query("sum by ($by) (rate(up[$__rate_interval]))")),
    Case("unknown-metric", lambda: of_query("gitops_no_such"), lambda: of_query("no_such")),
    Case(
        "removed-metric",
        lambda: of_alert('argocd_app_health_status{health_status="Degraded"} == 1'),
        lambda: of_alert(f'{INFO}{{health_status="Degraded"}} == 1'),
    ),
    Case(
        "unknown-label",
        lambda: of_alert('gitops_application_info{team="a"} == 0'),
        lambda: of_alert(f'{INFO}{{team="a", exported_namespace="b"}} == 1'),
    ),
    Case("unknown-label", lambda: of_alert(f"sum by (health) ({INFO}) > 1"), lambda: of_alert("sum by (x) (up) > 1")),
    Case(
        "unknown-value",
        lambda: of_alert(f'{INFO}{{health_status="Unhealthy"}} == 1'),
        lambda: of_alert(f'{INFO}{{health_status=~"Degraded|Miss.*"}} == 1'),
    ),
    Case(
        "namespace-dropped",
        lambda: of_alert("max by (application) (gitops_application_info) > 1"),
        lambda: of_alert("max by (application, application_namespace) (gitops_application_info) > 1"),
    ),
    Case(
        "namespace-dropped", lambda: of_alert(f"sum by (name) ({INFO}) > 1"), lambda: of_alert("sum by (name) (x) > 1")
    ),
    Case("threshold-above-buckets", lambda: of_alert(quantile(16)), lambda: of_alert(quantile(8))),
    Case("threshold-between-buckets", lambda: of_alert(quantile(3)), lambda: of_alert(quantile(4))),
    Case("short-window", lambda: of_alert("rate(x[1m]) > 1"), lambda: of_alert("rate(x[2m]) > 1")),
    Case("rate-of-gauge", lambda: of_alert(f"rate({INFO}[5m]) > 1"), lambda: of_alert(f"changes({INFO}[5m]) > 1")),
    Case("rate-of-sum", lambda: of_alert("rate(sum(x)[5m:1m]) > 1"), lambda: of_alert("rate(x[5m:1m]) > 1")),
    Case(
        "group-left-needless",
        lambda: of_alert("sum by (job) (x) / on (job) group_left sum by (job) (y) > 1"),
        lambda: of_alert("sum by (job, pod) (x) / on (job) group_left sum by (job) (y) > 1"),
    ),
    Case("severity-missing", lambda: of_alert("up == 0", labels={}), lambda: of_alert("up == 0")),
    Case("summary-missing", lambda: of_alert("up == 0", annotations={}), lambda: of_alert("up == 0")),
    Case("runbook-missing", lambda: of_alert("up == 0", annotations={}), lambda: of_alert("up == 0")),
    Case(
        "link-invalid",
        lambda: of_alert("up == 0", annotations={"summary": "a", "runbook_url": "see the wiki"}),
        lambda: of_alert("up == 0", annotations={"summary": "a", "runbook_url": "{{ $x }}/Test.md"}),
    ),
    Case("for-invalid", lambda: of_alert("up == 0", **{"for": "5min"}), lambda: of_alert("up == 0", **{"for": "1h5m"})),
    Case("comparison-missing", lambda: of_alert("sum(x)"), lambda: of_alert("sum(x) and sum(y)")),
    Case("comparison-missing", lambda: of_alert("x > bool 1"), lambda: of_alert("vector(1)")),
    Case(
        "first-increment-missed",
        lambda: of_alert('increase(argocd_app_sync_total{dry_run!="true"}[10m]) > 0'),
        lambda: of_alert("increase(argocd_git_fetch_fail_total[10m]) > 0 or (x unless x offset 10m) > 0"),
    ),
    Case(
        "dry-runs-counted",
        lambda: of_alert("rate(argocd_app_sync_total[10m]) > 5"),
        lambda: of_alert('rate(argocd_app_sync_total{dry_run="false"}[10m]) > 5'),
    ),
    Case(
        "for-over-window",
        lambda: of_alert("increase(x[5m]) > 0", **{"for": "10m"}),
        lambda: of_alert("increase(x[5m]) > 0", **{"for": "5m"}),
    ),
    Case(
        "for-over-states",
        lambda: of_alert(f'{INFO}{{health_status=~"Degraded|Missing"}} == 1', **{"for": "5m"}),
        lambda: of_alert(f'max by (name, namespace) ({INFO}{{health_status!="Healthy"}}) > 0', **{"for": "5m"}),
    ),
    Case(
        "suspended-alerts",
        lambda: of_alert(f'{INFO}{{health_status!~"Healthy|Degraded"}} == 1'),
        lambda: of_alert(f'{INFO}{{health_status!=""}} == 1'),
    ),
    Case(
        "suspended-alerts",
        lambda: of_alert(f'{INFO}{{health_status!="Healthy"}} == 1'),
        lambda: of_alert(f'{INFO}{{health_status!~"Healthy|Suspended"}} == 1'),
    ),
    Case(
        "states-mixed",
        lambda: of_alert(f'{INFO}{{health_status!="Healthy"}} == 1'),
        lambda: of_alert(f'{INFO}{{health_status="Degraded"}} == 1'),
    ),
    Case(
        "out-of-sync-awaits-approval",
        lambda: of_alert(f'{INFO}{{sync_status="OutOfSync"}} == 1'),
        lambda: of_alert(f'{INFO}{{sync_status="OutOfSync", autosync_enabled="true"}} == 1'),
    ),
    Case(
        "out-of-sync-awaits-window",
        lambda: of_alert(f'{INFO}{{sync_status="OutOfSync"}} == 1'),
        lambda: of_alert(f'{INFO}{{sync_status="OutOfSync"}} unless on () gitops_application_sync_blocked == 1'),
    ),
    Case(
        "autosync-off-everywhere",
        lambda: of_alert(f'{INFO}{{autosync_enabled!="true", name!~""}} == 1'),
        lambda: of_alert(f'{INFO}{{autosync_enabled!="true", name!~"shop-.*"}} == 1'),
    ),
    Case(
        "autosync-off-everywhere",
        lambda: of_alert(f'{INFO}{{autosync_enabled="false"}} == 1'),
        lambda: of_alert(f'{INFO}{{autosync_enabled="false", environment="dev"}} == 1'),
    ),
    Case(
        "template-label-dropped",
        lambda: of_alert("sum by (job) (x) > 0", annotations={"summary": "{{ $labels.pod }}", "runbook_url": "/x"}),
        lambda: of_alert("sum by (job) (x) > 0", annotations={"summary": "{{ .Labels.job }}", "runbook_url": "/x"}),
    ),
    Case("datasource-fixed", lambda: of_panel(datasource="Prometheus"), lambda: of_panel(datasource="$datasource")),
    Case("panel-title-missing", lambda: of_panel(title=""), lambda: of_panel(type="text", title="", targets=[])),
    Case("panel-description-missing", lambda: of_panel(description=""), of_panel),
    Case(
        "panel-unit-missing",
        lambda: of_panel(fieldConfig={}),
        lambda: of_panel(fieldConfig={"overrides": [{"properties": [{"id": "unit", "value": "s"}]}]}),
    ),
    Case("panel-without-query", lambda: of_panel(targets=[]), lambda: of_panel(type="dashlist", targets=[])),
    Case(
        "refid-duplicate",
        lambda: of_panel(targets=[target("x"), target("y")]),
        lambda: of_panel(targets=[target("x"), target("y", "B")]),
    ),
    Case(
        "rate-interval-missing",
        lambda: of_query('sum(rate(x{a="b"}[5m]))'),
        lambda: of_query('sum(rate(x{a="b"}[$__rate_interval])) + increase(x[1h])'),
    ),
    Case("rate-interval-missing", lambda: of_query("rate(x[$__interval])"), lambda: of_query("rate(x[$window])")),
    Case(
        "counter-without-rate",
        lambda: of_query("sum(argocd_git_request_total)"),
        lambda: of_query("sum(increase(argocd_git_request_total[1h]))"),
    ),
    Case(
        "environment-fixed",
        lambda: of_query('gitops_application_info{environment="prod"}'),
        lambda: of_query('gitops_application_info{environment=~"$environment"}'),
    ),
    Case("dashboard-uid-missing", lambda: of_board(board(uid="")), lambda: of_board(board())),
    Case("dashboard-editable", lambda: of_board(board(editable=True)), lambda: of_board(board())),
    Case(
        "panel-id-duplicate",
        lambda: of_board(board(panel(), panel(gridPos={"x": 12, "y": 0, "w": 12, "h": 8}))),
        lambda: of_board(board(panel(), panel(id=2, gridPos={"x": 12, "y": 0, "w": 12, "h": 8}))),
    ),
    Case(
        "panels-overlap",
        lambda: of_board(board(panel(), panel(id=2, gridPos={"x": 11, "y": 7, "w": 12, "h": 8}))),
        lambda: of_board(board(panel(), {"type": "row", "panels": [panel(id=2)]})),
    ),
    Case(
        "inhibition-across-environments",
        lambda: routed(PAGED, {"source_matchers": ["a=b"], "target_matchers": ["c=d"], "equal": ["service"]}),
        lambda: routed(PAGED, {"source_matchers": ["a=b"], "target_matchers": ["c=d"], "equal": ["environment"]}),
    ),
    Case("route-without-receiver", lambda: routed({"receiver": "nobody"}), lambda: routed(PAGED)),
    Case("route-without-receiver", lambda: routed({"routes": []}), lambda: routed({"receiver": "people"})),
    Case(
        "route-without-receiver",
        lambda: names(checked({"am.yml": "inhibit_rules: []"})),
        lambda: names(checked({"am.yml": "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{}]}]"})),
    ),
    Case("receiver-reaches-nobody", lambda: routed({"receiver": "lost"}), lambda: routed(PAGED)),
    Case(
        "critical-unrouted",
        lambda: routed({"receiver": "people", "routes": [{"match_re": {"environment": "prod|x"}, "receiver": "null"}]}),
        lambda: routed(
            {
                "receiver": "null",
                "routes": [
                    {"match": {"environment": "prod"}, "receiver": "null", "continue": True},
                    {"matchers": '{severity=~"crit.*",environment!="dev"}', "receiver": "people"},
                ],
            }
        ),
    ),
    Case("unreadable", lambda: names(checked({"a.json": "{"})), lambda: names(checked({"a.yml": "a: 1"}))),
    Case(
        "alert-duplicate",
        lambda: names(of_rules(alert("up == 0"), alert("up == 1"))),
        lambda: names(of_rules(alert("up == 0"), alert("up == 0", labels={"severity": "warning"}))),
    ),
    Case("dashboard-uid-duplicate", lambda: two_boards("prod"), lambda: two_boards("dev")),
    Case(
        "absent-missing",
        lambda: names(checked({"a.yml": yaml.safe_dump({"groups": [{"rules": [alert(f"{INFO} == 0")]}]})})),
        lambda: names(of_rules(alert(f"{INFO} == 0"))),
    ),
    Case(
        "severity-flat",
        lambda: names(of_rules(*(alert("up == 0", alert=f"A{number}") for number in range(5)))),
        lambda: names(of_rules(*(alert("up == 0", alert=f"A{number}") for number in range(3)))),
    ),
    Case(
        "ignore-invalid",
        lambda: commented("# gitops-obs: ignore short-window"),
        lambda: commented("# gitops-obs: ignore short-window it is long enough here"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.check)
def test_it_finds_what_is_wrong_and_not_what_looks_like_it(case: Case) -> None:
    assert case.check in case.bad()
    assert case.check not in case.good()


def test_every_check_has_a_case() -> None:
    assert {case.check for case in CASES} == {check.name for check in CHECKS}


def test_what_is_as_it_should_be_has_no_findings() -> None:
    assert of_rules(alert("up == 0")) == ()
    assert of_panel() == set()
    assert routed(PAGED) == set()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_each_check_says_why_and_how_to_mend(check: Any) -> None:
    for text in (check.says, check.why, check.mend):
        assert text.endswith(".")
        assert "\n" not in text
