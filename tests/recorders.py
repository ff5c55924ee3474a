"""Recorders for tests: with a journal that remembers what it was given, and Applications to tell them of."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from observability.app.composition import METERS
from observability.app.exposed import exposed
from observability.app.recorder import History, Recorder
from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.journal.group import Group, Written
from observability.journal.group import Limits as JournalLimits
from observability.journal.journal import Journal
from observability.model.application import Application, HistoryEntry, Key
from observability.model.event import Record
from observability.model.observation import Kind, Listed, Observation, Scope, Seen
from observability.model.promotion import Delivered, Journey, Pair, Promoted, PromotionKey
from observability.model.status import Phase, Result, SyncStatus
from observability.settings import Cluster, Settings
from observability.settings import Exposition as ExpositionSettings
from observability.signals import exporter
from observability.signals.transitions import Context
from observability.state.promotion import Promotions
from observability.state.store import Store
from observability.state.tallies import Tallies
from tests.builders import NOON, application, entry, operation, seen, target
from tests.journals import AT_ONCE

APPLICATIONS: Final = Scope(Kind.APPLICATION)
PROJECTS: Final = Scope(Kind.PROJECT)
SHOP: Final = Key("argocd", "shop-prod")
HEALTH: Final = "gitops.application.health.changed"
GAP: Final = "gitops.exporter.gap"
PROMOTED: Final = "gitops.service.promoted"
DELIVER: Final = "DELIVER prod"


class Overheard(Journal):
    """A journal that also remembers the groups it was given."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.groups: list[Group] = []

    async def write(self, group: Group) -> Written:
        self.groups.append(group)
        return await super().write(group)


class Process:
    """What of the exporter stands between a source and the journal, with a clock of its own."""

    def __init__(self, journal: Overheard, now: float, heard: bool = True) -> None:
        settings = Settings()
        self.now = now
        self.journal = journal
        self._settled = False
        self.store = Store(settle_seconds=10.0, environments=settings.environments, identity=settings.identity)
        self.own = OwnMetrics(exporter.EXPORTER_METRICS)
        limits = Limits(series_per_family=1000, label_value_bytes=1024)
        kinds = exposed(ExpositionSettings(), Cluster())
        self.exposition = Exposition(kinds, limits, self.own, METERS, self._clock)
        for kind in Kind:
            self.exposition.show(kind)
        names = tuple(environment.name for environment in settings.environments)
        history = History(Context.of(settings.environments), Tallies(), Promotions(names), heard=heard)
        self.recorder = Recorder(journal, self.store, self.exposition, self.own, history, self._clock)

    def _clock(self) -> float:
        return self.now

    def take(self, *observations: Observation, scope: Scope = APPLICATIONS) -> None:
        """One batch, as the pipeline passes it on."""
        changes = self.store.apply(observations)
        self.exposition.apply(changes)
        self.recorder.take(changes)
        self.recorder.observe(scope, observations)
        if scope == APPLICATIONS and any(isinstance(one, Listed) for one in observations):
            self._settled = True

    async def welcomed(self) -> None:
        """Until those who were there before us are taken in, once all are listed."""
        if self._settled:
            await self.recorder.take_in()

    async def group(self) -> Group:
        """What was written of all that was taken since the last time: one group."""
        await self.welcomed()
        before = len(self.journal.groups)
        await self.recorder.finish()
        (group,) = self.journal.groups[before:]
        return group

    def failures(self, metric: Any = exporter.RECORD_FAILURES) -> float:
        """The value of one of the exporter's counters."""
        lines = [line for line in self.own.render().decode().splitlines() if line.startswith(f"{metric.name} ")]
        return float(lines[0].rsplit(" ", 1)[1])

    async def lines(self, *families: str) -> list[str]:
        """What /metrics says in these families, sorted."""
        await self.welcomed()
        body = b"".join([piece async for piece in self.exposition.identity()]).decode()
        return sorted(line for line in body.splitlines() if line.partition("{")[0] in families)


@asynccontextmanager
async def running(
    path: Path | None, now: float = NOON, limits: JournalLimits = AT_ONCE, *, heard: bool = True
) -> AsyncIterator[Process]:
    """A process that ends without a last word; what it has not written is lost."""
    journal = await Overheard.open(path, limits, lambda: now)
    assert isinstance(journal, Overheard)
    process = Process(journal, now, heard)
    yield process
    process.exposition.close()
    await journal.close()


def names(records: Sequence[Record]) -> list[str]:
    """Of events and spans."""
    return [record.name for record in records]


def shop(version: int, name: str = "shop-prod", **facts: Any) -> Application:
    """An Application at a resourceVersion, which was deployed long ago."""
    return application(name, **{"resource_version": str(version), "history": (entry(0, "a", NOON - 7200),), **facts})


def synced(version: int, revision: str = "b", name: str = "shop-prod", at: float = NOON) -> tuple[Seen, Seen]:
    """An Application while it is synced to a revision, and after that."""
    history: tuple[HistoryEntry, ...] = (entry(0, "a", NOON - 7200),)
    run: dict[str, Any] = {"automated": True, "requested": target(revision), "synced": target(revision)}
    behind: dict[str, Any] = {"sync": SyncStatus.OUT_OF_SYNC, "desired": target(revision), "history": history}
    begun = shop(version, name, operation=operation(Phase.RUNNING, at, **run), **behind)
    history = (*history, entry(1, revision, at + 1))
    after: dict[str, Any] = {"desired": target(revision), "history": history}
    ended = shop(version + 1, name, operation=operation(Phase.SUCCEEDED, at, at + 1, **run), **after)
    return seen(begun, at), seen(ended, at + 2)


def travels(value: str, *, at: float = NOON) -> tuple[Promoted, Delivered]:
    """What a step of the promotions tells of a value that came to prod."""
    pair = Pair("argocd", "shop", "shop", "staging", "prod")
    promoted = Promoted(pair=pair, key=PromotionKey.REVISION, value=(value,), deployed_at=at - 9, at=at, observed_at=at)
    journey = Journey("argocd", "shop", "shop", PromotionKey.REVISION, (value,))
    delivered = Delivered(journey=journey, environment="prod", started_at=at - 9, ended_at=at, result=Result.SUCCESS)
    return promoted, delivered
