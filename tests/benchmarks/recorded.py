"""The exporter with a journal on disk and OTLP to a receiver: what history costs, and what a restart takes.

The simulated cluster is calm: one of ten events is a transition, most others only say that nothing new was found.
"""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from observability.journal.reading import reading
from tests.benchmarks.processes import Memory, cpu_seconds, free_port, python, running, until, until_idle
from tests.benchmarks.rows import Row
from tests.benchmarks.scraping import Histogram
from tests.benchmarks.simulated import CALM, Cluster, simulated
from tests.benchmarks.whole import MIB_IN_GIB, STALL, Effort, Exporter, stall

_GONE_ON: Final = "It goes on from the journal: the watch is resumed, nothing is listed."
_MEMORY_BEFORE_GIB: Final = 0.54
"""The peak at 100,000 Applications without history; a fifth more is allowed."""
_PATIENCE_SECONDS: Final = 120.0


class Receiver:
    """Who is sent OTLP."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.url = self._line()

    def count(self) -> int:
        """How many records have arrived."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()


@dataclass(frozen=True, slots=True)
class _Setup:
    cluster: Cluster
    receiver: Receiver
    journal: Path

    @contextmanager
    def exporter(self) -> Iterator[tuple[Exporter, Memory]]:
        """An exporter that just started."""
        port = free_port()
        arguments = ["run", "--kubeconfig", str(self.cluster.kubeconfig), "--listen", f"127.0.0.1:{port}"]
        command = python("observability", *arguments, "--journal", str(self.journal), "--log-level", "warning")
        started_at = time.perf_counter()
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.receiver.url}
        with running(command, variables=variables) as process, Memory(process.pid) as memory:
            yield Exporter(process, port, started_at), memory


def run(applications: int, effort: Effort, folder: Path) -> list[Row]:
    """All rows for so many applications; files go to `folder`."""
    with (
        simulated(folder, applications, CALM) as cluster,
        running(python("tests.benchmarks.receiving")) as receiving,
    ):
        setup = _Setup(cluster, Receiver(receiving), folder / "journal.db")
        with setup.exporter() as (exporter, memory):
            rows = [*_start(exporter, applications), *_unpaced(setup, exporter, effort, applications)]
            rows.append(_peak("memory with history, peak (PSS)", memory, applications))
        with setup.exporter() as (exporter, memory):
            rows += _restart(exporter, applications)
            rows.append(_peak("memory with history, peak after a restart (PSS)", memory, applications))
    return rows


def _start(exporter: Exporter, applications: int) -> list[Row]:
    ready = exporter.get_ready(60 + applications / 500)
    until_idle(exporter.pid)
    return [
        Row(name="start to ready with history, a new journal", value=ready, unit="s", target=20.0),
        stall("the first list with history", Histogram.between({}, exporter.own(), STALL)),
    ]


def _unpaced(setup: _Setup, exporter: Exporter, effort: Effort, applications: int) -> list[Row]:
    """As many events as the exporter takes; and then until all records have arrived."""
    before, cluster = exporter.own(), setup.cluster
    cluster.rate(1_000_000)
    time.sleep(1)
    first, started = cluster.status(), time.perf_counter()
    cpu, last_record = cpu_seconds(exporter.pid), _last(setup.journal)
    time.sleep(effort.seconds)
    status, seconds = cluster.status(), time.perf_counter() - started
    cpu = cpu_seconds(exporter.pid) - cpu
    events, transitions = status.events - first.events, _transitions(setup.journal, last_record)
    cluster.rate(0)
    until(lambda: cluster.status().behind == 0, _PATIENCE_SECONDS, "the watcher is sent all events", every=0.1)
    stopped = time.perf_counter()
    until(lambda: _arrived(setup), _PATIENCE_SECONDS, "all records arrive", every=0.1)
    behind = time.perf_counter() - stopped
    until_idle(exporter.pid)
    note = (
        f"In {seconds:.0f} s, {transitions / max(1, events):.0%} of the events are transitions; the exporter used "
        f"{cpu / seconds:.2f} CPUs, the simulated cluster and the receiver the rest."
    )
    late = f"All {_last(setup.journal):,} records had arrived {behind:.1f} s after the last event."
    return [
        Row(
            name="events with history, journal on disk and OTLP",
            value=events / seconds,
            unit="/s",
            target=8_000,
            more_is_better=True,
            notes=(note, late),
        ),
        Row(name="the same per CPU second", value=events / max(cpu, 0.01), unit="/s", more_is_better=True),
        stall("events with history", Histogram.between(before, exporter.own(), STALL)),
        Row(name="journal", value=setup.journal.stat().st_size / 1e6, unit="MB"),
    ]


def _restart(exporter: Exporter, applications: int) -> list[Row]:
    ready = exporter.get_ready(60 + applications / 500)
    complete = exporter.scraper.gzip()
    scraped = exporter.age()
    assert complete.own['gitops_exporter_objects{kind="Application"}'] > 0.9 * applications  # some come and go
    until_idle(exporter.pid)
    note = (_GONE_ON, f"The first scrape was complete after {scraped:.1f} s.")
    return [
        Row(name="restart to ready with history", value=ready, unit="s", target=20.0, notes=note),
        stall("the restart with history", Histogram.between({}, exporter.own(), STALL)),
    ]


def _peak(name: str, memory: Memory, applications: int) -> Row:
    allowed = 1.2 * _MEMORY_BEFORE_GIB if applications == 100_000 else None
    return Row(name=name, value=memory.peak_mib / MIB_IN_GIB, unit="GiB", target=allowed)


def _arrived(setup: _Setup) -> bool:
    """All that is in the journal, and nothing comes any more. A sync is one record and several spans."""
    last = _last(setup.journal)
    time.sleep(0.2)
    with reading(setup.journal) as connection:
        ((acknowledged,),) = connection.execute("SELECT min(acknowledged) FROM endpoints").fetchall()
    return bool(setup.receiver.count() >= last == _last(setup.journal) == acknowledged)


def _last(journal: Path) -> int:
    """The number of the last record: so many there were."""
    with reading(journal) as connection:
        ((number,),) = connection.execute("SELECT coalesce((SELECT value FROM meta WHERE key = 'number'), 0)")
    return int(number)


def _transitions(journal: Path, after: int) -> int:
    """How many updates of objects brought events about since this record."""
    with reading(journal) as connection:
        ((updates,),) = connection.execute(
            "SELECT count(*) FROM (SELECT DISTINCT subject, observed_at FROM events WHERE number > ?)", (after,)
        )
    return int(updates)
