"""From records to OTLP. What a real receiver makes of it is in tests/integration/otlp."""

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1 import trace_pb2

from observability import __version__
from observability.delivery.otlp.encoding import Encoder, nanoseconds
from observability.errors import Refused
from observability.model.event import Attribute, Severity, SpanStatus
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
