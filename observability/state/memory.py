"""How the memory of an Application follows from what it was and what is seen now. Pure.

The order matters: first the operation, then what the history says of deployments, then the verdict, which is judged
with both.
"""

from typing import Final

from msgspec.structs import replace

from observability.model.application import Application, Operation
from observability.model.state import Awaited, Identity, Memory
from observability.model.status import HealthStatus, Result, SyncStatus
from observability.state import authorship, deployments, episodes, operations, runs
from observability.state.causes import cause

_RESULTS: Final = tuple(Result)
_HEALTH: Final = tuple(HealthStatus)


def first(app: Application, identity: Identity, at: float, settle_seconds: float, *, born: bool) -> Memory:
    """The memory of an Application that is seen for the first time, at `at` (seconds since the epoch).

    `born`: it was created while we watched. Otherwise what happened before is the starting point and is not counted,
    and an OutOfSync that stands began at a time that we do not know.
    """
    memory = Memory(identity=identity, witnessed=born, health=app.health, health_since=at)
    if not born:
        _start_from(memory, app, settle_seconds)
    return remember(memory, app, at, settle_seconds, judge=not born)


def remember(memory: Memory, app: Application, at: float, settle_seconds: float, *, judge: bool = False) -> Memory:
    """The memory after `app` was seen at `at` (seconds since the epoch), also when only time went by.

    `judge`: do not wait for the end of a running operation. The same object is returned when nothing changed.
    """
    if _is_at_rest(memory, app) and not episodes.are_open(memory, at):
        return memory
    now = replace(memory)
    _operation(now, app, at, settle_seconds)
    if deployments.is_new(now, app):
        count, newest = deployments.changes(now, app.history)
        now.deployments += count
        was_rolled_back, deployed = now.rolled_back, now.deployed
        deployments.take(now, app, settle_seconds)
        now.fresh = False
        if newest is not None:
            awaited = Awaited(newest.id, newest.target, None, deployed)
            episodes.deployed(now, app, awaited, was_rolled_back=was_rolled_back)
            authorship.deployed(now, newest)
    if app.health is not now.health or app.health_since is not None:
        now.health_left = _left(now, app)
        now.health_since = app.health_since if app.health_since is not None else at
        now.health = app.health
    now.conditions = _conditions(memory, app)
    _verdict(now, app, at, settle_seconds, judge=judge)
    episodes.follow(now, memory, app, at, settle_seconds)
    return memory if now == memory else now


def _conditions(memory: Memory, app: Application) -> tuple[tuple[str, float], ...]:
    """`Memory.conditions` once `app` was seen; the same object when there is nothing new."""
    known = memory.conditions
    seen = [(one.type, one.since) for one in app.conditions if one.since is not None]
    if all(one in known for one in seen):
        return known
    return tuple((dict(known) | dict(seen)).items())


def _left(memory: Memory, app: Application) -> tuple[int, ...]:
    """`Memory.health_left` once `app` was seen, before its health is taken over."""
    if app.health_since is None or app.health_since != memory.health_since:
        return ()
    if app.health is memory.health:
        return memory.health_left
    counts = memory.health_left or (0,) * len(_HEALTH)
    return tuple(count + (status is memory.health) for status, count in zip(_HEALTH, counts, strict=True))


def _is_at_rest(memory: Memory, app: Application) -> bool:
    """Synced and Healthy as it was, nothing runs or is asked for: nine of ten updates only say when they were written.

    A short cut: what follows from such an update is what is remembered already.
    """
    return (
        app.sync is SyncStatus.SYNCED
        and app.health is memory.health is HealthStatus.HEALTHY
        and (app.health_since is None or app.health_since == memory.health_since)
        and memory.out_of_sync_since is None
        and memory.settled_since_deployment
        and app.desired == memory.settled
        and memory.witnessed
        and not (memory.rolled_back or memory.unconverged or memory.local or memory.risky)
        and not deployments.is_new(memory, app)
        and not app.requested
        and (not app.conditions or _conditions(memory, app) is memory.conditions)
        and _ended_as_remembered(memory, app.operation)
    )


def _ended_as_remembered(memory: Memory, operation: Operation | None) -> bool:
    """The last operation is over, and is the one that is remembered to be."""
    if operation is None or memory.running or memory.working or (memory.run is not None and memory.run.result is None):
        return False
    return (
        operations.result(operation) is not None
        and memory.ended == _mark(operation)
        and operation.self_heal_attempts == memory.self_heal_attempts
        and not (operation.local or operation.options)
    )


def settles_at(memory: Memory, app: Application, settle_seconds: float) -> float | None:
    """When the verdict is to be judged again although nothing more is seen; None: never."""
    if app.sync is not SyncStatus.OUT_OF_SYNC or memory.working or memory.ended_at is None:
        return None
    return memory.ended_at + settle_seconds


def _start_from(memory: Memory, app: Application, settle_seconds: float) -> None:
    """Begin with what the object tells of the time before."""
    operation = app.operation
    memory.run = runs.from_the_past(app)
    if memory.run is not None and memory.run.started_at is not None:
        memory.begun = memory.run.started_at, memory.run.number
    episodes.start_from(memory, app)
    if operation is not None:
        memory.running = operations.is_running(operation)
        memory.self_heal_attempts = operation.self_heal_attempts
        memory.ended = _mark(operation)
        memory.ended_at = None if operation.dry_run else operation.finished_at
    if app.history:
        deployments.take(memory, app, settle_seconds)
    elif operations.result(operation) is Result.SUCCESS and operation is not None and not operation.dry_run:
        # Without a history (revisionHistoryLimit: 0) the last operation is all that tells of a deployment.
        memory.settled = operation.synced if operation.synced.revisions else None
        memory.settled_since_deployment = memory.settled is not None


def _mark(operation: Operation) -> tuple[float, float]:
    return operation.started_at or 0.0, operation.finished_at or 0.0


def _operation(memory: Memory, app: Application, at: float, settle_seconds: float) -> None:
    """Follow the operation, and count it once when it ends."""
    operation = app.operation
    seen_running = memory.running
    running = operations.is_running(operation)
    if running and not seen_running:
        memory.fresh = memory.out_of_sync_since is None
    if operation is None or running:
        # The API empties the state of the last operation when it sets the next: what ends then is another one.
        memory.ended = None
    memory.running = running
    result = operations.result(operation)
    ended = operation is not None and result is not None and memory.ended != _mark(operation)
    if ended or running or app.requested or (memory.run is not None and memory.run.result is None):
        memory.run, memory.begun = runs.follow(memory, app, at, ended=ended)
    if operation is None:
        memory.working = False
        return
    if ((running or ended) and not seen_running) or operation.self_heal_attempts != memory.self_heal_attempts:
        _self_heal(memory, operation.self_heal_attempts)
    _manner(memory, operation, succeeded=result is Result.SUCCESS)
    if ended and result is not None:
        _end(memory, operation, result, at, settle_seconds, seen_running=seen_running)
    memory.working = running and not operation.dry_run and not _waits(memory, app, operation)


def _self_heal(memory: Memory, attempts: int) -> None:
    """An operation begins. Its attempts count on over several drifts, and start anew after a deployment or a pause."""
    before = memory.self_heal_attempts
    memory.self_heals += attempts - before if attempts > before else attempts
    memory.self_heal_attempts = attempts


def _waits(memory: Memory, app: Application, operation: Operation) -> bool:
    """A sync window or a pause before a retry holds it, and it has deployed nothing yet: verdicts are as good as ever.

    The message about the window may stand for a while after it was let go; what it deploys then tells.
    """
    if not (operations.is_parked(operation) or operation.finished_at is not None):
        return False
    deployed_at = app.history[-1].deployed_at if app.history else memory.deployed_at
    return not deployments.is_after(deployed_at, (operation.started_at or 0.0) - 1.0)


def _end(
    memory: Memory, operation: Operation, result: Result, at: float, settle_seconds: float, *, seen_running: bool
) -> None:
    memory.ended = _mark(operation)
    memory.fresh = False
    if operation.dry_run:
        return
    place = _RESULTS.index(result)
    memory.results = (*memory.results[:place], memory.results[place] + 1, *memory.results[place + 1 :])
    if seen_running and not memory.working:
        return  # it was ended while it waited: nothing changed in the cluster
    # One that ended long ago, while nobody watched, has settled since.
    long_ago = not seen_running and deployments.is_after(at - settle_seconds, operation.finished_at)
    memory.ended_at = operation.finished_at if long_ago else at


def _manner(memory: Memory, operation: Operation, *, succeeded: bool) -> None:
    """Remember how the last sync was done, until one from Git as a whole succeeds; dry runs and parked ones aside."""
    if operation.dry_run or operations.is_parked(operation):
        return
    over = succeeded and not operation.partial
    memory.local = operation.local or (memory.local and not over)
    memory.risky = bool(operation.options) or (memory.risky and not over)


def _verdict(memory: Memory, app: Application, at: float, settle_seconds: float, *, judge: bool) -> None:
    """Take in the sync status: what is settled, since when it is OutOfSync, and why."""
    if app.desired == memory.deployed:
        memory.rolled_back = False  # Git wants what is deployed
    if app.sync is not SyncStatus.OUT_OF_SYNC:
        memory.cause = None
        if app.sync is SyncStatus.SYNCED:
            _synced(memory, app)
        return
    # A clock that was set back by more than that does not make it wait until the time has come again.
    settles = memory.ended_at is not None and abs(at - memory.ended_at) < settle_seconds
    if memory.out_of_sync_since is None:
        memory.out_of_sync_since = at
        memory.unconverged = settles or (memory.working and not memory.fresh and not judge)
        judge = judge or memory.fresh
    if app.deleted_at is not None or judge or not (settles or memory.working):
        memory.cause = cause(app, memory)


def _synced(memory: Memory, app: Application) -> None:
    """Synced ends an OutOfSync. It settles a deployment only when the verdict is from after it."""
    memory.out_of_sync_since = None
    memory.unconverged = False
    memory.witnessed = True
    after = deployments.is_after(app.reconciled_at, memory.deployed_at)
    if not app.history or app.desired == memory.deployed or after:
        memory.settled = app.desired
        memory.settled_since_deployment = True
        memory.rolled_back = False
