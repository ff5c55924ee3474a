"""The exporter as users run it: its own process, against the simulated cluster in another.

Reads what the kernel and /metrics tell, yields rows. Nothing of the exporter is imported.
"""

import statistics
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.processes import Memory, cpu_seconds, free_port, pss_mib, python, running, until, until_idle
from tests.benchmarks.rows import Row
from tests.benchmarks.scraping import Histogram, Scraper
from tests.benchmarks.simulated import Cluster, simulated

READY: Final = "start to ready"
FIRST_SCRAPE: Final = "start to the first complete scrape"
PEAK: Final = "memory, peak (PSS)"
GZIP: Final = "scrape, gzip, nothing changed"
GZIP_AFTER: Final = "scrape, gzip, after {:,} applications changed"
IDENTITY: Final = "scrape, identity"
EVENTS: Final = "events at the watcher's own pace"
EVENTS_PER_CPU: Final = "events per CPU second, sockets included"

STALL: Final = "gitops_exporter_loop_stall_seconds"
_DELAY: Final = "gitops_exporter_exposed_delay_seconds"
_STALL_NOTE: Final = (
    "The upper bound of the highest bucket that gitops_exporter_loop_stall_seconds reached: how late the loop woke up "
    "20 times a second, also when it waited for a CPU."
)
_SYNC_NOTE: Final = "All of them are synced at once; the scrape begins when the exporter has taken them in."

MIB_IN_GIB: Final = 1024.0

Own = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long to measure. `scrapes`: of each kind, one more at first; `seconds`: of each load of events."""

    scrapes: int = 10
    seconds: float = 12.0
    rounds: int = 3


class Exporter:
    """The exporter under test, and who scrapes it."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, started_at: float) -> None:
        self.pid = process.pid
        self.scraper = Scraper(port)
        self._process = process
        self._started_at = started_at

    def age(self) -> float:
        """Seconds since its start."""
        return time.perf_counter() - self._started_at

    def get_ready(self, seconds: float) -> float:
        """Seconds from the start until /readyz says so."""
        until(lambda: self.scraper.status("/readyz") == 200, seconds, "the exporter gets ready", self._process)
        return self.age()

    def own(self) -> Own:
        """What it says of itself."""
        return self.scraper.gzip().own


def run(applications: int, effort: Effort, folder: Path) -> list[Row]:
    """All rows for so many applications; files go to `folder`."""
    with simulated(folder, applications) as cluster:
        port = free_port()
        arguments = ("run", "--kubeconfig", str(cluster.kubeconfig), "--listen", f"127.0.0.1:{port}")
        started_at = time.perf_counter()
        with (
            running(python("observability", *arguments, "--log-level", "warning")) as process,
            Memory(process.pid) as memory,
        ):
            exporter = Exporter(process, port, started_at)
            rows = [*_start(exporter, applications), *_scrapes(exporter, effort)]
            rows += _changes(exporter, cluster, applications, effort)
            rows += _paced(exporter, cluster, effort)
            rows += _unpaced(exporter, cluster, effort)
            until_idle(process.pid)
            return [*rows, *_memory(exporter, memory)]


def _start(exporter: Exporter, applications: int) -> list[Row]:
    ready = exporter.get_ready(60 + applications / 500)
    scrape = exporter.scraper.gzip()
    complete = exporter.age()
    own = scrape.own
    body = {encoding: own[f'gitops_exporter_body_bytes{{encoding="{encoding}"}}'] for encoding in ("gzip", "identity")}
    assert own['gitops_exporter_objects{kind="Application"}'] == applications
    return [
        Row(name=READY, value=ready, unit="s", target=20.0),
        Row(
            name=FIRST_SCRAPE, value=complete, unit="s", notes=("One client, gzip, that asks as soon as it is ready.",)
        ),
        Row(name="memory after the first scrape (PSS)", value=pss_mib(exporter.pid) / MIB_IN_GIB, unit="GiB"),
        Row(name="series", value=own["gitops_exporter_series"], unit=""),
        Row(name="body, identity", value=body["identity"] / 1e6, unit="MB"),
        Row(name="body, gzip", value=body["gzip"] / 1e6, unit="MB"),
        stall("the first list and scrape", Histogram.between({}, own, STALL)),
    ]


def _scrapes(exporter: Exporter, effort: Effort) -> list[Row]:
    before = exporter.own()
    gzip = [exporter.scraper.gzip().milliseconds for _ in range(effort.scrapes)]
    identity = [exporter.scraper.identity().milliseconds for _ in range(effort.rounds)]
    after = exporter.own()
    return [
        Row(name=GZIP, value=statistics.median(gzip), unit="ms", target=30.0, notes=(f"The median of {len(gzip)}.",)),
        Row(name=f"{GZIP}, slowest", value=max(gzip), unit="ms"),
        Row(name=IDENTITY, value=statistics.median(identity), unit="ms", notes=("Streamed; the client only counts.",)),
        stall("scrapes", Histogram.between(before, after, STALL)),
    ]


def _changes(exporter: Exporter, cluster: Cluster, applications: int, effort: Effort) -> list[Row]:
    small, large = min(1_000, applications), min(20_000, applications)
    after_small = [_after_sync(exporter, cluster, small) for _ in range(effort.rounds)]
    name = GZIP_AFTER.format(small)
    notes = (_SYNC_NOTE, f"The median of {effort.rounds}.")
    rows = [
        Row(name=name, value=statistics.median(after_small), unit="ms", target=150.0, notes=notes),
        Row(name=f"{name}, slowest", value=max(after_small), unit="ms"),
    ]
    if large > small:
        milliseconds = _after_sync(exporter, cluster, large)
        rows.append(Row(name=GZIP_AFTER.format(large), value=milliseconds, unit="ms", notes=(_SYNC_NOTE,)))
    return rows


def _after_sync(exporter: Exporter, cluster: Cluster, applications: int) -> float:
    """Milliseconds of the scrape after so many applications were synced. Raises RuntimeError if it came too early."""
    before = exporter.own()
    changed = cluster.sync(applications)
    until_idle(exporter.pid)
    scrape = exporter.scraper.gzip()
    seen = Histogram.between(before, scrape.own, _DELAY).total
    if seen < changed:
        raise RuntimeError(f"{changed} applications were synced, {seen:.0f} changes are in")
    return scrape.milliseconds


def _paced(exporter: Exporter, cluster: Cluster, effort: Effort) -> list[Row]:
    """A thousand events a second, while somebody scrapes."""
    before = after = exporter.own()
    first, started = cluster.rate(1_000), time.perf_counter()
    while (left := started + effort.seconds - time.perf_counter()) > 0:
        time.sleep(min(2.0, left))
        after = exporter.own()
    seconds, sent = time.perf_counter() - started, cluster.rate(0).events - first.events
    delays = Histogram.between(before, after, _DELAY)
    note = f"{sent / seconds:,.0f} events a second were sent for {seconds:.0f} s, with a scrape every 2 s."
    return [
        Row(
            name="event to exposed at 1,000 events/s, p99",
            value=delays.quantile(0.99) * 1e3,
            unit="ms",
            target=1_000.0,
            notes=(note, "From gitops_exporter_exposed_delay_seconds."),
        ),
        stall("1,000 events/s and scrapes", Histogram.between(before, after, STALL)),
    ]


def _unpaced(exporter: Exporter, cluster: Cluster, effort: Effort) -> list[Row]:
    """As many events as the exporter takes."""
    before = exporter.own()
    cluster.rate(1_000_000)
    time.sleep(1)
    first, started = cluster.status(), time.perf_counter()
    cpu, others_cpu = cpu_seconds(exporter.pid), cpu_seconds(cluster.pid)
    time.sleep(effort.seconds)
    last, seconds = cluster.status(), time.perf_counter() - started
    cpu, others_cpu = cpu_seconds(exporter.pid) - cpu, cpu_seconds(cluster.pid) - others_cpu
    cluster.rate(0)
    events = last.events - first.events
    until_idle(exporter.pid)
    used = f"{cpu / seconds:.2f} CPUs, the simulated cluster {others_cpu / seconds:.2f}"
    note = f"In {seconds:.0f} s; the exporter used {used}: where neither used one, other programs had it."
    return [
        Row(name=EVENTS, value=events / seconds, unit="/s", more_is_better=True, notes=(note,)),
        Row(name=EVENTS_PER_CPU, value=events / max(cpu, 0.01), unit="/s", more_is_better=True, notes=(note,)),
        stall("events at its own pace", Histogram.between(before, exporter.own(), STALL)),
    ]


def _memory(exporter: Exporter, memory: Memory) -> list[Row]:
    return [
        Row(
            name=PEAK,
            value=memory.peak_mib / MIB_IN_GIB,
            unit="GiB",
            target=1.2,
            notes=("Of the exporter alone, over all of the above, looked at every 0.2 s.",),
        ),
        Row(name="memory at the end (PSS)", value=pss_mib(exporter.pid) / MIB_IN_GIB, unit="GiB"),
    ]


def stall(during: str, stalls: Histogram) -> Row:
    """The row of how late the loop woke up at most."""
    late = f"{stalls.above(0.05):.0f} of {stalls.total:.0f} wake-ups were later than 50 ms."
    return Row(
        name=f"longest stall of the loop, {during}",
        value=stalls.highest() * 1e3,
        unit="ms",
        target=50.0,
        notes=(_STALL_NOTE, late),
    )
