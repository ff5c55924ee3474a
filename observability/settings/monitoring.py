"""What is generated: where dashboards and alerts link to, and who is told of alerts. Pure."""

from collections.abc import Mapping

from pydantic import Field, ValidationInfo, field_validator

from observability.settings.environments import Environment
from observability.settings.paging import DEFAULT_RECEIVERS, ELSEWHERE, PRACTICE, AlertReceiver, AlertRoute
from observability.settings.values import Duration, Group, LabelKey, Name, WebAddress, seconds_in


class Monitoring(Group):
    """What is generated: where dashboards and alerts link to (http and https only), and who is told of alerts."""

    grafana_url: WebAddress | None = None
    """Grafana, which has the dashboards. None: links to them are relative."""
    runbooks_url: WebAddress | None = None
    """A folder with the runbooks, each as the name of the alert and .md. None: alerts/runbooks."""
    argocd_url: WebAddress | None = None
    """Argo CD. None: pages have no link to the Application."""
    receivers: Mapping[Name, AlertReceiver] = Field(default_factory=dict, validate_default=True)
    """Receivers of Alertmanager by name. Those called page, chat and deadman are there unless they are given: webhooks
    to http://127.0.0.1:9099/."""
    routes: Mapping[Name, AlertRoute] = Field(default_factory=dict)
    """Which receiver the alerts of an environment go to. An environment that is left out has what its otel_name says.
    production: critical to page, warning to chat, the Watchdog to deadman. development: nobody. All others: critical
    and warning to chat."""
    group_wait: Duration = "30s"
    """So long Alertmanager waits for more alerts of the same environment and service before it tells of the first."""
    group_interval: Duration = "5m"
    """So long it waits before it tells of others in that group, or that some are over."""
    repeat_interval: Duration = "4h"
    """So often it tells again of what is not over."""
    prometheus_uid: Name = "prometheus"
    """The uid of the Prometheus data source, for alert rules that Grafana itself evaluates."""
    secret: Name = "gitops-observability-receivers"  # noqa: S105 - a name
    """For AlertmanagerConfig: the Secret that holds the files of the receivers, by their names without folders."""
    reconciliation_timeout: Duration = "30m"
    """An Application that Argo CD has not compared with Git for so long has an alert, more than half of an environment
    page. Longer than `timeout.reconciliation` of Argo CD with its jitter."""
    object_labels: Mapping[LabelKey, str] = {}
    """Labels of objects for Kubernetes, by which operators select: `{release: kube-prometheus-stack}`."""

    @property
    def reconciliation_seconds(self) -> float:
        """`reconciliation_timeout` in seconds."""
        return seconds_in(self.reconciliation_timeout)

    @field_validator("receivers")
    @classmethod
    def _with_defaults(cls, given: Mapping[str, AlertReceiver]) -> Mapping[str, AlertReceiver]:
        if "nobody" in given:
            raise ValueError("expected names of receivers, nobody is the one that tells nobody")
        return {**DEFAULT_RECEIVERS, **given}

    @field_validator("routes")
    @classmethod
    def _receivers_exist(cls, routes: Mapping[str, AlertRoute], info: ValidationInfo) -> Mapping[str, AlertRoute]:
        known = info.data.get("receivers", {})
        for environment, route in routes.items():
            for name in sorted(route.receivers - set(known)) if known else ():
                names = ", ".join(sorted(known))
                raise ValueError(f"expected receivers among {names} for {environment}, {name} is none")
        return routes

    def route(self, environment: Environment) -> AlertRoute:
        """Where the alerts of an environment go."""
        return self.routes.get(environment.name, PRACTICE.get(environment.otel_name, ELSEWHERE))
