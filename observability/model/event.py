"""What happened, as values: events and spans. They are recorded once, in the journal, and delivered from there.

An event says one thing of one subject, for people in a sentence and for machines in attributes. A span is a stretch of
time of a trace. Both carry identifiers that follow from what happened alone, so that a resend, a restart or a second
replica makes the same ones.
Source: OpenTelemetry specification, logs/data-model.md and trace/api.md (1.50).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from observability.model.application import SyncedResource

Attribute: TypeAlias = str | bool | int | float | tuple[str, ...]
"""A value of an attribute, as OpenTelemetry knows them."""


class Severity(StrEnum):
    """How bad it is, as the severity text of OpenTelemetry."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Event(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Something happened. `id`: 32 hexadecimal digits. `name`: `gitops.application.health.changed`.

    `at` is when it happened, `observed_at` when it was seen, in seconds since the epoch. `body` is one sentence for
    people. `subject` is whom it is about (`Application/argocd/shop-prod`): the events of one subject keep their order.
    `trace_id` and `span_id`: the span that it belongs to, 32 and 16 hexadecimal digits; empty when there is none.
    """

    id: str
    name: str
    at: float
    observed_at: float
    severity: Severity
    body: str
    subject: str
    attributes: Mapping[str, Attribute]
    trace_id: str = ""
    span_id: str = ""


class Link(Struct, frozen=True, gc=False):
    """Another span, also of another trace. Identifiers in hexadecimal digits, 32 and 16."""

    trace_id: str
    span_id: str


class SpanKind(StrEnum):
    """The part of a span in its trace."""

    SERVER = "server"
    INTERNAL = "internal"


class SpanStatus(StrEnum):
    """How it ended."""

    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


class Span(Struct, frozen=True, gc=False, kw_only=True):
    """A stretch of time in a trace. `trace_id`: 32 hexadecimal digits, `id` and `parent_id`: 16; None for the root.

    Times in seconds since the epoch. `message` explains an error, else empty. `subject` as in `Event`.
    `resources`: what a sync did with each resource and hook. Each is a child of this span that is made only when it is
    sent (`signals.traces.spans_of`): a sync is one record, written and read as a whole.
    """

    trace_id: str
    id: str
    parent_id: str | None
    name: str
    kind: SpanKind
    started_at: float
    ended_at: float
    status: SpanStatus
    message: str
    subject: str
    attributes: Mapping[str, Attribute]
    links: tuple[Link, ...] = ()
    resources: tuple[SyncedResource, ...] = ()


Record: TypeAlias = Event | Span
