"""What may go, and its going. Statements over an open connection."""

import math
import sqlite3
from typing import Final

CUT_MOST: Final = 5000
"""So many events are cut at once, lest others wait."""
_EARLY_MOST: Final = 500
"""So many before their time: their pages, with those of the index, are to fit in the log."""
_CHECKPOINTS: Final = 10_000
"""So many are kept: the last one holds the chain, those before are anchors."""

_OWED: Final = "coalesce((SELECT min(acknowledged) FROM endpoints), 9223372036854775807)"
"""Up to here every endpoint has everything."""


def cut_events(connection: sqlite3.Connection, before: float, now: float, most: int = CUT_MOST) -> int:
    """Cut the oldest events that were observed before `before` and that every endpoint has; how many they were.

    At most `most` at once. A checkpoint keeps the head of what was cut. Within a transaction.
    """
    count, last = connection.execute(
        "WITH oldest AS (SELECT number, observed_at FROM events"  # noqa: S608
        f" WHERE number <= {_OWED} ORDER BY number LIMIT ?)"
        " SELECT count(*), max(number) FROM oldest"
        " WHERE number < coalesce((SELECT min(number) FROM oldest WHERE observed_at >= ?), 9223372036854775807)",
        (most, before),
    ).fetchone()
    if count:
        connection.execute(
            "INSERT INTO checkpoints(number, head, rows, at) SELECT number, hash, ?, ? FROM events WHERE number = ?",
            (count, now, last),
        )
        connection.execute("DELETE FROM events WHERE number <= ?", (last,))
        connection.execute(
            "DELETE FROM checkpoints"
            " WHERE number <= (SELECT number FROM checkpoints ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (_CHECKPOINTS,),
        )
    return int(count)


def cut_early(connection: sqlite3.Connection, now: float) -> int:
    """Cut some of the oldest events that every endpoint has, however young they are; how many they were.

    None without an endpoint: there is no other copy of them. Within a transaction.
    """
    (endpoints,) = connection.execute("SELECT count(*) FROM endpoints").fetchone()
    return cut_events(connection, math.inf, now, _EARLY_MOST) if endpoints else 0


def drop_delivered(connection: sqlite3.Connection) -> None:
    """Spans, and dead letters that were tried again, go once every endpoint has them. Within a transaction."""
    connection.execute(f"DELETE FROM spans WHERE number <= {_OWED}")  # noqa: S608
    connection.execute(f"DELETE FROM again WHERE number <= {_OWED}")  # noqa: S608
