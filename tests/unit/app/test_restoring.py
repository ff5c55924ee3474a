"""What another process goes on from, and what of it cannot be read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from observability.app.coverage import SELECTORS
from observability.app.watched import LISTED, UNSEEN, times
from observability.model.application import Key
from observability.model.event import Event
from observability.model.observation import Alive, Kind, Scope
from observability.model.status import HealthStatus, SyncStatus
from observability.signals import exporter
from tests.builders import NOON, listing, project, seen
from tests.recorders import APPLICATIONS, GAP, PROJECTS, SHOP, Process, names, running, shop, synced


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


@pytest.mark.parametrize("clean", [True, False])
async def test_an_end_without_order_is_told_at_the_next_start(file: Path, clean: bool) -> None:
    async with running(file) as process:
        process.take(*listing([shop(1)]))
        await process.recorder.finish()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'clean'", (int(clean),))
        connection.commit()
    async with running(file, NOON + 60) as process:
        with capture_logs() as logs:
            await process.recorder.restore()
    assert any("did not end in order" in entry["event"] for entry in logs) is not clean


TEAM = Scope(Kind.APPLICATION, "team")
IN_TEAM = Key("team", "cart-prod")
EXPOSED = (
    "gitops_application_info",
    "gitops_application_health_status",
    "gitops_deployments_total",
    "gitops_promotion_pending",
)


async def filled(file: Path) -> None:
    """A journal of two namespaces: the services `shop` and `cart`, each in dev and prod, and an AppProject."""
    async with running(file) as process:
        carts = [shop(number, f"cart-{name}", namespace="team") for number, name in enumerate(("dev", "prod"), 3)]
        degraded = shop(1, health=HealthStatus.DEGRADED)
        process.take(*listing([degraded, shop(2, "shop-dev"), *carts]))
        process.take(*listing([project()], scope=PROJECTS), scope=PROJECTS)
        process.take(*synced(5, name="shop-dev"))
        await process.welcomed()
        await process.recorder.finish()
        assert len({line.partition("{")[0] for line in await process.lines(*EXPOSED)}) == len(EXPOSED)


def rows(path: Path, table: str) -> set[str]:
    """The names of what the journal has in a table."""
    column = {"states": "namespace || '/' || name", "cursors": "kind || '/' || namespace", "values_": "name"}[table]
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute(f"SELECT {column} FROM {table}")}  # noqa: S608 - names of ours


def keys(process: Process, kind: Kind = Kind.APPLICATION) -> set[Key]:
    return set(process.store.states(kind))


@pytest.mark.parametrize(
    "scope", [TEAM, Scope(Kind.APPLICATION, engine="flux")], ids=["another namespace", "another engine"]
)
async def test_what_is_not_watched_any_more_is_forgotten_without_an_event(file: Path, scope: Scope) -> None:
    await filled(file)
    kept = {IN_TEAM, Key("team", "cart-dev")} if scope == TEAM else set[Key]()
    async with running(file, NOON + 60) as process:
        with capture_logs() as logs:
            assert await process.recorder.restore({scope: ""}) == {}
        group = await process.group()
        assert group.records == []
        assert keys(process) == kept
        assert keys(process, Kind.PROJECT) == set()
        process.recorder.settled()
        await process.recorder.take_in()
        lines = await process.lines(*EXPOSED)
        assert not [line for line in lines if "shop-" in line or 'service="shop"' in line]
        assert bool([line for line in lines if 'service="cart"' in line]) is bool(kept)
        await process.recorder.finish()
    told = [one for one in logs if "not watched any more" in one["event"]]
    assert [one["objects"] for one in told] == [5 - len(kept)]
    assert rows(file, "states") == {"/".join(key) for key in kept}
    assert rows(file, "cursors") == set()
    services = {name.rpartition("/")[2] for name in rows(file, "values_") if name.startswith("promotion/")}
    assert services == ({"cart"} if kept else set())
    async with running(file, NOON + 90) as process:
        with capture_logs() as logs:
            assert await process.recorder.restore({scope: ""}) == {}
        assert keys(process) == kept
    assert not logs or not [one for one in logs if "not watched any more" in one["event"]]


async def test_a_scope_that_is_watched_again_begins_anew(file: Path) -> None:
    """Neither an old cursor nor the time of its first list hold: what is there was there before."""
    await filled(file)
    async with running(file, NOON + 60) as process:
        await process.recorder.restore({PROJECTS: ""})
        await process.recorder.finish()
    async with running(file, NOON + 90) as process:
        assert await process.recorder.restore({PROJECTS: "", APPLICATIONS: ""}) == {PROJECTS: "1"}
        process.take(*listing([shop(8, created_at=NOON + 70)], NOON + 91))
        assert names((await process.group()).records) == []


async def test_what_is_watched_as_before_goes_on(file: Path) -> None:
    await filled(file)
    async with running(file, NOON + 60) as process:
        known = await process.recorder.restore({APPLICATIONS: "", PROJECTS: ""})
        assert known == {APPLICATIONS: "6", PROJECTS: "1"}
        assert len(keys(process)) == 4
        await process.recorder.finish()
        assert process.journal.groups == []


async def test_under_another_selector_applications_are_listed_anew(file: Path) -> None:
    await filled(file)
    watched = {APPLICATIONS: "tier=one", PROJECTS: ""}
    async with running(file, NOON + 60) as process:
        assert await process.recorder.restore(watched) == {PROJECTS: "1"}
        group = await process.group()
        assert group.cursors == {APPLICATIONS: None}
        assert set(group.values) >= {SELECTORS, LISTED, UNSEEN}
        assert times(group.values[LISTED]) == {PROJECTS: NOON}
        assert times(group.values[UNSEEN]) == {APPLICATIONS: NOON}
        assert len(keys(process)) == 4
    async with running(file, NOON + 90) as process:  # the one before ended before it had listed them
        assert await process.recorder.restore(watched) == {PROJECTS: "1"}
        matching = shop(9, "till-prod", created_at=NOON + 10)
        process.take(*listing([shop(1, health=HealthStatus.DEGRADED), matching], NOON + 91))
        group = await process.group()
        assert keys(process) == {SHOP, matching.key}
        subjects = {one.subject for one in group.records if isinstance(one, Event)}
        assert "Application/argocd/shop-dev" in subjects
        assert "Application/argocd/till-prod" not in subjects
        (gap,) = [one for one in group.records if one.name == GAP]
        assert isinstance(gap, Event)
        assert gap.at == NOON
    async with running(file, NOON + 120) as process:
        assert await process.recorder.restore(watched) == {APPLICATIONS: "1", PROJECTS: "1"}
        await process.recorder.finish()
        assert process.journal.groups == []
    async with running(file, NOON + 150) as process:
        assert await process.recorder.restore({APPLICATIONS: "", PROJECTS: ""}) == {PROJECTS: "1"}
        assert (await process.group()).values[SELECTORS] is None


async def test_selectors_that_cannot_be_read_are_other_ones(file: Path) -> None:
    await filled(file)
    await damage(file, "INSERT INTO values_ VALUES ('selectors', x'00')")
    async with running(file, NOON + 60) as process:
        assert await process.recorder.restore({APPLICATIONS: "", PROJECTS: ""}) == {}
        assert process.failures(exporter.UNREADABLE_MEMORIES) == 1
        await process.recorder.finish()
    async with running(file, NOON + 90) as process:
        await process.recorder.restore({APPLICATIONS: "", PROJECTS: ""})
        assert process.failures(exporter.UNREADABLE_MEMORIES) == 0
