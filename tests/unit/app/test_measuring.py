"""How the journal is, in the exporter's own metrics."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from observability.app.measuring import measure
from observability.delivery.own import OwnMetrics
from observability.journal import endpoints
from observability.journal.group import Group, Stats
from observability.journal.journal import Journal
from observability.journal.reading import changing
from observability.signals import exporter
from tests.builders import NOON
from tests.journals import AT_ONCE, event

LATER: Final = NOON + 60.0


class Asked(Journal):
    """A journal that remembers that somebody was told how it is."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.told = asyncio.Event()

    async def stats(self) -> Stats:
        stats = await super().stats()
        self.told.set()
        return stats


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Asked]:
    """One with two endpoints that are sent nothing."""
    journal = await Asked.open(tmp_path / "journal.db", AT_ONCE, lambda: NOON)
    assert isinstance(journal, Asked)
    for name in ("slow", "fast"):
        await journal.add_endpoint(name)
    yield journal
    await journal.close()


@pytest.fixture
def own() -> OwnMetrics:
    """The exporter's own metrics, none of them set."""
    return OwnMetrics(exporter.EXPORTER_METRICS)


async def told(journal: Asked, own: OwnMetrics, change: str | None = None) -> tuple[str, str]:
    """What /metrics says before and after a command drops the endpoint `change`."""
    measuring = asyncio.create_task(measure(journal, own, None, lambda: LATER))
    await journal.told.wait()
    await asyncio.sleep(0)  # what is told is taken in
    before = own.render().decode()
    if change is not None:
        assert journal.path is not None
        with changing(journal.path) as connection:
            endpoints.drop(connection, change)
        journal.told.clear()
        await journal.told.wait()
        await asyncio.sleep(0)
    measuring.cancel()
    return before, own.render().decode()


async def test_the_metrics_of_the_journal(journal: Asked, own: OwnMetrics) -> None:
    await journal.write(Group(observed_at=NOON, records=(event(1), event(2))))
    text, _ = await told(journal, own)
    stats = await journal.stats()
    assert f"gitops_exporter_journal_bytes {stats.bytes}" in text.replace(".0\n", "\n")
    assert "gitops_exporter_journal_full 0" in text
    for name in ("slow", "fast"):
        assert f'gitops_exporter_outbox_rows{{endpoint="{name}"}} 2' in text


async def test_an_endpoint_that_a_command_drops_has_no_metrics_any_more(
    journal: Asked, own: OwnMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("observability.app.measuring._SECONDS", 0.01)
    before, after = await told(journal, own, "slow")
    assert (before.count('{endpoint="slow"}'), after.count('{endpoint="slow"}')) == (3, 0)
    assert after.count('{endpoint="fast"}') == 3
