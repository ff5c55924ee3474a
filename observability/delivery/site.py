"""What is served: a request in, an answer out. Knows nothing of sockets, certificates or timers.

| path | answer |
|---|---|
| /metrics | the text format 0.0.4, whatever the client accepts; gzip when it prefers that |
| /livez | 200 while the process can answer, whatever the API server does |
| /readyz | 200 when everything that is watched has been listed once, else 503 and what is missing |
| / | a page for people that links them |

GET and HEAD only. Query strings are ignored, as the exporter-toolkit does.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from aiohttp import web

from observability.delivery.authentication import Authentication
from observability.delivery.connections import Connection
from observability.delivery.guards import Guard, Refusal
from observability.delivery.negotiation import prefers_gzip
from observability.delivery.pages import (
    ALIVE,
    NO_BODY,
    NOT_FOUND,
    ONLY_READING,
    REFUSALS,
    SECURITY,
    Page,
    index,
    readiness,
)
from observability.delivery.webconfig import WebConfig

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
PIECE_BYTES: Final = 128 * 1024
"""So much is handed to a connection at once, and waits in memory for a client that is slow."""


class Body(Protocol):
    """The body of /metrics."""

    async def gzip(self) -> Sequence[bytes | memoryview]:
        """Fragments of one gzip member, complete and in order."""
        ...

    def identity(self) -> AsyncIterator[bytes]:
        """The same text as it is, in pieces."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the rest of the program tells the server."""

    metrics: Body
    waiting_for: Callable[[], Sequence[str]]
    """Why it is not ready, one sentence each, without a full stop. Empty: it is ready."""
    watched: Callable[[], Sequence[str]]
    """What is watched, for people: one line a kind."""
    version: str
    links: Sequence[tuple[str, str]] = ()
    """Names and addresses that the start page links to, http and https only."""


class Answers:
    """Answers requests of guarded connections, wholly: when `answer` returns, the last byte is in the kernel."""

    def __init__(
        self, site: Site, authentication: Authentication, guard: Guard, config: Callable[[], WebConfig]
    ) -> None:
        self._metrics = site.metrics
        self._pages: Mapping[str, Callable[[], Page | None]] = {
            "/metrics": lambda: None,
            "/livez": lambda: ALIVE,
            "/readyz": lambda: readiness(site.waiting_for()),
            "/": lambda: index(site.version, site.watched(), site.waiting_for(), site.links),
        }
        self._authentication = authentication
        self._guard = guard
        self._config = config

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request: the handler that aiohttp calls."""
        connection = request.protocol
        assert isinstance(connection, Connection)  # noqa: S101  # the server makes no other
        connection.begin()
        try:
            response = await self._respond(request, connection)
            await response.write_eof()
            await connection.flush(request.writer)
        finally:
            connection.rest()
        return response

    async def _respond(self, request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        page = await self._page(request)
        if page is not None:
            return await self._send_page(request, page)
        with self._guard.scrape(connection) as admitted:
            if not admitted:
                return await self._send_page(request, REFUSALS[Refusal.SCRAPE_CAP])
            response = await self._send_metrics(request, connection)
            await response.write_eof()
            await connection.flush(request.writer)
            return response

    async def _page(self, request: web.BaseRequest) -> Page | None:
        """What to answer, None for the metrics."""
        if request.method not in ("GET", "HEAD"):
            return ONLY_READING
        if request.body_exists:
            return NO_BODY
        users = self._config().users
        refusal = await self._authentication.refusal(request.headers.get("Authorization"), request.path, users)
        if refusal is not None:
            self._guard.refuse(refusal)
            return REFUSALS[refusal]
        return self._pages.get(request.path, _not_found)()

    async def _send_page(self, request: web.BaseRequest, page: Page) -> web.StreamResponse:
        content = page.text.encode()
        response = self._response(page.status, page.content_type)
        response.headers.update(page.headers)
        if page.status == 401:
            response.headers.extend(
                ("WWW-Authenticate", how) for how in self._authentication.challenges(self._config().users)
            )
        response.content_length = len(content)
        if page.status >= 500 or request.body_exists:  # who is turned away takes no place
            response.force_close()
        await response.prepare(request)
        if request.method != "HEAD":
            await response.write(content)
        return response

    async def _send_metrics(self, request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        response = self._response(200, CONTENT_TYPE)
        response.headers["Vary"] = "Accept-Encoding"
        if prefers_gzip(", ".join(request.headers.getall("Accept-Encoding", ()))):
            fragments = await self._metrics.gzip()
            response.headers["Content-Encoding"] = "gzip"
            response.content_length = sum(map(len, fragments))
            await response.prepare(request)
            if request.method != "HEAD":
                await _send(response, connection, fragments)
            return response
        await response.prepare(request)
        if request.method != "HEAD":
            async for text in self._metrics.identity():
                await _send(response, connection, (text,))
        return response

    def _response(self, status: int, content_type: str) -> web.StreamResponse:
        headers = {**SECURITY, **self._config().headers}
        response = web.StreamResponse(status=status, headers={name: value for name, value in headers.items() if value})
        response.headers["Content-Type"] = content_type
        response.headers["Cache-Control"] = "no-store"
        response.headers["Server"] = "gitops-observability"
        return response


def _not_found() -> Page:
    return NOT_FOUND


async def _send(response: web.StreamResponse, connection: Connection, fragments: Iterable[bytes | memoryview]) -> None:
    """Write at the speed of the client. Small fragments go together, large ones in pieces; the loop gets its turn."""
    for piece in pieces(fragments, PIECE_BYTES):
        await response.write(piece)
        connection.progressed()
        await asyncio.sleep(0)  # a fast client never makes the writer wait


def pieces(fragments: Iterable[bytes | memoryview], size: int) -> Iterable[bytes | memoryview]:
    """The same bytes, none of them longer than `size`, and short ones joined up to it."""
    small: list[bytes | memoryview] = []
    length = 0
    for fragment in fragments:
        if small and length + len(fragment) > size:
            yield b"".join(small)
            small.clear()
            length = 0
        if len(fragment) <= size:
            small.append(fragment)
            length += len(fragment)
        else:
            view = memoryview(fragment)
            yield from (view[at : at + size] for at in range(0, len(fragment), size))
    if small:
        yield b"".join(small)
