"""What may go, and its going. Statements over an open connection."""

import sqlite3
from typing import Final

CUT_MOST: Final = 5000
"""So many events are cut at once, lest others wait."""

_OWED: Final = "coalesce((SELECT min(acknowledged) FROM endpoints), 9223372036854775807)"
"""Up to here every endpoint has everything."""


def cut_events(connection: sqlite3.Connection, before: float, now: float) -> int:
    """Cut the oldest events that were observed before `before` and that every endpoint has; how many they were.

    At most CUT_MOST at once. A checkpoint keeps the head of what was cut. Within a transaction.
    """
    count, last = connection.execute(
        "WITH oldest AS (SELECT number, observed_at FROM events"  # noqa: S608
        f" WHERE number <= {_OWED} ORDER BY number LIMIT ?)"
        " SELECT count(*), max(number) FROM oldest"
        " WHERE number < coalesce((SELECT min(number) FROM oldest WHERE observed_at >= ?), 9223372036854775807)",
        (CUT_MOST, before),
    ).fetchone()
    if count:
        connection.execute(
            "INSERT INTO checkpoints(number, head, rows, at) SELECT number, hash, ?, ? FROM events WHERE number = ?",
            (count, now, last),
        )
        connection.execute("DELETE FROM events WHERE number <= ?", (last,))
    return int(count)


def drop_delivered(connection: sqlite3.Connection) -> None:
    """Spans, and dead letters that were tried again, go once every endpoint has them. Within a transaction."""
    connection.execute(f"DELETE FROM spans WHERE number <= {_OWED}")  # noqa: S608
    connection.execute(f"DELETE FROM again WHERE number <= {_OWED}")  # noqa: S608
