"""What the journal knew when it was opened. Statements over an open connection."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from observability.journal.group import Fold, ObjectKey
from observability.model.application import Key
from observability.model.observation import Kind, Scope, scope_of

_KINDS: Final = frozenset(map(str, Kind))

PAGE: Final = 1000
"""So many states are read at once."""

Page: TypeAlias = list[tuple[str, str, bytes]]


class Cursor(NamedTuple):
    """Up to which version a scope was known, and when, in seconds since the epoch."""

    version: str
    at: float


class Origin(NamedTuple):
    """How the journal was found. `fresh`: it begins now. `moved_aside`: where the file went that was there, and why."""

    fresh: bool
    moved_aside: Path | None = None
    trouble: str = ""


class Restored(NamedTuple):
    """What was saved. `clean`: it was shut down in order; also true of a fresh one. `folds`: objects with any."""

    origin: Origin
    clean: bool
    cursors: Mapping[Scope, Cursor]
    values: Mapping[str, bytes]
    folds: int
    page: Callable[[Kind, Key], Page]

    def states(self, *kinds: Kind) -> Iterator[tuple[Kind, Key, bytes]]:
        """The saved states, by kind and key; without `kinds` of all. Reads page by page: let it be in a thread."""
        for kind in kinds or Kind:
            after = Key("", "")
            while found := self.page(kind, after):
                for namespace, name, state in found:
                    yield kind, Key(namespace, name), state
                after = Key(*found[-1][:2])


def states(connection: sqlite3.Connection, kind: Kind, after: Key) -> Page:
    """The next states of one kind, by namespace and name."""
    return connection.execute(
        "SELECT namespace, name, state FROM states WHERE kind = ? AND (namespace, name) > (?, ?)"
        " ORDER BY namespace, name LIMIT ?",
        (str(kind), *after, PAGE),
    ).fetchall()


def cursors(connection: sqlite3.Connection) -> dict[Scope, Cursor]:
    """Of all scopes; a kind that is not known any more is left out, it would be listed anyway."""
    found = connection.execute("SELECT kind, namespace, version, at FROM cursors")
    return {
        scope_of(of, namespace): Cursor(version, at)
        for of, namespace, version, at in found
        if of.rpartition(":")[2] in _KINDS
    }


def values(connection: sqlite3.Connection) -> dict[str, bytes]:
    """All of them."""
    return dict(connection.execute("SELECT name, value FROM values_"))


def meta(connection: sqlite3.Connection, key: str, default: int) -> int:
    """A number of the table meta."""
    found = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return default if found is None else int(found[0])


def folded(connection: sqlite3.Connection) -> set[ObjectKey]:
    """The objects of which something is folded."""
    found = connection.execute("SELECT kind, namespace, name FROM folds")
    return {(Kind(kind), Key(*key)) for kind, *key in found if kind in _KINDS}


def folds(connection: sqlite3.Connection, most: int) -> list[Fold]:
    """The oldest folds, at most `most`."""
    found = connection.execute(
        "SELECT kind, namespace, name, state, records, since FROM folds ORDER BY since, kind, namespace, name LIMIT ?",
        (most,),
    )
    return [Fold(Kind(kind), Key(*key), state, count, at) for kind, *key, state, count, at in found if kind in _KINDS]
