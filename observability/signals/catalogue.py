"""The row types of the catalogue: what a metric is, and what an event is.

A metric is a frozen row with one pure function from its subject to samples, an event one with a function from a
transition to what occurred. The names are the contract with users.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct

from observability.model.event import Attribute, Link, Severity
from observability.model.tally import Histogram

Samples: TypeAlias = Iterable[tuple[tuple[str, ...], float]]
"""Label values in the order of the row's labels, and the value."""

Histograms: TypeAlias = Iterable[tuple[tuple[str, ...], Histogram]]
"""The same of a `Distribution`: each value is a whole histogram."""

Subject_contra = TypeVar("Subject_contra", contravariant=True)

_NAME = re.compile(r"gitops_[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LABEL = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*|label_[A-Za-z0-9_]+")


class Type(StrEnum):
    """TYPE of the text format 0.0.4. Info metrics and state sets are gauges in it."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


class Stability(StrEnum):
    """What users may rely on."""

    EXPERIMENTAL = "experimental"
    STABLE = "stable"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Generic[Subject_contra]):
    """A family whose samples are computed from one subject each time that it changes.

    `labels` come after the identity labels of the subject. `reads`: all attributes of the subject that the samples
    depend on, as dotted paths; while they are the same, `samples` is not asked. Raises ValueError for a name that
    breaks Prometheus' rules.
    """

    name: str
    type: Type
    help: str
    samples: Callable[[Subject_contra], Samples]
    reads: tuple[str, ...]
    labels: tuple[str, ...] = ()
    stability: Stability = Stability.EXPERIMENTAL

    def __post_init__(self) -> None:
        _check_name(self.name, self.type, self.labels)


def number(name: str, metric_type: Type, text: str, path: str) -> Metric[Any]:
    """A family of one number a subject: the attribute at `path`, with no sample where that is None."""
    value_of = attrgetter(path)

    def samples(subject: object) -> Samples:
        value = value_of(subject)
        return () if value is None else (((), float(value)),)

    return Metric(name=name, type=metric_type, help=text, samples=samples, reads=(path,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution(Generic[Subject_contra]):
    """A family of histograms that are kept in the subject: `_bucket`, `_sum` and `_count`.

    As `Metric` otherwise. `bounds`: upper bounds of the buckets, rising, without the infinite one.
    """

    name: str
    help: str
    bounds: tuple[float, ...]
    samples: Callable[[Subject_contra], Histograms]
    reads: tuple[str, ...]
    labels: tuple[str, ...] = ()
    stability: Stability = Stability.EXPERIMENTAL

    def __post_init__(self) -> None:
        _check_name(self.name, self.type, self.labels)
        if not self.bounds or list(self.bounds) != sorted(set(self.bounds)):
            raise ValueError(f"{self.name}: expected bounds of buckets that rise")

    @property
    def type(self) -> Type:
        """Always a histogram."""
        return Type.HISTOGRAM


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMetric:
    """A family about the exporter itself, kept in a prometheus_client registry. `buckets`: of a histogram, in seconds.

    `known`: label values that are there from the start, so that no first increment is lost. `absent`: a gauge without
    labels that has no sample before a value is set, because 0 would say something.
    """

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    known: tuple[tuple[str, ...], ...] = ()
    absent: bool = False
    stability: Stability = Stability.EXPERIMENTAL

    def __post_init__(self) -> None:
        _check_name(self.name, self.type, self.labels)
        if self.absent and (self.labels or self.type is not Type.GAUGE):
            raise ValueError(f"{self.name}: expected a gauge without labels, only that may be absent")


def _check_name(name: str, metric_type: Type, labels: tuple[str, ...]) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name}: expected gitops_ and snake_case")
    if name.endswith("_total") is not (metric_type is Type.COUNTER):
        raise ValueError(f"{name}: expected _total on counters, and only there")
    if metric_type is not Type.COUNTER and name.endswith(("_count", "_sum", "_bucket")):
        raise ValueError(f"{name}: that ending belongs to histograms")
    for label in labels:
        if not _LABEL.fullmatch(label) or label in {"le", "quantile", "job", "instance", "namespace"}:
            raise ValueError(f"{name}: {label}: expected a label that no target label or bucket renames")


class Occurrence(Struct, frozen=True, gc=False, kw_only=True):
    """One thing that happened, as an event's row tells it: an event without who it is about.

    `at`: when it happened, in seconds since the epoch. `key`: what tells it from all other occurrences of its row for
    the same object; it follows from what happened alone. `body`: one sentence for people. `span`: the one that it
    belongs to, None when there is none.
    """

    at: float
    key: tuple[str | int | float, ...]
    body: str
    attributes: Mapping[str, Attribute] = {}
    severity: Severity = Severity.INFO
    span: Link | None = None


_EVENT = re.compile(r"gitops(\.[a-z][a-z0-9]*(_[a-z0-9]+)*){2,}")
_ATTRIBUTE = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9]*(_[a-z0-9]+)*)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow(Generic[Subject_contra]):
    """An event whose occurrences are computed from one transition, the subject.

    `attributes`: all that it may carry beside those that every event of its kind does; one that is not known is left
    out. Raises ValueError for a name that breaks the conventions of OpenTelemetry.
    """

    name: str
    help: str
    occurrences: Callable[[Subject_contra], Iterable[Occurrence]]
    attributes: tuple[str, ...] = ()
    stability: Stability = Stability.EXPERIMENTAL

    def __post_init__(self) -> None:
        if not _EVENT.fullmatch(self.name):
            raise ValueError(f"{self.name}: expected words of snake_case joined by dots, the first of them gitops")
        for attribute in self.attributes:
            if not _ATTRIBUTE.fullmatch(attribute):
                raise ValueError(f"{self.name}: {attribute}: expected words of snake_case joined by dots")
