"""What arrives at a real Collector is what was sent, field by field."""

from pathlib import Path
from typing import Any

import pytest

from observability.delivery.otlp.endpoint import Compression, Endpoint, Protocol
from observability.delivery.otlp.opening import open_sink
from observability.errors import Later, SettingsError
from observability.model.event import Severity, SpanKind, SpanStatus
from tests.delivered import AT, event, span
from tests.fakes.outbox import MemoryOutbox
from tests.integration.otlp import arrived
from tests.integration.otlp.conftest import RESOURCE, delivering
from tests.integration.servers import Certificates, Collector, until

SUBJECT = "Application/argocd/shop-prod"


def at(collector: Collector, protocol: Protocol) -> str:
    """The URL for a protocol."""
    return collector.grpc_url if protocol is Protocol.GRPC else collector.http_url


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("compression", Compression)
async def test_events_and_spans_arrive_as_they_were_sent(
    collector: Collector, first: int, protocol: Protocol, compression: Compression
) -> None:
    events = [event(first + number) for number in range(100)]
    events.append(event(first + 100, severity=Severity.ERROR, name="gitops.application.health.changed"))
    events.append(event(first + 101, severity=Severity.WARN, body="größer: 猫\n"))
    events.append(event(first + 102, trace_id=f"{first + 2**100:032x}", span_id=f"{first + 2**60:016x}"))
    spans = [span(first), span(first + 1, parent_id=None, kind=SpanKind.INTERNAL, status=SpanStatus.OK, message="")]
    spans.append(span(first + 2, status=SpanStatus.UNSET, message="", links=(), attributes={}))
    endpoint = Endpoint(name="it", endpoint=at(collector, protocol), protocol=protocol, compression=compression)

    async with delivering(MemoryOutbox([*events[:50], *spans, *events[50:]]), endpoint) as lane:
        await lane.empty()

    until(lambda: len(arrived.events(collector, first, SUBJECT)) >= len(events), "the events are in the file")
    until(lambda: len(arrived.spans(collector, first, SUBJECT)) >= len(spans), "the spans are in the file")
    assert arrived.events(collector, first, SUBJECT) == events
    assert arrived.spans(collector, first, SUBJECT) == spans
    assert {tuple(arrived.attributes_of(record["resource"]).items()) for record in collector.logs()} == {
        tuple(RESOURCE.items())
    }


@pytest.mark.parametrize("protocol", Protocol)
async def test_tls_with_a_client_certificate(
    secure_collector: Collector, certificates: Certificates, first: int, protocol: Protocol
) -> None:
    certificate, key = certificates.admin
    endpoint = Endpoint(
        name="it",
        endpoint=at(secure_collector, protocol),
        protocol=protocol,
        certificate=certificates.ca,
        client_certificate=certificate,
        client_key=key,
    )

    async with delivering(MemoryOutbox([event(first)]), endpoint) as lane:
        await lane.empty()

    until(lambda: arrived.events(secure_collector, first, SUBJECT) == [event(first)], "the event is in the file")


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("missing", ["certificate", "client_certificate"])
async def test_without_its_certificates_nobody_is_reached(
    secure_collector: Collector, certificates: Certificates, protocol: Protocol, missing: str
) -> None:
    given: dict[str, Any] = {"certificate": certificates.ca} if missing == "client_certificate" else {}
    endpoint = Endpoint(name="it", endpoint=at(secure_collector, protocol), protocol=protocol, **given)
    sink = open_sink(endpoint, RESOURCE, lambda: AT)
    with pytest.raises(Later, match=r"certificate|UNAVAILABLE"):
        await sink.deliver([event()])
    await sink.close()


@pytest.mark.parametrize("protocol", Protocol)
async def test_a_port_of_the_other_protocol(collector: Collector, protocol: Protocol) -> None:
    wrong = collector.http_url if protocol is Protocol.GRPC else collector.grpc_url
    sink = open_sink(Endpoint(name="it", endpoint=wrong, protocol=protocol), RESOURCE, lambda: AT)
    with pytest.raises(Later, match=r"another protocol|UNAVAILABLE"):
        await sink.deliver([event()])
    await sink.close()


async def test_a_port_that_speaks_tls(secure_collector: Collector) -> None:
    url = secure_collector.http_url.replace("https", "http")
    sink = open_sink(Endpoint(name="it", endpoint=url), RESOURCE, lambda: AT)
    with pytest.raises(Later, match="must begin with https"):
        await sink.deliver([event()])
    await sink.close()


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("field", ["certificate", "client_certificate"])
def test_a_certificate_that_is_none_is_said_at_the_start(tmp_path: Path, protocol: Protocol, field: str) -> None:
    file = tmp_path / "broken.pem"
    file.write_text("no certificate")
    files: dict[str, Any] = {field: file, **({"client_key": file} if field == "client_certificate" else {})}
    endpoint = Endpoint(name="it", endpoint="https://localhost:1", protocol=protocol, **files)
    with pytest.raises(SettingsError, match=rf"OTLP endpoint it: {field}: expected .* in PEM: .*broken.pem"):
        open_sink(endpoint, RESOURCE, lambda: AT)
