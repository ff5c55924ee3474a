"""Which sync operation is on its way, or was the last: asked for, begun, ended. Pure.

Times of Argo CD are whole seconds, and a self-heal can begin in the second in which the operation before it ended:
a run is known by `startedAt` and its number within that second.
Source: argo-cd controller/appcontroller.go, processRequestedAppOperation, and server/application (3.6-dev).
"""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from observability.model.application import Application, HistoryEntry, Operation, Target
from observability.model.state import Memory, Run
from observability.model.status import Result, SyncKind
from observability.state import operations

_FORCED: Final = "Force=true"
_RETURNS: Final = frozenset({SyncKind.ROLLBACK, SyncKind.MANUAL})
"""Which of them it is depends on Git, which may move meanwhile."""


def from_the_past(app: Application) -> Run | None:
    """The run that an Application which is seen for the first time shows, without knowing when it was asked for."""
    operation = app.operation
    if operation is None:
        return _asked(app, None) if app.requested else None
    run = _begun(None, app, operation, None, 0)
    result = operations.result(operation)
    return run if result is None else _ended(run, operation, result, None)


def follow(memory: Memory, app: Application, at: float, *, ended: bool) -> tuple[Run | None, tuple[float, int] | None]:
    """The run after `app` was seen at `at` (seconds since the epoch), and `Memory.begun`.

    `ended`: the operation that `app` shows ended since it was seen last.
    """
    run, operation = memory.run, app.operation
    result = operations.result(operation)
    if operation is not None and (ended or operations.is_running(operation)):
        run, begun = _running(memory, app, operation, at)
        return (run if result is None else _ended(run, operation, result, at)), begun
    if app.requested:
        is_known = run is not None and run.result is None and run.started_at is None
        return (run if is_known else _asked(app, at)), memory.begun
    # What was asked for was taken back, or the operation is gone: nobody will know how it ended.
    return (None if run is not None and run.result is None else run), memory.begun


def kind_of(app: Application, operation: Operation) -> SyncKind:
    """What kind of sync it is; the first that holds. Source: the identities that Argo CD gives its own operations."""
    if operation.automated:
        return SyncKind.SELF_HEAL if operation.self_heal_attempts else SyncKind.AUTO
    if operation.local:
        return SyncKind.LOCAL
    if operation.partial:
        return SyncKind.PARTIAL
    return SyncKind.ROLLBACK if _goes_back(app, operation) else SyncKind.MANUAL


def _goes_back(app: Application, operation: Operation) -> bool:
    """It deploys what Git does not want now: something older, or what the API's rollback applied without hooks."""
    wanted = operation.requested if operation.requested.revisions else operation.synced
    if not wanted.revisions or _same(wanted, app.desired):
        return False
    # Local syncs leave entries without a revision: to go back to Git after one is no rollback.
    earlier = [entry for entry in _before(app.history, operation, wanted) if entry.target.revisions]
    if not earlier or _same(wanted, earlier[-1].target):
        return False
    if operation.apply_only and _FORCED not in operation.options:
        return True
    return any(_same(wanted, entry.target) for entry in earlier[:-1])


def _before(history: Sequence[HistoryEntry], operation: Operation, wanted: Target) -> Sequence[HistoryEntry]:
    """The entries from before the operation: its own is the newest once it has one."""
    if not history or operation.started_at is None:
        return history
    newest = history[-1]
    own = newest.deployed_at is not None and newest.deployed_at >= operation.started_at and _same(wanted, newest.target)
    return history[:-1] if own else history


def _same(wanted: Target, other: Target) -> bool:
    """An operation names its sources only when they are not those of the spec."""
    return wanted.revisions == other.revisions and wanted.sources in (0, other.sources)


def _running(memory: Memory, app: Application, operation: Operation, at: float) -> tuple[Run, tuple[float, int] | None]:
    """A run that is at work, the one that is known or another."""
    run = memory.run
    if run is not None and run.result is None and run.started_at is not None and _is_still(run, app, operation):
        return _gone_on(run, operation), memory.begun
    started_at = operation.started_at
    number = 0
    if memory.begun is not None and started_at is not None and memory.begun[0] == started_at:
        number = memory.begun[1] + 1
    asked = run if run is not None and run.result is None and run.started_at is None else None
    begun = memory.begun if started_at is None else (started_at, number)
    return _begun(asked, app, operation, at, number), begun


def _is_still(run: Run, app: Application, operation: Operation) -> bool:
    """The operation that is seen is that run: a retry may take another revision, but not another cause or person."""
    if (run.started_at, run.automated, run.initiator, run.dry_run) != (
        operation.started_at,
        operation.automated,
        operation.username,
        operation.dry_run,
    ):
        return False
    kind = kind_of(app, operation) if not run.automated else run.kind
    return kind is run.kind or {kind, run.kind} == _RETURNS


def _gone_on(run: Run, operation: Operation) -> Run:
    target = _target(operation)
    message = operation.message
    if (run.retries, run.message, run.target) == (operation.retries, message, target):
        return run
    return replace(run, retries=operation.retries, message=message, target=target)


def _asked(app: Application, at: float | None) -> Run:
    operation = app.asked or Operation()
    return Run(
        kind=kind_of(app, operation),
        automated=operation.automated,
        initiator=operation.username,
        requested_at=at,
        dry_run=operation.dry_run,
        target=_target(operation),
    )


def _begun(asked: Run | None, app: Application, operation: Operation, at: float | None, number: int) -> Run:
    requested_at = asked.requested_at if asked is not None else None
    return Run(
        kind=kind_of(app, operation),
        automated=operation.automated,
        initiator=operation.username,
        requested_at=requested_at,
        started_at=operation.started_at,
        number=number,
        message=operation.message,
        retries=operation.retries,
        dry_run=operation.dry_run,
        target=_target(operation),
        queue_seconds=_queued(requested_at, operation.started_at, at),
    )


def _queued(requested_at: float | None, started_at: float | None, seen_at: float | None) -> float | None:
    """It began within the second of `started_at`, and no later than it was seen to run."""
    if requested_at is None or seen_at is None:
        return None
    begun = seen_at if started_at is None else min(seen_at, started_at + 1.0)
    return max(0.0, begun - requested_at)


def _ended(run: Run, operation: Operation, result: Result, at: float | None) -> Run:
    finished_at = operation.finished_at if operation.finished_at is not None else at
    return replace(
        run,
        result=result,
        finished_at=finished_at,
        message=operation.message,
        retries=operation.retries,
        target=_target(operation),
    )


def _target(operation: Operation) -> Target:
    return operation.synced if operation.synced.revisions else operation.requested
