"""The row types of the catalogue: what a metric is.

A metric is a frozen row with one pure function from its subject to samples. The names are the contract with users.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar

Samples: TypeAlias = Iterable[tuple[tuple[str, ...], float]]
"""Label values in the order of the row's labels, and the value."""

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
