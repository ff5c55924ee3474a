"""What a full journal did not take, and what is told of it once there is room."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from observability.journal.group import Fold, Group
from observability.journal.group import Limits as JournalLimits
from observability.model.application import Key
from observability.model.event import Event
from observability.model.observation import Kind
from observability.model.status import HealthStatus
from observability.signals import exporter
from observability.state.saving import dumps
from tests.builders import NOON, gone, listing, seen
from tests.journals import AT_ONCE
from tests.recorders import APPLICATIONS, GAP, HEALTH, PROJECTS, SHOP, Overheard, Process, names, running, shop

CREATED: Final = "gitops.application.created"
DELETED: Final = "gitops.application.deleted"


class Folding(Overheard):
    """A journal that says what was folded when it is told to."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.told: asyncio.Queue[list[Fold]] = asyncio.Queue()

    async def folds(self, most: int = 200) -> Sequence[Fold]:
        return await self.told.get()


@asynccontextmanager
async def folding(file: Path) -> AsyncIterator[tuple[Process, Folding]]:
    """A process that unfolds what the test says was folded."""
    journal = await Folding.open(file, AT_ONCE, lambda: NOON)
    assert isinstance(journal, Folding)
    process = Process(journal, NOON)
    task = asyncio.create_task(process.recorder.unfold())
    try:
        yield process, journal
        assert not task.done()
    finally:
        task.cancel()
        process.exposition.close()
        await journal.close()


async def unfolded(journal: Folding, *folds: Fold) -> Group:
    """The group that tells what was folded."""
    before = len(journal.groups)
    journal.told.put_nowait(list(folds))
    while len(journal.groups) == before:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    return journal.groups[-1]


async def test_what_was_folded_is_told_as_one_step(file: Path) -> None:
    async with folding(file) as (process, journal):
        process.take(*listing([shop(1)], NOON - 600))
        first = process.store.states(Kind.APPLICATION)[SHOP]
        for version, health in ((2, HealthStatus.DEGRADED), (3, HealthStatus.HEALTHY), (4, HealthStatus.DEGRADED)):
            process.take(seen(shop(version, health=health), NOON - 100 + version))
        await process.recorder.finish()
        group = await unfolded(journal, Fold(Kind.APPLICATION, SHOP, dumps(first), 3, NOON - 99))
    assert group.unfolded == [(Kind.APPLICATION, SHOP)]
    gap, *events = group.records
    assert isinstance(gap, Event)
    assert (gap.name, gap.at, gap.attributes["gitops.gap.reason"]) == (GAP, NOON - 99, "journal_full")
    assert gap.attributes["gitops.gap.folded"] == 3
    (changed,) = [one for one in events if isinstance(one, Event) and one.name == HEALTH]
    assert changed.attributes["gitops.health.status"] == "Degraded"
    assert changed.attributes["gitops.health.previous_status"] == "Healthy"
    assert changed.attributes["gitops.catch_up"] is True


async def test_one_that_was_born_again_while_that_was_folded_is_another_one(file: Path) -> None:
    async with folding(file) as (process, journal):
        process.take(*listing([shop(1)], NOON - 600))
        first = process.store.states(Kind.APPLICATION)[SHOP]
        process.take(gone(shop(2)), seen(shop(3, uid="another", created_at=NOON - 50), NOON - 49))
        await process.recorder.finish()
        group = await unfolded(journal, Fold(Kind.APPLICATION, SHOP, dumps(first), 3, NOON - 99))
    told = [one for one in group.records if isinstance(one, Event) and one.name in (CREATED, DELETED)]
    uid = "gitops.application.uid"
    assert [(one.name, one.attributes[uid]) for one in told] == [(DELETED, first.facts.uid), (CREATED, "another")]
    assert all(one.attributes["gitops.catch_up"] is True for one in told)


async def test_what_waits_meanwhile_is_written_too(file: Path) -> None:
    async with folding(file) as (process, journal):
        process.take(*listing([shop(1), shop(2, "cart-prod")], NOON - 600))
        first = process.store.states(Kind.APPLICATION)[SHOP]
        await process.recorder.finish()
        process.take(seen(shop(3, "cart-prod", health=HealthStatus.DEGRADED), NOON))
        group = await unfolded(journal, Fold(Kind.APPLICATION, SHOP, dumps(first), 3, NOON - 99))
    assert names(group.records) == [GAP, HEALTH]
    assert group.records[1].subject == "Application/argocd/cart-prod"
    assert group.cursors == {APPLICATIONS: "3"}


async def test_a_fold_that_cannot_be_read_is_counted_and_the_others_are_told(file: Path) -> None:
    async with folding(file) as (process, journal):
        process.take(*listing([shop(1)], NOON - 600))
        first = process.store.states(Kind.APPLICATION)[SHOP]
        process.take(seen(shop(2, health=HealthStatus.DEGRADED), NOON - 1))
        await process.recorder.finish()
        unreadable = Fold(Kind.APPLICATION, Key("argocd", "cart-prod"), b"\x00", 2, NOON - 99)
        group = await unfolded(journal, unreadable, Fold(Kind.APPLICATION, SHOP, dumps(first), 1, NOON - 98))
        assert process.failures(exporter.UNREADABLE_MEMORIES) == 1
    assert names(group.records).count(HEALTH) == 1
    assert len(group.unfolded) == 2


async def test_a_full_journal_catches_up_once_there_is_room(file: Path) -> None:
    """The real thing: a journal without room, and another process with more of it."""
    async with running(file) as process:
        await process.journal.add_endpoint("slow")
        process.take(*listing([shop(1)]))
        await process.recorder.finish()
    async with running(file, NOON + 10, JournalLimits(commit_seconds=0, max_bytes=1)) as process:
        await process.recorder.restore()
        process.take(seen(shop(2, health=HealthStatus.DEGRADED), NOON + 10))
        await process.recorder.finish()
        stats = await process.journal.stats()
        assert (stats.full, stats.folded) == (True, 1)
    async with running(file, NOON + 20) as process:
        await process.recorder.restore()
        unfolding = asyncio.create_task(process.recorder.unfold())
        async with asyncio.timeout(10):
            while not (rows := await process.journal.next("slow", 10)):  # noqa: ASYNC110 - nor here
                await asyncio.sleep(0)
        unfolding.cancel()
    assert names([row.record for row in rows]) == [GAP, HEALTH]


async def test_one_that_is_not_watched_any_more_was_not_deleted(file: Path) -> None:
    async with folding(file) as (process, journal):
        process.take(*listing([shop(1)]))
        first = process.store.states(Kind.APPLICATION)[SHOP]
        await process.recorder.finish()
    async with folding(file) as (process, journal):
        await process.recorder.restore({PROJECTS: ""})
        group = await unfolded(journal, Fold(Kind.APPLICATION, SHOP, dumps(first), 3, NOON - 99))
    assert names(group.records) == [GAP]
    assert group.states == {(Kind.APPLICATION, SHOP): None}
