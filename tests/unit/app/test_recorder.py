"""What is made of changes, what of it is written together, and who was there before we came."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from observability.journal import records
from observability.journal.group import Limits as JournalLimits
from observability.journal.packing import unpack
from observability.model.event import Event, Span
from observability.model.observation import Compared, Kind
from observability.model.promotion import PromotionStep
from observability.model.state import ApplicationState
from observability.model.status import HealthStatus
from observability.settings import Settings
from observability.state.promotion import Promotions
from observability.state.saving import PUT_OFF_SECONDS, loads
from observability.state.store import Store
from tests.builders import NOON, gone, listing, seen
from tests.recorders import (
    APPLICATIONS,
    DELIVER,
    HEALTH,
    PROMOTED,
    SHOP,
    Process,
    names,
    running,
    shop,
    synced,
    travels,
)


async def test_all_of_a_batch_is_one_group(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        await process.recorder.finish()
        process.take(*synced(2))
        group = await process.group()
    key = Kind.APPLICATION, SHOP
    assert group.cursors == {APPLICATIONS: "3"}
    saved = group.states[key]
    assert saved is not None
    process.store.apply([])  # what nobody keeps is let go
    assert loads(Kind.APPLICATION, saved) == process.store.states(Kind.APPLICATION)[SHOP]
    assert "gitops.application.deployed" in names(group.records)
    assert [record.name for record in group.records if isinstance(record, Span)] == ["SYNC shop-prod"]
    assert {name.partition("/")[0] for name in group.values} >= {"tally", "promotion"}


async def test_one_that_was_only_compared_is_saved_when_it_is_its_turn(file: Path) -> None:
    uid = shop(1).uid
    due = next(at for at in range(int(NOON), int(NOON) + PUT_OFF_SECONDS) if (at + hash(uid)) % PUT_OFF_SECONDS == 0)
    comparisons = [Compared(APPLICATIONS, SHOP, str(at), float(at), float(at)) for at in (due + 1, due + 2, due + 600)]
    saved = []
    async with running(file) as process:
        process.take(*listing([shop(1, reconciled_at=float(due))]))
        await process.recorder.finish()
        for one in comparisons:
            process.take(one)
            group = await process.group()
            assert (group.records, group.cursors) == ([], {APPLICATIONS: one.resource_version})
            saved.append((Kind.APPLICATION, SHOP) in group.states)
    assert saved == [False, False, True]


async def test_ten_thousand_transitions_in_one_second_are_ten_thousand_events(file: Path) -> None:
    """Half of them of one Application, within one second of Argo CD's: each has an id of its own, in its order."""
    words = (HealthStatus.DEGRADED, HealthStatus.HEALTHY)
    async with running(file) as process:
        process.take(*listing([shop(1, f"cart-{number}") for number in range(50)] + [shop(2)]))
        await process.recorder.finish()
        version = 2
        for turn in range(50):
            batch = []
            for number in range(200):
                version += 1
                name = "shop-prod" if number % 2 else f"cart-{number // 2 % 50}"
                place = turn * 100 + number // 2 if number % 2 else turn * 2 + number // 100
                batch.append(seen(shop(version, name, health=words[place % 2], health_since=NOON), NOON + turn / 50))
            process.take(*batch)
        await process.recorder.finish()
        assert process.failures() == 0
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT id, application, data FROM events WHERE name = ? ORDER BY number", (HEALTH,))
        found = [(identifier, application_, data) for identifier, application_, data in rows]
        (cursor,) = connection.execute("SELECT version FROM cursors").fetchone()
    assert cursor == str(version)
    assert len(found) == len({identifier for identifier, _, _ in found}) == 10_000
    told = [
        unpack(records.EVENT, data).attributes["gitops.health.status"]
        for _, name, data in found
        if name == "argocd/shop-prod"
    ]
    assert told == [str(word) for word in words] * 2500


async def test_what_was_written_is_in_the_file(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        process.take(*synced(2))
        group = await process.group()
    with closing(sqlite3.connect(file)) as connection:
        events = connection.execute("SELECT id FROM events ORDER BY number").fetchall()
        spans = connection.execute("SELECT count(*) FROM spans").fetchone()
        cursors = connection.execute("SELECT kind, namespace, version, at FROM cursors").fetchall()
        values = {name for (name,) in connection.execute("SELECT name FROM values_")}
        states = connection.execute("SELECT kind, namespace, name, state FROM states").fetchall()
    assert [identifier for (identifier,) in events] == [one.id for one in group.records if isinstance(one, Event)]
    assert spans == (0,), "nobody wants them"
    assert cursors == [("Application", "", "3", NOON)]
    assert values == {name for name, value in group.values.items() if value is not None}
    assert states == [("Application", *SHOP, group.states[Kind.APPLICATION, SHOP])]


async def test_what_is_gone_is_gone_from_the_file(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        process.take(gone(shop(2)))
        group = await process.group()
    assert group.states == {(Kind.APPLICATION, SHOP): None}
    assert "gitops.application.deleted" in names(group.records)


async def test_in_memory_only_records_are_written(memory: Process) -> None:
    await memory.journal.add_endpoint("all")
    memory.take(*listing([shop(1)]))
    await memory.recorder.finish()
    assert memory.journal.groups == []
    memory.take(*synced(2))
    group = await memory.group()
    assert (group.states, group.cursors, group.values) == ({}, {}, {})
    rows = await memory.journal.next("all", 100)
    assert [row.record for row in rows] == list(group.records)
    assert {type(row.record) for row in rows} == {Event, Span}


async def test_what_nobody_hears_is_counted_and_not_recorded() -> None:
    async with running(None, heard=False) as process:
        process.take(*listing([shop(1)]))
        process.take(*synced(2))
        await process.welcomed()
        await process.recorder.finish()
        assert process.journal.groups == []
        assert any(line.endswith(" 1") for line in await process.lines("gitops_syncs_total"))


async def test_nothing_new_is_no_group(file: Path) -> None:
    async with running(file) as process:
        await process.recorder.finish()
        assert process.journal.groups == []


async def test_what_comes_while_a_group_is_written_is_the_next_one(file: Path) -> None:
    async with running(file, limits=JournalLimits(commit_seconds=0.01)) as process:
        writing = asyncio.create_task(process.recorder.write())
        process.take(*listing([shop(1)]))
        while len(process.journal.groups) < 1:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        process.take(seen(shop(2, health=HealthStatus.DEGRADED)))
        process.take(seen(shop(3)))
        while len(process.journal.groups) < 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        writing.cancel()
    assert [group.cursors for group in process.journal.groups] == [{APPLICATIONS: "1"}, {APPLICATIONS: "3"}]
    assert names(process.journal.groups[1].records).count(HEALTH) == 2


async def test_the_images_of_those_that_were_there_before_us_are_known_after_the_list(memory: Process) -> None:
    environments = ("staging", "prod")
    memory.take(*listing([shop(1, f"shop-{one}", images=("shop:1",)) for one in environments]))
    memory.take()  # the store lets go of what it has told
    assert [line[-1] for line in await memory.lines("gitops_promotion_images_match")] == ["1"]


async def test_what_travels_when_those_before_us_are_taken_in_is_told(
    memory: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.take(*listing([shop(1)]))
    monkeypatch.setattr(Promotions, "apply", lambda *_: PromotionStep({}, travels("a"), {}))
    group = await memory.group()
    assert sorted(names(group.records)) == sorted([PROMOTED, DELIVER])


def test_states_of_these_tests_are_what_they_seem() -> None:
    """An Application of `synced` changes by one deployment."""
    store = Store(settle_seconds=10.0, environments=Settings().environments, identity=Settings().identity)
    store.apply(listing([shop(1)]))
    *_, last = store.apply(synced(2))
    assert isinstance(last.after, ApplicationState)
    assert last.after.memory.deployments == 1
