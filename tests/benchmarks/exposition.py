"""The exposition against prometheus_client on the same applications, in one run.

    python -m tests.benchmarks.exposition [--applications 1000 10000 100000] [--json FILE] [--no-peer]

Each size runs in a process of its own, so that memory is that of one size.
"""

import argparse
import asyncio
import gc
import json
import math
import multiprocessing
import random
import re
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import msgspec

from observability.app.composition import METERS
from observability.app.exposed import exposed
from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.model.application import Application, Destination, Operation, Source
from observability.model.observation import Kind
from observability.model.state import ApplicationState, Change, Identity, Memory, WindowVerdict
from observability.model.status import Cause, HealthStatus, Phase, SyncStatus
from observability.settings import Cluster
from observability.settings import Exposition as ExpositionSettings
from observability.signals import exporter
from observability.signals.catalogue import Metric
from tests.benchmarks import peers

NOW: Final = 1_795_000_000.0
BATCH: Final = 200


_APPLICATIONS: Final = next(
    exposed for exposed in exposed(ExpositionSettings(), Cluster()) if exposed.kind is Kind.APPLICATION
)
_ROWS: Final[peers.Rows] = [row for row in _APPLICATIONS.metrics if isinstance(row, Metric)]


def application(number: int, chance: random.Random) -> ApplicationState:
    """A believable application: one of three environments of a service, most of them healthy and in sync."""
    service, environment = f"{chance.choice(_NOUNS)}-{number // 3:05d}", ("dev", "staging", "prod")[number % 3]
    out_of_sync = chance.random() < 0.1
    began = NOW - chance.randrange(10_000_000)
    facts = Application(
        namespace="argocd",
        name=f"{service}-{environment}",
        applicationset=f"{service}-environments",
        destination=Destination(server=f"https://cluster-{number % 40}.example.com:6443", namespace=service),
        sources=(
            Source(
                repository=f"https://git.example.com/{service}/deploy.git",
                path=f"overlays/{environment}",
                target_revision="main",
            ),
        ),
        automated=environment != "prod",
        sync=SyncStatus.OUT_OF_SYNC if out_of_sync else SyncStatus.SYNCED,
        health=chance.choices((HealthStatus.HEALTHY, HealthStatus.PROGRESSING, HealthStatus.DEGRADED), (90, 5, 5))[0],
        reconciled_at=NOW - chance.randrange(180),
        resources=chance.randrange(5, 80),
        operation=Operation(
            phase=Phase.SUCCEEDED, started_at=began, finished_at=began + chance.randrange(100), automated=True
        ),
        out_of_sync_resources=chance.randrange(1, 5) if out_of_sync else 0,
    )
    memory = Memory(
        identity=Identity("argocd", "argocd", facts.name, f"team-{number % 60}", environment, service),
        cause=chance.choice(tuple(Cause)) if out_of_sync else None,
        out_of_sync_since=began + 300 if out_of_sync else None,
        health_since=began + chance.randrange(1000),
        results=(chance.randrange(500), chance.randrange(9), 0, 0, 0),
        deployments=chance.randrange(500),
        self_heals=chance.randrange(20),
    )
    windows = WindowVerdict(can_sync_auto=number % 7 > 0, auto_changes_at=NOW + 3600 if environment == "prod" else None)
    return ApplicationState(facts=facts, memory=memory, windows=windows)


_NOUNS: Final = (
    "checkout",
    "payments",
    "catalogue",
    "search",
    "login",
    "basket",
    "invoice",
    "mail",
    "stock",
    "gateway",
)


def touched(app: ApplicationState, chance: random.Random) -> ApplicationState:
    """The application after a usual event: three of its samples differ."""
    facts, memory = app.facts, app.memory
    return msgspec.structs.replace(
        app,
        facts=msgspec.structs.replace(facts, reconciled_at=(facts.reconciled_at or NOW) + 1 + chance.randrange(180)),
        memory=msgspec.structs.replace(
            memory,
            health_since=memory.health_since + 1 + chance.randrange(180),
            deployments=memory.deployments + 1,
        ),
    )


@dataclass(frozen=True)
class Figures:
    """What one size took. Times in milliseconds where the name does not say otherwise, memory in MiB (PSS)."""

    applications: int
    series: int
    identity_mb: float
    gzip_mb: float
    apply_new_us: float
    apply_changed_us: float
    of_which_rows_us: float
    scrape_first: float
    scrape_unchanged: float
    scrape_after_1000: float
    scrape_after_20000: float
    scrape_identity: float
    longest_stall: float
    """Of the loop, while a body was made or streamed."""
    memory_mib: float
    """Of the exposition when all applications are in; the states aside."""
    memory_after_changes_mib: float
    """The same after all scrapes and changes, with what the states grew by."""
    states_mib: float
    peer_scrape: float = math.nan
    peer_body_mb: float = math.nan


def measure(count: int, peer: bool) -> Figures:
    """All figures for `count` applications. Makes most of the memory it measures, so best in a fresh process."""
    return asyncio.run(_measure(count, peer))


async def _measure(count: int, peer: bool) -> Figures:
    chance = random.Random(count)
    empty = _pss_mib()
    states = [_decoded(application(number, chance)) for number in range(count)]
    with_states = _pss_mib()
    exposition = _exposition()
    new_us, _ = _apply(exposition, [None] * count, states.__getitem__)
    loaded = _pss_mib()
    gc.collect()
    gc.freeze()
    exposition.show(Kind.APPLICATION)
    stalls = [0.0]
    first = await _watched(_gzip(exposition), stalls)
    unchanged = min([await _watched(_gzip(exposition), stalls) for _ in range(5)])
    after_1000, _ = await _after(exposition, states, min(1_000, count), chance, stalls)
    after_20000, changed_us = await _after(exposition, states, min(20_000, count), chance, stalls)
    identity = await _watched(_identity_bytes(exposition), stalls)
    changed = _pss_mib()
    return Figures(
        applications=count,
        series=sum(exposition.stats().series.values()),
        identity_mb=await _identity_bytes(exposition) / 1e6,
        gzip_mb=await _gzip(exposition) / 1e6,
        apply_new_us=new_us,
        apply_changed_us=changed_us,
        of_which_rows_us=_rows_us(states),
        scrape_first=first,
        scrape_unchanged=unchanged,
        scrape_after_1000=after_1000,
        scrape_after_20000=after_20000,
        scrape_identity=identity,
        longest_stall=max(stalls),
        memory_mib=loaded - with_states,
        memory_after_changes_mib=changed - with_states,
        states_mib=with_states - empty,
        **(_peer(states) if peer else {}),
    )


def _exposition() -> Exposition:
    settings = ExpositionSettings()
    limits = Limits(series_per_family=settings.series_per_family, label_value_bytes=settings.label_value_bytes)
    return Exposition([_APPLICATIONS], limits, OwnMetrics(exporter.EXPORTER_METRICS), METERS, clock=time.perf_counter)


def _apply(
    exposition: Exposition,
    befores: Sequence[ApplicationState | None],
    after: Callable[[int], ApplicationState],
) -> tuple[float, list[ApplicationState]]:
    """Microseconds a change, and the states after it. Applied in batches as the watch delivers them, just decoded."""
    seconds = 0.0
    afters: list[ApplicationState] = []
    for start in range(0, len(befores), BATCH):
        batch = befores[start : start + BATCH]
        fresh = [after(start + place) for place in range(len(batch))]
        started = time.perf_counter()
        exposition.apply(
            Change(kind=Kind.APPLICATION, key=state.facts.key, before=before, after=state, received_at=started)
            for before, state in zip(batch, fresh, strict=True)
        )
        seconds += time.perf_counter() - started
        afters += fresh
    return seconds / len(befores) * 1e6, afters


def _decoded(state: ApplicationState) -> ApplicationState:
    """The same state with nothing shared, as if it had just been read from the stream."""
    return _DECODER.decode(_ENCODER.encode(state))


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(ApplicationState)


async def _after(
    exposition: Exposition, states: list[ApplicationState], changed: int, chance: random.Random, stalls: list[float]
) -> tuple[float, float]:
    """Milliseconds of the scrape after `changed` applications had an event, and microseconds an event."""
    chosen = chance.sample(range(len(states)), changed)
    befores = [states[number] for number in chosen]
    microseconds, afters = _apply(exposition, befores, lambda place: _decoded(touched(befores[place], chance)))
    for number, state in zip(chosen, afters, strict=True):
        states[number] = state
    return await _watched(_gzip(exposition), stalls), microseconds


async def _gzip(exposition: Exposition) -> int:
    return sum(map(len, await exposition.gzip()))


async def _identity_bytes(exposition: Exposition) -> int:
    return sum([len(piece) async for piece in exposition.identity()])


async def _watched(work: Coroutine[None, None, int], stalls: list[float]) -> float:
    """Milliseconds that `work` takes; how late the loop came meanwhile to a timer of one is added to `stalls`."""
    watch = asyncio.create_task(_watch_loop(stalls))
    await asyncio.sleep(0)
    started = time.perf_counter()
    await work
    milliseconds = _ms_since(started)
    await asyncio.sleep(0.002)
    watch.cancel()
    return milliseconds


async def _watch_loop(stalls: list[float]) -> None:
    while True:
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        stalls.append(_ms_since(started) - 1)


def _rows_us(states: Sequence[ApplicationState]) -> float:
    """Microseconds that the rows' own functions take for one application: not the exposition's doing."""
    chosen = states[:20_000]
    started = time.perf_counter()
    for state in chosen:
        for metric in _ROWS:
            tuple(metric.samples(state))
    return (time.perf_counter() - started) / len(chosen) * 1e6


def _peer(states: Sequence[ApplicationState]) -> dict[str, float]:
    scraped = peers.collector(_ROWS, states)
    return {"peer_scrape": scraped.milliseconds, "peer_body_mb": scraped.body_bytes / 1e6}


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1e3


def _pss_mib() -> float:
    match = re.search(r"^Pss: +(\d+) kB", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)
    return int(match[1]) / 1024 if match else math.nan


def table(rows: Sequence[Figures]) -> str:
    """The figures, a line each, a column a size."""
    names = tuple(asdict(rows[0]))
    lines = [f"{name:<26}" + "".join(f"{asdict(row)[name]:>14,.1f}" for row in rows) for name in names]
    ratios = "".join(f"{row.peer_scrape / row.scrape_after_20000:>14,.0f}" for row in rows)
    return "\n".join([*lines, f"{'peer / after 20000':<26}{ratios}"])


def run(sizes: Sequence[int], peer: bool) -> list[Figures]:
    """The figures of each size, each measured in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return [pool.apply(measure, (size, peer)) for size in sizes]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table, and write the JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--applications", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--no-peer", action="store_true", help="without prometheus_client, which takes most of the time"
    )
    options = parser.parse_args(arguments)
    figures = run(options.applications, not options.no_peer)
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in figures], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
