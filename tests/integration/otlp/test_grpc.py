"""Statuses of gRPC that the Collector cannot be told to give, from a server of the tests with the generated stubs."""

from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import (
    LogsServiceServicer,
    add_LogsServiceServicer_to_server,
)

from observability.delivery.otlp.endpoint import Endpoint, Protocol
from observability.delivery.sending import Outcome
from tests.delivered import event
from tests.fakes.outbox import MemoryOutbox
from tests.integration.otlp.conftest import delivering


class Logs(LogsServiceServicer):
    """Answers with `statuses` first, and with `rejections`; then takes everything."""

    def __init__(self) -> None:
        self.url = ""
        self.statuses: deque[tuple[StatusCode, str, float | None]] = deque()
        self.rejections: deque[int] = deque()
        self.taken: list[str] = []
        self.metadata: list[dict[str, str | bytes]] = []

    async def Export(  # noqa: N802 - gRPC's name
        self, request: ExportLogsServiceRequest, context: "grpc.aio.ServicerContext[object, object]"
    ) -> ExportLogsServiceResponse:
        """Take logs."""
        self.metadata.append(dict(context.invocation_metadata() or ()))
        if self.statuses:
            code, details, delay = self.statuses.popleft()
            trailing = () if delay is None else (("grpc-status-details-bin", retry_info(delay)),)
            await context.abort(code, details, trailing)
        if self.rejections:
            partial = ExportLogsPartialSuccess(rejected_log_records=self.rejections.popleft(), error_message="no")
            return ExportLogsServiceResponse(partial_success=partial)
        self.taken.extend(
            next(pair.value.string_value for pair in record.attributes if pair.key == "gitops.event.id")
            for part in request.resource_logs
            for record in part.scope_logs[0].log_records
        )
        return ExportLogsServiceResponse()


def retry_info(seconds: float) -> bytes:
    """A Status with a RetryInfo."""
    info = RetryInfo()
    info.retry_delay.FromMilliseconds(int(seconds * 1000))
    status = Status(code=8)
    status.details.add().Pack(info)
    content: bytes = status.SerializeToString()
    return content


@pytest.fixture
async def logs() -> AsyncIterator[Logs]:
    """A receiver of logs."""
    service = Logs()
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 20_000)])
    add_LogsServiceServicer_to_server(service, server)  # type: ignore[no-untyped-call]
    service.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield service
    await server.stop(None)


def endpoint(logs: Logs, headers_file: Path | None = None) -> Endpoint:
    return Endpoint(
        name="it",
        logs_endpoint=logs.url,
        protocol=Protocol.GRPC,
        headers={"X-Scope-OrgID": "shop"},
        headers_file=headers_file,
    )


@pytest.mark.parametrize(
    ("code", "delay", "pause"),
    [
        (StatusCode.UNAVAILABLE, None, 0.6),
        (StatusCode.UNAVAILABLE, 7.0, 7.0),
        (StatusCode.RESOURCE_EXHAUSTED, 2.5, 2.5),
        (StatusCode.RESOURCE_EXHAUSTED, None, 0.6),
        (StatusCode.UNAUTHENTICATED, None, 0.6),
        (StatusCode.INTERNAL, None, 0.6),
        (StatusCode.UNIMPLEMENTED, None, 0.6),
    ],
)
async def test_it_is_tried_again(logs: Logs, code: StatusCode, delay: float | None, pause: float) -> None:
    logs.statuses.append((code, "not now", delay))
    outbox = MemoryOutbox(event(number) for number in range(20))
    async with delivering(outbox, endpoint(logs)) as lane:
        await lane.empty()
    assert logs.taken == [event(number).id for number in range(20)]
    assert lane.pauses == pytest.approx([pause])
    assert not outbox.dead


async def test_what_is_invalid_is_found_in_halves(logs: Logs) -> None:
    logs.statuses.extend([(StatusCode.INVALID_ARGUMENT, "bad", None)] * 3)
    outbox = MemoryOutbox(event(number) for number in range(4))
    async with delivering(outbox, endpoint(logs)) as lane:
        await lane.empty()
    assert logs.taken == [event(number).id for number in (1, 2, 3)]
    assert [dead.reason for dead in outbox.dead] == [f"{logs.url} answered INVALID_ARGUMENT: bad"]


async def test_what_is_rejected_in_part_is_found_in_halves(logs: Logs) -> None:
    logs.rejections.extend([1, 1])
    outbox = MemoryOutbox(event(number) for number in range(2))
    async with delivering(outbox, endpoint(logs)) as lane:
        await lane.empty()
    assert logs.taken == [event(1).id]
    assert [dead.reason for dead in outbox.dead] == ["1 log records rejected: no"]


async def test_a_message_beyond_the_limit_of_the_receiver_goes_in_halves(logs: Logs) -> None:
    outbox = MemoryOutbox(event(number, body="x" * 1000) for number in range(100))
    async with delivering(outbox, endpoint(logs)) as lane:
        await lane.empty()
    assert logs.taken == [event(number).id for number in range(100)]
    assert lane.outcomes == {Outcome.DELIVERED: 100}


async def test_headers_are_metadata(logs: Logs, tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("Authorization: Bearer x\n")
    async with delivering(MemoryOutbox([event(1)]), endpoint(logs, file)) as lane:
        await lane.empty()
    (metadata,) = logs.metadata
    assert (metadata["x-scope-orgid"], metadata["authorization"]) == ("shop", "Bearer x")
    assert str(metadata["user-agent"]).startswith("gitops-observability/")
