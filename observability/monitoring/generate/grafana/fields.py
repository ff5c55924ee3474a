"""How values look: mappings of states, thresholds, links, and what single columns have of their own. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from grafanalib.core import Threshold as Step

from observability.errors import SpecError
from observability.monitoring.generate.grafana.places import Places
from observability.monitoring.spec.dashboards import Column, Kind, Panel, Threshold, Unit, Variable
from observability.monitoring.spec.environments import value_in
from observability.monitoring.spec.states import states

_NEUTRAL: Final = (Threshold(value=None, color="text"),)
_UNPAINTED: Final = (Threshold(value=None, color="transparent"),)
"""Of tables: an empty cell of a column with colours stays empty."""


def mappings(name: str) -> list[dict[str, Any]]:
    """Words and numbers of these states to their word and colour; none without a name."""
    if not name:
        return []
    options: dict[str, Any] = {}
    for index, state in enumerate(states(name)):
        shown = {"text": state.word, "color": state.color, "index": index}
        options[state.word] = shown
        options[str(state.number)] = shown
    return [{"type": "value", "options": options}]


def steps(panel: Panel, environment: str) -> list[Step]:
    """The thresholds of a panel in an environment; where it has none, one that shows no colour.

    Raises SpecError when they do not rise, or do not begin with the start.
    """
    found: list[Step] = []
    none = _UNPAINTED if panel.kind is Kind.TABLE else _NEUTRAL
    before = float("-inf")
    for index, one in enumerate(panel.thresholds or none):
        value = None if one.value is None else float(value_in(environment, one.value, f"{panel.title}.thresholds"))
        if (value is None) is not (index == 0) or (value is not None and value <= before):
            raise SpecError(
                f"panel {panel.title!r}", "expected thresholds that rise, the first of them without a value"
            )
        before = before if value is None else value
        found.append(Step(one.color, index, 0.0 if value is None else value))
    return found


def overrides(panel: Panel, places: Places, variables: Sequence[Variable]) -> list[dict[str, Any]]:
    """What each column of a table has of its own: its title, unit, width, colours and links.

    The states of the panel are those of the coloured labels in it, never of its values.
    """
    found = []
    for column in panel.columns:
        colors = column.colors or (panel.colors if column.colored and not column.field.startswith("Value") else "")
        properties = _properties(replace(column, colors=colors), places, variables)
        found.append({"matcher": {"id": "byName", "options": column.field}, "properties": properties})
    return found


def heading(rows: str, columns: str) -> dict[str, Any]:
    """The first column of a matrix, which Grafana calls by both labels: its title, and no link of the cells."""
    properties = [{"id": "displayName", "value": rows.capitalize()}, {"id": "links", "value": []}]
    return {"matcher": {"id": "byName", "options": f"{rows}\\{columns}"}, "properties": properties}


def _properties(column: Column, places: Places, variables: Sequence[Variable]) -> list[dict[str, Any]]:
    found: list[tuple[str, object]] = [("displayName", column.title)]
    if column.unit is not Unit.TEXT:
        found.append(("unit", column.unit.value))
    if decimals(column.unit) is not None:
        found.append(("decimals", decimals(column.unit)))
    if column.width:
        found.append(("custom.width", column.width))
    if column.colors:
        found.append(("mappings", mappings(column.colors)))
    if column.colored:
        found.append(("custom.cellOptions", {"type": "color-background", "mode": "basic"}))
    links = places.links(column.links, variables)
    if links:
        found.append(("links", links))
    if column.hidden:
        # What is hidden is said by the first up to Grafana 12.1, by the second since.
        found.append(("custom.hidden", True))
        found.append(("custom.hideFrom", {"legend": False, "tooltip": False, "viz": True}))
    return [{"id": name, "value": value} for name, value in found]


def decimals(unit: Unit | None) -> int | None:
    """How exactly numbers of a unit are written; None: as Grafana likes.

    Of durations the largest unit and the one below it: 1 hour and 59 minutes would else be 1 hour.
    Source: grafana packages/grafana-data/src/valueFormats/dateTimeFormatters.ts, toDuration, 12.
    """
    return 1 if unit is Unit.DURATION else None
