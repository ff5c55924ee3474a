"""From the row of a panel to the panel of its kind."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from grafanalib.core import GridPos

from observability.errors import SpecError
from observability.monitoring.generate.grafana import charts, fields, pieces
from observability.monitoring.generate.grafana.layout import Placed
from observability.monitoring.generate.grafana.places import Places
from observability.monitoring.generate.grafana.scope import Scope
from observability.monitoring.generate.grafana.targets import data_source, targets
from observability.monitoring.spec.dashboards import Kind, Panel, PromQuery, Variable


class Ground(NamedTuple):
    """What a panel is drawn on: the environment whose values hold, addresses, and what its dashboard selects."""

    environment: str
    places: Places
    scope: Scope
    environments: tuple[str, ...] = ()
    """All of them, in the order in which things are promoted."""

    @property
    def variables(self) -> Sequence[Variable]:
        """The variables of the dashboard."""
        return self.scope.variables


def drawn(placed: Placed, ground: Ground) -> pieces.Piece:
    """The panel. Raises SpecError for a row that no panel can be made of."""
    panel = placed.panel
    where = f"panel {panel.title!r}"
    links = ground.places.links(panel.links, ground.variables)
    _check(
        panel,
        where,
        linked=bool(links) or any(ground.places.links(one.links, ground.variables) for one in panel.columns),
    )
    shared = {
        "id": placed.id,
        "title": panel.title,
        "description": panel.description,
        "gridPos": GridPos(h=placed.place.h, w=placed.place.w, x=placed.place.x, y=placed.place.y),
        "dataSource": data_source(panel.queries[0].source) if panel.queries else None,
        "targets": targets(panel.queries, where, ground.environment, ground.scope),
        "thresholds": fields.steps(panel, ground.environment),
        "unit": panel.unit.value if panel.unit else None,
        "decimals": fields.decimals(panel.unit) if panel.decimals is None else panel.decimals,
        "minimum": panel.minimum,
        "maximum": panel.maximum,
        "mappings": fields.mappings(panel.colors) if _is_state(panel) else [],
        "data_links": links,
        "no_value": panel.empty or None,
    }
    return _DRAW[panel.kind](panel, ground, shared)


def _is_state(panel: Panel) -> bool:
    """Whether its values are numbers of states. Others are counts and times, which are no states though they be 5."""
    return panel.matrix is not None or panel.kind in _OF_STATES


_OF_STATES: Final = frozenset({Kind.STAT, Kind.GAUGE, Kind.BAR_GAUGE, Kind.STATE_TIMELINE, Kind.STATUS_HISTORY})


def _check(panel: Panel, where: str, linked: bool) -> None:
    if panel.kind in {Kind.TABLE, Kind.STAT} and not linked:
        raise SpecError(where, "expected a link")
    if panel.kind is not Kind.TABLE and (panel.columns or panel.matrix or panel.sort):
        raise SpecError(where, "expected columns only of a table")
    if panel.kind is Kind.TABLE:
        _check_table(panel, where)


def _check_table(panel: Panel, where: str) -> None:
    if not all(isinstance(query, PromQuery) and query.as_table and query.instant for query in panel.queries):
        raise SpecError(where, "expected queries of a table to be instant and as_table")
    if bool(panel.columns) is bool(panel.matrix):
        raise SpecError(where, "expected either columns or a matrix")
    names = [column.field for column in panel.columns]
    titles = [column.title for column in panel.columns]
    if len(set(names)) < len(names) or len(set(titles)) < len(titles):
        raise SpecError(where, "expected each column once")
    if panel.sort and panel.sort.lstrip("-") not in names:
        raise SpecError(where, f"expected to be sorted by one of {', '.join(names)}, got {panel.sort.lstrip('-')}")
    wanted = (
        {"Value"} if len(panel.queries) == 1 else {f"Value #{letter}" for letter in "ABCDEFGHIJ"[: len(panel.queries)]}
    )
    unknown = [name for name in names if name.startswith("Value") and name not in wanted]
    if unknown:
        raise SpecError(where, f"expected values among {', '.join(sorted(wanted))}, got {', '.join(unknown)}")


def _time_series(panel: Panel, _: Ground, shared: Mapping[str, Any]) -> pieces.Piece:
    look = _look(panel)
    return charts.TimeSeries(**shared, **look, stacked=panel.stacked, marked=len(panel.thresholds) > 1)


def _look(panel: Panel) -> dict[str, Any]:
    return {"legend": panel.legend.value, "overrides": _series_colors(panel.colors)}


def _series_colors(name: str) -> list[dict[str, Any]]:
    """A series that is called by a word has the colour of that state."""
    options = fields.mappings(name)[0]["options"].values() if name else ()
    found = {state["text"]: state["color"] for state in options}
    return [
        {
            "matcher": {"id": "byName", "options": word},
            "properties": [{"id": "color", "value": {"fixedColor": color, "mode": "fixed"}}],
        }
        for word, color in found.items()
    ]


def _chart(make: Callable[..., pieces.Piece]) -> Callable[[Panel, Ground, Mapping[str, Any]], pieces.Piece]:
    return lambda panel, _, shared: make(**shared, **_look(panel))


def _plain(make: Callable[..., pieces.Piece]) -> Callable[[Panel, Ground, Mapping[str, Any]], pieces.Piece]:
    return lambda panel, _, shared: make(**shared)


def _timeline(make: Callable[..., pieces.Piece]) -> Callable[[Panel, Ground, Mapping[str, Any]], pieces.Piece]:
    return lambda panel, _, shared: make(**shared, legend=panel.legend.value)


def _stat(panel: Panel, _: Ground, shared: Mapping[str, Any]) -> pieces.Piece:
    ranged = any(isinstance(query, PromQuery) and not query.instant for query in panel.queries)
    return pieces.Stat(**{**shared, "no_value": "no data"}, graph=ranged)


def _bar_chart(panel: Panel, _: Ground, shared: Mapping[str, Any]) -> pieces.Piece:
    return charts.BarChart(**shared, **_look(panel), stacked=panel.stacked)


def _table(panel: Panel, ground: Ground, shared: Mapping[str, Any]) -> pieces.Piece:
    titles = {column.field: column.title for column in panel.columns}
    return pieces.Table(
        **shared,
        overrides=[fields.heading(*panel.matrix)]
        if panel.matrix
        else fields.overrides(panel, ground.places, ground.variables),
        transformations=_matrix(panel.matrix, ground.environments) if panel.matrix else _rows(panel),
        sorted_by=titles.get(panel.sort.lstrip("-"), ""),
        falling=panel.sort.startswith("-"),
        painted=panel.matrix is not None,
    )


def _rows(panel: Panel) -> list[dict[str, Any]]:
    """Queries are joined by the labels that they share; what is no column is left out."""
    names = [column.field for column in panel.columns]
    joined = [{"id": "merge", "options": {}}] if len(panel.queries) > 1 else []
    return [
        *joined,
        {"id": "filterFieldsByName", "options": {"include": {"names": names}}},
        {
            "id": "organize",
            "options": {
                "excludeByName": {},
                "indexByName": {name: index for index, name in enumerate(names)},
                "renameByName": {},
            },
        },
    ]


def _matrix(labels: tuple[str, str], environments: Sequence[str]) -> list[dict[str, Any]]:
    """Columns would stand as they come; those of environments stand in the order of promotion, others behind them."""
    rows, columns = labels
    order = {name: index for index, name in enumerate((f"{rows}\\{columns}", *environments))}
    return [
        {
            "id": "groupingToMatrix",
            "options": {"columnField": columns, "emptyValue": "null", "rowField": rows, "valueField": "Value"},
        },
        {"id": "organize", "options": {"excludeByName": {}, "indexByName": order, "renameByName": {}}},
    ]


def _text(panel: Panel, _: Ground, shared: Mapping[str, Any]) -> pieces.Piece:
    return pieces.Text(**shared, content=panel.text)


_DRAW: Final[Mapping[Kind, Callable[[Panel, Ground, Mapping[str, Any]], pieces.Piece]]] = MappingProxyType(
    {
        Kind.STAT: _stat,
        Kind.GAUGE: _plain(pieces.Gauge),
        Kind.BAR_GAUGE: _plain(pieces.BarGauge),
        Kind.TIME_SERIES: _time_series,
        Kind.STATE_TIMELINE: _timeline(charts.StateTimeline),
        Kind.STATUS_HISTORY: _timeline(charts.StatusHistory),
        Kind.TABLE: _table,
        Kind.HEATMAP: _plain(charts.Heatmap),
        Kind.BAR_CHART: _bar_chart,
        Kind.PIE_CHART: _chart(charts.PieChart),
        Kind.LOGS: _plain(pieces.Logs),
        Kind.TRACES: _plain(pieces.Table),
        Kind.ALERT_LIST: _plain(pieces.AlertList),
        Kind.TEXT: _text,
    }
)
