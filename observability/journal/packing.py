"""Records as they lie in the journal: MessagePack, less than half as long as their JSON. Pure.

Words that come again and again are numbers there, and hexadecimal digits bytes. No general compressor: each call of one
lets go of the interpreter lock, and a busy event loop gives it back only after up to 5 ms.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

from observability.journal import records
from observability.model.application import SyncedResource
from observability.model.event import Attribute, Event, Link, Record, Severity, Span, SpanKind, SpanStatus

WORDS: Final = (
    "cicd.pipeline.action.name",
    "cicd.pipeline.name",
    "cicd.pipeline.result",
    "cicd.pipeline.run.id",
    "cicd.pipeline.task.name",
    "cicd.pipeline.task.run.id",
    "cicd.pipeline.task.run.result",
    "cicd.pipeline.task.type",
    "deployment.environment.name",
    "error.type",
    "gitops.application.name",
    "gitops.application.namespace",
    "gitops.application.uid",
    "gitops.applicationset.applications",
    "gitops.applicationset.name",
    "gitops.applicationset.namespace",
    "gitops.applicationset.previous_applications",
    "gitops.applicationset.previous_step",
    "gitops.applicationset.step",
    "gitops.applicationset.uid",
    "gitops.catch_up",
    "gitops.commit.author.email",
    "gitops.commit.author.name",
    "gitops.commit.message",
    "gitops.commit.missing",
    "gitops.commit.signature",
    "gitops.commit.signed",
    "gitops.commit.time_seconds",
    "gitops.condition",
    "gitops.condition.reason",
    "gitops.degraded.duration_seconds",
    "gitops.deployment.id",
    "gitops.drift.resolution",
    "gitops.engine",
    "gitops.environment",
    "gitops.event.id",
    "gitops.from_environment",
    "gitops.gap.duration_seconds",
    "gitops.gap.folded",
    "gitops.gap.kind",
    "gitops.gap.reason",
    "gitops.health.previous_status",
    "gitops.health.status",
    "gitops.hook.phase",
    "gitops.hook.type",
    "gitops.images",
    "gitops.initiator.kind",
    "gitops.initiator.name",
    "gitops.out_of_sync.cause",
    "gitops.out_of_sync.confidence",
    "gitops.out_of_sync.duration_seconds",
    "gitops.out_of_sync.previous_cause",
    "gitops.policy",
    "gitops.previous_revision",
    "gitops.previous_sync_status",
    "gitops.project",
    "gitops.project.name",
    "gitops.project.namespace",
    "gitops.project.uid",
    "gitops.promotion.duration_seconds",
    "gitops.promotion.environments",
    "gitops.promotion.key",
    "gitops.promotion.superseded",
    "gitops.promotion.value",
    "gitops.resource.group",
    "gitops.resource.kind",
    "gitops.resource.name",
    "gitops.resource.namespace",
    "gitops.resource.phase",
    "gitops.resource.status",
    "gitops.revision",
    "gitops.rollback.scope",
    "gitops.service",
    "gitops.sync.dry_run",
    "gitops.sync.duration_seconds",
    "gitops.sync.kind",
    "gitops.sync.phase",
    "gitops.sync.queue_seconds",
    "gitops.sync.resources_left_out",
    "gitops.sync.retries",
    "gitops.sync_status",
    "gitops.time_to_healthy_seconds",
    "gitops.to_environment",
    "gitops.window",
    "gitops.window.kind",
    "gitops.windows.added",
    "gitops.windows.removed",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "service.name",
    "vcs.ref.head.revision",
    "vcs.repository.url.full",
    "gitops.application.blocked",
    "gitops.application.condition.cleared",
    "gitops.application.condition.raised",
    "gitops.application.created",
    "gitops.application.deleted",
    "gitops.application.deployed",
    "gitops.application.drift.detected",
    "gitops.application.drift.resolved",
    "gitops.application.health.changed",
    "gitops.application.healthy_after_deploy",
    "gitops.application.out_of_sync.changed",
    "gitops.application.policy.restored",
    "gitops.application.policy.violated",
    "gitops.application.revision.pending",
    "gitops.application.rolled_back",
    "gitops.application.self_healed",
    "gitops.application.sync.finished",
    "gitops.application.sync.requested",
    "gitops.application.sync.started",
    "gitops.application.sync_status.changed",
    "gitops.applicationset.applications.changed",
    "gitops.applicationset.condition.cleared",
    "gitops.applicationset.condition.raised",
    "gitops.applicationset.created",
    "gitops.applicationset.deleted",
    "gitops.applicationset.step.changed",
    "gitops.exporter.gap",
    "gitops.project.created",
    "gitops.project.deleted",
    "gitops.project.window.closed",
    "gitops.project.window.opened",
    "gitops.project.windows.changed",
    "gitops.service.promoted",
    "gitops.sync.message",
    "gitops.four_eyes",
)
"""Each has its place as its number: new ones go to the end, and none ever goes. Names of attributes, then of events."""

_NUMBERS: Final = {word: number for number, word in enumerate(WORDS)}
_WORDS: Final = dict(enumerate(WORDS))
_DIGITS: Final = frozenset((16, 32, 40, 64))
"""How long identifiers and commits are."""

_Short: TypeAlias = Any
"""A text, or the bytes of its hexadecimal digits; `str | bytes` is a type that msgspec has not."""
_Attributes: TypeAlias = dict[int | str, Any]
_EventFields: TypeAlias = tuple[_Short, int | str, float, float, Severity, str, str, _Attributes, _Short, _Short]
_SpanFields: TypeAlias = tuple[
    _Short,
    _Short,
    _Short,
    str,
    SpanKind,
    float,
    float,
    SpanStatus,
    str,
    str,
    _Attributes,
    tuple[tuple[_Short, _Short], ...],
    tuple[SyncedResource, ...],
]
"""The fields in the order of their classes."""
_AS_IT_IS: Final = (str, bool, int, float)

_ENCODER: Final = msgspec.msgpack.Encoder()
_EVENT: Final = msgspec.msgpack.Decoder(_EventFields)
_SPAN: Final = msgspec.msgpack.Decoder(_SpanFields)


def pack(record: Record) -> bytes:
    """The record as it is stored. What MessagePack has no form for (an integer beyond 64 bits) becomes JSON.

    Raises:
        ValueError: it has no form there either.
    """
    try:
        return _ENCODER.encode(_event(record) if isinstance(record, Event) else _span(record))
    except (OverflowError, TypeError, msgspec.MsgspecError):
        return records.as_json(record)


def unpack(kind: str, data: bytes | str) -> Record:
    """The record that was stored, packed or as JSON; `kind` is EVENT or SPAN.

    Raises:
        ValueError: it is not a record, or a damaged one.
    """
    if isinstance(data, str) or data[:1] == b"{" or kind not in (records.EVENT, records.SPAN):
        return records.parse(kind, data)
    try:
        return _read_event(data) if kind == records.EVENT else _read_span(data)
    except KeyError as error:
        raise ValueError(f"word {error} is not known: a newer version wrote it") from error


def _event(event: Event) -> _EventFields:
    return (
        _short(event.id),
        _NUMBERS.get(event.name, event.name),
        event.at,
        event.observed_at,
        event.severity,
        event.body,
        event.subject,
        _short_attributes(event.attributes),
        _short(event.trace_id),
        _short(event.span_id),
    )


def _span(span: Span) -> _SpanFields:
    return (
        _short(span.trace_id),
        _short(span.id),
        None if span.parent_id is None else _short(span.parent_id),
        span.name,
        span.kind,
        span.started_at,
        span.ended_at,
        span.status,
        span.message,
        span.subject,
        _short_attributes(span.attributes),
        tuple((_short(link.trace_id), _short(link.span_id)) for link in span.links),
        span.resources,
    )


def _short_attributes(attributes: Mapping[str, Attribute]) -> _Attributes:
    """Sorted by name, so that the same record has the same bytes."""
    return {
        _NUMBERS.get(name, name): _short(value) if type(value) is str and len(value) in _DIGITS else value
        for name, value in sorted(attributes.items())
    }


def _short(text: str) -> _Short:
    if len(text) not in _DIGITS:
        return text
    try:
        short = bytes.fromhex(text)
    except ValueError:
        return text
    return short if short.hex() == text else text  # also large letters and blanks are taken


def _read_event(data: bytes) -> Event:
    identifier, name, at, observed_at, severity, body, subject, attributes, trace, span = _EVENT.decode(data)
    return Event(
        id=_long(identifier),
        name=name if isinstance(name, str) else _WORDS[name],
        at=at,
        observed_at=observed_at,
        severity=severity,
        body=body,
        subject=subject,
        attributes=_long_attributes(attributes),
        trace_id=_long(trace),
        span_id=_long(span),
    )


def _read_span(data: bytes) -> Span:
    (
        trace,
        identifier,
        parent,
        name,
        kind,
        started_at,
        ended_at,
        status,
        message,
        subject,
        attributes,
        links,
        resources,
    ) = _SPAN.decode(data)
    return Span(
        trace_id=_long(trace),
        id=_long(identifier),
        parent_id=None if parent is None else _long(parent),
        name=name,
        kind=kind,
        started_at=started_at,
        ended_at=ended_at,
        status=status,
        message=message,
        subject=subject,
        attributes=_long_attributes(attributes),
        links=tuple(Link(_long(trace), _long(span)) for trace, span in links),
        resources=resources,
    )


def _long_attributes(attributes: _Attributes) -> dict[str, Attribute]:
    return {
        name if isinstance(name, str) else _WORDS[name]: value if type(value) in _AS_IT_IS else _value(value)
        for name, value in attributes.items()
    }


def _value(value: object) -> Attribute:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    return _long(value)


def _long(short: object) -> str:
    if isinstance(short, bytes):
        return short.hex()
    if isinstance(short, str):
        return short
    raise ValueError(f"expected a text, got {type(short).__name__}")
