"""What the environments of one service run, and what is on its way into them. Pure.

A *member* is what is known of one Application, a *rollout* one change of what an environment runs: it begins with the
history entry of a sync whose content differs from the one before, takes in those of other Applications of the same
environment, and is ready when all of them are Healthy.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from observability.model import digests
from observability.model.application import Source
from observability.model.promotion import SyncMark
from observability.model.state import ApplicationState
from observability.model.status import HealthStatus, Result, SyncKind
from observability.state.images import IMAGES_SETTLE_SECONDS, is_mixed, without_replaced

_HEADS: Final = ("", "HEAD")
_WHOLE: Final = frozenset({SyncKind.AUTO, SyncKind.MANUAL})

Revision = tuple[str, ...]
"""One revision a source."""


class Manner(IntEnum):
    """How a rollout came about."""

    NORMAL = 0
    BASELINE = 1
    """It was there when we came."""
    ROLLBACK = 2


class Told(IntEnum):
    """What was told of a rollout."""

    NOTHING = 0
    FAILED = 1
    DELIVERED = 2


class Member(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """One Application. `revision` and `sources` are of what was deployed last, empty and 0 before anything was."""

    environment: str
    uid: int
    """Digest of `metadata.uid`."""
    place: int
    """Digest of where it reads from: repository, path, chart and target revision of each source."""
    revision: Revision = ()
    sources: int = 0
    settled: Revision = ()
    """A revision at which it was Synced since, without any sync: Git moved on beside its path."""
    images: tuple[str, ...] = ()
    healthy_at: float | None = None
    degraded_at: float | None = None
    failed: tuple[float, int] | None = None
    """`started_at` and `number` of the newest sync that failed, to tell of it once."""
    ran_at: float = 0.0
    """When its newest sync began."""
    running: bool = False
    created_at: float = 0.0
    """`metadata.creationTimestamp`; 0 while that is not known."""

    @property
    def revisions(self) -> frozenset[Revision]:
        """All revisions that what runs now is the state of."""
        return frozenset(one for one in (self.revision, self.settled) if one)


class Rollout(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """One change of what an environment runs. Digests are 0 while that is not known.

    What only the newest of an environment needs is let go when another follows: `members`, `syncs`, `revision`.
    """

    deployed_at: float
    manner: Manner = Manner.NORMAL
    revision_digest: int = 0
    images_digest: int = 0
    ready_at: float | None = None
    watched_until: float = 0.0
    """Until then its images may change."""
    started_at: float = 0.0
    members: tuple[str, ...] = ()
    syncs: tuple[SyncMark, ...] = ()
    revision: Revision = ()
    images: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    """The images that ran before it."""
    failed_at: float | None = None
    told: Told = Told.NOTHING
    promoted: bool = False
    """It was told that it was promoted."""


def member(known: Member | None, state: ApplicationState, uid: int, *, observed: bool) -> Member:
    """What is known of an Application now. `uid` is the digest of its own.

    `observed`: its images are of now, and not let go of.
    """
    facts, memory = state.facts, state.memory
    deployed = memory.deployed
    revision, sources = ((), 0) if known is None else (known.revision, known.sources)
    if deployed is not None and deployed.revisions:
        revision, sources = deployed.revisions, deployed.sources
    settles = memory.settled is not None and memory.settled_since_deployment and memory.settled.sources == sources
    degraded = facts.health is HealthStatus.DEGRADED and _is_after(memory.health_since, state, settled=False)
    return Member(
        environment=memory.identity.environment,
        uid=uid,
        place=_place(facts.sources),
        revision=revision,
        sources=sources,
        settled=memory.settled.revisions if settles and memory.settled is not None else (),
        images=tuple(sorted(facts.images)) if observed and facts.images else known.images if known is not None else (),
        healthy_at=_healthy_at(state),
        degraded_at=memory.health_since if degraded else None,
        failed=known.failed if known is not None else None,
        ran_at=0.0 if memory.run is None or memory.run.started_at is None else memory.run.started_at,
        running=memory.running,
        created_at=facts.created_at or 0.0,
    )


def is_rollback(state: ApplicationState) -> bool:
    """What was deployed last went back to something older without Git."""
    run = state.memory.run
    return state.memory.rolled_back or (run is not None and run.kind is SyncKind.ROLLBACK)


@lru_cache(2048)
def digest(value: tuple[str, ...]) -> int:
    """The same number for the same value, in every process; 0 for nothing."""
    if not value:
        return 0
    return int.from_bytes(digests.digest("\n".join(value), 7), "big") or 1


def begun(state: ApplicationState, name: str, manner: Manner, replaced: tuple[str, ...]) -> Rollout:
    """The rollout that begins with what an Application deployed last. `replaced`: the images that ran before it."""
    sync, revision, deployed_at = _deployment(state)
    return Rollout(
        deployed_at=deployed_at,
        manner=manner,
        started_at=min(sync.started_at, deployed_at),
        members=(name,),
        syncs=(sync,),
        revision=revision,
        replaced=replaced,
    )


def joined(before: Rollout, state: ApplicationState, name: str) -> Rollout:
    """The rollout with what another Application of its environment deployed last: it is not ready before that is."""
    sync, revision, deployed_at = _deployment(state)
    return replace(
        before,
        deployed_at=max(before.deployed_at, deployed_at),
        started_at=min(before.started_at, sync.started_at, deployed_at),
        members=(*before.members, name),
        syncs=(*before.syncs, sync),
        revision=revision,
        images_digest=0,
        ready_at=None,
    )


def slim(rollout: Rollout) -> Rollout:
    """What is still needed of a rollout that another followed."""
    return replace(rollout, members=(), syncs=(), revision=(), images=(), replaced=(), failed_at=None)


def is_at_rest(rollout: Rollout, at: float) -> bool:
    """Whatever its Applications show, `assessed` finds nothing new at `at`: all of it is known, and stays as it is."""
    return (
        rollout.ready_at is not None
        and rollout.images_digest != 0
        and at > rollout.watched_until
        and not rollout.replaced
        and (not rollout.revision or digest(rollout.revision) == rollout.revision_digest)
        and (rollout.manner is not Manner.BASELINE or _bare(rollout) is rollout)
    )


def assessed(rollout: Rollout, members: Mapping[str, Member], at: float) -> Rollout:
    """The rollout as `members`, all of its environment, show it at `at`. The same object when it is as it was."""
    deployed = [one for one in members.values() if one.revision]
    if deployed and rollout.revision and all(rollout.revision in (one.revision, one.settled) for one in deployed):
        revision_digest = digest(rollout.revision)
        if revision_digest != rollout.revision_digest:
            rollout = replace(rollout, revision_digest=revision_digest)
    if rollout.ready_at is None:
        taking_part = [members[name] for name in rollout.members if name in members]
        rollout = _progressed(rollout, taking_part, at)
    rollout = _pictured(rollout, members.values(), at, alone=len(deployed) == 1)
    return _bare(rollout) if rollout.manner is Manner.BASELINE else rollout


def _bare(rollout: Rollout) -> Rollout:
    """Nothing is told of what was there when we came: digests do."""
    known = rollout.revision_digest != 0
    if not (rollout.members or rollout.syncs or rollout.images or (known and rollout.revision)):
        return rollout
    return replace(rollout, members=(), syncs=(), images=(), revision=() if known else rollout.revision)


def _progressed(rollout: Rollout, taking_part: Sequence[Member], at: float) -> Rollout:
    """It is ready once all that take part are Healthy, and has failed once one of them is Degraded."""
    healthy = [one.healthy_at for one in taking_part if one.healthy_at is not None]
    degraded = [one.degraded_at for one in taking_part if one.degraded_at is not None]
    if rollout.manner is Manner.BASELINE:
        return replace(rollout, ready_at=rollout.deployed_at, watched_until=at + IMAGES_SETTLE_SECONDS)
    if healthy and len(healthy) == len(taking_part):
        return replace(rollout, ready_at=max(healthy), watched_until=at + IMAGES_SETTLE_SECONDS)
    if degraded and rollout.failed_at is None:
        return replace(rollout, failed_at=min(degraded))
    return rollout


def _pictured(rollout: Rollout, members: Collection[Member], at: float, *, alone: bool) -> Rollout:
    """With its images, once they are known: of one that failed, what they would be once all are replaced."""
    if rollout.ready_at is None:
        if rollout.failed_at is None or rollout.images:
            return rollout
        return replace(rollout, images=without_replaced(union(members), rollout.replaced))
    if any(one.running for one in members):
        return rollout
    watched = at <= rollout.watched_until
    # Images that come late are still those of this rollout, unless another sync brought them.
    late = watched and rollout.told is not Told.DELIVERED and all(one.ran_at <= rollout.deployed_at for one in members)
    if rollout.images_digest and not late:
        return replace(rollout, replaced=()) if rollout.replaced and not watched else rollout
    images = union(members)
    # Old ones beside new ones: not all is replaced. Those of one Application, after a while, are meant so.
    if is_mixed(images, rollout.replaced) and (watched or not alone):
        return rollout
    return replace(rollout, images=images, images_digest=digest(images))


def union(members: Iterable[Member]) -> tuple[str, ...]:
    """All images of some members, sorted."""
    return tuple(sorted({image for one in members for image in one.images}))


def failure(state: ApplicationState) -> tuple[float, int] | None:
    """The sync that failed to bring the whole of what it was asked to: when it began, and its number in that second."""
    run = state.memory.run
    if run is None or run.started_at is None or run.result in (None, Result.SUCCESS) or run.dry_run:
        return None
    return (run.started_at, run.number) if run.target.revisions and run.kind in _WHOLE else None


def _deployment(state: ApplicationState) -> tuple[SyncMark, Revision, float]:
    """The sync that deployed last, as far as it is known, what it deployed, and when."""
    facts, memory = state.facts, state.memory
    at = memory.deployed_at or 0.0
    sync = mark(state)
    if sync is None or sync.started_at > at:
        began_at = facts.history[-1].deploy_started_at if facts.history else None
        sync = SyncMark(facts.namespace, facts.name, facts.uid, at if began_at is None else began_at)
    return sync, () if memory.deployed is None else memory.deployed.revisions, at


def mark(state: ApplicationState) -> SyncMark | None:
    """The sync that is on its way or was the last; None before one began."""
    run = state.memory.run
    if run is None or run.started_at is None:
        return None
    facts = state.facts
    return SyncMark(facts.namespace, facts.name, facts.uid, run.started_at, run.number)


def _healthy_at(state: ApplicationState) -> float | None:
    """Since when it is Healthy with what was deployed last; None while it is not, or nobody looked since.

    Times are whole seconds. In the second in which the sync ended only a verdict that is known to be from after it
    tells: while a first sync makes objects, Healthy comes and goes.
    """
    facts, memory = state.facts, state.memory
    if facts.health is not HealthStatus.HEALTHY or memory.running or memory.deployed is None:
        return None
    looked_at = max(memory.health_since, facts.reconciled_at or 0.0)
    if not _is_after(looked_at, state, settled=memory.settled_since_deployment):
        return None
    return max(memory.health_since, _ended_at(state))


def _is_after(at: float, state: ApplicationState, *, settled: bool) -> bool:
    ended_at = _ended_at(state)
    return at > ended_at or (settled and at == ended_at)


def _ended_at(state: ApplicationState) -> float:
    """When the newest deployment ended."""
    run, deployed_at = state.memory.run, state.memory.deployed_at or 0.0
    if run is not None and run.finished_at is not None and (run.started_at or 0.0) <= deployed_at <= run.finished_at:
        return run.finished_at
    return deployed_at


@lru_cache(2048)
def _place(sources: tuple[Source, ...]) -> int:
    """Digest of where they are read from."""
    return digest(tuple(map(_text, sources)))


def _text(source: Source) -> str:
    target = source.target_revision.removeprefix("refs/heads/")
    return "\n".join((source.repository, source.path, source.chart, "" if target in _HEADS else target))
