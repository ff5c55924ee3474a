"""What is cut, and what is kept of it."""

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from observability.journal import retention, schema
from tests import past
from tests.builders import NOON


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A journal with three events of which nobody has any."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.migrate(connection)
        past.add(connection, [past.event("deployed", after) for after in range(3)])
        connection.execute("INSERT INTO endpoints VALUES ('a', 0, 0)")
        yield connection


def kept(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM events ORDER BY number")]


def test_young_events_are_cut_early_once_everybody_has_them(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO endpoints VALUES ('b', 2, 0)")
    assert retention.cut_early(connection, NOON) == 0
    connection.execute("UPDATE endpoints SET acknowledged = 3 WHERE name = 'a'")
    hashes = dict(connection.execute("SELECT number, hash FROM events").fetchall())
    assert retention.cut_events(connection, NOON, NOON) == 0
    assert retention.cut_early(connection, NOON) == 2
    assert kept(connection) == [3]
    assert connection.execute("SELECT * FROM checkpoints").fetchall() == [(2, hashes[2], 2, NOON)]


def test_without_endpoints_nothing_is_cut_early(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM endpoints")
    assert retention.cut_early(connection, NOON) == 0
    assert retention.cut_events(connection, NOON + 1, NOON) == 1
    assert kept(connection) == [2, 3]


def test_of_checkpoints_the_last_ten_thousand_are_kept(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE endpoints SET acknowledged = 3")
    connection.execute(
        "WITH RECURSIVE up(number) AS (SELECT -12000 UNION ALL SELECT number + 1 FROM up WHERE number < -1)"
        " INSERT INTO checkpoints SELECT number, x'00', 1, 0 FROM up"
    )
    assert retention.cut_events(connection, math.inf, NOON, most=1) == 1
    ((count, first, last),) = connection.execute("SELECT count(*), min(number), max(number) FROM checkpoints")
    assert (count, first, last) == (10_000, -9_999, 1)
