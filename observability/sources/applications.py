"""An Application, from its JSON to the model. Pure: bytes in, values out.

Source: argo-cd pkg/apis/application/v1alpha1/types.go (3.6-dev); what no type tells is noted where it is used.
"""

from collections.abc import Sequence
from enum import StrEnum
from sys import intern
from typing import Final, TypeAlias, overload

import msgspec
from msgspec import Raw

from observability.model.application import (
    Application,
    Condition,
    Destination,
    HistoryEntry,
    Hydrator,
    Operation,
    Target,
)
from observability.model.status import HealthStatus, Phase, SyncStatus
from observability.sources import redaction, wire
from observability.sources.documents import named, read, seconds
from observability.sources.engine import Problems
from observability.sources.origins import Origins, hydrated, is_present, origins
from observability.sources.synced import Synced

_APPLICATION: Final = msgspec.json.Decoder(wire.Application)
_OPERATION: Final = msgspec.json.Decoder(wire.Operation)

_SYNC_STATUSES: Final = {status.value: status for status in SyncStatus}
_HEALTH_STATUSES: Final = {status.value: status for status in HealthStatus}
_PHASES: Final = {phase.value: phase for phase in Phase}
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
"""What Go's strconv.ParseBool takes for true."""
_BEHIND: Final = frozenset({"OutOfSync", "Unknown"})
_UNDER_WAY: Final = frozenset({"Running", "Terminating"})
_OWNER: Final = "ApplicationSet"
_RISKY: Final = frozenset({"replace=true", "force=true", "validate=false", "skipdryrunonmissingresource=true"})


def decode_application(raw: bytes | memoryview | Raw, problems: Problems) -> Application:
    """The facts of an Application; what cannot be read of it is added to `problems`.

    Raises:
        MalformedResource: nothing of it can be used: no JSON object, no name, another kind.
    """
    document = read(_APPLICATION, raw, problems)
    metadata = named(document.metadata, document.kind, "Application")
    return _Reading(document, metadata, problems).application()


_Targets: TypeAlias = dict[tuple[tuple[str, ...], int], Target]
"""Those of one Application: what was compared, requested and deployed is mostly the same."""


class _Reading:
    """One Application being read. What repeats within it (sources, revisions, targets) is built once and shared."""

    __slots__ = ("digest", "document", "metadata", "problems", "sourced", "spec", "status", "targets")

    def __init__(self, document: wire.Application, metadata: wire.Metadata, problems: Problems) -> None:
        self.document = document
        self.metadata = metadata
        self.spec = document.spec or wire.Spec()
        self.status = document.status or wire.Status()
        self.problems = problems
        self.targets: _Targets = {}
        self.sourced: wire.Sourced = _NOWHERE
        self.digest = 0

    def application(self) -> Application:
        metadata, spec, status = self.metadata, self.spec, self.status
        annotations = metadata.annotations
        automated = spec.sync_policy.automated if spec.sync_policy else None
        verdict = status.sync or wire.SyncVerdict()
        health = status.health or wire.Health()
        resources, out_of_sync, prune_only = _resources(status.resources or ())
        found = self._origins()
        destination = spec.destination or wire.Destination()
        return Application(
            namespace=intern(metadata.namespace or ""),
            name=metadata.name or "",
            uid=metadata.uid or "",
            resource_version=metadata.resource_version or "",
            created_at=seconds(metadata.creation_timestamp),
            deleted_at=seconds(metadata.deletion_timestamp),
            labels=metadata.labels or {},
            applicationset=_owner(metadata),
            skip_reconcile=annotations is not None and annotations.skip_reconcile in _TRUE,
            muted_until=seconds(annotations.mute_until) if annotations else None,
            controller_namespace=intern(status.controller_namespace or ""),
            project=intern(spec.project or "default"),
            destination=Destination(
                redaction.url(destination.server or ""), destination.name or "", destination.namespace or ""
            ),
            sources=found.sources,
            sources_digest=found.digest,
            automated=automated is not None and automated.enabled is not False,
            self_heal=automated is not None and bool(automated.self_heal),
            prune=automated is not None and bool(automated.prune),
            options=_risky(spec.sync_policy.sync_options if spec.sync_policy else None),
            parameter_overrides=found.overridden,
            sync=self._sync(verdict.status),
            desired=self._desired(verdict),
            health=self._health(health.status),
            health_since=seconds(health.last_transition_time),
            reconciled_at=seconds(status.reconciled_at),
            resources=resources,
            out_of_sync_resources=out_of_sync,
            prune_only=prune_only,
            conditions=tuple(map(_condition, status.conditions)) if status.conditions else (),
            requested=is_present(self.document.operation),
            asked=self._asked() if self.document.operation else None,
            operation=self._operation(status.operation_state) if status.operation_state else None,
            history=self._history(status.history) if status.history else (),
            images=tuple(status.summary.images) if status.summary and status.summary.images else (),
            hydrator=self._hydrator(status.source_hydrator) if status.source_hydrator else None,
        )

    def _desired(self, verdict: wire.SyncVerdict) -> Target:
        digest = self._digest(verdict.compared_to) if verdict.compared_to else 0
        return _shared(verdict.revision, verdict.revisions, digest, self.targets)

    def _target(self, revised: wire.Revised) -> Target:
        return _shared(revised.revision, revised.revisions, self._digest(revised), self.targets)

    def _digest(self, sourced: wire.Sourced) -> int:
        """Of its sources; mostly they are the same text, one time after the other."""
        if sourced.source != self.sourced.source or sourced.sources != self.sourced.sources:
            self.sourced, self.digest = sourced, origins(sourced).digest
        return self.digest

    def _origins(self) -> Origins:
        """What the spec's sources say; of those that cannot be read it is as if there were none."""
        hydrator = self.spec.source_hydrator
        found = hydrated(hydrator) if hydrator is not None and hydrator.sync_source is not None else origins(self.spec)
        if not found.readable:
            self.problems.append(("spec.source", "expected an object, and of spec.sources a list of objects"))
        if hydrator is None:
            self.sourced, self.digest = self.spec, found.digest
        return found

    def _asked(self) -> Operation | None:
        """What the top-level operation asks for; once it runs, the state of the operation says the same and more."""
        state = self.status.operation_state
        if not is_present(self.document.operation) or (state is not None and state.phase in _UNDER_WAY):
            return None
        try:
            return self._operation(wire.OperationState(operation=_OPERATION.decode(self.document.operation)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self.problems.append(("operation", str(error).replace("`", "'")))
            return None

    def _operation(self, state: wire.OperationState) -> Operation:
        operation = state.operation or wire.Operation()
        initiator = operation.initiated_by or _NOBODY
        sync = operation.sync or wire.SyncOperation()
        result = state.sync_result or _NO_RESULT
        strategy = sync.sync_strategy
        forced = strategy is not None and any(way is not None and way.force for way in (strategy.apply, strategy.hook))
        return Operation(
            phase=self._phase(state.phase),
            message=redaction.message(state.message or ""),
            started_at=seconds(state.started_at),
            finished_at=seconds(state.finished_at),
            retries=state.retry_count or 0,
            automated=bool(initiator.automated),
            username=intern(initiator.username or ""),
            dry_run=bool(sync.dry_run),
            partial=bool(sync.resources),
            local=bool(sync.manifests),
            apply_only=strategy is not None and strategy.apply is not None and strategy.hook is None,
            options=_risky(sync.sync_options) + (("Force=true",) if forced else ()),
            self_heal_attempts=sync.auto_heal_attempts_count or 0,
            requested=self._target(sync),
            synced=self._target(result),
            resources=Synced(result.resources) if len(result.resources) > _SHORTEST else (),
        )

    def _history(self, entries: list[wire.HistoryEntry]) -> "_History":
        newest = entries[-1]
        return _History(entries, _entry(newest, self._target(newest)), self.targets)

    def _hydrator(self, status: wire.HydratorStatus) -> Hydrator | None:
        current = status.current_operation
        last = status.last_successful_operation
        if current is None and last is None:
            return None
        finished = last.finished_at if last else None
        return Hydrator(
            (current.phase if current else None) or "",
            seconds(finished),
        )

    def _phase(self, word: str | None) -> Phase | None:
        if not word:
            return None
        phase = _PHASES.get(word)
        if phase is None:
            self.problems.append(("status.operationState.phase", _expected(Phase, word)))
        return phase

    def _sync(self, word: str | None) -> SyncStatus:
        """Empty and unknown words are Unknown."""
        status = _SYNC_STATUSES.get(word or "Unknown")
        if status is None:
            self.problems.append(("status.sync.status", _expected(SyncStatus, word)))
        return status or SyncStatus.UNKNOWN

    def _health(self, word: str | None) -> HealthStatus:
        status = _HEALTH_STATUSES.get(word or "Unknown")
        if status is None:
            self.problems.append(("status.health.status", _expected(HealthStatus, word)))
        return status or HealthStatus.UNKNOWN


def _shared(revision: str | None, revisions: list[str] | None, sources: int, known: _Targets) -> Target:
    key = (tuple(revisions) if revisions else (revision,) if revision else (), sources)
    target = known.get(key)
    if target is None:
        target = known[key] = Target(*key)
    return target


class _History(Sequence[HistoryEntry]):
    """Entries that are built when they are looked at: of most updates only the newest is.

    Nothing else of the document is held: what is let go at once is found in the CPU's caches by what is read next.
    """

    __slots__ = ("_entries", "_newest", "_targets")

    def __init__(self, entries: list[wire.HistoryEntry], newest: HistoryEntry, targets: _Targets) -> None:
        self._entries = entries
        self._newest = newest
        self._targets = targets

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> HistoryEntry: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[HistoryEntry, ...]: ...
    def __getitem__(self, place: int | slice) -> HistoryEntry | tuple[HistoryEntry, ...]:
        if isinstance(place, slice):
            return tuple(map(self._built, self._entries[place]))
        return self._newest if place == -1 else self._built(self._entries[place])

    def _built(self, entry: wire.HistoryEntry) -> HistoryEntry:
        return _entry(entry, _shared(entry.revision, entry.revisions, origins(entry).digest, self._targets))


def _entry(entry: wire.HistoryEntry, target: Target) -> HistoryEntry:
    initiator = entry.initiated_by or _NOBODY
    return HistoryEntry(
        entry.id or 0,
        target,
        seconds(entry.deployed_at),
        seconds(entry.deploy_started_at),
        bool(initiator.automated),
        intern(initiator.username or ""),
    )


_NOBODY: Final = wire.Initiator()
_NO_RESULT: Final = wire.SyncResult()
_SHORTEST: Final = len(b"null")
"""A raw list that is not longer has no entry."""
_NOWHERE: Final = wire.Sourced()


def _expected(words: type[StrEnum], word: str | None) -> str:
    return f"expected one of {', '.join(words)}, got {(word or '')[:64]!r}"


def _condition(condition: wire.Condition) -> Condition:
    message = redaction.message(condition.message or "")
    return Condition(condition.type or "", message, seconds(condition.last_transition_time))


def _owner(metadata: wire.Metadata) -> str:
    """Name of the ApplicationSet that controls it; Argo CD sets no label for that."""
    for owner in metadata.owner_references or ():
        if owner.kind == _OWNER and owner.controller:
            return owner.name or ""
    return ""


def _resources(resources: list[wire.Resource] | tuple[()]) -> tuple[int, int, bool]:
    """How many are managed, how many of them are not Synced, and whether those all wait to be pruned; hooks aside."""
    managed = behind = prunable = 0
    for resource in resources:
        if resource.hook:
            continue
        managed += 1
        if resource.status in _BEHIND:
            behind += 1
            prunable += bool(resource.requires_pruning)
    return managed, behind, 0 < behind == prunable


def _risky(options: list[str] | None) -> tuple[str, ...]:
    if not options:
        return ()
    return tuple(option for option in options if option.replace(" ", "").lower() in _RISKY)
