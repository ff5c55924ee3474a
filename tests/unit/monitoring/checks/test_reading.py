"""Which documents are found in files, and where."""

import json

import pytest
import yaml

from observability.monitoring.checks.assembling import corpus
from tests.checked import alert, board, checked, names, panel, places, target

RULES = {"groups": [{"name": "a", "rules": [alert("sum(up")]}]}
BOARD = board(panel(targets=[target("sum(up")]))


def in_config_map(name: str, text: str) -> str:
    body = "".join(f"    {line}\n" for line in text.splitlines())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n  {name}: |\n{body}"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("a.yml", yaml.safe_dump(RULES)),
        ("a.json", json.dumps(RULES)),
        ("a.yml", yaml.safe_dump({"apiVersion": "v1", "kind": "PrometheusRule", "spec": RULES})),
        (
            "a.yml",
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "List",
                    "items": [{"apiVersion": "1", "kind": "PrometheusRule", "spec": RULES}],
                }
            ),
        ),
        ("a.yml", in_config_map("a.yml", yaml.safe_dump(RULES))),
        ("a.json", json.dumps(BOARD)),
        ("a.json", json.dumps({"dashboard": BOARD, "folderUid": "x"})),
        ("a.yml", in_config_map("a.json", json.dumps(BOARD, indent=2))),
        (
            "a.json",
            json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a.json": json.dumps(BOARD, indent=2)}}),
        ),
        (
            "a.yml",
            yaml.safe_dump(
                {"apiVersion": "v1", "kind": "GrafanaDashboard", "spec": {"json": json.dumps(BOARD)}}, width=9999
            ),
        ),
        ("a.json", json.dumps({**BOARD, "panels": [{"type": "row", "panels": BOARD["panels"]}]})),
        ("a.json", json.dumps({**BOARD, "panels": [], "rows": [{"panels": BOARD["panels"]}]})),
        ("a.json", json.dumps({**BOARD, "panels": [], "templating": {"list": [{"query": "label_values(up{, job)"}]}})),
    ],
)
def test_an_expression_is_found_wherever_it_stands(file: str, text: str) -> None:
    ((found, line),) = places(checked({file: text}), "promql-invalid")
    assert found == file
    assert "up" in text.splitlines()[line - 1]


def test_what_is_wrong_does_not_stop_the_others() -> None:
    text = yaml.safe_dump({"groups": [{"name": "a", "rules": [1, {"alert": "A"}, {"alert": "B", "expr": "sum("}]}, 2]})
    found = checked({"a.yml": text, "b.json": "{", "c.yml": f"{yaml.safe_dump(RULES)}---\na: b: c\n"})
    assert len(places(found, "unreadable")) == 5
    assert len(places(found, "promql-invalid")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "kind: Deployment\napiVersion: apps/v1\n",
        "a: 1",
        "[1, 2]",
        "",
        "groups: {a: 1}",
        "apiVersion: 1\ngroups: [{name: a, folder: b, rules: [{title: c}]}]",
    ],
)
def test_what_is_something_else_is_left_out(text: str) -> None:
    found = corpus({"a.yml": text})
    assert found.left_out == ["a.yml"]
    assert found.files() == ()


def test_scrape_configurations_say_how_often_and_which_labels() -> None:
    rules = yaml.safe_dump(
        {"groups": [{"name": "a", "rules": [alert('rate(argocd_git_request_total{shop="x"}[2m]) > 1')]}]}
    )
    alone = names(checked({"a.yml": rules}))
    assert "unknown-label" in alone
    assert "short-window" not in alone
    job = {"job_name": "a", "static_configs": [{"targets": ["a"], "labels": {"shop": "x"}}]}
    with_scrapes = names(checked({"a.yml": rules, "p.yml": yaml.safe_dump({"scrape_configs": [job]})}))
    assert "unknown-label" not in with_scrapes
    assert "short-window" in with_scrapes
    assert "short-window" not in names(
        checked({"a.yml": rules, "p.yml": yaml.safe_dump({"scrape_configs": [job]})}, 15)
    )


def test_monitors_say_it_too() -> None:
    rules = yaml.safe_dump({"groups": [{"name": "a", "rules": [alert("rate(x[2m]) > 1")]}]})
    monitor = {"apiVersion": "v1", "kind": "ServiceMonitor", "spec": {"endpoints": [{"interval": "45s"}, 1]}}
    assert "short-window" in names(checked({"a.yml": rules, "m.yml": yaml.safe_dump(monitor)}))


def test_series_of_recording_rules_are_known() -> None:
    record = {"record": "gitops_mine:count", "expr": "sum by (environment) (gitops_application_info)"}
    there = {"groups": [{"name": "a", "rules": [record, alert("sum by (application) (gitops_mine:count) > 1")]}]}
    assert names(checked({"a.yml": yaml.safe_dump(there)})) >= {"unknown-label"}
    assert "unknown-metric" not in names(checked({"a.yml": yaml.safe_dump(there)}))
