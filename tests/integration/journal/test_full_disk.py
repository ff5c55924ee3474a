"""A disk that is full: a small file system of the test's own. Needs root, to mount it."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from observability.errors import JournalError
from observability.journal.group import Limits, Written
from observability.journal.space import SUFFIXES
from observability.journal.verifying import verify
from tests.journals import event, events, group, key, numbers, opened

NO_PATIENCE: Final = Limits(commit_seconds=0.0, waiting_records=0)
"""What cannot be written at once is given up."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for 3 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        message = f"a small file system cannot be mounted: {mounted.stderr.strip()}"
        if os.environ.get("CI") == "true":  # noqa: TID251 - of the tests, not of the product
            pytest.fail(message)
        pytest.skip(message)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


async def test_what_is_recorded_on_a_full_disk_waits_until_there_is_room(disk: Path) -> None:
    file = disk / "journal.db"
    async with opened(file, Limits(commit_seconds=0.0)) as journal, asyncio.timeout(60):
        await journal.add_endpoint("a")
        await journal.write(group([event(1)], b"recorded"))
        ballast = fill(disk)
        number = 2
        while (written := await journal.write(group([event(number, size=3000)], b"%d" % number))).durable:
            number += 1
        assert written == Written(durable=False, folded=0)
        for more in (number + 1, number + 2):
            assert not (await journal.write(group([event(more)], b"latest"))).durable
        stats = await journal.stats()
        assert stats.trouble
        assert (stats.folded, stats.folds, stats.full) == (0, 0, True)
        ballast.unlink()
        assert await journal.write(group([event(number + 3)])) == Written()
        assert (await journal.stats()).trouble == ""
        rows = await journal.next("a", 1000)
        assert numbers([row.record for row in rows]) == list(range(1, number + 4))
        assert [state for *_, state in journal.restore().states()] == [b"latest"]
    assert verify(file).rows == number + 3


async def test_a_crash_while_records_wait_loses_their_states_with_them(disk: Path) -> None:
    """Who begins again with the file finds nothing of what waited, neither the events nor what came of them."""
    file, copy = disk / "journal.db", disk.parent / "copy.db"
    async with opened(file, Limits(commit_seconds=0.0)) as journal, asyncio.timeout(60):
        ballast, number = fill(disk), 1
        while (await journal.write(group([event(number, size=3000)], b"%d" % number))).durable:
            number += 1
        for suffix in SUFFIXES[:2]:
            shutil.copy(f"{file}{suffix}", f"{copy}{suffix}")
        ballast.unlink()
    async with opened(copy) as journal:
        states = [state for *_, state in journal.restore().states()]
    assert verify(copy).rows == number - 1
    assert states == ([b"%d" % (number - 1)] if number > 1 else [])


async def test_a_full_disk_stops_nothing_and_is_over_when_there_is_room(disk: Path) -> None:
    file = disk / "journal.db"
    async with opened(file, NO_PATIENCE) as journal, asyncio.timeout(60):
        await journal.add_endpoint("a")
        await journal.write(group([event(1)], b"recorded"))
        ballast = fill(disk)
        number = 1
        while (written := await journal.write(group([event(number + 1, size=3000)], b"%d" % (number + 1)))).durable:
            number += 1
        assert written.folded == 1
        stats = await journal.stats()
        assert stats.trouble
        assert (stats.folded, stats.full) == (1, True)
        assert not (await journal.write(group(state=b"latest"))).durable
        await journal.acknowledge("a", 1)
        rows = await journal.next("a", 1000)
        assert numbers([row.record for row in rows]) == list(range(2, number + 1))
        ballast.unlink()
        (fold,) = await journal.folds()
        assert (fold.state, fold.records) == (b"%d" % number if number > 1 else b"recorded", 1)
        assert [state for *_, state in journal.restore().states()] == [b"latest"]
        assert (await journal.write(group([event(9000)], b"now", unfolded=[key()]))).folded == 0
        stats = await journal.stats()
        assert (stats.trouble, stats.folds, stats.folded) == ("", 0, 1)
    verdict = verify(file)
    assert (verdict.fault, verdict.rows) == (None, number + 1)


async def test_a_disk_that_fills_up_without_a_cap_loses_no_count(disk: Path) -> None:
    file, sent, folded = disk / "journal.db", 0, 0
    async with opened(file, NO_PATIENCE) as journal:
        for first in range(1, 1600, 100):
            written = await journal.write(group(events(first, first + 99, size=2000)))
            sent, folded = sent + 100, folded + written.folded
        assert 0 < folded < sent
        assert (await journal.stats()).folded == folded
    assert verify(file).rows == sent - folded


async def test_a_journal_is_found_again_on_a_full_disk(disk: Path) -> None:
    file = disk / "journal.db"
    async with opened(file) as journal:
        await journal.write(group([event(1)], b"state"))
    ballast = fill(disk)
    try:
        async with opened(file) as journal:
            assert [state for *_, state in journal.restore().states()] == [b"state"]
    except JournalError as error:
        assert "cannot be opened" in str(error)  # noqa: PT017 - SQLite needs 32 KiB for the index of its log
    ballast.unlink()
    async with opened(file) as journal:
        assert [state for *_, state in journal.restore().states()] == [b"state"]


@pytest.fixture
def read_only_disk(disk: Path) -> Path:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    return disk


async def test_a_read_only_file_system_is_named(read_only_disk: Path) -> None:
    with pytest.raises(JournalError, match=r"cannot be written \(Read-only file system\)"):
        async with opened(read_only_disk / "journal.db"):
            pass
