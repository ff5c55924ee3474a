"""The reference of the dashboards, as Markdown, from their rows: what each shows, panel by panel. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Final

from observability.monitoring.generate.grafana.variables import sources
from observability.monitoring.spec.dashboards import Dashboard, DataSource, Kind, Panel, PromQuery
from observability.monitoring.spec.environments import PerEnvironment
from observability.monitoring.spec.queries import ALERTS

_INTRODUCTION: Final = """\
# Dashboards

What each dashboard shows, panel by panel. This page is generated from the rows in this folder: `make generate`.

- Variables narrow every panel whose metrics have their label; links between dashboards keep time and variables.
- Rows of tables open the Application in Argo CD, and alerts their runbook, where the settings say where these are.
- Where a panel may have no data on a healthy fleet, it says why.
- Health, sync, causes, phases and results have the same colours everywhere.
- The pictures show six hours of a demo, from the queries of the panels, drawn without a Grafana: `make previews`.
"""

_KINDS: Final = {
    Kind.STAT: "number",
    Kind.GAUGE: "gauge",
    Kind.BAR_GAUGE: "bars",
    Kind.TIME_SERIES: "time series",
    Kind.STATE_TIMELINE: "state timeline",
    Kind.STATUS_HISTORY: "status history",
    Kind.TABLE: "table",
    Kind.HEATMAP: "heatmap",
    Kind.BAR_CHART: "bar chart",
    Kind.PIE_CHART: "shares",
    Kind.LOGS: "logs",
    Kind.TRACES: "traces",
    Kind.ALERT_LIST: "alerts",
    Kind.TEXT: "text",
}
_NAME: Final = re.compile(rf"\b(?:gitops_[a-z0-9_]+|{ALERTS})(?=\{{)")
_PART: Final = re.compile(r"_seconds_(?:bucket|sum|count)$")


def render(rows: Iterable[Dashboard], pictures: Collection[str] = ()) -> str:
    """The whole page, dashboards in the order in which they are given.

    `pictures`: the uids of those of which there is one, `previews/<uid>.png` beside the page.
    """
    return "\n".join([_INTRODUCTION, *(line for row in rows for line in _dashboard(row, row.uid in pictures))])


def metrics(panel: Panel) -> tuple[str, ...]:
    """The names of the metrics that a panel is made of, in alphabetical order; nothing for logs and traces.

    What differs by environment names them too.
    """
    found: set[str] = set()
    for query in panel.queries:
        if isinstance(query, PromQuery):
            found.update(_PART.sub("_seconds", name) for text in _texts(query) for name in _NAME.findall(text))
    return tuple(sorted(found))


def _texts(query: PromQuery) -> tuple[str, ...]:
    return query.expr.values() if isinstance(query.expr, PerEnvironment) else (query.expr,)


def _dashboard(row: Dashboard, pictured: bool) -> Iterator[str]:
    yield f"## {row.title}\n"
    yield f"{row.description}\n"
    names = ", ".join(f"`{variable.name}`" for variable in row.variables) or "none"
    asked = ", ".join(_SOURCES[source] for source in sources(row))
    yield f"- uid: `{row.uid}`\n- variables: {names}\n- data sources: {asked}\n- shows: {row.since} until now\n"
    if pictured:
        yield f"![{row.title}, of a demo](previews/{row.uid}.png)\n"
    yield "| panel | kind | shows | no data means | made of |"
    yield "|---|---|---|---|---|"
    for section in row.sections:
        if section.title:
            yield f"| **{section.title}** | | | | |"
        for panel in section.panels:
            yield _panel(panel)
    yield ""


_SOURCES: Final = {
    DataSource.PROMETHEUS: "Prometheus",
    DataSource.LOKI: "Loki (optional)",
    DataSource.TEMPO: "Tempo (optional)",
}


def _panel(panel: Panel) -> str:
    made = ", ".join(f"`{name}`" for name in metrics(panel))
    cells = (panel.title, _KINDS[panel.kind], panel.description, panel.empty, made)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
