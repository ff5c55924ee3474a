"""What an answer over HTTP means."""

from typing import Any

import pytest
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from observability.delivery.otlp.answers import Answer, judge
from observability.errors import Later, Refused

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


def answer(status: int = 200, content_type: str = PROTOBUF, body: bytes = b"", **more: Any) -> Answer:
    """An answer to logs."""
    return Answer("http://c/v1/logs", status, content_type, body, **more)


def logs(rejected: int, message: str = "") -> bytes:
    """A response to logs."""
    partial = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
    return ExportLogsServiceResponse(partial_success=partial).SerializeToString()


@pytest.mark.parametrize(
    "taken",
    [
        answer(),
        answer(content_type=""),
        answer(body=logs(0)),
        answer(content_type=JSON, body=b"{}"),
        answer(content_type=JSON, body=b'{"partialSuccess":{}, "a field of tomorrow": 1}'),
    ],
)
def test_all_was_taken(taken: Answer) -> None:
    assert judge(taken, ExportLogsServiceResponse) == ""


def test_a_remark_is_no_rejection() -> None:
    assert judge(answer(body=logs(0, "use less")), ExportLogsServiceResponse) == "use less"


@pytest.mark.parametrize(
    "rejecting",
    [
        answer(body=logs(3, "too old")),
        answer(content_type=JSON, body=b'{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"too old"}}'),
    ],
)
def test_log_records_were_rejected(rejecting: Answer) -> None:
    with pytest.raises(Refused, match=r"^3 log records rejected: too old$"):
        judge(rejecting, ExportLogsServiceResponse)


def test_spans_were_rejected() -> None:
    partial = ExportTracePartialSuccess(rejected_spans=1)
    body = ExportTraceServiceResponse(partial_success=partial).SerializeToString()
    with pytest.raises(Refused, match=r"^1 spans rejected: no reason given$"):
        judge(answer(body=body), ExportTraceServiceResponse)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (answer(content_type="text/html"), "HTML page: is it a login page"),
        (answer(content_type="text/plain", body=b"OK"), "answered 200 with text/plain"),
        (answer(content_type="", body=b"OK"), "content of no type"),
        (answer(body=b"<html>"), "content that is no answer of OTLP"),
        (answer(content_type=JSON, body=b"[1]"), "content that is no answer of OTLP"),
        (answer(content_type=JSON, body=b"\xff"), "content that is no answer of OTLP"),
        (answer(201), "answered 201 Created"),
        (answer(202), "answered 202 Accepted"),
        (answer(204), "answered 204 No Content .*accept_no_content"),
        (
            answer(302, location="http://login/?token=secret"),
            r"redirects are not followed; it points to http://login/\)",
        ),
        (answer(301), "it points to nowhere"),
        (answer(401), "are the headers right"),
        (answer(404), "is the path right"),
        (answer(500), "answered 500 Internal Server Error"),
        (answer(599), "answered 599$"),
        (answer(400, "text/html", b"<html>The plain HTTP request was sent to HTTPS port"), "must begin with https"),
        (answer(400, "text/plain", b"Client sent an HTTP request to an HTTPS server.\n"), "must begin with https"),
        (answer(400, "text/html", b"<html>bad"), "answered 400 Bad Request$"),
    ],
)
def test_it_may_work_another_time(odd: Answer, message: str) -> None:
    with pytest.raises(Later, match=message) as caught:
        judge(odd, ExportLogsServiceResponse)
    assert "secret" not in str(caught.value)


def test_no_content_where_the_user_takes_that() -> None:
    assert judge(answer(204), ExportLogsServiceResponse, accept_no_content=True) == ""


@pytest.mark.parametrize("status", [400, 413])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (PROTOBUF, Status(message="entry\ttoo\nlarge").SerializeToString()),
        (JSON, b'{"code": 3, "message": "entry too large"}'),
        ("text/plain", b"entry too  large\x1b\n"),
    ],
)
def test_the_records_are_refused(status: int, content_type: str, body: bytes) -> None:
    with pytest.raises(Refused, match=r": entry too large$"):
        judge(answer(status, content_type, body), ExportLogsServiceResponse)


def test_a_page_may_say_that_the_request_is_too_large() -> None:
    with pytest.raises(Refused, match="answered 413 "):
        judge(answer(413, "text/html", b"<html>"), ExportLogsServiceResponse)


def test_a_reason_is_cut() -> None:
    with pytest.raises(Later) as caught:
        judge(answer(503, "text/plain", b"x" * 10_000), ExportLogsServiceResponse)
    assert len(str(caught.value)) < 300


def test_retry_after_is_handed_on() -> None:
    with pytest.raises(Later) as caught:
        judge(answer(429, retry_after_seconds=7.0), ExportLogsServiceResponse)
    assert caught.value.retry_after_seconds == 7.0


@given(
    status=st.integers(100, 599),
    content_type=st.sampled_from([PROTOBUF, JSON, "", "text/html", "text/plain"]),
    body=st.binary(max_size=200),
)
def test_any_answer_has_one_of_three_meanings(status: int, content_type: str, body: bytes) -> None:
    said, refused = "", False
    try:
        judge(answer(status, content_type, body), ExportLogsServiceResponse)
    except (Later, Refused) as error:
        said, refused = str(error), True
    assert said.isprintable()
    assert refused or status == 200
