"""Dead letters: records that an endpoint will never take as they are. Statements over an open connection."""

import sqlite3
from collections.abc import Collection, Sequence

from msgspec import Struct

from observability.journal import endpoints, rows, writing

_CHOSEN = "endpoint = ?1 AND (?2 IS NULL OR number IN (SELECT value FROM json_each(?2)))"


class DeadLetter(Struct, frozen=True):
    """One of them. `record`: event or span. `data`: its JSON. `at`: when it was refused, in seconds since the epoch."""

    endpoint: str
    number: int
    record: str
    reason: str
    at: float
    data: str


def listed(connection: sqlite3.Connection, endpoint: str | None = None, most: int = 1000) -> Sequence[DeadLetter]:
    """Those of an endpoint, or of all (None), in the order in which they were recorded."""
    found = connection.execute(
        "SELECT endpoint, number, record, reason, at, data FROM dead_letters WHERE ?1 IS NULL OR endpoint = ?1"
        " ORDER BY endpoint, number LIMIT ?2",
        (endpoint, most),
    )
    return [DeadLetter(*one) for one in found]


def retry(connection: sqlite3.Connection, endpoint: str, numbers: Collection[int] | None = None) -> int:
    """Owe these letters to their endpoint again, or all (None), behind all that it is owed. How many they are.

    They get new numbers. Within a transaction.

    Raises:
        JournalError: there is no endpoint of that name.
    """
    endpoints.acknowledged(connection, endpoint)
    chosen = _chosen(endpoint, numbers)
    end = writing.end(connection).number
    query = f"SELECT record, data FROM dead_letters WHERE {_CHOSEN} ORDER BY number"  # noqa: S608
    found = [
        (number, endpoint, record, data)
        for number, (record, data) in enumerate(connection.execute(query, chosen), start=end + 1)
    ]
    if found:
        rows.insert(connection, "INSERT INTO again(number, endpoint, record, data)", 4, found)
        connection.execute("INSERT OR REPLACE INTO meta(key, value) VALUES ('number', ?)", (found[-1][0],))
        purge(connection, endpoint, numbers)
    return len(found)


def purge(connection: sqlite3.Connection, endpoint: str, numbers: Collection[int] | None = None) -> int:
    """Forget these letters of an endpoint, or all (None). How many they were.

    Raises:
        JournalError: there is no endpoint of that name.
    """
    endpoints.acknowledged(connection, endpoint)
    return connection.execute(f"DELETE FROM dead_letters WHERE {_CHOSEN}", _chosen(endpoint, numbers)).rowcount  # noqa: S608


def count(connection: sqlite3.Connection, endpoint: str, numbers: Collection[int] | None = None) -> int:
    """How many of these letters there are, or of all of an endpoint (None).

    Raises:
        JournalError: there is no endpoint of that name.
    """
    endpoints.acknowledged(connection, endpoint)
    query = f"SELECT count(*) FROM dead_letters WHERE {_CHOSEN}"  # noqa: S608
    return int(connection.execute(query, _chosen(endpoint, numbers)).fetchone()[0])


def _chosen(endpoint: str, numbers: Collection[int] | None) -> tuple[str, str | None]:
    return endpoint, None if numbers is None else rows.array(numbers)
