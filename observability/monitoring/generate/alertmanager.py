"""The configuration of Alertmanager: who is told of which alerts, and which are held back by others. Pure.

It routes by the label `environment` and knows all environments, so that one Alertmanager may take the alerts of all of
them. Only what Alertmanager 0.25 reads is written.

    Watchdog ─▶ a dead man's switch      environment ─▶ severity ─▶ receiver      else ─▶ as a warning of the last
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from observability.monitoring.generate.messages import TEXT, TITLE
from observability.monitoring.spec import Severity
from observability.settings import AlertReceiver, AlertReceiverType, AlertRoute, Environment, Monitoring

NOBODY: Final = "nobody"
"""The receiver that tells nobody."""

TEMPLATE_FILE: Final = "gitops.tmpl"

WATCHDOG: Final = "Watchdog"
STALE: Final = "GitOpsFactsStale"
DOWN: Final = "GitOpsExporterDown"
STOPPED: Final = "GitOpsReconciliationStopped"

_OURS: Final = 'alertname=~"GitOps.+"'
_OF_APPLICATION: Final = 'application!=""'
_OF_SERVICE: Final = ('application=""', 'service!=""')
_NOT_OF_OTHERS: Final = ('instance=""', 'applicationset=""', 'project_namespace=""')
"""Alerts about an exporter, an ApplicationSet or an AppProject carry these; those about Applications never do."""
_ONE_APPLICATION: Final = ("environment", "service", "cluster", "application_namespace", "application")
_ONE_SERVICE: Final = ("environment", "service", "cluster")
_BEAT: Final = {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "5m"}
"""How often a dead man's switch is told that all is well."""


class Inhibition(NamedTuple):
    """While an alert that `source` matches fires, those that `target` matches are held back where `equal` is equal.

    `environment` is always in `equal`: an alert of one environment says nothing about another.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    equal: tuple[str, ...]


INHIBITIONS: Final = (
    Inhibition(
        (f'alertname="{STALE}"', 'kind="Application"'),
        (_OURS, f'alertname!~"{STALE}|{DOWN}"', *_NOT_OF_OTHERS),
        ("environment", "cluster"),
    ),
    Inhibition((f'alertname="{DOWN}"',), (_OURS, f'alertname!~"{STALE}|{DOWN}"'), ("environment", "cluster")),
    Inhibition(
        (f'alertname="{STOPPED}"',),
        ('alertname=~"GitOpsStaleVerdict|GitOpsAutomatedSyncStalled"',),
        ("environment", "cluster"),
    ),
    *(
        Inhibition((f'severity="{over}"', *narrowed), (f'severity=~"{under}"', *narrowed), equal)
        for over, under in ((Severity.CRITICAL, "warning|info"), (Severity.WARNING, "info"))
        for narrowed, equal in (((_OF_APPLICATION,), _ONE_APPLICATION), (_OF_SERVICE, _ONE_SERVICE))
    ),
    *(
        Inhibition(
            (f'alertname="GitOps{budget}BudgetBurnsFast"',),
            (f'alertname="GitOps{budget}BudgetBurnsSlowly"',),
            ("environment", "cluster"),
        )
        for budget in ("Sync", "Health")
    ),
)
"""The first two: facts about Applications that are stale make every alert about them a guess, in that environment and
cluster; those that are away every other alert. What is said of the exporter itself may tell why they are stale. While
only AppProjects are stale, the health of Applications is as recent as ever. Those of severity compare alerts of
the same Application, or of the same service; there is no order among those of neither."""


def configuration(environments: Sequence[Environment], monitoring: Monitoring) -> dict[str, Any]:
    """The configuration as Alertmanager reads it. The same for each environment."""
    routes = [(environment.name, monitoring.route(environment)) for environment in environments]
    used = {name for _, route in routes for name in route.receivers}
    return {
        "templates": [TEMPLATE_FILE],
        "route": {
            "receiver": routes[-1][1].warning or NOBODY,
            "group_by": ["environment", "service"],
            "group_wait": monitoring.group_wait,
            "group_interval": monitoring.group_interval,
            "repeat_interval": monitoring.repeat_interval,
            "routes": [_watchdogs(routes), *(_of_environment(name, route) for name, route in routes)],
        },
        "inhibit_rules": [
            {"source_matchers": list(one.source), "target_matchers": list(one.target), "equal": list(one.equal)}
            for one in INHIBITIONS
        ],
        "receivers": [
            {"name": NOBODY},
            *(written(name, one) for name, one in monitoring.receivers.items() if name in used),
        ],
    }


def _watchdogs(routes: Sequence[tuple[str, AlertRoute]]) -> dict[str, Any]:
    beats = [
        {"matchers": [_is("environment", name)], "receiver": route.watchdog}
        for name, route in routes
        if route.watchdog is not None
    ]
    group = {"group_by": ["environment", "cluster"], **_BEAT}
    return {
        "matchers": [_is("alertname", WATCHDOG)],
        "receiver": NOBODY,
        **({**group, "routes": beats} if beats else {}),
    }


def _of_environment(name: str, route: AlertRoute) -> dict[str, Any]:
    """What has no severity that is known is told as a warning, rather than to nobody."""
    given: list[dict[str, Any]] = [
        {"matchers": [_is("severity", severity.value)], "receiver": getattr(route, severity.value) or NOBODY}
        for severity in Severity
    ]
    return {"matchers": [_is("environment", name)], "receiver": route.warning or NOBODY, "routes": given}


def _is(label: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{label}="{escaped}"'


def written(name: str, receiver: AlertReceiver) -> dict[str, Any]:
    """A receiver. Its secrets are files."""
    key, fields = _KINDS[receiver.type]
    given = {"send_resolved": receiver.send_resolved, **dict(fields(receiver))}
    return {"name": name, key: [given]}


Fields = Iterator[tuple[str, Any]]


def _webhook(receiver: AlertReceiver) -> Fields:
    yield "url", receiver.url
    if receiver.token_file:
        yield "http_config", {"authorization": {"credentials_file": receiver.token_file}}


def _slack(receiver: AlertReceiver) -> Fields:
    yield "api_url_file", receiver.url_file
    if receiver.channel:
        yield "channel", receiver.channel
    yield from SLACK.items()


def _pagerduty(receiver: AlertReceiver) -> Fields:
    yield "routing_key_file", receiver.key_file
    yield from PAGERDUTY.items()
    yield "details", dict(DETAILS)


def _opsgenie(receiver: AlertReceiver) -> Fields:
    yield "api_key_file", receiver.key_file
    yield from OPSGENIE.items()


def _email(receiver: AlertReceiver) -> Fields:
    yield "to", receiver.to
    yield "from", receiver.sender
    yield "smarthost", receiver.smarthost
    if receiver.username:
        yield "auth_username", receiver.username
        yield "auth_password_file", receiver.password_file
    yield "headers", {"Subject": TITLE}
    yield from EMAIL.items()


SLACK: Final = {
    "title": TITLE,
    "title_link": "{{ .CommonAnnotations.runbook_url }}",
    "text": TEXT,
    "fallback": TITLE,
    "color": '{{ if eq .Status "resolved" }}good{{ else if eq .CommonLabels.severity "critical" }}danger{{ else }}'
    "warning{{ end }}",
}
PAGERDUTY: Final = {
    "description": TITLE,
    "severity": "{{ with .CommonLabels.severity }}{{ . }}{{ else }}warning{{ end }}",
    "component": "{{ .CommonLabels.service }}",
    "group": "{{ .CommonLabels.environment }}",
    "class": "{{ .CommonLabels.alertname }}",
}
DETAILS: Final = {"text": TEXT}
OPSGENIE: Final = {
    "message": TITLE,
    "description": TEXT,
    "priority": '{{ if eq .CommonLabels.severity "critical" }}P1{{ else }}P3{{ end }}',
    "tags": "{{ .CommonLabels.environment }},{{ .CommonLabels.service }}",
}
EMAIL: Final = {"text": TEXT, "html": f"<pre>{TEXT}</pre>"}
"""What each kind of message says, as templates."""

_KINDS: Final[Mapping[AlertReceiverType, tuple[str, Callable[[AlertReceiver], Fields]]]] = {
    AlertReceiverType.WEBHOOK: ("webhook_configs", _webhook),
    AlertReceiverType.SLACK: ("slack_configs", _slack),
    AlertReceiverType.PAGERDUTY: ("pagerduty_configs", _pagerduty),
    AlertReceiverType.OPSGENIE: ("opsgenie_configs", _opsgenie),
    AlertReceiverType.EMAIL: ("email_configs", _email),
}
