"""Grafana's HTTP API for annotations, as far as a sink of them needs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "token-of-grafana"  # noqa: S105 - of the tests


class Grafana:
    """A working fake of /api/annotations.

    Faithful to Grafana 12's documentation: POST takes time, timeEnd, tags and text as JSON and answers 200 with
    `{"message": "Annotation added", "id": n}`; without text 400; GET finds those that have all `tags`, at most `limit`,
    the newest first; who has no valid bearer token gets 401. It takes the same annotation twice, as Grafana does.
    """

    def __init__(self) -> None:
        self.annotations: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.lose_answers = 0
        """So many further annotations are kept, and the connection is cut before the answer."""
        self.tokens = {TOKEN}
        self.url = ""

    async def _add(self, request: web.Request) -> web.StreamResponse:
        given = await request.json()
        if not given.get("text"):
            return web.json_response({"message": "Failed to save annotation", "error": "text is empty"}, status=400)
        made = {"id": len(self.annotations) + 1, **given}
        self.annotations.append(made)
        if self.lose_answers:
            self.lose_answers -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"message": "Annotation added", "id": made["id"]})

    async def _find(self, request: web.Request) -> web.StreamResponse:
        tags = set(request.query.getall("tags", []))
        found = [one for one in reversed(self.annotations) if tags <= set(one["tags"])]
        return web.json_response(found[: int(request.query.get("limit", 100))])

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(request.method)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return web.json_response({"message": "Invalid API key"}, status=401)
        answer: web.StreamResponse = await handler(request)
        return answer

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Grafana"]:
        """Serve on a free port of the loopback; `url` tells which."""
        application = web.Application(middlewares=[self._guard])
        application.router.add_post("/api/annotations", self._add)
        application.router.add_get("/api/annotations", self._find)
        async with TestServer(application) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self
