"""The file of a journal that may be in use, opened to look at it, or to change what commands may change. I/O: the file.

SQLite's write-ahead log lets readers and the writer pass each other; commands that write wait for their turn.
Source: https://sqlite.org/wal.html, "Read-Only Databases" (SQLite 3.22 and later).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from observability.errors import JournalError
from observability.journal import schema
from observability.journal.opening import address, refuse_newer
from observability.journal.space import size_of

_WAIT_SECONDS: Final = 10.0


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that sees one state of the journal, and cannot change it.

    Raises:
        JournalError: it is not there, no journal, of a newer version, or cannot be read. Also for errors within.
    """
    with _connected(path, "ro", immutable=_is_left_alone(path)) as connection:
        connection.execute("BEGIN")
        yield connection


@contextmanager
def changing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection in a transaction, for `endpoints` and `letters`; the exporter that writes the journal may run on.

    Raises:
        JournalError: it is not there, no journal, of another version, or cannot be written. Also for errors within.
    """
    with _connected(path, "rw") as connection:
        if schema.version(connection) < schema.VERSION:
            raise JournalError(f"{path}: the journal has an older schema: let `gitops-obs run` open it once")
        connection.execute("PRAGMA synchronous = FULL")
        with schema.transaction(connection):
            yield connection


@contextmanager
def _connected(path: Path, mode: str, *, immutable: bool = False) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        raise JournalError(f"{path}: {'not a file' if path.exists() else 'no such journal'}")
    try:
        uri = address(path, mode, immutable=immutable)
        with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
            if schema.application_id(connection) != schema.APPLICATION_ID:
                raise JournalError(f"{path}: not a journal of gitops-obs")
            refuse_newer(path, schema.version(connection))
            yield connection
    except sqlite3.Error as error:
        raise JournalError(f"{path}: the journal cannot be {'read' if mode == 'ro' else 'changed'}: {error}") from error


def _is_left_alone(path: Path) -> bool:
    """Nobody writes it, and it lies where we may not: SQLite could not make the files that a reader needs."""
    return not os.access(path.parent, os.W_OK) and not size_of(path.with_name(f"{path.name}-wal"))
