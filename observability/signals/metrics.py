"""METRICS: every row of the catalogue, in the order in which it is served."""

from typing import Any, Final

from observability.signals.aggregates import AGGREGATE_METRICS
from observability.signals.applications import APPLICATION_METRICS, IMAGES, REVISION_INFO, application_labels
from observability.signals.catalogue import Distribution, Metric, OwnMetric
from observability.signals.exporter import EXPORTER_METRICS
from observability.signals.groupings import APPLICATIONSET_METRICS, PROJECT_METRICS
from observability.signals.promotions import PROMOTION_METRICS

METRICS: Final[tuple[Metric[Any] | Distribution[Any] | OwnMetric, ...]] = (
    *APPLICATION_METRICS,
    REVISION_INFO,
    IMAGES,
    application_labels(()),
    *APPLICATIONSET_METRICS,
    *PROJECT_METRICS,
    *AGGREGATE_METRICS,
    *PROMOTION_METRICS,
    *EXPORTER_METRICS,
)
