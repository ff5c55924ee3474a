"""A running server for each test, on a free port of the loopback interface, and certificates to give it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import trustme

from observability.delivery.guards import Limits
from observability.delivery.http import Serving, serving
from observability.delivery.site import Body, Site
from observability.model.access import TokenReviewer
from tests.fakes.body import FixedBody
from tests.fakes.exporter import NOON, Exporter, Serve


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start servers; they stop when the test ends."""
    async with AsyncExitStack() as stack:

        async def start(
            limits: Limits | None = None,
            *,
            metrics: Body | None = None,
            web_config: Path | None = None,
            reviewer: TokenReviewer | None = None,
            listen: str = "127.0.0.1:0",
            watched: Sequence[str] = ("applications.argoproj.io in all namespaces",),
        ) -> Exporter:
            exporter = Exporter(stack=stack)
            stack.push_async_callback(exporter.stop)
            site = Site(
                metrics=metrics or FixedBody(),
                waiting_for=lambda: exporter.waiting_for,
                watched=lambda: watched,
                version="1.2.3",
            )
            how = Serving(
                listen=listen,
                web_config=web_config,
                limits=limits or Limits(),
                clock=lambda: NOON,
                reviewer=reviewer,
                on_refusal=exporter.refusals.append,
                on_reload=exporter.reloads.append,
            )
            addresses = await exporter.server.enter_async_context(serving(site, how))
            exporter.host, exporter.port = addresses[0].host, addresses[0].port
            return exporter

        yield start


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """The CA that signs what the server shows."""
    return trustme.CA()
