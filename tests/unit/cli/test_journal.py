"""The verb `journal`: looking after the file of an exporter."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from observability.journal import reading
from tests import past
from tests.builders import NOON, state

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = past.write(tmp_path / "journal.db", [*past.sync(0), *past.sync(60)], [state()])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO endpoints VALUES ('grafana', 4, ?1), ('otlp', 1, ?1)", (NOON,))
        for number, reason in ((2, "400 Bad Request"), (3, "413\x1b[2J Content Too Large")):
            connection.execute(
                "INSERT INTO dead_letters SELECT 'otlp', number, 'event', ?, at, data FROM events WHERE number = ?",
                (reason, number),
            )
    return path


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def test_status(call: Call, journal: Path) -> None:
    status, out, err = call("journal", "status", "--journal", str(journal))
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split("  ")[0] == "ENDPOINT"
    assert lines[1].split() == ["grafana", "0", "-", "-", "0"]
    assert lines[2].split()[:3] == ["otlp", "3", "2026-11-23T12:00:00Z"]
    assert lines[2].split()[-1] == "2"
    assert "4 events from 2026-11-23T12:00:00Z to 2026-11-23T12:01:00Z, 0 spans, 1 states" in out
    assert "2 dead letters: see gitops-obs journal dead-letters list" in out


def test_status_for_machines(call: Call, journal: Path) -> None:
    document = json.loads(call("journal", "status", "--journal", str(journal), "-o", "json")[1])
    assert document["bytes"] >= journal.stat().st_size  # and its log
    assert (document["events"], document["dead_letters"], document["folded"]) == (4, 2, 0)
    assert document["newest_event"] == "2026-11-23T12:01:00Z"
    assert [row["rows"] for row in document["rows"]] == [0, 3]
    assert document["rows"][0]["lag_seconds"] is None


def test_status_of_an_empty_journal(call: Call, tmp_path: Path) -> None:
    out = call("journal", "status", "--journal", str(past.write(tmp_path / "empty.db")))[1]
    assert out.startswith("no endpoint: nothing is delivered\n")
    assert "0 events from - to -" in out


def test_what_was_never_written_is_told(call: Call, journal: Path) -> None:
    with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('folded', 1234)")
    assert (
        "1,234 records were never written for want of room" in call("journal", "status", "--journal", str(journal))[1]
    )


def test_dead_letters_are_listed(call: Call, journal: Path) -> None:
    status, out, _ = call("journal", "dead-letters", "list", "--journal", str(journal))
    assert status == 0
    assert out == (
        "ENDPOINT  NUMBER  REFUSED               RECORD                            SUBJECT\n"
        "otlp      2       2026-11-23T12:00:00Z  gitops.application.deployed       Application/argocd/shop-prod\n"
        "    400 Bad Request\n"
        "otlp      3       2026-11-23T12:01:00Z  gitops.application.sync.finished  Application/argocd/shop-prod\n"
        "    413\\x1b[2J Content Too Large\n"
        "\n"
        "2 dead letters\n"
    )


def test_dead_letters_of_one_endpoint(call: Call, journal: Path) -> None:
    which = ("journal", "dead-letters", "list", "--journal", str(journal))
    assert call(*which, "--endpoint", "grafana")[1] == "no dead letters\n\n0 dead letters\n"
    out = call(*which, "--endpoint", "otlp", "--limit", "1")[1]
    assert "2 dead letters; the first 1 are shown" in out
    assert "413" not in out


def test_a_dead_letter_that_is_damaged_is_listed_all_the_same(call: Call, journal: Path) -> None:
    for data in ("{", "[]"):
        with closing(sqlite3.connect(journal, isolation_level=None)) as connection:
            connection.execute("UPDATE dead_letters SET data = ?", (data,))
        rows = json.loads(call("journal", "dead-letters", "list", "--journal", str(journal), "-o", "json")[1])["rows"]
        assert [row["name"] for row in rows] == ["", ""]


def test_dead_letters_are_tried_again(call: Call, journal: Path) -> None:
    which = ("journal", "dead-letters", "retry", "--journal", str(journal), "--endpoint", "otlp")
    assert call(*which, "--number", "3") == (0, "1 dead letter of otlp will be sent again\n", "")
    assert asked(journal, "SELECT number, endpoint FROM again") == [(5, "otlp")]
    assert asked(journal, "SELECT number FROM dead_letters") == [(2,)]
    assert call(*which)[0] == 0
    assert asked(journal, "SELECT number FROM again") == [(5,), (6,)]
    assert call(*which) == (1, "otlp has no such dead letter\n", "")


def test_dead_letters_are_given_up(call: Call, journal: Path) -> None:
    which = ("journal", "dead-letters", "purge", "--journal", str(journal), "--endpoint", "otlp", "--yes")
    assert call(*which, "--number", "2", "--number", "9") == (0, "1 dead letter of otlp given up\n", "")
    assert asked(journal, "SELECT number FROM dead_letters") == [(3,)]
    assert call(*which)[0] == 0
    assert call(*which)[0] == 1
    assert len(asked(journal, "SELECT * FROM events")) == 4


@pytest.mark.parametrize(
    "arguments",
    [("dead-letters", "purge", "--endpoint", "otlp"), ("drop-endpoint", "otlp")],
)
def test_what_cannot_be_undone_is_asked_first(
    call: Call, journal: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "no").write_text("n\n")
    with (tmp_path / "no").open() as answer:
        monkeypatch.setattr("sys.stdin", answer)
        status, out, err = call("journal", *arguments, "--journal", str(journal))
    assert (status, out) == (130, "")
    assert str(journal) in err
    assert len(asked(journal, "SELECT * FROM dead_letters")) == 2
    assert len(asked(journal, "SELECT * FROM endpoints")) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("drop-endpoint", "otpl"),
        ("drop-endpoint", "otpl", "--yes"),
        ("dead-letters", "retry", "--endpoint", "otpl"),
        ("dead-letters", "purge", "--endpoint", "otpl"),
        ("dead-letters", "purge", "--endpoint", "otpl", "--yes"),
    ],
)
def test_of_an_endpoint_that_is_not_there_nothing_is_asked(
    call: Call, journal: Path, arguments: tuple[str, ...]
) -> None:
    status, out, err = call("journal", *arguments, "--journal", str(journal))
    assert (status, out) == (3, "")
    assert err == "gitops-obs: the journal knows no endpoint 'otpl'; it knows grafana, otlp\n"


def test_without_such_dead_letters_nothing_is_asked(call: Call, journal: Path) -> None:
    which = ("--endpoint", "otlp", "--number", "9", "--journal", str(journal))
    assert call("journal", "dead-letters", "retry", *which) == (1, "otlp has no such dead letter\n", "")
    assert call("journal", "dead-letters", "purge", *which) == (1, "otlp has no such dead letter\n", "")


def test_an_endpoint_is_dropped(call: Call, journal: Path) -> None:
    which = ("journal", "drop-endpoint", "otlp", "--yes", "--journal", str(journal))
    assert call(*which) == (0, "otlp is owed nothing any more\n", "")
    assert asked(journal, "SELECT name FROM endpoints") == [("grafana",)]
    assert asked(journal, "SELECT * FROM dead_letters") == []
    status, out, err = call(*which)
    assert (status, out) == (3, "")
    assert err == "gitops-obs: the journal knows no endpoint 'otlp'; it knows grafana\n"


def test_an_exporter_in_the_middle_of_a_transaction_is_waited_for_and_told(
    call: Call, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_WAIT_SECONDS", 0.01)
    with closing(sqlite3.connect(journal, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        status, _, err = call("journal", "drop-endpoint", "otlp", "--yes", "--journal", str(journal))
        assert call("journal", "status", "--journal", str(journal))[0] == 0
    assert (status, err) == (3, f"gitops-obs: {journal}: the journal cannot be changed: database is locked\n")


def test_a_file_that_is_no_journal_is_not_written(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("dear diary")
    status, _, err = call("journal", "drop-endpoint", "x", "--yes", "--journal", str(file))
    assert status == 3
    assert "file is not a database" in err
    assert file.read_text() == "dear diary"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_backup_is_a_journal(call: Call, journal: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    which = ("journal", "backup", str(copy), "--journal", str(journal))
    with closing(sqlite3.connect(journal)):  # somebody uses it
        status, out, err = call(*which)
    assert (status, err) == (0, "")
    assert out.startswith(f"{copy}: the journal up to 4:")
    assert call("report", "verify", "--journal", str(copy))[0] == 0
    assert asked(copy, "SELECT count(*) FROM events") == [(4,)]
    assert call(*which)[0] == 3  # it is there already
