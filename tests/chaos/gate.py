"""The way to the Collector, which can be shut: a proxy in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import aiohttp
from aiohttp import web

from tests.integration.otlp.proxy import Answer, Proxy, status


class Gate(Proxy):
    """`shut` answers instead of the Collector as long as it is set. `mute`: what goes through is never answered."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.shut: Answer | None = None
        self.mute = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        if self.shut is not None:
            await request.read()
            return await self.shut(request)
        try:
            answer = await super().handle(request)
        except (aiohttp.ClientError, OSError):
            answer = await hang_up(request)
        self.requests.clear()
        return await hang_up(request) if self.mute else answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    """No answer: the connection is cut."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


REFUSALS: tuple[tuple[str, Answer], ...] = (
    ("429", status(429, Retry_After="1")),
    ("503", status(503)),
    ("401", status(401)),
    ("cut", hang_up),
)
"""What a shut gate does, by name."""


@contextmanager
def before(upstream: str) -> Iterator[Gate]:
    """A gate before this URL, until the block ends."""
    gate, loop = Gate(upstream), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="gate")
    thread.start()
    application = web.Application(client_max_size=2**26)
    application.router.add_route("*", "/{path:.*}", gate.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    async def open_() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    try:
        gate.url = asyncio.run_coroutine_threadsafe(open_(), loop).result()
        yield gate
    finally:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
