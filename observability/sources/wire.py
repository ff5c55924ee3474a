"""The JSON of Argo CD's objects as typed structs, and a decoder that survives what does not fit.

Only the fields named here leave the decoder; the rest of an object is skipped without being built. Each field may be
missing or null. What has a wrong type is cut out of the object, reported, and the rest is read.
Source: argo-cd pkg/apis/application/v1alpha1/{types,applicationset_types}.go (3.6-dev).
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from observability.errors import MalformedResource
from observability.sources.engine import Problems

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


W = TypeVar("W", Application, ApplicationSet, Project)

_MOST_PROBLEMS: Final = 100
_AT: Final = re.compile(r" - at `\$(?P<path>.*)`$", re.DOTALL)
_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d*|\.\.\.)\]")


def read(decoder: "msgspec.json.Decoder[W]", raw: bytes | memoryview | Raw, problems: Problems) -> W:
    """The typed object; fields of a wrong type are left out and added to `problems`.

    Raises:
        MalformedResource: it is no JSON object, no UTF-8, nested too deeply, or has too many fields of wrong types.
    """
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        return _salvaged(decoder, raw, error, problems)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedResource("?", "", f"expected a JSON object: {error}") from error


def _salvaged(
    decoder: "msgspec.json.Decoder[W]", raw: bytes | memoryview | Raw, error: Exception, problems: Problems
) -> W:
    """Cut out what `error` names and read again, until the rest fits."""
    try:
        document: Any = msgspec.json.decode(raw)
        for _ in range(_MOST_PROBLEMS):
            path, expected = _place(error)
            if not _cut(document, path):
                break
            problems.append((path.removeprefix("."), expected))
            try:
                return decoder.decode(msgspec.json.encode(document))
            except msgspec.ValidationError as another:
                error = another
    except (msgspec.DecodeError, UnicodeError, RecursionError) as cause:
        raise MalformedResource("?", "", f"expected a JSON object: {cause}") from cause
    path, expected = _place(error)
    raise MalformedResource(_name(document), path.removeprefix("."), expected)


def _place(error: Exception) -> tuple[str, str]:
    """The path that msgspec names (empty for the whole), and what it expected there."""
    found = _AT.search(str(error))
    return (found["path"] if found else "", _AT.sub("", str(error)).replace("`", "'"))


def _cut(document: Any, path: str) -> bool:
    """Remove the value at `path`, or the deepest part of it that can be found; False when that is the whole."""
    parent, last, value = None, None, document
    for step in _STEP.finditer(path):
        name = step["name"] if step["name"] is not None else step["index"]
        key = int(name) if isinstance(value, list) and name.isdigit() else name
        try:
            parent, last, value = value, key, value[key]
        except (KeyError, IndexError, TypeError):
            break
    if parent is None or last is None:
        return False
    del parent[last]
    return True


def _name(document: Any) -> str:
    """`namespace/name` as far as the document tells it."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if not isinstance(metadata, dict):
        return "?"
    return f"{metadata.get('namespace') or '?'}/{metadata.get('name') or '?'}"
