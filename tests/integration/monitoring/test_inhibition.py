"""Which alerts hold back which others: a real Alertmanager with the generated configuration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fakes.webhook import Webhook
from tests.integration import servers
from tests.integration.monitoring.paging import generate, receivers
from tests.integration.servers import Alertmanager, patience, until

pytestmark = pytest.mark.servers

SHOP: Final = {"service": "shop", "application_namespace": "argocd", "application": "shop"}


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook().serving() as serving:
        yield serving


@pytest.fixture
def alertmanager(webhook: Webhook, tmp_path: Path) -> Iterator[Alertmanager]:
    """One that tells at once."""
    folder = generate(tmp_path, {"monitoring": {**receivers(webhook.url), "group_wait": "1s", "group_interval": "1s"}})
    configuration = folder / "alerts" / "generated" / "prod" / "alertmanager.yml"
    with servers.running(Alertmanager(tmp_path / "alertmanager", configuration)) as running:
        yield running


def alert(name: str, severity: str, environment: str, **labels: str) -> dict[str, Any]:
    return {
        "labels": {"alertname": name, "severity": severity, "environment": environment, **labels},
        "annotations": {"summary": name},
    }


def states(alertmanager: Alertmanager) -> dict[tuple[str, str], str]:
    """Whether an alert is active or suppressed, by its name and environment."""
    return {
        (one["labels"]["alertname"], one["labels"]["environment"]): one["status"]["state"]
        for one in alertmanager.alerts()
    }


def settled(alertmanager: Alertmanager, expected: dict[tuple[str, str], str]) -> None:
    until(lambda: states(alertmanager) == expected, f"alerts are {expected}", patience(15))


def told(webhook: Webhook, receiver: str) -> set[tuple[str, str]]:
    """The alerts that a receiver was told of, by name and environment."""
    return {
        (labels["alertname"], labels["environment"])
        for message in webhook.to(f"/{receiver}")
        for labels in message.labels()
    }


def test_what_presses_more_holds_back_the_rest_of_the_same_application(
    alertmanager: Alertmanager, webhook: Webhook
) -> None:
    other = {**SHOP, "application": "shop-eu"}
    alertmanager.send(
        alert("GitOpsApplicationDegraded", "critical", "prod", **SHOP),
        alert("GitOpsSyncFailed", "warning", "prod", **SHOP),
        alert("GitOpsPrunePending", "info", "prod", **SHOP),
        alert("GitOpsLiveDrift", "warning", "prod", **other),
        alert("GitOpsDeadLetters", "warning", "prod"),
    )
    settled(
        alertmanager,
        {
            ("GitOpsApplicationDegraded", "prod"): "active",
            ("GitOpsSyncFailed", "prod"): "suppressed",
            ("GitOpsPrunePending", "prod"): "suppressed",
            ("GitOpsLiveDrift", "prod"): "active",
            ("GitOpsDeadLetters", "prod"): "active",
        },
    )
    until(lambda: told(webhook, "page") == {("GitOpsApplicationDegraded", "prod")}, "the page came", patience(15))
    wanted = {("GitOpsLiveDrift", "prod"), ("GitOpsDeadLetters", "prod")}
    until(lambda: told(webhook, "chat") == wanted, "the rest came", patience(15))


def test_staging_does_not_mute_prod(alertmanager: Alertmanager, webhook: Webhook) -> None:
    alertmanager.send(
        alert("GitOpsApplicationDegraded", "critical", "staging", **SHOP),
        alert("GitOpsSyncFailed", "warning", "staging", **SHOP),
        alert("GitOpsFactsStale", "critical", "staging", kind="Application"),
        alert("GitOpsExporterDown", "critical", "dev"),
    )
    settled(
        alertmanager,
        {
            ("GitOpsApplicationDegraded", "staging"): "suppressed",  # facts are stale there
            ("GitOpsSyncFailed", "staging"): "suppressed",
            ("GitOpsFactsStale", "staging"): "active",
            ("GitOpsExporterDown", "dev"): "active",
        },
    )
    alertmanager.send(
        alert("GitOpsSyncFailed", "warning", "prod", **SHOP),
        alert("GitOpsApplicationDegraded", "critical", "prod", service="pay"),
    )
    wanted = {("GitOpsApplicationDegraded", "prod")}
    until(lambda: told(webhook, "page") == wanted, "prod pages", patience(15))
    until(lambda: ("GitOpsSyncFailed", "prod") in told(webhook, "chat"), "prod is told", patience(15))
    assert told(webhook, "chat") == {("GitOpsSyncFailed", "prod"), ("GitOpsFactsStale", "staging")}


@pytest.mark.parametrize(
    ("name", "labels"), [("GitOpsFactsStale", {"kind": "Application"}), ("GitOpsExporterDown", {})]
)
def test_while_facts_are_stale_only_that_is_told(
    alertmanager: Alertmanager, webhook: Webhook, name: str, labels: dict[str, str]
) -> None:
    alertmanager.send(alert(name, "critical", "prod", **labels), alert("Watchdog", "info", "prod"))
    until(lambda: told(webhook, "page") == {(name, "prod")}, "the page came", patience(15))
    alertmanager.send(
        alert("GitOpsApplicationDegraded", "critical", "prod", **SHOP),
        alert("GitOpsHealthBudgetBurnsFast", "critical", "prod"),
        alert("GitOpsSyncFailed", "warning", "prod", **SHOP),
    )
    settled(
        alertmanager,
        {
            (name, "prod"): "active",
            ("Watchdog", "prod"): "active",
            ("GitOpsApplicationDegraded", "prod"): "suppressed",
            ("GitOpsHealthBudgetBurnsFast", "prod"): "suppressed",
            ("GitOpsSyncFailed", "prod"): "suppressed",
        },
    )
    until(lambda: told(webhook, "deadman") == {("Watchdog", "prod")}, "the watchdog came", patience(15))
    assert told(webhook, "page") == {(name, "prod")}
    assert told(webhook, "chat") == set()


def test_stale_projects_hold_back_no_page(alertmanager: Alertmanager, webhook: Webhook) -> None:
    alertmanager.send(alert("GitOpsFactsStale", "critical", "prod", kind="AppProject"))
    until(lambda: told(webhook, "page") == {("GitOpsFactsStale", "prod")}, "the first page came", patience(15))
    alertmanager.send(alert("GitOpsApplicationDegraded", "critical", "prod", **SHOP))
    wanted = {("GitOpsFactsStale", "prod"), ("GitOpsApplicationDegraded", "prod")}
    until(lambda: told(webhook, "page") == wanted, "both pages came", patience(15))


def test_stale_facts_of_applications_mute_only_alerts_about_applications(alertmanager: Alertmanager) -> None:
    of_exporter = {"job": "gitops", "instance": "exporter:9797"}
    of_set = {"applicationset_namespace": "argocd", "applicationset": "shop"}
    of_project = {"project_namespace": "argocd", "project": "shop", "kind": "deny"}
    alertmanager.send(
        alert("GitOpsFactsStale", "critical", "prod", kind="Application", job="gitops"),
        alert("GitOpsDeadLetters", "warning", "prod", **of_exporter, endpoint="otlp"),
        alert("GitOpsKindUnavailable", "warning", "prod", **of_exporter, kind="Application"),
        alert("GitOpsApplicationSetError", "warning", "prod", **of_set),
        alert("GitOpsSyncWindowInvalid", "warning", "prod", **of_project),
        alert("GitOpsApplicationDegraded", "critical", "prod", **SHOP),
        alert("GitOpsReleaseWaitsTooLong", "warning", "prod", service="shop", project="shop"),
        alert("GitOpsReconciliationStopped", "critical", "prod"),
    )
    settled(
        alertmanager,
        {
            ("GitOpsFactsStale", "prod"): "active",
            ("GitOpsDeadLetters", "prod"): "active",
            ("GitOpsKindUnavailable", "prod"): "active",
            ("GitOpsApplicationSetError", "prod"): "active",
            ("GitOpsSyncWindowInvalid", "prod"): "active",
            ("GitOpsApplicationDegraded", "prod"): "suppressed",
            ("GitOpsReleaseWaitsTooLong", "prod"): "suppressed",
            ("GitOpsReconciliationStopped", "prod"): "suppressed",
        },
    )


@pytest.mark.parametrize(
    ("name", "labels"), [("GitOpsFactsStale", {"kind": "Application"}), ("GitOpsExporterDown", {})]
)
def test_facts_of_one_cluster_do_not_mute_those_of_another(
    alertmanager: Alertmanager, name: str, labels: dict[str, str]
) -> None:
    alertmanager.send(
        alert(name, "critical", "prod", **labels, cluster="north"),
        alert("GitOpsApplicationDegraded", "critical", "prod", **SHOP, cluster="south"),
        alert("GitOpsApplicationMissing", "critical", "prod", **SHOP, cluster="north"),
    )
    settled(
        alertmanager,
        {
            (name, "prod"): "active",
            ("GitOpsApplicationDegraded", "prod"): "active",
            ("GitOpsApplicationMissing", "prod"): "suppressed",
        },
    )


def test_a_message_for_people_is_readable(webhook: Webhook, tmp_path: Path) -> None:
    """Slack's form, to a webhook of ours: Alertmanager itself makes the text, and reads the address from a file."""
    secret = tmp_path / "slack"
    secret.write_text(f"{webhook.url}/slack")
    page = {"page": {"type": "slack", "url_file": str(secret), "channel": "#pages"}}
    folder = generate(tmp_path, {"monitoring": {"receivers": page, "group_wait": "1s"}})
    configuration = folder / "alerts" / "generated" / "prod" / "alertmanager.yml"
    assert webhook.url not in configuration.read_text()
    with servers.running(Alertmanager(tmp_path / "alertmanager", configuration)) as running:
        running.send(alert("GitOpsApplicationDegraded", "critical", "prod", **SHOP))
        until(lambda: bool(webhook.to("/slack")), "the message came", patience(15))
    (attachment,) = webhook.to("/slack")[0].body["attachments"]
    assert attachment["title"] == "[FIRING] prod / shop: GitOpsApplicationDegraded"
    assert "Environment: prod\nService: shop\nApplication: argocd/shop\n" in attachment["text"]
    assert attachment["color"] == "danger"
