"""A server under test, as its tests see it: where it is, and what it reported."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from observability.delivery.guards import Refusal
from observability.delivery.reloading import Reload

NOON = 1_795_435_200.0
"""2026-11-23T12:00:00Z, the time that the server is told."""


@dataclass
class Exporter:
    """A server, where it is, and what it reported."""

    host: str = ""
    port: int = 0
    waiting_for: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    reloads: list[Reload] = field(default_factory=list)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Of the clients."""
    server: AsyncExitStack = field(default_factory=AsyncExitStack)

    def url(self, path: str = "/metrics", scheme: str = "http") -> str:
        return f"{scheme}://{self.host}:{self.port}{path}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        self.stack.callback(writer.close)
        return reader, writer

    async def stop(self) -> None:
        await self.server.aclose()

    async def send(self, request: bytes) -> bytes:
        """Everything that comes back until the server closes."""
        reader, writer = await self.connect()
        writer.write(request)
        return await reader.read()


Serve = Callable[..., Awaitable[Exporter]]


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds; the timeout of the test is the deadline."""
    while not condition():  # noqa: ASYNC110  # the server under test has no event for everything
        await asyncio.sleep(0.01)
