"""What is made on demand: objects for Kubernetes, and alert rules that Grafana evaluates.

Kinds of Kubernetes' own are judged by its schemas. Those of operators by tables of the fields that they know, written
from their types; what is unknown to them they would drop without a word.
Source: prometheus-operator v0.80 (pkg/apis/monitoring), grafana-operator v5.18 (api/v1beta1), Grafana 13
(pkg/services/provisioning/alerting/rules_types.go).
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml
from kubernetes_validate.utils import ValidationError, validate

from observability.monitoring.generate import outputs
from observability.monitoring.generate.alertmanagerconfig import alertmanager_config
from observability.monitoring.generate.kubernetes import object_name
from observability.monitoring.generate.messages import TEMPLATES, TITLE
from observability.monitoring.generate.outputs import Form, Work
from observability.monitoring.load import load
from observability.monitoring.spec import Alert
from observability.settings import AlertReceiver, AlertReceiverType, AlertRoute, Monitoring, Settings

SCHEMAS: Final = "1.37"
RECEIVERS: Final = {
    "page": AlertReceiver(type=AlertReceiverType.PAGERDUTY, key_file="/secrets/pagerduty"),
    "chat": AlertReceiver(type=AlertReceiverType.SLACK, url_file="/secrets/slack", channel="#deployments"),
    "deadman": AlertReceiver(
        type=AlertReceiverType.WEBHOOK,
        url="https://beats.example.com",
        token_file="/secrets/beats",  # noqa: S106 - a path
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
MONITORING: Final = Monitoring(
    receivers=RECEIVERS,
    routes={"staging": AlertRoute(critical="duty", warning="letters")},
    object_labels={"release": "kube-prometheus-stack"},
)
WORK: Final = Work(
    authored=load(),
    environments=Settings().environments,
    monitoring=MONITORING,
    wanted=("dev", "staging", "prod"),
)
MADE: Final = {
    form: {path: yaml.safe_load(text) for path, text in outputs.on_demand(form, WORK).items()} for form in Form
}
ALERTS: Final = [rule for source in WORK.authored.groups for rule in source.row.rules if isinstance(rule, Alert)]


def objects(form: Form) -> list[dict[str, Any]]:
    return list(MADE[form].values())


@pytest.mark.parametrize("form", [form for form in Form if form is not Form.GRAFANA_ALERTING])
def test_objects_have_names_that_kubernetes_takes_and_labels_that_select_them(form: Form) -> None:
    for path, made in MADE[form].items():
        assert re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", made["metadata"]["name"]), path
        assert made["metadata"]["labels"]["release"] == "kube-prometheus-stack"


@pytest.mark.parametrize("form", [Form.PROMETHEUSRULE, Form.CONFIGMAP, Form.GRAFANADASHBOARD])
def test_names_are_unique_in_the_cluster(form: Form) -> None:
    names = [made["metadata"]["name"] for made in objects(form)]
    assert len(set(names)) == len(names) > 10


def test_config_maps_hold_one_dashboard_each_for_the_sidecar() -> None:
    files: list[str] = []
    for made in objects(Form.CONFIGMAP):
        validate(made, SCHEMAS, strict=True)
        assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert made["metadata"]["annotations"] == {"grafana_folder": "GitOps"}
        ((file, text),) = made["data"].items()
        assert json.loads(text)["uid"]
        assert len(text) < 1_000_000, "etcd takes no more"
        files.append(file)
    assert len(set(files)) == len(files), "the sidecar writes them all into one folder"


def test_the_schemas_would_find_a_mistake() -> None:
    wrong = {**objects(Form.CONFIGMAP)[0], "content": {}}
    with pytest.raises(ValidationError):
        validate(wrong, SCHEMAS, strict=True)


def test_prometheus_rules_hold_the_rules_of_the_files() -> None:
    committed = outputs.committed(WORK)
    rules = {path: text for path, text in committed.items() if "/gitops-" in path and path.endswith(".yml")}
    assert len(objects(Form.PROMETHEUSRULE)) == len(rules)
    for path, made in MADE[Form.PROMETHEUSRULE].items():
        assert (made["apiVersion"], made["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
        file = path.replace("prometheusrule/", "alerts/generated/").replace(".yaml", ".yml")
        assert made["spec"] == yaml.safe_load(rules[file])
        for group in made["spec"]["groups"]:
            assert group.keys() <= {"name", "interval", "rules"}
            for rule in group["rules"]:
                assert rule.keys() <= {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"}


def test_dashboards_for_the_operator_of_grafana() -> None:
    for made in objects(Form.GRAFANADASHBOARD):
        assert (made["apiVersion"], made["kind"]) == ("grafana.integreatly.org/v1beta1", "GrafanaDashboard")
        assert made["spec"].keys() == {"instanceSelector", "allowCrossNamespaceImport", "folder", "json"}
        assert made["spec"]["instanceSelector"]["matchLabels"]
        assert json.loads(made["spec"]["json"])["uid"]


_ROUTE: Final = {
    *("receiver", "groupBy", "groupWait", "groupInterval", "repeatInterval"),
    *("matchers", "continue", "routes", "muteTimeIntervals", "activeTimeIntervals"),
}
_OF_RECEIVERS: Final[Mapping[str, frozenset[str]]] = {
    "webhookConfigs": frozenset({"sendResolved", "url", "urlSecret", "httpConfig", "maxAlerts"}),
    "slackConfigs": frozenset(
        {"sendResolved", "apiURL", "channel", "title", "titleLink", "text", "fallback", "color", "fields", "httpConfig"}
    ),
    "pagerdutyConfigs": frozenset(
        {"sendResolved", "routingKey", "description", "severity", "class", "group", "component", "details"}
    ),
    "opsgenieConfigs": frozenset({"sendResolved", "apiKey", "message", "description", "priority", "tags"}),
    "emailConfigs": frozenset(
        {"sendResolved", "to", "from", "smarthost", "authUsername", "authPassword", "headers", "html", "text"}
    ),
}


def routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for one in route.get("routes", ()):
        yield from routes(one)


def test_the_configuration_of_alertmanager_as_an_object() -> None:
    made = objects(Form.ALERTMANAGERCONFIG)[0]
    assert (made["apiVersion"], made["kind"]) == ("monitoring.coreos.com/v1alpha1", "AlertmanagerConfig")
    spec = made["spec"]
    assert spec.keys() == {"route", "inhibitRules", "receivers"}
    matchers = [one for rule in spec["inhibitRules"] for one in (*rule["sourceMatch"], *rule["targetMatch"])]
    for route in routes(spec["route"]):
        assert route.keys() <= _ROUTE
        matchers += route.get("matchers", ())
    for matcher in matchers:
        assert matcher.keys() == {"name", "value", "matchType"}
        assert matcher["matchType"] in {"=", "!=", "=~", "!~"}
    assert all(rule.keys() == {"sourceMatch", "targetMatch", "equal"} for rule in spec["inhibitRules"])
    assert {"name": "environment", "matchType": "=", "value": "prod"} in matchers
    assert [one["name"] for one in spec["receivers"]] == ["nobody", *RECEIVERS]
    for receiver in spec["receivers"][1:]:
        ((key, (given,)),) = ((key, value) for key, value in receiver.items() if key != "name")
        assert given.keys() <= _OF_RECEIVERS[key], key


def test_its_secrets_are_keys_of_one_secret_and_its_templates_are_whole() -> None:
    receivers = {one["name"]: one for one in objects(Form.ALERTMANAGERCONFIG)[0]["spec"]["receivers"]}
    secret = "gitops-observability-receivers"  # noqa: S105 - a name
    assert receivers["page"]["pagerdutyConfigs"][0]["routingKey"] == {"name": secret, "key": "pagerduty"}
    assert receivers["chat"]["slackConfigs"][0]["apiURL"] == {"name": secret, "key": "slack"}
    assert receivers["letters"]["emailConfigs"][0]["authPassword"] == {"name": secret, "key": "mail"}
    assert receivers["chat"]["slackConfigs"][0]["title"] == TEMPLATES + TITLE
    assert "/secrets" not in yaml.safe_dump(receivers)


def test_names_of_environments_are_matched_as_they_are() -> None:
    odd = 'a "b" \\ c'
    environments = (Settings().environments[0].model_copy(update={"name": odd}),)
    made = alertmanager_config(environments, Monitoring())
    assert {"name": "environment", "matchType": "=", "value": odd} in [
        matcher for route in routes(made["spec"]["route"]) for matcher in route.get("matchers", ())
    ]


_RULE: Final = {
    *("uid", "title", "condition", "data", "noDataState", "execErrState", "for", "keepFiringFor"),
    *("labels", "annotations", "isPaused"),
}


def test_alert_rules_that_grafana_evaluates() -> None:
    uids: list[str] = []
    for path, made in MADE[Form.GRAFANA_ALERTING].items():
        environment = path.split("/")[1]
        assert made["apiVersion"] == 1
        titles: list[str] = []
        for group in made["groups"]:
            assert group.keys() == {"orgId", "name", "folder", "interval", "rules"}
            assert group["folder"] == f"GitOps {environment}"
            for rule in group["rules"]:
                assert rule.keys() <= _RULE
                assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}", rule["uid"])
                refs = [one["refId"] for one in rule["data"]]
                assert rule["condition"] == refs[-1]
                assert rule["data"][0]["datasourceUid"] == "prometheus"
                assert all(one["datasourceUid"] == "__expr__" for one in rule["data"][1:])
                assert "$value " not in str(rule["annotations"]), "Grafana's $value is a text"
                assert not rule["isPaused"]
                uids.append(rule["uid"])
                titles.append(rule["title"])
        assert len(set(titles)) == len(titles), "titles are unique in a folder"
        wanted = {alert.name for alert in ALERTS}
        assert set(titles) <= wanted
        assert len(titles) > len(wanted) * 0.9
    assert len(set(uids)) == len(uids)


def test_names_that_are_too_long_or_odd_stay_apart() -> None:
    assert object_name("gitops-health", "prod") == "gitops-health-prod"
    names = {
        object_name("a" * 80, "prod"),
        object_name("a" * 81, "prod"),
        object_name("a", "Prod"),
        object_name("a", "prod"),
    }
    assert len(names) == 4
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name) for name in names)
