"""The rules that every authored dashboard keeps."""

import ast
import json
import re
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard as Known

from observability.monitoring.generate.grafana import TAG, check_uids
from observability.monitoring.generate.grafana.layout import Place, check, parts
from observability.monitoring.generate.grafana.reference import metrics, render
from observability.monitoring.spec import Dashboard, Kind, LogQuery, Panel, PromQuery
from observability.monitoring.spec.dashboards import COLUMNS
from observability.monitoring.spec.queries import ALERTS
from observability.signals.applications import application_labels
from observability.signals.metrics import METRICS
from tests.dashboards import ROWS, generated, panels_of

FOLDER = Path(__file__).parents[4] / "dashboards"
UIDS = {
    "application.py": "gitops-application",
    "delivery.py": "gitops-delivery",
    "drift.py": "gitops-drift",
    "exporter.py": "gitops-exporter",
    "overview.py": "gitops-overview",
    "promotion.py": "gitops-promotion",
    "slo.py": "gitops-slo",
}
"""Bookmarks, links in pages and runbooks lead to these: they stay for ever."""

PICTURES = {path.stem for path in (FOLDER / "previews").glob("*.png")}

FOR_QUERIES = {application_labels(()).name}
"""Metrics that no dashboard shows: their labels are what the settings name."""

register_default_plugins()
each = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.uid)


def panels(row: Dashboard) -> list[Panel]:
    return [panel for section in row.sections for panel in section.panels]


def paths(value: Any, path: str = "") -> set[str]:
    """The path of each key, at any depth."""
    if isinstance(value, dict):
        return {f"{path}.{key}" for key in value} | {
            found for key, one in value.items() for found in paths(one, f"{path}.{key}")
        }
    if isinstance(value, list):
        return {found for index, one in enumerate(value) for found in paths(one, f"{path}[{index}]")}
    return set()


def test_each_module_is_a_dashboard_and_keeps_its_uid() -> None:
    assert {path.name for path in FOLDER.glob("*.py")} == set(UIDS)
    assert {row.uid for row in ROWS} == set(UIDS.values())
    check_uids(ROWS)


@each
def test_grafana_knows_every_key(row: Dashboard) -> None:
    document = generated(row)
    read = json.loads(json.dumps(Known.from_json(document), cls=JSONEncoder))
    assert paths(document) - paths(read) == set()


def test_a_key_that_grafana_does_not_know_would_be_found() -> None:
    document = generated(ROWS[0])
    document["panels"][0]["options"]["mood"] = "good"
    read = json.loads(json.dumps(Known.from_json(document), cls=JSONEncoder))
    assert paths(document) - paths(read) == {".panels[0].options.mood"}


@each
def test_it_says_what_it_is(row: Dashboard) -> None:
    document = generated(row)
    assert document["tags"] == [TAG]
    assert document["editable"] is False
    assert document["title"].startswith("GitOps / ")
    for panel in panels_of(document):
        assert panel["title"]
        assert panel["description"].endswith((".", "?"))


@each
def test_panels_are_told_apart(row: Dashboard) -> None:
    document = generated(row)
    ids = [one["id"] for one in document["panels"]] + [
        panel["id"] for one in document["panels"] for panel in one.get("panels", ())
    ]
    assert sorted(ids) == list(range(1, len(ids) + 1))
    for panel in panels_of(document):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(letters) == len(set(letters))
    titles = Counter((section.title, panel.title) for section in row.sections for panel in section.panels)
    assert [title for title, times in titles.items() if times > 1] == []


@each
def test_nothing_overlaps(row: Dashboard) -> None:
    check([Place(**one["gridPos"]) for one in generated(row)["panels"]])


@each
def test_lines_are_filled(row: Dashboard) -> None:
    for part in parts(row.sections):
        for before, after in pairwise(part.panels):
            if after.place.x == 0:
                assert before.place.x + before.place.w == COLUMNS, before.panel.title
        last = part.panels[-1].place
        assert last.x + last.w == COLUMNS, part.panels[-1].panel.title


@each
def test_tables_and_numbers_lead_on(row: Dashboard) -> None:
    for panel in panels_of(generated(row)):
        if panel["type"] == "stat" or (panel["type"] == "table" and panel["datasource"]["type"] == "prometheus"):
            config = panel["fieldConfig"]
            properties = [one for override in config["overrides"] for one in override["properties"]]
            assert config["defaults"].get("links") or any(one["id"] == "links" for one in properties), panel["title"]


@each
def test_links_lead_to_dashboards_that_there_are(row: Dashboard) -> None:
    linked = set(re.findall(r"/d/([a-z-]+)\?", json.dumps(generated(row))))
    assert linked <= set(UIDS.values())


@each
def test_links_name_fields_that_the_table_has(row: Dashboard) -> None:
    for panel in panels(row):
        fields = {column.field for column in panel.columns}
        used = [value for column in panel.columns for link in column.links for _, value in link.variables]
        used += [link.url for column in panel.columns for link in column.links]
        named = set(re.findall(r"\$\{__data\.fields\.(\w+)\}", " ".join(used)))
        assert named <= fields, panel.title


@each
def test_no_data_source_and_no_environment_stands_in_it(row: Dashboard) -> None:
    document = generated(row)
    sources = set(re.findall(r'"uid": "([^"]*)"', json.dumps(document))) - {row.uid, "-- Grafana --"}
    assert sources <= {"${datasource}", "${loki}", "${tempo}"}
    for panel in panels_of(document):
        for target in panel["targets"]:
            text = target.get("expr", target.get("query"))
            assert not re.search(r'environment\s*[=!]~?\s*["`](?!\$)', text), text


@each
def test_rates_fit_the_scrape_interval(row: Dashboard) -> None:
    for panel in panels(row):
        for query in panel.queries:
            if isinstance(query, PromQuery):
                windows = re.findall(r"\b(?:rate|irate|deriv)\([^\[]*\[([^\]]+)\]", str(query.expr))
                assert set(windows) <= {"$__rate_interval"}, panel.title


@each
def test_values_have_a_unit(row: Dashboard) -> None:
    for panel in panels(row):
        if panel.kind is Kind.TABLE:
            timed = [column for column in panel.columns if column.title.endswith((" for", " ago", " in", "For", "Ago"))]
            assert [column.title for column in timed if not column.unit.value.endswith(("s", "durations"))] == []
        elif panel.kind not in {Kind.LOGS, Kind.TRACES}:
            assert panel.unit is not None


@each
def test_problems_come_first(row: Dashboard) -> None:
    first = row.sections[0].panels[0]
    assert first.kind in {Kind.STAT, Kind.TABLE}


@each
def test_loki_is_asked_only_when_somebody_wants_it(row: Dashboard) -> None:
    assert [one.title for one in row.annotations if isinstance(one.query, LogQuery) and one.shown] == []
    for section in row.sections:
        asks = any(not isinstance(query, PromQuery) for panel in section.panels for query in panel.queries)
        assert section.collapsed or not asks


def test_every_metric_is_shown() -> None:
    shown = {name for row in ROWS for panel in panels(row) for name in metrics(panel)}
    assert {metric.name for metric in METRICS} - shown == FOR_QUERIES
    assert shown - {metric.name for metric in METRICS} == {ALERTS}


def test_there_is_a_picture_of_each_dashboard() -> None:
    assert set(UIDS.values()) == PICTURES
    assert [path.name for path in (FOLDER / "previews").iterdir() if path.stat().st_size > 300_000] == []


def test_the_reference_page_is_that_of_the_rows() -> None:
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == render(ROWS, PICTURES)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_modules_stand_for_themselves(path: Path) -> None:
    """They are loaded one by one, from a checkout, a wheel or a folder of somebody's: each sees only what is ours."""
    imports = [
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
    ]
    ours = {node.module or "" for node in imports if (node.module or "").startswith("observability")}
    allowed = ("observability.monitoring.spec", "observability.signals", "observability.model")
    assert [module for module in ours if not module.startswith(allowed)] == []
    others = {(node.module or "").partition(".")[0] for node in imports} - {"observability"}
    assert others <= set(sys.stdlib_module_names)
