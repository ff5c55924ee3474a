"""The end of a process: who is waited for, and what is said to be lost."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from observability.app.farewell import part
from observability.journal.journal import Journal
from tests.journals import event, group, opened

LOST = "records are lost with the process: they were not delivered"


def writes(journal: Journal, *numbers: int) -> Callable[[], Awaitable[None]]:
    """A last word."""

    async def finish() -> None:
        await journal.write(group([event(number) for number in numbers]))

    return finish


async def test_what_is_not_delivered_in_time_is_counted_by_endpoint() -> None:
    async with opened(None) as journal:
        for name in ("a", "b", "gone"):
            await journal.add_endpoint(name)
        await journal.write(group([event(1), event(2)]))
        await journal.acknowledge("b", 1)
        with capture_logs() as logs:
            await part(journal, ["a", "b"], writes(journal, 3), seconds=0.0)
    assert [(one["event"], one["endpoint"], one["records"]) for one in logs] == [(LOST, "a", 3), (LOST, "b", 2)]


async def test_it_ends_as_soon_as_everybody_has_everything() -> None:
    async with opened(None) as journal:
        await journal.add_endpoint("a")

        async def serve() -> None:
            while not (rows := await journal.next("a", 10)):
                await journal.wait("a")
            await journal.acknowledge("a", rows[-1].number)

        serving = asyncio.create_task(serve())
        with capture_logs() as logs:
            await part(journal, ["a"], writes(journal, 1), seconds=1e9)
        await serving
    assert logs == []


@pytest.mark.parametrize("endpoints", [[], ["a"]])
async def test_nobody_waits_for_a_file_or_for_nobody(tmp_path: Path, endpoints: list[str]) -> None:
    async with opened(tmp_path / "journal.db" if endpoints else None) as journal:
        await journal.add_endpoint("a")
        await journal.write(group([event(1)]))
        with capture_logs() as logs:
            await part(journal, endpoints, writes(journal, 2), seconds=1e9)
        assert len(await journal.next("a", 10)) == 1
    assert logs == []


async def test_a_journal_that_cannot_be_used_holds_nothing_up() -> None:
    async with opened(None) as journal:
        finish = writes(journal, 1)
    with capture_logs() as logs:
        await part(journal, ["a"], finish, seconds=1e9)
    assert [one["event"] for one in logs] == ["the journal cannot be used"] * 2
