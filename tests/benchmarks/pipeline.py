"""Decode, state, exposition and history in one process, without sockets: what one application and one event cost.

The lines are those that a watch of the simulated company brings, rendered some thousands ahead, and put together into
chunks as they come from a socket before these are timed. CPU time of the process. Each size runs in one of its own.
"""

import asyncio
import gc
import multiprocessing
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from observability.app.composition import METERS
from observability.app.exposed import exposed
from observability.app.hugepages import collapse
from observability.app.recorder import History, Recorder
from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.demo.application import App
from observability.demo.company import found, stamp
from observability.demo.life import Life
from observability.demo.objects import Literal, render
from observability.demo.store import Entry, Event, Record
from observability.demo.stories import add_window
from observability.journal.group import Limits as JournalLimits
from observability.journal.journal import Journal
from observability.journal.reading import reading
from observability.model.observation import Kind, Listed, Listing, Observation, Scope
from observability.model.state import ApplicationState, Change
from observability.settings import Settings
from observability.signals import exporter
from observability.signals.catalogue import Metric
from observability.signals.events import events_of
from observability.signals.transitions import Context
from observability.sources import ENGINES
from observability.sources.lines import Lines
from observability.sources.reader import Cursor, Reader
from observability.state.promotion import Promotions
from observability.state.store import Store
from observability.state.tallies import Tallies
from tests.benchmarks import peers
from tests.benchmarks.costs import Cost, Figures, history_rows, peers_of, rows_of
from tests.benchmarks.rows import Peer, Row
from tests.benchmarks.simulated import BUSY, CALM, SEED, Still, furnished

_BATCH: Final = 24
"""Lines that one read from a busy socket brings: 256 KiB."""
_AHEAD: Final = 2_400
"""Lines that are rendered at once: what renders them does not stand in the CPU's caches between any two chunks."""
_NOW: Final = 1_795_000_000
_OBJECT_BYTES: Final = 12_400
"""Of an application at rest; a line of its life then has 11 KB in the mean, as results come and go."""
_MOST_CHILDREN: Final = 10_000
"""So many applications get Gauges: a hundred thousand would take minutes, and gigabytes."""
_WRITTEN_TOGETHER: Final = 20
"""So many chunks come between two groups for the journal, at some thousand events a second."""
_WATCHED: Final = {kind.plural: kind for engine in ENGINES for kind in engine.kinds}


class _Stages:
    """The stages, joined as in the exporter."""

    def __init__(self) -> None:
        settings = Settings()
        limits = Limits(
            series_per_family=settings.exposition.series_per_family,
            label_value_bytes=settings.exposition.label_value_bytes,
        )
        kinds = exposed(settings.exposition, settings.cluster)
        applications = next(one.metrics for one in kinds if one.kind is Kind.APPLICATION)
        self.rows: peers.Rows = [row for row in applications if isinstance(row, Metric)]
        self.own = own = OwnMetrics(exporter.EXPORTER_METRICS)
        self.history: _History | None = None
        self.store = Store(
            settle_seconds=settings.state.settle_seconds,
            environments=settings.environments,
            identity=settings.identity,
        )
        self.exposition = Exposition(kinds, limits, own, METERS, clock=lambda: self.at)
        self.at = float(_NOW)
        self._lines = Lines()
        self._cursors = {plural: Cursor(None, "") for plural in _WATCHED}
        self._readers = {
            plural: Reader(Scope(kind.kind), kind, self._cursors[plural]) for plural, kind in _WATCHED.items()
        }

    def take(self, plural: str, lines: Sequence[bytes], cost: Cost) -> None:
        """Objects of one kind through all stages, chunk by chunk, and what is due after each."""
        for number, start in enumerate(range(0, len(lines), _BATCH), start=1):
            batch = lines[start : start + _BATCH]
            chunk = b"\n".join([*batch, b""])
            self._take(plural, chunk, cost)
            cost.objects += len(batch)
            cost.line_bytes += len(chunk)
            if self.history is not None and number % _WRITTEN_TOGETHER == 0:
                self.history.write(cost)

    def _take(self, plural: str, chunk: bytes, cost: Cost) -> None:
        started = time.process_time()
        observations: list[Observation] = list(self._readers[plural].lines(self._lines.feed(chunk), self.at))
        decoded = time.process_time()
        changes = self.store.apply(observations)
        judged = time.process_time()
        self.exposition.apply(changes)
        rendered = time.process_time()
        cost.decode += decoded - started
        cost.state += judged - decoded
        cost.exposition += rendered - judged
        cost.longest_step = max(cost.longest_step, rendered - started)
        if self.history is not None:
            self.history.take(changes, cost)
        self._follow_up(cost)

    def listed(self, plural: str, version: int) -> None:
        """The list of a kind is complete; what comes now is a watch."""
        kind = _WATCHED[plural].kind
        self._cursors[plural].complete(str(version))
        self.tell(Listed(Scope(kind), str(version), self.at))
        self.exposition.show(kind)

    def tell(self, *observations: Observation) -> None:
        """What is no object."""
        self.exposition.apply(self.store.apply(observations))

    def _follow_up(self, cost: Cost) -> None:
        while (due := self.store.next_due()) is not None and due <= self.at:
            started = time.process_time()
            changes = self.store.due(self.at)
            self.exposition.apply(changes)
            seconds = time.process_time() - started
            cost.follow_ups += seconds
            cost.longest_step = max(cost.longest_step, seconds)
            if self.history is not None:
                self.history.take(changes, cost)


class _History:
    """The recorder, with a journal in a folder that goes with it; an event loop that runs only for it."""

    def __init__(self, stages: _Stages) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gitops-obs-bench-")
        self._loop = asyncio.new_event_loop()
        self._file = Path(self._folder.name) / "journal.db"
        settings = Settings()
        names = tuple(one.name for one in settings.environments)
        self._context = Context.of(settings.environments)
        history = History(self._context, Tallies(), Promotions(names, settings.promotion.key))

        async def begin() -> tuple[Journal, Recorder]:
            journal = await Journal.open(self._file, JournalLimits(commit_seconds=0.0), lambda: stages.at)
            recorder = Recorder(journal, stages.store, stages.exposition, stages.own, history, lambda: stages.at)
            await recorder.restore()
            return journal, recorder

        self._journal, self._recorder = self._loop.run_until_complete(begin())

    def take(self, changes: Sequence[Change], cost: Cost) -> None:
        """What the loop does for changes."""
        started = time.process_time()
        self._recorder.take(changes)
        seconds = time.process_time() - started
        cost.history += seconds
        cost.longest_step = max(cost.longest_step, seconds)
        cost.transitions += sum(bool(events_of(change, self._context)) for change in changes)

    def take_in(self) -> None:
        """Those who were there before, as they are once all are listed."""
        self._loop.run_until_complete(self._recorder.take_in())

    def write(self, cost: Cost) -> None:
        """A group, until it is on disk."""
        started, here = time.process_time(), time.thread_time()
        self._loop.run_until_complete(self._recorder.finish())
        here = time.thread_time() - here
        cost.history += here
        cost.journal += time.process_time() - started - here
        cost.longest_step = max(cost.longest_step, here)

    def records(self) -> int:
        """How many events and spans were written so far."""
        with reading(self._file) as connection:
            ((records,),) = connection.execute("SELECT (SELECT count(*) FROM events) + (SELECT count(*) FROM spans)")
        return int(records)

    def end(self) -> None:
        """Let go of the journal, and remove it."""
        self._loop.run_until_complete(self._journal.close())
        self._loop.close()
        self._folder.cleanup()


def measure(applications: int, events: int, with_peers: bool, history: bool = False) -> Figures:
    """The figures of one size. Keeps what it makes in memory, so best in a process of its own."""
    random = Random(SEED)
    company = found(applications, random, _NOW, _OBJECT_BYTES)
    cluster = furnished(company, ring=4_096)
    life = Life(cluster, company, random, stories=max(3, len(company.services) // (CALM if history else BUSY)))
    stages = _Stages()
    if history:
        stages.history = _History(stages)
    gc.set_threshold(2_000, 1_000_000, 1_000_000)  # as the exporter does
    new = _list(stages, cluster)
    gc.collect()
    gc.freeze()
    sum(collapse())
    cost, resyncs = Cost(), 0
    before = stages.history.records() if stages.history is not None else 0
    for plural, batch in _life(life, cluster, stages, events):
        resyncs += sum(map(_is_resync, batch))
        stages.take(plural, [_line(event.type, event.record, event.resource_version) for event in batch], cost)
    if stages.history is not None:
        stages.history.write(cost)
        cost.records = stages.history.records() - before
    edit, concerned = _edit(stages, cluster)
    if stages.history is not None:
        stages.history.end()
    states = list(stages.store.states(Kind.APPLICATION).values()) if with_peers else []
    known = [state for state in states if isinstance(state, ApplicationState)]
    return Figures(
        applications=applications,
        new=new,
        events=cost,
        resyncs=resyncs / max(1, cost.objects),
        edit=edit,
        edit_applications=concerned,
        collector=peers.collector(stages.rows, known) if known else None,
        children=peers.children(stages.rows, known[:_MOST_CHILDREN]) if known else None,
    )


def _edit(stages: _Stages, cluster: Still) -> tuple[Cost, int]:
    """What one new sync window costs, for one application of a project, and how many applications the project has."""
    app = next(iter(cluster.shelves["applications"].entries.values())).record
    assert isinstance(app, App)
    entry = cluster.shelves["appprojects"].entries["argocd", app.unit.team]
    assert isinstance(entry.record, Literal)
    edited = add_window(entry.record, "", application=app.unit.name)
    cost = Cost()
    stages.take("appprojects", [_line("MODIFIED", edited, cluster.resource_version + 1)], cost)
    entries = cluster.shelves["applications"].entries.values()
    return cost, sum(isinstance(entry.record, App) and entry.record.unit.team == app.unit.team for entry in entries)


def _list(stages: _Stages, cluster: Still) -> Cost:
    """The first list of each kind, Applications last. What those cost."""
    cost = Cost()
    for plural in ("appprojects", "applicationsets", "applications"):
        cost = Cost()
        scope = Scope(_WATCHED[plural].kind)
        stages.tell(Listing(scope, "start"))
        for entries in _batches(cluster.snapshot(plural).entries):
            lines = [_line("ADDED", entry.record, entry.resource_version) for entry in entries]
            stages.take(plural, lines, cost)
        stages.listed(plural, cluster.resource_version)
    if stages.history is not None:
        stages.history.take_in()
    return cost


def _life(life: Life, cluster: Still, stages: _Stages, events: int) -> Iterator[tuple[str, list[Event]]]:
    """What happens, some thousands at a time, each time of one kind, until so many events have happened."""
    began_at = life.next_at
    heads = {plural: shelf.head for plural, shelf in cluster.shelves.items()}
    end = cluster.resource_version + events
    while cluster.resource_version < end:
        wanted = min(end, cluster.resource_version + _AHEAD)
        while cluster.resource_version < wanted:
            stages.at = _NOW + life.next_at - began_at
            life.step(stamp(int(stages.at)))
        for plural, shelf in cluster.shelves.items():
            if happened := shelf.since(heads[plural], _AHEAD):
                yield plural, happened
            heads[plural] = shelf.head


def _line(what: str, record: Record, resource_version: int) -> bytes:
    return f'{{"type":"{what}","object":{render(record, resource_version)}}}'.encode()


def _is_resync(event: Event) -> bool:
    now, before = event.record, event.before
    if not isinstance(now, App) or not isinstance(before, App):
        return False
    return msgspec.structs.replace(before, generation=now.generation, reconciled_at=now.reconciled_at) == now


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while batch := list(islice(rest, _AHEAD)):
        yield batch


def run(sizes: Sequence[int], events: int) -> tuple[list[Row], dict[str, list[Peer]]]:
    """Rows of the largest size, how the costs grow up to it, and what the peers took, by names of rows."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        figures = [pool.apply(measure, (size, events, size == sizes[-1])) for size in sizes]
        recorded = pool.apply(measure, (sizes[-1], events, False, True))
    return [*rows_of(figures[0], figures[-1]), *history_rows(recorded)], peers_of(figures[-1])
