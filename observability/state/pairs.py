"""How the neighbouring environments of one service stand to each other. Pure."""

from collections.abc import Iterator, Mapping, Sequence, Set

from observability.model.promotion import Pair, PromotionKey, PromotionState
from observability.state.rollouts import Manner, Member, Revision, Rollout, union

Members = Mapping[str, Member]
Rollouts = Mapping[str, tuple[Rollout, ...]]


def key_of(setting: PromotionKey, *environments: Members) -> PromotionKey:
    """What travels between environments: see `PromotionKey`; never AUTO."""
    if setting is not PromotionKey.AUTO:
        return setting
    first: set[int] | None = None
    for members in environments:
        places = {one.place for one in members.values()}
        if first is None:
            first = places
        elif places != first:
            return PromotionKey.IMAGES
    return PromotionKey.REVISION


def digest_of(rollout: Rollout, key: PromotionKey) -> int:
    """What the rollout brought; 0 while that is not known."""
    return rollout.revision_digest if key is PromotionKey.REVISION else rollout.images_digest


def source_of(
    rollouts: Rollouts, earlier: Sequence[tuple[str, PromotionKey]], environment: str
) -> tuple[str, PromotionKey, Rollout] | None:
    """Where the newest rollout of `environment` was promoted from: the nearest of `earlier` that had the same before.

    None: nowhere had it, or it is not ready, or went back to something older, or had been promoted before already.
    """
    newest = rollouts[environment][-1]
    if newest.ready_at is None or not may_be_promoted(newest):
        return None
    for other, key in earlier:
        own = steps(rollouts[environment], key)
        if not own or own[-1] is not newest:
            continue
        wanted = digest_of(newest, key)
        for one in reversed(steps(rollouts.get(other, ()), key)):
            if digest_of(one, key) == wanted and _precedes(one, newest.ready_at):
                return None if _had(own[:-1], one, key) else (other, key, one)
    return None


def may_be_promoted(rollout: Rollout) -> bool:
    """It is ready, came from Git, and was not told to be promoted yet."""
    return rollout.ready_at is not None and rollout.manner is Manner.NORMAL and not rollout.promoted


def steps(rollouts: Sequence[Rollout], key: PromotionKey) -> list[Rollout]:
    """The rollouts that brought something else than the one before, as far as that is known."""
    found: list[Rollout] = []
    last = 0
    for one in rollouts:
        brought = one.revision_digest if key is PromotionKey.REVISION else one.images_digest
        if brought and brought != last:
            found.append(one)
            last = brought
    return found


def _had(rollouts: Sequence[Rollout], given: Rollout, key: PromotionKey) -> bool:
    """One of these, of a later environment, brought what was given there before."""
    brought = digest_of(given, key)
    for one in rollouts:
        if one.ready_at is not None and one.deployed_at >= given.deployed_at and digest_of(one, key) == brought:
            return True
    return False


def _precedes(one: Rollout, at: float) -> bool:
    return one.manner is not Manner.ROLLBACK and one.deployed_at <= at


def state_of(pair: Pair, key: PromotionKey, members: tuple[Members, Members], rollouts: Rollouts) -> PromotionState:
    """How the environments of `pair` stand; `members` are those of the first and of the second."""
    before, after = members
    revision_match = _match(_revisions(before), _revisions(after))
    images_match = _same(_images(before), _images(after))
    equal = revision_match if key is PromotionKey.REVISION else images_match
    since = None if equal else _pending_since(rollouts, pair, key)
    return PromotionState(pair, key, since is not None, since, revision_match, images_match)


def _pending_since(rollouts: Rollouts, pair: Pair, key: PromotionKey) -> float | None:
    """When the oldest of what waits was deployed; None when nothing does."""
    had = rollouts.get(pair.to_environment, ())
    since = None
    for one in _waiting(rollouts.get(pair.from_environment, ()), had, key):
        since = one.deployed_at
    return since


def _waiting(gives: Sequence[Rollout], had: Sequence[Rollout], key: PromotionKey) -> Iterator[Rollout]:
    """The rollouts that the next environment has not had yet, the newest first."""
    known, own = steps(gives, key), steps(had, key)
    if known and known[-1].manner is Manner.ROLLBACK:
        return
    for one in reversed(known):
        if _had(own, one, key):
            return
        if one.manner is not Manner.ROLLBACK:
            yield one


def _revisions(members: Members) -> Set[Revision] | None:
    """The revisions that all of them run; None when nothing is deployed."""
    found: set[Revision] | None = None
    for one in members.values():
        if one.revision:
            runs = {one.revision, one.settled} if one.settled else {one.revision}
            found = runs if found is None else found & runs
    return found


def _match(one: Set[Revision] | None, other: Set[Revision] | None) -> bool | None:
    return None if one is None or other is None else not one.isdisjoint(other)


def _images(members: Members) -> tuple[str, ...]:
    """All images of them, sorted."""
    if len(members) == 1:
        (member,) = members.values()
        if len(member.images) < 2:
            return member.images
    return union(members.values())


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool | None:
    return one == other if one and other else None
