"""How the memory of an Application follows from what it was and what is seen now. Pure.

The order matters: first the operation, then what the history says of deployments, then the verdict, which is judged
with both.
"""

from collections.abc import Sequence
from copy import copy
from typing import Final

from observability.model.application import Application, HistoryEntry, Operation
from observability.model.state import Identity, Memory
from observability.model.status import Result, SyncStatus
from observability.state import operations
from observability.state.causes import cause

_RESULTS: Final = tuple(Result)


def first(app: Application, identity: Identity, at: float, settle_seconds: float, *, born: bool) -> Memory:
    """The memory of an Application that is seen for the first time, at `at` (seconds since the epoch).

    `born`: it was created while we watched. Otherwise what happened before is the starting point and is not counted,
    and an OutOfSync that stands began at a time that we do not know.
    """
    memory = Memory(identity=identity, witnessed=born, health=app.health, health_since=at)
    operation = app.operation
    if operation is not None and not born:
        memory.self_heal_attempts = operation.self_heal_attempts
        memory.ended = _mark(operation)
        memory.ended_at = operation.finished_at
    if app.history and not born:
        _deployment(memory, app)
        # Whether it was Synced since cannot be known. A verdict from after the settle time counts as one that had
        # settled: a change by hand is worth a look, and is the more likely.
        settled_at = (memory.deployed_at or 0.0) + settle_seconds
        memory.settled_since_deployment = app.reconciled_at is not None and app.reconciled_at > settled_at
    return remember(memory, app, at, settle_seconds, judge=not born)


def remember(memory: Memory, app: Application, at: float, settle_seconds: float, *, judge: bool = False) -> Memory:
    """The memory after `app` was seen at `at` (seconds since the epoch), also when only time went by.

    `judge`: do not wait for the end of a running operation. The same object is returned when nothing changed.
    """
    now = copy(memory)
    _operation(now, app, at)
    _history(now, app)
    if app.health is not now.health or app.health_since is not None:
        now.health_since = app.health_since if app.health_since is not None else at
        now.health = app.health
    _verdict(now, app, at, settle_seconds, judge=judge)
    return memory if now == memory else now


def settles_at(memory: Memory, app: Application, settle_seconds: float) -> float | None:
    """When the verdict is to be judged again although nothing more is seen; None: never."""
    if app.sync is not SyncStatus.OUT_OF_SYNC or memory.running or memory.ended_at is None:
        return None
    return memory.ended_at + settle_seconds


def _mark(operation: Operation) -> tuple[float, float]:
    return operation.started_at or 0.0, operation.finished_at or 0.0


def _operation(memory: Memory, app: Application, at: float) -> None:
    """Follow the operation, and count it once when it ends."""
    operation = app.operation
    running = operations.is_running(operation)
    if running and not memory.running:
        memory.fresh = memory.out_of_sync_since is None
    if operation is None or running:
        # The API empties the state of the last operation when it sets the next: what ends then is another one.
        memory.ended = None
    memory.running = running
    if operation is None:
        return
    attempts = operation.self_heal_attempts
    if attempts != memory.self_heal_attempts:
        # It counts on over several drifts, and starts anew after a deployment.
        memory.self_heals += attempts - memory.self_heal_attempts if attempts > memory.self_heal_attempts else attempts
        memory.self_heal_attempts = attempts
    result = operations.result(operation)
    _manner(memory, operation, succeeded=result is Result.SUCCESS)
    if result is not None and memory.ended != _mark(operation):
        memory.ended = _mark(operation)
        memory.ended_at = at
        memory.fresh = False
        if not operation.dry_run:
            place = _RESULTS.index(result)
            memory.results = (*memory.results[:place], memory.results[place] + 1, *memory.results[place + 1 :])


def _manner(memory: Memory, operation: Operation, *, succeeded: bool) -> None:
    """Remember how the last sync was done, until one from Git as a whole succeeds; dry runs and parked ones aside."""
    if operation.dry_run or operations.is_parked(operation):
        return
    over = succeeded and not operation.partial
    memory.local = operation.local or (memory.local and not over)
    memory.risky = bool(operation.options) or (memory.risky and not over)


def _history(memory: Memory, app: Application) -> None:
    """Count the deployments that the history tells of, and remember the newest."""
    if not app.history:
        return
    newest = app.history[-1]
    if (newest.id, newest.deployed_at) == (memory.deployed_id, memory.deployed_at):
        return
    memory.deployments += _count_deployments(memory, app.history)
    _deployment(memory, app)


def _deployment(memory: Memory, app: Application) -> None:
    """Take the newest entry of the history as what is deployed now."""
    newest = app.history[-1]
    stands = memory.rolled_back and newest.target == memory.deployed
    memory.deployed = newest.target
    memory.deployed_id = newest.id
    memory.deployed_at = newest.deployed_at
    memory.desired_at_deployment = app.desired
    memory.settled_since_deployment = False
    memory.rolled_back = app.desired != newest.target and (stands or _repeats(app.history))
    memory.fresh = False


def _count_deployments(memory: Memory, history: Sequence[HistoryEntry]) -> int:
    """New entries with other content than the one before, and those that were cut off before we saw them.

    Identifiers grow by one each. When they do not (a history that was edited, or begun anew), times tell what is new.
    """
    if history[-1].id > memory.deployed_id:
        new = [place for place, entry in enumerate(history) if entry.id > memory.deployed_id]
        unseen = history[new[0]].id - memory.deployed_id - 1
    else:
        known_until = memory.deployed_at or 0.0
        new = [place for place, entry in enumerate(history) if (entry.deployed_at or 0.0) > known_until]
        unseen = 0
    counted = unseen
    for place in new:
        before = history[place - 1].target if place else memory.deployed
        counted += history[place].target != before and bool(history[place].target.revisions)
    return counted


def _repeats(history: Sequence[HistoryEntry]) -> bool:
    """The newest entry equals an older one, and differs from the one right before it."""
    newest = history[-1].target
    return len(history) > 1 and newest != history[-2].target and any(entry.target == newest for entry in history[:-2])


def _verdict(memory: Memory, app: Application, at: float, settle_seconds: float, *, judge: bool) -> None:
    """Take in the sync status: what is settled, since when it is OutOfSync, and why."""
    if app.sync is not SyncStatus.OUT_OF_SYNC:
        memory.cause = None
        if app.sync is SyncStatus.SYNCED:
            _synced(memory, app)
        return
    # A clock that was set back by more than that does not make it wait until the time has come again.
    settling = memory.running or (memory.ended_at is not None and abs(at - memory.ended_at) < settle_seconds)
    if memory.out_of_sync_since is None:
        memory.out_of_sync_since = at
        memory.unconverged = settling and not memory.fresh and not memory.running
        judge = judge or memory.fresh
    if app.deleted_at is not None or judge or not settling:
        memory.cause = cause(app, memory)


def _synced(memory: Memory, app: Application) -> None:
    """Synced ends an OutOfSync. It settles a deployment only when the verdict is from after it."""
    memory.out_of_sync_since = None
    memory.unconverged = False
    memory.witnessed = True
    if memory.deployed is None or app.desired == memory.deployed or _is_after(app.reconciled_at, memory.deployed_at):
        memory.settled = app.desired
        memory.settled_since_deployment = True
        memory.rolled_back = False


def _is_after(later: float | None, earlier: float | None) -> bool:
    return later is not None and earlier is not None and later > earlier
