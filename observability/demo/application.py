"""The record of one simulated Application: what its JSON is rendered from. Frozen: each update makes a new one.

Instants are RFC 3339 strings, as they stand in the JSON; they are formatted once and shared by many records.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace


class Unit(Struct, frozen=True, gc=False):
    """What never changes while an Application lives: one service in one environment.

    `owner` is the ApplicationSet that made it, empty when a person did. `resources` is how many it manages, at least 3.
    """

    key: tuple[str, str]
    uid: str
    service: str
    environment: str
    team: str
    repository: str
    path: str
    created_at: str
    automated: bool
    resources: int = 3
    owner: str = ""
    owner_uid: str = ""

    @property
    def name(self) -> str:
        """The name of the Application and of its destination namespace."""
        return self.key[1]


class Release(Struct, frozen=True, gc=False):
    """What can be deployed: a commit, the target revision that leads to it, and the image version that it holds."""

    revision: str
    target: str
    version: str


class Operation(Struct, frozen=True, gc=False):
    """A requested sync. `username` empty and not `automated`: set with kubectl. `attempt` 0: no self-heal.

    `retries` is the limit of its retries. `rollback`: through the API, to an entry of the history.
    """

    release: Release
    username: str = ""
    automated: bool = False
    attempt: int = 0
    retries: int = 0
    rollback: bool = False


class OperationState(Struct, frozen=True, gc=False):
    """How far the last sync is. `result`: the outcome that `syncResult` tells, empty when there is no `syncResult`."""

    operation: Operation
    phase: str
    started_at: str
    finished_at: str = ""
    message: str = ""
    retried: int = 0
    result: str = ""


class Deployed(Struct, frozen=True, gc=False):
    """An entry of the history."""

    id: int
    release: Release
    started_at: str
    deployed_at: str
    username: str
    automated: bool


class App(Struct, frozen=True, gc=False, kw_only=True):
    """One Application at one moment.

    `compared` is None until the controller has compared it once. `live` has a letter for its ConfigMap, Service and
    Deployment each, and for a Job when Git has one: `s` Synced, `O` OutOfSync. `version`: the image in the summary.
    """

    unit: Unit
    target: str
    generation: int = 1
    has_status: bool = False
    compared: Release | None = None
    sync: str = ""
    live: str = ""
    health: str = ""
    health_since: str = ""
    version: str = ""
    operation: Operation | None = None
    state: OperationState | None = None
    history: tuple[Deployed, ...] = ()
    reconciled_at: str = ""
    error: str = ""
    """The message of a SyncError condition."""
    error_since: str = ""
    deleted_at: str = ""
    refresh_at: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.unit.key

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels, for selectors."""
        return {"env": self.unit.environment, "service": self.unit.service, "team": self.unit.team}

    def write(self, **changes: object) -> App:
        """The record after a write of `changes`. The CRD has no status subresource: each write moves the generation."""
        return replace(self, generation=self.generation + 1, **changes)
