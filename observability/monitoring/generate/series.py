"""Which series there are: those of the catalogue, of recording rules, and of Prometheus itself. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from observability.monitoring.spec import Recording, label_names
from observability.monitoring.spec.queries import Match
from observability.signals.catalogue import Type
from observability.signals.metrics import METRICS, Row

OF_PROMETHEUS: Final = frozenset(
    {"up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_scraped"}
)
"""Series that every Prometheus has."""

ADDED: Final = frozenset({"cluster", "container", "endpoint", "instance", "job", "namespace", "pod"})
"""Labels that scraping may add to each series."""

_PARTS: Final = ("_bucket", "_sum", "_count")


class Series(NamedTuple):
    """Series of one name: the labels that they have. `row` is None of a recording rule."""

    labels: frozenset[str]
    row: Row | None


def known(recordings: Iterable[Recording]) -> Mapping[str, Series]:
    """All series of ours by their names, as they are in an expression."""
    found: dict[str, Series] = {}
    for row in METRICS:
        labels = frozenset(label_names(row))
        if row.type is Type.HISTOGRAM:
            found.update(
                {row.name + part: Series(labels | ({"le"} if part == _PARTS[0] else set()), row) for part in _PARTS}
            )
        else:
            found[row.name] = Series(labels, row)
    found.update({rule.record: Series(frozenset(rule.labels), None) for rule in recordings})
    return found


def of_environment(environment: str, series: Mapping[str, Series]) -> Callable[[str], Mapping[str, Match]]:
    """The matchers that select an environment, for the series of a name: none where they are not of one.

    What is said of two environments belongs to the one that is waited for.
    """

    def matchers(name: str) -> Mapping[str, Match]:
        labels = series[name].labels if name in series else frozenset()
        for label in ("environment", "to_environment"):
            if label in labels:
                return {label: environment}
        return {}

    return matchers
