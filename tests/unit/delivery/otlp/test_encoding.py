"""From records to OTLP. What a real receiver makes of it is in tests/integration/otlp."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry._logs import LogRecord as SdkLogRecord
from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link as SdkLink
from opentelemetry.trace import SpanContext, TraceFlags
from opentelemetry.trace import SpanKind as SdkSpanKind
from opentelemetry.trace.status import Status, StatusCode

from observability import __version__
from observability.delivery.otlp.attributes import Attributes
from observability.delivery.otlp.encoding import SCOPE, Encoder, nanoseconds
from observability.errors import Refused
from observability.model.event import Attribute, Event, Link, Severity, Span, SpanKind, SpanStatus
from tests.delivered import AT, event, span

ENCODER = Encoder({"service.name": "gitops-observability"})


def log(**facts: object) -> LogRecord:
    """The log record of an event."""
    request = ENCODER.logs([event(1, **facts)])
    record: LogRecord = request.resource_logs[0].scope_logs[0].log_records[0]
    return record


def encoded(value: Attribute) -> AnyValue:
    """An attribute as it is sent."""
    (pair,) = log(attributes={"key": value}).attributes
    sent: AnyValue = pair.value
    return sent


def test_a_log_record() -> None:
    record = log(severity=Severity.WARN)
    assert record.event_name == "gitops.application.sync.finished"
    assert record.time_unix_nano == nanoseconds(AT) + 10**9
    assert record.observed_time_unix_nano == nanoseconds(AT) + 1_500_000_000
    assert (record.severity_text, record.severity_number) == ("WARN", 13)
    assert record.body.string_value == "Sync 1 of shop-prod finished."
    assert {pair.key for pair in record.attributes} == set(event(1).attributes)
    assert record.trace_id == record.span_id == b""
    assert record.flags == 0


def test_a_log_record_of_a_span() -> None:
    record = log(trace_id="0" * 30 + "a1", span_id="0" * 14 + "b2")
    assert (record.trace_id.hex(), record.span_id.hex(), record.flags) == ("0" * 30 + "a1", "0" * 14 + "b2", 1)


@pytest.mark.parametrize(
    ("value", "field", "sent"),
    [
        ("a", "string_value", "a"),
        ("", "string_value", ""),
        (True, "bool_value", True),
        (2**63 - 1, "int_value", 2**63 - 1),
        (2**63, "double_value", 2.0**63),
        (1.5, "double_value", 1.5),
        ("half \ud83d a pair", "string_value", "half ? a pair"),
    ],
)
def test_attributes_keep_their_types(value: Attribute, field: str, sent: object) -> None:
    found = encoded(value)
    assert found.WhichOneof("value") == field
    assert getattr(found, field) == sent


def test_an_array() -> None:
    assert [each.string_value for each in encoded(("a", "\udc00")).array_value.values] == ["a", "?"]
    assert encoded(()).WhichOneof("value") == "array_value"


def test_all_records_are_of_one_resource_and_scope() -> None:
    (of_resource,) = ENCODER.logs([event(1), event(2)]).resource_logs
    (of_scope,) = of_resource.scope_logs
    assert [pair.key for pair in of_resource.resource.attributes] == ["service.name"]
    assert (of_scope.scope.name, of_scope.scope.version) == ("gitops-observability", __version__)
    assert len(of_scope.log_records) == 2


def test_a_span() -> None:
    (of_resource,) = ENCODER.traces([span(1), span(2, parent_id=None, status=SpanStatus.OK)]).resource_spans
    first, second = of_resource.scope_spans[0].spans
    assert first.trace_id.hex() == span(1).trace_id
    assert (first.span_id.hex(), first.parent_span_id.hex()) == (span(1).id, span(1).parent_id)
    assert first.kind == trace_pb2.Span.SPAN_KIND_SERVER
    assert (first.status.code, first.status.message) == (trace_pb2.Status.STATUS_CODE_ERROR, "one resource failed")
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in first.links] == [
        (link.trace_id, link.span_id) for link in span(1).links
    ]
    assert second.parent_span_id == b""
    assert (second.status.code, second.status.message) == (trace_pb2.Status.STATUS_CODE_OK, "")


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1.0, 2.0**64])
def test_a_time_that_cannot_be_sent_is_refused(at: float) -> None:
    with pytest.raises(Refused, match="cannot be written as OTLP"):
        ENCODER.logs([event(1, at=at)])
    with pytest.raises(Refused, match="cannot be written as OTLP"):
        ENCODER.traces([span(1, started_at=at)])


def test_an_identifier_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="cannot be written as OTLP"):
        ENCODER.traces([span(1, trace_id="not hexadecimal")])


def test_times_are_whole_microseconds() -> None:
    assert nanoseconds(1_795_435_200.123456) == 1_795_435_200_123_456_000


def test_a_value_that_otlp_does_not_know_is_refused() -> None:
    with pytest.raises(Refused, match="OTLP does not know"):
        ENCODER.logs([event(1, attributes={"a": "known", "b": object(), "c": "known, too"})])
    assert encoded("known, too").string_value == "known, too"


def test_equal_values_of_other_types_are_told_apart() -> None:
    values: tuple[Attribute, ...] = (True, 1, 1.0, "1")
    records = ENCODER.logs([event(1, attributes={"key": value}) for value in (*values, *values)]).resource_logs
    sent = [record.attributes[0].value.WhichOneof("value") for record in records[0].scope_logs[0].log_records]
    assert sent == ["bool_value", "int_value", "double_value", "string_value"] * 2


def test_attributes_that_are_forgotten_are_encoded_anew() -> None:
    attributes = Attributes()
    several = [[{"number": str(number), "same": "x"} for number in range(start, start + 3_000)] for start in range(9)]
    for records in several:
        for given_one, data in zip(records, attributes.encoded(records, LogRecord), strict=True):
            assert {pair.key: pair.value.string_value for pair in LogRecord.FromString(data).attributes} == given_one


# The same as what the encoders of OpenTelemetry make of the whole record

RESOURCE = Resource({"service.name": "gitops-observability"})
SDK_SCOPE = InstrumentationScope(SCOPE, __version__)
WORDS = st.text(st.characters(codec="utf-8"), max_size=200)
VALUES = st.one_of(
    WORDS,
    st.booleans(),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False),
    st.lists(WORDS, max_size=3).map(tuple),
)
ATTRIBUTES = st.dictionaries(WORDS, VALUES, max_size=8)
TIMES = st.integers(0, 4_000_000_000_000).map(lambda milliseconds: milliseconds / 1000)
EVENTS = st.builds(
    Event,
    id=st.just("1" * 32),
    name=WORDS,
    at=TIMES,
    observed_at=TIMES,
    severity=st.sampled_from(Severity),
    body=WORDS,
    subject=WORDS,
    attributes=ATTRIBUTES,
)
SPAN_IDS = st.integers(1, 2**64 - 1).map(lambda number: f"{number:016x}")
TRACE_IDS = st.integers(1, 2**128 - 1).map(lambda number: f"{number:032x}")
SPANS = st.builds(
    Span,
    trace_id=TRACE_IDS,
    id=SPAN_IDS,
    parent_id=st.none() | SPAN_IDS,
    name=WORDS,
    kind=st.sampled_from(SpanKind),
    started_at=TIMES,
    ended_at=TIMES,
    status=st.sampled_from(SpanStatus),
    message=WORDS,
    subject=WORDS,
    attributes=ATTRIBUTES,
    links=st.lists(st.builds(Link, TRACE_IDS, SPAN_IDS), max_size=2).map(tuple),
)


@given(st.lists(EVENTS, min_size=1, max_size=5))
def test_logs_are_as_the_official_encoder_makes_them(events: list[Event]) -> None:
    sent = ENCODER.logs(events)
    assert sent == encode_logs([ReadableLogRecord(sdk_log(one), RESOURCE, SDK_SCOPE) for one in events])


@given(st.lists(SPANS, min_size=1, max_size=5))
def test_spans_are_as_the_official_encoder_makes_them(spans: list[Span]) -> None:
    assert ENCODER.traces(spans) == encode_spans(list(map(sdk_span, spans)))


def sdk_log(one: Event) -> SdkLogRecord:
    """The log record of OpenTelemetry's SDK."""
    return SdkLogRecord(
        timestamp=nanoseconds(one.at),
        observed_timestamp=nanoseconds(one.observed_at),
        context=Context({"no": "span"}),
        severity_text=one.severity.value,
        severity_number=SeverityNumber[one.severity.name],
        body=one.body,
        attributes=dict(one.attributes),
        event_name=one.name,
    )


def sdk_span(one: Span) -> ReadableSpan:
    """The span of OpenTelemetry's SDK."""
    failed = one.status is SpanStatus.ERROR
    return ReadableSpan(
        name=one.name,
        context=sdk_context(one.trace_id, one.id),
        parent=None if one.parent_id is None else sdk_context(one.trace_id, one.parent_id),
        resource=RESOURCE,
        attributes=dict(one.attributes),
        links=[SdkLink(sdk_context(link.trace_id, link.span_id)) for link in one.links],
        kind=SdkSpanKind[one.kind.name],
        status=Status(StatusCode[one.status.name], (one.message or None) if failed else None),
        start_time=nanoseconds(one.started_at),
        end_time=nanoseconds(one.ended_at),
        instrumentation_scope=SDK_SCOPE,
    )


def sdk_context(trace_id: str, span_id: str) -> SpanContext:
    """Whom a span is."""
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))
