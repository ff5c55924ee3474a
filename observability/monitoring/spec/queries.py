"""Selectors of PromQL from rows of the catalogue: what is not there cannot be asked for.

A selector is text to be put into an expression: `f"sum({select(HEALTH_STATUS, health_status='Degraded')}) > 0"`. Where
it is used decides which environment it selects, so it carries a mark for that: `scoped` puts matchers in its place.
With the mark it is PromQL all the same.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from observability.errors import SpecError
from observability.monitoring.spec.rules import Recording
from observability.signals.catalogue import Distribution, OwnMetric, Type
from observability.signals.metrics import IDENTITY_LABELS, Row, words

MARK: Final = '__scope__=""'
"""Stands where matchers go that depend on where the expression is used."""

TARGET_LABELS: Final = ("instance", "job")
"""Labels that Prometheus gives to all series of a scrape."""

ALERTS: Final = "ALERTS"
"""Prometheus' own series of the alerts that are pending or firing."""

ALERT_LABELS: Final = (
    "alertname",
    "alertstate",
    "severity",
    "cluster",
    "environment",
    "project",
    "service",
    "application_namespace",
    "application",
)
"""Labels of theirs that the dashboards use."""

_MARKED: Final = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{" + re.escape(MARK) + r"(?:, )?")
_PLAIN: Final = re.compile(r"[\w -]+")


class Not(NamedTuple):
    """Every value but this one, or but these."""

    value: str | tuple[str, ...]


class Like(NamedTuple):
    """Values that a regular expression of RE2 matches as a whole."""

    pattern: str


Match: TypeAlias = str | tuple[str, ...] | Not | Like
"""What a label is to be: this value, one of these, or see the types."""


def select(metric: Row, /, **labels: Match) -> str:
    """The series of a metric that is no histogram. Raises SpecError for a label or value that it does not have."""
    if metric.type is Type.HISTOGRAM:
        raise SpecError(metric.name, "expected a metric that is no histogram; of one take buckets, total or count")
    return _selector(metric, "", labels)


def buckets(metric: Row, /, **labels: Match) -> str:
    """The buckets of a histogram. Raises SpecError as `select` does."""
    return _histogram(metric, "_bucket", labels)


def total(metric: Row, /, **labels: Match) -> str:
    """The sums of what a histogram observed. Raises SpecError as `select` does."""
    return _histogram(metric, "_sum", labels)


def count(metric: Row, /, **labels: Match) -> str:
    """How often a histogram observed something. Raises SpecError as `select` does."""
    return _histogram(metric, "_count", labels)


def record(rule: Recording, /, **labels: Match) -> str:
    """The series of a recording rule. Raises SpecError for a label that it does not have."""
    for label in labels:
        if label not in rule.labels:
            raise SpecError(rule.record, f"expected a label among {', '.join(rule.labels)}, got {label}")
    return _text(rule.record, labels)


def alerts(**labels: Match) -> str:
    """The alerts of ours that are pending or firing. Raises SpecError for a label that they do not have."""
    for label in labels:
        if label not in ALERT_LABELS:
            raise SpecError(ALERTS, f"expected a label among {', '.join(ALERT_LABELS)}, got {label}")
    return _text(ALERTS, {"alertname": Like("GitOps.+"), **labels})


def label_names(metric: Row) -> tuple[str, ...]:
    """All labels of the series of a metric, those of its identity first; without `le`."""
    return (*IDENTITY_LABELS[metric.name], *metric.labels)


def top_bound(metric: Row) -> float | None:
    """The highest finite bound of a histogram's buckets; None of what is no histogram."""
    if isinstance(metric, Distribution):
        return metric.bounds[-1]
    return metric.buckets[-1] if isinstance(metric, OwnMetric) and metric.buckets else None


def scoped(expression: str, matchers: Callable[[str], Mapping[str, Match]]) -> str:
    """The expression with matchers in the place of each mark: those for the series of this name."""

    def put(found: re.Match[str]) -> str:
        name = found[1]
        rest = ", " if found[0].endswith(", ") else ""
        text = ", ".join(_matcher(label, match) for label, match in matchers(name).items())
        return f"{name}{{{text}{rest if text else ''}"

    return _MARKED.sub(put, expression).replace("{}", "")


def _histogram(metric: Row, part: str, labels: Mapping[str, Match]) -> str:
    if metric.type is not Type.HISTOGRAM:
        raise SpecError(metric.name, "expected a histogram")
    return _selector(metric, part, labels)


def _selector(metric: Row, part: str, labels: Mapping[str, Match]) -> str:
    known = (*label_names(metric), "le") if part == "_bucket" else label_names(metric)
    for label, match in labels.items():
        if label not in known:
            raise SpecError(metric.name, f"expected a label among {', '.join(known)}, got {label}")
        possible = words(metric, label) if label in metric.labels else None
        for value in _values(match):
            if possible is not None and value not in possible:
                raise SpecError(metric.name, f"expected {label} to be one of {', '.join(possible)}, got {value}")
    return _text(metric.name + part, labels)


def _text(name: str, labels: Mapping[str, Match]) -> str:
    return f"{name}{{{', '.join([MARK, *(_matcher(label, match) for label, match in labels.items())])}}}"


def _values(match: Match) -> tuple[str, ...]:
    match match:
        case Not(value):
            return _values(value)
        case Like():
            return ()
        case str():
            return (match,)
        case _:
            return match


def _matcher(label: str, match: Match) -> str:
    match match:
        case Not(value):
            return f"{label}!={_quoted(value)}" if isinstance(value, str) else f"{label}!~{_quoted(_either(value))}"
        case Like(pattern):
            return f"{label}=~{_quoted(pattern)}"
        case str():
            return f"{label}={_quoted(match)}"
        case _:
            return f"{label}=~{_quoted(_either(match))}"


def _either(values: tuple[str, ...]) -> str:
    return "|".join(value if _PLAIN.fullmatch(value) else re.escape(value) for value in values)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
