"""Checks of dashboards and of their panels."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, Final, NamedTuple

from observability.monitoring.checks.documents import Board, Panel
from observability.monitoring.checks.rows import Check, Found, Severity
from observability.monitoring.promql import Selector
from observability.signals.catalogue import Type

_NO_QUERIES: Final = {
    "text",
    "dashlist",
    "news",
    "alertlist",
    "annolist",
    "welcome",
    "gettingstarted",
    "traces",
    "logs",
}
_WITH_UNITS: Final = {"timeseries", "stat", "gauge", "bargauge"}
_BUILT_IN: Final = {"-- Mixed --", "-- Dashboard --", "-- Grafana --", "grafana", "mixed", "dashboard"}
_RATE: Final = re.compile(r"\b(i?rate)\s*\(\s*[\w:]+\s*(?:\{[^}]*\})?\s*\[([^\]:]*)\]")
_ENVIRONMENTS: Final = {"environment", "env", "stage", "to_environment", "from_environment"}
_COLUMNS: Final = 24


def _source(panel: Panel) -> Iterator[Found]:
    for said in dict.fromkeys(map(_named, (panel.value.get("datasource"), *(one.source for one in panel.targets)))):
        if said:
            yield Found(f"the data source is {said}")


def _named(source: object) -> str:
    """The data source when it is one that another Grafana may not have; else empty."""
    uid = source.get("uid") if isinstance(source, Mapping) else source
    if not isinstance(uid, str) or not uid or uid.startswith(("$", "[[")) or uid in _BUILT_IN:
        return ""
    return uid


def _no_title(panel: Panel) -> Iterator[Found]:
    if not panel.value.get("title") and panel.kind not in {"text"} and not panel.inherited:
        yield Found("the panel has no title")


def _no_description(panel: Panel) -> Iterator[Found]:
    if not panel.value.get("description") and panel.kind not in {"text", "row"} and not panel.inherited:
        yield Found("the panel has no description")


def _no_unit(panel: Panel) -> Iterator[Found]:
    if panel.kind not in _WITH_UNITS or panel.inherited:
        return
    defaults = _at(panel.value, "fieldConfig", "defaults")
    options = _at(panel.value, "options")
    names_only = options.get("textMode") == "name"
    if not defaults.get("unit") and not defaults.get("mappings") and not names_only and not _has_own_units(panel):
        yield Found("its numbers have no unit")


def _has_own_units(panel: Panel) -> bool:
    """Whether some of its fields have a unit of their own."""
    overrides = _at(panel.value, "fieldConfig").get("overrides")
    for one in overrides if isinstance(overrides, list) else ():
        properties = one.get("properties") if isinstance(one, Mapping) else None
        for row in properties if isinstance(properties, list) else ():
            if isinstance(row, Mapping) and row.get("id") == "unit":
                return True
    return False


def _at(value: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    for key in keys:
        found = value.get(key)
        value = found if isinstance(found, Mapping) else {}
    return value


def _no_targets(panel: Panel) -> Iterator[Found]:
    if not panel.targets and not panel.inherited and panel.kind and panel.kind not in _NO_QUERIES:
        yield Found("it asks for nothing")


def _same_refs(panel: Panel) -> Iterator[Found]:
    for ref, count in Counter(one.ref for one in panel.targets).items():
        if count > 1:
            yield Found(f"{count} of its queries are called {ref or 'nothing'}")


def _fixed_rate(panel: Panel) -> Iterator[Found]:
    for target in panel.targets:
        if target.expression is None:
            continue
        for function, window in _RATE.findall(target.expression.text):
            if "$" not in window or "__interval" in window:
                yield Found(f"{function}() over [{window}]", target.expression.line)


def _plain_counter(panel: Panel) -> Iterator[Found]:
    for target in panel.targets:
        expression = target.expression
        if expression is None or expression.reading.shape is None or panel.kind not in {"timeseries", "graph"}:
            continue
        for selector in expression.reading.shape.plain:
            metric = expression.known.get(selector.name)
            if metric is not None and metric.type is Type.COUNTER:
                yield Found(f"{metric.name} is drawn as it is", expression.line)


def _fixed_environment(panel: Panel) -> Iterator[Found]:
    for target in panel.targets:
        expression = target.expression
        for selector in expression.reading.facts.selectors if expression and expression.reading.facts else ():
            for label, value in _fixed(selector):
                yield Found(f"{selector.name} of {label} {value} only", expression.line if expression else 0)


def _fixed(selector: Selector) -> Iterator[tuple[str, str]]:
    for one in selector.matchers:
        is_one = one.operator in {"=", "=~"} and one.value not in {"", ".+", ".*"}
        if one.label in _ENVIRONMENTS and is_one and "$" not in one.value and "[[" not in one.value:
            yield one.label, one.value


def _no_uid(board: Board) -> Iterator[Found]:
    if not board.value.get("uid"):
        yield Found("the dashboard has no uid")


def _editable(board: Board) -> Iterator[Found]:
    if board.value.get("editable", True):
        yield Found("the dashboard is editable", board.lines.get("editable", 0))


def _same_ids(board: Board) -> Iterator[Found]:
    first: dict[object, Panel] = {}
    for panel in board.panels:
        number = panel.value.get("id")
        if isinstance(number, int) and first.setdefault(number, panel) is not panel:
            yield Found(f"the id {number} is that of {first[number].place.subject} too", panel.place.first)


class _Box(NamedTuple):
    """Where a panel is, in columns and rows of the grid."""

    x: float
    y: float
    w: float
    h: float

    def meets(self, other: "_Box") -> bool:
        """Whether they share a cell."""
        across = self.x < other.x + other.w and other.x < self.x + self.w
        return across and self.y < other.y + other.h and other.y < self.y + self.h


def _overlap(board: Board) -> Iterator[Found]:
    placed = [(panel, box) for panel in board.panels if (box := _box(panel)) is not None]
    for panel, box in placed:
        if box.x + box.w > _COLUMNS:
            yield Found(f"{panel.place.subject} ends beyond the {_COLUMNS} columns", panel.place.first)
    for (one, box), (two, other) in combinations(placed, 2):
        if one.container == two.container and box.meets(other):
            yield Found(f"{two.place.subject} covers {one.place.subject}", two.place.first)


def _box(panel: Panel) -> _Box | None:
    position = _at(panel.value, "gridPos")
    numbers = [position.get(key) for key in ("x", "y", "w", "h")]
    if not all(isinstance(one, (int, float)) for one in numbers):
        return None
    return _Box(*(float(one or 0) for one in numbers))


CHECKS: Final = (
    Check(
        name="datasource-fixed",
        severity=Severity.WARNING,
        says="The panel has a data source of one Grafana.",
        why="In another Grafana, that of staging or of a colleague, it shows an error or somebody else's data.",
        mend="Add a variable of the type datasource, and use ${datasource} in panels and queries.",
        of=Panel,
        find=_source,
        source="dashboard-linter panel-datasource-rule, template-datasource-rule",
    ),
    Check(
        name="panel-title-missing",
        severity=Severity.NOTE,
        says="The panel has no title.",
        why="Nobody can say in a call which panel they look at.",
        mend="Name what it shows.",
        of=Panel,
        find=_no_title,
        source="dashboard-linter panel-title-description-rule",
    ),
    Check(
        name="panel-description-missing",
        severity=Severity.NOTE,
        says="The panel has no description.",
        why="Whoever did not build it cannot tell whether what it shows is good.",
        mend="Say what is shown, and what is normal.",
        of=Panel,
        find=_no_description,
        source="dashboard-linter panel-title-description-rule",
    ),
    Check(
        name="panel-unit-missing",
        severity=Severity.NOTE,
        says="Numbers without a unit.",
        why="Seconds are read as minutes, ratios as counts.",
        mend="Set fieldConfig.defaults.unit; short for counts.",
        of=Panel,
        find=_no_unit,
        source="dashboard-linter panel-units-rule",
    ),
    Check(
        name="panel-without-query",
        severity=Severity.WARNING,
        says="The panel asks for nothing.",
        why="It is empty for ever.",
        mend="Give it a query, or remove it.",
        of=Panel,
        find=_no_targets,
        source="dashboard-linter panel-no-targets-rule",
    ),
    Check(
        name="refid-duplicate",
        severity=Severity.ERROR,
        says="Two queries of a panel have the same refId.",
        why="Grafana answers one of them in the place of the other.",
        mend="Give each its own: A, B, C.",
        of=Panel,
        find=_same_refs,
    ),
    Check(
        name="rate-interval-missing",
        severity=Severity.WARNING,
        says="A rate over another window than $__rate_interval.",
        why=(
            "$__interval is shorter than two scrapes when one zooms in, and the panel is empty; a fixed window "
            "misses what lies between the points when one zooms out."
        ),
        mend="Write [$__rate_interval].",
        of=Panel,
        find=_fixed_rate,
        source="dashboard-linter target-rate-interval-rule",
    ),
    Check(
        name="counter-without-rate",
        severity=Severity.WARNING,
        says="A counter is drawn as it is.",
        why="It only rises, and falls to 0 with each restart: nothing can be read from it.",
        mend="Take rate() or increase() of it.",
        of=Panel,
        find=_plain_counter,
        source="dashboard-linter target-counter-agg-rule",
    ),
    Check(
        name="environment-fixed",
        severity=Severity.WARNING,
        says="The panel shows one environment, whichever is chosen.",
        why="Staging is looked at, and prod is shown, or the other way round.",
        mend='Use a variable: environment=~"$environment".',
        of=Panel,
        find=_fixed_environment,
    ),
    Check(
        name="dashboard-uid-missing",
        severity=Severity.WARNING,
        says="The dashboard has no uid.",
        why="Grafana makes one up for each import: links of alerts and of other dashboards break.",
        mend="Give it a uid that stays, the same in all environments.",
        of=Board,
        find=_no_uid,
    ),
    Check(
        name="dashboard-editable",
        severity=Severity.NOTE,
        says="The dashboard can be changed in Grafana.",
        why="What is changed there is lost with the next deployment, or never comes to the other environments.",
        mend='Write "editable": false.',
        of=Board,
        find=_editable,
        source="dashboard-linter uneditable-dashboard-rule",
    ),
    Check(
        name="panel-id-duplicate",
        severity=Severity.ERROR,
        says="Two panels have the same id.",
        why="Links to one open the other, and Grafana renumbers them as it likes.",
        mend="Give each its own number.",
        of=Board,
        find=_same_ids,
    ),
    Check(
        name="panels-overlap",
        severity=Severity.WARNING,
        says="Panels cover each other, or end beyond the grid.",
        why="Grafana moves them, differently on each screen.",
        mend="Lay them out in 24 columns.",
        of=Board,
        find=_overlap,
    ),
)
