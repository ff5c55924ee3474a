"""The HTTP API of the simulated cluster: discovery, get, list and watch, as far as clients of Kubernetes need them.

Faithful to kube-apiserver 1.33 for custom resources in: paths, limit and continue, label selectors, resourceVersion
and resourceVersionMatch, streaming lists, bookmarks, 410 as a status and as an ERROR event, Status objects. It has no
TLS, no authentication, and refuses every write.
"""

import asyncio
from contextlib import aclosing
from random import Random
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from observability.demo.answers import DISCOVERY, GROUP, VERSION, Refusal, status
from observability.demo.listing import Lister, Query, body
from observability.demo.objects import render
from observability.demo.selectors import Matches, SelectorError, selector
from observability.demo.store import Shelf, Store
from observability.demo.watching import Request, Watch, check

_TRUE: Final = frozenset({"1", "t", "true", "True", "TRUE"})
_PREFIX: Final = f"/apis/{GROUP}/{VERSION}"


class Api:
    """Serves `store`.

    `bookmark_seconds`: how often a quiet watch gets a bookmark. `hold_seconds`: how long a list in chunks can go on.
    `expired_as_status`: a watch from a resourceVersion that is too old is answered with the status 410, as some servers
    do, instead of an ERROR event.
    """

    def __init__(
        self,
        store: Store,
        *,
        bookmark_seconds: float = 60.0,
        hold_seconds: float = 300.0,
        expired_as_status: bool = False,
    ) -> None:
        self.store = store
        self.lister = Lister(store, lambda: asyncio.get_running_loop().time(), hold_seconds)
        self.watches: set[Watch] = set()
        self._streams: set[asyncio.Task[object]] = set()
        self._bookmark_seconds = bookmark_seconds
        self._expired_as_status = expired_as_status
        self._random = Random(0)

    def application(self) -> web.Application:
        """The routes. Watches end when it is shut down."""
        app = web.Application(middlewares=[_refusals])
        for path in DISCOVERY:
            app.router.add_get(path, _discovery)
        for path in ("/readyz", "/livez", "/healthz"):
            app.router.add_get(path, _ok)
        app.router.add_get(f"{_PREFIX}/{{plural}}", self._collection)
        app.router.add_get(f"{_PREFIX}/namespaces/{{namespace}}/{{plural}}", self._collection)
        app.router.add_get(f"{_PREFIX}/namespaces/{{namespace}}/{{plural}}/{{name}}", self._single)
        app.on_shutdown.append(self._end_watches)
        return app

    def lag(self) -> int:
        """How many events the slowest watcher is behind."""
        shelf = self.store.shelves["applications"]
        return max((shelf.head - watch.position for watch in self.watches), default=0)

    async def _end_watches(self, _app: web.Application) -> None:
        for task in self._streams:
            task.cancel()

    def _shelf(self, request: web.Request) -> Shelf:
        shelf = self.store.shelves.get(request.match_info["plural"])
        if shelf is None:
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        return shelf

    async def _single(self, request: web.Request) -> web.Response:
        shelf = self._shelf(request)
        name = request.match_info["name"]
        entry = shelf.entries.get((request.match_info["namespace"], name))
        if entry is None:
            raise Refusal(404, "NotFound", f'{shelf.kind.plural}.{GROUP} "{name}" not found')
        return web.Response(text=render(entry.record, entry.resource_version), content_type="application/json")

    async def _collection(self, request: web.Request) -> web.StreamResponse:
        shelf = self._shelf(request)
        if request.query.get("watch", "") in _TRUE:
            return await self._watch(request, shelf)
        if "sendInitialEvents" in request.query:
            message = "ListOptions.meta.k8s.io is invalid: sendInitialEvents: Forbidden: only with watch"
            raise Refusal(422, "Invalid", message)
        query = Query(
            limit=_number(request, "limit"),
            token=request.query.get("continue", ""),
            resource_version=request.query.get("resourceVersion", ""),
            match=request.query.get("resourceVersionMatch", ""),
            matches=_matches(request),
        )
        page = self.lister.page(shelf, query)
        response = await _stream(request)
        for part in body(shelf.kind.kind, page):
            await response.write(part)
            await asyncio.sleep(0)
        await response.write_eof()
        return response

    async def _watch(self, request: web.Request, shelf: Shelf) -> web.StreamResponse:
        initial = request.query.get("sendInitialEvents")
        wanted = Request(
            timeout_seconds=_number(request, "timeoutSeconds") or self._random.uniform(1800, 3600),
            resource_version=request.query.get("resourceVersion", ""),
            match=request.query.get("resourceVersionMatch", ""),
            bookmarks=request.query.get("allowWatchBookmarks", "") in _TRUE,
            initial_events=None if initial is None else initial in _TRUE,
            matches=_matches(request),
        )
        check(wanted, self.store)
        watch = Watch(self.store, shelf, wanted, self._bookmark_seconds)
        if self._expired_as_status:
            watch.check_age()
        response = await _stream(request)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler runs in one
        if shelf.kind.plural == "applications":
            self.watches.add(watch)
        self._streams.add(task)
        try:
            async with asyncio.timeout(wanted.timeout_seconds + 10):  # a client that reads nothing goes then
                async with aclosing(watch.lines()) as stream:
                    async for lines in stream:
                        await response.write(lines)
                        await asyncio.sleep(0)
                await response.write_eof()
        except (TimeoutError, ConnectionError):
            request.protocol.force_close()
        finally:
            self.watches.discard(watch)
            self._streams.discard(task)
        return response


async def _stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    return response


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "0")
    if not text.isdecimal():
        raise Refusal(400, "BadRequest", f'strconv.ParseInt: parsing "{text}": invalid syntax ({name})')
    return int(text)


def _matches(request: web.Request) -> Matches | None:
    query = request.query
    try:
        return selector(
            query.get("labelSelector", ""), query.get("fieldSelector", ""), request.match_info.get("namespace", "")
        )
    except SelectorError as error:
        raise Refusal(400, "BadRequest", str(error)) from error


async def _discovery(request: web.Request) -> web.Response:
    return web.json_response(DISCOVERY[request.path])


async def _ok(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error is a Status."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return web.json_response(refusal.status, status=refusal.code)
    except web.HTTPMethodNotAllowed:
        message = "the server does not allow this method on the requested resource"
        return web.json_response(status(405, "MethodNotAllowed", message), status=405)
    except web.HTTPNotFound:
        message = "the server could not find the requested resource"
        return web.json_response(status(404, "NotFound", message), status=404)
