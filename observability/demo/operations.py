"""What the controller writes, update by update, in the order in which recordings of Argo CD 3.6-dev show it. Pure.

A move is (seconds after the move before, change); a change makes the next record of a record and the time, None to
delete it. What is easily got wrong, and what consumers must bear:
- An automated sync sets `operation` while the status still says Synced. The API and the controller empty
  `operationState` when they set `operation`; kubectl leaves it.
- The history grows one update before the terminal one. The terminal update removes `operation` and still carries the
  old verdict; the new one follows about 80 ms later.
- A first sync goes Missing, Healthy (only the ConfigMap exists), Progressing, Healthy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TypeAlias

from msgspec.structs import replace

from observability.demo.application import App, Deployed, Operation, OperationState, Release

Change: TypeAlias = Callable[[App, str], App | None]
Move: TypeAlias = tuple[float, Change]

SUCCEEDED = "successfully synced (all tasks run)"
BLOCKED = "Sync operation blocked by sync window"
WAITING = "waiting for healthy state of /ConfigMap/{0}-config and 2 more resources"
FAILED = (
    'one or more synchronization tasks completed unsuccessfully, reason: Job.batch "{0}-migrate" is invalid: '
    "spec.template: Invalid value: field is immutable"
)
HISTORY_LIMIT = 10


def resync(app: App, now: str) -> App:
    """The periodic comparison that finds nothing new: only `reconciledAt` moves. Nothing before the first one."""
    if app.compared is None or app.deleted_at:
        return app
    return app.write(reconciled_at=now)


def refresh(app: App, now: str) -> App:
    """A webhook or a person asks for a comparison. Annotations do not move the generation."""
    return replace(app, refresh_at=now)


def head_moved(app: App, now: str, release: Release) -> App:
    """Git went on through other paths: Synced at a newer revision."""
    if app.compared is None or app.sync != "Synced":
        return app
    return app.write(compared=replace(app.compared, revision=release.revision), reconciled_at=now)


def compare(app: App, now: str, *, sync: str, live: str, release: Release | None = None, health: str = "") -> App:
    """A new verdict, against `release` when Git moved. `health` empty: as it was."""
    changes: dict[str, object] = {"compared": release or app.compared, "sync": sync, "live": live, "refresh_at": ""}
    if app.reconciled_at != now:
        changes["reconciled_at"] = now
    if health and health != app.health:
        changes |= {"health": health, "health_since": now}
    return app.write(has_status=True, **changes)


def health(app: App, now: str, status: str, ago: int = 0) -> App:
    """The health changes, nothing else. `ago`: so many seconds before it is written."""
    return app.write(health=status, health_since=_before(now, ago) if ago else now)


def _before(now: str, seconds: int) -> str:
    at = datetime.fromisoformat(now) - timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def retarget(app: App, _now: str, target: str) -> App:
    """An edit of the spec: the verdict stays that of the old source until the next comparison."""
    return app.write(target=target)


def ask(app: App, _now: str, operation: Operation, *, kubectl: bool = False) -> App:
    """`operation` is set; the last result is gone, unless it was set with kubectl."""
    return app.write(has_status=True, operation=operation, state=app.state if kubectl else None)


def run(app: App, now: str) -> App:
    """The controller takes the operation up."""
    assert app.operation is not None  # noqa: S101 - a story that forgot to ask is a defect of ours
    return app.write(state=OperationState(operation=app.operation, phase="Running", started_at=now))


def progress(app: App, _now: str, **changes: object) -> App:
    """The operation goes on: `changes` of its state."""
    assert app.state is not None  # noqa: S101 - the same
    return app.write(state=replace(app.state, **changes))


def deploy(app: App, now: str) -> App:
    """The history grows, the operation still runs."""
    assert app.state is not None  # noqa: S101 - the same
    operation = app.state.operation
    entry = Deployed(
        id=app.history[-1].id + 1 if app.history else 0,
        release=operation.release,
        started_at=app.state.started_at,
        deployed_at=now,
        username=operation.username,
        automated=operation.automated,
    )
    return app.write(history=(*app.history, entry)[-HISTORY_LIMIT:])


def finish(app: App, now: str, phase: str = "Succeeded", message: str = SUCCEEDED, result: str = "configured") -> App:
    """The terminal update: `operation` goes, the verdict is still the old one."""
    assert app.state is not None  # noqa: S101 - the same
    state = replace(app.state, phase=phase, message=message, finished_at=now, result=result)
    return app.write(operation=None, state=state)


def settle(app: App, now: str, release: Release) -> App:
    """The first verdict after a deployment: Synced, the new pods are on their way."""
    return compare(app, now, sync="Synced", live="sss", release=release, health="Progressing").write(error="")


def images(app: App, now: str, version: str) -> App:
    """The pods of the new version show in the summary."""
    return app.write(version=version, reconciled_at=now)


def sync(random: Random, operation: Operation, *, kubectl: bool = False, becomes: str = "Healthy") -> Iterator[Move]:
    """A full sync of what waits, until the application `becomes` Healthy or Degraded."""
    release = operation.release
    yield 0.0, partial(ask, operation=operation, kubectl=kubectl)
    yield 0.02, run
    if operation.automated:
        yield 0.015, partial(compare, sync="OutOfSync", live="ssO", release=release)
    yield random.uniform(0.3, 2.5), deploy
    yield 0.02, finish
    yield from _rolled_out(random, release, becomes)


def first_sync(random: Random, operation: Operation) -> Iterator[Move]:
    """The first deployment, right after the application was created."""
    release = operation.release
    missing: Move = (0.02, partial(compare, sync="OutOfSync", live="OOO", release=release, health="Missing"))
    if not operation.automated:
        yield missing
    yield (0.5 if operation.automated else 1.5), partial(ask, operation=operation)
    yield 0.02, run
    if operation.automated:
        yield missing
    yield 0.3, partial(compare, sync="OutOfSync", live="sOO", health="Healthy")
    yield 0.03, deploy
    yield 0.02, partial(finish, result="created")
    yield from _rolled_out(random, release, "Healthy")


def _rolled_out(random: Random, release: Release, becomes: str) -> Iterator[Move]:
    yield 0.08, partial(settle, release=release)
    yield 0.03, partial(images, version=release.version)
    yield random.uniform(2, 8) if becomes == "Healthy" else random.uniform(15, 30), partial(health, status=becomes)


def self_heal(operation: Operation) -> Iterator[Move]:
    """A drift that Argo CD undoes: of the drifted resource only, no history entry. It starts while still Synced."""
    yield 0.0, partial(ask, operation=operation)
    yield 0.02, run
    yield 0.01, partial(compare, sync="OutOfSync", live="Oss")
    yield 0.2, partial(finish, result="healed")
    yield 0.07, partial(compare, sync="Synced", live="sss")


def repair(random: Random, operation: Operation) -> Iterator[Move]:
    """A sync by hand that undoes a drift: Synced while it still runs, a history entry for the same revision."""
    yield 0.0, partial(ask, operation=operation)
    yield 0.015, run
    yield random.uniform(0.3, 1), partial(compare, sync="Synced", live="sss")
    yield 0.05, deploy
    yield 0.02, finish
    yield 0.06, resync


def roll_back(operation: Operation) -> Iterator[Move]:
    """To an entry of the history, through the API: OutOfSync comes after it, in an update that moves no revision."""
    yield 0.0, partial(ask, operation=operation)
    yield 0.02, run
    yield 0.04, resync
    yield 0.25, deploy
    yield 0.02, finish
    yield 0.04, resync
    yield 0.03, partial(compare, sync="OutOfSync", live="ssO", health="Healthy")
    yield 0.03, partial(images, version=operation.release.version)


def rewritten(random: Random, operation: Operation) -> Iterator[Move]:
    """A sync whose result something in the cluster rewrites at once: Synced for 30 to 300 ms only."""
    yield 0.0, partial(ask, operation=operation)
    yield 0.02, run
    yield 0.4, deploy
    yield 0.02, finish
    yield 0.03, partial(compare, sync="Synced", live="sss")
    yield random.uniform(0.03, 0.3), partial(compare, sync="OutOfSync", live="Oss")


def park(operation: Operation) -> Iterator[Move]:
    """Set with kubectl while a window forbids it: it runs, blocked, and waits."""
    yield 0.0, partial(ask, operation=operation, kubectl=True)
    yield 0.015, run
    yield 0.01, partial(progress, message=BLOCKED, result="blocked")


def unpark(random: Random, release: Release) -> Iterator[Move]:
    """The window is gone: the parked operation does its work, the message stays until the end."""
    yield 0.3, deploy
    yield 0.01, finish
    yield from _rolled_out(random, release, "Healthy")


def fail(operation: Operation, service: str) -> Iterator[Move]:
    """A sync whose Job the API server refuses, with `operation.retries` retries, until it has Failed.

    While it waits for a retry the phase stays Running with `finishedAt`; the retry clears both and the result.
    """
    yield 0.0, partial(ask, operation=operation)
    yield 0.02, run
    if operation.automated:
        yield 0.015, partial(compare, sync="OutOfSync", live="sssO", release=operation.release)
    waiting, failed = WAITING.format(service), FAILED.format(service)
    for attempt in range(operation.retries + 1):
        yield 0.3, partial(progress, message=waiting, result="failed")
        if attempt < operation.retries:
            yield 0.03, partial(_back_off, message=f"{failed}. Retrying attempt #{attempt + 1}")
            yield 5.0 * 2**attempt, partial(_retry, message=f"Retrying operation. Attempt #{attempt + 1}")
    suffix = f" (retried {operation.retries} times)." if operation.retries else ""
    yield 0.03, partial(finish, phase="Failed", message=failed + suffix, result="failed")
    if operation.automated:
        error = f"Failed last sync attempt to [{operation.release.revision}]: {failed}{suffix}"
        yield 0.03, partial(_raise, error=error)


def _back_off(app: App, now: str, message: str) -> App:
    retried = app.state.retried + 1 if app.state else 1
    hour = int(now[11:13])
    at = f"{(hour + 11) % 12 + 1}:{now[14:16]}{'AM' if hour < 12 else 'PM'}"
    return progress(app, now, finished_at=now, message=f"{message} at {at}.", retried=retried)


def _retry(app: App, now: str, message: str) -> App:
    return progress(app, now, finished_at="", message=message, result="")


def _raise(app: App, now: str, error: str) -> App:
    return app.write(error=error, error_since=now, reconciled_at=now)


def delete(app: App, now: str) -> App:
    """Deletion is asked for; the finalizer keeps the application."""
    return app.write(deleted_at=now)


def dismantle(hangs: float) -> Iterator[Move]:
    """A cascading deletion that a finalizer on the ConfigMap holds up for `hangs` seconds."""
    yield 0.0, delete
    yield 0.1, partial(compare, sync="OutOfSync", live="sOO", health="Progressing")
    yield hangs, partial(compare, sync="OutOfSync", live="OOO", health="Missing")
    yield 0.02, gone


def gone(_app: App, _now: str) -> App | None:
    """The last finalizer is removed."""
    return None
