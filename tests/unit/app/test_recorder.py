"""What is made of changes, what of it is written together, and what a recorder that begins with a journal knows."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from observability.app import recorder as recorders
from observability.app import unsaved
from observability.app.composition import METERS
from observability.app.exposed import exposed
from observability.app.recorder import History, Recorder
from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.journal import records, writing
from observability.journal.group import Fold, Group, Written
from observability.journal.group import Limits as JournalLimits
from observability.journal.journal import Journal
from observability.journal.packing import unpack
from observability.model.application import Application, Condition, HistoryEntry, Key
from observability.model.event import Event, Record, Span
from observability.model.observation import Alive, Kind, Listed, Listing, Observation, Scope, Seen
from observability.model.promotion import Delivered, Journey, Pair, Promoted, PromotionKey, PromotionStep
from observability.model.state import ApplicationState
from observability.model.status import HealthStatus, Phase, Result, SyncStatus
from observability.settings import Cluster, Settings
from observability.settings import Exposition as ExpositionSettings
from observability.signals import exporter
from observability.signals.transitions import Context
from observability.state.promotion import Promotions
from observability.state.saving import dumps, loads
from observability.state.store import Store
from observability.state.tallies import Tallies
from tests.builders import NOON, application, entry, gone, listing, operation, project, seen, target
from tests.journals import AT_ONCE

APPLICATIONS: Final = Scope(Kind.APPLICATION)
PROJECTS: Final = Scope(Kind.PROJECT)
SHOP: Final = Key("argocd", "shop-prod")
HEALTH: Final = "gitops.application.health.changed"
CREATED: Final = "gitops.application.created"
DELETED: Final = "gitops.application.deleted"
GAP: Final = "gitops.exporter.gap"
PROMOTED: Final = "gitops.service.promoted"
DELIVER: Final = "DELIVER prod"


class Overheard(Journal):
    """A journal that also remembers the groups it was given."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.groups: list[Group] = []

    async def write(self, group: Group) -> Written:
        self.groups.append(group)
        return await super().write(group)


class Process:
    """What of the exporter stands between a source and the journal, with a clock of its own."""

    def __init__(self, journal: Overheard, now: float, heard: bool = True) -> None:
        settings = Settings()
        self.now = now
        self.journal = journal
        self._settled = False
        self.store = Store(settle_seconds=10.0, environments=settings.environments, identity=settings.identity)
        self.own = OwnMetrics(exporter.EXPORTER_METRICS)
        limits = Limits(series_per_family=1000, label_value_bytes=1024)
        kinds = exposed(ExpositionSettings(), Cluster())
        self.exposition = Exposition(kinds, limits, self.own, METERS, self._clock)
        for kind in Kind:
            self.exposition.show(kind)
        names = tuple(environment.name for environment in settings.environments)
        history = History(Context.of(settings.environments), Tallies(), Promotions(names), heard=heard)
        self.recorder = Recorder(journal, self.store, self.exposition, self.own, history, self._clock)

    def _clock(self) -> float:
        return self.now

    def take(self, *observations: Observation, scope: Scope = APPLICATIONS) -> None:
        """One batch, as the pipeline passes it on."""
        changes = self.store.apply(observations)
        self.exposition.apply(changes)
        self.recorder.take(changes)
        self.recorder.observe(scope, observations)
        if scope == APPLICATIONS and any(isinstance(one, Listed) for one in observations):
            self._settled = True

    async def welcomed(self) -> None:
        """Until those who were there before us are taken in, once all are listed."""
        if self._settled:
            await self.recorder.take_in()

    async def group(self) -> Group:
        """What was written of all that was taken since the last time: one group."""
        await self.welcomed()
        before = len(self.journal.groups)
        await self.recorder.finish()
        (group,) = self.journal.groups[before:]
        return group

    def failures(self, metric: Any = exporter.RECORD_FAILURES) -> float:
        """The value of one of the exporter's counters."""
        lines = [line for line in self.own.render().decode().splitlines() if line.startswith(f"{metric.name} ")]
        return float(lines[0].rsplit(" ", 1)[1])

    async def lines(self, *families: str) -> list[str]:
        """What /metrics says in these families, sorted."""
        await self.welcomed()
        body = b"".join([piece async for piece in self.exposition.identity()]).decode()
        return sorted(line for line in body.splitlines() if line.partition("{")[0] in families)


@asynccontextmanager
async def running(
    path: Path | None, now: float = NOON, limits: JournalLimits = AT_ONCE, *, heard: bool = True
) -> AsyncIterator[Process]:
    """A process that ends without a last word; what it has not written is lost."""
    journal = await Overheard.open(path, limits, lambda: now)
    assert isinstance(journal, Overheard)
    process = Process(journal, now, heard)
    yield process
    process.exposition.close()
    await journal.close()


@pytest.fixture
async def memory() -> AsyncIterator[Process]:
    """One without a file."""
    async with running(None) as process:
        yield process


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a journal may be."""
    return tmp_path / "journal.db"


def names(records: Sequence[Record]) -> list[str]:
    """Of events and spans."""
    return [record.name for record in records]


def shop(version: int, name: str = "shop-prod", **facts: Any) -> Application:
    """An Application at a resourceVersion, which was deployed long ago."""
    return application(name, **{"resource_version": str(version), "history": (entry(0, "a", NOON - 7200),), **facts})


def synced(version: int, revision: str = "b", name: str = "shop-prod", at: float = NOON) -> tuple[Seen, Seen]:
    """An Application while it is synced to a revision, and after that."""
    history: tuple[HistoryEntry, ...] = (entry(0, "a", NOON - 7200),)
    run: dict[str, Any] = {"automated": True, "requested": target(revision), "synced": target(revision)}
    behind: dict[str, Any] = {"sync": SyncStatus.OUT_OF_SYNC, "desired": target(revision), "history": history}
    begun = shop(version, name, operation=operation(Phase.RUNNING, at, **run), **behind)
    history = (*history, entry(1, revision, at + 1))
    after: dict[str, Any] = {"desired": target(revision), "history": history}
    ended = shop(version + 1, name, operation=operation(Phase.SUCCEEDED, at, at + 1, **run), **after)
    return seen(begun, at), seen(ended, at + 2)


# What one batch brings


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


# Cursors and gaps


async def test_the_cursor_follows_objects_and_bookmarks(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(7)]))
        assert (await process.group()).cursors == {APPLICATIONS: "1"}
        process.take(seen(shop(8)))
        assert (await process.group()).cursors == {APPLICATIONS: "8"}
        process.take(Alive(APPLICATIONS, "20", NOON))
        process.take(Alive(PROJECTS, "21", NOON), scope=PROJECTS)
        assert (await process.group()).cursors == {APPLICATIONS: "20", PROJECTS: "21"}


async def test_a_list_clears_the_cursor_until_it_is_complete(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(7)]))
        await process.recorder.finish()
        process.take(Listing(APPLICATIONS, "expired"), seen(shop(8)))
        assert (await process.group()).cursors == {APPLICATIONS: None}
        process.take(seen(shop(9, "cart-prod")))
        assert (await process.group()).cursors == {}
        process.take(Listed(APPLICATIONS, "30", NOON))
        assert (await process.group()).cursors == {APPLICATIONS: "30"}


async def test_the_images_of_those_that_were_there_before_us_are_known_after_the_list(memory: Process) -> None:
    environments = ("staging", "prod")
    memory.take(*listing([shop(1, f"shop-{one}", images=("shop:1",)) for one in environments]))
    memory.take()  # the store lets go of what it has told
    assert [line[-1] for line in await memory.lines("gitops_promotion_images_match")] == ["1"]


def gaps(records: Sequence[Record]) -> list[tuple[str, str, float, float]]:
    """Kind, reason, beginning and seconds of each gap."""
    found = [record for record in records if isinstance(record, Event) and record.name == GAP]
    told = [(one, one.attributes) for one in found]
    assert all(attributes["gitops.catch_up"] is True for _, attributes in told)
    return [
        (
            str(attributes["gitops.gap.kind"]),
            str(attributes["gitops.gap.reason"]),
            one.at,
            float(str(attributes["gitops.gap.duration_seconds"])),
        )
        for one, attributes in told
    ]


async def test_a_cold_start_is_no_gap(memory: Process) -> None:
    await memory.recorder.restore()
    memory.take(*listing([shop(1)]))
    memory.take(*listing([project()], scope=PROJECTS), scope=PROJECTS)
    await memory.recorder.finish()
    assert memory.journal.groups == []


async def test_a_second_list_is_a_gap(memory: Process) -> None:
    memory.take(*listing([shop(1)], NOON))
    memory.take(Alive(APPLICATIONS, "5", NOON + 60))
    memory.take(*listing([shop(7, health=HealthStatus.DEGRADED)], NOON + 100, reason="expired"))
    group = await memory.group()
    assert gaps(group.records) == [("Application", "expired", NOON + 60, 40.0)]
    (changed,) = [one for one in group.records if isinstance(one, Event) and one.name == HEALTH]
    assert changed.attributes["gitops.catch_up"] is True


async def test_a_list_after_a_restart_is_a_gap_since_the_cursor(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)], NOON))
        await process.recorder.finish()
    async with running(file, NOON + 60) as process:
        assert await process.recorder.restore() == {APPLICATIONS: "1"}
        process.take(*listing([shop(1)], NOON + 70, reason="expired"))
        assert gaps((await process.group()).records) == [("Application", "expired", NOON, 70.0)]


async def test_a_list_that_never_ended_leaves_a_gap_from_before_it(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)], NOON))
        process.take(Listing(APPLICATIONS, "expired"), seen(shop(5), NOON + 10))
        await process.recorder.finish()
    async with running(file, NOON + 60) as process:
        assert await process.recorder.restore() == {}
        process.take(*listing([shop(5)], NOON + 70))
        assert gaps((await process.group()).records) == [("Application", "restart", NOON, 70.0)]
    async with running(file, NOON + 80) as process:
        assert await process.recorder.restore() == {APPLICATIONS: "1"}


# What another process goes on from


async def test_it_goes_on_as_before(file: Path) -> None:
    facts = (
        "gitops_application_operations_total",
        "gitops_application_deployments_total",
        "gitops_application_out_of_sync_since_timestamp_seconds",
    )
    folds = ("gitops_syncs_total", "gitops_deployments_total", "gitops_sync_duration_seconds_count")
    pairs = ("gitops_promotion_pending", "gitops_promotion_pending_since_timestamp_seconds")
    families = (*facts, *folds, *pairs)
    async with running(file) as process:
        process.take(*listing([shop(1), shop(2, "shop-dev"), shop(3, "cart-prod")]))
        process.take(*listing([project()], scope=PROJECTS), scope=PROJECTS)
        process.take(*synced(4, name="shop-dev"))
        process.take(seen(shop(9, "cart-prod", sync=SyncStatus.OUT_OF_SYNC), NOON + 30))
        await process.welcomed()
        await process.recorder.finish()
        before = await process.lines(*families)
        process.store.apply([])  # what nobody keeps is let go
        states = [dict(process.store.states(kind)) for kind in Kind]
    async with running(file, NOON + 60) as process:
        assert await process.recorder.restore() == {APPLICATIONS: "9", PROJECTS: "1"}
        await process.recorder.take_in()
        assert await process.lines(*families) == before
        assert [dict(process.store.states(kind)) for kind in Kind] == states
        group = await process.group() if process.journal.groups else None
        assert group is None or not group.records
    said = {line.partition("{")[0] for line in before}
    assert said == set(families)
    assert any(line.startswith("gitops_promotion_pending{") and line.endswith(" 1") for line in before)


async def test_what_is_restored_is_counted_before_anything_is_observed(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1), shop(2, "cart-prod")]))
        process.take(*listing([project()], scope=PROJECTS), scope=PROJECTS)
        await process.recorder.finish()
    async with running(file) as process:
        await process.recorder.restore()
        lines = process.own.render().decode().splitlines()
    assert [line for line in lines if line.startswith("gitops_exporter_objects{")] == [
        'gitops_exporter_objects{kind="Application"} 2.0',
        'gitops_exporter_objects{kind="ApplicationSet"} 0.0',
        'gitops_exporter_objects{kind="AppProject"} 1.0',
    ]


async def test_what_is_restored_makes_no_events_and_no_gap(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1, sync=SyncStatus.OUT_OF_SYNC, health=HealthStatus.DEGRADED)]))
        process.take(*synced(2))
        await process.recorder.finish()
    async with running(file, NOON + 60) as process:
        await process.recorder.restore()
        process.take(Alive(APPLICATIONS, "9", NOON + 61))
        group = await process.group()
        assert group.records == []
        assert group.states == {}


async def test_what_happens_next_is_told_once(file: Path) -> None:
    running_, ended = synced(2)
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        process.take(running_)
        began = await process.group()
    async with running(file, NOON + 60) as process:
        await process.recorder.restore()
        process.take(running_)  # a watch may send what was seen already
        process.take(ended)
        group = await process.group()
    assert "gitops.application.sync.started" in names(began.records)
    assert "gitops.application.sync.started" not in names(group.records)
    finished = [one for one in group.records if one.name == "gitops.application.sync.finished"]
    (event,) = finished
    assert isinstance(event, Event)
    assert event.attributes["gitops.catch_up"] is False


async def damage(path: Path, *statements: str) -> None:
    """What befell the file while nobody had it open."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "counted"),
    [
        ("UPDATE states SET state = x'00' WHERE name = 'shop-prod'", 1),
        ("UPDATE values_ SET value = x'00' WHERE name LIKE 'tally/%'", 2),
        ("UPDATE values_ SET value = x'00' WHERE name LIKE 'promotion/%'", 2),
        ("UPDATE values_ SET value = x'00' WHERE name = 'listed'", 1),
        ("INSERT INTO values_ VALUES ('unseen', x'81a9496e76656e74656400')", 1),
    ],
    ids=["state", "tallies", "promotions", "listed", "unseen"],
)
async def test_what_cannot_be_read_is_counted_and_the_rest_stands(file: Path, statement: str, counted: int) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1), shop(2, "cart-prod")]))
        process.take(*synced(3), *synced(5, name="cart-prod"))
        await process.recorder.finish()
    await damage(file, statement)
    async with running(file, NOON + 60) as process:
        known = await process.recorder.restore()
        assert process.failures(exporter.UNREADABLE_MEMORIES) == counted
        is_state = "UPDATE states" in statement
        assert known == ({} if is_state else {APPLICATIONS: "6"})
        assert Key("argocd", "cart-prod") in process.store.states(Kind.APPLICATION)
        assert (SHOP in process.store.states(Kind.APPLICATION)) is not is_state


async def test_an_application_that_could_not_be_read_comes_back_without_false_events(file: Path) -> None:
    """It is listed again: known before to be there, so neither created nor drifted now."""
    one = shop(1, sync=SyncStatus.OUT_OF_SYNC, health=HealthStatus.DEGRADED, created_at=NOON - 9000)
    async with running(file) as process:
        process.take(*listing([one]))
        await process.recorder.finish()
    await damage(file, "UPDATE states SET state = x'00'")
    async with running(file, NOON + 60) as process:
        await process.recorder.restore()
        process.take(*listing([one], NOON + 61))
        assert names((await process.group()).records) == [GAP]


async def test_a_journal_that_was_moved_aside_is_begun_anew(file: Path) -> None:
    file.write_bytes(b"no journal" * 100)
    async with running(file) as process:
        assert await process.recorder.restore() == {}
        assert process.failures(exporter.UNREADABLE_MEMORIES) == 1
        process.take(*listing([shop(1)]))
        process.take(*synced(2))
        assert "gitops.application.deployed" in names((await process.group()).records)


# Folds


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


# Defects of ours


def broken(*_: object) -> Any:
    raise ArithmeticError("a defect")


@pytest.mark.parametrize("what", ["events_of", "sync_span"])
async def test_a_row_that_fails_is_counted_and_stops_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    healthy = getattr(recorders, what)

    def fails_for_shop(change: Any, context: Context) -> Any:
        return broken() if change.key == SHOP else healthy(change, context)

    async with running(file) as process:
        process.take(*listing([shop(1), shop(2, "cart-prod")]))
        await process.recorder.finish()
        monkeypatch.setattr(recorders, what, fails_for_shop)
        changed = [
            shop(number, name, health=HealthStatus.DEGRADED) for number, name in ((3, "shop-prod"), (4, "cart-prod"))
        ]
        process.take(*map(seen, changed))
        group = await process.group()
        assert process.failures() == 1
    assert "Application/argocd/cart-prod" in {one.subject for one in group.records if one.name == HEALTH}
    assert {key.name for _, key in group.states} == {"shop-prod", "cart-prod"}
    assert group.cursors == {APPLICATIONS: "4"}


async def test_a_state_that_cannot_be_saved_is_counted_and_stops_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails_for_shop(state: Any) -> bytes:
        return dumps(state) if state.facts.key != SHOP else broken()

    async with running(file) as process:
        monkeypatch.setattr(unsaved, "dumps", fails_for_shop)
        process.take(*listing([shop(1), shop(2, "cart-prod")]))
        group = await process.group()
        assert process.failures() == 1
    assert {key.name for _, key in group.states} == {"cart-prod"}


async def test_a_group_that_cannot_be_written_is_counted_and_its_states_are_saved_with_the_next_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorders, "_RETRY_SECONDS", 0.0)
    async with running(file) as process:
        process.take(*listing([shop(1), shop(2, "shop-dev")]))
        await process.group()
        process.take(seen(shop(3, health=HealthStatus.DEGRADED)))
        with monkeypatch.context() as patch:
            patch.setattr(writing, "write", broken)
            lost = await process.group()
        process.take(seen(shop(4, "shop-dev", health=HealthStatus.DEGRADED)))
        group = await process.group()
    assert process.failures() == len(lost.records) > 0
    assert {key.name for _, key in group.states} == {"shop-prod", "shop-dev"}
    assert lost.values.keys() <= group.values.keys()
    async with running(file, NOON + 60) as process:
        assert await process.recorder.restore() == {APPLICATIONS: "4"}
        restored = process.store.states(Kind.APPLICATION)[SHOP]
    assert isinstance(restored, ApplicationState)
    assert restored.facts.health is HealthStatus.DEGRADED


async def test_tallies_that_fail_are_counted_and_the_events_are_recorded(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        await process.recorder.finish()
        monkeypatch.setattr(Tallies, "take", broken)
        process.take(seen(shop(2, health=HealthStatus.DEGRADED)))
        assert HEALTH in names((await process.group()).records)
        assert process.failures() == 1


def travels(value: str, *, at: float = NOON) -> tuple[Promoted, Delivered]:
    """What a step of the promotions tells of a value that came to prod."""
    pair = Pair("argocd", "shop", "shop", "staging", "prod")
    promoted = Promoted(pair=pair, key=PromotionKey.REVISION, value=(value,), deployed_at=at - 9, at=at, observed_at=at)
    journey = Journey("argocd", "shop", "shop", PromotionKey.REVISION, (value,))
    delivered = Delivered(journey=journey, environment="prod", started_at=at - 9, ended_at=at, result=Result.SUCCESS)
    return promoted, delivered


@pytest.mark.parametrize("what", ["promotion_events", "journey_span"])
async def test_what_travels_and_cannot_be_told_is_counted_and_stops_nothing(
    memory: Process, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    step = PromotionStep({}, (*travels("a"), *travels("b")), {})
    monkeypatch.setattr(Promotions, "apply", lambda *_: step)
    told = getattr(recorders, what)
    failing = iter((True, False))
    monkeypatch.setattr(recorders, what, lambda *given: broken() if next(failing) else told(*given))
    memory.take(seen(shop(1)))
    group = await memory.group()
    others = [PROMOTED] * 2 + [DELIVER] if what == "journey_span" else [PROMOTED] + [DELIVER] * 2
    assert sorted(names(group.records)) == sorted(others)
    assert memory.failures() == 1


async def test_what_travels_when_those_before_us_are_taken_in_is_told(
    memory: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.take(*listing([shop(1)]))
    monkeypatch.setattr(Promotions, "apply", lambda *_: PromotionStep({}, travels("a"), {}))
    group = await memory.group()
    assert sorted(names(group.records)) == sorted([PROMOTED, DELIVER])


async def test_what_cannot_be_written_as_json_is_counted(file: Path) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        process.take(seen(shop(2, conditions=(Condition("ComparisonError", "\ud800"),))))
        await process.recorder.finish()
        assert process.failures() >= 1


# What is kept


async def test_what_is_saved_beside_states_can_be_read_elsewhere(file: Path) -> None:
    """`listed` tells births from first sights: it must be there after the first list already."""
    async with running(file) as process:
        process.take(*listing([shop(1)], NOON))
        group = await process.group()
    listed = group.values["listed"]
    assert listed is not None
    assert json.loads(msgspec.json.encode(msgspec.msgpack.decode(listed))) == {"Application/": NOON}


def test_states_of_these_tests_are_what_they_seem() -> None:
    """An Application of `synced` changes by one deployment."""
    store = Store(settle_seconds=10.0, environments=Settings().environments, identity=Settings().identity)
    store.apply(listing([shop(1)]))
    *_, last = store.apply(synced(2))
    assert isinstance(last.after, ApplicationState)
    assert last.after.memory.deployments == 1
