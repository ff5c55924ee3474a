"""The sink: records in their order, as requests for logs and for traces.

Encodes in short stretches, between which the rest of the exporter runs: no scrape waits for a batch.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import Final, Protocol, TypeVar

import structlog
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from observability.delivery.otlp.encoding import Encoder
from observability.delivery.otlp.endpoint import Endpoint, logs_url, traces_url
from observability.model.event import Event, Record, Span
from observability.signals.traces import spans_of

log = structlog.get_logger(__name__)

_STRETCH: Final = 64
"""Records that are encoded without a pause: about two milliseconds."""

_AnyRecord = TypeVar("_AnyRecord", Event, Span)
_AnyRequest = TypeVar("_AnyRequest", ExportLogsServiceRequest, ExportTraceServiceRequest)


class Sender(Protocol):
    """Brings requests to a receiver. Both return what it remarks, mostly nothing, and raise Refused and Later."""

    async def logs(self, request: ExportLogsServiceRequest) -> str:
        """Send logs."""
        ...

    async def traces(self, request: ExportTraceServiceRequest) -> str:
        """Send traces."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class OtlpSink:
    """Logs and traces to one endpoint. What goes to a signal without a URL goes nowhere."""

    def __init__(self, endpoint: Endpoint, sender: Sender, encoder: Encoder) -> None:
        self.name = endpoint.name
        self._sender = sender
        self._encoder = encoder
        self._has_logs = logs_url(endpoint) is not None
        self._has_traces = traces_url(endpoint) is not None
        self._there: set[str] = set()
        self._remark = ""

    async def deliver(self, records: Sequence[Record]) -> None:
        """Return once all of them are there.

        Logs that are there need not go again when the traces beside them failed: a backend without traces would get
        the same logs for ever. They are remembered until all of their batch is there.

        Raises:
            Refused: the receiver will not take them, or some of them.
            Later: it may take them another time.
        """
        if self._has_logs and (events := self._missing(records, Event)):
            self._note(await self._sender.logs(await _encoded(events, self._encoder.logs, ExportLogsServiceRequest())))
            self._there.update(map(_key, events))
        if self._has_traces and (spans := self._missing(records, Span)):
            whole = chain.from_iterable(map(spans_of, spans))
            request = await _encoded(whole, self._encoder.traces, ExportTraceServiceRequest())
            self._note(await self._sender.traces(request))
        self._there.difference_update(map(_key, records))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._sender.close()

    def _missing(self, records: Sequence[Record], kind: type[_AnyRecord]) -> list[_AnyRecord]:
        return [each for each in records if isinstance(each, kind) and _key(each) not in self._there]

    def _note(self, remark: str) -> None:
        if remark != self._remark:
            self._remark = remark
            if remark:
                log.warning("the receiver took all, but remarks", endpoint=self.name, remark=remark)


async def _encoded(
    records: Iterable[_AnyRecord], encode: Callable[[Sequence[_AnyRecord]], _AnyRequest], request: _AnyRequest
) -> _AnyRequest:
    """All records in `request`."""
    rest = iter(records)
    while some := list(islice(rest, _STRETCH)):
        request.MergeFrom(encode(some))
        await asyncio.sleep(0)
    return request


def _key(record: Record) -> str:
    return record.id if isinstance(record, Event) else f"{record.trace_id}/{record.id}"
