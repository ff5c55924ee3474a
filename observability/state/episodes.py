"""What has a beginning and an end: drift, a degradation, the wait until a deployment is healthy. Pure.

Also which sets of images Git wanted one after the other: when they go back, Git was rolled back.
"""

from functools import lru_cache
from typing import Final

from msgspec.structs import replace

from observability.model.application import Application
from observability.model.digests import digest
from observability.model.state import Awaited, Drift, Lineage, Memory
from observability.model.status import Cause, HealthStatus, SyncStatus
from observability.state import deployments
from observability.state.images import IMAGES_SETTLE_SECONDS

DRIFTS: Final = frozenset({Cause.LIVE_DRIFT, Cause.UNCONVERGED})
"""Causes that are drift: the cluster is not as Git wants it, and nothing is pending."""
_WELL: Final = frozenset({HealthStatus.HEALTHY, HealthStatus.SUSPENDED})
_MOST_IMAGES: Final = 10
_TAGS_BITS: Final = 48


def start_from(memory: Memory, app: Application) -> None:
    """Begin with what an Application shows that was there before."""
    if app.health is HealthStatus.HEALTHY and app.sync is SyncStatus.SYNCED and app.images:
        memory.lineage = Lineage((_digest(app.images),), 0, 0)


def deployed(memory: Memory, app: Application, awaited: Awaited, *, was_rolled_back: bool) -> None:
    """Something else was deployed: from now on it is awaited that this is healthy."""
    memory.awaited = awaited
    memory.healthy_at = None
    # A rollback in the cluster says nothing of Git: what it deploys is not compared.
    memory.lineage = replace(memory.lineage, before=-1 if memory.rolled_back else memory.lineage.place)
    if not (memory.rolled_back or was_rolled_back) and deployments.goes_back(app.history):
        memory.reverted_id = awaited.id


def are_open(memory: Memory, at: float) -> bool:
    """Something is on its way for which time, or any update, may make a difference."""
    if memory.awaited is not None or memory.drift is not None or memory.degraded_since is not None:
        return True
    return memory.healthy_at is not None and abs(at - memory.healthy_at) < IMAGES_SETTLE_SECONDS


def follow(memory: Memory, before: Memory, app: Application, at: float, settle_seconds: float) -> None:
    """Bring all episodes up to date, once the operation, the deployments and the verdict of this update are."""
    if app.health is HealthStatus.DEGRADED:
        if memory.degraded_since is None:
            memory.degraded_since = memory.health_since
    elif app.health in _WELL:
        memory.degraded_since = None
    if memory.cause in DRIFTS or memory.drift is not None:
        _drift(memory, before, app, at, settle_seconds)
    awaited = memory.awaited
    if awaited is not None:
        if memory.running and not before.running and not memory.rolled_back:
            # What is left behind may never have been healthy; its images were seen all the same.
            memory.lineage = _seen(memory.lineage, app)
        _await(memory, awaited, app, settle_seconds)
    elif memory.healthy_at is not None and abs(at - memory.healthy_at) < IMAGES_SETTLE_SECONDS:
        _compare(memory, app)


def _drift(memory: Memory, before: Memory, app: Application, at: float, settle_seconds: float) -> None:
    if memory.cause in DRIFTS:
        settles = memory.running or (memory.ended_at is not None and abs(at - memory.ended_at) < settle_seconds)
        if memory.drift is None and not (settles and memory.cause is Cause.UNCONVERGED):
            since = memory.out_of_sync_since if before.cause is None else at
            began_at = at if since is None else since
            memory.drift = Drift(began_at, memory.cause, memory.witnessed, app.resource_version)
    elif memory.cause is not None or app.sync is SyncStatus.SYNCED:
        # Not while it is not judged yet, nor while Argo CD cannot compare.
        memory.drift = None


def _await(memory: Memory, awaited: Awaited, app: Application, settle_seconds: float) -> None:
    if awaited.finished_at is None:
        if memory.running:
            return
        awaited = memory.awaited = replace(awaited, finished_at=_finished_at(memory, app))
    if app.health is not HealthStatus.HEALTHY or awaited.finished_at is None:
        return
    if deployments.is_after(app.health_since, awaited.finished_at):
        healthy_at = app.health_since
    elif deployments.is_after(app.reconciled_at, awaited.finished_at + settle_seconds):
        healthy_at = awaited.finished_at  # it never left that state, or not for long enough to be told
    else:
        return
    memory.awaited = None
    memory.healthy_at = healthy_at
    _compare(memory, app)


def _finished_at(memory: Memory, app: Application) -> float | None:
    """When the sync that deployed it ended; when it was deployed, if another operation came after it."""
    operation, deployed_at = app.operation, memory.deployed_at
    if operation is None or operation.finished_at is None:
        return deployed_at
    began_before = not deployments.is_after(operation.started_at, deployed_at)
    return operation.finished_at if began_before else deployed_at


def _compare(memory: Memory, app: Application) -> None:
    """Take in the images of a deployment that is healthy: has Git gone back with it?"""
    if memory.rolled_back or memory.cause in DRIFTS or app.sync is not SyncStatus.SYNCED:
        return
    memory.lineage = _seen(memory.lineage, app)
    place, before, images = memory.lineage.place, memory.lineage.before, memory.lineage.images
    if -1 < place < before and images[place] >> _TAGS_BITS == images[before] >> _TAGS_BITS:
        memory.reverted_id = memory.deployed_id


def _seen(lineage: Lineage, app: Application) -> Lineage:
    if not app.images:
        return lineage
    digest = _digest(app.images)
    if digest in lineage.images:
        place = lineage.images.index(digest)
        return lineage if place == lineage.place else replace(lineage, place=place)
    images = (*lineage.images, digest)
    cut = max(0, len(images) - _MOST_IMAGES)
    return Lineage(images[cut:], len(images) - cut - 1, max(-1, lineage.before - cut))


@lru_cache(maxsize=16_384)
def _digest(images: tuple[str, ...]) -> int:
    """Of the repositories first, then of the images: sets of other repositories are no versions of one another."""
    repositories = "\0".join(sorted(set(map(_repository, images))))
    return _hashed(repositories, 2) << _TAGS_BITS | _hashed("\0".join(images), _TAGS_BITS // 8)


def _repository(image: str) -> str:
    """Without tag and digest; a port of the registry stays."""
    name = image.partition("@")[0]
    front, colon, tag = name.rpartition(":")
    return front if colon and "/" not in tag else name


def _hashed(text: str, size: int) -> int:
    return int.from_bytes(digest(text, size), "big")
