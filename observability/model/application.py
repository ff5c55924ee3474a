"""An Argo CD Application, reduced to what signals need. What is not here never leaves the decoder.

Source: argo-cd pkg/apis/application/v1alpha1/types.go (3.6-dev).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from zlib import crc32

from msgspec import Struct

from observability.model.engines import ARGOCD
from observability.model.status import HealthStatus, Phase, SyncStatus


class Key(NamedTuple):
    """What an object of one kind is known by in a cluster."""

    namespace: str
    name: str


class Source(Struct, frozen=True, gc=False, array_like=True):
    """One entry of `spec.source` or `spec.sources`. `repository` carries no user info."""

    repository: str = ""
    path: str = ""
    chart: str = ""
    target_revision: str = ""


class Target(Struct, frozen=True, gc=False, array_like=True):
    """What was compared, requested or deployed: the revisions, and the sources that they are revisions of.

    `revisions` has one entry a source. `sources` is a digest of all sources with empty fields left out, 0 when there
    are none: parameters count, and carry secrets, so that only equality of sources can be asked.
    """

    revisions: tuple[str, ...] = ()
    sources: int = 0


class Destination(Struct, frozen=True, gc=False, array_like=True):
    """`spec.destination`, literally: Argo CD fills in neither the name for a server nor the server for a name."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class HistoryEntry(Struct, frozen=True, gc=False, array_like=True):
    """An entry of `status.history`. `id` grows by one each; `local` entries have no revision."""

    id: int
    target: Target
    deployed_at: float | None = None
    deploy_started_at: float | None = None
    automated: bool = False
    username: str = ""


def deployments_after(
    history: Sequence[HistoryEntry], known_id: int, known_at: float | None, known: Target | None
) -> list[tuple[HistoryEntry, Target | None]]:
    """The entries of a history that are new and deployed something else than the one before, with what that deployed.

    The newest entry that was known has `known_id`, was deployed at `known_at`, and deployed `known`. When identifiers
    do not grow (a history that was edited, or begun anew), times tell what is new. Local syncs have no revision.
    """
    if history and history[-1].id > known_id:
        new = [place for place, entry in enumerate(history) if entry.id > known_id]
    else:
        new = [place for place, entry in enumerate(history) if (entry.deployed_at or 0.0) > (known_at or 0.0)]
    pairs = ((history[place], history[place - 1].target if place else known) for place in new)
    return [(entry, before) for entry, before in pairs if entry.target != before and entry.target.revisions]


class SyncedResource(Struct, frozen=True, gc=False, array_like=True):
    """An entry of `status.operationState.syncResult.resources`: what a sync did with one resource or hook.

    `status`: Synced, SyncFailed, Pruned, PruneSkipped. `phase`: PreSync, Sync, PostSync, SyncFail. `hook_type` and
    `hook_phase` are empty for what is no hook. `message` is redacted and cut.
    """

    group: str
    kind: str
    namespace: str
    name: str
    status: str = ""
    phase: str = ""
    hook_type: str = ""
    hook_phase: str = ""
    message: str = ""


class Operation(Struct, gc=False, omit_defaults=True):
    """`status.operationState`, the last or running sync operation. `phase` None: a word that we do not know.

    Nobody changes it, but that the store lets go of `resources` once they were recorded.

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
    resources: Sequence[SyncedResource] = ()
    """What it did to each resource; empty until it did something, and once that was recorded."""


class Condition(Struct, frozen=True, gc=False, array_like=True):
    """An entry of `status.conditions`. `message` is redacted and cut."""

    type: str
    message: str = ""
    since: float | None = None


class Hydrator(Struct, frozen=True, gc=False, array_like=True):
    """`status.sourceHydrator`: `phase` of the current operation, `hydrated_at` the end of the last successful one."""

    phase: str = ""
    hydrated_at: float | None = None


class Application(Struct, gc=False, kw_only=True, omit_defaults=True):
    """The facts of one Application at one resourceVersion.

    Nobody changes them, but that the store lets go of what it has remembered of `history`, `labels` and `images`.
    """

    namespace: str
    name: str
    engine: str = ARGOCD
    """The name of the engine that keeps it."""
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
    asked: Operation | None = None
    """What the top-level `operation` asks for, without a phase; None without one, while it runs, and when it cannot be
    read."""
    operation: Operation | None = None
    history: Sequence[HistoryEntry] = ()
    """Oldest first, as far as `spec.revisionHistoryLimit` keeps it; once remembered, the newest only."""
    images: tuple[str, ...] = ()
    images_digest: int = 0
    """Of `images` that were let go, see `images_mark`; 0 while they are there."""
    hydrator: Hydrator | None = None

    @property
    def images_mark(self) -> int:
        """The same as long as the images are the same, whether they were let go or not; 0 without any."""
        if not self.images:
            return self.images_digest
        return crc32("\n".join(self.images).encode("utf-8", "surrogatepass"))

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
