"""From lines of a watch and items of a list to observations. Pure; what cannot be read is told, and stops nothing."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import structlog
from msgspec import Raw, Struct

from observability.errors import MalformedResource, SourceError, WatchExpired
from observability.model.application import Application, Key
from observability.model.observation import (
    Alive,
    Compared,
    Gone,
    Listed,
    Listing,
    Malformed,
    Observation,
    Resource,
    Scope,
    Seen,
)
from observability.sources import envelope
from observability.sources.engine import Comparison, Problems, WatchedKind
from observability.sources.lines import Line
from observability.sources.versions import is_older

log = structlog.get_logger(__name__)

BATCH_OBJECTS: Final = 200
BATCH_SECONDS: Final = 0.01
"""A batch ends after so many observations, or so long a time: whoever waits for the loop waits no longer."""

_MODIFIED: Final = b'{"type":"MODIFIED","object":'
_ADDED: Final = b'{"type":"ADDED","object":'
_UNREADABLE: Final = (ValueError, RecursionError)
"""What JSON decoders raise: syntax, UTF-8 and types are ValueErrors."""


class Cursor(Struct):
    """Where the watch of a scope stands."""

    version: str | None
    """The resourceVersion up to which everything is known; None: only a list can tell."""
    reason: str
    """Why the next list or watch begins, in the words of `Listing` and `Restarted`; empty: it was announced."""
    inconsistent: bool = False
    """The list was put together from two versions: what changed between them may be missing."""
    listed: bool = False
    """A list was complete, here or where `version` comes from: what is listed from now on is listed again."""
    in_pages: bool = False
    """The list that is needed is asked for in pages, though the server is not known to refuse streaming lists."""
    cut_short: int = 0
    """So many streaming lists in a row ended before they were complete."""
    rests: dict[int, int] = {}
    """By hashes of keys: `Comparison.rest` of the objects that were read to their end, without a problem."""

    def ended(self, reason: str) -> None:
        """The watch ended. When it was to bring a list first, that list is still needed, for the reason it had."""
        if self.version is not None:
            self.reason = reason

    def failed(self, reason: str) -> None:
        """It goes on for this reason; until the first list is complete that is the one it began with."""
        if self.listed:
            self.reason = reason

    def moved(self, version: str) -> None:
        """All is known as of `version`, unless a list is under way or there is none.

        Raises:
            WatchExpired: the server is at an older version than we are.
        """
        if self.version is None or not version:
            return
        if is_older(version, self.version):
            raise WatchExpired(f"the server went back from version {self.version} to {version}", reason="restored")
        self.version = version

    def listing(self, scope: Scope) -> Listing:
        """A list begins: nothing is known before all of it is read."""
        self.rests.clear()
        return Listing(scope, self.reason)

    def complete(self, version: str) -> None:
        """A list is complete, and all is known as of `version`."""
        self.version, self.listed = version, True


class Reader:
    """Reads the objects of one kind in one scope, and moves the cursor along.

    The cursor has no version while a streaming list is read; it gets one at its end.
    """

    def __init__(self, scope: Scope, kind: WatchedKind, cursor: Cursor) -> None:
        self._scope = scope
        self._decode = kind.decode
        self._compare = kind.comparison
        self._cursor = cursor

    def lines(self, lines: Iterable[Line], received_at: float) -> Iterator[Observation]:
        """What the lines of a watch say.

        Raises:
            WatchExpired: an ERROR event says 410, a line could not be read, or is of an older version than the one
                before: only a new list can tell.
            SourceError: any other ERROR event.
        """
        decode, compare = self._decode, self._compare
        cursor = self._cursor
        for line in lines:
            # The API server writes each event in this form. To find the object by it saves going through 11 KB twice.
            if line[: len(_MODIFIED)] == _MODIFIED:
                raw = line[len(_MODIFIED) : -1]
            elif line[: len(_ADDED)] == _ADDED:
                raw = line[len(_ADDED) : -1]
            else:
                yield from self._event(line, received_at)
                continue
            said = None if compare is None else compare(raw)
            if said is not None and cursor.rests.get(hash(said.key)) == said.rest:
                cursor.moved(said.resource_version)
                yield Compared(self._scope, said.key, said.resource_version, said.reconciled_at, received_at)
                continue
            problems: Problems = []
            try:
                resource = decode(raw, problems)
            except (MalformedResource, *_UNREADABLE):
                yield from self._event(line, received_at)
                continue
            if cursor.version is not None:
                cursor.moved(resource.resource_version)
            self._remember(resource, said, problems)
            yield Seen(resource, received_at)
            if problems:
                yield from self._told(resource.key, problems)

    def items(self, items: Iterable[Raw], received_at: float) -> Iterator[Observation]:
        """What the items of a list say."""
        for raw in items:
            yield from self._object(raw, received_at)

    def _event(self, line: Line, received_at: float) -> Iterator[Observation]:
        """Any event, in any form."""
        try:
            event = envelope.event(line)
        except SourceError as error:
            yield self.unreadable(str(error))
            raise WatchExpired(f"a line of the watch cannot be read: {error}", reason="malformed") from error
        if event.type == "ERROR":
            raise envelope.error(0, event.object)
        metadata = envelope.bare(event.object).metadata
        version = metadata.resource_version or ""
        if event.type == "BOOKMARK" and envelope.INITIAL_EVENTS_END in (metadata.annotations or ()):
            self._cursor.complete(version)
            self._cursor.cut_short = 0
            yield Listed(self._scope, version, received_at)
            return
        if event.type not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
            log.warning("unknown type of event", kind=self._scope.kind.value, type=event.type[:64])
            return
        self._cursor.moved(version)
        if event.type in ("ADDED", "MODIFIED"):
            yield from self._object(event.object, received_at)
        elif event.type == "DELETED":
            key = Key(metadata.namespace or "", metadata.name or "")
            self._cursor.rests.pop(hash(key), None)
            yield Gone(self._scope.kind, key, metadata.uid or "", received_at)
        else:
            yield Alive(self._scope, version, received_at)

    def _object(self, raw: Raw, received_at: float) -> Iterator[Observation]:
        problems: Problems = []
        try:
            resource = self._resource(raw, problems)
        except (MalformedResource, *_UNREADABLE) as error:
            metadata = envelope.bare(raw).metadata
            key = Key(metadata.namespace or "", metadata.name or "")
            self._cursor.rests.pop(hash(key), None)
            path = error.path if isinstance(error, MalformedResource) else ""
            yield Malformed(self._scope, key, path, str(error), skipped=True)
            return
        self._remember(resource, None if self._compare is None else self._compare(raw), problems)
        yield Seen(resource, received_at)
        yield from self._told(resource.key, problems)

    def _remember(self, resource: Resource, said: Comparison | None, problems: Problems) -> None:
        """Know its text again, if that says of the comparison what was read of it, and can be told without a word."""
        if said is not None and not problems and _agree(resource, said):
            self._cursor.rests[hash(said.key)] = said.rest
        else:
            self._cursor.rests.pop(hash(resource.key), None)

    def _resource(self, raw: Raw, problems: Problems) -> Resource:
        try:
            return self._decode(raw, problems)
        except (MalformedResource, *_UNREADABLE):
            text = envelope.repaired(raw)
            if text == bytes(raw):
                raise
        problems[:] = [("", "expected UTF-8, other bytes were replaced")]
        return self._decode(text, problems)

    def _told(self, key: Key, problems: Problems) -> Iterator[Malformed]:
        for path, message in problems:
            yield Malformed(self._scope, key, path, message, skipped=False)

    def unreadable(self, message: str) -> Malformed:
        """Something in the stream that cannot be assigned to any object."""
        log.warning(
            "stream cannot be read", kind=self._scope.kind.value, namespace=self._scope.namespace, error=message
        )
        return Malformed(self._scope, Key("", ""), "", message, skipped=True)


def _agree(resource: Resource, said: Comparison) -> bool:
    return (
        isinstance(resource, Application)
        and (resource.namespace, resource.name) == said.key
        and resource.resource_version == said.resource_version
        and resource.reconciled_at == said.reconciled_at
    )


def batches(observations: Iterable[Observation], now: Callable[[], float]) -> Iterator[list[Observation]]:
    """The same in lists that each took a short while to read. What came before an error is not lost to it."""
    batch: list[Observation] = []
    deadline = now() + BATCH_SECONDS
    try:
        for observation in observations:
            batch.append(observation)
            if len(batch) >= BATCH_OBJECTS or now() >= deadline:
                yield batch
                batch = []
                deadline = now() + BATCH_SECONDS
    except SourceError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
