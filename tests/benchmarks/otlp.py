"""Catching up: events from an outbox in memory, encoded and sent over HTTP to a real Collector, a process of its own.

Beside it OpenTelemetry's own batch processor and HTTP exporter, on the same events. Both also send to a receiver that
answers 503 for some seconds: how many events arrive.
"""

import asyncio
import contextlib
import gzip
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, NamedTuple

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from observability.delivery.otlp.encoding import nanoseconds
from observability.delivery.otlp.endpoint import Endpoint, logs_url
from observability.delivery.otlp.opening import open_sink
from observability.delivery.sending import Sending, send
from observability.model.event import Event
from tests.benchmarks.processes import until
from tests.benchmarks.rows import Peer, Row
from tests.delivered import AT, event
from tests.fakes.outbox import MemoryOutbox
from tests.integration import servers

PEER: Final = "OpenTelemetry SDK"
_RESOURCE: Final = {"service.name": "gitops-observability"}
_HOW: Final = "20 attributes a record, http/protobuf without gzip, to a Collector on the same machine; one thread."
_SDK: Final = f"{PEER}: BatchLogRecordProcessor with a queue for all records, and OTLPLogExporter over HTTP."
_OUTAGE: Final = "Events come at an even rate while the receiver answers 503; half a minute later they are counted."
_ATTRIBUTES: Final = {f"gitops.attribute.number_{number}": f"a value like {number}" for number in range(14)}


class Outage(NamedTuple):
    """How many events come, while the receiver is away for how long, and for how long both may go on after it."""

    events: int
    seconds: float
    patience_seconds: float


class _Speed(NamedTuple):
    per_second: float
    cpu_us: float
    """Of this process, a record."""


def run(folder: Path, *, quick: bool) -> list[Row]:
    """Speed, CPU and what arrives after an outage. Without a Collector only the latter."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # the peer tells each failure
    outage = Outage(500, 1.0, 5.0) if quick else Outage(5_000, 6.0, 30.0)
    rows = []
    if servers.found("otelcol"):
        rows = _catching_up(folder, 2_000 if quick else 50_000)
    ours, theirs = _ours_after(outage), _theirs_after(outage)
    name = f"OTLP: arrived of {outage.events:,} events, 503 for {outage.seconds:.0f} s"
    return [
        *rows,
        Row(
            name=name,
            value=ours,
            unit="events",
            target=outage.events,
            more_is_better=True,
            peers=(Peer(PEER, theirs),),
            notes=(_OUTAGE,),
        ),
    ]


def _catching_up(folder: Path, count: int) -> list[Row]:
    events = [_event(number) for number in range(count)]
    with servers.running(servers.Collector(folder / "collector")) as collector:
        endpoint = Endpoint(name="bench", endpoint=collector.http_url)
        asyncio.run(_deliver(endpoint, events[:1000]))  # what the first request costs is not asked
        ours = _measured(count, lambda: asyncio.run(_deliver(endpoint, events)))
        theirs = _measured(count, lambda: _export(logs_url(endpoint) or "", events))
    return [
        Row(
            name="OTLP: records when catching up",
            value=ours.per_second,
            unit="/s",
            target=5_000,
            more_is_better=True,
            peers=(Peer(PEER, theirs.per_second),),
            notes=(_HOW, _SDK),
        ),
        Row(
            name="OTLP: CPU a record",
            value=ours.cpu_us,
            unit="µs",
            peers=(Peer(PEER, theirs.cpu_us),),
            notes=(_HOW, _SDK),
        ),
    ]


def _measured(count: int, deliver: Callable[[], None]) -> _Speed:
    started, busy = time.perf_counter(), time.process_time()
    deliver()
    return _Speed(count / (time.perf_counter() - started), (time.process_time() - busy) / count * 1e6)


def _ours_after(outage: Outage) -> int:
    """How many events arrive by the outbox."""
    with _Receiver(outage.seconds).serving() as receiver:
        asyncio.run(_deliver_evenly(Endpoint(name="bench", endpoint=receiver.url), outage))
        return len(receiver.arrived)


def _theirs_after(outage: Outage) -> int:
    """How many events arrive by the batch processor."""
    with _Receiver(outage.seconds).serving() as receiver:
        provider = _provider(f"{receiver.url}/v1/logs", None)
        logger = provider.get_logger("bench")
        for number in range(outage.events):
            logger.emit(_record(_event(number)))
            if number % 100 == 99:
                time.sleep(outage.seconds * 100 / outage.events)
        with contextlib.suppress(RuntimeError):
            until(lambda: len(receiver.arrived) == outage.events, outage.patience_seconds, "all arrive")
        provider.shutdown()
        return len(receiver.arrived)


async def _deliver(endpoint: Endpoint, events: Sequence[Event]) -> None:
    """Until all of them are acknowledged."""
    outbox = MemoryOutbox(events)
    async with _sending(outbox, endpoint):
        while outbox.pending(endpoint.name):  # noqa: ASYNC110 - the outbox of the tests has no such event
            await asyncio.sleep(0.01)


async def _deliver_evenly(endpoint: Endpoint, outage: Outage) -> None:
    outbox = MemoryOutbox()
    async with _sending(outbox, endpoint):
        for start in range(0, outage.events, 100):
            await outbox.add(*(_event(number) for number in range(start, min(start + 100, outage.events))))
            await asyncio.sleep(outage.seconds * 100 / outage.events)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(outage.patience_seconds):
                while outbox.pending(endpoint.name):  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.01)


@asynccontextmanager
async def _sending(outbox: MemoryOutbox, endpoint: Endpoint) -> AsyncIterator[None]:
    sink = open_sink(endpoint, _RESOURCE, lambda: AT)
    task = asyncio.create_task(send(outbox, sink, Sending(count=lambda *_: None, random=random.random)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sink.close()


def _export(url: str, events: Sequence[Event]) -> None:
    """Until the batch processor says that all of them are exported."""
    provider = _provider(url, len(events))
    logger = provider.get_logger("bench")
    for each in events:
        logger.emit(_record(each))
    provider.force_flush(600_000)
    provider.shutdown()


def _provider(url: str, queue: int | None) -> LoggerProvider:
    """`queue` None: as it is by default."""
    provider = LoggerProvider(Resource(_RESOURCE), shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(url), max_queue_size=queue))
    return provider


def _record(happened: Event) -> LogRecord:
    return LogRecord(
        timestamp=nanoseconds(happened.at),
        observed_timestamp=nanoseconds(happened.observed_at),
        severity_text=happened.severity.value,
        severity_number=SeverityNumber.INFO,
        body=happened.body,
        attributes=happened.attributes,
        event_name=happened.name,
    )


class _Receiver:
    """Takes logs, but answers 503 for some seconds from its start. `arrived`: the identifiers of the events."""

    def __init__(self, away_seconds: float) -> None:
        self.arrived: set[str] = set()
        self.url = ""
        self._back_at = time.monotonic() + away_seconds

    @contextmanager
    def serving(self) -> Iterator["_Receiver"]:
        """Serve while the context is open."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                status = receiver.take(
                    self.rfile.read(int(self.headers["Content-Length"])), self.headers.get("Content-Encoding", "")
                )
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            self.url = f"http://127.0.0.1:{server.server_port}"
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()

    def take(self, body: bytes, encoding: str) -> int:
        """The status for a request."""
        if time.monotonic() < self._back_at:
            return 503
        content = gzip.decompress(body) if encoding == "gzip" else body
        self.arrived.update(
            pair.value.string_value
            for part in ExportLogsServiceRequest.FromString(content).resource_logs
            for record in part.scope_logs[0].log_records
            for pair in record.attributes
            if pair.key == "gitops.event.id"
        )
        return 200


def _event(number: int) -> Event:
    """An event of 20 attributes."""
    return event(number, attributes={**event(number).attributes, **_ATTRIBUTES})
