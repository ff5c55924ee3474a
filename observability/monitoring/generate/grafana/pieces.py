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


def _reduced(rows: bool = False) -> dict[str, Any]:
    return {"calcs": ["lastNotNull"], "fields": "", "values": rows}


def _legend(placement: str, calcs: list[str]) -> dict[str, Any]:
    shown = placement != "hidden"
    return {
        "calcs": calcs if shown else [],
        "displayMode": "list" if shown and not calcs else "table" if shown else "hidden",
        "placement": placement if shown else "bottom",
        "showLegend": shown,
    }


_TOOLTIP = {"mode": "multi", "sort": "desc"}
_HIDE_NOWHERE = {"legend": False, "tooltip": False, "viz": False}


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
            "reduceOptions": _reduced(),
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
            "reduceOptions": _reduced(),
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
            "legend": _legend("hidden", []),
            "maxVizHeight": 300,
            "minVizHeight": 16,
            "minVizWidth": 8,
            "namePlacement": "auto",
            "orientation": "horizontal",
            "reduceOptions": _reduced(),
            "showUnfilled": True,
            "sizing": "auto",
            "valueMode": "color",
        }


@attr.s(auto_attribs=True, kw_only=True)
class TimeSeries(Piece):
    """Lines, or areas on top of each other."""

    kind: str = "timeseries"
    color: str = "palette-classic-by-name"
    legend: str = "bottom"
    stacked: bool = False
    marked: bool = False
    """Whether thresholds are drawn as lines."""

    def custom(self) -> dict[str, Any]:
        """Gaps stay gaps: where nothing was scraped, nothing is known."""
        return {
            "axisLabel": "",
            "axisPlacement": "auto",
            "drawStyle": "line",
            "fillOpacity": 30 if self.stacked else 8,
            "gradientMode": "none",
            "hideFrom": _HIDE_NOWHERE,
            "lineInterpolation": "stepAfter" if self.stacked else "linear",
            "lineWidth": 1,
            "pointSize": 4,
            "scaleDistribution": {"type": "linear"},
            "showPoints": "auto",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if self.stacked else "none"},
            "thresholdsStyle": {"mode": "dashed" if self.marked else "off"},
        }

    def options(self) -> dict[str, Any]:
        """The newest value stands in a legend on the right."""
        calcs = ["lastNotNull", "max"] if self.legend == "right" else []
        return {"legend": _legend(self.legend, calcs), "tooltip": _TOOLTIP}


@attr.s(auto_attribs=True, kw_only=True)
class StateTimeline(Piece):
    """States over time, one line a series."""

    kind: str = "state-timeline"
    legend: str = "bottom"

    def custom(self) -> dict[str, Any]:
        """Full colours, no borders."""
        return {
            "axisPlacement": "auto",
            "fillOpacity": 80,
            "hideFrom": _HIDE_NOWHERE,
            "lineWidth": 0,
        }

    def options(self) -> dict[str, Any]:
        """20 lines a page."""
        return {
            "alignValue": "left",
            "legend": _legend(self.legend, []),
            "mergeValues": True,
            "perPage": 20,
            "rowHeight": 0.85,
            "showValue": "auto",
            "tooltip": {"mode": "single", "sort": "none"},
        }


@attr.s(auto_attribs=True, kw_only=True)
class StatusHistory(Piece):
    """A cell for each point in time, one line a series."""

    kind: str = "status-history"
    legend: str = "bottom"

    def custom(self) -> dict[str, Any]:
        """Full colours, thin borders."""
        return {"axisPlacement": "auto", "fillOpacity": 80, "hideFrom": _HIDE_NOWHERE, "lineWidth": 1}

    def options(self) -> dict[str, Any]:
        """20 lines a page, no numbers in the cells."""
        return {
            "colWidth": 0.9,
            "legend": _legend(self.legend, []),
            "perPage": 20,
            "rowHeight": 0.85,
            "showValue": "never",
            "tooltip": {"mode": "single", "sort": "none"},
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
        return {"align": "auto", "cellOptions": cells, "filterable": True, "inspect": False}

    def options(self) -> dict[str, Any]:
        """Small cells: the more rows are seen, the better."""
        sort = [{"displayName": self.sorted_by, "desc": self.falling}] if self.sorted_by else []
        return {"cellHeight": "sm", "frameIndex": 0, "showHeader": True, "sortBy": sort}


@attr.s(auto_attribs=True, kw_only=True)
class Heatmap(Piece):
    """The buckets of a histogram over time."""

    kind: str = "heatmap"

    def custom(self) -> dict[str, Any]:
        """Buckets as they are."""
        return {"hideFrom": _HIDE_NOWHERE, "scaleDistribution": {"type": "linear"}}

    def options(self) -> dict[str, Any]:
        """The bounds of the buckets are in the unit of the panel, their heights are numbers."""
        return {
            "calculate": False,
            "cellGap": 1,
            "cellValues": {"unit": "short"},
            "color": {
                "exponent": 0.5,
                "fill": "dark-orange",
                "mode": "scheme",
                "reverse": False,
                "scale": "exponential",
                "scheme": "Blues",
                "steps": 64,
            },
            "exemplars": {"color": "rgba(255,0,255,0.7)"},
            "filterValues": {"le": 1e-9},
            "legend": {"show": True},
            "rowsFrame": {"layout": "auto"},
            "showValue": "never",
            "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": False},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": self.unit},
        }


@attr.s(auto_attribs=True, kw_only=True)
class BarChart(Piece):
    """Bars side by side, one a row of a table."""

    kind: str = "barchart"
    color: str = "palette-classic-by-name"
    legend: str = "bottom"
    stacked: bool = False

    def custom(self) -> dict[str, Any]:
        """Plain bars."""
        return {
            "axisLabel": "",
            "axisPlacement": "auto",
            "fillOpacity": 80,
            "gradientMode": "none",
            "hideFrom": _HIDE_NOWHERE,
            "lineWidth": 1,
            "scaleDistribution": {"type": "linear"},
            "thresholdsStyle": {"mode": "off"},
        }

    def options(self) -> dict[str, Any]:
        """Standing bars."""
        return {
            "barRadius": 0,
            "barWidth": 0.9,
            "fullHighlight": False,
            "groupWidth": 0.8,
            "legend": _legend(self.legend, []),
            "orientation": "auto",
            "showValue": "auto",
            "stacking": "normal" if self.stacked else "none",
            "tooltip": _TOOLTIP,
            "xTickLabelMaxLength": 0,
            "xTickLabelRotation": 0,
            "xTickLabelSpacing": 0,
        }


@attr.s(auto_attribs=True, kw_only=True)
class PieChart(Piece):
    """Shares of a whole."""

    kind: str = "piechart"
    color: str = "palette-classic-by-name"
    legend: str = "right"

    def custom(self) -> dict[str, Any]:
        """Nothing is hidden."""
        return {"hideFrom": _HIDE_NOWHERE}

    def options(self) -> dict[str, Any]:
        """A ring, with numbers in the legend."""
        return {
            "displayLabels": [],
            "legend": {**_legend(self.legend, []), "values": ["value"]},
            "pieType": "donut",
            "reduceOptions": _reduced(),
            "sort": "desc",
            "tooltip": _TOOLTIP,
        }


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
