"""The sink: what goes as logs, what as traces, and what need not go again."""

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from observability.delivery.otlp.encoding import Encoder
from observability.delivery.otlp.endpoint import Endpoint
from observability.delivery.otlp.opening import takes
from observability.delivery.otlp.sink import OtlpSink
from observability.errors import Later, Refused
from observability.model.application import SyncedResource
from observability.model.event import Record
from tests.delivered import event, span

EVENTS = [event(number) for number in range(100)]
SPANS = [span(number) for number in range(3)]
BOTH = Endpoint(name="e", endpoint="http://c")


class Sent:
    """A sender that keeps what it was given; the signal in `fails` fails with that."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []
        self.fails: dict[str, Exception] = {}
        self.closed = False

    async def logs(self, request: ExportLogsServiceRequest) -> str:
        return self._take("logs", sum(len(part.scope_logs[0].log_records) for part in request.resource_logs))

    async def traces(self, request: ExportTraceServiceRequest) -> str:
        return self._take("traces", sum(len(part.scope_spans[0].spans) for part in request.resource_spans))

    async def close(self) -> None:
        self.closed = True

    def _take(self, signal: str, records: int) -> str:
        self.sent.append((signal, records))
        if signal in self.fails:
            raise self.fails[signal]
        return "a remark"


@pytest.fixture
def sender() -> Sent:
    return Sent()


def sink(sender: Sent, endpoint: Endpoint = BOTH) -> OtlpSink:
    return OtlpSink(endpoint, sender, Encoder({}))


async def test_a_batch_is_one_request_a_signal(sender: Sent) -> None:
    await sink(sender).deliver([*EVENTS[:50], *SPANS, *EVENTS[50:]])
    assert sender.sent == [("logs", 100), ("traces", 3)]


async def test_the_resources_of_a_sync_are_spans(sender: Sent) -> None:
    resources = tuple(SyncedResource("", "ConfigMap", "shop", f"c{number}") for number in range(70))
    await sink(sender).deliver([span(1, resources=resources), span(2)])
    assert sender.sent == [("traces", 72)]


async def test_nothing_is_sent_for_nothing(sender: Sent) -> None:
    delivering = sink(sender)
    await delivering.deliver(SPANS)
    assert sender.sent == [("traces", 3)]
    await delivering.close()
    assert sender.closed


async def test_a_signal_without_a_url_is_left_out(sender: Sent) -> None:
    only_logs = Endpoint(name="e", logs_endpoint="http://loki")
    await sink(sender, only_logs).deliver([*EVENTS, *SPANS])
    assert sender.sent == [("logs", 100)]
    assert takes(only_logs, EVENTS[0])
    assert not takes(only_logs, SPANS[0])


@pytest.mark.parametrize("error", [Later("away"), Refused("bad")])
async def test_logs_that_are_there_do_not_go_again(sender: Sent, error: Exception) -> None:
    delivering = sink(sender)
    sender.fails["traces"] = error
    batches: tuple[list[Record], ...] = ([*EVENTS, *SPANS], [*EVENTS[50:], *SPANS])
    for records in batches:
        with pytest.raises(type(error)):
            await delivering.deliver(records)
    sender.fails.clear()
    await delivering.deliver([*EVENTS[50:], *SPANS])
    await delivering.deliver(EVENTS[:50])
    assert sender.sent == [("logs", 100), ("traces", 3), ("traces", 3), ("traces", 3)]

    await delivering.deliver(EVENTS)
    assert sender.sent[-1] == ("logs", 100), "what is delivered is forgotten: it is asked for only by a new start"
