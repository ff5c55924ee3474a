"""The schema: what an empty file and an older one become."""

import sqlite3

import pytest

from observability.journal import schema
from observability.journal.schema import Migration


@pytest.fixture
def database() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def test_an_empty_file_gets_all_tables_and_says_what_it_is(database: sqlite3.Connection) -> None:
    assert schema.migrate(database) == 0
    assert schema.tables(database) == schema.TABLES
    assert schema.version(database) == schema.VERSION
    assert schema.application_id(database) == schema.APPLICATION_ID


def test_a_second_time_nothing_happens(database: sqlite3.Connection) -> None:
    schema.migrate(database)
    database.execute("INSERT INTO meta VALUES ('number', 7)")
    assert schema.migrate(database) == schema.VERSION
    assert database.execute("SELECT value FROM meta").fetchall() == [(7,)]


@pytest.mark.parametrize("begin", range(schema.VERSION + 1))
def test_every_older_version_becomes_the_same_schema(database: sqlite3.Connection, begin: int) -> None:
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    schema.migrate(fresh)
    schema.migrate(database, schema.MIGRATIONS[:begin])
    assert schema.version(database) == begin
    assert schema.migrate(database) == begin
    query = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    assert database.execute(query).fetchall() == fresh.execute(query).fetchall()


def test_a_migration_that_fails_changes_nothing(database: sqlite3.Connection) -> None:
    bad = Migration(schema.VERSION + 1, ("CREATE TABLE more(a)", "CREATE TABLE meta(a)"))
    schema.migrate(database)
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(database, (*schema.MIGRATIONS, bad))
    assert schema.version(database) == schema.VERSION
    assert schema.tables(database) == schema.TABLES


def test_versions_count_from_one_without_gaps() -> None:
    assert [one.version for one in schema.MIGRATIONS] == list(range(1, len(schema.MIGRATIONS) + 1))
