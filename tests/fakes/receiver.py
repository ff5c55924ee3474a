"""A receiver over HTTP that answers what a test tells it to."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import web
from aiohttp.test_utils import TestServer

Answer = Callable[[web.Request], web.StreamResponse]


class Received(NamedTuple):
    """A request that came in. Names of headers in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Keeps what it is sent. A real HTTP server; only what it says is made up."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[Answer] = []
        """For the next requests, in order; when there are none left: 202 without a body."""
        self.url = ""

    async def _take(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(request.method, request.path, headers, await request.read()))
        return self.answers.pop(0)(request) if self.answers else web.Response(status=202)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Receiver"]:
        """Serve on a free port of the loopback; `url` tells which."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._take)
        async with TestServer(application) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self


def says(status: int, text: str = "", **headers: str) -> Answer:
    """An answer with this status; `_` in the name of a header is `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=status, text=text, headers=named)


def cuts(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
