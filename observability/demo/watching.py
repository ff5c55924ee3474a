"""Watches: the lines of one stream, from a resourceVersion on, until its time is over or it falls out of the ring."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import NamedTuple

from observability.demo.answers import Refusal, bookmark, too_large, too_old
from observability.demo.listing import parse_version
from observability.demo.objects import render
from observability.demo.selectors import Matches
from observability.demo.store import Event, Expired, Shelf, Store

BATCH = 100
"""Events in one write: about 1 MB of 11 kB each."""


class Request(NamedTuple):
    """What a watch asks for. `timeout_seconds` is when the server ends it."""

    timeout_seconds: float
    resource_version: str = ""
    match: str = ""
    bookmarks: bool = False
    initial_events: bool | None = None
    matches: Matches | None = None


def check(request: Request, store: Store) -> None:
    """Raises Refusal for what a real server refuses before the stream begins."""
    if request.initial_events is not None and request.match != "NotOlderThan":
        message = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise Refusal(422, "Invalid", f"ListOptions.meta.k8s.io is invalid: resourceVersionMatch: Forbidden: {message}")
    if request.match and request.initial_events is None:
        message = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        raise Refusal(422, "Invalid", f"ListOptions.meta.k8s.io is invalid: resourceVersionMatch: Forbidden: {message}")
    wanted = parse_version(request.resource_version)
    if request.initial_events and wanted > store.resource_version:
        raise too_large(wanted, store.resource_version)


class Watch:
    """One stream over `shelf`. `bookmark_seconds`: how often a bookmark comes when they are allowed.

    `position` is the number of the next event that it sends; a load generator looks at it to keep pace.
    """

    def __init__(self, store: Store, shelf: Shelf, request: Request, bookmark_seconds: float) -> None:
        self.position = shelf.head
        self._store = store
        self._shelf = shelf
        self._request = request
        self._bookmark_seconds = bookmark_seconds
        self._wake = asyncio.Event()

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Lines, many at a time. After an ERROR the stream ends."""
        self._shelf.listeners.add(self._wake.set)
        try:
            for initial in self._begin():
                yield initial
            async for changes in self._follow():
                yield changes
        except Expired as error:
            status = too_old(parse_version(self._request.resource_version), error.oldest).status
            yield (json.dumps({"type": "ERROR", "object": status}, separators=(",", ":")) + "\n").encode()
        finally:
            self._shelf.listeners.discard(self._wake.set)

    def check_age(self) -> None:
        """Raises Refusal when the resourceVersion is too old, before the stream begins."""
        wanted = parse_version(self._request.resource_version)
        if wanted and wanted < self._shelf.floor:
            raise too_old(wanted, self._shelf.floor)

    def _begin(self) -> Iterator[bytes]:
        """Find the position to start from, and the initial events if there are any. Raises Expired."""
        request = self._request
        wanted = parse_version(request.resource_version)
        if request.initial_events or (request.initial_events is None and wanted == 0):
            self.position = self._shelf.head
            return _initial(self._store, self._shelf, request)
        self.position = self._shelf.position(wanted) if wanted else self._shelf.head
        return iter(())

    async def _follow(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._request.timeout_seconds
        next_bookmark = loop.time() + self._bookmark_seconds
        while (now := loop.time()) < end:
            events = self._shelf.since(self.position, BATCH)
            if events:
                self.position += len(events)
                yield self._encode(events)
                continue
            if self._request.bookmarks and now >= next_bookmark:
                next_bookmark = now + self._bookmark_seconds
                yield self._bookmark()
            self._wake.clear()
            await self._sleep(min(end, next_bookmark) - now if self._request.bookmarks else end - now)
        if self._request.bookmarks and self.position == self._shelf.head:
            yield self._bookmark()

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, 0.001)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _bookmark(self) -> bytes:
        return bookmark(self._shelf.kind.kind, self._store.resource_version).encode()

    def _encode(self, events: list[Event]) -> bytes:
        matches = self._request.matches
        if matches is None:
            return "".join([_line(event.type, event) for event in events]).encode()
        return "".join([_line(kind, event) for event in events if (kind := _seen(event, matches))]).encode()


def _initial(store: Store, shelf: Shelf, request: Request) -> Iterator[bytes]:
    """The lines of all objects as ADDED, and the bookmark that ends them when both were asked for."""
    snapshot, matches = store.snapshot(shelf.kind.plural), request.matches
    entries = [entry for entry in snapshot.entries if matches is None or matches(entry.record)]
    for start in range(0, len(entries), BATCH):
        part = entries[start : start + BATCH]
        lines = [f'{{"type":"ADDED","object":{render(entry.record, entry.resource_version)}}}\n' for entry in part]
        yield "".join(lines).encode()
    if request.initial_events and request.bookmarks:
        yield bookmark(shelf.kind.kind, snapshot.resource_version, initial_events_end=True).encode()


def _line(kind: str, event: Event) -> str:
    return f'{{"type":"{kind}","object":{render(event.record, event.resource_version)}}}\n'


def _seen(event: Event, matches: Matches) -> str:
    """What a watcher with a selector is told: an object that no longer matches is DELETED for it; empty: nothing."""
    before = event.before is not None and matches(event.before)
    after = event.type != "DELETED" and matches(event.record)
    if after:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else ""
