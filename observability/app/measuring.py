"""Brings the metrics of the journal, and of who is sent what is in it, up to date."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from observability.app.enrichment import Enrichment
from observability.delivery.own import OwnMetrics
from observability.errors import JournalError
from observability.journal.group import EndpointStats
from observability.journal.journal import Journal
from observability.signals import exporter

_SECONDS: Final = 5.0
_OF_ENDPOINTS: Final = (exporter.OUTBOX_ROWS, exporter.OUTBOX_OLDEST, exporter.DEAD_LETTERS)


async def measure(journal: Journal, own: OwnMetrics, commits: Enrichment | None, clock: Callable[[], float]) -> None:
    """Every few seconds, for ever. `commits` None: nobody is asked for commits."""
    names: set[str] = set()
    while True:
        try:
            stats = await journal.stats()
        except JournalError:
            await asyncio.sleep(_SECONDS)
            continue
        own.set(exporter.JOURNAL_BYTES, (), stats.bytes)
        own.set(exporter.JOURNAL_FULL, (), float(stats.full or bool(stats.trouble)))
        own.advance(exporter.EVENTS_FOLDED, (), stats.folded)
        own.advance(exporter.EVENTS_CUT_EARLY, (), stats.cut_early)
        if commits is not None:
            commits.measure(own)
        names = _measure_endpoints(stats.endpoints, names, own, clock())
        await asyncio.sleep(_SECONDS)


def _measure_endpoints(
    endpoints: Sequence[EndpointStats], known: Iterable[str], own: OwnMetrics, now: float
) -> set[str]:
    """What each is owed; nothing of those `known` that a command dropped meanwhile. The names of those there are."""
    for one in endpoints:
        own.set(exporter.OUTBOX_ROWS, (one.name,), one.rows)
        own.set(exporter.OUTBOX_OLDEST, (one.name,), one.oldest_at or now)
        own.set(exporter.DEAD_LETTERS, (one.name,), one.dead_letters)
    names = {one.name for one in endpoints}
    for name in set(known) - names:
        for row in _OF_ENDPOINTS:
            own.forget(row, (name,))
    return names
