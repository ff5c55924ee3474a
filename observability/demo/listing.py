"""Lists: whole or in chunks, from one consistent snapshot each. Their bytes are made some at a time, never all."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from observability.demo.answers import GROUP, VERSION, Refusal, Token, expired_token, parse_token, too_large, too_old
from observability.demo.objects import render
from observability.demo.selectors import Matches
from observability.demo.store import Entry, Shelf, Snapshot, Store

KEPT_SNAPSHOTS = 8


class Query(NamedTuple):
    """What a list asks for. `limit` 0: all at once. `resource_version` empty: the newest."""

    limit: int = 0
    token: str = ""
    resource_version: str = ""
    match: str = ""
    matches: Matches | None = None


class Page(NamedTuple):
    """A part of a list; `token` empty: the last. `remaining` None: not known, since there was a selector."""

    resource_version: int
    entries: list[Entry]
    token: str = ""
    remaining: int | None = None


class Lister:
    """Answers lists of `store`. Snapshots of lists that go on are held for `hold_seconds`; `clock` is monotonic."""

    def __init__(self, store: Store, clock: Callable[[], float], hold_seconds: float = 300.0) -> None:
        self._store = store
        self._clock = clock
        self._hold_seconds = hold_seconds
        self._held: dict[tuple[str, int], tuple[float, Snapshot]] = {}

    def expire(self) -> None:
        """Forget all snapshots: the lists that go on are expired, as after a compaction of etcd."""
        self._held.clear()

    def page(self, shelf: Shelf, query: Query) -> Page:
        """The part of the list that `query` asks for. Raises Refusal."""
        if query.token:
            token = parse_token(query.token)
            snapshot = self._continued(shelf, token)
            start = bisect_right(snapshot.keys, token.after)
        else:
            self._check_version(shelf, query)
            snapshot, start = self._store.snapshot(shelf.kind.plural), 0
        entries, end = _select(snapshot, start, query)
        if end == len(snapshot.keys):
            return Page(snapshot.resource_version, entries)
        self._hold(shelf, snapshot)
        token = Token(snapshot.resource_version, snapshot.keys[end - 1])
        remaining = len(snapshot.keys) - end if query.matches is None else None
        return Page(snapshot.resource_version, entries, token.encode(), remaining)

    def _continued(self, shelf: Shelf, token: Token) -> Snapshot:
        if token.resource_version == -1:
            return self._store.snapshot(shelf.kind.plural)
        held = self._held.get((shelf.kind.plural, token.resource_version))
        if held is None or self._clock() - held[0] > self._hold_seconds:
            raise expired_token(token)
        return held[1]

    def _hold(self, shelf: Shelf, snapshot: Snapshot) -> None:
        key = (shelf.kind.plural, snapshot.resource_version)
        if key in self._held:
            return
        self._held[key] = (self._clock(), snapshot)
        while len(self._held) > KEPT_SNAPSHOTS:
            del self._held[next(iter(self._held))]

    def _check_version(self, shelf: Shelf, query: Query) -> None:
        current = self._store.resource_version
        if query.match and not query.resource_version:
            message = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            raise Refusal(422, "Invalid", message)
        wanted = parse_version(query.resource_version)
        if wanted > current:
            raise too_large(wanted, current)
        if query.match == "Exact" and wanted != current:
            raise too_old(wanted, max(shelf.floor, 1))


def parse_version(text: str) -> int:
    """A resourceVersion as a number, 0 when it is empty. Raises Refusal."""
    if not text:
        return 0
    if not text.isdecimal():
        raise Refusal(400, "BadRequest", f'Invalid value: "{text}": resourceVersion must be a number')
    return int(text)


def _select(snapshot: Snapshot, start: int, query: Query) -> tuple[list[Entry], int]:
    """Up to `limit` objects from `start` on that match, and where the next part begins."""
    size = len(snapshot.keys)
    if query.matches is None:
        end = min(start + query.limit, size) if query.limit else size
        return snapshot.entries[start:end], end
    chosen: list[Entry] = []
    for position in range(start, size):
        if query.limit and len(chosen) == query.limit:
            return chosen, position
        if query.matches(snapshot.entries[position].record):
            chosen.append(snapshot.entries[position])
    return chosen, size


def body(kind: str, page: Page, batch: int = 100) -> Iterator[bytes]:
    """The JSON of a list, some objects at a time. Items come before the metadata, as a real server sends them."""
    yield f'{{"apiVersion":"{GROUP}/{VERSION}","items":['.encode()
    for start in range(0, len(page.entries), batch):
        part = [render(entry.record, entry.resource_version) for entry in page.entries[start : start + batch]]
        yield (("," if start else "") + ",".join(part)).encode()
    more = f'"continue":"{page.token}",' if page.token else ""
    if page.token and page.remaining is not None:
        more += f'"remainingItemCount":{page.remaining},'
    yield f'],"kind":"{kind}List","metadata":{{{more}"resourceVersion":"{page.resource_version}"}}}}'.encode()
