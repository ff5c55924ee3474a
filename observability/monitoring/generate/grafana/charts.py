"""Charts: what grafanalib draws over time and side by side, in the form that Grafana reads today."""

from typing import Any

import attr

from observability.monitoring.generate.grafana.pieces import Piece, legend_at, reduced

_TOOLTIP = {"mode": "multi", "sort": "desc"}
_HIDE_NOWHERE = {"legend": False, "tooltip": False, "viz": False}


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
        """Gaps stay gaps: where nothing was scraped, nothing is known.

        What is stacked has no outlines: a series of zeros would draw its colour along the one below it.
        """
        return {
            "axisLabel": "",
            "axisPlacement": "auto",
            "drawStyle": "line",
            "fillOpacity": 70 if self.stacked else 8,
            "gradientMode": "none",
            "hideFrom": _HIDE_NOWHERE,
            "lineInterpolation": "stepAfter" if self.stacked else "linear",
            "lineWidth": 0 if self.stacked else 1,
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
        return {"legend": legend_at(self.legend, calcs), "tooltip": _TOOLTIP}


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
            "legend": legend_at(self.legend, []),
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
            "legend": legend_at(self.legend, []),
            "perPage": 20,
            "rowHeight": 0.85,
            "showValue": "never",
            "tooltip": {"mode": "single", "sort": "none"},
        }


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
            "legend": legend_at(self.legend, []),
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
            "legend": {**legend_at(self.legend, []), "values": ["value"]},
            "pieType": "donut",
            "reduceOptions": reduced(),
            "sort": "desc",
            "tooltip": _TOOLTIP,
        }
