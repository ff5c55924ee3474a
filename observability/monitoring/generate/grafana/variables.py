"""Variables of a dashboard: which data sources it asks, and which values of labels it selects."""

from collections.abc import Iterator, Sequence
from typing import Any

import attr
from grafanalib.core import Template

from observability.errors import SpecError
from observability.monitoring.generate.grafana.scope import Scope, selected, variable_labels
from observability.monitoring.generate.grafana.targets import VARIABLES, data_source
from observability.monitoring.spec.dashboards import Dashboard, DataSource, Variable
from observability.monitoring.spec.queries import MARK
from observability.signals.catalogue import Type

_TITLES = {DataSource.PROMETHEUS: "Metrics", DataSource.LOKI: "Events", DataSource.TEMPO: "Traces"}
_ON_TIME_RANGE = 2
_NATURAL = 7


@attr.s(auto_attribs=True, kw_only=True)
class QueryVariable(Template):
    """Values of a label, asked anew when the time range changes."""

    def to_json_data(self) -> dict[str, Any]:
        """The query as an object, as its editor writes it."""
        return {
            **super().to_json_data(),  # type: ignore[no-untyped-call]
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]} if self.includeAll else None,
            "query": {"qryType": 1, "query": self.query, "refId": f"Variable-{self.name}"},
        }


def variables(row: Dashboard) -> list[Template]:
    """All variables: first the data sources, then each after those that narrow it."""
    return [*_data_sources(row), *_of_labels(row.variables, row.uid)]


def sources(row: Dashboard) -> tuple[DataSource, ...]:
    """The data sources that a dashboard asks."""
    asked = {query.source for section in row.sections for panel in section.panels for query in panel.queries}
    asked |= {annotations.query.source for annotations in row.annotations}
    asked |= {DataSource.PROMETHEUS} if row.variables else set()
    return tuple(source for source in DataSource if source in asked)


def _data_sources(row: Dashboard) -> Iterator[Template]:
    for source in sources(row):
        yield Template(
            name=VARIABLES[source], label=_TITLES[source], type="datasource", query=source.value, refresh=1, regex=""
        )


def _of_labels(rows: Sequence[Variable], uid: str) -> Iterator[Template]:
    for index, variable in enumerate(rows):
        where = f"{uid}: variable {variable.name}"
        label = variable.label or variable.name
        if label not in variable_labels(variable.metric):
            raise SpecError(where, f"expected a label of {variable.metric.name}, got {label}")
        if variable.metric.type is Type.HISTOGRAM:
            raise SpecError(where, "expected a metric that is no histogram")
        if variable.name in {*VARIABLES.values(), *(other.name for other in rows[:index])}:
            raise SpecError(where, "expected a name that no other variable has")
        series = selected(f"{variable.metric.name}{{{MARK}}}", Scope(rows[:index]))
        yield QueryVariable(
            name=variable.name,
            label=variable.title,
            query=f"label_values({series}, {label})",
            dataSource=data_source(DataSource.PROMETHEUS),
            includeAll=not variable.single,
            multi=not variable.single,
            allValue=None if variable.single else ".*",
            refresh=_ON_TIME_RANGE,
            sort=_NATURAL,
            regex="",
        )
