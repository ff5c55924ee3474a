"""From records to OTLP, by OpenTelemetry's own encoders. Pure.

They are slow where records are alike. A request without records, a record of each kind without words, links, and
attributes that are no words are made by them; what a record has of its own is set in copies of these, by protobuf's own
classes. The result is what they make of whole records: the tests compare both.
Source: opentelemetry-exporter-otlp-proto-common 1.45, opentelemetry-sdk 1.45.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as EncodedLog
from opentelemetry.proto.trace.v1.trace_pb2 import Span as EncodedSpan
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode

from observability import __version__
from observability.delivery.otlp.attributes import Attributes, text
from observability.errors import Refused
from observability.model import event
from observability.model.event import Event, Severity, Span

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
_NOBODY: Final = Resource({})
_UNWRITABLE: Final = (AttributeError, KeyError, OverflowError, TypeError, ValueError, DecodeError)


class Encoder:
    """Records of one resource."""

    def __init__(self, resource: Mapping[str, str]) -> None:
        self._resource = Resource({text(key): text(value) for key, value in resource.items()})
        self._scope = InstrumentationScope(SCOPE, __version__)
        self._attributes = Attributes()

    def logs(self, events: Sequence[Event]) -> ExportLogsServiceRequest:
        """Events as log records. Raises Refused when one of them cannot be written."""
        request = self._no_logs()
        records = request.resource_logs[0].scope_logs[0].log_records
        try:
            attributes = self._attributes.encoded([one.attributes for one in events], EncodedLog)
            for happened, data in zip(events, attributes, strict=True):
                record = records.add()
                record.MergeFromString(_log(happened.severity) + data)
                record.time_unix_nano = nanoseconds(happened.at)
                record.observed_time_unix_nano = nanoseconds(happened.observed_at)
                record.body.string_value = text(happened.body)
                record.event_name = text(happened.name)
                if happened.trace_id:
                    record.trace_id = _identifier(happened.trace_id, 16)
                    record.span_id = _identifier(happened.span_id, 8)
                    record.flags = int(_SAMPLED)
        except _UNWRITABLE as error:
            raise Refused(f"cannot be written as OTLP: {error}") from error
        return request

    def traces(self, spans: Sequence[Span]) -> ExportTraceServiceRequest:
        """Spans as spans. Raises Refused when one of them cannot be written."""
        request = self._no_spans()
        records = request.resource_spans[0].scope_spans[0].spans
        try:
            attributes = self._attributes.encoded([one.attributes for one in spans], EncodedSpan)
            for span, data in zip(spans, attributes, strict=True):
                record = records.add()
                record.MergeFromString(_span(span.kind, span.status, span.links) + data)
                record.trace_id = _identifier(span.trace_id, 16)
                record.span_id = _identifier(span.id, 8)
                if span.parent_id is not None:
                    record.parent_span_id = _identifier(span.parent_id, 8)
                record.name = text(span.name)
                record.start_time_unix_nano = nanoseconds(span.started_at)
                record.end_time_unix_nano = nanoseconds(span.ended_at)
                if span.status is event.SpanStatus.ERROR and span.message:  # the SDK says: only an error has one
                    record.status.message = text(span.message)
        except _UNWRITABLE as error:
            raise Refused(f"cannot be written as OTLP: {error}") from error
        return request

    def _no_logs(self) -> ExportLogsServiceRequest:
        """A request of this resource and scope, without records."""
        request = encode_logs([ReadableLogRecord(LogRecord(context=_NO_CONTEXT), self._resource, self._scope)])
        request.resource_logs[0].scope_logs[0].ClearField("log_records")
        return request

    def _no_spans(self) -> ExportTraceServiceRequest:
        nobody = ReadableSpan("", _context(1, 1), resource=self._resource, instrumentation_scope=self._scope)
        request = encode_spans([nobody])
        request.resource_spans[0].scope_spans[0].ClearField("spans")
        return request


def nanoseconds(at: float) -> int:
    """Seconds since the epoch in whole microseconds: a float holds no more of today's times."""
    return round(at * 1e6) * 1000


def _identifier(digits: str, size: int) -> bytes:
    return int(digits, 16).to_bytes(size, "big")


def _context(trace_id: int, span_id: int) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=False, trace_flags=_SAMPLED)


@cache
def _log(severity: Severity) -> bytes:
    """A log record of which nothing more is known."""
    record = LogRecord(
        timestamp=0,
        observed_timestamp=0,
        context=_NO_CONTEXT,
        severity_text=severity.value,
        severity_number=_SEVERITIES[severity],
        body="",
    )
    (encoded,) = encode_logs([ReadableLogRecord(record, _NOBODY)]).resource_logs[0].scope_logs[0].log_records
    return encoded.SerializeToString()


def _span(kind: event.SpanKind, status: event.SpanStatus, links: Sequence[event.Link]) -> bytes:
    """A span of which nothing more is known."""
    return _linked(kind, status, links) if links else _unlinked(kind, status)


def _linked(kind: event.SpanKind, status: event.SpanStatus, links: Sequence[event.Link]) -> bytes:
    span = ReadableSpan(
        name="",
        context=_context(1, 1),
        resource=_NOBODY,
        links=[Link(_context(int(link.trace_id, 16), int(link.span_id, 16))) for link in links],
        kind=_KINDS[kind],
        status=Status(_STATUSES[status]),
    )
    (encoded,) = encode_spans([span]).resource_spans[0].scope_spans[0].spans
    return encoded.SerializeToString()


@cache
def _unlinked(kind: event.SpanKind, status: event.SpanStatus) -> bytes:
    return _linked(kind, status, ())
