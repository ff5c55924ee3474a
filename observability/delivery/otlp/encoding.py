"""From records to OTLP, by OpenTelemetry's own encoders. Pure.

What they leave out in silence, because protobuf cannot hold it, is made to fit before.
Source: opentelemetry-exporter-otlp-proto-common 1.45, opentelemetry-sdk 1.45.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from observability import __version__
from observability.errors import Refused
from observability.model import event
from observability.model.event import Attribute, Event, Severity, Span

SCOPE: Final = "gitops-observability"
"""The instrumentation scope of all records."""

_SEVERITIES: Final = {
    Severity.INFO: SeverityNumber.INFO,
    Severity.WARN: SeverityNumber.WARN,
    Severity.ERROR: SeverityNumber.ERROR,
}
_KINDS: Final = {event.SpanKind.SERVER: SpanKind.SERVER, event.SpanKind.INTERNAL: SpanKind.INTERNAL}
_STATUSES: Final = {
    event.SpanStatus.UNSET: StatusCode.UNSET,
    event.SpanStatus.OK: StatusCode.OK,
    event.SpanStatus.ERROR: StatusCode.ERROR,
}
_NO_CONTEXT: Final = Context({"gitops-observability": "no span is current"})
"""Not empty: in place of an empty one the current one would be taken."""
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_INTEGER_MAX: Final = 2**63 - 1


class Encoder:
    """Records of one resource."""

    def __init__(self, resource: Mapping[str, str]) -> None:
        self._resource = _Resource({_text(key): _text(value) for key, value in resource.items()})
        self._scope = InstrumentationScope(SCOPE, __version__)

    def logs(self, events: Iterable[Event]) -> ExportLogsServiceRequest:
        """Events as log records. Raises Refused when one of them cannot be written."""
        try:
            return encode_logs([self._log(each) for each in events])
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise Refused(f"cannot be written as OTLP: {error}") from error

    def traces(self, spans: Iterable[Span]) -> ExportTraceServiceRequest:
        """Spans as spans. Raises Refused when one of them cannot be written."""
        try:
            return encode_spans([self._span(each) for each in spans])
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise Refused(f"cannot be written as OTLP: {error}") from error

    def _log(self, happened: Event) -> ReadableLogRecord:
        record = LogRecord(
            timestamp=nanoseconds(happened.at),
            observed_timestamp=nanoseconds(happened.observed_at),
            context=_NO_CONTEXT,
            severity_text=happened.severity.value,
            severity_number=_SEVERITIES[happened.severity],
            body=_text(happened.body),
            attributes=_attributes(happened.attributes),
            event_name=_text(happened.name),
        )
        if happened.trace_id:
            record.trace_id, record.span_id = int(happened.trace_id, 16), int(happened.span_id, 16)
            record.trace_flags = _SAMPLED
        return ReadableLogRecord(record, self._resource, self._scope)

    def _span(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            name=_text(span.name),
            context=_context(span.trace_id, span.id),
            parent=None if span.parent_id is None else _context(span.trace_id, span.parent_id),
            resource=self._resource,
            attributes=_attributes(span.attributes),
            links=[Link(_context(link.trace_id, link.span_id)) for link in span.links],
            kind=_KINDS[span.kind],
            status=_status(span),
            start_time=nanoseconds(span.started_at),
            end_time=nanoseconds(span.ended_at),
            instrumentation_scope=self._scope,
        )


class _Resource(Resource):
    """A resource that is hashed once: the encoders ask with every record, and each time it would become JSON."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        super().__init__(attributes)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or super().__eq__(other)


def nanoseconds(at: float) -> int:
    """Seconds since the epoch in whole microseconds: a float holds no more of today's times."""
    return round(at * 1e6) * 1000


def _context(trace_id: str, span_id: str) -> SpanContext:
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=_SAMPLED)


def _status(span: Span) -> Status:
    """Only an error has a description: the SDK says so."""
    if span.status is event.SpanStatus.ERROR:
        return Status(StatusCode.ERROR, _text(span.message) or None)
    return Status(_STATUSES[span.status])


def _attributes(attributes: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {
        _text(key): value if type(value) is str and value.isascii() else _value(value)  # nearly all are
        for key, value in attributes.items()
    }


def _value(value: Attribute) -> Attribute:
    """An integer beyond 64 bits becomes a float."""
    match value:
        case str():
            return _text(value)
        case tuple():
            return tuple(map(_text, value))
        case int() if abs(value) > _INTEGER_MAX:
            return float(value)
        case _:
            return value


def _text(text: str) -> str:
    """Half a surrogate pair, which UTF-8 has no bytes for, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
