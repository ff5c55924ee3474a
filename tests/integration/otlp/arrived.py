"""What arrived at a Collector, as the records that were sent. The inverse of the encoder, written from OTLP's JSON.

Source: opentelemetry-proto 1.9, logs.proto and trace.proto; in JSON 64-bit integers are strings.
"""

from typing import Any

from observability.delivery.otlp.encoding import SCOPE
from observability.model.event import Event, Link, Severity, Span, SpanKind, SpanStatus
from tests.integration.servers import Collector

_SEVERITY_NUMBERS = {9: "INFO", 13: "WARN", 17: "ERROR"}
_KINDS = {1: SpanKind.INTERNAL, 2: SpanKind.SERVER}
_STATUSES = {0: SpanStatus.UNSET, 1: SpanStatus.OK, 2: SpanStatus.ERROR}


def events(collector: Collector, first: int, subject: str) -> list[Event]:
    """The events numbered from `first`; which subject they were of is not sent."""
    found = [event_of(record, subject) for record in collector.logs()]
    return [event for event in found if first <= int(event.id, 16) < first + 2**10]


def spans(collector: Collector, first: int, subject: str) -> list[Span]:
    """The spans numbered from `first`."""
    found = [span_of(record, subject) for record in collector.spans()]
    return [span for span in found if first <= int(span.trace_id, 16) - 2**100 < first + 2**10]


def event_of(record: dict[str, Any], subject: str) -> Event:
    """One log record."""
    attributes = attributes_of(record)
    assert record["scope"]["name"] == SCOPE
    assert _SEVERITY_NUMBERS[record["severityNumber"]] == record["severityText"]
    return Event(
        id=attributes["gitops.event.id"],
        name=record["eventName"],
        at=int(record["timeUnixNano"]) / 10**9,
        observed_at=int(record["observedTimeUnixNano"]) / 10**9,
        severity=Severity(record["severityText"]),
        body=record["body"]["stringValue"],
        subject=subject,
        attributes=attributes,
        trace_id=record.get("traceId", ""),
        span_id=record.get("spanId", ""),
    )


def span_of(record: dict[str, Any], subject: str) -> Span:
    """One span."""
    assert record["scope"]["name"] == SCOPE
    return Span(
        trace_id=record["traceId"],
        id=record["spanId"],
        parent_id=record.get("parentSpanId") or None,
        name=record["name"],
        kind=_KINDS[record["kind"]],
        started_at=int(record["startTimeUnixNano"]) / 10**9,
        ended_at=int(record["endTimeUnixNano"]) / 10**9,
        status=_STATUSES[record["status"].get("code", 0)],
        message=record["status"].get("message", ""),
        subject=subject,
        attributes=attributes_of(record),
        links=tuple(Link(link["traceId"], link["spanId"]) for link in record.get("links", ())),
    )


def attributes_of(holder: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a record or a resource."""
    return {each["key"]: _value(each["value"]) for each in holder.get("attributes", ())}


def _value(value: dict[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "intValue":
            return int(content)
        case "arrayValue":
            return tuple(_value(each) for each in content.get("values", ()))
        case _:
            return content
