"""Rows of dashboards: a dashboard is sections of panels, a panel is queries and how they are drawn.

Panels have a width and a height in Grafana's grid of 24 columns; where they stand follows from their order. Ids of
panels and letters of queries follow from it too.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from observability.errors import SpecError
from observability.monitoring.spec.environments import Differing
from observability.signals.metrics import Row

COLUMNS: Final = 24
_UID: Final = re.compile(r"gitops-[a-z0-9]+(-[a-z0-9]+)*")


class Kind(StrEnum):
    """What a panel is, by Grafana's name of its plugin."""

    STAT = "stat"
    GAUGE = "gauge"
    BAR_GAUGE = "bargauge"
    TIME_SERIES = "timeseries"
    STATE_TIMELINE = "state-timeline"
    STATUS_HISTORY = "status-history"
    TABLE = "table"
    HEATMAP = "heatmap"
    BAR_CHART = "barchart"
    PIE_CHART = "piechart"
    LOGS = "logs"
    TRACES = "table-of-traces"
    ALERT_LIST = "alertlist"
    TEXT = "text"


class Unit(StrEnum):
    """What numbers mean, by Grafana's ids of units."""

    NONE = "none"
    SHORT = "short"
    SECONDS = "s"
    DURATION = "dtdurations"
    INSTANT = "dateTimeFromNow"
    RATIO = "percentunit"
    BYTES = "bytes"
    PER_SECOND = "cps"
    PER_MINUTE = "cpm"
    TEXT = "string"


class DataSource(StrEnum):
    """Which data source a query asks; a dashboard has a variable for each that it uses."""

    PROMETHEUS = "prometheus"
    LOKI = "loki"
    TEMPO = "tempo"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromQuery:
    """PromQL with selectors of `spec.queries`.

    `instant`: as of now, for tables and stats. `as_table`: one row a series. `legend` is a template of Grafana:
    `{{service}}`. `hidden`: others compute with it.
    """

    expr: Differing[str]
    legend: str = ""
    instant: bool = False
    as_table: bool = False
    hidden: bool = False
    source: DataSource = DataSource.PROMETHEUS


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """LogQL for Loki."""

    expr: str
    legend: str = ""
    source: DataSource = DataSource.LOKI


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceQuery:
    """TraceQL for Tempo; `limit` traces at most."""

    expr: str
    limit: int = 20
    source: DataSource = DataSource.TEMPO


Query: TypeAlias = PromQuery | LogQuery | TraceQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From this value on a colour holds; None: from the start."""

    value: Differing[float] | None
    color: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A data link to `url`, which may hold Grafana's variables, or to a dashboard of ours: time and variables are kept.

    `dashboard` is its uid. A url of `argocd:` or `runbook:` and a path goes to where the settings say that they are;
    without that setting the link is left out.
    """

    title: str
    url: str = ""
    dashboard: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    """Variables of that dashboard that are set from a field: `("application", "${__data.fields.application}")`."""


IN_ARGO_CD: Final = Link(
    title="Open in Argo CD",
    url="argocd:/applications/${__data.fields.application_namespace}/${__data.fields.application}",
)
"""From a row of a table with the columns `application` and `application_namespace`."""

RUNBOOK: Final = Link(title="Open the runbook", url="runbook:/${__data.fields.alertname}.md")
"""From a row of a table with the column `alertname`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, from a label or a value. Columns without a row of this kind are left out.

    `field` is the label; `Value`, or of several queries `Value #A`, `Value #B` and so on in their order.
    """

    field: str
    title: str
    unit: Unit = Unit.TEXT
    width: int = 0
    colored: bool = False
    """Its cells have the colour of their value: of health, sync, or by the thresholds of the panel."""
    colors: str = ""
    """The named mapping of its values to colours where it is not that of the panel."""
    links: tuple[Link, ...] = ()
    hidden: bool = False
    """It takes no room: it is there for the links of other columns."""


class Legend(StrEnum):
    """Where the legend of a chart stands."""

    HIDDEN = "hidden"
    BOTTOM = "bottom"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. `description` says what to read off it and when to worry.

    `colors`: a named mapping of values to colours, one of `spec.states`, the same everywhere. `text`: Markdown
    of a text panel. `empty`: why its queries may return nothing on a healthy fleet; empty when they always do.
    `matrix`: of a table, the label whose values are its rows and the one whose values are its columns.
    `sort`: the field by which a table is sorted, with a minus in front from the highest down.

    Raises SpecError when a panel has no unit, title, description or query, or does not fit into the grid.
    """

    title: str
    kind: Kind
    description: str
    queries: tuple[Query, ...] = ()
    width: int = 12
    height: int = 8
    unit: Unit | None = None
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    thresholds: tuple[Threshold, ...] = ()
    colors: str = ""
    columns: tuple[Column, ...] = ()
    matrix: tuple[str, str] | None = None
    sort: str = ""
    links: tuple[Link, ...] = ()
    legend: Legend = Legend.BOTTOM
    stacked: bool = False
    text: str = ""
    empty: str = ""

    def __post_init__(self) -> None:
        for field in ("title", "description"):
            if not getattr(self, field).strip():
                raise SpecError(f"panel {self.title!r}", f"expected a {field}")
        if self.kind not in {Kind.TEXT, Kind.ALERT_LIST} and not self.queries:
            raise SpecError(f"panel {self.title!r}", "expected a query")
        if self.unit is None and self.kind not in {Kind.TEXT, Kind.ALERT_LIST, Kind.LOGS, Kind.TRACES, Kind.TABLE}:
            raise SpecError(f"panel {self.title!r}", "expected a unit")
        if not 1 <= self.width <= COLUMNS or self.height < 1:
            raise SpecError(f"panel {self.title!r}", f"expected a width of 1 to {COLUMNS} and a height of 1 at least")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Panels under a heading; from left to right, a new line where one does not fit. An empty title: no heading."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False
    repeat: str = ""
    """The variable for each value of which it is repeated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable that takes its values from a label of a metric. `label` is also what it is called in queries.

    Each selector of a panel is narrowed by the variables of its dashboard whose label its metric has.
    `single`: one value, and no All.
    """

    name: str
    title: str
    metric: Row
    label: str = ""
    single: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """Marks on the time axis where a query has a sample, or a line of a log.

    `text`: what a mark says, a template of Grafana. `shown`: from the start, else when somebody switches them on.
    """

    title: str
    query: PromQuery | LogQuery
    color: str
    text: str = ""
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard. `uid` is the same everywhere and for ever. Raises SpecError for one that is not gitops-words."""

    uid: str
    title: str
    description: str
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = ()
    annotations: tuple[Annotations, ...] = ()
    refresh: str = "1m"
    since: str = "now-6h"

    def __post_init__(self) -> None:
        if not _UID.fullmatch(self.uid) or len(self.uid) > 40:
            raise SpecError(self.uid, "expected a uid of gitops- and words in lower case, 40 characters at most")
        if not self.description.strip():
            raise SpecError(self.uid, "expected a description")
