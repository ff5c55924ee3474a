"""The JSON of Argo CD's objects as typed structs.

Only the fields named here leave the decoder; the rest of an object is skipped without being built. Each field may be
missing or null.
Source: argo-cd pkg/apis/application/v1alpha1/{types,applicationset_types}.go (3.6-dev).
"""

from datetime import datetime
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Raw, Struct

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""RFC 3339, with an offset."""
Integer: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""As in Go; a larger one would fit no sample."""


class Wire(Struct, gc=False):
    """The base of all: no cycles, hence nothing for the garbage collector."""


class Owner(Wire):
    kind: str | None = None
    name: str | None = None
    controller: bool | None = None


class Annotations(
    Wire,
    rename={"skip_reconcile": "argocd.argoproj.io/skip-reconcile", "mute_until": "gitops-observability/mute-until"},
):
    skip_reconcile: str | None = None
    mute_until: Instant | None = None


class Metadata(Wire, rename="camel"):
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    creation_timestamp: Instant | None = None
    deletion_timestamp: Instant | None = None
    labels: dict[str, str] | None = None
    annotations: Annotations | None = None
    owner_references: list[Owner] | None = None


NOTHING: Final = Raw(b"")
"""A raw field that is missing; one that is null reads `null`."""


class Sourced(Wire):
    """Whatever has a source or sources: a spec, a comparison, an entry of the history, a result."""

    source: Raw = NOTHING
    sources: Raw = NOTHING


class Revised(Sourced):
    """Whatever has sources and the revisions of them."""

    revision: str | None = None
    revisions: list[str] | None = None


class Destination(Wire):
    server: str | None = None
    name: str | None = None
    namespace: str | None = None


class Automated(Wire, rename="camel"):
    enabled: bool | None = None
    prune: bool | None = None
    self_heal: bool | None = None


class SyncPolicy(Wire, rename="camel"):
    automated: Automated | None = None
    sync_options: list[str] | None = None


class DrySource(Wire, rename={"repository": "repoURL"}):
    repository: str | None = None


class SyncSource(Wire, rename="camel"):
    target_branch: str | None = None
    path: str | None = None


class SourceHydrator(Wire, rename="camel"):
    dry_source: DrySource | None = None
    sync_source: SyncSource | None = None


class Spec(Sourced, rename="camel"):
    project: str | None = None
    destination: Destination | None = None
    sync_policy: SyncPolicy | None = None
    source_hydrator: SourceHydrator | None = None


class Initiator(Wire):
    username: str | None = None
    automated: bool | None = None


class Force(Wire):
    force: bool | None = None


class SyncStrategy(Wire):
    apply: Force | None = None
    hook: Force | None = None


class SyncOperation(Revised, rename="camel"):
    dry_run: bool | None = None
    resources: list[Raw] | None = None
    manifests: list[Raw] | None = None
    sync_options: list[str] | None = None
    sync_strategy: SyncStrategy | None = None
    auto_heal_attempts_count: Integer | None = None


class Operation(Wire, rename="camel"):
    initiated_by: Initiator | None = None
    sync: SyncOperation | None = None


class SyncedResource(Wire, rename="camel"):
    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    status: str | None = None
    sync_phase: str | None = None
    hook_type: str | None = None
    hook_phase: str | None = None
    message: str | None = None


class SyncResult(Revised):
    resources: Raw = NOTHING


class OperationState(Wire, rename="camel"):
    operation: Operation | None = None
    phase: str | None = None
    message: str | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    retry_count: Integer | None = None
    sync_result: SyncResult | None = None


class HistoryEntry(Revised, rename="camel"):
    id: Integer | None = None
    deploy_started_at: Instant | None = None
    deployed_at: Instant | None = None
    initiated_by: Initiator | None = None


class Health(Wire, rename="camel"):
    status: str | None = None
    last_transition_time: Instant | None = None


class SyncVerdict(Wire, rename="camel"):
    status: str | None = None
    revision: str | None = None
    revisions: list[str] | None = None
    compared_to: Sourced | None = None


class Resource(Wire, rename="camel"):
    status: str | None = None
    hook: bool | None = None
    requires_pruning: bool | None = None


class Condition(Wire, rename="camel"):
    type: str | None = None
    status: str | None = None
    reason: str | None = None
    message: str | None = None
    last_transition_time: Instant | None = None


class Summary(Wire):
    images: list[str] | None = None


class HydrateOperation(Wire, rename="camel"):
    phase: str | None = None
    finished_at: Instant | None = None


class HydratorStatus(Wire, rename="camel"):
    current_operation: HydrateOperation | None = None
    last_successful_operation: HydrateOperation | None = None


class Status(Wire, rename="camel"):
    sync: SyncVerdict | None = None
    health: Health | None = None
    reconciled_at: Instant | None = None
    resources: list[Resource] | None = None
    conditions: list[Condition] | None = None
    operation_state: OperationState | None = None
    history: list[HistoryEntry] | None = None
    summary: Summary | None = None
    source_hydrator: HydratorStatus | None = None
    controller_namespace: str | None = None


class Application(Wire):
    kind: str | None = None
    metadata: Metadata | None = None
    spec: Spec | None = None
    operation: Raw = NOTHING
    status: Status | None = None


class SyncWindow(Wire, rename="camel"):
    kind: str | None = None
    schedule: str | None = None
    duration: str | None = None
    applications: list[str] | None = None
    namespaces: list[str] | None = None
    clusters: list[str] | None = None
    manual_sync: bool | None = None
    time_zone: str | None = None
    and_operator: bool | None = None
    sync_overrun: bool | None = None
    description: str | None = None


class ProjectSpec(Wire, rename="camel"):
    sync_windows: list[SyncWindow | None] | None = None


class Project(Wire):
    kind: str | None = None
    metadata: Metadata | None = None
    spec: ProjectSpec | None = None


class Strategy(Wire):
    type: str | None = None


class ApplicationSetSpec(Wire):
    generators: list[dict[str, Raw]] | None = None
    strategy: Strategy | None = None


class ApplicationSetStep(Wire, rename="camel"):
    application: str | None = None
    status: str | None = None
    step: str | Integer | None = None
    last_transition_time: Instant | None = None


class ApplicationSetStatus(Wire, rename="camel"):
    conditions: list[Condition] | None = None
    application_status: list[ApplicationSetStep] | None = None
    resources: list[Raw] | None = None
    resources_count: Integer | None = None


class ApplicationSet(Wire):
    kind: str | None = None
    metadata: Metadata | None = None
    spec: ApplicationSetSpec | None = None
    status: ApplicationSetStatus | None = None
