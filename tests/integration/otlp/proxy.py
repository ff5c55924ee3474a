"""A proxy before a receiver of OTLP over HTTP, that answers by itself as long as the test wants it to.

The real Collector cannot be told to refuse. What is not answered here goes on to it as it came.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

import aiohttp
from aiohttp import web
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse

Answer: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def status(code: int, text: str = "", content_type: str = "text/plain", **headers: str) -> Answer:
    """Answers with this status; `Retry_After` is the header Retry-After."""

    async def answer(_: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=code, text=text, content_type=content_type, headers=named)

    return answer


def redirect_to_itself() -> Answer:
    """Points to where it was asked, for ever."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": str(request.url)})

    return answer


def rejects(records: int, message: str) -> Answer:
    """Success, but for so many records."""
    partial = ExportLogsPartialSuccess(rejected_log_records=records, error_message=message)
    body = ExportLogsServiceResponse(partial_success=partial).SerializeToString()

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/x-protobuf")

    return answer


def never_ends(pause_seconds: float, chunk: bytes) -> Answer:
    """200, and then bytes until the client goes."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-protobuf"})
        await response.prepare(request)
        while True:
            await response.write(chunk)
            await asyncio.sleep(pause_seconds)

    return answer


class Proxy:
    """`answers` are given in their order, one a request; then all goes through. `requests`: what was asked."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.url = ""
        self.answers: deque[Answer] = deque()
        self.requests: list[web.Request] = []
        self.through = asyncio.Event()
        """Something went through."""

    def script(self, answers: Iterable[Answer]) -> None:
        """Give these first."""
        self.answers.extend(answers)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        self.requests.append(request)
        body = await request.read()
        if self.answers:
            return await self.answers.popleft()(request)
        headers = {name: request.headers[name] for name in ("Content-Type",)}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.upstream + request.path, data=body, headers=headers) as answer,
        ):
            content = await answer.read()
        self.through.set()
        return web.Response(status=answer.status, body=content, content_type=answer.content_type)


@asynccontextmanager
async def before(upstream: str) -> AsyncIterator[Proxy]:
    """A proxy before this URL, on a free port."""
    proxy = Proxy(upstream)
    application = web.Application(client_max_size=2**26)
    application.router.add_route("*", "/{path:.*}", proxy.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    proxy.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield proxy
    finally:
        await runner.cleanup()
