"""prometheus_client on the same states: as a custom collector, and as Gauge children.

In process, without HTTP or gzip.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import Metric as PeerFamily
from prometheus_client.registry import Collector

from observability.model.state import ApplicationState
from observability.signals.catalogue import Metric, Samples

Rows = Sequence[Metric[ApplicationState]]


class Collected(Collector):
    """The families of the states, made at each scrape as prometheus_client's documentation shows."""

    def __init__(self, rows: Rows, states: Sequence[ApplicationState]) -> None:
        self._rows = rows
        self._states = states

    def collect(self) -> Iterator[PeerFamily]:
        """All families."""
        for row in self._rows:
            family = PeerFamily(row.name, row.help, row.type.value)
            for state in self._states:
                identity = state.identity._asdict()
                for values, value in row.samples(state):
                    family.add_sample(row.name, {**identity, **dict(zip(row.labels, values, strict=True))}, value)
            yield family


class Scraped(NamedTuple):
    """One scrape."""

    milliseconds: float
    body_bytes: int


class Children(NamedTuple):
    """What labelled Gauges take for so many applications."""

    applications: int
    scrape_ms: float
    update_us: float
    """An application whose samples are all set anew, by `labels(…).set(…)`; children that must go stay."""


def collector(rows: Rows, states: Sequence[ApplicationState]) -> Scraped:
    """One scrape of a custom collector. It holds the loop all the time."""
    registry = CollectorRegistry()
    registry.register(Collected(rows, states))
    return _scraped(registry)


def children(rows: Rows, states: Sequence[ApplicationState]) -> Children:
    """Gauges with a child a series: kept up to date by each event, rendered at each scrape."""
    registry = CollectorRegistry()
    gauges = [Gauge(row.name, row.help, (*states[0].identity._fields, *row.labels), registry=registry) for row in rows]
    setters = list(zip([row.samples for row in rows], gauges, strict=True))
    _set(setters, states)
    started = time.process_time()
    _set(setters, states)
    seconds = time.process_time() - started
    return Children(len(states), _scraped(registry).milliseconds, seconds / len(states) * 1e6)


def _set(
    setters: Sequence[tuple[Callable[[ApplicationState], Samples], Gauge]], states: Sequence[ApplicationState]
) -> None:
    for state in states:
        for samples, gauge in setters:
            for values, value in samples(state):
                gauge.labels(*state.identity, *values).set(value)


def _scraped(registry: CollectorRegistry) -> Scraped:
    started = time.perf_counter()
    body = generate_latest(registry)
    return Scraped((time.perf_counter() - started) * 1e3, len(body))
