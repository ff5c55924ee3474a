"""The schema of the journal, and how an older file comes to it. Statements over an open connection.

To change the schema add a row to MIGRATIONS; a row that was released is never changed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

APPLICATION_ID: Final = 0x676F6273
"""`gobs`, in the header of the file: what tells a journal from other databases."""


class Migration(NamedTuple):
    """What brings a journal of the version before to this one."""

    version: int
    statements: tuple[str, ...]


MIGRATIONS: Final = (
    Migration(
        1,
        (
            # `number`: the last that was given to a record. `folded`: records that were never written. `clean`: 1
            # after a shutdown in order.
            "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID",
            # With rowid: without, a row of 1 kB would take an overflow page of its own, five times as much in all.
            "CREATE TABLE states(kind TEXT, namespace TEXT, name TEXT, state BLOB, PRIMARY KEY(kind, namespace, name))",
            "CREATE TABLE cursors(kind TEXT, namespace TEXT, version TEXT, at REAL, PRIMARY KEY(kind, namespace))"
            " WITHOUT ROWID",
            "CREATE TABLE values_(name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID",
            # Outbox and audit trail. `data`: see `packing`; JSON is read, too. `hash`: SHA-256 of the hash of the row
            # before, and `data`. The columns between repeat what it says, for those who query the file.
            "CREATE TABLE events(number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, name TEXT, at REAL,"
            " observed_at REAL, severity TEXT, subject TEXT, environment TEXT, service TEXT, project TEXT,"
            " application TEXT, data BLOB, hash BLOB)",
            # Numbered together with events; they go once every endpoint has them.
            "CREATE TABLE spans(number INTEGER PRIMARY KEY, id TEXT UNIQUE, data BLOB)",
            "CREATE TABLE endpoints(name TEXT PRIMARY KEY, acknowledged INTEGER, added_at REAL) WITHOUT ROWID",
            "CREATE TABLE dead_letters(endpoint TEXT, number INTEGER, record TEXT, reason TEXT, at REAL, data TEXT,"
            " PRIMARY KEY(endpoint, number)) WITHOUT ROWID",
            # Dead letters that are tried again: owed to one endpoint, numbered anew together with events.
            "CREATE TABLE again(number INTEGER PRIMARY KEY, endpoint TEXT, record TEXT, data TEXT)",
            # `number`: the last row that was cut; `head`: its hash.
            "CREATE TABLE checkpoints(number INTEGER PRIMARY KEY, head BLOB, rows INTEGER, at REAL)",
            # Objects with `records` that there was no room for since `since`; `state`: what was saved when something
            # of them was recorded last, NULL when they were not there.
            "CREATE TABLE folds(kind TEXT, namespace TEXT, name TEXT, state BLOB, records INTEGER, since REAL,"
            " PRIMARY KEY(kind, namespace, name))",
        ),
    ),
)

VERSION: Final = MIGRATIONS[-1].version

TABLES: Final = frozenset(
    (
        "meta",
        "states",
        "cursors",
        "values_",
        "events",
        "spans",
        "endpoints",
        "dead_letters",
        "again",
        "checkpoints",
        "folds",
    )
)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite has rolled back by itself after some errors
            connection.execute("ROLLBACK")
        raise


def version(connection: sqlite3.Connection) -> int:
    """That of the file; 0 before there are tables."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def application_id(connection: sqlite3.Connection) -> int:
    """What the file says it is; 0 when it says nothing."""
    return int(connection.execute("PRAGMA application_id").fetchone()[0])


def tables(connection: sqlite3.Connection) -> frozenset[str]:
    """The names of the tables that are there, without SQLite's own."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return frozenset(name for (name,) in found)


def migrate(connection: sqlite3.Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> int:
    """Bring the file to the last version, in one transaction. The version that it had before."""
    before = version(connection)
    todo = [migration for migration in migrations if migration.version > before]
    if todo:
        with transaction(connection):
            for statement in (statement for migration in todo for statement in migration.statements):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {todo[-1].version}")
    return before
