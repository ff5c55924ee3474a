"""A journal that is read: what it holds, and what it is when it is none."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from observability.errors import JournalError
from observability.journal import schema
from observability.model.commit import Commit
from observability.reports import audit, reading
from observability.sources.commits import cache
from tests import past
from tests.builders import NOON, application, state


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return past.write(tmp_path / "what? #1.db", past.sync(0), [state(), state(application("other"))])


def test_events_and_states_come_back(journal: Path) -> None:
    with reading.snapshot(journal) as found:
        assert list(found.events(audit.NAMES)) == past.sync(0)
        assert list(found.events(["gitops.application.deployed"])) == past.sync(0)[1:]
        assert len(list(found.events(audit.NAMES, "prod", "shop"))) == 2
        assert list(found.events(audit.NAMES, "dev")) == list(found.events(audit.NAMES, "", "other")) == []
        assert sorted(one.facts.name for one in found.applications()) == ["other", "shop-prod"]
        assert found.recorded_at() == NOON
        assert found.unreadable == 0


def test_an_empty_journal_is_one(tmp_path: Path) -> None:
    with reading.snapshot(past.write(tmp_path / "new.db")) as found:
        assert (list(found.events(audit.NAMES)), list(found.applications()), found.recorded_at()) == ([], [], None)


def test_rows_that_cannot_be_understood_are_counted(journal: Path) -> None:
    change(
        journal, "UPDATE events SET data = '{' WHERE number = 1", "UPDATE states SET state = x'00' WHERE name='other'"
    )
    with reading.snapshot(journal) as found:
        assert len(list(found.events(audit.NAMES))) == 1
        assert len(list(found.applications())) == 1
        assert found.unreadable == 2


def test_what_is_written_meanwhile_is_not_seen_and_not_held_up(journal: Path) -> None:
    with closing(sqlite3.connect(journal, isolation_level=None, timeout=0)) as writer:
        with reading.snapshot(journal) as found:
            assert found.recorded_at() == NOON
            past.add(writer, past.sync(60))
            change(journal, "DELETE FROM states")
            assert len(list(found.events(audit.NAMES))) == 2
            assert len(list(found.applications())) == 2
        with reading.snapshot(journal) as found:
            assert len(list(found.events(audit.NAMES))) == 4


def test_a_writer_that_was_killed_left_a_log_that_is_read_too(journal: Path) -> None:
    dies = (
        "import os, sqlite3, sys\n"
        "sqlite3.connect(sys.argv[1], isolation_level=None).execute('DELETE FROM states')\n"
        "os._exit(9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", dies, journal], check=False)
    assert killed.returncode == 9
    assert journal.with_name(f"{journal.name}-wal").stat().st_size > 0
    with reading.snapshot(journal) as found:
        assert list(found.applications()) == []


def test_a_journal_where_we_may_not_write_is_read(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with reading.snapshot(journal) as found:
        assert len(list(found.events(audit.NAMES))) == 2
    assert [path.name for path in journal.parent.iterdir()] == [journal.name]


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE events(number)")


def newer(path: Path) -> None:
    past.write(path)
    change(path, f"PRAGMA user_version = {schema.VERSION + 1}")


def damaged(path: Path) -> None:
    past.write(path, [one for after in range(200) for one in past.sync(after)])
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(len(content) - 8192))


@pytest.mark.parametrize(
    ("prepare", "complaint"),
    [
        (lambda _: None, "no such journal"),
        (Path.mkdir, "not a file"),
        (Path.touch, "not a journal of gitops-obs"),
        (lambda path: path.write_text("an essay of more than a hundred bytes " * 9), "file is not a database"),
        (foreign, "not a journal of gitops-obs"),
        (newer, f"the journal has schema version {schema.VERSION + 1}, this program knows up to {schema.VERSION}"),
        (damaged, "malformed"),
    ],
)
def test_what_is_no_journal_is_named(tmp_path: Path, prepare: Callable[[Path], object], complaint: str) -> None:
    path = tmp_path / "journal.db"
    prepare(path)
    with pytest.raises(JournalError, match=complaint) as raised, reading.snapshot(path) as found:
        list(found.events(audit.NAMES))
    assert str(raised.value).startswith(f"{path}: ")


KNOWN = Commit(repository="https://git.example.com/shop.git", revision=past.NEW, author_name="Bob", message="Fix it")


def remember(path: Path, values: dict[str, bytes | None]) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executemany("REPLACE INTO values_ VALUES (?, ?)", values.items())


@pytest.mark.parametrize(
    ("names", "author"), [({cache.NAMES: cache.PLAIN}, "Bob"), ({cache.NAMES: cache.HASHED}, None), ({}, None)]
)
def test_commits_are_told_and_their_authors_where_they_may_be(
    journal: Path, names: dict[str, bytes | None], author: str | None
) -> None:
    tag = replace(KNOWN, revision="v1.2.3")
    remember(journal, {**names, **cache.Cache().put(KNOWN), **cache.Cache().put(tag), "commits/odd": b"?", "x": b"?"})
    with reading.snapshot(journal) as found:
        commits = found.commits()
    assert commits == {past.NEW: replace(KNOWN, author_name=author)}
