"""What grafanalib writes in forms of years ago is in today's form; nothing else is changed."""

import json
from typing import Any

from grafanalib._gen import DashboardEncoder
from grafanalib.core import Annotations, Dashboard, RowPanel, Target, Template, Templating, Threshold, TimeSeries

from observability.monitoring.generate.grafana.mend import SCHEMA_VERSION, mended

LEGACY = {
    *("__inputs", "gnetId", "hideControls", "rows", "sharedCrosshair", "style", "time_options", "nowDelay"),
    *("cacheTimeout", "error", "height", "hideTimeOverride", "maxDataPoints", "minSpan", "span", "timeShift"),
    *("intervalFactor", "metric", "step", "target", "useTags", "tagsQuery", "tagValuesQuery", "auto", "auto_min"),
    *("auto_count", "op", "yaxis", "line"),
}


def written(**given: Any) -> dict[str, Any]:
    """What grafanalib makes of a dashboard."""
    found: dict[str, Any] = json.loads(json.dumps(Dashboard(title="T", **given), cls=DashboardEncoder))
    return found


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for one in value.values() for key in keys(one)}
    if isinstance(value, list):
        return {key for one in value for key in keys(one)}
    return set()


def nulls(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in nulls(one, f"{path}.{key}")]
    if isinstance(value, list):
        return [found for one in value for found in nulls(one, path)]
    return [path] if value is None else []


SERIES = TimeSeries(
    title="S",
    targets=[Target(expr="up", refId="A")],
    thresholds=[Threshold("green", 0, 0.0), Threshold("red", 1, 80.0)],
)


def test_legacy_keys_and_nulls_are_there_before() -> None:
    before = written(panels=[SERIES], templating=Templating(list=[Template(name="a", query="q")]))
    assert keys(before) >= LEGACY
    assert nulls(before)
    assert before["schemaVersion"] == 12


def test_legacy_keys_and_nulls_are_gone() -> None:
    found = mended(written(panels=[SERIES], templating=Templating(list=[Template(name="a", query="q")])))
    assert keys({**found, "annotations": {}}) & LEGACY == set()
    assert nulls(found) == [".panels.fieldConfig.defaults.thresholds.steps.value"]
    assert found["schemaVersion"] == SCHEMA_VERSION


def test_the_first_threshold_holds_from_the_start() -> None:
    (panel,) = mended(written(panels=[SERIES]))["panels"]
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps == [{"color": "green", "value": None}, {"color": "red", "value": 80.0}]


def test_a_query_stands_once() -> None:
    (panel,) = mended(written(panels=[SERIES]))["panels"]
    (target,) = panel["targets"]
    assert target["expr"] == "up"
    assert "query" not in target


def test_a_row_is_a_heading_and_no_panel() -> None:
    (row,) = mended(written(panels=[RowPanel(title="R", id=1, collapsed=True, panels=[SERIES])]))["panels"]
    assert set(row) == {"collapsed", "id", "panels", "title", "type"}
    assert row["panels"][0]["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None


def test_grafanas_own_annotations_come_first() -> None:
    marks = Annotations(list=[{"name": "Deployed", "target": Target(expr="up", refId="Anno")}])
    own, deployed = mended(written(annotations=marks))["annotations"]["list"]
    assert own["builtIn"] == 1
    assert keys(deployed) & LEGACY == {"target"}


def test_mending_changes_nothing_that_was_given() -> None:
    before = written(panels=[SERIES])
    copy = json.loads(json.dumps(before))
    mended(before)
    assert before == copy
