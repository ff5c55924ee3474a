"""What a status of gRPC means."""

import pytest
from google.rpc.error_details_pb2 import BadRequest, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from grpc.aio import AioRpcError, Metadata

from observability.delivery.otlp.grpc import failure
from observability.errors import Later, Refused


def error(code: StatusCode, details: str = "", trailing: Metadata | None = None) -> AioRpcError:
    """An error as gRPC raises it."""
    return AioRpcError(code, Metadata(), trailing or Metadata(), details)


def retry_in(seconds: float) -> Metadata:
    """Trailing metadata with a RetryInfo, behind another detail."""
    info = RetryInfo()
    info.retry_delay.FromMilliseconds(int(seconds * 1000))
    status = Status(code=8)
    for detail in (BadRequest(), info):
        status.details.add().Pack(detail)
    return Metadata(("other", "text"), ("grpc-status-details-bin", status.SerializeToString()))


@pytest.mark.parametrize("code", [code for code in StatusCode if code is not StatusCode.OK])
def test_only_what_is_about_the_records_refuses_them(code: StatusCode) -> None:
    expected = Refused if code is StatusCode.INVALID_ARGUMENT else Later
    assert type(failure("http://c:4317?key=secret", error(code))) is expected
    assert "secret" not in str(failure("http://c:4317?key=secret", error(code)))


def test_a_message_that_is_too_large_is_refused() -> None:
    details = "grpc: received message larger than max (5242880 vs. 4194304)"
    said = failure("http://c:4317", error(StatusCode.RESOURCE_EXHAUSTED, details))
    assert type(said) is Refused
    assert str(said) == f"http://c:4317 answered RESOURCE_EXHAUSTED: {details}"


@pytest.mark.parametrize("seconds", [0.0, 2.5])
def test_retry_info_is_obeyed(seconds: float) -> None:
    said = failure("http://c", error(StatusCode.RESOURCE_EXHAUSTED, "larger than a quota", retry_in(seconds)))
    assert isinstance(said, Later)
    assert said.retry_after_seconds == seconds


def test_patience_has_an_end() -> None:
    said = failure("http://c", error(StatusCode.UNAVAILABLE, "", retry_in(1e6)))
    assert isinstance(said, Later)
    assert said.retry_after_seconds == 300


@pytest.mark.parametrize("value", [b"\xff\xff", b""])
def test_details_that_cannot_be_read_are_left_alone(value: bytes) -> None:
    trailing = Metadata(("grpc-status-details-bin", value))
    said = failure("http://c", error(StatusCode.UNAVAILABLE, "x\ny" * 1000, trailing))
    assert isinstance(said, Later)
    assert said.retry_after_seconds is None
    assert len(str(said)) < 300
