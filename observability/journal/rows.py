"""Many rows in one statement. Statements over an open connection.

Python lets go of its interpreter lock around each step of SQLite, and while the event loop is busy gets it back only
after up to 5 ms. So a transaction takes few steps: many rows go in, and come out, in one.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Final

import msgspec

_SIZES: Final = (256, 32, 4, 1)
"""Rows a statement; each is prepared once. SQLite takes 32,766 values (3.32 and later)."""


def insert(
    connection: sqlite3.Connection, into: str, width: int, rows: Sequence[Sequence[Any]], conflict: str = ""
) -> None:
    """Run `into` (`INSERT INTO events`) with the rows, each of `width` values, in their order; `conflict` follows."""
    start = 0
    for size in _SIZES:
        while len(rows) - start >= size:
            some = rows[start : start + size]
            marks = ", ".join([f"({', '.join('?' * width)})"] * size)
            connection.execute(f"{into} VALUES {marks} {conflict}", tuple(chain.from_iterable(some)))
            start += size


def array(values: Iterable[object]) -> str:
    """The values as a JSON array, for json_each."""
    return msgspec.json.encode(list(values)).decode()


def existing(connection: sqlite3.Connection, table: str, identifiers: Sequence[str]) -> set[str]:
    """Those of the identifiers that are in the table already."""
    if not identifiers:
        return set()
    query = f"SELECT json_group_array(id) FROM {table} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
    return set(msgspec.json.decode(connection.execute(query, (array(identifiers),)).fetchone()[0]))
