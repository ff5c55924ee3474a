"""The journal in a file and in memory: what is written comes back, is delivered, and goes when it may."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from observability.errors import JournalError
from observability.journal import endpoints, letters
from observability.journal.group import Group, Limits, Written
from observability.journal.journal import Journal
from observability.journal.letters import DeadLetter
from observability.journal.reading import changing, reading
from observability.journal.restoring import Cursor
from observability.journal.verifying import Verdict, head, verify
from observability.model.application import Key
from observability.model.event import Record
from observability.model.observation import Kind, Scope
from observability.model.outbox import Outbox
from tests import journals
from tests.builders import NOON
from tests.journals import event, events, group, key, opened, span

DAY = 86_400.0


@pytest.fixture(params=["file", "memory"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return tmp_path / "journal.db" if request.param == "file" else None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def owed(journal: Outbox, endpoint: str = "a", most: int = 100) -> list[int]:
    return journals.numbers([row.record for row in await journal.next(endpoint, most)])


def dead_letters(file: Path, endpoint: str | None = None) -> Sequence[DeadLetter]:
    """Those that a command would list."""
    with reading(file) as connection:
        return letters.listed(connection, endpoint)


def count(file: Path, table: str) -> int:
    with reading(file) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


async def test_what_was_saved_is_there_after_a_restart(file: Path) -> None:
    scope, other = Scope(Kind.APPLICATION), Scope(Kind.PROJECT, "argocd")
    states = {
        (kind, Key("argocd", f"{number:04}")): bytes([number % 256])
        for kind in (Kind.APPLICATION, Kind.PROJECT)
        for number in range(1500)
    }
    async with opened(file) as journal:
        before = journal.restore()
        assert (before.origin.fresh, before.clean, dict(before.cursors)) == (True, True, {})
        await journal.write(
            Group(observed_at=NOON, states=states, cursors={scope: "7", other: "8"}, values={"a": b"v"})
        )
        gone = {(Kind.PROJECT, Key("argocd", "0003")): None}
        await journal.write(
            Group(observed_at=NOON + 1, states=gone, cursors={scope: "9", other: None}, values={"a": None, "b": b"w"})
        )
    del states[Kind.PROJECT, Key("argocd", "0003")]
    async with opened(file) as journal:
        restored = journal.restore()
        assert {(kind, name): state for kind, name, state in restored.states()} == states
        assert restored.cursors == {scope: Cursor("9", NOON + 1)}
        assert restored.values == {"b": b"w"}
        assert (restored.origin.fresh, restored.clean, restored.folds) == (False, True, 0)


async def test_states_can_be_read_by_kind_and_in_a_thread(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.write(Group(observed_at=NOON, states={key("b"): b"1", key("a"): b"2"}))
        await journal.write(Group(observed_at=NOON, states={(Kind.PROJECT, Key("argocd", "p")): b"3"}))
        found = await asyncio.to_thread(lambda: list(journal.restore().states(Kind.APPLICATION)))
        assert found == [(*key("a"), b"2"), (*key("b"), b"1")]


async def test_a_journal_that_was_not_closed_says_so(file: Path, tmp_path: Path) -> None:
    async with opened(file) as journal:
        await journal.write(group([event(1)], b"state"))
        for part in tmp_path.glob("journal.db*"):
            (tmp_path / f"copy-{part.name}").write_bytes(part.read_bytes())
    async with opened(tmp_path / "copy-journal.db") as journal:
        restored = journal.restore()
        assert not restored.clean
        assert [state for *_, state in restored.states()] == [b"state"]


async def test_records_are_offered_in_order_until_acknowledged(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.add_endpoint("a")
        await journal.write(group([event(1), span(2), event(3)]))
        rows = await journal.next("a", 2)
        assert [row.record for row in rows] == [event(1), span(2)]
        assert await owed(journal, most=2) == [1, 2]
        await journal.acknowledge("a", rows[0].number)
        assert await owed(journal) == [2, 3]
        await journal.acknowledge("a", rows[-1].number + 1)
        assert await owed(journal) == []


async def test_a_record_with_an_id_that_is_there_already_is_ignored(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.add_endpoint("a")
        await journal.write(group([event(1), event(1), span(7), span(7)]))
        await journal.write(group([span(7), event(2), event(1)]))
        assert await owed(journal) == [1, 7, 2]


async def test_each_endpoint_has_a_cursor_of_its_own_and_keeps_it_over_a_restart(file: Path) -> None:
    async with opened(file) as journal:
        await journal.add_endpoint("a")
        await journal.write(group(events(1, 3)))
        await journal.add_endpoint("late")
        await journal.write(group(events(4, 5)))
        await journal.acknowledge("a", 2)
        assert await owed(journal, "late") == [4, 5]
    async with opened(file) as journal:
        await journal.add_endpoint("a")
        assert await owed(journal, "a") == [3, 4, 5]
        assert await owed(journal, "late") == [4, 5]
        assert [(one.name, one.rows, one.oldest_at) for one in (await journal.stats()).endpoints] == [
            ("a", 3, NOON + 0.5),
            ("late", 2, NOON + 0.5),
        ]


async def test_an_endpoint_that_is_not_known_is_named(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.add_endpoint("a")
        with pytest.raises(JournalError, match="no endpoint 'b'; it knows a"):
            await journal.next("b", 1)


@pytest.mark.parametrize("change", [endpoints.drop, letters.retry])
async def test_an_endpoint_that_a_command_does_not_find_is_named(file: Path, change: Callable[..., object]) -> None:
    async with opened(file) as journal:
        await journal.add_endpoint("a")
    with pytest.raises(JournalError, match="no endpoint 'b'; it knows a"), changing(file) as connection:
        change(connection, "b")


async def test_an_endpoint_that_is_dropped_holds_nothing_any_more(file: Path) -> None:
    async with opened(file) as journal:
        for name in ("a", "down"):
            await journal.add_endpoint(name)
        await journal.write(group([event(1), span(2)]))
        await journal.refuse("down", (await journal.next("down", 1))[0], "no")
        await journal.acknowledge("a", 2)
        await journal.stats()
        with changing(file) as connection:
            endpoints.drop(connection, "down")
        assert [one.name for one in (await journal.stats()).endpoints] == ["a"]
        assert dead_letters(file) == []
        await journal.add_endpoint("down")
        assert await owed(journal, "down") == []


async def test_spans_go_when_every_endpoint_has_them(file: Path) -> None:
    async with opened(file) as journal:
        for name in ("a", "b"):
            await journal.add_endpoint(name)
        await journal.write(group([span(1), event(2), span(3)]))
        await journal.acknowledge("a", 3)
        await journal.stats()
        assert count(file, "spans") == 2
        await journal.acknowledge("b", 2)
        await journal.stats()
        assert count(file, "spans") == 1
        assert count(file, "events") == 1


async def test_without_endpoints_spans_are_owed_to_nobody(file: Path) -> None:
    async with opened(file) as journal:
        await journal.write(group([span(1), event(2)]))
        await journal.stats()
        assert (count(file, "spans"), count(file, "events")) == (0, 1)


async def test_a_waiter_wakes_when_something_is_recorded(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.add_endpoint("a")
        assert await owed(journal) == []
        waiting = asyncio.create_task(journal.wait("a"))
        await journal.write(group(state=b"no record"))
        assert not waiting.done()
        await journal.write(group([event(1)]))
        async with asyncio.timeout(5):
            await waiting
        assert await owed(journal) == [1]
        async with asyncio.timeout(5):
            await journal.wait("a")  # it has not taken it yet


async def test_nothing_that_comes_between_next_and_wait_is_missed(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.add_endpoint("a")
        assert await owed(journal) == []
        await journal.write(group([event(1)]))
        async with asyncio.timeout(5):
            await journal.wait("a")


async def test_what_is_refused_in_memory_is_counted(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.add_endpoint("a")
        await journal.write(group(events(1, 2)))
        await journal.refuse("a", (await journal.next("a", 1))[0], "no")
        assert [(one.rows, one.dead_letters) for one in (await journal.stats()).endpoints] == [(1, 1)]


async def test_what_is_refused_becomes_a_dead_letter_and_can_be_tried_again(file: Path) -> None:
    async with opened(file) as journal:
        for name in ("a", "b"):
            await journal.add_endpoint(name)
        await journal.write(group(events(1, 3)))
        rows = await journal.next("a", 3)
        await journal.refuse("a", rows[0], "too strange \ud800")
        assert await owed(journal) == [2, 3]
        await journal.stats()
        (letter,) = dead_letters(file, "a")
        assert (letter.number, letter.record, letter.reason) == (rows[0].number, "event", "too strange ?")
        assert dead_letters(file, "b") == []
        with changing(file) as connection:
            assert letters.retry(connection, "a", [99]) == 0
            assert letters.retry(connection, "a", [letter.number]) == 1
        assert dead_letters(file) == []
        await journal.write(group([event(4)]))
        assert await owed(journal) == [2, 3, 1, 4]
        assert await owed(journal, "b") == [1, 2, 3, 4]
        assert [one.rows for one in (await journal.stats()).endpoints] == [4, 4]


async def test_a_command_may_change_a_journal_in_use(file: Path) -> None:
    async with opened(file) as journal:
        await journal.add_endpoint("a")
        await journal.write(group(events(1, 2)))
        await journal.refuse("a", (await journal.next("a", 1))[0], "no")
        await journal.acknowledge("a", 2)
        assert await owed(journal) == []
        with changing(file) as connection:
            assert letters.retry(connection, "a") == 1
        await journal.write(group([event(3)]))
        assert await owed(journal) == [1, 3]
        await journal.refuse("a", (await journal.next("a", 1))[0], "still no")
        await journal.stats()
        assert [one.reason for one in dead_letters(file)] == ["still no"]
        with changing(file) as connection:
            assert letters.purge(connection, "a") == 1
        assert (await journal.stats()).endpoints[0].dead_letters == 0


async def test_a_row_that_was_damaged_does_not_hold_back_the_others(file: Path) -> None:
    async with opened(file) as journal:
        await journal.add_endpoint("a")
        await journal.write(group(events(1, 4)))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE events SET data = 'no JSON' WHERE number = 2")
        connection.execute("UPDATE events SET data = '{}' WHERE number IN (3, 4)")
        connection.commit()
    async with opened(file) as journal:
        assert await owed(journal, most=3) == [1]
        await journal.acknowledge("a", 1)
        assert await owed(journal, most=1) == []
        await journal.stats()
        assert sorted({one.number for one in dead_letters(file)}) == [2, 3, 4]


async def test_who_keeps_up_and_who_does_not_are_given_the_same(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.add_endpoint("slow")
        await journal.add_endpoint("fast")
        records: list[Record] = []
        for first in range(1, 1500, 100):  # more than are kept at hand
            some: list[Record] = [*events(first, first + 98), span(first + 99)]
            records += some
            await journal.write(group(some))
            given = await journal.next("fast", 200)
            assert [row.record for row in given] == some
            assert [row.number for row in given] == list(range(first, first + 100))
            await journal.acknowledge("fast", given[49].number)
            assert await journal.next("fast", 10) == given[50:60]
            await journal.acknowledge("fast", given[-1].number)
            assert await journal.next("fast", 10) == []
        found: list[Record] = []
        while given := await journal.next("slow", 70):
            found += [row.record for row in given]
            await journal.acknowledge("slow", given[-1].number)
        assert found == records


async def test_groups_that_wait_share_a_transaction_and_keep_their_order(file: Path) -> None:
    async with opened(file, Limits(commit_seconds=0.2)) as journal:
        await journal.add_endpoint("a")
        written = await asyncio.gather(*(journal.write(group([event(number)])) for number in range(1, 51)))
        assert all(one.durable and not one.folded for one in written)
        assert await owed(journal) == list(range(1, 51))


async def test_many_records_do_not_wait_for_more(file: Path) -> None:
    async with opened(file, Limits(commit_seconds=3600, commit_records=20)) as journal, asyncio.timeout(30):
        await asyncio.gather(*(journal.write(group([event(number)])) for number in range(20)))


async def test_what_waits_is_written_at_the_end(file: Path) -> None:
    async with opened(file, Limits(commit_seconds=3600)) as journal:
        waiting = asyncio.create_task(journal.write(group([event(1)], b"state")))
        await asyncio.sleep(0)
        await journal.close()
        assert (await waiting).durable
        with pytest.raises(JournalError, match="closed"):
            await journal.write(group([event(2)]))
        with pytest.raises(JournalError, match="closed"):
            await journal.next("a", 1)
    assert count(file, "events") == 1


async def test_a_group_is_written_even_if_nobody_waits_for_it(file: Path) -> None:
    async with opened(file, Limits(commit_seconds=0.05)) as journal:
        await journal.add_endpoint("a")
        waiting = asyncio.create_task(journal.write(group([event(1)])))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await journal.write(group([event(2)]))
        assert await owed(journal) == [1, 2]


async def test_a_record_that_json_cannot_say_is_left_out_and_counted(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        await journal.add_endpoint("a")
        written = await journal.write(group([event(1), replace(event(2), body="\ud800"), event(3)]))
        assert (written.durable, written.unwritable) == (True, 1)
        assert await owed(journal) == [1, 3]


async def test_a_defect_is_told_and_the_journal_goes_on(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        bad = Group(observed_at=NOON, values={"a": object()})  # type: ignore[dict-item]
        with pytest.raises(JournalError, match="could not write a group"):
            await journal.write(bad)
        assert (await journal.write(group([event(1)]))).durable


async def test_a_group_that_is_none_is_told_and_the_journal_goes_on(anywhere: Path | None) -> None:
    async with opened(anywhere) as journal:
        with pytest.raises(JournalError, match="could not take a group"):
            await journal.write(Group(observed_at=NOON, records=["no record"]))  # type: ignore[list-item]
        assert (await journal.write(group([event(1)]))).durable


async def test_a_file_that_is_given_back_shrinks(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, retention_days=1)
    async with opened(file, limits, NOON + 2 * DAY) as journal:
        for first in range(1, 5001, 500):
            await journal.write(group(events(first, first + 499, size=4000)))
        before = (await journal.stats()).bytes
        for _ in range(12):
            await _tidied(journal)
    assert file.stat().st_size < before // 2


async def test_what_cannot_be_written_to_the_last_is_told_to_its_callers(file: Path) -> None:
    async with opened(file, Limits(commit_seconds=3600, max_bytes=1 << 20, waiting_records=0)) as journal:
        waiting = asyncio.create_task(journal.write(group([event(1)], bytes(2 << 20))))
        await asyncio.sleep(0)
        await journal.close()
        assert await waiting == Written(durable=False, folded=1)
    async with opened(file) as journal:
        assert not journal.restore().clean or list(journal.restore().states()) == []


async def test_in_memory_delivered_events_go_at_once() -> None:
    async with opened(None, now=NOON + 10) as journal:
        await journal.add_endpoint("a")
        await journal.write(group(events(1, 9)))
        await journal.acknowledge("a", 8)
        await journal.stats()
        await _tidied(journal)
        await journal.add_endpoint("b")
        query = "SELECT count(*) FROM events"
        kept = await journal._ask(lambda ledger: ledger.read(lambda it: it.execute(query).fetchone()))  # noqa: SLF001
        assert kept == (1,)


async def _tidied(journal: Journal) -> None:
    await journal._ask(lambda ledger: ledger.tidy())  # noqa: SLF001 - it would happen a minute later


async def test_old_events_are_cut_at_a_checkpoint_once_delivered(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, retention_days=10)
    async with opened(file, limits, NOON + 11 * DAY) as journal:
        await journal.add_endpoint("a")
        await journal.write(group([event(1), span(2), event(3)]))
        await journal.write(group([event(4, at=NOON + 5 * DAY), event(5)]))
        await journal.stats()
        await _tidied(journal)
        assert count(file, "events") == 4
        await journal.acknowledge("a", 5)
        await journal.stats()
        await _tidied(journal)
        assert count(file, "events") == 2  # of the last two the first is younger
        with reading(file) as connection:
            ((number, rows, at, head),) = connection.execute(
                "SELECT number, rows, at, head FROM checkpoints"
            ).fetchall()
        assert (number, rows, at, len(head)) == (3, 2, NOON + 11 * DAY, 32)


async def test_a_full_journal_keeps_states_and_gives_back_what_was_folded(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, max_bytes=2 << 20)
    async with opened(file, limits) as journal:
        await journal.add_endpoint("a")
        await journal.write(group([event(1)], b"recorded"))
        last = 1
        while not (written := await journal.write(group(events(last + 1, last + 20, "other", 2000)))).folded:
            last += 20
        assert written.durable
        written = await journal.write(group([event(9001, size=50_000)], b"later"))
        assert (written.durable, written.folded) == (True, 1)
        assert await journal.write(group(state=b"latest")) == Written()
        stats = await journal.stats()
        assert (stats.full, stats.folded, stats.folds, stats.trouble) == (True, 21, 2, "")
        assert stats.bytes <= limits.max_bytes
        waiting = asyncio.create_task(journal.folds())
        await asyncio.sleep(0)
        await journal.acknowledge("a", last)
        assert not waiting.done()
    # In the file what was recorded last and what is known now both are kept.
    async with opened(file, Limits(commit_seconds=0.0)) as journal:
        restored = journal.restore()
        assert [state for *_, state in restored.states()] == [b"latest"]
        assert restored.folds == 2
        folded = {fold.key.name: fold for fold in await journal.folds()}
        assert (folded["shop-prod"].state, folded["shop-prod"].records) == (b"recorded", 1)
        assert (folded["other"].state, folded["other"].records) == (None, 20)
        # What comes before the difference is recorded would be out of order.
        assert (await journal.write(group([event(9002)]))).folded == 1
        caught_up = group([event(9003), event(9004)], unfolded=[key(), key("other")])
        assert (await journal.write(caught_up)).folded == 0
        assert (await journal.write(group([event(9005)]))).folded == 0
        stats = await journal.stats()
        assert (stats.folds, stats.folded, stats.full) == (0, 1, False)
        await journal.acknowledge("a", last)
        assert await owed(journal) == [9003, 9004, 9005]


async def test_a_full_journal_cuts_what_may_go_before_it_folds(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, max_bytes=2 << 20, retention_days=1)
    async with opened(file, limits, NOON + 2 * DAY) as journal:
        await journal.add_endpoint("a")
        for first in range(1, 4001, 20):
            written = await journal.write(group(events(first, first + 19, size=2000)))
            assert written.folded == 0
            await journal.acknowledge("a", (await journal.next("a", 100))[-1].number)
        assert (await journal.stats()).bytes <= limits.max_bytes


async def test_a_full_journal_cuts_delivered_events_before_their_time(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, max_bytes=2 << 20)
    with capture_logs() as logs:
        async with opened(file, limits) as journal:
            await journal.add_endpoint("a")
            for first in range(1, 8001, 20):
                assert (await journal.write(group(events(first, first + 19, size=2000)))).folded == 0
                await journal.acknowledge("a", (await journal.next("a", 100))[-1].number)
            stats = await journal.stats()
    assert stats.bytes <= limits.max_bytes
    with reading(file) as connection:
        ((kept, last),) = connection.execute("SELECT count(*), max(number) FROM events").fetchall()
        ((cut, until),) = connection.execute("SELECT sum(rows), max(number) FROM checkpoints").fetchall()
    assert (cut, until, kept, last) == (stats.cut_early, stats.cut_early, 8000 - stats.cut_early, 8000)
    assert kept > 0
    assert verify(file) == Verdict(kept, head(file), None)
    told = [one["event"] for one in logs]
    assert told.count("the journal has reached its size: delivered events go before retention_days") == 1


async def test_a_full_journal_cuts_nothing_for_a_log_that_a_reader_holds_back(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, max_bytes=4 << 20)
    async with opened(file, limits) as journal:
        await journal.add_endpoint("a")
        number = 200
        await journal.write(group(events(1, number, size=2000)))
        await journal.acknowledge("a", number)
        with reading(file) as connection:
            connection.execute("SELECT count(*) FROM events").fetchone()
            while not (await journal.write(group([event(number + 1)], bytes(50_000)))).folded:
                number += 1
                await journal.acknowledge("a", number)
            await _tidied(journal)
            assert (await journal.stats()).full
        assert (await journal.stats()).cut_early == 0
    assert count(file, "events") == number


async def test_a_full_journal_cuts_nothing_that_is_owed(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, max_bytes=2 << 20)
    async with opened(file, limits) as journal:
        await journal.add_endpoint("a")
        await journal.add_endpoint("down")
        first = 1
        while not (await journal.write(group(events(first, first + 19, size=2000), b"1"))).folded:
            await journal.acknowledge("a", first + 19)
            first += 20
        assert (await journal.stats()).cut_early == 0
        assert count(file, "events") == first - 1
        # It comes back, and there is room again.
        waiting = asyncio.create_task(journal.folds())
        await journal.acknowledge("down", first - 1)
        async with asyncio.timeout(30):
            (fold,) = await waiting
        assert fold.records == 20
        assert (await journal.stats()).cut_early > 0


async def test_a_full_journal_cuts_nothing_of_which_there_is_no_copy(file: Path) -> None:
    async with opened(file, Limits(commit_seconds=0.0, max_bytes=2 << 20)) as journal:
        first = 1
        while not (await journal.write(group(events(first, first + 19, size=2000)))).folded:
            first += 20
        await _tidied(journal)
        assert (await journal.stats()).cut_early == 0
    assert count(file, "events") == first - 1


async def test_room_that_a_dropped_endpoint_leaves_is_found_by_itself(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, max_bytes=2 << 20, retention_days=1)
    async with opened(file, limits, NOON + 2 * DAY) as journal:
        await journal.add_endpoint("down")
        first = 1
        while not (await journal.write(group(events(first, first + 19, size=2000), b"1"))).folded:
            first += 20
        waiting = asyncio.create_task(journal.folds())
        with changing(file) as connection:
            endpoints.drop(connection, "down")
        async with asyncio.timeout(30):
            (fold,) = await waiting
        assert fold.records == 20


async def test_a_journal_of_states_alone_that_does_not_fit_keeps_them_in_memory(file: Path) -> None:
    limits = Limits(commit_seconds=0.0, max_bytes=1 << 20)
    async with opened(file, limits) as journal:
        number, durable = 0, True
        while durable:
            number += 1
            durable = (await journal.write(group(state=bytes(20_000), name=f"{number}"))).durable
        stats = await journal.stats()
        assert (stats.full, stats.trouble) == (True, "database or disk is full")
        assert stats.bytes <= limits.max_bytes
        gone = Group(observed_at=NOON, states={key(f"{one}"): None for one in range(1, number)})
        assert (await journal.write(gone)).durable
        assert (await journal.stats()).trouble == ""
        assert [(name.name, len(state)) for _, name, state in journal.restore().states()] == [(f"{number}", 20_000)]


async def test_while_somebody_else_holds_the_file_groups_wait(file: Path) -> None:
    async with opened(file) as journal:
        await journal.add_endpoint("a")
        await journal.stats()
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(journal.write(group([event(1)])))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            other.execute("COMMIT")
        async with asyncio.timeout(30):
            assert (await waiting) == Written()
        assert await owed(journal) == [1]


async def test_the_loop_is_not_held_up_by_the_disk(file: Path) -> None:
    async with opened(file) as journal:
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = asyncio.create_task(journal.write(group([event(1)])))
            for _ in range(1000):
                await asyncio.sleep(0)
            assert not waiting.done()
        await waiting
