"""The audit chain: any row that was changed, removed or moved is found and named, in a journal that is in use."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from observability.errors import JournalError
from observability.journal import chain
from observability.journal.copying import backup
from observability.journal.group import Limits
from observability.journal.records import COLUMNS, as_json, columns
from observability.journal.verifying import Verdict, Wrong, head, verify
from tests.builders import NOON
from tests.journals import event, events, group, opened, span


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def filled(file: Path, rows: int = 9) -> str:
    """A journal of so many events, and its anchor."""
    async with opened(file) as journal:
        await journal.write(group(events(1, rows)))
    return head(file)


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def found(verdict: Verdict) -> tuple[int, int, Wrong]:
    assert verdict.fault is not None
    return verdict.rows, verdict.fault.number, verdict.fault.wrong


async def test_a_journal_in_use_is_whole(file: Path) -> None:
    async with opened(file) as journal:
        await journal.write(group(events(1, 3)))
        early = head(file)
        assert verify(file) == Verdict(3, early, None)
        await journal.write(group(events(4, 6)))
        assert verify(file, early) == Verdict(6, head(file), None)
    assert head(file).startswith("6:")


async def test_an_empty_journal_is_whole(file: Path) -> None:
    async with opened(file):
        assert verify(file, head(file)) == Verdict(0, chain.anchor(0, chain.BEGINNING), None)


async def test_spans_between_events_are_no_gap(file: Path) -> None:
    async with opened(file) as journal:
        await journal.add_endpoint("a")
        await journal.write(group([event(1), span(2), event(3)]))
        await journal.acknowledge("a", 3)
        await journal.write(group([span(4), event(5)]))
        assert verify(file).fault is None


async def test_a_single_byte_that_flips_in_a_row_is_found(file: Path) -> None:
    await filled(file)
    change(file, "UPDATE events SET data = replace(data, 'xxxxxxxxxx', 'xxxxyxxxxx') WHERE number = 4")
    assert found(verify(file)) == (3, 4, Wrong.CHANGED)


async def test_a_byte_that_flips_in_the_file_is_found(file: Path) -> None:
    await filled(file, 3)
    whole = file.read_bytes()
    for needle in (b"xxxxxxxxxx", b"gitops.application.health", b"Application/argocd"):
        place = -1
        for _ in range(3):
            place = whole.index(needle, place + 1)
            for bit in (0x01, 0x80):
                file.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
                assert verify(file).fault is not None
    file.write_bytes(whole)
    assert verify(file).fault is None


@pytest.mark.parametrize("column", [*COLUMNS, "hash"])
async def test_every_column_is_held_by_the_chain(file: Path, column: str) -> None:
    await filled(file)
    value = "x'00'" if column == "hash" else "at + 1" if column in ("at", "observed_at") else f"{column} || ' '"
    change(file, f"UPDATE events SET {column} = {value} WHERE number = 5")  # noqa: S608
    assert found(verify(file)) == (4, 5, Wrong.CHANGED)
    change(file, f"UPDATE events SET {column} = NULL WHERE number = 5")  # noqa: S608
    assert found(verify(file)) == (4, 5, Wrong.CHANGED)


@pytest.mark.parametrize("number", [1, 4, 8])
async def test_a_removed_row_is_named(file: Path, number: int) -> None:
    await filled(file)
    change(file, f"DELETE FROM events WHERE number = {number}")  # noqa: S608
    assert found(verify(file)) == (number - 1, number, Wrong.REMOVED)


async def test_several_removed_rows_are_named(file: Path) -> None:
    await filled(file)
    change(file, "DELETE FROM events WHERE number BETWEEN 4 AND 6")
    fault = verify(file).fault
    assert fault is not None
    assert "rows 4 to 6 between them is missing" in fault.message


async def test_two_swapped_rows_are_named(file: Path) -> None:
    await filled(file)
    change(
        file,
        "UPDATE events SET number = 100 WHERE number = 4",
        "UPDATE events SET number = 4 WHERE number = 6",
        "UPDATE events SET number = 6 WHERE number = 100",
    )
    verdict = verify(file)
    assert found(verdict) == (3, 4, Wrong.REORDERED)
    assert verdict.fault is not None
    assert verdict.fault.message == "row 6 belongs after row 3, in the place of row 4"


async def test_two_rows_that_swapped_all_but_their_hashes_are_named(file: Path) -> None:
    await filled(file)
    names = ", ".join(COLUMNS)
    change(
        file,
        f"CREATE TEMP TABLE was AS SELECT number AS place, {names} FROM events WHERE number IN (4, 5)",  # noqa: S608
        "UPDATE events SET id = number WHERE number IN (4, 5)",
        f"UPDATE events SET ({names}) = (SELECT {names} FROM was WHERE place = 9 - number) WHERE number IN (4, 5)",  # noqa: S608
    )
    assert found(verify(file)) == (3, 4, Wrong.REORDERED)


async def test_a_cut_tail_is_found_with_an_anchor(file: Path) -> None:
    anchor = await filled(file)
    change(file, "DELETE FROM events WHERE number > 6", "DELETE FROM sqlite_sequence")
    assert verify(file).fault is None  # nothing in the file tells of it any more
    assert found(verify(file, anchor)) == (6, 7, Wrong.CUT)


async def test_a_cut_tail_is_found_without_one_when_it_was_cut_carelessly(file: Path) -> None:
    await filled(file)
    change(file, "DELETE FROM events WHERE number > 6")
    assert found(verify(file)) == (6, 7, Wrong.CUT)


async def test_a_chain_that_was_rewritten_is_found_with_an_anchor(file: Path) -> None:
    anchor = await filled(file)
    rewrite(file, 4)
    assert verify(file).fault is None
    assert found(verify(file, anchor)) == (8, 9, Wrong.REWRITTEN)


def rewrite(file: Path, changed: int) -> None:
    """What somebody does who knows how: one event is another, and every hash behind it fits."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        before = chain.BEGINNING
        for number in range(1, 10):
            one = event(number, "other") if number == changed else event(number)
            data = as_json(one)
            before = chain.link(before, data)
            values = (*columns(one, data), before, number)
            marks = ", ".join(f"{name} = ?" for name in (*COLUMNS, "hash"))
            connection.execute(f"UPDATE events SET {marks} WHERE number = ?", values)  # noqa: S608


async def test_rows_that_were_cut_by_age_are_vouched_for_by_their_checkpoint(file: Path) -> None:
    early = await filled(file)
    async with opened(file, Limits(commit_seconds=0.0, retention_days=1), NOON + 86_400 * 2) as journal:
        await journal._ask(lambda ledger: ledger.tidy())  # noqa: SLF001 - it would happen a minute later
        assert head(file) == early
        assert verify(file, early) == Verdict(0, early, None)
        await journal.write(group(events(10, 12)))
        assert verify(file, early) == Verdict(3, head(file), None)
    with pytest.raises(JournalError, match="the anchor is of row 3, and the journal keeps none up to row 9"):
        verify(file, chain.anchor(3, bytes(32)))
    change(file, "DELETE FROM events WHERE number = 10")
    assert found(verify(file)) == (0, 10, Wrong.REMOVED)


async def test_an_anchor_of_a_row_that_is_no_event_is_not_of_this_chain(file: Path) -> None:
    async with opened(file) as journal:
        await journal.write(group([event(1), span(2), event(3)]))
    assert found(verify(file, chain.anchor(2, bytes(32)))) == (2, 2, Wrong.REWRITTEN)


def test_what_is_no_journal_is_an_error(file: Path) -> None:
    with pytest.raises(JournalError, match="no such journal"):
        verify(file)
    with pytest.raises(JournalError, match="not a file"):
        verify(file.parent)
    change(file, "CREATE TABLE a(b)")
    with pytest.raises(JournalError, match="not a journal of gitops-obs"):
        head(file)
    file.write_text("something else that is long enough to be looked at" * 20)
    with pytest.raises(JournalError, match="cannot be read: file is not a database"):
        head(file)


async def test_a_backup_of_a_journal_in_use_is_whole(file: Path, tmp_path: Path) -> None:
    to = tmp_path / "backup.db"
    async with opened(file) as journal:
        await journal.write(group(events(1, 5), b"state"))
        backup(file, to)
        anchor = head(file)
        await journal.write(group([event(6)], b"later"))
        with pytest.raises(JournalError, match="the file exists already"):
            backup(file, to)
    assert verify(to, anchor) == Verdict(5, anchor, None)
    assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup.db"]
    async with opened(to) as journal:
        assert [state for *_, state in journal.restore().states()] == [b"state"]


async def test_a_backup_that_cannot_be_written_leaves_nothing(file: Path, tmp_path: Path) -> None:
    await filled(file)
    with pytest.raises(JournalError, match="cannot be written"):
        backup(file, tmp_path / "missing" / "backup.db")
    with pytest.raises(JournalError, match="no such journal"):
        backup(tmp_path / "none.db", tmp_path / "backup.db")
    assert list(tmp_path.glob("backup*")) == []
