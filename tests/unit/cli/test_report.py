"""The verb `report`: a journal in, a report out."""

import csv
import io
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from observability.errors import JournalError
from observability.reports import instants
from tests import past
from tests.builders import NOON, application, state
from tests.past import DAY, HOUR, event, sync

Call = Callable[..., tuple[int, str, str]]

REPORTS = ("audit", "drift", "delivery", "recovery")


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return past.write(
        tmp_path / "journal.db",
        [
            *sync(-40 * DAY, "argocd/old-prod"),
            *sync(0, by="=cmd|'/c calc'!A1"),
            event("drift.detected", HOUR, out_of_sync__cause="live_drift", out_of_sync__confidence="high"),
        ],
        [state(application(parameter_overrides=True))],
    )


def rows(out: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(out, newline="")))


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("output", ["table", "json", "csv", "markdown"])
def test_each_report_in_each_form(call: Call, journal: Path, report: str, output: str) -> None:
    status, out, err = call("report", report, "--journal", str(journal), "-o", output)
    assert (status, err) == (0, "")
    assert "prod" in out
    assert out.endswith("\n")
    if output == "json":
        assert json.loads(out)["rows"]
    if output == "csv":
        assert rows(out)


@pytest.mark.parametrize("report", REPORTS)
def test_nothing_happened(call: Call, tmp_path: Path, report: str) -> None:
    status, out, err = call("report", report, "--journal", str(past.write(tmp_path / "empty.db")))
    assert (status, err) == (0, "")
    assert out.startswith("no")


def test_a_selection(call: Call, journal: Path) -> None:
    def found(*options: str) -> list[str]:
        out = call("report", "audit", "--journal", str(journal), "-o", "csv", *options)[1]
        return [row["application"] for row in rows(out)]

    assert found() == ["argocd/old-prod", "argocd/shop-prod"]
    assert found("--since", instants.rfc_3339(NOON - DAY)) == ["argocd/shop-prod"]
    assert found("--until", instants.rfc_3339(NOON - DAY)) == ["argocd/old-prod"]
    assert found("--application", "argocd/old-*") == ["argocd/old-prod"]
    assert found("--service", "shop", "--environment", "prod") == ["argocd/shop-prod"]
    assert found("--environment", "dev") == []
    assert found("--limit", "1") == ["argocd/shop-prod"]


def test_a_spreadsheet_computes_nothing(call: Call, journal: Path) -> None:
    out = call("report", "audit", "--journal", str(journal), "-o", "csv", "--limit", "1")[1]
    assert rows(out)[0]["initiator"] == "'=cmd|'/c calc'!A1"


def test_delivery_by_environment_with_another_window(call: Call, journal: Path) -> None:
    arguments = ("report", "delivery", "--journal", str(journal), "--by", "environment", "--failure-window", "15m")
    document = json.loads(call(*arguments, "-o", "json")[1])
    assert [(row["environment"], row["service"]) for row in document["rows"]] == [("prod", None)]
    assert "within 15m after" in document["definitions"]["failures"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ("--since", "soon"),
            "--since: expected RFC 3339 such as 2026-03-29T02:30:00Z, or 12h, 30d, 8w ago, got 'soon'",
        ),
        (("--until", "2026-13-01T00:00:00Z"), "--until: no such instant: 2026-13-01T00:00:00Z"),
        (("--since", "1d", "--until", "2d"), "--until: expected a time after --since"),
    ],
)
def test_what_is_no_time_is_named(call: Call, journal: Path, options: tuple[str, ...], complaint: str) -> None:
    status, out, err = call("report", "drift", "--journal", str(journal), *options)
    assert (status, out, err) == (2, "", f"gitops-obs: {complaint}\n")


@pytest.mark.parametrize("window", ["soon", "2026-11-23T12:00:00Z", "0s"])
def test_a_failure_window_is_a_length_of_time(call: Call, journal: Path, window: str) -> None:
    status, out, err = call("report", "delivery", "--journal", str(journal), "--failure-window", window)
    assert (status, out) == (2, "")
    assert err == f"gitops-obs: --failure-window: expected a length of time such as 15m or 2h, got '{window}'\n"


def test_which_journal_is_asked_both_ways(call: Call, monkeypatch: pytest.MonkeyPatch, journal: Path) -> None:
    status, out, err = call("report", "audit")
    assert (status, out) == (2, "")
    said = re.sub(r"\s+", " ", err)
    assert "Give --journal FILE, or set journal.path in the settings" in said
    monkeypatch.setenv("GITOPS_OBS_JOURNAL__PATH", str(journal))
    assert call("report", "audit")[0] == 0


def test_the_settings_say_which_journal(call: Call, tmp_path: Path, journal: Path) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text(f"journal: {{path: {journal}}}")
    assert call("report", "audit", "--config", str(settings))[0] == 0
    assert call("report", "audit", "--config", str(tmp_path / "absent.yaml"))[0] == 2


def test_a_journal_that_cannot_be_read_ends_with_3(call: Call, tmp_path: Path) -> None:
    status, out, err = call("report", "audit", "--journal", str(tmp_path / "absent.db"))
    assert (status, out, err) == (3, "", f"gitops-obs: {tmp_path}/absent.db: no such journal\n")
    assert JournalError.exit_code == 3


def test_rows_that_cannot_be_read_are_told(call: Call, journal: Path) -> None:
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE events SET data = 'x' WHERE number = 1")
    connection.close()
    status, out, err = call("report", "audit", "--journal", str(journal))
    assert (status, err) == (0, "rows of the journal that could not be read: 1; see report verify\n")
    assert "shop-prod" in out


@pytest.mark.parametrize("verb", ["report", "journal"])
def test_help_loads_neither_settings_nor_the_journal(verb: str) -> None:
    code = "import sys; from observability.cli import status; status(sys.argv[1:]); print(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code, verb, "--help"], check=True, capture_output=True, text=True)
    heavy = {
        "observability.journal",
        "observability.settings",
        "pydantic",
        "structlog",
        "asyncio",
        "aiohttp",
        "yaml",
        "kubernetes",
    }
    assert heavy & set(ended.stdout.split()) == set()


def test_commands_below_a_verb_are_completed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_GITOPS_OBS_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "gitops-obs report d")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert call()[1].split() == ["plain,delivery", "plain,drift"]


def broken(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


def test_a_chain_that_is_whole(call: Call, journal: Path) -> None:
    status, out, err = call("report", "verify", "--journal", str(journal))
    assert (status, err) == (0, "")
    assert out.startswith("whole: 5 rows are as they were recorded\n")
    anchor = call("report", "verify", "--journal", str(journal), "--print-anchor")[1].strip()
    assert out.splitlines()[1] == f"head: {anchor}"
    assert re.fullmatch("5:[0-9a-f]{64}", anchor)
    assert f"the anchor {anchor} is there" in call("report", "verify", "--journal", str(journal), "--anchor", anchor)[1]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE events SET data = replace(data, 'alice', 'mallory') WHERE number = 2", "BROKEN: row 2 was changed"),
        ("UPDATE events SET severity = 'ERROR' WHERE number = 4", "BROKEN: row 4 was changed: its severity"),
        ("DELETE FROM events WHERE number = 3", "BROKEN: row 4 does not follow row 2"),
        ("DELETE FROM events WHERE number = 5", "BROKEN: the rows after row 4 are missing"),
    ],
)
def test_a_chain_that_is_broken(call: Call, journal: Path, statement: str, said: str) -> None:
    broken(journal, statement)
    status, out, err = call("report", "verify", "--journal", str(journal))
    assert (status, err) == (1, "")
    assert out.startswith(said)
    document = json.loads(call("report", "verify", "--journal", str(journal), "-o", "json")[1])
    assert document["whole"] is False
    assert document["fault"]["message"] in out
    status, out, err = call("report", "verify", "--journal", str(journal), "--print-anchor")
    assert (status, out) == (1, "")
    assert err.startswith(said)


def test_a_chain_that_was_written_anew_needs_an_anchor(call: Call, journal: Path, tmp_path: Path) -> None:
    anchor = call("report", "verify", "--journal", str(journal), "--print-anchor")[1].strip()
    other = past.write(tmp_path / "other.db", [one for after in range(5) for one in sync(after, by="mallory")])
    assert call("report", "verify", "--journal", str(other))[0] == 0
    status, out, _ = call("report", "verify", "--journal", str(other), "--anchor", anchor)
    assert status == 1
    assert "the chain was rewritten" in out
    document = json.loads(call("report", "verify", "--journal", str(journal), "--anchor", anchor, "-o", "json")[1])
    assert document == {"whole": True, "rows": 5, "anchor": anchor, "fault": None}


def test_what_is_no_anchor_or_no_journal(call: Call, journal: Path, tmp_path: Path) -> None:
    status, _, err = call("report", "verify", "--journal", str(journal), "--anchor", "x")
    assert status == 2
    assert err.startswith("gitops-obs: --anchor: expected an anchor as in 12:9f86d081")
    assert call("report", "verify", "--journal", str(tmp_path / "absent"))[0] == 3
