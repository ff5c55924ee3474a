"""The exporter's own metrics: rows of the catalogue, kept in a prometheus_client registry of our own."""

from collections.abc import Iterable
from typing import Final, TypeAlias, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from observability.signals.catalogue import OwnMetric, Type

Labels: TypeAlias = tuple[str, ...]
"""Label values in the order of the row's labels."""

_Collector = TypeVar("_Collector", Counter, Gauge, Histogram)

_NO_LABELS: Final[Labels] = ()


class OwnMetrics:
    """Counters, gauges and histograms about the exporter itself.

    A row that is not among `rows`, or of another type than the method is for, is a KeyError.
    """

    def __init__(self, rows: Iterable[OwnMetric]) -> None:
        # A switch of the whole process, but nothing else in it uses prometheus_client.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
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

    def set(self, row: OwnMetric, labels: Labels, value: float) -> None:
        """Set a gauge."""
        _child(self._gauges[row.name], labels).set(value)

    def observe(self, row: OwnMetric, labels: Labels, seconds: float) -> None:
        """Add one observation to a histogram."""
        _child(self._histograms[row.name], labels).observe(seconds)

    def render(self) -> bytes:
        """All of them in the text format 0.0.4."""
        return generate_latest(self._registry)

    def _add(self, row: OwnMetric) -> None:
        match row.type:
            case Type.COUNTER:
                counter = self._counters[row.name] = Counter(row.name, row.help, row.labels, registry=self._registry)
                _start(counter, row)
            case Type.GAUGE:
                gauge = self._gauges[row.name] = Gauge(row.name, row.help, row.labels, registry=self._registry)
                _start(gauge, row)
            case Type.HISTOGRAM:
                histogram = self._histograms[row.name] = Histogram(
                    row.name,
                    row.help,
                    row.labels,
                    registry=self._registry,
                    buckets=row.buckets or Histogram.DEFAULT_BUCKETS,
                )
                _start(histogram, row)


def _start(collector: _Collector, row: OwnMetric) -> None:
    for labels in row.known:
        collector.labels(*labels)


def _child(collector: _Collector, labels: Labels) -> _Collector:
    return collector.labels(*labels) if labels else collector
