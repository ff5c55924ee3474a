"""Who is owed what: the endpoints, their cursors, and the rows behind them. Statements over an open connection."""

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from observability.errors import JournalError
from observability.journal import writing
from observability.journal.group import EndpointStats
from observability.journal.packing import unpack
from observability.journal.records import EVENT, SPAN
from observability.model.event import Event
from observability.model.outbox import Row

_OWED: Final = (
    f"SELECT number, '{EVENT}' AS record, data FROM events WHERE number > ?1"  # noqa: S608
    f" UNION ALL SELECT number, '{SPAN}', data FROM spans WHERE number > ?1"
    " UNION ALL SELECT number, record, data FROM again WHERE number > ?1 AND endpoint = ?2"
    " ORDER BY number LIMIT ?3"
)

_ITEMS: Final = msgspec.json.Decoder(list[tuple[int, str, str]])


class Damaged(NamedTuple):
    """A row that cannot be read any more. `record`: event or span."""

    number: int
    record: str
    data: str
    reason: str


class Page(NamedTuple):
    """The next rows of an endpoint, and those among them that nobody can deliver. `last`: where the page ends.

    `end`: the last number that was given to any record when it was read.
    """

    rows: Sequence[Row]
    damaged: Sequence[Damaged]
    last: int
    end: int


def add(connection: sqlite3.Connection, name: str, now: float) -> None:
    """An endpoint that is new begins at the end: it is owed what comes. One that is known stays as it is."""
    connection.execute(
        "INSERT OR IGNORE INTO endpoints(name, acknowledged, added_at) VALUES (?, ?, ?)",
        (name, writing.end(connection).number, now),
    )


def drop(connection: sqlite3.Connection, name: str) -> None:
    """Forget an endpoint, and its dead letters: it is owed nothing any more.

    Raises:
        JournalError: there is none of that name.
    """
    acknowledged(connection, name)
    connection.execute("DELETE FROM endpoints WHERE name = ?", (name,))
    connection.execute("DELETE FROM dead_letters WHERE endpoint = ?", (name,))


def acknowledged(connection: sqlite3.Connection, name: str) -> int:
    """Up to which number an endpoint has everything.

    Raises:
        JournalError: there is none of that name.
    """
    found = connection.execute("SELECT acknowledged FROM endpoints WHERE name = ?", (name,)).fetchone()
    if found is None:
        known = ", ".join(one for (one,) in connection.execute("SELECT name FROM endpoints ORDER BY name"))
        raise JournalError(f"the journal knows no endpoint {name!r}; it knows {known or 'none'}")
    return int(found[0])


def page(connection: sqlite3.Connection, name: str, after: int, most: int) -> Page:
    """The oldest rows of an endpoint behind number `after`, at most `most`."""
    rows: list[Row] = []
    damaged: list[Damaged] = []
    last = after
    for number, record, data in _items(connection, name, after, most):
        last = max(last, number)
        try:
            rows.append(Row(number, unpack(record, data)))
        except ValueError as error:
            damaged.append(Damaged(number, record, data.decode(errors="replace"), str(error)))
    return Page(rows, damaged, last, writing.end(connection).number)


def _items(connection: sqlite3.Connection, name: str, after: int, most: int) -> Sequence[tuple[int, str, bytes]]:
    """All in one row of one text, for the reason that `rows` gives; data in hexadecimal digits."""
    (text,) = connection.execute(
        "SELECT CAST('[' || group_concat('[' || number || ',\"' || record || '\",\"' || hex(data) || '\"]') || ']'"  # noqa: S608
        f" AS BLOB) FROM ({_OWED})",
        (after, name, most),
    ).fetchone()
    if text is None:
        return ()
    return sorted((number, record, bytes.fromhex(data)) for number, record, data in _ITEMS.decode(text))


def stats(connection: sqlite3.Connection) -> tuple[EndpointStats, ...]:
    """What each endpoint is owed."""
    end = writing.end(connection).number
    known = connection.execute(
        "SELECT name, acknowledged, (SELECT count(*) FROM dead_letters WHERE endpoint = name) FROM endpoints"
        " ORDER BY name"
    ).fetchall()
    return tuple(_stats(connection, end, one) for one in known)


def _stats(connection: sqlite3.Connection, end: int, known: tuple[str, int, int]) -> EndpointStats:
    name, after, letters = known
    # Nothing that is owed was cut, so that numbers count rows, but for those that are owed to others alone.
    (others,) = connection.execute(
        "SELECT count(*) FROM again WHERE number > ? AND endpoint <> ?", (after, name)
    ).fetchone()
    rows = max(end - after - others, 0)
    oldest = page(connection, name, after, 1).rows if rows else ()
    return EndpointStats(name, rows, _observed_at(oldest[0]) if oldest else None, letters)


def _observed_at(row: Row) -> float:
    return row.record.observed_at if isinstance(row.record, Event) else row.record.ended_at
