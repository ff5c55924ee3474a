"""From the JSON of a panel and the answers to its queries to what Grafana would draw."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Final

from tests.previews import charts, values
from tests.previews.charts import Ground, Line, Style
from tests.previews.recording import STEP
from tests.previews.series import History, Labels, Points
from tests.previews.tables import table

Panel = Mapping[str, Any]

_LEGEND: Final = 22
"""The height of a line of a legend, in pixels."""


class Asked:
    """A dashboard and the Prometheus that it asks, with variables at All; a single service is the liveliest."""

    def __init__(self, history: History, board: Mapping[str, Any]) -> None:
        self.history = history
        seconds = history.span.end - history.span.start
        self.chosen = {
            one["name"]: "All" if one.get("includeAll") else self._liveliest()
            for one in board["templating"]["list"]
            if one["type"] == "query"
        }
        self._variables = {
            "__rate_interval": f"{4 * STEP}s",
            "__interval": f"{STEP}s",
            "__range_s": str(seconds),
            "__range": f"{seconds}s",
            **{name: ".*" if value == "All" else value for name, value in self.chosen.items()},
        }

    def _liveliest(self) -> str:
        changes = "sum by (service) (changes(gitops_application_health_status[6h]))"
        return str(self.history.now(f"topk(1, {changes})")[0]["metric"]["service"])

    def expression(self, text: str) -> str:
        """As Grafana sends it."""
        for name in sorted(self._variables, key=len, reverse=True):
            text = re.sub(rf"\${name}\b", self._variables[name], text)
        return text

    def samples(self, panel: Panel) -> dict[str, list[dict[str, Any]]]:
        """The answers of instant queries, by the letters of the queries."""
        return {one["refId"]: self.history.now(self.expression(one["expr"])) for one in panel["targets"]}

    def series(self, panel: Panel) -> list[tuple[str, Labels, Points]]:
        """The name, the labels and the points of all series of a panel."""
        return [
            (_name(target.get("legendFormat", ""), labels, panel["title"]), labels, points)
            for target in panel["targets"]
            for labels, points in self._answers(target)
        ]

    def _answers(self, target: Mapping[str, Any]) -> list[tuple[Labels, Points]]:
        text = self.expression(target["expr"])
        if not target.get("instant"):
            return self.history.course(text)
        return [(one["metric"], [(one["value"][0], float(one["value"][1]))]) for one in self.history.now(text)]


def _name(template: str, labels: Labels, title: str) -> str:
    if template in {"", "__auto"}:
        return ", ".join(labels.values()) if labels else title
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), template)


def drawn(panel: Panel, asked: Asked, width: int, height: int) -> str:
    """The inside of a panel of this size in pixels."""
    if any(one["datasource"]["type"] != "prometheus" for one in panel["targets"]):
        return _nothing(panel["fieldConfig"]["defaults"].get("noValue", "No data"))
    inside = _DRAW[panel["type"]](panel, asked, width, height)
    return inside or _nothing(panel["fieldConfig"]["defaults"].get("noValue", "No data"))


def _nothing(words: str) -> str:
    return f'<div class="nothing">{escape(words)}</div>'


def _table(panel: Panel, asked: Asked, width: int, height: int) -> str:
    return table(panel, asked.samples(panel), width, height)


def _stat(panel: Panel, asked: Asked, width: int, height: int) -> str:
    series = asked.series(panel)
    if not series:
        return ""
    wide = width // len(series)
    return (
        f'<div class="stats">{"".join(_number(panel, one, asked, wide, height, len(series)) for one in series)}</div>'
    )


def _number(
    panel: Panel, series: tuple[str, Labels, Points], asked: Asked, width: int, height: int, beside: int
) -> str:
    name, _, points = series
    look = panel["fieldConfig"]["defaults"]
    value = points[-1][1]
    state = values.mapped(look.get("mappings", ()), value)
    text = values.written(value, look.get("unit"), look.get("decimals"))
    color = values.threshold(look["thresholds"]["steps"], value)
    if state:
        text, color = state
    size = int(min(height * (0.35 if beside > 1 else 0.5), (width - 16) / (0.68 * max(len(text), 1)), 56))
    behind = ""
    if panel["options"]["graphMode"] == "area" and len(points) > 1:
        behind = charts.course(points, Ground(width, height, asked.history.span), values.color(color))
    heading = f'<span class="of">{escape(name)}</span>' if beside > 1 else ""
    return (
        f'<div class="stat" style="width:{width}px;height:{height}px">{behind}{heading}'
        f'<b style="color:{values.color(color)};font-size:{size}px">{escape(text)}</b></div>'
    )


def _time_series(panel: Panel, asked: Asked, width: int, height: int) -> str:
    lines = _lines(panel, asked)
    if not lines:
        return ""
    look = panel["fieldConfig"]["defaults"]
    custom, placement = look["custom"], panel["options"]["legend"]
    stacked = custom["stacking"]["mode"] == "normal"
    steps = look["thresholds"]["steps"][1:] if custom["thresholdsStyle"]["mode"] != "off" else []
    style = Style(
        stacked=stacked,
        stepped=custom["lineInterpolation"] == "stepAfter",
        fill=custom["fillOpacity"] / 100,
        lowest=look.get("min"),
        highest=look.get("max"),
        marks=[(step["value"], values.color(step["color"])) for step in steps],
        lined=custom["lineWidth"] > 0,
        base=2.0 if look.get("unit") == "bytes" else 10.0,
    )
    beside = placement["placement"] == "right" and placement["showLegend"]
    legend, lines_of_legend = _legend(lines, panel, width) if placement["showLegend"] else ("", 0)
    wide, high = (int(width * 0.66), height) if beside else (width, height - lines_of_legend * _LEGEND)
    chart = charts.lines(lines, Ground(wide, high, asked.history.span), _text(panel), style)
    return f'<div class="{"beside" if beside else "below"}">{chart}{legend}</div>'


def _lines(panel: Panel, asked: Asked) -> list[Line]:
    fixed = {
        one["matcher"]["options"]: prop["value"]["fixedColor"]
        for one in panel["fieldConfig"]["overrides"]
        for prop in one["properties"]
        if prop["id"] == "color"
    }
    found = sorted(asked.series(panel), key=lambda one: list(fixed).index(one[0]) if one[0] in fixed else -1)
    return [
        Line(name, values.color(fixed[name]) if name in fixed else values.PALETTE[number % 16], points)
        for number, (name, _, points) in enumerate(found)
    ]


def _legend(lines: Sequence[Line], panel: Panel, width: int) -> tuple[str, int]:
    """The legend, and how many lines it has below a chart: Grafana lets it take a third of the panel."""
    text = _text(panel)
    if panel["options"]["legend"]["displayMode"] == "table":
        rows = "".join(
            f"<tr><td>{_mark(one)}</td><td>{text(one.points[-1][1])}</td>"
            f"<td>{text(max(value for _, value in one.points))}</td></tr>"
            for one in lines
        )
        return f'<table class="legend"><tr><td></td><td>Last</td><td>Max</td></tr>{rows}</table>', 0
    room, count = 0.0, 1
    for one in lines:
        wide = len(one.name) * 7.2 + 34
        if room + wide > width:
            room, count = 0.0, count + 1
        room += wide
    count = min(count, 3)
    return f'<div class="legend" style="height:{count * _LEGEND}px">{"".join(map(_mark, lines))}</div>', count


def _mark(line: Line) -> str:
    return f'<span class="key"><i style="background:{line.color}"></i>{escape(line.name)}</span>'


def _text(panel: Panel) -> Callable[[float], str]:
    look = panel["fieldConfig"]["defaults"]
    return lambda value: values.written(value, look.get("unit"), look.get("decimals"))


def _timeline(panel: Panel, asked: Asked, width: int, height: int) -> str:
    series = [Line(name, "", points) for name, _, points in asked.series(panel)]
    look = panel["fieldConfig"]["defaults"]

    def state(value: float) -> tuple[str, str, str]:
        word, color = values.mapped(look.get("mappings", ()), value) or (
            values.written(value, look.get("unit")),
            values.threshold(look["thresholds"]["steps"], value),
        )
        return word, values.color(color), values.on(color)

    shown = series[: panel["options"]["perPage"]]
    return charts.timeline(shown, Ground(width, height, asked.history.span), state) if shown else ""


def _heatmap(panel: Panel, asked: Asked, width: int, height: int) -> str:
    unit = panel["options"]["yAxis"]["unit"]
    series = [(float(labels["le"]), points) for _, labels, points in asked.series(panel)]
    if not any(value for _, points in series for _, value in points):
        return ""
    ground = Ground(width, height, asked.history.span)
    return charts.heatmap(series, ground, lambda bound: values.written(bound, unit) if bound < 1e300 else "+Inf")


_DRAW: Final[Mapping[str, Callable[[Panel, Asked, int, int], str]]] = {
    "heatmap": _heatmap,
    "stat": _stat,
    "state-timeline": _timeline,
    "table": _table,
    "timeseries": _time_series,
}
"""By Grafana's names of the kinds that our dashboards have."""
