"""All that a fault can hit: the exporter, its API, its receivers, its disk. Starts and stops processes."""

import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from tests.chaos import disk, gate
from tests.chaos.arrivals import Collected, Kept, Lines, Standing
from tests.chaos.clusters import Cluster, Real, Simulated
from tests.chaos.disk import Disk
from tests.chaos.gate import Gate
from tests.fakes.reviews import Reviews
from tests.fakes.simulated_api import SimulatedApi
from tests.integration import servers
from tests.integration.exporters import COMMAND, Exporter, series_of
from tests.integration.servers import ARGO_KINDS, ApiServer, Certificates, Collector, Etcd, Server, free_port, running

COLLECTOR: Final = "collector"
LINES: Final = "lines"
_SETTINGS: Final[dict[str, Any]] = {
    "state": {"settle_seconds": 1},
    "watch": {
        "backoff_initial_seconds": 0.1,
        "backoff_max_seconds": 1.0,
        "silence_seconds": 20,
        "unavailable_retry_seconds": 1,
    },
}
"""Faults come so fast that pauses for days of outage would make the loop wait for most of its time."""
_DEFECTS: Final = (
    "could not be recorded",
    "could not be judged",
    "the journal was unusable",
    "what was to be written to the journal cannot be, it is left out",
    "cannot be read from the journal",
    "a record is refused, it is kept as a dead letter",
)
"""Lines of the log that no fault excuses."""
_EXCUSES: Final = ("database or disk is full", "No space left on device")
"""With these words it may end by itself."""


class World:
    """What runs. `collector` None: it is not installed, the file of events is the only receiver."""

    def __init__(
        self, folder: Path, cluster: Cluster, place: Disk, collector: Collector | None, way: Gate | None
    ) -> None:
        self.cluster, self.disk, self.collector, self.gate = cluster, place, collector, way
        self.journal = place.folder / "journal.db"
        self.kept, self.lines = Kept(self.journal), Lines(place.folder / "events.ndjson")
        self.collected = None if collector is None else Collected(collector.files)
        self.starts: Counter[str] = Counter()
        self.up = False
        """The exporter was ready since it was started last."""
        self._wanted = False
        self._restart_at = 0.0
        self.exporter = self._exporter(folder)

    def _exporter(self, folder: Path) -> Exporter:
        settings = dict(_SETTINGS)
        if self.gate is not None:
            endpoint = {"name": COLLECTOR, "endpoint": self.gate.url, "protocol": "http/protobuf", "timeout_seconds": 3}
            settings["otlp"] = {"endpoints": [endpoint]}
        lines = {"name": LINES, "type": "jsonlines", "file": str(self.disk.folder / "events.ndjson")}
        settings["events"] = {"sinks": [lines]}
        config = folder / "settings.yaml"
        config.write_text(yaml.safe_dump(settings))
        options = ("--kubeconfig", str(self.cluster.kubeconfig), "--config", str(config))
        address = f"127.0.0.1:{free_port()}"
        exporter = Exporter(folder / "exporter", *options, "--journal", str(self.journal), listen=address)
        exporter.url = f"http://{address}"
        return exporter

    def start(self) -> None:
        """Start the exporter, without waiting for it."""
        self._wanted, self.up = True, False
        self.starts["asked"] += 1
        Server.start(self.exporter)

    def stop(self, *, kill: bool) -> None:
        """End the exporter."""
        self._wanted = self.up = False
        self.exporter.stop(kill)

    def tend(self) -> None:
        """See how the exporter is; start it again when it has ended by itself, as a cluster would, a second later."""
        if not self._wanted or time.monotonic() < self._restart_at:
            return
        try:
            self.exporter.alive()
            self.up = self.up or self.ready()
        except RuntimeError:
            self.up = False
            self.starts["ended by itself"] += 1
            self._restart_at = time.monotonic() + 1.0
            self.exporter.stop()
            Server.start(self.exporter)

    def ready(self) -> bool:
        """The exporter has listed everything."""
        return self.exporter.get("/readyz").status == 200

    def is_delivered(self, version: int) -> bool:
        """All up to this resourceVersion is recorded, and every receiver has all that is recorded."""
        now = self.kept.standing()
        return now is not None and now.cursor >= version and now.folded == 0 and _has_all(now)

    def read(self) -> None:
        """Take in what arrived."""
        self.lines.read()
        if self.collected is not None:
            self.collected.read()

    def counted(self) -> dict[str, float]:
        """gitops_syncs_total, by `service-environment`."""
        found: dict[str, float] = defaultdict(float)
        text = "".join(
            line + "\n" for line in self.exporter.metrics().split("\n") if line.startswith("gitops_syncs_total{")
        )
        for (_, labels), value in series_of(text).items():
            named = dict(labels)
            found[f"{named['service']}-{named['environment']}"] += value
        return dict(found)

    def folded(self) -> int:
        """How many records were never written, for want of room."""
        return self.kept.folded()

    def chain(self) -> list[str]:
        """What `gitops-obs report verify` finds."""
        command = [*COMMAND, "report", "verify", "--journal", str(self.journal)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        return [] if ended.returncode == 0 else [ended.stdout + ended.stderr]

    def defects(self) -> list[str]:
        """What the exporter said that it should never have to say."""
        marks = ("Traceback (most", *(f'"event": "{one}"' for one in _DEFECTS))
        lines = self.exporter.log.read_text(errors="replace").splitlines()
        return [
            f"the exporter said: {one[:2000]}"
            for one in lines
            if any(mark in one for mark in marks)
            or (one.startswith("gitops-obs: ") and not any(excuse in one for excuse in _EXCUSES))
        ]


def _has_all(now: Standing) -> bool:
    return bool(now.acknowledged) and all(number >= now.number for number in now.acknowledged.values())


@contextmanager
def world(folder: Path, *, real: bool, megabytes: int) -> Iterator[World]:
    """Everything started but the exporter; it is stopped in any case. `megabytes`: the size of its disk."""
    with ExitStack() as stack:
        place = stack.enter_context(disk.disk(folder / "disk", megabytes))
        cluster = _real(stack, folder) if real else _simulated(stack, folder)
        collector = way = None
        if servers.found("otelcol"):
            collector = stack.enter_context(running(Collector(folder / "collector", at_once=True)))
            way = stack.enter_context(gate.before(collector.http_url))
        found = World(folder, cluster, place, collector, way)
        stack.callback(lambda: found.stop(kill=True))
        yield found


def _simulated(stack: ExitStack, folder: Path) -> Cluster:
    return Simulated(stack.enter_context(SimulatedApi().serving()), folder)


def _real(stack: ExitStack, folder: Path) -> Cluster:
    etcd = stack.enter_context(running(Etcd(folder / "etcd")))
    reviews = stack.enter_context(Reviews().serving())
    api = ApiServer(folder / "api", etcd, Certificates(folder / "pki"), reviews.url, watch_cache=False)
    stack.callback(lambda: api.stop(kill=True))
    api.start()
    api.install(*ARGO_KINDS)
    return Real(api, etcd)
