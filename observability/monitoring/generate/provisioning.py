"""Alert rules that Grafana evaluates itself, as a file of its provisioning. Pure.

For a Grafana without a Prometheus that evaluates rules: beside the rule files they would tell everything twice.
Recording rules are not among them, and must be evaluated by the data source: objectives ask for their series.
Source: grafana/grafana 13, pkg/services/provisioning/alerting/rules_types.go.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from observability.monitoring.generate.kubernetes import FOLDER
from observability.monitoring.generate.rules import group_of
from observability.monitoring.generate.series import known
from observability.monitoring.load import Sourced
from observability.monitoring.spec import Group, Recording
from observability.settings import Monitoring

_QUERY: Final = "query"
_IS_THERE: Final = "there"
_CONDITION: Final = "condition"
_EXPRESSIONS: Final = "__expr__"
_INTERVAL: Final = "1m"
_RANGE: Final = {"from": 600, "to": 0}
_VALUE: Final = re.compile(r"\$value\b")
_UID_LENGTH: Final = 40


def alerting(groups: Sequence[Sourced[Group]], environment: str, monitoring: Monitoring) -> dict[str, Any]:
    """The file for an environment. Raises SpecError as `rules.rule_files` does."""
    series = known(rule for source in groups for rule in source.row.rules if isinstance(rule, Recording))
    written = [group_of(source.row, environment, monitoring, series) for source in groups]
    found = [
        {
            "orgId": 1,
            "name": group["name"],
            "folder": f"{FOLDER} {environment}",
            "interval": group.get("interval", _INTERVAL),
            "rules": rules,
        }
        for group in written
        if (rules := [_rule(rule, environment, monitoring) for rule in group["rules"] if "alert" in rule])
    ]
    return {"apiVersion": 1, "groups": found}


def _rule(rule: Mapping[str, Any], environment: str, monitoring: Monitoring) -> dict[str, Any]:
    """Fires for each series that the expression has, whatever its value, as Prometheus does.

    Its title becomes the label `alertname`, and is unique in its folder: an environment has a folder of its own.
    """
    return {
        "uid": _uid(rule["alert"], environment),
        "title": rule["alert"],
        "condition": _CONDITION,
        "data": [
            _data(_QUERY, monitoring.prometheus_uid, {"expr": rule["expr"], "instant": True, "range": False}),
            _data(
                _IS_THERE,
                _EXPRESSIONS,
                {"type": "math", "expression": f"is_number(${_QUERY}) || is_nan(${_QUERY}) || is_inf(${_QUERY})"},
            ),
            _data(
                _CONDITION,
                _EXPRESSIONS,
                {
                    "type": "threshold",
                    "expression": _IS_THERE,
                    "conditions": [{"evaluator": {"type": "gt", "params": [0]}}],
                },
            ),
        ],
        "noDataState": "OK",
        "execErrState": "Error",
        "for": rule.get("for", "0s"),
        **({"keepFiringFor": rule["keep_firing_for"]} if "keep_firing_for" in rule else {}),
        "labels": rule["labels"],
        "annotations": {
            name: _VALUE.sub(f"$values.{_QUERY}.Value", text) for name, text in rule["annotations"].items()
        },
        "isPaused": False,
    }


def _data(ref: str, data_source: str, model: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "refId": ref,
        "relativeTimeRange": _RANGE,
        "datasourceUid": data_source,
        "model": {"refId": ref, **model},
    }


def _uid(name: str, environment: str) -> str:
    """At most 40 letters, digits, - and _."""
    whole = f"{name}-{environment}"
    if len(whole) <= _UID_LENGTH and re.fullmatch(r"[A-Za-z0-9_-]+", whole):
        return whole
    return f"{name[: _UID_LENGTH - 9]}-{sha256(whole.encode()).hexdigest()[:8]}"
