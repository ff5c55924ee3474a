"""Panels of grafanalib in the form that Grafana reads today, in its own attrs style.

What its classes lack, or write in forms that are years old, is written here: units, mappings and links of a field in
`fieldConfig`, today's options of tables, gauges, heatmaps and timelines.
"""

from typing import Any

import attr
from grafanalib.core import Panel


@attr.s(auto_attribs=True, kw_only=True)
class Piece(Panel):
    """What all our panels have: how values are shown (`fieldConfig`), and the options of their kind."""

    kind: str = ""
    unit: str | None = None
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    mappings: list[dict[str, Any]] = attr.Factory(list)
    data_links: list[dict[str, Any]] = attr.Factory(list)
    overrides: list[dict[str, Any]] = attr.Factory(list)
    no_value: str | None = None
    color: str = "thresholds"

    def custom(self) -> dict[str, Any]:
        """What only fields of this kind of panel have."""
        return {}

    def options(self) -> dict[str, Any]:
        """What only this kind of panel has."""
        return {}

    def to_json_data(self) -> Any:
        """The panel, with grafanalib's own keys below ours."""
        defaults = {
            "color": {"mode": self.color},
            "custom": self.custom(),
            "decimals": self.decimals,
            "links": self.data_links,
            "mappings": self.mappings,
            "max": self.maximum,
            "min": self.minimum,
            "noValue": self.no_value,
            "unit": self.unit,
        }
        return self.panel_json(  # type: ignore[no-untyped-call]
            {
                "fieldConfig": {"defaults": defaults, "overrides": self.overrides},
                "options": self.options(),
                "type": self.kind,
            }
        )


def reduced() -> dict[str, Any]:
    """How a series becomes one number: its newest."""
    return {"calcs": ["lastNotNull"], "fields": "", "values": False}


def legend_at(placement: str, calcs: list[str]) -> dict[str, Any]:
    """A legend below or on the right, with the numbers of each series; or none, with `hidden`."""
    shown = placement != "hidden"
    return {
        "calcs": calcs if shown else [],
        "displayMode": "list" if shown and not calcs else "table" if shown else "hidden",
        "placement": placement if shown else "bottom",
        "showLegend": shown,
    }


@attr.s(auto_attribs=True, kw_only=True)
class Stat(Piece):
    """Big numbers, with their course behind them where the query has one."""

    kind: str = "stat"
    graph: bool = False

    def options(self) -> dict[str, Any]:
        """The number decides about the colour."""
        return {
            "colorMode": "value",
            "graphMode": "area" if self.graph else "none",
            "justifyMode": "auto",
            "orientation": "auto",
            "percentChangeColorMode": "standard",
            "reduceOptions": reduced(),
            "showPercentChange": False,
            "textMode": "auto",
            "wideLayout": True,
        }


@attr.s(auto_attribs=True, kw_only=True)
class Gauge(Piece):
    """A number on a scale."""

    kind: str = "gauge"

    def options(self) -> dict[str, Any]:
        """With marks where thresholds are."""
        return {
            "minVizHeight": 75,
            "minVizWidth": 75,
            "orientation": "auto",
            "reduceOptions": reduced(),
            "showThresholdLabels": False,
            "showThresholdMarkers": True,
            "sizing": "auto",
        }


@attr.s(auto_attribs=True, kw_only=True)
class BarGauge(Piece):
    """One bar a series."""

    kind: str = "bargauge"

    def options(self) -> dict[str, Any]:
        """Lying bars, names on their left."""
        return {
            "displayMode": "basic",
            "legend": legend_at("hidden", []),
            "maxVizHeight": 300,
            "minVizHeight": 16,
            "minVizWidth": 8,
            "namePlacement": "auto",
            "orientation": "horizontal",
            "reduceOptions": reduced(),
            "showUnfilled": True,
            "sizing": "auto",
            "valueMode": "color",
        }


@attr.s(auto_attribs=True, kw_only=True)
class Table(Piece):
    """Rows of labels and values. `sorted_by`: the title of a column."""

    kind: str = "table"
    sorted_by: str = ""
    falling: bool = False
    painted: bool = False
    """Whether all cells have the colour of their value."""

    def custom(self) -> dict[str, Any]:
        """Columns can be filtered by their values."""
        cells = {"type": "color-background", "mode": "basic"} if self.painted else {"type": "auto"}
        # Grafana's own minimum is 150, with which what stands on the right is out of sight in tables of half the width.
        return {"align": "auto", "cellOptions": cells, "filterable": True, "inspect": False, "minWidth": 80}

    def options(self) -> dict[str, Any]:
        """Small cells: the more rows are seen, the better."""
        sort = [{"displayName": self.sorted_by, "desc": self.falling}] if self.sorted_by else []
        return {"cellHeight": "sm", "frameIndex": 0, "showHeader": True, "sortBy": sort}


@attr.s(auto_attribs=True, kw_only=True)
class Logs(Piece):
    """Lines of a log, the newest first."""

    kind: str = "logs"

    def options(self) -> dict[str, Any]:
        """A line opens with all that it carries."""
        return {
            "dedupStrategy": "none",
            "enableLogDetails": True,
            "prettifyLogMessage": False,
            "showCommonLabels": False,
            "showLabels": False,
            "showLogContextToggle": False,
            "showTime": True,
            "sortOrder": "Descending",
            "wrapLogMessage": True,
        }


@attr.s(auto_attribs=True, kw_only=True)
class AlertList(Piece):
    """Alerts that Grafana knows of: its own, and those of its Prometheus data sources."""

    kind: str = "alertlist"

    def options(self) -> dict[str, Any]:
        """What fires or is about to."""
        return {
            "alertName": "",
            "dashboardAlerts": False,
            "groupBy": [],
            "groupMode": "default",
            "maxItems": 20,
            "sortOrder": 1,
            "stateFilter": {"error": True, "firing": True, "noData": False, "normal": False, "pending": True},
            "viewMode": "list",
        }


@attr.s(auto_attribs=True, kw_only=True)
class Text(Piece):
    """Markdown."""

    kind: str = "text"
    content: str = ""

    def options(self) -> dict[str, Any]:
        """The text."""
        return {"content": self.content, "mode": "markdown"}
