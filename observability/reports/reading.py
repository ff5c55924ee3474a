"""What a journal holds, for reports: one consistent snapshot, while an exporter may write it. Reads one file.

A reader is never in the writer's way. But the write-ahead log is not cut while somebody reads: read, then print.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from observability.journal import endpoints, letters, packing, reading, records, space
from observability.journal.group import EndpointStats
from observability.journal.letters import DeadLetter
from observability.model.commit import Commit
from observability.model.event import Event
from observability.model.observation import Kind
from observability.model.state import ApplicationState
from observability.sources.commits import cache
from observability.state import saving

_MANY: Final = 1000
_HASH_LENGTHS: Final = (40, 64)
_ALL: Final = (1 << 63) - 1


class Snapshot:
    """The journal as it was when it was opened.

    `unreadable` counts the rows that could not be understood so far and were left out.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.unreadable = 0
        self._path = path
        self._connection = connection

    def rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """What a query returns, as it is read."""
        cursor = self._connection.execute(query, values)
        while several := cursor.fetchmany(_MANY):
            yield from several

    def events(self, names: Iterable[str], environment: str = "", service: str = "") -> Iterator[Event]:
        """The events of these names, in the order in which they were recorded; empty texts do not limit them."""
        wanted = tuple(names)
        marks = ", ".join("?" * len(wanted))
        query = (
            f"SELECT CAST(data AS BLOB) FROM events WHERE name IN ({marks})"  # noqa: S608 - only marks
            " AND ? IN ('', environment) AND ? IN ('', service) ORDER BY number"
        )
        for (data,) in self.rows(query, (*wanted, environment, service)):
            try:
                event = packing.unpack(records.EVENT, data or b"")
            except ValueError:  # as msgspec's errors are
                self.unreadable += 1
                continue
            if isinstance(event, Event):
                yield event

    def applications(self) -> Iterator[ApplicationState]:
        """What was believed of each Application when it was saved last."""
        for (state,) in self.rows("SELECT CAST(state AS BLOB) FROM states WHERE kind = ?", (str(Kind.APPLICATION),)):
            try:
                loaded = saving.loads(Kind.APPLICATION, state or b"")
            except ValueError:
                self.unreadable += 1
                continue
            if isinstance(loaded, ApplicationState):
                yield loaded

    def commits(self) -> Mapping[str, Commit]:
        """What is known by now of commits, by their full hashes, whatever was known when an event told of them.

        Without names of people unless these may be shown as they are: here they are never hashed.
        """
        prefix = cache.PREFIX
        query = "SELECT name, CAST(value AS BLOB) FROM values_ WHERE name = ? OR name GLOB ?"
        values = dict(self.rows(query, (cache.NAMES, f"{prefix}*")))
        shown = values.pop(cache.NAMES, None) == cache.PLAIN
        found: dict[str, Commit] = {}
        for data in values.values():
            try:
                commit = cache.decoded(data or b"")
            except ValueError:
                continue  # a cache: what is not there was only never known
            if len(commit.revision) in _HASH_LENGTHS:
                found[commit.revision] = commit if shown else replace(commit, author_name=None, author_email=None)
        return found

    def recorded_at(self) -> float | None:
        """When something was recorded last, in seconds since the epoch; None: never."""
        query = "SELECT max(at) FROM (SELECT max(at) AS at FROM cursors UNION ALL SELECT max(observed_at) FROM events)"
        return next((at for (at,) in self.rows(query)), None)

    def endpoints(self) -> Sequence[EndpointStats]:
        """What each endpoint is owed."""
        return endpoints.stats(self._connection)

    def letters(self, endpoint: str | None) -> Sequence[DeadLetter]:
        """The dead letters of an endpoint, or of all (None)."""
        return letters.listed(self._connection, endpoint, _ALL)

    def file_bytes(self) -> int:
        """What the journal takes on disk, with the log beside it."""
        return sum(space.size_of(self._path.with_name(self._path.name + suffix)) for suffix in space.SUFFIXES)


@contextmanager
def snapshot(path: Path) -> Iterator[Snapshot]:
    """The journal in this file, open to be read.

    Raises:
        JournalError: there is no such file, it is no journal, of a newer version, or cannot be read. Also within.
    """
    with reading.reading(path) as connection:
        yield Snapshot(path, connection)
