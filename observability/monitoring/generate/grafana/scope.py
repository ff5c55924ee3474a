"""Which series an expression means on a dashboard: those that its variables select. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from observability.errors import SpecError
from observability.monitoring.spec.dashboards import Variable
from observability.monitoring.spec.queries import ALERT_LABELS, ALERTS, TARGET_LABELS, Like, Match, label_names, scoped
from observability.signals.catalogue import Type
from observability.signals.metrics import METRICS, Row

_PARTS: Final = ("_bucket", "_sum", "_count")


def _series_labels(row: Row) -> tuple[str, ...]:
    return (*label_names(row), *TARGET_LABELS)


def _names(row: Row) -> tuple[str, ...]:
    return tuple(row.name + part for part in _PARTS) if row.type is Type.HISTOGRAM else (row.name,)


_LABELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {name: _series_labels(row) for row in METRICS for name in _names(row)} | {ALERTS: ALERT_LABELS}
)


class Scope(NamedTuple):
    """The variables of a dashboard, and the labels of series that are not in the catalogue, by their names."""

    variables: Sequence[Variable]
    recorded: Mapping[str, Sequence[str]] = MappingProxyType({})


def selected(expression: str, scope: Scope) -> str:
    """The expression, narrowed by each variable whose label its series have; that is how dashboards select.

    Raises SpecError for a series that is neither in the catalogue nor recorded.
    """
    return scoped(expression.strip(), lambda name: _matchers(name, scope))


def _matchers(series: str, scope: Scope) -> dict[str, Match]:
    labels = _LABELS.get(series) or scope.recorded.get(series)
    if labels is None:
        raise SpecError(series, "expected a metric of the catalogue, or a recording rule")
    found: dict[str, Match] = {}
    for variable in scope.variables:
        label = _label_of(variable, labels)
        if label is not None:
            found[label] = Like(f"${variable.name}")
    return found


def _label_of(variable: Variable, labels: Sequence[str]) -> str | None:
    """The one of these labels that a variable selects by; None when there is none.

    What waits between two environments belongs to the one that it is for.
    """
    wanted = variable.label or variable.name
    if wanted == "environment" and "environment" not in labels:
        wanted = "to_environment"
    return wanted if wanted in labels else None


def variable_labels(row: Row) -> tuple[str, ...]:
    """The labels that a variable can take its values from."""
    return _series_labels(row)
