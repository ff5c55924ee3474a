"""Reports on the journal of a running exporter, and changes to it, each by a process of its own."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from observability.journal.group import Group, Limits
from observability.journal.journal import Journal
from observability.model.observation import Kind
from observability.state import saving
from tests import past
from tests.builders import NOON, application, state

ROOT = Path(__file__).parents[3]


async def command(*arguments: str) -> tuple[int, str, str]:
    """What `gitops-obs` says, while this process goes on."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "observability", *arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    """One that is open for writing, with one endpoint and some events."""
    opened = await Journal.open(tmp_path / "journal.db", Limits(), lambda: NOON)
    await opened.add_endpoint("otlp")
    shop = state(application(parameter_overrides=True))
    key = (Kind.APPLICATION, shop.facts.key)
    written = await opened.write(Group(observed_at=NOON, records=past.sync(0), states={key: saving.dumps(shop)}))
    assert written.durable
    yield opened
    await opened.close()


async def test_reports_beside_a_writer(journal: Journal, tmp_path: Path) -> None:
    which = ("--journal", str(tmp_path / "journal.db"))
    status, out, err = await command("report", "audit", *which, "-o", "json")
    assert (status, err) == (0, "")
    assert [row["initiator"] for row in json.loads(out)["rows"]] == ["alice"]
    status, out, _ = await command("report", "recovery", *which)
    assert status == 0
    assert "parameter_overrides" in out
    status, anchor, _ = await command("report", "verify", "--print-anchor", *which)
    assert status == 0
    await journal.write(Group(observed_at=NOON, records=past.sync(60)))
    status, out, _ = await command("report", "verify", *which, "--anchor", anchor.strip())
    assert (status, out.splitlines()[0]) == (0, "whole: 4 rows are as they were recorded")


async def test_a_reader_never_holds_up_the_writer(journal: Journal, tmp_path: Path) -> None:
    which = ("--journal", str(tmp_path / "journal.db"))
    reports = asyncio.gather(*(command("report", "audit", *which) for _ in range(2)))
    after = 100.0
    while not reports.done():
        written = await journal.write(Group(observed_at=NOON, records=past.sync(after)))
        assert written.durable
        after += 60
    for status, out, err in await reports:
        assert (status, err) == (0, "")
        assert out.startswith("TIME")


async def test_dead_letters_of_a_running_exporter_are_tried_again(journal: Journal, tmp_path: Path) -> None:
    which = ("--journal", str(tmp_path / "journal.db"))
    first, second = await journal.next("otlp", 10)
    await journal.refuse("otlp", first, "400 Bad Request")
    await journal.acknowledge("otlp", second.number)
    await journal.write(Group(observed_at=NOON))
    status, out, _ = await command("journal", "dead-letters", "list", *which, "-o", "json")
    assert [row["reason"] for row in json.loads(out)["rows"]] == ["400 Bad Request"]
    status, out, _ = await command("journal", "dead-letters", "retry", "--endpoint", "otlp", *which)
    assert (status, out) == (0, "1 dead letter of otlp will be sent again\n")
    await journal.write(Group(observed_at=NOON, records=past.sync(60)))
    records = [row.record for row in await journal.next("otlp", 10)]
    assert records == [first.record, *past.sync(60)]
    assert (await command("report", "verify", *which))[0] == 0


async def test_an_endpoint_of_a_running_exporter_is_dropped(journal: Journal, tmp_path: Path) -> None:
    which = ("--journal", str(tmp_path / "journal.db"))
    assert (await command("journal", "drop-endpoint", "otlp", "--yes", *which))[0] == 0
    assert (await journal.write(Group(observed_at=NOON, records=past.sync(60)))).durable
    assert (await journal.stats()).endpoints == ()


async def test_a_backup_of_a_running_journal_can_be_reported_on(journal: Journal, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    status, _, err = await command("journal", "backup", str(copy), "--journal", str(tmp_path / "journal.db"))
    assert (status, err) == (0, "")
    await journal.write(Group(observed_at=NOON, records=past.sync(60)))
    assert json.loads((await command("report", "audit", "--journal", str(copy), "-o", "json"))[1])["syncs"] == 1
    assert (await command("report", "verify", "--journal", str(copy)))[0] == 0
