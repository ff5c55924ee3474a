"""Rule files: what is written for an environment, and that it is read back as it was meant."""

from typing import Any

import pytest
import yaml

from observability.errors import SpecError
from observability.monitoring.generate.rules import rule_files
from observability.monitoring.load import Sourced
from observability.monitoring.spec import (
    RECONCILIATION_SECONDS,
    Alert,
    Group,
    PerEnvironment,
    Recording,
    Severity,
    record,
    select,
)
from observability.settings import Monitoring
from observability.signals.applications import HEALTH_STATUS
from observability.signals.exporter import READY
from observability.signals.promotions import PROMOTION_PENDING

PLAIN = Monitoring()
LINKED = Monitoring(grafana_url="https://grafana/", runbooks_url="https://git/runbooks", argocd_url="https://argocd")


def alert(expr: Any, **other: Any) -> Alert:
    values = {"severity": Severity.WARNING, "summary": "s", "description": "d", "dashboard": "gitops-overview"}
    return Alert(name="GitOpsOne", expr=expr, **{**values, **other})


def files(*rules: Alert | Recording, environment: str = "prod", links: Monitoring = PLAIN, interval: str = "") -> Any:
    group = Group(name="gitops-a", rules=rules, interval=interval)
    return rule_files([Sourced(row=group, file="alerts/a.py")], environment, links)


def only(*rules: Alert | Recording, **other: Any) -> Any:
    return yaml.safe_load(files(*rules, **other)["gitops-a.yml"])["groups"][0]["rules"][-1]


def test_what_the_settings_say_is_put_into_expressions_and_texts() -> None:
    slow = Monitoring(reconciliation_timeout="90m")
    above = f"max by (environment) ({select(HEALTH_STATUS)}) > {RECONCILIATION_SECONDS}"
    written = only(alert(above, description=f"> {RECONCILIATION_SECONDS} s"), links=slow)
    assert written["expr"] == 'max by (environment) (gitops_application_health_status{environment="prod"}) > 5400'
    assert written["annotations"]["description"] == "> 5400 s"
    recorded = Recording(record="environment:a:b", expr=above, help="h", labels=("environment",))
    assert only(recorded, links=slow)["expr"].endswith("> 5400")


def test_the_whole_file() -> None:
    row = alert(
        f"sum by (environment) (\n  {select(HEALTH_STATUS, health_status='Degraded')}\n) > 1",
        hold="5m",
        keep_firing="2m",
        variables=("environment",),
        labels={"team": "shop"},
    )
    assert files(row, interval="30s") == {
        "gitops-a.yml": """\
# Generated from alerts/a.py for prod: change that file, and generate again.
groups:
  - name: gitops-a
    interval: 30s
    rules:
      - alert: GitOpsOne
        expr: |-
          sum by (environment) (
            gitops_application_health_status{environment="prod", health_status="Degraded"}
          ) > 1
        for: 5m
        keep_firing_for: 2m
        labels:
          severity: warning
          team: shop
        annotations:
          summary: s
          description: d
          runbook_url: alerts/runbooks/GitOpsOne.md
          dashboard_url: /d/gitops-overview?var-environment={{ urlquery $labels.environment }}
"""
    }


@pytest.mark.parametrize(
    ("expr", "written"),
    [
        (select(READY), "gitops_exporter_ready"),
        (select(PROMOTION_PENDING), 'gitops_promotion_pending{to_environment="prod"}'),
        (select(HEALTH_STATUS), 'gitops_application_health_status{environment="prod"}'),
        ("up", "up"),
    ],
)
def test_each_series_is_narrowed_to_the_environment_as_far_as_it_has_one(expr: str, written: str) -> None:
    assert only(alert(expr))["expr"] == written


def test_recording_rules_and_who_asks_for_them() -> None:
    rule = Recording(record="a:b", expr=select(READY), help="h", labels=("environment",))
    assert only(rule) == {"record": "a:b", "expr": "gitops_exporter_ready"}
    assert only(rule, alert(record(rule)))["expr"] == 'a:b{environment="prod"}'


def test_an_alert_about_everything_carries_the_environment_of_its_file() -> None:
    assert only(alert(select(READY), whole=True))["labels"] == {"severity": "warning", "environment": "prod"}


def test_values_of_the_environment() -> None:
    row = alert(PerEnvironment[str | None](dev=None, prod="vector(1)"), hold=PerEnvironment(dev="1h", prod="0s"))
    assert "for" not in only(row)
    assert files(row, environment="dev") == {}
    with pytest.raises(SpecError, match=r"^GitOpsOne\.expr: expected a value for the environment live"):
        files(row, environment="live")


def test_links_of_the_settings() -> None:
    row = alert("vector(1)", variables=("environment", "application"))
    notes = only(row, links=LINKED)["annotations"]
    assert notes["runbook_url"] == "https://git/runbooks/GitOpsOne.md"
    assert notes["dashboard_url"].startswith("https://grafana/d/gitops-overview?var-environment={{ urlquery ")
    assert notes["application_url"] == (
        "https://argocd/applications/{{ $labels.application_namespace }}/{{ $labels.application }}"
    )
    assert "application_url" not in only(alert("vector(1)"), links=LINKED)["annotations"]
    assert only(alert("vector(1)", variables=()), links=LINKED)["annotations"]["dashboard_url"].endswith(
        "gitops-overview"
    )
