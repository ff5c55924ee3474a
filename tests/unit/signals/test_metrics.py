"""The catalogue of metrics as a whole: its names, its words, and what it is about."""

from collections import Counter
from itertools import groupby
from typing import Any, Final

import pytest

from observability.signals.aggregates import AGGREGATE_METRICS
from observability.signals.applications import APPLICATION_METRICS, IMAGES, REVISION_INFO
from observability.signals.catalogue import Distribution, Metric, OwnMetric
from observability.signals.exporter import EXPORTER_METRICS
from observability.signals.groupings import APPLICATIONSET_METRICS, PROJECT_METRICS
from observability.signals.metrics import METRICS
from observability.signals.promotions import PROMOTION_METRICS

PREFIXES: Final = ("gitops_application_", "gitops_applicationset_", "gitops_project_", "gitops_exporter_")
"""What names begin with whose golden texts are held against the catalogue one by one, in its order."""


def test_names_are_unique() -> None:
    assert [name for name, times in Counter(one.name for one in METRICS).items() if times > 1] == []


def test_every_row_is_in_the_catalogue() -> None:
    assert set(METRICS) >= {*APPLICATION_METRICS, IMAGES, REVISION_INFO, *APPLICATIONSET_METRICS, *PROJECT_METRICS}
    assert set(METRICS) >= {*EXPORTER_METRICS, *AGGREGATE_METRICS, *PROMOTION_METRICS}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_help_is_a_sentence_on_one_line(metric: Metric[Any] | Distribution[Any] | OwnMetric) -> None:
    assert metric.help.endswith(".")
    assert "\n" not in metric.help
    assert "  " not in metric.help


def test_facts_are_not_said_of_the_exporter() -> None:
    facts = [one.name for one in METRICS if not isinstance(one, OwnMetric)]
    assert not [name for name in facts if name.startswith("gitops_exporter_")]


def test_metrics_stand_together_by_what_they_are_about() -> None:
    whole = {*AGGREGATE_METRICS, *PROMOTION_METRICS}
    names = [one.name for one in METRICS if one not in whole]
    prefixes = [next(prefix for prefix in PREFIXES if name.startswith(prefix)) for name in names]
    assert [prefix for prefix, _ in groupby(prefixes)] == list(PREFIXES)
    assert not [one.name for one in whole if one.name.startswith(PREFIXES)]
