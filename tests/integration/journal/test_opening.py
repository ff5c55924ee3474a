"""Files that cannot be used: an error that says what to do, or moved aside and begun anew; never a wrong row."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from observability.errors import JournalError
from observability.journal import schema
from observability.journal.copying import backup
from observability.journal.opening import check, open_file
from tests import journals
from tests.builders import NOON
from tests.journals import event, group, opened

ASIDE = "journal.db.corrupt-20261123T120000Z"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def filled(file: Path) -> None:
    async with opened(file) as journal:
        await journal.write(group([event(1)], b"state"))


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"missing/journal\.db: the folder .*missing does not exist: create it"):
        async with opened(tmp_path / "missing" / "journal.db"):
            pass


async def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="expected a file, found a folder"):
        async with opened(tmp_path):
            pass


@pytest.mark.parametrize("locked", ["folder", "file"])
@pytest.mark.parametrize("how", ["open_file(path, 0.0)", "check(path)"])
def test_what_may_not_be_written_is_named(tmp_path: Path, locked: str, how: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "journal.db"
    file.touch()
    file.chmod(0o444 if locked == "file" else 0o666)
    folder.chmod(0o777 if locked == "file" else 0o555)
    for parent in list(tmp_path.parents)[:3]:  # pytest's folders are for their owner alone
        if parent.owner() == Path.home().owner() and parent.name.startswith("pytest"):
            parent.chmod(0o755)
    tmp_path.chmod(0o755)
    script = (
        "import os, pathlib\n"
        "from observability.errors import JournalError\n"
        "from observability.journal.opening import check, open_file\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        f"path = pathlib.Path({str(file)!r})\n"
        "try:\n"
        f"    {how}\n"
        "except JournalError as error:\n"
        "    print(error, flush=True)\n"
        "os._exit(0)\n"  # nobody may write where a report of coverage would go
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[3], check=False
    )
    expected = (
        "the file cannot be read and written by user" if locked == "file" else "cannot be written (Permission denied)"
    )
    assert expected in run.stdout


async def test_a_second_process_is_told_who_has_it(file: Path) -> None:
    async with opened(file):
        with pytest.raises(JournalError, match=f"another process writes this journal: process {os.getpid()} on "):
            async with opened(file):
                pass
    async with opened(file):  # a lock goes with its holder
        pass


async def test_a_newer_version_is_left_as_it_is(file: Path) -> None:
    await filled(file)
    change(file, f"PRAGMA user_version = {schema.VERSION + 1}")
    before = file.read_bytes()
    with pytest.raises(JournalError, match=f"schema version {schema.VERSION + 1}, this program knows up to"):
        async with opened(file):
            pass
    with pytest.raises(JournalError, match=f"schema version {schema.VERSION + 1}, this program knows up to"):
        check(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", ["ours", "", "not a database"])
async def test_what_would_be_opened_or_moved_aside_is_not_refused_beforehand(file: Path, content: str) -> None:
    if content == "ours":
        async with opened(file) as journal:
            await journal.write(group([event(1)], b"state"))
            there = sorted(file.parent.iterdir())
            check(file)
            assert sorted(file.parent.iterdir()) == there
        return
    file.write_text(content)
    check(file)
    assert (list(file.parent.iterdir()), file.read_text()) == ([file], content)


def _text(file: Path) -> None:
    file.write_text("not a database")


def _other_database(file: Path) -> None:
    change(file, "CREATE TABLE a(b)")


def _other_application(file: Path) -> None:
    change(file, "CREATE TABLE a(b)", "PRAGMA application_id = 77", "PRAGMA user_version = 9")


def _without_a_table(file: Path) -> None:
    open_file(file, NOON).close()
    change(file, "DROP TABLE cursors")


def _scribbled(file: Path) -> None:
    _without_a_table(file)
    content = bytearray(file.read_bytes())
    content[100:4096] = bytes(3996)
    file.write_bytes(content)


def _wal_without_file(file: Path) -> None:
    file.touch()
    file.with_name("journal.db-wal").write_bytes(b"log")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_text, "not a database of SQLite"),
        (_other_database, "not a journal of gitops-obs"),
        (_other_application, "not a journal of gitops-obs"),
        (_without_a_table, "without the tables cursors"),
        (_scribbled, "damaged: "),
        (_wal_without_file, "the file is empty, but has a write-ahead log"),
    ],
)
async def test_what_is_no_journal_is_moved_aside_and_begun_anew(
    file: Path, damage: Callable[[Path], None], reason: str
) -> None:
    damage(file)
    content = file.read_bytes()
    async with opened(file) as journal:
        restored = journal.restore()
        assert restored.origin.fresh
        assert restored.origin.moved_aside == file.with_name(ASIDE)
        assert reason in restored.origin.trouble
        assert list(restored.states()) == []
        assert (await journal.write(group([event(1)]))).durable
    assert file.with_name(ASIDE).read_bytes() == content


async def test_a_second_one_moved_aside_in_the_same_second_gets_another_name(file: Path) -> None:
    for number in range(3):
        file.unlink(missing_ok=True)
        file.write_text(f"not a database {number}")
        async with opened(file):
            pass
    names = sorted(path.name for path in file.parent.glob("*.corrupt-*"))
    assert names == [ASIDE, f"{ASIDE}-1", f"{ASIDE}-2"]


async def test_an_empty_file_is_begun(file: Path) -> None:
    file.touch()
    async with opened(file) as journal:
        assert journal.restore().origin == (True, None, "")


async def test_it_is_not_for_everybody_to_read(file: Path) -> None:
    """Events name people. The log and its index have what the file itself has not yet."""
    before = os.umask(0)
    try:
        async with opened(file) as journal:
            await journal.write(group([event(1)]))
            modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.glob("journal.db*")}
            backup(file, file.with_name("backup.db"))
    finally:
        os.umask(before)
    assert modes == {"journal.db": 0o640, "journal.db-wal": 0o640, "journal.db-shm": 0o640, "journal.db.lock": 0o600}
    assert file.with_name("backup.db").stat().st_mode & 0o777 == 0o640


async def test_the_mode_of_a_file_that_is_there_stays(file: Path) -> None:
    file.touch()
    file.chmod(0o664)
    async with opened(file):
        assert file.stat().st_mode & 0o777 == 0o664


async def test_one_that_was_about_to_be_begun_is_begun(file: Path) -> None:
    change(file, "PRAGMA auto_vacuum = INCREMENTAL", "PRAGMA journal_mode = WAL")
    assert file.stat().st_size > 0
    async with opened(file) as journal:
        assert journal.restore().origin.moved_aside is None
        assert (await journal.write(group([event(1)]))).durable


async def _left_behind(file: Path, into: Path) -> tuple[bytes, bytes]:
    """The file and the log of a process that was killed after three groups."""
    async with opened(file) as journal:
        await journal.add_endpoint("a")
        for number in range(1, 4):
            await journal.write(group([event(number)], b"%d" % number))
        into.mkdir()
        return file.read_bytes(), file.with_name("journal.db-wal").read_bytes()


async def _found(file: Path) -> int:
    """How many groups are there, all of each; -1 when the file was moved aside."""
    async with opened(file) as journal:
        restored = journal.restore()
        states = [int(state) for *_, state in restored.states()]
        if restored.origin.moved_aside is not None:
            assert states == []
            return -1
        query = "SELECT count(*), max(number) FROM events"
        found = await journal._ask(lambda ledger: ledger.read(lambda it: it.execute(query).fetchone()))  # noqa: SLF001
        assert found[0] == (states[0] if states else 0)
        assert found[1] in (found[0], None)
        return int(found[0])


async def test_a_log_that_is_cut_anywhere_gives_whole_groups(tmp_path: Path) -> None:
    main, log = await _left_behind(tmp_path / "journal.db", tmp_path / "cut")
    file = tmp_path / "cut" / "journal.db"
    results = []
    # Every byte around the ends of frames, where something may change, and some between.
    frame = 4096 + 24
    cuts = {
        32 + number * frame + off for number in range(len(log) // frame + 1) for off in (-25, -24, -1, 0, 1, 24, 900)
    }
    for cut in sorted(cut for cut in cuts | set(range(40)) if 0 <= cut <= len(log)):
        for left in file.parent.iterdir():
            left.unlink()
        file.write_bytes(main)
        file.with_name("journal.db-wal").write_bytes(log[:cut])
        results.append(await _found(file))
    assert results == sorted(results)
    assert {0, 1, 2, 3} <= set(results)


async def test_a_file_that_is_cut_anywhere_is_moved_aside(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    async with opened(file) as journal:
        await journal.write(group([event(1)], b"1"))
    whole = file.read_bytes()
    (tmp_path / "cut").mkdir()
    copy = tmp_path / "cut" / "journal.db"
    tail = range(len(whole) - 40, len(whole))
    for cut in (1, 15, 16, 17, 99, 100, 101, *range(512, len(whole), 1531), *tail):
        for left in copy.parent.iterdir():
            left.unlink()
        copy.write_bytes(whole[:cut])
        assert await _found(copy) == -1, cut


async def test_a_byte_that_flips_anywhere_is_never_a_crash(tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    await filled(file)
    whole = file.read_bytes()
    (tmp_path / "flipped").mkdir()
    copy = tmp_path / "flipped" / "journal.db"
    for place in range(0, len(whole), 977):
        for left in copy.parent.iterdir():
            left.unlink()
        copy.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        try:
            async with opened(copy) as journal:
                await journal.write(group([event(2)]))
        except JournalError as error:
            assert str(copy) in str(error) or "journal" in str(error)  # noqa: PT017


def test_numbers_of_events(file: Path) -> None:
    assert journals.numbers(journals.events(3, 5)) == [3, 4, 5]
    assert not file.exists()
