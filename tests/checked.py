"""What `gitops-obs check` says of texts, for its tests."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from observability.monitoring.checks.assembling import corpus
from observability.monitoring.checks.catalogue import CHECKS
from observability.monitoring.checks.rows import Finding
from observability.monitoring.checks.running import findings


def checked(files: Mapping[str, str], scrape_seconds: float | None = None) -> tuple[Finding, ...]:
    """The findings of these files."""
    return findings(corpus(files, scrape_seconds), CHECKS)


def names(found: Iterable[Finding]) -> set[str]:
    """The checks that found something."""
    return {one.check.name for one in found}


def places(found: Iterable[Finding], name: str) -> list[tuple[str, int]]:
    """Where a check found something."""
    return [(one.place.file, one.line) for one in found if one.check.name == name]


def alert(expr: str, **given: Any) -> dict[str, Any]:
    """An alert that is as it should be, but for what is given."""
    return {
        "alert": "Test",
        "expr": expr,
        "labels": {"severity": "critical"},
        "annotations": {"summary": "It is ill.", "runbook_url": "https://runbooks.example.com/Test.md"},
        **given,
    }


def of_rules(*rules: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings of rules; whether the targets are there is told by another file."""
    there = {"groups": [{"name": "there", "rules": [alert("up == 0", alert="Down")]}]}
    texts = {"rules.yml": yaml.safe_dump({"groups": [{"name": "test", "rules": list(rules)}]}, sort_keys=False)}
    return checked({**texts, "there.yml": yaml.safe_dump(there)})


def of_alert(expr: str, **given: Any) -> set[str]:
    """The checks that find something wrong with an alert."""
    return names(of_rules(alert(expr, **given)))


def panel(**given: Any) -> dict[str, Any]:
    """A panel that is as it should be, but for what is given."""
    return {
        "id": 1,
        "type": "timeseries",
        "title": "Syncs",
        "description": "How many there are.",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": "short"}, "overrides": []},
        "targets": [target("up")],
        **given,
    }


def target(expr: str, ref: str = "A") -> dict[str, Any]:
    """A query of a panel."""
    return {"refId": ref, "datasource": {"type": "prometheus", "uid": "${datasource}"}, "expr": expr}


def board(*panels: Mapping[str, Any], **given: Any) -> dict[str, Any]:
    """A dashboard of these panels that is as it should be, but for what is given."""
    return {"uid": "test", "title": "Test", "editable": False, "schemaVersion": 41, "panels": list(panels), **given}


def of_board(document: Mapping[str, Any]) -> set[str]:
    """The checks that find something wrong with a dashboard."""
    return names(checked({"board.json": json.dumps(document, indent=1)}))


def of_panel(**given: Any) -> set[str]:
    """The checks that find something wrong with a panel."""
    return of_board(board(panel(**given)))


def of_query(expr: str, **given: Any) -> set[str]:
    """The checks that find something wrong with a panel of this query."""
    return of_panel(targets=[target(expr)], **given)
