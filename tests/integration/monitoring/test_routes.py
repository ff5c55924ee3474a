"""Who is told of each alert in each environment: the generated routes, asked by amtool."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from observability.monitoring.generate import alertmanager
from observability.monitoring.generate.messages import TEMPLATES, TEXT, TITLE
from observability.monitoring.generate.rules import text_of
from observability.monitoring.load import load
from observability.monitoring.spec import Alert
from observability.settings import AlertReceiver, AlertReceiverType, AlertRoute, Environment, Monitoring, Settings
from tests.integration.servers import tool

pytestmark = pytest.mark.servers

ROOT: Final = Path(__file__).parents[3]
FILES: Final = sorted((ROOT / "alerts" / "generated").glob("*/alertmanager.yml"))
ALERTS: Final = [rule for source in load().groups for rule in source.row.rules if isinstance(rule, Alert)]

GOLDEN: Final = """\
alert                            severity  dev     staging  prod

Watchdog                         info      nobody  nobody   deadman
GitOpsApplicationDegraded        critical  nobody  chat     page
GitOpsApplicationFlapping        warning   nobody  chat     chat
GitOpsApplicationHealthUnknown   warning   nobody  chat     chat
GitOpsApplicationMissing         critical  nobody  chat     page
GitOpsApplicationProgressingTooLong warning nobody chat     chat
GitOpsApplicationSetError        warning   nobody  chat     chat
GitOpsAutomatedSyncStalled       warning   nobody  chat     chat
GitOpsComparisonFailed           warning   nobody  chat     chat
GitOpsDeadLetters                warning   nobody  chat     chat
GitOpsExporterCertificateExpires warning   nobody  chat     chat
GitOpsExporterDefect             warning   nobody  chat     chat
GitOpsExporterDown               critical  nobody  chat     page
GitOpsExporterNotReady           warning   nobody  chat     chat
GitOpsExposedLate                warning   nobody  chat     chat
GitOpsFactsStale                 critical  nobody  chat     page
GitOpsHealthBudgetBurnsFast      critical  nobody  chat     page
GitOpsHealthBudgetBurnsSlowly    warning   nobody  chat     chat
GitOpsHydrationFailed            warning   nobody  chat     chat
GitOpsInvalidSpec                warning   nobody  chat     chat
GitOpsJournalFull                warning   nobody  chat     chat
GitOpsKindUnavailable            warning   nobody  chat     chat
GitOpsLiveDrift                  warning   nobody  chat     chat
GitOpsOutboxGrowing              warning   nobody  chat     chat
GitOpsPolicyViolated             warning   nobody  chat     chat
GitOpsProgressiveSyncStuck       warning   nobody  chat     chat
GitOpsPrunePending               info      nobody  nobody   nobody
GitOpsReconciliationStopped      critical  nobody  chat     page
GitOpsReleaseWaitsTooLong        warning   nobody  chat     chat
GitOpsRollbackInCluster          warning   nobody  chat     chat
GitOpsSelfHealLoop               warning   nobody  chat     chat
GitOpsHistoryCutShort            warning   nobody  chat     chat
GitOpsSeriesDropped              warning   nobody  chat     chat
GitOpsStaleVerdict               warning   nobody  chat     chat
GitOpsSyncBlocked                warning   nobody  chat     chat
GitOpsSyncBudgetBurnsFast        critical  nobody  chat     page
GitOpsSyncBudgetBurnsSlowly      warning   nobody  chat     chat
GitOpsSyncFailed                 warning   nobody  chat     chat
GitOpsSyncRetrying               warning   nobody  chat     chat
GitOpsSyncStuck                  warning   nobody  chat     chat
GitOpsSyncWindowInvalid          warning   nobody  chat     chat
GitOpsUnconverged                warning   nobody  chat     chat
GitOpsUnreadableObjects          info      nobody  nobody   nobody
GitOpsWebConfigurationRefused    warning   nobody  chat     chat
"""
"""Each alert, and its receiver in each environment. Whoever adds an alert says here whom it wakes up."""

_HEAD, *_LINES = [line.split() for line in GOLDEN.splitlines() if line]
TABLE: Final = {line[0]: dict(zip(_HEAD[1:], line[1:], strict=True)) for line in _LINES}


def amtool(*arguments: str) -> str:
    ended = subprocess.run([str(tool("amtool")), *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def receiver(file: Path, **labels: str) -> str:
    given = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={file}", *given).strip()


def test_the_table_has_each_alert_with_its_severity() -> None:
    assert {name: row["severity"] for name, row in TABLE.items()} == {
        alert.name: alert.severity.value for alert in ALERTS
    }


@pytest.mark.parametrize("environment", _HEAD[2:])
def test_each_alert_goes_where_the_table_says(environment: str) -> None:
    file = ROOT / "alerts" / "generated" / environment / "alertmanager.yml"
    found = {
        name: receiver(file, alertname=name, severity=row["severity"], environment=environment, service="shop")
        for name, row in TABLE.items()
    }
    assert found == {name: row[environment] for name, row in TABLE.items()}


def test_the_routes_of_each_environment_are_the_same() -> None:
    """One Alertmanager may take the alerts of all environments, whichever file it has."""
    assert len(FILES) == 3
    assert len({file.read_text().partition("\n")[2] for file in FILES}) == 1


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.parent.name)
def test_amtool_takes_the_configuration_and_its_templates(file: Path) -> None:
    assert "1 templates" in amtool("check-config", str(file))


def test_what_has_no_severity_or_no_environment_that_is_known_is_not_lost() -> None:
    assert receiver(FILES[-1], alertname="Strange", environment="prod", severity="odd") == "chat"
    assert receiver(FILES[-1], alertname="Strange", environment="mars", severity="critical") == "chat"
    assert receiver(FILES[-1], alertname="Strange") == "chat"


ALL_KINDS: Final = {
    "page": AlertReceiver(type=AlertReceiverType.PAGERDUTY, key_file="/secrets/pagerduty"),
    "chat": AlertReceiver(type=AlertReceiverType.SLACK, url_file="/secrets/slack", channel="#deployments"),
    "deadman": AlertReceiver(
        type=AlertReceiverType.WEBHOOK,
        url="https://beats.example.com",
        token_file="/secrets/t",  # noqa: S106 - a path
    ),
    "duty": AlertReceiver(type=AlertReceiverType.OPSGENIE, key_file="/secrets/opsgenie"),
    "letters": AlertReceiver(
        type=AlertReceiverType.EMAIL,
        to="ops@example.com",
        sender="alerts@example.com",
        smarthost="mail.example.com:587",
        username="alerts",
        password_file="/secrets/mail",  # noqa: S106 - a path
    ),
}


def test_amtool_takes_every_kind_of_receiver_and_any_name_of_an_environment(tmp_path: Path) -> None:
    odd = 'a "live" \\ one'
    monitoring = Monitoring(
        receivers=ALL_KINDS,
        routes={odd: AlertRoute(critical="duty", warning="letters", info="chat", watchdog="deadman")},
    )
    environments = (Environment(name="dev"), Environment(name="prod"), Environment(name=odd))
    given = alertmanager.configuration(environments, monitoring)
    file = tmp_path / "alertmanager.yml"
    file.write_text(text_of(given))
    (tmp_path / alertmanager.TEMPLATE_FILE).write_text(TEMPLATES)
    assert "6 receivers" in amtool("check-config", str(file))
    quoted = odd.replace("\\", "\\\\").replace('"', '\\"')
    assert receiver(file, environment=f'"{quoted}"', severity="critical") == "duty"
    assert receiver(file, environment="prod", severity="critical") == "page"
    assert receiver(file, environment="dev", severity="critical") == "nobody"


def test_names_of_alerts_in_inhibitions_exist() -> None:
    names = {alert.name for alert in ALERTS}
    wanted = {alertmanager.WATCHDOG, alertmanager.STALE, alertmanager.DOWN, alertmanager.STOPPED}
    for one in alertmanager.INHIBITIONS:
        for matcher in (*one.source, *one.target):
            wanted.update(re.findall(r"\b(?:GitOps|Watchdog)\w*(?!\w*\.)", matcher))
        assert "environment" in one.equal
    assert wanted - names == set()


FIRING: Final[dict[str, Any]] = {
    "status": "firing",
    "labels": {
        "alertname": "GitOpsLiveDrift",
        "application": "shop-prod",
        "application_namespace": "argocd",
        "cause": "live_change",
        "environment": "prod",
        "service": "shop",
        "severity": "warning",
    },
    "annotations": {
        "summary": "Somebody changed shop-prod by hand in prod",
        "description": "A resource differs.",
        "runbook_url": "https://runbooks.example.com/GitOpsLiveDrift.md",
        "dashboard_url": "https://grafana.example.com/d/gitops-drift",
        "application_url": "https://argocd.example.com/applications/argocd/shop-prod",
        "deployed_by": "alice",
    },
    "startsAt": "2026-11-23T07:30:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
}
RESOLVED: Final[dict[str, Any]] = {
    "status": "resolved",
    "labels": {"alertname": "GitOpsExporterDown", "environment": "prod"},
    "annotations": {"summary": "Nothing is known of any Application"},
    "startsAt": "2026-11-23T07:30:00Z",
    "endsAt": "2026-11-23T07:45:00Z",
}


def rendered(text: str, folder: Path, *alerts: dict[str, Any]) -> str:
    """What Alertmanager makes of a template."""
    common = [dict.items(one["labels"]) & dict.items(alerts[0]["labels"]) for one in alerts]
    notes = [dict.items(one["annotations"]) & dict.items(alerts[0]["annotations"]) for one in alerts]
    data = {
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "alerts": list(alerts),
        "commonLabels": dict(set.intersection(*map(set, common))),
        "commonAnnotations": dict(set.intersection(*map(set, notes))),
    }
    (folder / "data.json").write_text(json.dumps(data))
    (folder / "gitops.tmpl").write_text(TEMPLATES)
    return amtool(
        *("template", "render", f"--template.glob={folder / '*.tmpl'}", f"--template.data={folder / 'data.json'}"),
        f"--template.text={text}",
    )


def test_a_page_says_all_that_is_known(tmp_path: Path) -> None:
    assert rendered(TITLE, tmp_path, FIRING).strip() == (
        "[FIRING] prod / shop: Somebody changed shop-prod by hand in prod"
    )
    assert rendered(TEXT, tmp_path, FIRING).strip().splitlines() == [
        "Somebody changed shop-prod by hand in prod",
        "What is wrong: A resource differs.",
        "Cause: live_change",
        "Environment: prod",
        "Service: shop",
        "Application: argocd/shop-prod",
        "Severity: warning",
        "Fires since: 2026-11-23 07:30:00 UTC",
        "Last deployed by: alice",
        "Runbook: https://runbooks.example.com/GitOpsLiveDrift.md",
        "Dashboard: https://grafana.example.com/d/gitops-drift",
        "Argo CD: https://argocd.example.com/applications/argocd/shop-prod",
    ]


def test_what_is_not_known_has_no_line_and_what_is_over_says_so(tmp_path: Path) -> None:
    assert rendered(TITLE, tmp_path, RESOLVED).strip() == "[RESOLVED] prod: Nothing is known of any Application"
    assert rendered(TEXT, tmp_path, RESOLVED).strip().splitlines() == [
        "Nothing is known of any Application",
        "Environment: prod",
        "Fires since: 2026-11-23 07:30:00 UTC",
        "Over since: 2026-11-23 07:45:00 UTC",
    ]


def test_several_alerts_are_told_apart(tmp_path: Path) -> None:
    other = {**FIRING, "labels": {**FIRING["labels"], "application": "shop-eu-prod"}}
    title = rendered(TITLE, tmp_path, FIRING, other, RESOLVED)
    assert title.startswith("[FIRING 2] prod: ")
    text = rendered(TEXT, tmp_path, FIRING, other, RESOLVED)
    assert text.index("argocd/shop-prod") < text.index("argocd/shop-eu-prod") < text.index("No more:")
    assert text.index("No more:") < text.index("Nothing is known")


def paths(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key.endswith("_file"):
                yield value
            yield from paths(value)
    elif isinstance(document, list):
        for one in document:
            yield from paths(one)


def test_secrets_are_files() -> None:
    given = yaml.safe_load(text_of({"receivers": [alertmanager.written(*one) for one in ALL_KINDS.items()]}))
    assert sorted(paths(given)) == [f"/secrets/{name}" for name in ("mail", "opsgenie", "pagerduty", "slack", "t")]


def test_defaults_load_as_they_are() -> None:
    assert {one.name for one in Settings().environments} == {file.parent.name for file in FILES}
