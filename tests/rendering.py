"""What Prometheus would read of one object: the text of a family, as the exposition renders it."""

from collections.abc import Iterable
from textwrap import dedent
from typing import Any

from observability.delivery.buckets import BUCKET
from observability.delivery.family import Family, Limits
from observability.delivery.text import Labels, label_prefix
from observability.signals.catalogue import Distribution, Metric


def text_of(metric: Metric[Any] | Distribution[Any], subject: object, identity: Labels) -> str:
    """HELP, TYPE and lines of one family for one object. Fails when its samples cannot be had."""
    prefix = label_prefix(identity).encode()
    family = Family(metric, Limits(series_per_family=1_000, label_value_bytes=1_024), [[prefix] * BUCKET])
    family.buckets.grow()
    family.update(0, subject)
    assert not family.failures, metric.name
    return (family.buckets.header + b"".join(bucket.text() for bucket in family.buckets.snapshots())).decode()


def page(metrics: Iterable[Metric[Any] | Distribution[Any]], subject: object, identity: Labels) -> str:
    """The same of several families."""
    identity = tuple(identity)
    return "".join(text_of(metric, subject, identity) for metric in metrics)


def golden(text: str) -> str:
    """An expected text, written indented."""
    return dedent(text).lstrip("\n")
