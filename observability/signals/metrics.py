"""METRICS: every row of the catalogue in the order in which it is served, and the labels of each. Pure."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from observability.model.promotion import Pair
from observability.model.state import Identity
from observability.model.status import Cause, HealthStatus, Phase, Policy, Result, SyncKind, SyncStatus
from observability.model.tally import GROUP_LABELS
from observability.signals.aggregates import AGGREGATE_METRICS, SYNCS
from observability.signals.applications import (
    APPLICATION_METRICS,
    IMAGES,
    OPERATION_PHASE,
    REVISION_INFO,
    application_labels,
)
from observability.signals.catalogue import Distribution, Metric, OwnMetric
from observability.signals.exporter import EXPORTER_METRICS
from observability.signals.groupings import APPLICATIONSET_METRICS, PROJECT_METRICS
from observability.signals.promotions import PROMOTION_METRICS

Row: TypeAlias = Metric[Any] | Distribution[Any] | OwnMetric
"""A row of the catalogue of metrics."""

_OF_APPLICATIONS: Final = (*APPLICATION_METRICS, REVISION_INFO, IMAGES, application_labels(()))
_BY_IDENTITY: Final[tuple[tuple[tuple[str, ...], tuple[Row, ...]], ...]] = (
    (Identity._fields, _OF_APPLICATIONS),
    (("engine", "applicationset_namespace", "applicationset"), APPLICATIONSET_METRICS),
    (("engine", "project_namespace", "project"), PROJECT_METRICS),
    (GROUP_LABELS, AGGREGATE_METRICS),
    (Pair._fields, PROMOTION_METRICS),
    ((), EXPORTER_METRICS),
)

METRICS: Final[tuple[Row, ...]] = tuple(row for _, rows in _BY_IDENTITY for row in rows)

IDENTITY_LABELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {row.name: labels for labels, rows in _BY_IDENTITY for row in rows}
)
"""By the name of a metric, the labels that its series begin with: those that say what they are about."""

_WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "health_status": tuple(HealthStatus),
        "sync_status": tuple(SyncStatus),
        "cause": tuple(Cause),
        "policy": tuple(Policy),
        "result": tuple(Result),
        "by": ("automated", "manual"),
        f"{OPERATION_PHASE.name} phase": tuple(Phase),
        f"{SYNCS.name} kind": tuple(SyncKind),
    }
)


def words(metric: Row, label: str) -> tuple[str, ...] | None:
    """All values that this label of the metric can have; None when they are open."""
    if isinstance(metric, OwnMetric):
        place = metric.labels.index(label)
        return tuple(dict.fromkeys(values[place] for values in metric.known)) or None
    found = _WORDS.get(f"{metric.name} {label}")
    return _WORDS.get(label) if found is None and label in metric.labels else found


def closed_labels() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Labels whose values are known, and these."""
    for label, values in _WORDS.items():
        yield label.rpartition(" ")[2], values
