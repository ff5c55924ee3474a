"""The report `recovery`: what Git alone would not bring back, and how much is there again. Pure."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from observability.model.application import Key
from observability.model.state import ApplicationState
from observability.model.status import Cause, HealthStatus, SyncStatus
from observability.reports import instants, table
from observability.reports.selection import Selection
from observability.reports.stages import order
from observability.reports.table import Column, Table, revision, second, tabulate


def _drifted(state: ApplicationState) -> bool:
    return state.facts.sync is SyncStatus.OUT_OF_SYNC and state.memory.cause is Cause.LIVE_DRIFT


def _rolled_back(state: ApplicationState) -> bool:
    return state.memory.rolled_back


def _overridden(state: ApplicationState) -> bool:
    return state.facts.parameter_overrides


def _local(state: ApplicationState) -> bool:
    return state.memory.local


def _incomparable(state: ApplicationState) -> bool:
    return any(one.type in ("ComparisonError", "InvalidSpecError") for one in state.facts.conditions)


class Obstacle(NamedTuple):
    """A reason why Git does not give the Application as it runs now."""

    name: str
    holds: Callable[[ApplicationState], bool]
    meaning: str


OBSTACLES: Final = (
    Obstacle("live_drift", _drifted, "somebody changed the cluster by hand: the change would be gone"),
    Obstacle("rolled_back", _rolled_back, "a rollback stands: Git would bring back what was rolled back"),
    Obstacle("parameter_overrides", _overridden, "parameters are set outside Git: they stand in the Application only"),
    Obstacle("local_manifests", _local, "manifests came from somebody's machine: Git never had them"),
    Obstacle("comparison_error", _incomparable, "Argo CD cannot render or compare what Git says: nothing would come"),
)
"""In the order in which they are named."""


class Entry(NamedTuple):
    """An Application, and what is in its way. `sync_since`: since when it is OutOfSync, None when it is not."""

    application: Key
    environment: str
    service: str
    project: str
    sync: SyncStatus
    health: HealthStatus
    revision: str
    sync_since: float | None
    obstacles: tuple[str, ...]

    @property
    def name(self) -> str:
        """The Application, `namespace/name`."""
        return "/".join(self.application)

    @property
    def is_back(self) -> bool:
        """It is Synced and Healthy."""
        return self.sync is SyncStatus.SYNCED and self.health is HealthStatus.HEALTHY


def entry(state: ApplicationState) -> Entry:
    """What the state of one Application says."""
    identity, deployed = state.identity, state.memory.deployed
    return Entry(
        Key(identity.application_namespace, identity.application),
        identity.environment,
        identity.service,
        identity.project,
        state.facts.sync,
        state.facts.health,
        ", ".join(deployed.revisions) if deployed is not None else "",
        state.out_of_sync_since,
        tuple(one.name for one in OBSTACLES if one.holds(state)),
    )


def _application(one: Entry) -> str:
    return table.application(one.application)


COLUMNS: Final[tuple[Column[Entry], ...]] = (
    Column("application", lambda one: one.name, "APPLICATION", _application, 24),
    Column("environment", lambda one: one.environment, "ENV", narrowest=8),
    Column("service", lambda one: one.service),
    Column("project", lambda one: one.project),
    Column("sync_status", lambda one: one.sync, "SYNC"),
    Column("health_status", lambda one: one.health, "HEALTH"),
    Column("revision", lambda one: one.revision, "REVISION", lambda one: revision(one.revision), 10),
    Column("out_of_sync_since", lambda one: instants.rfc_3339_or_none(one.sync_since)),
    Column("obstacles", lambda one: one.obstacles, "NOT IN GIT BECAUSE OF", narrowest=16),
)


def report(states: Iterable[ApplicationState], selection: Selection, recorded_at: float | None = None) -> Table:
    """The Applications of the selection that Git would not give as they run now, and how many are Synced and Healthy.

    Times of the selection do not matter: it is about what was recorded last, at `recorded_at`; None: never.
    """
    entries = sorted(one for one in map(entry, states) if selection.admits(one.name, one.environment, one.service))
    blocked = [one for one in entries if one.obstacles]
    back = sum(one.is_back for one in entries)
    environments = {
        name: [one for one in entries if one.environment == name]
        for name in sorted({one.environment for one in entries}, key=order)
    }
    named = {name for one in blocked for name in one.obstacles}
    return tabulate(
        COLUMNS,
        blocked,
        "nothing is known that Git would not bring back" if entries else "no application is known",
        (
            f"{len(blocked)} of {len(entries)} applications could not be rebuilt from Git as they run now",
            f"{back} of {len(entries)} applications are Synced and Healthy"
            + "".join(f"; {name} {_back(several)}" for name, several in environments.items()),
            *(f"{one.name}: {one.meaning}" for one in OBSTACLES if one.name in named),
            f"as recorded until {second(recorded_at)}",
            "only what the Applications show: fields that Git does not declare, volumes and Secrets are not seen",
        ),
        {
            "recorded_at": instants.rfc_3339_or_none(recorded_at),
            "applications": len(entries),
            "blocked": len(blocked),
            "synced_and_healthy": back,
            "environments": {
                name: {"applications": len(several), "synced_and_healthy": sum(one.is_back for one in several)}
                for name, several in environments.items()
            },
        },
    )


def _back(entries: list[Entry]) -> str:
    return f"{sum(one.is_back for one in entries)} of {len(entries)}"
