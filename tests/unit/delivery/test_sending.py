"""The loop that brings the outbox to a sink."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from observability.delivery.sending import Outcome, Sending, send, size_bytes
from observability.errors import DeliveryError, Later, Refused
from observability.model.application import SyncedResource
from observability.model.event import Record
from tests.delivered import event, span
from tests.fakes.outbox import MemoryOutbox
from tests.fakes.receiving import Receiver

PATIENCE_SECONDS = 20


class Watched:
    """What the loop counted, and how long it wanted to pause."""

    def __init__(self, **how: Any) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self.pauses: list[float] = []
        self.how = Sending(count=self._count, random=lambda: 1.0, sleep=self._sleep, **how)

    def _count(self, _: str, outcome: Outcome, records: int) -> None:
        self.outcomes[outcome] += records

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)


async def served(outbox: MemoryOutbox, sink: Receiver, watched: Watched) -> None:
    """Let the loop run until it has nothing more to do."""
    task = asyncio.create_task(send(outbox, sink, watched.how))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while outbox.pending(sink.name):  # noqa: ASYNC110 - the loop tells nobody
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not task.done(), "it runs for ever"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_everything_is_delivered_in_order() -> None:
    records = [event(number) for number in range(10)]
    outbox, sink, watched = MemoryOutbox(records), Receiver(), Watched(rows_max=4)
    await served(outbox, sink, watched)
    assert sink.taken == records
    assert sink.batches == [4, 4, 2]
    assert watched.outcomes == {Outcome.DELIVERED: 10}


async def test_it_waits_for_more() -> None:
    outbox, sink, watched = MemoryOutbox(), Receiver(), Watched()
    task = asyncio.create_task(send(outbox, sink, watched.how))
    await asyncio.sleep(0)
    await outbox.add(event(1))
    await served(outbox, Receiver("another"), watched)
    while not sink.taken:  # noqa: ASYNC110 - the loop tells nobody
        await asyncio.sleep(0)
    assert sink.taken == [event(1)]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not sink.closed, "that is for whoever opened it"


async def test_nobody_asks_in_vain() -> None:
    outbox, sink, watched = MemoryOutbox([event(1)]), Receiver(), Watched()
    task = asyncio.create_task(send(outbox, sink, watched.how))
    for _ in range(50):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [what for what, _, _ in outbox.calls] == ["next", "acknowledge", "next", "wait"]


async def test_what_is_not_wanted_is_acknowledged() -> None:
    outbox, sink = MemoryOutbox([event(1), span(2), event(3), span(4)]), Receiver()
    await served(outbox, sink, Watched(keeps=lambda record: record.id == event(3).id))
    assert sink.taken == [event(3)]
    assert [call for call in outbox.calls if call[0] == "acknowledge"] == [("acknowledge", "sink", 4)]


async def test_nothing_wanted_at_all() -> None:
    outbox, sink = MemoryOutbox([event(1), event(2)]), Receiver()
    await served(outbox, sink, Watched(keeps=lambda _: False))
    assert sink.batches == []


async def test_batches_are_cut_by_bytes() -> None:
    size = size_bytes(event(10))
    outbox, sink = MemoryOutbox([event(number) for number in range(10, 20)]), Receiver()
    await served(outbox, sink, Watched(bytes_max=3 * size))
    assert sink.batches == [3, 3, 3, 1]


async def test_a_record_that_is_larger_goes_alone() -> None:
    records = [event(1), event(2, body="x" * 5000), event(3)]
    outbox, sink = MemoryOutbox(records), Receiver()
    await served(outbox, sink, Watched(bytes_max=3000))
    assert sink.batches == [1, 1, 1]
    assert sink.taken == records


@pytest.mark.parametrize(
    ("record", "least"),
    [
        (event(1, body="x" * 1000), 1000),
        (event(1, attributes={"a": ("x" * 500, "y" * 500)}), 1000),
        (event(1, body="", attributes={"a": "é" * 500}), 1000),
        (span(1, message="x" * 1000), 1000),
        (span(1, resources=(SyncedResource("", "ConfigMap", "shop", "x" * 333),) * 2), 2000),
    ],
)
def test_the_size_is_about_that_of_what_is_sent(record: Record, least: int) -> None:
    assert least < size_bytes(record) < least + 1500


async def test_one_that_is_refused_is_found_in_halves() -> None:
    records = [event(number) for number in range(8)]
    outbox, watched = MemoryOutbox(records), Watched()
    sink = Receiver(poison=[event(5).id])
    await served(outbox, sink, watched)
    assert sink.batches == [8, 4, 4, 2, 1, 1, 2]
    assert sink.taken == [*records[:5], *records[6:]]
    assert [(dead.row.record, dead.reason) for dead in outbox.dead] == [(event(5), f"cannot take {event(5).id}")]
    assert watched.outcomes == {Outcome.DELIVERED: 7, Outcome.REFUSED: 1}
    assert watched.pauses == []


async def test_the_last_one_is_refused_and_others_behind_it_are_not_wanted() -> None:
    outbox, watched = MemoryOutbox([event(1), event(2), event(3)]), Watched(keeps=lambda each: each.id != event(3).id)
    await served(outbox, Receiver(poison=[event(2).id]), watched)
    assert [dead.row.number for dead in outbox.dead] == [2]
    assert outbox.cursors["sink"] == 3


async def test_pauses_grow_to_half_a_minute_and_are_short_again() -> None:
    outbox, watched = MemoryOutbox([event(1)]), Watched()
    sink = Receiver(failures=[Later("away")] * 8)
    await served(outbox, sink, watched)
    assert watched.pauses == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0])
    assert watched.outcomes == {Outcome.RETRIED: 8, Outcome.DELIVERED: 1}

    outbox.put([event(2)])
    sink.failures = [Later("away again")]
    await served(outbox, sink, watched)
    assert watched.pauses[-1] == pytest.approx(0.8)


async def test_pauses_differ() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    how = Sending(count=lambda *_: None, random=lambda: 0.0, sleep=sleep)
    outbox = MemoryOutbox([event(1)])
    watched = Watched()
    watched.how = how
    await served(outbox, Receiver(failures=[Later("away")] * 2), watched)
    assert pauses == pytest.approx([0.4, 0.8])


@pytest.mark.parametrize(("asked", "pause"), [(7.0, 7.0), (0.0, 0.8), (None, 0.8)])
async def test_retry_after_is_obeyed(asked: float | None, pause: float) -> None:
    watched = Watched()
    await served(MemoryOutbox([event(1)]), Receiver(failures=[Later("busy", asked)]), watched)
    assert watched.pauses == pytest.approx([pause])


@pytest.mark.parametrize("error", [ValueError("a defect"), DeliveryError("bad file"), TimeoutError()])
async def test_whatever_a_sink_raises_it_is_tried_again(error: Exception) -> None:
    outbox, sink, watched = MemoryOutbox([event(1)]), Receiver(failures=[error]), Watched()
    with capture_logs() as logs:
        await served(outbox, sink, watched)
    assert sink.taken == [event(1)]
    assert type(error).__name__ in logs[0]["reason"]


async def test_a_reason_is_told_once() -> None:
    failures = [Later("a"), Later("a"), Later("b"), Later("b"), Later("a")]
    with capture_logs() as logs:
        await served(MemoryOutbox([event(1)]), Receiver(failures=failures), Watched())
    assert [entry.get("reason", entry["event"]) for entry in logs] == ["a", "b", "a", "delivering again"]


async def test_refusals_are_told_once_a_reason() -> None:
    outbox = MemoryOutbox([event(1), event(2), event(3)])
    sink = Receiver(failures=[Refused("no " * 1000)] * 5)
    with capture_logs() as logs:
        await served(outbox, sink, Watched())
    assert len(outbox.dead) == 3
    (entry,) = logs
    assert entry["record"] == event(1).id
    assert len(entry["reason"]) == 500


@pytest.mark.parametrize("call", range(4))
async def test_a_journal_that_fails_is_asked_again(call: int) -> None:
    outbox, watched = MemoryOutbox([event(1), event(2)]), Watched(rows_max=1)
    sink = Receiver(poison=[event(2).id])
    calls = 0
    ask = outbox._ask  # noqa: SLF001 - the fake's own

    def failing(what: str, endpoint: str, number: int) -> None:
        nonlocal calls
        outbox.fail = int(calls == call)
        calls += 1
        ask(what, endpoint, number)

    outbox._ask = failing  # type: ignore[method-assign]  # noqa: SLF001
    await served(outbox, sink, watched)
    assert sink.taken == [event(1)], "what is there is not sent again because the journal failed"
    assert [dead.row.number for dead in outbox.dead] == [2]
    assert watched.pauses == [0.8]


async def test_one_that_is_down_does_not_hold_back_another() -> None:
    outbox, watched = MemoryOutbox([event(1), event(2)]), Watched()
    down = Receiver("down", failures=[Later("away")] * 100_000)
    task = asyncio.create_task(send(outbox, down, watched.how))
    up = Receiver("up")
    await served(outbox, up, watched)
    assert up.taken == [event(1), event(2)]
    assert outbox.pending("down") == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_hang_can_be_cancelled_and_nothing_is_acknowledged() -> None:
    outbox, watched = MemoryOutbox([event(1)]), Watched()
    sink = Receiver()
    begun = asyncio.Event()

    async def hang(records: Sequence[Record]) -> None:
        begun.set()
        await asyncio.Event().wait()

    sink.deliver = hang  # type: ignore[method-assign]
    task = asyncio.create_task(send(outbox, sink, watched.how))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outbox.pending("sink") == 1


FAULTS: tuple[Callable[[], Exception], ...] = (
    lambda: Later("busy"),
    lambda: Refused("in part"),
    lambda: RuntimeError("a defect"),
)


@given(
    count=st.integers(1, 30),
    poison=st.sets(st.integers(0, 29)),
    unwanted=st.sets(st.integers(0, 29)),
    faults=st.lists(st.sampled_from(FAULTS[::2]), max_size=10),
    cuts=st.lists(st.integers(0, 60), max_size=4),
    rows_max=st.integers(1, 12),
)
async def test_whatever_happens_everything_is_there_or_a_dead_letter(
    count: int,
    poison: set[int],
    unwanted: set[int],
    faults: list[Callable[[], Exception]],
    cuts: list[int],
    rows_max: int,
) -> None:
    """Cancelled anywhere and begun again: nothing lost, order kept, and only the same comes twice."""
    records = [event(number) for number in range(count)]
    bad = {event(number).id for number in poison}
    away = {event(number).id for number in unwanted}
    outbox = MemoryOutbox(records)
    sink = Receiver(failures=[fault() for fault in faults], poison=list(bad))
    watched = Watched(rows_max=rows_max, keeps=lambda record: record.id not in away)
    for steps in cuts:
        task = asyncio.create_task(send(outbox, sink, watched.how))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await served(outbox, sink, watched)

    taken = list(dict.fromkeys(record.id for record in sink.taken))
    assert taken == [record.id for record in records if record.id not in bad | away]
    assert [dead.row.record.id for dead in outbox.dead] == [
        record.id for record in records if record.id in bad and record.id not in away
    ]
    assert len(sink.taken) - len(taken) <= len(cuts) * rows_max, "only what was cut short comes again"
