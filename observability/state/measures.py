"""Attributes of events as measures, and histograms of them. Pure."""

from bisect import bisect_left
from collections.abc import Sequence
from math import isfinite

from observability.model.engines import ARGOCD
from observability.model.event import Event
from observability.model.tally import Group, Histogram


def counts_for(event: Event) -> Group:
    """The group that it counts for, empty where it does not tell; without an engine it is of Argo CD."""
    environment, project, service = (word_of(event, f"gitops.{name}") for name in ("environment", "project", "service"))
    return Group(environment, project, service, word_of(event, "gitops.engine") or ARGOCD)


def word_of(event: Event, name: str) -> str:
    """A text attribute; empty when it is missing or none."""
    value = event.attributes.get(name)
    return value if isinstance(value, str) else ""


def seconds_of(event: Event, name: str) -> float | None:
    """An attribute that is a number; None when it is missing, or none that can be counted."""
    value = event.attributes.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)


def started(histogram: Histogram | None, bounds: Sequence[float]) -> Histogram:
    """The histogram, empty when it is not there yet: so the first observation is an increase."""
    return Histogram((0,) * (len(bounds) + 1)) if histogram is None else histogram


def observed(histogram: Histogram | None, bounds: Sequence[float], seconds: float) -> Histogram:
    """With one observation more. Less than 0 is 0: clocks differ."""
    seconds = max(0.0, seconds)
    counts = list(started(histogram, bounds).counts)
    counts[bisect_left(bounds, seconds)] += 1
    return Histogram(tuple(counts), (histogram.total if histogram is not None else 0.0) + seconds)
