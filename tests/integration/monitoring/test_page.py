"""A page that reaches somebody: an Application turns Degraded in the API, and a webhook is told.

API server ─▶ gitops-obs run ─▶ Prometheus with the generated rules of all environments ─▶ Alertmanager with the
generated routes ─▶ webhook. All are real, but the webhook, which stands for who is on call.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from tests.fakes.webhook import Message, Webhook
from tests.integration import servers
from tests.integration.app.shops import stamp
from tests.integration.exporters import Exporter
from tests.integration.monitoring.paging import generate, receivers
from tests.integration.servers import Alertmanager, ApiServer, Prometheus, patience, until

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

NAME: Final = "GitOpsApplicationDegraded"
SCRAPE: Final = 1
EVALUATION: Final = 1
GROUP_WAIT: Final = 2
GROUP_INTERVAL: Final = 3
SLACK: Final = 5
"""Seconds: what everything else may take."""

HOLD: Final = {"dev": 900, "staging": 600, "prod": 300}
"""So long an Application must have been Degraded; it counts from when Argo CD says that it began."""
LEFT: Final = 10
"""So many seconds of that are left when a test tells the API."""
OTHERS: Final = 24
"""Healthy ones beside it: one of a few that is ill would also spend the budget of their environment."""


class World(NamedTuple):
    """All that runs."""

    api: ApiServer
    namespace: str
    prometheus: Prometheus
    alertmanager: Alertmanager
    webhook: Webhook

    def turn(self, environment: str, status: str, ago: float = 0) -> float:
        """Change the health of the shop in an environment, as of so many seconds ago; when that was told."""
        at = time.time()  # noqa: TID251 - servers run by the real clock
        health = {"status": status, "lastTransitionTime": stamp(at - ago)}
        self.api.patch("Application", self.namespace, f"shop-{environment}", {"status": {"health": health}})
        return at

    def degrade(self, environment: str) -> float:
        """Let it turn Degraded, as Argo CD would have told it some time ago; when that was told."""
        return self.turn(environment, "Degraded", HOLD[environment] - LEFT)

    def firing(self) -> set[tuple[str, str]]:
        """The alerts of Applications that Alertmanager has: their environments and states."""
        return {
            (one["labels"]["environment"], one["status"]["state"])
            for one in self.alertmanager.alerts()
            if one["labels"]["alertname"] == NAME
        }


def application(name: str, namespace: str, born: float) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "project": "default",
            "source": {"repoURL": "http://git.example.com/shop.git", "path": ".", "targetRevision": "v1"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
        },
        "status": {
            "health": {"status": "Healthy", "lastTransitionTime": stamp(born)},
            "sync": {"status": "Synced", "revision": "a" * 40},
            "reconciledAt": stamp(born),
        },
    }


@pytest.fixture
def world(api: ApiServer, namespace: str, tmp_path: Path) -> Iterator[World]:
    """Applications of three environments, watched, scraped, judged and told of."""
    born = time.time() - 60  # noqa: TID251 - servers run by the real clock
    for environment in HOLD:
        for number in range(OTHERS):
            api.create(application(f"other{number}-{environment}", namespace, born))
        api.create(application(f"shop-{environment}", namespace, born))
    config = tmp_path / "run.yaml"
    config.write_text(f"kubernetes: {{namespaces: [{namespace}]}}\n")
    exporter = Exporter(tmp_path / "exporter", "--kubeconfig", str(api.kubeconfig()), "--config", str(config))
    with Webhook().serving() as webhook, servers.running(exporter):
        exporter.wait_until_ready()
        times = {"group_wait": f"{GROUP_WAIT}s", "group_interval": f"{GROUP_INTERVAL}s"}
        links = {"grafana_url": "https://grafana.example.com", "argocd_url": "https://argocd.example.com"}
        folder = generate(tmp_path, {"monitoring": {**receivers(webhook.url), **times, **links}}) / "alerts/generated"
        alertmanager = Alertmanager(tmp_path / "alertmanager", folder / "prod" / "alertmanager.yml")
        with (
            servers.running(alertmanager),
            servers.running(_prometheus(tmp_path, exporter, alertmanager, folder)) as it,
        ):
            until(lambda: bool(it.query("gitops_exporter_ready == 1")), "the exporter is scraped", patience(20))
            yield World(api, namespace, it, alertmanager, webhook)


def _prometheus(folder: Path, exporter: Exporter, alertmanager: Alertmanager, rules: Path) -> Prometheus:
    job = {"job_name": "gitops", "static_configs": [{"targets": [exporter.url.removeprefix("http://")]}]}
    return Prometheus(
        folder / "prometheus",
        [job],
        # What fires before it knows Alertmanager is sent again after a minute, unless told otherwise: the Watchdog.
        "--rules.alert.resend-delay=5s",
        **{"global": {"scrape_interval": f"{SCRAPE}s", "evaluation_interval": f"{EVALUATION}s"}},
        rule_files=[str(file) for file in sorted(rules.glob("*/gitops-*.yml"))],
        alerting={"alertmanagers": [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}]},
    )


def about_the_shop(messages: list[Message], status: str = "firing") -> list[tuple[float, dict[str, str]]]:
    """When a webhook was told of shops that are Degraded, and with which labels."""
    return [
        (message.at, labels) for message in messages for labels in message.labels(status) if labels["alertname"] == NAME
    ]


def reached(told: Callable[[], list[tuple[float, dict[str, str]]]], since: float, what: str, limit: float) -> float:
    """Wait until it was told; how many seconds after `since`, which must be within `limit`."""
    until(lambda: bool(told()), what, patience(limit + 20))
    took = told()[0][0] - since
    print(f"{what}: {took:.1f} s, at most {limit} s")  # noqa: T201 - measured times are what the test is for
    assert took <= patience(limit), what
    return took


def test_a_page_comes_in_time_only_for_prod_and_is_taken_back(world: World) -> None:
    limit = SCRAPE + EVALUATION + LEFT + GROUP_WAIT + SLACK
    webhook = world.webhook

    told_at = max(world.degrade(environment) for environment in ("dev", "staging"))
    reached(lambda: about_the_shop(webhook.to("/chat")), told_at, "staging reaches the chat", limit)
    until(lambda: ("dev", "active") in world.firing(), "it fires in dev too", patience(10))
    assert webhook.to("/page") == []

    # Critical in staging, for the same service: prod must page all the same.
    told_at = world.degrade("prod")
    reached(lambda: about_the_shop(webhook.to("/page")), told_at, "prod pages", limit)
    ((_, labels),) = about_the_shop(webhook.to("/page"))
    assert (
        labels.items()
        >= {
            "alertname": NAME,
            "severity": "critical",
            "environment": "prod",
            "service": "shop",
            "application": "shop-prod",
            "application_namespace": world.namespace,
        }.items()
    )
    (page,) = webhook.to("/page")
    assert page.body["groupLabels"] == {"environment": "prod", "service": "shop"}
    (given,) = (one["annotations"] for one in page.body["alerts"])
    assert given["summary"] == "shop-prod is Degraded in prod"
    assert given["runbook_url"].endswith(f"/{NAME}.md")
    assert given["dashboard_url"].startswith("https://grafana.example.com/d/gitops-application?var-environment=prod")
    assert given["application_url"] == f"https://argocd.example.com/applications/{world.namespace}/shop-prod"

    over_at = world.turn("prod", "Healthy")
    limit = SCRAPE + EVALUATION + GROUP_INTERVAL + SLACK
    reached(lambda: about_the_shop(webhook.to("/page"), "resolved"), over_at, "recovery takes the page back", limit)

    assert world.firing() == {("dev", "active"), ("staging", "active")}
    assert {labels["environment"] for message in webhook.to("/page") for labels in message.labels()} == {"prod"}
    chats = {labels["environment"] for message in webhook.to("/chat") for labels in message.labels()}
    assert chats <= {"staging", "prod"}
    until(lambda: bool(webhook.to("/deadman")), "the dead man's switch is told that all is well", patience(30))
    beats = {tuple(labels.items()) for message in webhook.to("/deadman") for labels in message.labels()}
    assert beats == {(("alertname", "Watchdog"), ("environment", "prod"), ("severity", "info"))}
    healths = {rule["health"] for group in world.prometheus.rules() for rule in group["rules"]}
    assert healths <= {"ok", "unknown"}, "rules whose group was not evaluated yet are unknown, and none may fail"
