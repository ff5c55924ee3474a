"""Queries as Grafana stores them, by data source. grafanalib's `Target` has what was Prometheus' years ago."""

from collections.abc import Iterator, Sequence
from itertools import count
from string import ascii_uppercase
from typing import Any

import attr
from grafanalib.core import Target

from observability.errors import SpecError
from observability.monitoring.generate.grafana.scope import Scope, selected
from observability.monitoring.spec.dashboards import DataSource, LogQuery, PromQuery, Query, TraceQuery
from observability.monitoring.spec.environments import value_in

VARIABLES = {DataSource.PROMETHEUS: "datasource", DataSource.LOKI: "loki", DataSource.TEMPO: "tempo"}
"""By data source the variable of a dashboard that says which one it is."""


def data_source(source: DataSource) -> dict[str, str]:
    """The reference to the data source that the variable names."""
    return {"type": source.value, "uid": f"${{{VARIABLES[source]}}}"}


@attr.s(auto_attribs=True, kw_only=True)
class PrometheusTarget(Target):
    """PromQL: at one instant or over the range of the dashboard, never both."""

    def to_json_data(self) -> dict[str, Any]:
        """As the editor for code writes it."""
        return {
            **super().to_json_data(),  # type: ignore[no-untyped-call]
            "editorMode": "code",
            "range": not self.instant,
        }


@attr.s(auto_attribs=True, kw_only=True)
class LokiTarget(Target):
    """LogQL over the range of the dashboard."""

    max_lines: int = 500

    def to_json_data(self) -> dict[str, Any]:
        """As the editor for code writes it."""
        return {
            "datasource": self.datasource,
            "editorMode": "code",
            "expr": self.expr,
            "legendFormat": self.legendFormat,
            "maxLines": self.max_lines,
            "queryType": "range",
            "refId": self.refId,
        }


@attr.s(auto_attribs=True, kw_only=True)
class TempoTarget(Target):
    """TraceQL: the newest traces, one a row."""

    limit: int = 20

    def to_json_data(self) -> dict[str, Any]:
        """As the editor for TraceQL writes it."""
        return {
            "datasource": self.datasource,
            "filters": [],
            "limit": self.limit,
            "query": self.expr,
            "queryType": "traceql",
            "refId": self.refId,
            "tableType": "traces",
        }


def targets(queries: Sequence[Query], where: str, environment: str, scope: Scope) -> list[Target]:
    """The targets of a panel, lettered in their order. Raises SpecError when they ask several data sources."""
    if len({query.source for query in queries}) > 1:
        raise SpecError(where, "expected queries of one data source")
    return [
        target(query, letters, where, environment, scope) for query, letters in zip(queries, _letters(), strict=False)
    ]


def target(query: Query, letters: str, where: str, environment: str, scope: Scope) -> Target:
    """One query. `letters`: what others call it by."""
    source = data_source(query.source)
    match query:
        case PromQuery():
            return PrometheusTarget(
                expr=selected(value_in(environment, query.expr, where), scope),
                legendFormat=query.legend or "__auto",
                instant=query.instant,
                format="table" if query.as_table else "time_series",
                hide=query.hidden,
                refId=letters,
                datasource=source,
            )
        case LogQuery():
            return LokiTarget(expr=query.expr, legendFormat=query.legend, refId=letters, datasource=source)
        case TraceQuery():
            return TempoTarget(expr=query.expr, limit=query.limit, refId=letters, datasource=source)


def _letters() -> Iterator[str]:
    """A, B … Z, then A1, B1 and so on."""
    yield from ascii_uppercase
    for number in count(1):
        yield from (f"{letter}{number}" for letter in ascii_uppercase)
