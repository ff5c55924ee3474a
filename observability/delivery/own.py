"""The exporter's own metrics: rows of the catalogue, kept in a prometheus_client registry of our own."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from observability.signals.catalogue import OwnMetric, Type

Labels: TypeAlias = tuple[str, ...]
"""Label values in the order of the row's labels."""

_Collector = TypeVar("_Collector", Counter, Gauge)

_NO_LABELS: Final[Labels] = ()


class OwnMetrics:
    """Counters, gauges and histograms about the exporter itself.

    `front`: labels that all of them carry, as `cluster`. A row that is not among `rows`, or of another type than the
    method is for, is a KeyError.
    """

    def __init__(self, rows: Iterable[OwnMetric], front: Mapping[str, str] = MappingProxyType({})) -> None:
        # A switch of the whole process, but nothing else in it uses prometheus_client.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._front = front
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge | _Absent] = {}
        self._histograms: dict[str, _Histogram] = {}
        self._totals: dict[tuple[str, Labels], float] = {}
        for row in rows:
            self._add(row)

    def increment(self, row: OwnMetric, labels: Labels = _NO_LABELS, amount: float = 1.0) -> None:
        """Count `amount` more."""
        _child(self._counters[row.name], labels).inc(amount)

    def advance(self, row: OwnMetric, labels: Labels, total: float) -> None:
        """Bring a counter that is kept elsewhere to `total`; it is there from the first call on, with 0 too."""
        before = self._totals.get((row.name, labels), 0.0)
        self._totals[row.name, labels] = total
        self.increment(row, labels, total - before)

    def set(self, row: OwnMetric, labels: Labels, value: float | None) -> None:
        """Set a gauge. None: from now on it has no sample, which is for rows that may be `absent`."""
        gauge = self._gauges[row.name]
        if isinstance(gauge, _Absent):
            gauge.value = value
        elif value is not None:
            _child(gauge, labels).set(value)
        else:
            raise KeyError(row.name)

    def forget(self, row: OwnMetric, labels: Labels) -> None:
        """What has these labels is there no more: from now on the gauge has no such sample, until it is set again."""
        gauge = self._gauges[row.name]
        if isinstance(gauge, _Absent):
            raise KeyError(row.name)
        gauge.remove(*labels)

    def observe(self, row: OwnMetric, labels: Labels, seconds: float, times: int = 1) -> None:
        """Add an observation to a histogram, `times` the same."""
        self._histograms[row.name].observe(labels, seconds, times)

    def render(self) -> bytes:
        """All of them in the text format 0.0.4."""
        return generate_latest(_Fronted(self._registry, self._front) if self._front else self._registry)

    def _add(self, row: OwnMetric) -> None:
        match row.type:
            case Type.COUNTER:
                counter = self._counters[row.name] = Counter(row.name, row.help, row.labels, registry=self._registry)
                _start(counter, row)
            case Type.GAUGE if row.absent:
                absent = self._gauges[row.name] = _Absent(row)
                self._registry.register(absent)
            case Type.GAUGE:
                gauge = self._gauges[row.name] = Gauge(row.name, row.help, row.labels, registry=self._registry)
                _start(gauge, row)
            case Type.HISTOGRAM:
                histogram = self._histograms[row.name] = _Histogram(row)
                self._registry.register(histogram)


class _Fronted(Collector):
    """All metrics of a registry, each sample with more labels."""

    def __init__(self, registry: CollectorRegistry, front: Mapping[str, str]) -> None:
        self._registry = registry
        self._front = front

    def collect(self) -> Iterable[Metric]:
        for metric in self._registry.collect():
            metric.samples = [one._replace(labels={**self._front, **one.labels}) for one in metric.samples]
            yield metric


class _Absent(Collector):
    """A gauge without labels that has no sample while `value` is None: prometheus_client's begins with 0."""

    def __init__(self, row: OwnMetric) -> None:
        self._row = row
        self.value: float | None = None

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._row.name, self._row.help, self.value)


class _Histogram(Collector):
    """A histogram that takes many equal observations at once: prometheus_client's takes 3 µs for each."""

    def __init__(self, row: OwnMetric) -> None:
        self._row = row
        self._bounds = row.buckets or Histogram.DEFAULT_BUCKETS[:-1]
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        for labels in row.known or (() if row.labels else (_NO_LABELS,)):
            self.observe(labels, 0.0, 0)

    def observe(self, labels: Labels, seconds: float, times: int) -> None:
        counts = self._counts.setdefault(labels, [0] * (len(self._bounds) + 1))
        counts[bisect_left(self._bounds, seconds)] += times
        self._sums[labels] = self._sums.get(labels, 0.0) + seconds * times

    def collect(self) -> Iterable[HistogramMetricFamily]:
        family = HistogramMetricFamily(self._row.name, self._row.help, labels=self._row.labels)
        names = (*map(floatToGoString, self._bounds), "+Inf")
        for labels, counts in self._counts.items():
            buckets = list(zip(names, accumulate(counts), strict=True))
            family.add_metric(labels, buckets, self._sums[labels])
        yield family


def _start(collector: _Collector, row: OwnMetric) -> None:
    for labels in row.known:
        collector.labels(*labels)


def _child(collector: _Collector, labels: Labels) -> _Collector:
    return collector.labels(*labels) if labels else collector
