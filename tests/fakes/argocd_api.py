"""Argo CD's API, as far as metadata of revisions are asked of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ssl import SSLContext
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "token-of-argocd-5f21"  # noqa: S105 - of the tests

Answer = Callable[[web.Request], web.StreamResponse]


class ArgoCd:
    """A working fake of GET /api/v1/applications/{name}/revisions/{revision}/metadata.

    Faithful to argo-cd 3.x, server/application/application.go (RevisionMetadata, getApplicationEnforceRBAC) behind
    grpc-gateway: without a valid bearer token 401; an Application that the account may not get, or that does not
    exist, 403, since nobody may learn which; a place without a source, and a revision that Git does not find, 500 with
    code 2. `appNamespace` is the namespace of the control plane when it is left out, `sourceIndex` is 0.
    """

    def __init__(self) -> None:
        self.tokens = {TOKEN}
        self.commits: dict[tuple[str, str, int], dict[str, dict[str, Any]]] = {}
        """By namespace, name and place of the source what is told of each revision."""
        self.asked: list[str] = []
        """Paths with their queries, as they came."""
        self.answers: list[Answer] = []
        """For the next requests, in order, instead of what it knows."""
        self.url = ""

    async def _metadata(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.raw_path)
        if self.answers:
            return self.answers.pop(0)(request)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, 16, "invalid session: token is expired")
        application = request.query.get("appNamespace", "argocd"), request.match_info["name"]
        if not any(known[:2] == application for known in self.commits):
            return error(403, 7, "permission denied")
        place = int(request.query.get("sourceIndex", "0"))
        told = self.commits.get((*application, place))
        if told is None:
            return error(500, 2, f"error getting app source by source index and version ID: {place} not found")
        revision = request.match_info["revision"]
        if revision not in told:
            return error(500, 2, f"`git show` failed exit status 128: fatal: bad object {revision}")
        return web.json_response(told[revision])

    @asynccontextmanager
    async def serving(self, tls: SSLContext | None = None) -> AsyncIterator["ArgoCd"]:
        """Serve on a free port of the loopback, below /argo; `url` tells where."""
        application = web.Application()
        application.router.add_get("/argo/api/v1/applications/{name}/revisions/{revision}/metadata", self._metadata)
        server = TestServer(application, scheme="https" if tls else "http")
        await server.start_server(ssl=tls)
        try:
            self.url = f"{server.make_url('/argo')}"
            yield self
        finally:
            await server.close()


def error(status: int, code: int, message: str) -> web.StreamResponse:
    """An error as grpc-gateway writes it, `code` of gRPC."""
    return web.json_response({"error": message, "code": code, "message": message}, status=status)
