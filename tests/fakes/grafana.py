"""Grafana's HTTP API for annotations, folders and dashboards, as far as we use it."""

import base64
import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "token-of-grafana"  # noqa: S105 - of the tests
VIEWER = "token-of-a-viewer"
"""Of somebody who may read everything and change nothing."""

LOSE = 0
"""Instead of a status: do what was asked, and cut the connection before the answer."""


class Grafana:
    """A working fake of /api/annotations, /api/folders, /api/search and /api/dashboards.

    Annotations are faithful to Grafana 12's documentation: POST takes time, timeEnd, tags and text as JSON and answers
    200 with `{"message": "Annotation added", "id": n}`; without text 400; GET finds those that have all `tags`, at most
    `limit`, the newest first; who has no valid bearer token gets 401. It takes the same annotation twice, as Grafana
    does.

    Folders, search and dashboards are faithful to the documentation of Grafana 11 to 13 (HTTP API, legacy): a folder is
    made once (409) and removed with all that is in it; search pages by `limit` and `page`, and wants all tags; a
    dashboard is saved by its uid with the next version. 412 with `version-mismatch` answers who names another version
    than it has, unless `overwrite`. Without `folderUid` it goes to the root. A provisioned one cannot be saved (400).
    Who may only view gets 403 for every change, and folders with `canSave: false`.
    """

    def __init__(self) -> None:
        self.annotations: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.lose_answers = 0
        """So many further annotations are kept, and the connection is cut before the answer."""
        self.tokens = {TOKEN, VIEWER}
        self.users = {"admin": "password of the admin"}
        self.url = ""
        self.folders: dict[str, str] = {}
        """Titles by uid."""
        self.dashboards: dict[str, dict[str, Any]] = {}
        """By uid: each with `dashboard`, `folder` and `provisioned`."""
        self.fault: Callable[[web.Request], int | None] = lambda _: None
        """The status to answer a request with instead of doing it, None to do it, LOSE to do it and say nothing."""

    def put(self, document: dict[str, Any], folder: str = "", *, provisioned: bool = False) -> None:
        """Have a dashboard saved, as somebody else does."""
        uid = document["uid"]
        known = self.dashboards.get(uid, {"dashboard": {"id": len(self.dashboards) + 1, "version": 0}})["dashboard"]
        numbers = {"id": known["id"], "version": known["version"] + 1}
        self.dashboards[uid] = {
            "dashboard": copy.deepcopy({**document, **numbers}),
            "folder": folder,
            "provisioned": provisioned,
        }

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

    async def _folder(self, request: web.Request) -> web.StreamResponse:
        uid = request.match_info["uid"]
        if uid not in self.folders:
            return web.json_response({"message": "folder not found", "status": "not-found"}, status=404)
        can = not self._views(request)
        return web.json_response({"id": 1, "uid": uid, "title": self.folders[uid], "canSave": can, "version": 1})

    async def _make_folder(self, request: web.Request) -> web.StreamResponse:
        given = await request.json()
        if given["uid"] in self.folders:
            return web.json_response({"message": "a folder with that uid already exists"}, status=409)
        self.folders[given["uid"]] = given["title"]
        return web.json_response({"id": 1, **given, "canSave": True, "version": 1})

    async def _remove_folder(self, request: web.Request) -> web.StreamResponse:
        uid = request.match_info["uid"]
        if self.folders.pop(uid, None) is None:
            return web.json_response({"message": "folder not found"}, status=404)
        self.dashboards = {key: one for key, one in self.dashboards.items() if one["folder"] != uid}
        return web.json_response({"message": "Folder deleted", "id": 1})

    async def _search(self, request: web.Request) -> web.StreamResponse:
        tags, folders = set(request.query.getall("tag", [])), set(request.query.getall("folderUIDs", []))
        hits = [
            {"uid": uid, "title": one["dashboard"]["title"], "type": "dash-db", "folderUid": one["folder"]}
            for uid, one in sorted(self.dashboards.items())
            if tags <= set(one["dashboard"].get("tags", [])) and (not folders or one["folder"] in folders)
        ]
        limit, page = int(request.query.get("limit", 1000)), int(request.query.get("page", 1))
        return web.json_response(hits[limit * (page - 1) : limit * page])

    async def _save(self, request: web.Request) -> web.StreamResponse:
        given = await request.json()
        document, folder = given["dashboard"], given.get("folderUid", "")
        if not document.get("title"):
            return web.json_response({"message": "Dashboard title cannot be empty", "status": "empty-name"}, status=400)
        if folder and folder not in self.folders:
            return web.json_response({"message": "folder not found", "status": "not-found"}, status=400)
        known = self.dashboards.get(document["uid"])
        if known is not None and known["provisioned"]:
            return web.json_response({"message": "Cannot save provisioned dashboard"}, status=400)
        version = known["dashboard"]["version"] if known else 0
        if known is not None and document.get("version") != version and not given.get("overwrite"):
            said = {"message": "The dashboard has been changed by someone else", "status": "version-mismatch"}
            return web.json_response(said, status=412)
        self.put(document, folder)
        made = self.dashboards[document["uid"]]["dashboard"]
        numbers = {key: made[key] for key in ("id", "uid", "version")}
        return web.json_response({**numbers, "status": "success", "url": f"/d/{made['uid']}/", "slug": ""})

    async def _dashboard(self, request: web.Request) -> web.StreamResponse:
        one = self.dashboards.get(request.match_info["uid"])
        if one is None:
            return web.json_response({"message": "Dashboard not found"}, status=404)
        meta = {"folderUid": one["folder"], "provisioned": one["provisioned"], "canSave": not self._views(request)}
        return web.json_response({"dashboard": one["dashboard"], "meta": meta})

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        one = self.dashboards.pop(request.match_info["uid"], None)
        if one is None:
            return web.json_response({"message": "Dashboard not found"}, status=404)
        title = one["dashboard"]["title"]
        return web.json_response({"title": title, "message": f"Dashboard {title} deleted", "id": 1})

    def _views(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {VIEWER}"

    def _known(self, shown: str) -> bool:
        if shown.startswith("Basic "):
            user, _, password = base64.b64decode(shown.removeprefix("Basic ")).decode().partition(":")
            return self.users.get(user) == password
        return shown.removeprefix("Bearer ") in self.tokens

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(request.method)
        if not self._known(request.headers.get("Authorization", "")):
            return web.json_response({"message": "Invalid API key"}, status=401)
        if request.method != "GET" and self._views(request):
            return web.json_response({"message": "You'll need additional permissions"}, status=403)
        status = self.fault(request)
        if status:
            return web.json_response({"message": f"a fault of the tests: {status}"}, status=status)
        answer: web.StreamResponse = await handler(request)
        if status == LOSE:
            assert request.transport is not None
            request.transport.abort()
        return answer

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Grafana"]:
        """Serve on a free port of the loopback; `url` tells which."""
        application = web.Application(middlewares=[self._guard], client_max_size=1 << 24)
        router = application.router
        router.add_post("/api/annotations", self._add)
        router.add_get("/api/annotations", self._find)
        router.add_get("/api/search", self._search)
        router.add_post("/api/folders", self._make_folder)
        router.add_get("/api/folders/{uid}", self._folder)
        router.add_delete("/api/folders/{uid}", self._remove_folder)
        router.add_post("/api/dashboards/db", self._save)
        router.add_get("/api/dashboards/uid/{uid}", self._dashboard)
        router.add_delete("/api/dashboards/uid/{uid}", self._remove)
        async with TestServer(application) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self
