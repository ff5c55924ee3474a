"""A Collector that is away for a whole day: what the journal kept of it arrives, once, and in order.

The day is a simulated one, full of what the recorder makes of tests/recordings; the journal is on disk.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import structs

from observability.delivery.otlp.endpoint import Endpoint
from observability.delivery.otlp.opening import open_sink
from observability.delivery.sending import Outcome, Sending, send
from observability.journal import packing
from observability.journal.group import Limits, Written
from observability.journal.journal import Journal
from observability.journal.reading import reading
from observability.journal.records import EVENT, SPAN
from observability.journal.verifying import verify
from observability.model.event import Event, Record, Span
from observability.signals.traces import spans_of
from tests import day
from tests.integration.otlp import arrived
from tests.integration.servers import Collector, patience

MIDNIGHT: Final = 1_796_083_200.0
DAY: Final = 86_400.0
TRANSITIONS: Final = 5_000
RECORDS: Final = 10_000
"""That they bring, at least."""
TOGETHER: Final = 100
"""Transitions are handed over at once."""
NAME: Final = "collector"


class Clock:
    """Says what it was told."""

    def __init__(self) -> None:
        self.now = MIDNIGHT

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def sending(journal: Journal, url: str, clock: Clock) -> AsyncIterator[Counter[Outcome]]:
    """The sender is at work until the block ends; its pauses are as short as the day."""
    outcomes: Counter[Outcome] = Counter()

    def count(_: str, outcome: Outcome, records: int) -> None:
        outcomes[outcome] += records

    async def pause(_: float) -> None:
        await asyncio.sleep(0.05)

    sink = open_sink(Endpoint(name=NAME, endpoint=url), {"service.name": "gitops-observability"}, clock)
    task = asyncio.create_task(send(journal, sink, Sending(count=count, random=lambda: 0.5, sleep=pause)))
    try:
        yield outcomes
        assert not task.done(), "the loop runs for ever"
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await sink.close()


async def live_through(journal: Journal, clock: Clock) -> list[Record]:
    """The whole day. All that happened, in its order."""
    happened: list[Record] = []
    groups = list(day.first(await day.templates(), TRANSITIONS, MIDNIGHT, DAY / TRANSITIONS))
    for start in range(0, TRANSITIONS, TOGETHER):
        some = groups[start : start + TOGETHER]
        clock.now = some[-1].observed_at
        happened += [record for group in some for record in group.records]
        assert set(await asyncio.gather(*map(journal.write, some))) == {Written()}
    return happened


def stored(path: Path) -> tuple[list[Event], list[Span]]:
    """What is in the journal."""
    with reading(path) as connection:
        events = connection.execute("SELECT data FROM events ORDER BY number").fetchall()
        spans = connection.execute("SELECT data FROM spans ORDER BY number").fetchall()
    found = [packing.unpack(EVENT, data) for (data,) in events], [packing.unpack(SPAN, data) for (data,) in spans]
    return [one for one in found[0] if isinstance(one, Event)], [one for one in found[1] if isinstance(one, Span)]


def as_sent(records: Iterable[Record]) -> list[Record]:
    """With the spans that a sync stands for."""
    return [one for record in records for one in (spans_of(record) if isinstance(record, Span) else (record,))]


def received(collector: Collector, known: Iterable[Record]) -> tuple[list[Event], list[Span]]:
    """What arrived. Which subject it is of is not sent: that is looked up."""
    subjects = {identity(one): one.subject for one in known}
    events = [arrived.event_of(one, "") for one in collector.logs()]
    spans = [arrived.span_of(one, "") for one in collector.spans()]
    return (
        [structs.replace(one, subject=subjects[identity(one)]) for one in events],
        [structs.replace(one, subject=subjects[identity(one)]) for one in spans],
    )


def identity(record: Record) -> str:
    """What no other record has."""
    return record.id if isinstance(record, Event) else record.trace_id + record.id


async def eventually(journal: Journal, owed: int) -> None:
    """Let the loop go on until no more is owed."""
    async with asyncio.timeout(patience(60)):
        while (await journal.stats()).endpoints[0].rows != owed:  # noqa: ASYNC110 - the journal tells nobody
            await asyncio.sleep(0.05)


async def test_a_day_without_the_collector_arrives_once_and_in_order(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "journal.db"
    collector = Collector(tmp_path / "collector")
    journal = await Journal.open(path, Limits(), clock)
    try:
        await journal.add_endpoint(NAME)
        async with sending(journal, collector.http_url, clock) as outcomes:
            happened = await live_through(journal, clock)
            events, spans = stored(path)
            owed = (await journal.stats()).endpoints
            assert outcomes[Outcome.DELIVERED] == 0 < outcomes[Outcome.RETRIED]
            assert [(one.rows, one.dead_letters) for one in owed] == [(len(happened), 0)]

            await asyncio.to_thread(collector.start)
            await eventually(journal, 0)
    finally:
        await journal.close()
        collector.stop()

    sent = as_sent(happened)
    assert len({identity(one) for one in sent}) == len(sent) > RECORDS
    assert events == [one for one in happened if isinstance(one, Event)]
    assert spans == [one for one in happened if isinstance(one, Span)]
    assert events[0].observed_at == MIDNIGHT
    assert MIDNIGHT + DAY - 60 < events[-1].observed_at < MIDNIGHT + DAY
    assert received(collector, sent) == (events, [one for one in sent if isinstance(one, Span)])
    assert set(outcomes) == {Outcome.DELIVERED, Outcome.RETRIED}
    assert outcomes[Outcome.DELIVERED] == len(happened)
    assert (stored(path), verify(path).fault) == ((events, []), None)
