"""Decode, state and exposition in one process, without sockets: what one application and one event cost.

The lines are those that a watch of the simulated company brings, rendered some thousands ahead, and put together into
chunks as they come from a socket before these are timed. CPU time of the process. Each size runs in one of its own.
"""

import gc
import multiprocessing
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import Final

import msgspec

from observability.app.composition import METERS
from observability.app.exposed import exposed
from observability.app.hugepages import collapse
from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.demo.application import App
from observability.demo.company import found, stamp
from observability.demo.life import Life
from observability.demo.objects import Literal, render
from observability.demo.store import Entry, Event, Record
from observability.demo.stories import add_window
from observability.model.observation import Kind, Listed, Listing, Observation, Scope
from observability.model.state import ApplicationState
from observability.settings import Settings
from observability.signals import exporter
from observability.sources import ENGINES
from observability.sources.lines import Lines
from observability.sources.reader import Cursor, Reader
from observability.state.store import Store
from tests.benchmarks import peers
from tests.benchmarks.costs import Cost, Figures, peers_of, rows_of
from tests.benchmarks.rows import Peer, Row
from tests.benchmarks.simulated import SEED, Still, furnished

_BATCH: Final = 24
"""Lines that one read from a busy socket brings: 256 KiB."""
_AHEAD: Final = 2_400
"""Lines that are rendered at once: what renders them does not stand in the CPU's caches between any two chunks."""
_NOW: Final = 1_795_000_000
_OBJECT_BYTES: Final = 12_400
"""Of an application at rest; a line of its life then has 11 KB in the mean, as results come and go."""
_MOST_CHILDREN: Final = 10_000
"""So many applications get Gauges: a hundred thousand would take minutes, and gigabytes."""
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
        self.rows: peers.Rows = next(one.metrics for one in kinds if one.kind is Kind.APPLICATION)
        own = OwnMetrics(exporter.EXPORTER_METRICS)
        self.store = Store(
            settle_seconds=settings.state.settle_seconds,
            environments=settings.environments,
            identity=settings.identity,
        )
        self.exposition = Exposition(kinds, limits, own, METERS, clock=lambda: self.at)
        self.at = float(_NOW)
        self._lines = Lines()
        self._readers = {plural: Reader(Scope(kind.kind), kind, Cursor("", "")) for plural, kind in _WATCHED.items()}

    def take(self, plural: str, lines: Sequence[bytes], cost: Cost) -> None:
        """Objects of one kind through all stages, chunk by chunk, and what is due after each."""
        for start in range(0, len(lines), _BATCH):
            batch = lines[start : start + _BATCH]
            chunk = b"\n".join([*batch, b""])
            self._take(plural, chunk, cost)
            cost.objects += len(batch)
            cost.line_bytes += len(chunk)

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
        self._follow_up(cost)

    def tell(self, *observations: Observation) -> None:
        """What is no object."""
        self.exposition.apply(self.store.apply(observations))

    def _follow_up(self, cost: Cost) -> None:
        while (due := self.store.next_due()) is not None and due <= self.at:
            started = time.process_time()
            self.exposition.apply(self.store.due(self.at))
            seconds = time.process_time() - started
            cost.follow_ups += seconds
            cost.longest_step = max(cost.longest_step, seconds)


def measure(applications: int, events: int, with_peers: bool) -> Figures:
    """The figures of one size. Keeps what it makes in memory, so best in a process of its own."""
    random = Random(SEED)
    company = found(applications, random, _NOW, _OBJECT_BYTES)
    cluster = furnished(company, ring=4_096)
    life = Life(cluster, company, random, stories=max(3, len(company.services) // 3))
    stages = _Stages()
    gc.set_threshold(2_000, 1_000_000, 1_000_000)  # as the exporter does
    new = _list(stages, cluster)
    gc.collect()
    gc.freeze()
    sum(collapse())
    cost, resyncs = Cost(), 0
    for plural, batch in _life(life, cluster, stages, events):
        resyncs += sum(map(_is_resync, batch))
        stages.take(plural, [_line(event.type, event.record, event.resource_version) for event in batch], cost)
    edit, concerned = _edit(stages, cluster)
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
        stages.tell(Listed(scope, "", stages.at))
        stages.exposition.show(scope.kind)
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
    return rows_of(figures[0], figures[-1]), peers_of(figures[-1])
