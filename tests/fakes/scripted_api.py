"""A Kubernetes API that answers as a test wrote it down, for what no real server does on demand."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any, NamedTuple

from aiohttp import web

JSON = "application/json"


class Then(Enum):
    """What happens after the last chunk."""

    END = auto()
    """The answer is complete."""
    HANG = auto()
    """The connection stays open, and nothing comes."""
    CUT = auto()
    """The connection is closed in the middle of the answer."""


class Answer(NamedTuple):
    """What one request is answered with."""

    chunks: tuple[bytes, ...] = ()
    status: int = 200
    content_type: str = JSON
    headers: Mapping[str, str] = {}
    then: Then = Then.END


class Request(NamedTuple):
    """What was asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class ScriptedApi:
    """Answers each request with the next line of its script; after the last one every request hangs.

    Faithful to HTTP: real sockets, chunked answers, connections that break. What the answers say is the test's
    business; the functions below write them as k8s.io/apimachinery does. `requests` holds what was asked.
    Lists of one object, by which a watch makes sure of its version, stay outside of script and `requests`: `looks`
    counts them, and each is answered as of `version`. None: they are requests like others.
    """

    def __init__(self) -> None:
        self.script: list[Answer | Callable[[Request], Answer]] = []
        self.requests: list[Request] = []
        self.url = ""
        self.version: int | None = 1_000
        self.looks = 0

    @property
    def queries(self) -> list[Mapping[str, str]]:
        """The query of each request."""
        return [request.query for request in self.requests]

    async def _serve(self, asked: web.Request) -> web.StreamResponse:
        request = Request(asked.method, asked.path, dict(asked.query), dict(asked.headers), await asked.read())
        if request.query == {"limit": "1"} and self.version is not None:
            self.looks += 1
            return web.Response(body=page(self.version).chunks[0], content_type=JSON)
        self.requests.append(request)
        next_ = self.script.pop(0) if self.script else Answer(then=Then.HANG)
        answer = next_(request) if callable(next_) else next_
        response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
        response.content_type = answer.content_type
        await response.prepare(asked)
        for chunk in answer.chunks:
            await response.write(chunk)
        if answer.then is Then.HANG:
            await asyncio.Event().wait()
        if answer.then is Then.CUT and asked.transport is not None:
            await asyncio.sleep(0)
            asked.transport.abort()
        return response

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["ScriptedApi"]:
        """Serve on a free port of the loopback; `url` tells which. `tls`: None for plain HTTP."""
        application = web.Application(client_max_size=2**30)
        application.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(application, shutdown_timeout=0, handler_cancellation=True)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()


def application(name: str, version: int, **fields: Any) -> dict[str, Any]:
    """An Application in namespace `argocd`."""
    metadata = {"namespace": "argocd", "name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, **fields}


def event(type_: str, document: Mapping[str, Any]) -> bytes:
    """A line of a watch."""
    return json.dumps({"type": type_, "object": document}, separators=(",", ":")).encode() + b"\n"


def bookmark(version: int, end_of_list: bool = False) -> bytes:
    """A bookmark; that at the end of a streaming list is marked."""
    annotations = {"annotations": {"k8s.io/initial-events-end": "true"}} if end_of_list else {}
    return event("BOOKMARK", {"kind": "Application", "metadata": {"resourceVersion": str(version), **annotations}})


def status(code: int, reason: str, message: str, **more: Any) -> dict[str, Any]:
    """A Status object."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "code": code,
        "reason": reason,
    } | {
        "message": message,
        **more,
    }


def refusal(
    code: int, reason: str, message: str = "no", headers: Mapping[str, str] | None = None, **more: Any
) -> Answer:
    """An answer that is an error."""
    return Answer((json.dumps(status(code, reason, message, **more)).encode(),), code, headers=headers or {})


def page(version: int, *documents: Mapping[str, Any], more: str = "") -> Answer:
    """A chunk of a list; `more` is the token of the next."""
    metadata = {"resourceVersion": str(version), "continue": more}
    body = {"kind": "ApplicationList", "metadata": metadata, "items": list(documents)}
    return Answer((json.dumps(body).encode(),))


def stream(*lines: bytes, then: Then = Then.HANG) -> Answer:
    """A watch."""
    return Answer(lines, then=then)


NO_STREAMING = refusal(422, "Invalid", "sendInitialEvents is forbidden for watch")
EXPIRED = status(410, "Expired", "too old resource version: 1 (7)")
