"""An Argo CD Application, reduced to what signals need. What is not here never leaves the decoder.

Source: argo-cd pkg/apis/application/v1alpha1/types.go (3.6-dev).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from observability.model.status import HealthStatus, Phase, SyncStatus


class Key(NamedTuple):
    """What an object of one kind is known by in a cluster."""

    namespace: str
    name: str


class Source(Struct, frozen=True, gc=False):
    """One entry of `spec.source` or `spec.sources`. `repository` carries no user info."""

    repository: str = ""
    path: str = ""
    chart: str = ""
    target_revision: str = ""


class Target(Struct, frozen=True, gc=False):
    """What was compared, requested or deployed: the revisions, and the sources that they are revisions of.

    `revisions` has one entry a source. `sources` is a digest of all sources with empty fields left out, 0 when there
    are none: parameters count, and carry secrets, so that only equality of sources can be asked.
    """

    revisions: tuple[str, ...] = ()
    sources: int = 0


class Destination(Struct, frozen=True, gc=False):
    """`spec.destination`, literally: Argo CD fills in neither the name for a server nor the server for a name."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class HistoryEntry(Struct, frozen=True, gc=False):
    """An entry of `status.history`. `id` grows by one each; `local` entries have no revision."""

    id: int
    target: Target
    deployed_at: float | None = None
    deploy_started_at: float | None = None
    automated: bool = False
    username: str = ""


class Operation(Struct, frozen=True, gc=False):
    """`status.operationState`, the last or running sync operation. `phase` None: a word that we do not know.

    `requested` is what the operation was asked to sync, `synced` what `syncResult` says that it did.
    `partial`: only chosen resources. `local`: manifests from somebody's machine. `options`: the risky ones in effect
    that the operation brought with it (see `observability.state.policies`).
    """

    phase: Phase | None = None
    message: str = ""
    started_at: float | None = None
    finished_at: float | None = None
    retries: int = 0
    automated: bool = False
    username: str = ""
    dry_run: bool = False
    partial: bool = False
    local: bool = False
    apply_only: bool = False
    options: tuple[str, ...] = ()
    self_heal_attempts: int = 0
    requested: Target = Target()
    synced: Target = Target()


class Condition(Struct, frozen=True, gc=False):
    """An entry of `status.conditions`. `message` is redacted and cut."""

    type: str
    message: str = ""
    since: float | None = None


class Hydrator(Struct, frozen=True, gc=False):
    """`status.sourceHydrator`: `phase` of the current operation, `hydrated_at` the end of the last successful one."""

    phase: str = ""
    hydrated_at: float | None = None


class Application(Struct, gc=False, kw_only=True):
    """The facts of one Application at one resourceVersion.

    Nobody changes them, but that the store lets go of what it has remembered of `history`, `labels` and `images`.
    """

    namespace: str
    name: str
    uid: str = ""
    resource_version: str = ""
    created_at: float | None = None
    deleted_at: float | None = None
    """`metadata.deletionTimestamp`; None while nobody deleted it."""
    labels: Mapping[str, str] = {}
    applicationset: str = ""
    """Name of the owning ApplicationSet (the controller reference); empty when there is none."""
    skip_reconcile: bool = False
    muted_until: float | None = None
    """Annotation `gitops-observability/mute-until`."""

    controller_namespace: str = ""
    """`status.controllerNamespace`: where the Argo CD runs that manages it, and where its AppProjects live."""

    project: str = ""
    destination: Destination = Destination()
    sources: tuple[Source, ...] = ()
    sources_digest: int = 0
    """Of the spec's sources, comparable with `Target.sources`."""
    automated: bool = False
    self_heal: bool = False
    prune: bool = False
    options: tuple[str, ...] = ()
    """The risky ones among `spec.syncPolicy.syncOptions`."""
    parameter_overrides: bool = False

    sync: SyncStatus = SyncStatus.UNKNOWN
    desired: Target = Target()
    """What Argo CD compared the cluster with: `status.sync.revision(s)` of `status.sync.comparedTo`."""
    health: HealthStatus = HealthStatus.UNKNOWN
    health_since: float | None = None
    reconciled_at: float | None = None
    resources: int = 0
    out_of_sync_resources: int = 0
    prune_only: bool = False
    """All resources that are OutOfSync require pruning (and there are some)."""
    conditions: tuple[Condition, ...] = ()
    requested: bool = False
    """A top-level `operation` waits or runs."""
    operation: Operation | None = None
    history: Sequence[HistoryEntry] = ()
    """Oldest first, as far as `spec.revisionHistoryLimit` keeps it; once remembered, the newest only."""
    images: tuple[str, ...] = ()
    hydrator: Hydrator | None = None

    @property
    def key(self) -> Key:
        """Namespace and name."""
        return Key(self.namespace, self.name)

    @property
    def is_stale(self) -> bool:
        """The verdict is about other sources than the spec names now; false before the first verdict."""
        return self.desired.sources not in (0, self.sources_digest)

    @property
    def operation_phase(self) -> Phase | None:
        """The phase of the last or running operation; None without one."""
        return self.operation.phase if self.operation is not None else None

    @property
    def operation_started_at(self) -> float | None:
        """When the last or running operation began; None without one."""
        return self.operation.started_at if self.operation is not None else None

    @property
    def operation_finished_at(self) -> float | None:
        """When the last operation, or the last try of the running one, ended; None before."""
        return self.operation.finished_at if self.operation is not None else None

    @property
    def hydrated_at(self) -> float | None:
        """When the last hydration succeeded; None before, and without a source hydrator."""
        return self.hydrator.hydrated_at if self.hydrator is not None else None
