"""Where the watch of each scope stands, what of it nobody saw, and what of that is saved."""

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from observability.model.event import Event, Record
from observability.model.observation import Alive, Listed, Listing
from observability.model.status import HealthStatus
from tests.builders import NOON, listing, project, seen
from tests.recorders import (
    APPLICATIONS,
    GAP,
    HEALTH,
    PROJECTS,
    Process,
    running,
    shop,
)


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


async def test_what_is_saved_beside_states_can_be_read_elsewhere(file: Path) -> None:
    """`listed` tells births from first sights: it must be there after the first list already."""
    async with running(file) as process:
        process.take(*listing([shop(1)], NOON))
        group = await process.group()
    listed = group.values["listed"]
    assert listed is not None
    assert json.loads(msgspec.json.encode(msgspec.msgpack.decode(listed))) == {"Application/": NOON}
