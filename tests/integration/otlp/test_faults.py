"""Receivers that are away, slow, full, or something else: nothing is lost, and what comes twice is the same."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from observability.delivery.otlp.endpoint import Compression, Endpoint, Protocol
from observability.delivery.otlp.opening import open_sink
from observability.delivery.sending import Outcome
from observability.errors import Later
from tests.delivered import AT, event, span
from tests.fakes.outbox import MemoryOutbox
from tests.integration.otlp import arrived, proxy
from tests.integration.otlp.conftest import StartCollector, delivering
from tests.integration.otlp.proxy import Answer, Proxy
from tests.integration.servers import Collector, free_port, patience, until

SUBJECT = "Application/argocd/shop-prod"


@pytest.fixture
async def between(collector: Collector) -> AsyncIterator[Proxy]:
    """A proxy before the Collector."""
    async with proxy.before(collector.http_url) as running:
        yield running


async def eventually(holds: Callable[[], bool], what: str) -> None:
    """Let the loop go on until it holds."""
    async with asyncio.timeout(patience(30)):
        while not holds():  # noqa: ASYNC110 - the Collector tells nobody
            await asyncio.sleep(0.02)
    assert holds(), what


def numbers(collector: Collector, first: int) -> list[int]:
    """Which events arrived, in their order."""
    return [int(event.id, 16) - first for event in arrived.events(collector, first, SUBJECT)]


AWAY: dict[str, tuple[Answer, float]] = {
    "401": (proxy.status(401, "who are you?"), 0.6),
    "403": (proxy.status(403), 0.6),
    "404": (proxy.status(404), 0.6),
    "429": (proxy.status(429, Retry_After="7"), 7.0),
    "429 until": (proxy.status(429, Retry_After="Mon, 23 Nov 2026 12:00:09 GMT"), 8.876544),
    "500": (proxy.status(500), 0.6),
    "503": (proxy.status(503, "the queue is full"), 0.6),
    "204": (proxy.status(204), 0.6),
    "302": (proxy.redirect_to_itself(), 0.6),
    "a page": (proxy.status(200, "<html>log in</html>", "text/html"), 0.6),
    "text": (proxy.status(200, "ok"), 0.6),
    "an endless answer": (proxy.never_ends(0.0, b"\0" * 2**16), 0.6),
    "an answer that hangs": (proxy.never_ends(30.0, b"\0"), 0.6),
}


@pytest.mark.parametrize("fault", AWAY)
async def test_it_is_tried_again_until_it_goes_through(
    between: Proxy, collector: Collector, first: int, fault: str
) -> None:
    answer, pause = AWAY[fault]
    between.script([answer, answer])
    endpoint = Endpoint(name="it", endpoint=between.url, timeout_seconds=1.0)
    outbox = MemoryOutbox(event(first + number) for number in range(20))

    async with delivering(outbox, endpoint) as lane:
        await lane.empty()

    until(lambda: len(numbers(collector, first)) >= 20, "the events are in the file")
    assert numbers(collector, first) == list(range(20))
    assert len(between.requests) == 3, "a redirect is not followed, and nothing is asked behind our back"
    assert lane.outcomes == {Outcome.RETRIED: 40, Outcome.DELIVERED: 20}
    assert lane.pauses[0] == pytest.approx(pause)
    assert not outbox.dead


async def test_what_is_rejected_is_found_in_halves(between: Proxy, collector: Collector, first: int) -> None:
    # All eight, then the first four, are rejected in part; so are the first two, and the first of them alone.
    between.script([proxy.rejects(1, "too old")] * 4)
    outbox = MemoryOutbox(event(first + number) for number in range(8))

    async with delivering(outbox, Endpoint(name="it", endpoint=between.url)) as lane:
        await lane.empty()

    until(lambda: len(numbers(collector, first)) >= 7, "the events are in the file")
    assert numbers(collector, first) == [1, 2, 3, 4, 5, 6, 7]
    assert [(dead.row.number, dead.reason) for dead in outbox.dead] == [(1, "1 log records rejected: too old")]
    assert lane.outcomes == {Outcome.REFUSED: 1, Outcome.DELIVERED: 7}


@pytest.mark.parametrize("code", [400, 413])
async def test_a_batch_that_is_refused_goes_in_halves(
    between: Proxy, collector: Collector, first: int, code: int
) -> None:
    between.script([proxy.status(code), proxy.status(code)])
    outbox = MemoryOutbox(event(first + number) for number in range(8))

    async with delivering(outbox, Endpoint(name="it", endpoint=between.url)) as lane:
        await lane.empty()

    until(lambda: len(numbers(collector, first)) >= 8, "the events are in the file")
    assert numbers(collector, first) == list(range(8))
    assert len(between.requests) == 5, "8, 4, 2, 2, 4"
    assert not outbox.dead


async def test_logs_go_once_while_traces_are_refused(between: Proxy, collector: Collector, first: int) -> None:
    between.script([proxy.status(404)] * 3)
    endpoint = Endpoint(
        name="it", logs_endpoint=f"{collector.http_url}/v1/logs", traces_endpoint=f"{between.url}/v1/traces"
    )
    outbox = MemoryOutbox([event(first), span(first), event(first + 1)])

    async with delivering(outbox, endpoint) as lane:
        await lane.empty()

    until(lambda: len(arrived.spans(collector, first, SUBJECT)) >= 1, "the span is in the file")
    assert arrived.spans(collector, first, SUBJECT) == [span(first)]
    assert numbers(collector, first) == [0, 1]
    assert len(lane.pauses) == 3


@pytest.mark.parametrize("protocol", Protocol)
async def test_a_collector_that_is_killed_and_comes_back(
    start_collector: StartCollector, first: int, protocol: Protocol
) -> None:
    collector = start_collector()
    url = collector.grpc_url if protocol is Protocol.GRPC else collector.http_url
    outbox = MemoryOutbox(event(first + number) for number in range(100))
    endpoint = Endpoint(name="it", endpoint=url, protocol=protocol, timeout_seconds=5.0)

    async with delivering(outbox, endpoint, rows_max=10) as lane:
        await lane.empty()
        # What the Collector acknowledged is in its memory until it writes its file.
        await eventually(lambda: len(numbers(collector, first)) == 100, "the first hundred are in the file")
        collector.stop(kill=True)
        await outbox.add(*(event(first + number) for number in range(100, 200)))
        await eventually(lambda: len(lane.pauses) >= 2, "it was tried in vain")
        assert outbox.pending("it") == 100
        await asyncio.to_thread(collector.start)
        await lane.empty()
        await eventually(lambda: len(numbers(collector, first)) >= 200, "all are in the file")

    assert numbers(collector, first) == list(range(200))
    assert lane.outcomes[Outcome.DELIVERED] == 200
    assert not outbox.dead


@pytest.mark.parametrize("protocol", Protocol)
async def test_a_collector_that_stands_still_and_goes_on(
    start_collector: StartCollector, first: int, protocol: Protocol
) -> None:
    collector = start_collector()
    url = collector.grpc_url if protocol is Protocol.GRPC else collector.http_url
    outbox = MemoryOutbox()
    endpoint = Endpoint(name="it", endpoint=url, protocol=protocol, timeout_seconds=1.0)

    async with delivering(outbox, endpoint) as lane:
        await outbox.add(event(first))
        await lane.empty()
        collector.pause()
        await outbox.add(*(event(first + number) for number in range(1, 50)))
        await eventually(lambda: len(lane.pauses) >= 2, "it was tried in vain")
        assert outbox.pending("it") == 49
        collector.resume()
        await lane.empty()
        await eventually(lambda: set(numbers(collector, first)) == set(range(50)), "all are in the file")

    # What was on its way when it stood still may have been taken, too: the same once more.
    found = {each.id: each for each in arrived.events(collector, first, SUBJECT)}
    assert list(found.values()) == [event(first + number) for number in range(50)]
    assert not outbox.dead


async def test_one_that_is_down_never_holds_back_another(between: Proxy, collector: Collector, first: int) -> None:
    between.script([proxy.status(503)] * 1000)
    outbox = MemoryOutbox(event(first + number) for number in range(50))
    down = Endpoint(name="down", endpoint=between.url)
    up = Endpoint(name="up", endpoint=collector.http_url)

    async with delivering(outbox, down), delivering(outbox, up) as lane:
        await lane.empty()
        assert outbox.pending("down") == 50
    assert lane.outcomes == {Outcome.DELIVERED: 50}


async def test_the_headers_of_a_request(between: Proxy, first: int, tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("Authorization: Bearer x\n")
    endpoint = Endpoint(
        name="it",
        endpoint=between.url,
        headers={"X-Scope-OrgID": "shop"},
        headers_file=file,
        compression=Compression.GZIP,
    )
    outbox = MemoryOutbox([event(first)])
    async with delivering(outbox, endpoint) as lane:
        await lane.empty()
        file.unlink()
        await outbox.add(event(first + 1))
        await eventually(lambda: bool(lane.pauses), "a file that is gone is waited for")
        file.write_text("Authorization: Bearer y\n")
        await lane.empty()
    assert [request.headers["Authorization"] for request in between.requests] == ["Bearer x", "Bearer y"]
    headers = between.requests[0].headers
    assert headers["X-Scope-OrgID"] == "shop"
    assert headers["Content-Type"] == "application/x-protobuf"
    assert headers["Content-Encoding"] == "gzip"
    assert headers["User-Agent"].startswith("gitops-observability/")


@pytest.mark.parametrize("protocol", Protocol)
async def test_nobody_listens(protocol: Protocol) -> None:
    sink = open_sink(Endpoint(name="it", endpoint=f"http://127.0.0.1:{free_port()}", protocol=protocol), {}, lambda: AT)
    with pytest.raises(Later, match=r"cannot reach|UNAVAILABLE"):
        await sink.deliver([event()])
    await sink.close()


async def test_a_cancelled_delivery_leaves_nothing_behind(between: Proxy) -> None:
    between.script([proxy.never_ends(30.0, b"\0")])
    sink = open_sink(Endpoint(name="it", endpoint=between.url), {}, lambda: AT)
    task = asyncio.create_task(sink.deliver([event()]))
    await eventually(lambda: len(between.requests) == 1, "it was asked")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await sink.close()


@pytest.mark.parametrize(("no_proxy", "through"), [("", 1), ("collector.test", 0)])
async def test_a_proxy_by_the_variables(
    between: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_proxy: str, through: int
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    for name, value in (("NETRC", str(netrc)), ("http_proxy", between.url), ("no_proxy", no_proxy)):
        monkeypatch.setenv(name, value)
    between.script([proxy.rejects(0, "")])
    headers = {"Authorization": "Bearer x"}
    sink = open_sink(Endpoint(name="it", endpoint="http://collector.test", headers=headers), {}, lambda: AT)
    with contextlib.nullcontext() if through else pytest.raises(Later, match=r"cannot reach http://collector.test"):
        await sink.deliver([event()])
    await sink.close()
    assert [request.headers["Authorization"] for request in between.requests] == ["Bearer x"] * through
