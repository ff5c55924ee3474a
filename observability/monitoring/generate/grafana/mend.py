"""grafanalib 0.7.1 writes what Grafana read years ago; here its output becomes what Grafana 10 to 13 read. Pure.

Keys that Grafana does not know any more go, as do nulls; what has another form today is rewritten.
Source: the types of @grafana/schema 13.2.3.
"""

from collections.abc import Mapping
from typing import Any, Final

SCHEMA_VERSION: Final = 41
"""Of Grafana 12 and 13; Grafana 10 and 11 read it too."""

_OF_DASHBOARD: Final = frozenset({"__inputs", "gnetId", "hideControls", "rows", "sharedCrosshair", "style"})
_OF_PANEL: Final = frozenset(
    {"cacheTimeout", "editable", "error", "height", "hideTimeOverride", "maxDataPoints", "minSpan", "span", "timeShift"}
)
_OF_ROW: Final = frozenset(
    {
        "datasource",
        "description",
        "fieldConfig",
        "links",
        "repeatDirection",
        "targets",
        "transformations",
        "transparent",
    }
)
_OF_TARGET: Final = frozenset({"intervalFactor", "metric", "step", "target"})
_OF_VARIABLE: Final = frozenset({"auto", "auto_count", "auto_min", "tagValuesQuery", "tagsQuery", "useTags"})
_OF_STEP: Final = frozenset({"index", "line", "op", "yaxis"})
_OF_PICKER: Final = frozenset({"hidden", "nowDelay", "time_options"})
_WITHOUT_FIELDS: Final = frozenset({"alertlist", "text"})
_EMPTY_MEANS_NOTHING: Final = frozenset({"custom", "links", "mappings", "targets", "transformations"})


class _Null:
    """Stands for a null that Grafana wants to read."""


_NULL: Final = _Null()


def mended(document: Mapping[str, Any]) -> dict[str, Any]:
    """A dashboard of grafanalib's, as JSON values, in today's form."""
    found = _without(document, _OF_DASHBOARD)
    found["schemaVersion"] = SCHEMA_VERSION
    found["fiscalYearStartMonth"] = 0
    found["timepicker"] = _without(document["timepicker"], _OF_PICKER)
    found["templating"] = {"list": [_variable(one) for one in document["templating"]["list"]]}
    found["annotations"] = {"list": [_BUILT_IN, *(_annotation(one) for one in document["annotations"]["list"])]}
    found["panels"] = [_panel(one) for one in document["panels"]]
    stripped: dict[str, Any] = _stripped(found)
    return stripped


_BUILT_IN: Final = {
    "builtIn": 1,
    "datasource": {"type": "grafana", "uid": "-- Grafana --"},
    "enable": True,
    "hide": True,
    "iconColor": "rgba(0, 211, 255, 1)",
    "name": "Annotations & Alerts",
    "target": {"limit": 100, "matchAny": False, "tags": [], "type": "dashboard"},
    "type": "dashboard",
}
"""Grafana adds it to a dashboard that lacks it, and would then say that the dashboard was changed."""


def _panel(panel: Mapping[str, Any]) -> dict[str, Any]:
    if panel["type"] == "row":
        return _row(panel)
    found = _without(panel, _OF_PANEL)
    found["targets"] = [_target(one) for one in panel["targets"]]
    if not found.get("repeat"):
        found.pop("repeatDirection", None)
    if panel["type"] in _WITHOUT_FIELDS:
        found["fieldConfig"] = {"defaults": {}, "overrides": []}
    else:
        found["fieldConfig"] = _fields(panel["fieldConfig"])
    return _without_empty(found)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    found = _without(row, _OF_PANEL | _OF_ROW)
    found["panels"] = [_panel(one) for one in row["panels"]]
    return found


def _fields(config: Mapping[str, Any]) -> dict[str, Any]:
    defaults = dict(config["defaults"])
    thresholds = defaults["thresholds"]
    defaults["thresholds"] = {"mode": thresholds["mode"], "steps": [_step(one) for one in thresholds["steps"]]}
    return {"defaults": _without_empty(defaults), "overrides": config.get("overrides", [])}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    """The first threshold holds from minus infinity on, which is null; grafanalib writes the word."""
    found = _without(step, _OF_STEP)
    found["value"] = _NULL if step["value"] == "null" else step["value"]
    return found


def _target(target: Mapping[str, Any]) -> dict[str, Any]:
    found = _without(target, _OF_TARGET)
    if "expr" in found:
        found.pop("query", None)
    if not found.get("hide"):
        found.pop("hide", None)
    if not found.get("interval"):
        found.pop("interval", None)
    return found


def _annotation(annotation: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(annotation)
    if "target" in found:
        found["target"] = _target(found["target"])
    return found


def _variable(variable: Mapping[str, Any]) -> dict[str, Any]:
    found = _without(variable, _OF_VARIABLE)
    current = variable["current"]
    if current and current.get("value") is None:
        found.pop("current")  # Grafana takes the first one
    return found


def _without(value: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key not in keys}


def _without_empty(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in value.items() if one or key not in _EMPTY_MEANS_NOTHING}


def _stripped(value: Any) -> Any:
    """The value without nulls, at any depth, those aside that mean something."""
    if isinstance(value, dict):
        return {key: _stripped(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_stripped(one) for one in value if one is not None]
    return None if value is _NULL else value
