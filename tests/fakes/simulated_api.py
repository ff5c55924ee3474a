"""The demo's API in a thread, for tests that watch it from other processes."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from observability.demo.api import Api
from observability.demo.objects import Literal
from observability.demo.store import Store

_PLURALS: Final = {"Application": "applications", "ApplicationSet": "applicationsets", "AppProject": "appprojects"}


class SimulatedApi:
    """Serves whatever the tests put into it, also objects that a real API server would refuse.

    Faithful to what observability.demo.api is: list and watch with resourceVersions, on a real socket. An object comes
    out as it was put, but for its resourceVersion.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[str, Mapping[str, str]]] = []
        """Path and query of each that came."""
        self._store = Store()
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._port = 0

    def put(self, document: Mapping[str, Any], plural: str = "") -> None:
        """Create or replace an object; `plural` is needed only for a kind that is a lie."""
        literal = Literal(dict(document))
        self._loop.call_soon_threadsafe(self._store.put, plural or _PLURALS[document["kind"]], literal)

    def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object."""
        self._loop.call_soon_threadsafe(self._store.delete, _PLURALS[kind], (namespace, name))

    def put_now(self, document: Mapping[str, Any]) -> int:
        """Create or replace an object, and wait for it: its resourceVersion."""
        self.put(document)
        return self._version()

    def delete_now(self, kind: str, namespace: str, name: str) -> int:
        """Delete an object, and wait for it: the resourceVersion of that."""
        self.delete(kind, namespace, name)
        return self._version()

    def compact(self) -> None:
        """Forget what happened so far, as after a compaction of etcd."""
        self._loop.call_soon_threadsafe(self._store.compact)

    @contextmanager
    def serving(self) -> Iterator["SimulatedApi"]:
        """Serve on a free port of the loopback; `url` tells which."""
        thread = threading.Thread(target=self._loop.run_forever, name="simulated API")
        thread.start()
        try:
            self.come_back()
            yield self
        finally:
            self.leave()
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    def _version(self) -> int:
        """The resourceVersion after all that was asked for before."""

        async def version() -> int:
            return self._store.resource_version

        return asyncio.run_coroutine_threadsafe(version(), self._loop).result()

    def leave(self) -> None:
        """Nobody listens any more, and all watches end; objects may be put and deleted meanwhile."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()

    def come_back(self) -> None:
        """Serve again, at the same address; what was done meanwhile is done by then."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    def _noting(self) -> Middleware:
        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            self.requests.append((request.path, dict(request.query)))
            return await handler(request)

        return note

    async def _start(self) -> None:
        application = Api(self._store).application()
        application.middlewares.append(self._noting())
        self._runner = web.AppRunner(application, shutdown_timeout=0, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
