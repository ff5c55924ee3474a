"""The exporter's stages in this process, from a Kubernetes API on a real socket to the text of /metrics.

As observability.app.composition joins them, but for the HTTP server, and under a clock that the test moves.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from observability.app.availability import Availability
from observability.app.composition import METERS
from observability.app.exposed import exposed
from observability.app.pipeline import Pipeline
from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.model.observation import Compared, Gone, Kind, Scope, Seen
from observability.settings.groups import Cluster, Kubernetes, Watch
from observability.settings.groups import Exposition as ExpositionSettings
from observability.signals import exporter
from observability.sources.kubernetes import Connection, connect
from observability.sources.watching import Subject, watch
from observability.state.store import Store
from tests.fakes.watched import KINDS
from tests.integration.servers import patience
from tests.recorded import recorder

_SPOKEN: Final = {
    "gitops_application_sync_status": "sync_status",
    "gitops_application_health_status": "health_status",
    "gitops_application_out_of_sync": "cause",
    "gitops_application_policy_violation": "policy",
}
"""The families that say what is believed of an Application, and the label that says it."""


@dataclass
class Clock:
    """Says what it was told."""

    now: float

    def __call__(self) -> float:
        return self.now


class Belief(NamedTuple):
    """What /metrics says of an Application. `cause` is empty without one."""

    sync: str
    health: str
    cause: str
    violations: tuple[str, ...]


@dataclass
class Stages:
    """A pipeline that runs, and what came through it."""

    store: Store
    exposition: Exposition
    pipeline: Pipeline
    clock: Clock
    arrived: Counter[Kind] = field(default_factory=Counter)
    """How many objects were seen, compared again or gone."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def observe(self, subject: Subject) -> None:
        """Carry what is watched into the pipeline, for ever."""
        kind = subject.scope.kind
        async with aclosing(watch(subject)) as batches:
            async for batch in batches:
                if not self.pipeline.take(subject.scope, batch):
                    subject.rests.clear()
                self.arrived[kind] += sum(isinstance(observation, Seen | Compared | Gone) for observation in batch)
                self._news.set()

    async def wait(self, kind: Kind, arrived: int) -> None:
        """Until so many objects of a kind have come through."""
        async with asyncio.timeout(patience(10)):
            while self.arrived[kind] < arrived:
                self._news.clear()
                await self._news.wait()

    async def pass_time(self, until: float) -> None:
        """Let the clock go on, and stop where time alone changes something."""
        async with asyncio.timeout(patience(10)):
            while (due := self.store.next_due()) is not None and due <= until:
                self.clock.now = due or until
                self.pipeline.take(Scope(Kind.APPLICATION), ())  # the timer sleeps in real time: wake it
                await asyncio.sleep(0)
        self.clock.now = until

    async def beliefs(self) -> dict[str, Belief]:
        """What /metrics says, by the name of the Application."""
        text = b"".join([piece async for piece in self.exposition.identity()]).decode()
        lines = [line for line in text.split("\n") if line.partition("{")[0] in _SPOKEN]
        said: dict[str, dict[str, list[str]]] = {}
        for family in text_string_to_metric_families("\n".join(lines) + "\n"):
            for sample in family.samples:
                words = said.setdefault(sample.labels["application"], {name: [] for name in _SPOKEN})
                if sample.value == 1.0:
                    words[sample.name].append(sample.labels[_SPOKEN[sample.name]])
        return {application: _belief(*words.values()) for application, words in said.items()}


def _belief(sync: Sequence[str], health: Sequence[str], causes: Sequence[str], violations: Sequence[str]) -> Belief:
    (one_sync,), (one_health,), (cause,) = sync, health, causes or ("",)
    return Belief(one_sync, one_health, cause, tuple(violations))


@asynccontextmanager
async def running(kubeconfig: Path, store: Store, clock: Clock) -> AsyncIterator[Stages]:
    """The stages over all namespaces of the API, once the first list is in."""
    own = OwnMetrics(exporter.EXPORTER_METRICS)
    limits = Limits(series_per_family=100_000, label_value_bytes=1024)
    exposition = Exposition(exposed(ExpositionSettings(), Cluster()), limits, own, METERS, clock)
    availability = Availability(Scope(kind) for kind in Kind)
    async with recorder(store, exposition, own, clock) as recorder_:
        pipeline = Pipeline(store, exposition, recorder_, own, availability, clock)
        stages = Stages(store, exposition, pipeline, clock)
        async with (
            connect(Kubernetes(kubeconfig=kubeconfig), clock) as connection,
            asyncio.TaskGroup() as tasks,
        ):
            started = [tasks.create_task(stages.pipeline.follow_time())]
            # What may tell the identity of Applications comes before them.
            for kinds in ((Kind.APPLICATIONSET, Kind.PROJECT), (Kind.APPLICATION,)):
                started += [tasks.create_task(stages.observe(_subject(connection, kind, clock))) for kind in kinds]
                async with asyncio.timeout(patience(10)):
                    await stages.pipeline.settled(kinds)
            try:
                yield stages
            finally:
                for task in started:
                    task.cancel()
                exposition.close()


def _subject(connection: Connection, kind: Kind, clock: Clock) -> Subject:
    return Subject(
        connection,
        Scope(kind),
        KINDS[kind],
        Watch(timeout_seconds_min=3600, timeout_seconds_max=3600),
        "",
        clock,
        lambda: 1.0,
    )
