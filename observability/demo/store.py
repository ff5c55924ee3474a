"""Versioned objects, and for each kind a bounded ring of what happened to them. In memory, no I/O.

A watcher that asks for what the ring no longer holds gets Expired (410), as from a real API server.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol


class Expired(Exception):  # noqa: N818 - the word of Kubernetes for it; never leaves the package
    """The resourceVersion or the continue token is too old; `oldest` is the oldest that can be served."""

    def __init__(self, oldest: int) -> None:
        super().__init__(oldest)
        self.oldest = oldest


class Record(Protocol):
    """What the store keeps: objects by key; `objects.render` knows their JSON."""

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Labels, for selectors."""
        ...


class Kind(NamedTuple):
    """A kind that is served, by the names that Kubernetes has for it."""

    plural: str
    kind: str
    short: str


KINDS: Final = (
    Kind("applications", "Application", "app"),
    Kind("applicationsets", "ApplicationSet", "appset"),
    Kind("appprojects", "AppProject", "appproj"),
)


class Entry(NamedTuple):
    """An object and the resourceVersion of its last change."""

    resource_version: int
    record: Record


class Event(NamedTuple):
    """A change: ADDED, MODIFIED or DELETED. `before` is the object before it, None when it is new."""

    resource_version: int
    type: str
    record: Record
    before: Record | None


class Snapshot(NamedTuple):
    """All objects of a kind at one resourceVersion, in the order of their keys."""

    resource_version: int
    keys: list[tuple[str, str]]
    entries: list[Entry]


class Shelf:
    """The objects of one kind, and its ring. `head` counts all events ever; number i stands at i modulo the size."""

    def __init__(self, kind: Kind, size: int) -> None:
        self.kind = kind
        self.entries: dict[tuple[str, str], Entry] = {}
        self.keys: list[tuple[str, str]] = []
        self.head = 0
        self.tail = 0
        self.floor = 0
        self.listeners: set[Callable[[], None]] = set()
        self._size = size
        self._ring: list[Event] = []

    def append(self, event: Event) -> None:
        """Remember `event`, forget the oldest when the ring is full, wake the watchers."""
        slot = self.head % self._size
        if slot == len(self._ring):
            self._ring.append(event)
        else:
            if self.tail == self.head - self._size:
                self.floor = self._ring[slot].resource_version
                self.tail += 1
            self._ring[slot] = event
        self.head += 1
        for wake in self.listeners:
            wake()

    def position(self, resource_version: int) -> int:
        """The number of the first event after `resource_version`. Raises Expired."""
        if resource_version < self.floor:
            raise Expired(self.floor)
        low, high = self.tail, self.head
        while low < high:
            middle = (low + high) // 2
            if self._ring[middle % self._size].resource_version <= resource_version:
                low = middle + 1
            else:
                high = middle
        return low

    def since(self, position: int, limit: int) -> list[Event]:
        """Up to `limit` events from number `position` on. Raises Expired when the ring has lost that one."""
        if position < self.tail:
            raise Expired(self.floor)
        return [self._ring[number % self._size] for number in range(position, min(position + limit, self.head))]

    def compact(self, resource_version: int) -> None:
        """Forget all events: a watch from before `resource_version` is expired, as after a compaction of etcd."""
        self.tail = self.head
        self.floor = resource_version


class Store:
    """What the simulated cluster holds.

    `ring` is how many events of a kind can be watched again. `first` is the resourceVersion to begin with: one that
    grows from start to start, so that clients of an earlier run are told that theirs is too old.
    """

    def __init__(self, ring: int = 131_072, first: int = 1000) -> None:
        self.resource_version = first
        self.shelves = {kind.plural: Shelf(kind, ring) for kind in KINDS}
        for shelf in self.shelves.values():
            shelf.floor = first

    def get(self, plural: str, key: tuple[str, str]) -> Record | None:
        """The object, None when there is none."""
        entry = self.shelves[plural].entries.get(key)
        return entry.record if entry else None

    def put(self, plural: str, record: Record) -> None:
        """Create or replace an object."""
        shelf, key = self.shelves[plural], record.key
        before = shelf.entries.get(key)
        self.resource_version += 1
        if before is None:
            insort(shelf.keys, key)
            shelf.append(Event(self.resource_version, "ADDED", record, None))
        else:
            shelf.append(Event(self.resource_version, "MODIFIED", record, before.record))
        shelf.entries[key] = Entry(self.resource_version, record)

    def load(self, plural: str, records: list[Record]) -> None:
        """Put objects that were there before anybody watched: no events, one sort."""
        shelf = self.shelves[plural]
        for record in records:
            self.resource_version += 1
            shelf.entries[record.key] = Entry(self.resource_version, record)
        shelf.keys = sorted(shelf.entries)
        shelf.floor = self.resource_version

    def delete(self, plural: str, key: tuple[str, str]) -> None:
        """Remove an object; its last state goes to the watchers. Nothing happens when there is none."""
        shelf = self.shelves[plural]
        before = shelf.entries.pop(key, None)
        if before is None:
            return
        self.resource_version += 1
        del shelf.keys[bisect_left(shelf.keys, key)]
        shelf.append(Event(self.resource_version, "DELETED", before.record, before.record))

    def compact(self) -> None:
        """Make every resourceVersion but the current one too old."""
        for shelf in self.shelves.values():
            shelf.compact(self.resource_version)

    def snapshot(self, plural: str) -> Snapshot:
        """All objects of a kind now."""
        shelf = self.shelves[plural]
        entries = shelf.entries
        return Snapshot(self.resource_version, list(shelf.keys), [entries[key] for key in shelf.keys])

    def __iter__(self) -> Iterator[Shelf]:
        return iter(self.shelves.values())
