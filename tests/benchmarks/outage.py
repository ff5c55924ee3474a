"""A day without a Collector, at five transitions a second, and what it takes to catch up afterwards.

The day goes by as fast as the journal writes: time is injected. Each transition is a group of its own, as the recorder
writes it at this rate; the journal puts some of them into one transaction, which moves no row. The sender tries all day
long, and then delivers to a real Collector, or, without one, to `tests.benchmarks.receiving`: in both cases a process
of its own.
"""

import asyncio
import logging
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from observability.delivery.otlp.endpoint import Endpoint
from observability.delivery.otlp.opening import open_sink
from observability.delivery.sending import Outcome, Sending, send
from observability.journal.group import Group, Limits
from observability.journal.journal import Journal
from observability.journal.reading import reading
from observability.model.event import Event, Span
from tests import day
from tests.benchmarks.processes import free_port, python, running
from tests.benchmarks.recorded import Receiver
from tests.benchmarks.rows import Row
from tests.integration import servers

_A_SECOND: Final = 5
_TRANSITIONS: Final = _A_SECOND * 86_400
_QUICK: Final = 2_000
_MIDNIGHT: Final = 1_796_083_200.0
_TOGETHER: Final = 500
"""Transitions that are handed to the journal before one of them is waited for."""
_NAME: Final = "collector"
_TRY_SECONDS: Final = 1.0
_PATIENCE_SECONDS: Final = 900.0
_GIB: Final = 1 << 30
_IDENTIFIERS: Final = re.compile(
    rb'"gitops\.event\.id","value":\{"stringValue":"([0-9a-f]{32})"'
    rb'|"traceId":"([0-9a-f]{32})","spanId":"([0-9a-f]{16})"(?:,"parentSpanId":"[0-9a-f]*")?,"flags":\d+,"name"'
)
"""Of events and of spans, in the files of the Collector."""


class _Arrived(NamedTuple):
    """Records that arrived, and how many different ones; None where nobody can tell."""

    records: int
    distinct: int | None


class _Target(NamedTuple):
    """Whom it is delivered to, and what he has got. `remark`: who that is."""

    url: str
    arrived: Callable[[int], _Arrived]
    remark: str


@dataclass
class _Day:
    """What was found. Times in seconds."""

    clock: float = _MIDNIGHT
    records: Counter[str] = field(default_factory=Counter)
    """How many of each name; all spans have one."""
    sent: int = 0
    """The same with each resource of a sync: it is a span of its own when it is sent."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    folded: int = 0
    write_seconds: float = 0.0
    bytes: int = 0
    drain_seconds: float = 0.0
    drain_cpu_seconds: float = 0.0
    arrived: _Arrived = field(default_factory=lambda: _Arrived(0, None))
    used_bytes: int = 0
    """Of the journal after the drain, what is not free."""
    remark: str = ""


def run(folder: Path, *, quick: bool) -> list[Row]:
    """How large the journal becomes, and how it gets empty; files go to `folder`."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    transitions = _QUICK if quick else _TRANSITIONS
    try:
        return _rows(asyncio.run(_measured(folder, transitions)), transitions)
    finally:
        structlog.reset_defaults()


async def _measured(folder: Path, transitions: int) -> _Day:
    found, path = _Day(), folder / "outage.db"
    journal = await Journal.open(path, Limits(), lambda: found.clock)
    try:
        await journal.add_endpoint(_NAME)
        async with _sending(journal, f"http://127.0.0.1:{free_port()}", found):
            await _write(journal, found, transitions)
        found.bytes = (await journal.stats()).bytes
        with _target(folder) as target:
            await _drain(journal, target, found)
        # What goes once it is delivered goes with the next transaction.
        await journal.write(Group(observed_at=found.clock, values={"day": b"over"}))
    finally:
        await journal.close()
    found.used_bytes = _used_bytes(path)
    return found


async def _write(journal: Journal, found: _Day, transitions: int) -> None:
    """The whole day."""
    known = await day.templates()
    started = time.perf_counter()
    waiting = []
    for group in day.first(known, transitions, _MIDNIGHT, 1 / _A_SECOND):
        found.clock = group.observed_at
        found.records.update(one.name if isinstance(one, Event) else "spans" for one in group.records)
        found.sent += sum(1 + len(one.resources) if isinstance(one, Span) else 1 for one in group.records)
        waiting.append(asyncio.ensure_future(journal.write(group)))
        if len(waiting) == _TOGETHER:
            found.folded += sum(written.folded for written in await asyncio.gather(*waiting))
            waiting.clear()
    found.folded += sum(written.folded for written in await asyncio.gather(*waiting))
    found.write_seconds = time.perf_counter() - started


async def _drain(journal: Journal, target: _Target, found: _Day) -> None:
    """Until all is delivered, and has arrived."""
    owed = found.records.total() - found.folded
    started, busy = time.perf_counter(), time.process_time()
    async with _sending(journal, target.url, found), asyncio.timeout(_PATIENCE_SECONDS):
        while found.outcomes[Outcome.DELIVERED] < owed:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    found.drain_seconds, found.drain_cpu_seconds = time.perf_counter() - started, time.process_time() - busy
    found.arrived, found.remark = await asyncio.to_thread(target.arrived, found.sent), target.remark


@asynccontextmanager
async def _sending(journal: Journal, url: str, found: _Day) -> AsyncIterator[None]:
    """The sender is at work. It tries more often than in earnest: its pauses are as short as the day."""

    def count(_: str, outcome: Outcome, records: int) -> None:
        found.outcomes[outcome] += records

    async def pause(seconds: float) -> None:
        await asyncio.sleep(min(seconds, _TRY_SECONDS))

    sink = open_sink(Endpoint(name=_NAME, endpoint=url), {"service.name": "gitops-observability"}, lambda: found.clock)
    task = asyncio.create_task(send(journal, sink, Sending(count=count, random=random.random, sleep=pause)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sink.close()


@contextmanager
def _target(folder: Path) -> Iterator[_Target]:
    if not servers.found("otelcol"):
        with running(python("tests.benchmarks.receiving")) as process:
            receiver = Receiver(process)
            yield _Target(receiver.url, lambda _: _Arrived(receiver.count(), None), "a receiver that only counts")
        return
    files = folder / "outage"
    with servers.running(servers.Collector(files)) as collector:
        yield _Target(collector.http_url, lambda owed: _in_files(files, owed), "a real Collector, which writes files")


def _in_files(folder: Path, owed: int) -> _Arrived:
    """What the Collector wrote; it does so every 100 ms."""
    found: list[tuple[bytes, ...]] = []
    for _ in range(50):
        found = [identifier for file in sorted(folder.glob("*.ndjson")) for identifier in _identifiers(file)]
        if len(found) >= owed:
            break
        time.sleep(0.2)
    return _Arrived(len(found), len(set(found)))


def _identifiers(file: Path) -> Iterator[tuple[bytes, ...]]:
    with file.open("rb") as lines:
        for line in lines:
            yield from _IDENTIFIERS.findall(line)


def _used_bytes(path: Path) -> int:
    with reading(path) as connection:
        ((pages, free, size),) = connection.execute(
            "SELECT page_count, freelist_count, page_size"
            " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        )
    return int((pages - free) * size)


def _rows(found: _Day, transitions: int) -> list[Row]:
    sent = found.sent
    delivered = sent - found.folded
    hours = transitions / _A_SECOND / 3600
    mix = (
        f"{transitions:,} updates that brought {sent:,} logs and spans: {day.mix(found.records)}. From "
        f"tests/recordings, at {_A_SECOND} a second over {hours:.3g} hours, written in {found.write_seconds:.0f} s; "
        f"{found.folded} folded."
    )
    how = (
        f"http/protobuf to {found.remark}; {found.drain_cpu_seconds / delivered * 1e6:.0f} µs of CPU a record here, "
        f"with reading and acknowledging. {found.outcomes[Outcome.RETRIED]:,} deliveries of records had failed before."
    )
    name = f"outage of {hours:.3g} h at {_A_SECOND} transitions/s"
    distinct = found.arrived.records if found.arrived.distinct is None else found.arrived.distinct
    return [
        Row(name=f"{name}: journal", value=found.bytes / _GIB, unit="GiB", target=1.0, notes=(mix,)),
        Row(name=f"{name}: caught up in", value=found.drain_seconds, unit="s", target=180.0, notes=(how,)),
        Row(
            name=f"{name}: records when catching up",
            value=delivered / found.drain_seconds,
            unit="/s",
            target=5_000,
            more_is_better=True,
            notes=(how,),
        ),
        Row(
            name=f"{name}: arrived of {sent:,} records",
            value=min(found.arrived.records, distinct),
            unit="records",
            target=sent,
            more_is_better=True,
        ),
        Row(name=f"{name}: arrived twice", value=found.arrived.records - distinct, unit="records", target=0.0),
        Row(name=f"{name}: journal afterwards, in use", value=found.used_bytes / _GIB, unit="GiB"),
    ]
