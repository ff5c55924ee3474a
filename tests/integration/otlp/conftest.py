"""Collectors, and sinks that deliver to them until the test ends."""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from observability.delivery.otlp.endpoint import Endpoint
from observability.delivery.otlp.opening import open_sink
from observability.delivery.sending import Outcome, Sending, send
from tests.delivered import AT
from tests.fakes.outbox import MemoryOutbox
from tests.integration import servers
from tests.integration.servers import Certificates, Collector

RESOURCE = {"service.name": "gitops-observability", "deployment.region": "eu"}
StartCollector = Callable[..., Collector]


@pytest.fixture(scope="session")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collector]:
    """A Collector that no test may stop. Tests keep apart by the identifiers of their records."""
    with servers.running(Collector(tmp_path_factory.mktemp("collector") / "collector")) as running:
        yield running


@pytest.fixture(scope="session")
def secure_collector(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Collector]:
    """The same with TLS, for clients with a certificate only."""
    folder = tmp_path_factory.mktemp("collector") / "secure"
    with servers.running(Collector(folder, certificates)) as running:
        yield running


@pytest.fixture
def start_collector(tmp_path: Path) -> Iterator[StartCollector]:
    """A function that starts a Collector of the test's own."""
    started: list[Collector] = []

    def start() -> Collector:
        collector = Collector(tmp_path / f"collector-{secrets.token_hex(4)}")
        started.append(collector)
        collector.start()
        return collector

    yield start
    for collector in started:
        collector.stop(kill=True)


@pytest.fixture
def first() -> int:
    """The number of the first record of a test, far from those of others."""
    return secrets.randbelow(2**40) * 2**10


class Lane:
    """A sink that is served: what became of records, and how long the pauses were that nobody waited for."""

    def __init__(self, outbox: MemoryOutbox, endpoint: Endpoint) -> None:
        self.outbox = outbox
        self.endpoint = endpoint
        self.outcomes: Counter[Outcome] = Counter()
        self.pauses: list[float] = []

    def count(self, _: str, outcome: Outcome, records: int) -> None:
        self.outcomes[outcome] += records

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0.02)

    async def empty(self) -> None:
        """Wait until everything is acknowledged or refused."""
        async with asyncio.timeout(servers.patience(30)):
            while self.outbox.pending(self.endpoint.name):  # noqa: ASYNC110 - the outbox has no such event
                await asyncio.sleep(0.02)


@asynccontextmanager
async def delivering(outbox: MemoryOutbox, endpoint: Endpoint, **how: Any) -> AsyncIterator[Lane]:
    """Deliver to the endpoint until the block ends."""
    lane = Lane(outbox, endpoint)
    sink = open_sink(endpoint, RESOURCE, lambda: AT)
    sending = Sending(**{"count": lane.count, "random": lambda: 0.5, "sleep": lane.sleep, **how})
    task = asyncio.create_task(send(outbox, sink, sending))
    try:
        yield lane
        assert not task.done(), "the loop runs for ever"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sink.close()
