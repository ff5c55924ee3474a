"""The memory of one service: what its environments run and had run, and what is under way. Pure.

What cannot be seen, because the Application does not tell it:
- deployments that several others followed while nobody watched: the newest one only;
- deployments of an Application with `revisionHistoryLimit: 0`;
- the images of a sync that failed: only where the revision travels does it belong to a journey;
- images of a deployment that another one followed before it was Healthy;
- which images are those of hooks: as long as Argo CD shows their pods they count as images of the Application.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import inf
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from observability.model.promotion import (
    Arrived,
    Delivered,
    Happening,
    Journey,
    Pair,
    Promoted,
    PromotionKey,
    PromotionState,
)
from observability.model.state import ApplicationState
from observability.model.status import Result
from observability.state import journeys, rollouts
from observability.state.journeys import Way
from observability.state.pairs import digest_of, key_of, may_be_promoted, source_of, state_of
from observability.state.rollouts import Manner, Member, Rollout, Told

MOST_ROLLOUTS: Final = 5
"""So many of an environment are remembered."""


class Service(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """All that is remembered of one service of one project; `members` by `namespace/name`, the rest by environment."""

    engine: str
    project: str
    name: str
    members: dict[str, Member] = {}
    rollouts: dict[str, tuple[Rollout, ...]] = {}
    ways: tuple[Way, ...] = ()


class Rules(NamedTuple):
    """The names of the environments in the order of promotion, and what travels."""

    environments: tuple[str, ...]
    key: PromotionKey = PromotionKey.AUTO


class Sight(NamedTuple):
    """An Application as it is seen at `at`.

    `fresh`: the object itself was seen, its images are of now. `born`: it did not exist before.
    """

    name: str
    state: ApplicationState
    at: float
    fresh: bool = True
    born: bool = False
    catch_up: bool = False


def seen(service: Service, sight: Sight, rules: Rules) -> tuple[Service, Sequence[Happening]]:
    """The service after one of its Applications was seen, and what happened."""
    known = service.members.get(sight.name)
    if known is not None and known.uid != rollouts.digest((sight.state.facts.uid,)):
        known = None
    now = rollouts.member(known, sight.state, observed=sight.fresh)
    failed = rollouts.failure(sight.state)
    is_new_failure = failed is not None and known is not None and failed != known.failed
    now = replace(now, failed=failed if failed is not None else now.failed)
    happenings: list[Happening] = []
    after = replace(service, members={**service.members, sight.name: now})
    if now.revision and (known is None or (now.revision, now.sources) != (known.revision, known.sources)):
        after = _deployed(after, sight, service.members, rules, happenings)
    after = _assessed(after, now.environment, sight.at)
    if is_new_failure:
        after = _failed(after, sight, now, rules, happenings)
    after = _told(after, now.environment, sight, rules, happenings)
    return _promoted(after, sight, rules, happenings), happenings


def gone(service: Service, name: str, at: float, rules: Rules) -> tuple[Service | None, Sequence[Happening]]:
    """The service without one of its Applications; None when it was the last one."""
    members = {key: one for key, one in service.members.items() if key != name}
    there = {one.environment for one in members.values()}
    left = {environment: one for environment, one in service.rollouts.items() if environment in there}
    if members:
        after = replace(service, members=members, rollouts=left)
        for environment in left:
            after = _assessed(after, environment, at)
        return after, ()
    return None, [
        Arrived(
            journey=_journey(service, way.key, way.value, way.number),
            started_at=way.started_at,
            ended_at=max(at, way.last_at),
            complete=False,
            environments=way.reached,
        )
        for way in service.ways
        if not way.over
    ]


def states(service: Service, rules: Rules) -> dict[Pair, PromotionState]:
    """How its neighbouring environments stand to each other."""
    by_environment = _by_environment(service, rules)
    names = tuple(by_environment)
    found = {}
    for before, after in pairwise(names):
        members = by_environment[before], by_environment[after]
        pair = Pair(service.engine, service.project, service.name, before, after)
        found[pair] = state_of(pair, key_of(rules.key, *members), members, service.rollouts)
    return found


def open_until(service: Service) -> float:
    """Something is on its way: what is seen of any Application of it counts, though nothing seems to change.

    Infinite while that is so. Otherwise until when only its images count, as they may still change.
    """
    shows = any(member.images for member in service.members.values())
    newest = [one[-1] for one in service.rollouts.values()]
    if any(one.ready_at is None or (shows and not one.images_digest) for one in newest):
        return inf
    return max((one.watched_until for one in newest), default=-inf)


def _deployed(
    service: Service, sight: Sight, before: Mapping[str, Member], rules: Rules, happenings: list[Happening]
) -> Service:
    """An Application deployed something: a rollout begins, or goes on. `before`: what was known of all of them."""
    now = service.members[sight.name]
    manner = Manner.NORMAL if sight.born or _is_known(before.get(sight.name), now) else Manner.BASELINE
    if manner is Manner.NORMAL and rollouts.is_rollback(sight.state):
        manner = Manner.ROLLBACK
    had = service.rollouts.get(now.environment, ())
    newest = had[-1] if had else None
    if manner is Manner.BASELINE and newest is not None and newest.manner is not Manner.BASELINE:
        return service
    if newest is not None and _takes_in(service, newest, sight.name, manner, rules):
        return _with(service, now.environment, (*had[:-1], rollouts.joined(newest, sight.state, sight.name)))
    replaced = rollouts.union(one for one in before.values() if one.environment == now.environment)
    begun = rollouts.begun(sight.state, sight.name, manner, replaced)
    if newest is not None and newest.ready_at is None:
        service = _overtaken(service, now.environment, begun, sight, rules, happenings)
    older = tuple(map(rollouts.slim, had))[-MOST_ROLLOUTS + 1 :]
    return _with(service, now.environment, (*older, begun))


def _takes_in(service: Service, rollout: Rollout, name: str, manner: Manner, rules: Rules) -> bool:
    """What an Application deployed belongs to this rollout: it has no part in it yet, and not all have it."""
    if manner is not rollout.manner or name in rollout.members:
        return False
    key = key_of(rules.key, *_by_environment(service, rules).values())
    return rollout.ready_at is None or manner is Manner.BASELINE or not digest_of(rollout, key)


def _is_known(before: Member | None, now: Member) -> bool:
    return before is not None and before.uid == now.uid


def _overtaken(
    service: Service, environment: str, by: Rollout, sight: Sight, rules: Rules, happenings: list[Happening]
) -> Service:
    """Something newer came before it was Healthy; what it was is only known where the revision travels."""
    by_environment = _by_environment(service, rules)
    key = key_of(rules.key, *by_environment.values())
    rollout = service.rollouts[environment][-1]
    if rollout.told is not Told.NOTHING or key is not PromotionKey.REVISION or len(by_environment) < 2:
        return service
    if not _travels(service, environment, key):
        return service
    ended_at = max(by.started_at, rollout.started_at)
    told = _delivery(service, environment, key, Result.CANCELLATION, ended_at, sight)
    return _go_on(service, told, rules, happenings)


def _assessed(service: Service, environment: str, at: float) -> Service:
    had = service.rollouts.get(environment, ())
    if not had:
        return service
    members = {name: one for name, one in service.members.items() if one.environment == environment}
    return _with(service, environment, (*had[:-1], rollouts.assessed(had[-1], members, at)))


def _failed(service: Service, sight: Sight, now: Member, rules: Rules, happenings: list[Happening]) -> Service:
    """A sync failed: what it was asked to bring is known where the revision travels."""
    by_environment = _by_environment(service, rules)
    key = key_of(rules.key, *by_environment.values())
    run, facts = sight.state.memory.run, sight.state.facts
    mark = rollouts.mark(sight.state)
    if run is None or run.result is None or mark is None or len(by_environment) < 2:
        return service
    asked = run.target.revisions
    resolved = asked == facts.desired.revisions or (
        facts.operation is not None and asked == facts.operation.synced.revisions
    )
    if key is not PromotionKey.REVISION or not resolved or asked == now.revision:
        return service
    told = Delivered(
        journey=_journey(service, key, asked),
        environment=now.environment,
        started_at=mark.started_at,
        ended_at=max(run.finished_at or sight.at, mark.started_at),
        result=run.result,
        message=run.message,
        syncs=(mark,),
        revision=asked,
        images=(),
        observed_at=sight.at,
        catch_up=sight.catch_up,
    )
    return _go_on(service, told, rules, happenings)


def _told(service: Service, environment: str, sight: Sight, rules: Rules, happenings: list[Happening]) -> Service:
    """Tell of the newest rollout of an environment that it is delivered, or that it failed, once."""
    had = service.rollouts.get(environment, ())
    if not had or had[-1].manner is not Manner.NORMAL:
        return service
    rollout = had[-1]
    ready = rollout.ready_at is not None
    if rollout.told is Told.DELIVERED or (not ready and (rollout.failed_at is None or rollout.told is Told.FAILED)):
        return service
    by_environment = _by_environment(service, rules)
    key = key_of(rules.key, *by_environment.values())
    if len(by_environment) < 2 or not _travels(service, environment, key):
        return service
    result = Result.SUCCESS if ready else Result.FAILURE
    ended_at = rollout.ready_at if rollout.ready_at is not None else rollout.failed_at or sight.at
    told = _delivery(service, environment, key, result, ended_at, sight)
    marked = (
        replace(rollout, told=Told.DELIVERED, members=(), syncs=()) if ready else replace(rollout, told=Told.FAILED)
    )
    return _go_on(_with(service, environment, (*had[:-1], marked)), told, rules, happenings)


def _travels(service: Service, environment: str, key: PromotionKey) -> bool:
    """The newest rollout brought something that is known, and is another than what was there before."""
    *older, newest = service.rollouts[environment]
    brought = digest_of(newest, key)
    if newest.ready_at is None and key is PromotionKey.IMAGES:
        brought = rollouts.digest(newest.images)
    before = next((digest_of(one, key) for one in reversed(older) if digest_of(one, key)), 0)
    return newest.manner is Manner.NORMAL and brought not in (0, before)


def _value(rollout: Rollout, key: PromotionKey) -> tuple[str, ...]:
    return rollout.revision if key is PromotionKey.REVISION else rollout.images


def _delivery(
    service: Service, environment: str, key: PromotionKey, result: Result, ended_at: float, sight: Sight
) -> Delivered:
    """What is told of the newest rollout of an environment; once more after a failure, from there on."""
    rollout = service.rollouts[environment][-1]
    again = rollout.told is Told.FAILED and rollout.failed_at is not None
    started_at = rollout.failed_at if again and rollout.failed_at is not None else rollout.started_at
    return Delivered(
        journey=_journey(service, key, _value(rollout, key)),
        environment=environment,
        started_at=started_at,
        ended_at=max(ended_at, started_at),
        result=result,
        message="Degraded" if result is Result.FAILURE else "",
        syncs=rollout.syncs,
        revision=rollout.revision,
        images=rollout.images,
        observed_at=sight.at,
        catch_up=sight.catch_up,
    )


def _go_on(service: Service, told: Delivered, rules: Rules, happenings: list[Happening]) -> Service:
    """The journeys go on."""
    last = tuple(_by_environment(service, rules))[-1]
    ways, happened = journeys.delivered(service.ways, told, last)
    happenings.extend(happened)
    return replace(service, ways=ways)


def _promoted(service: Service, sight: Sight, rules: Rules, happenings: list[Happening]) -> Service:
    """Tell of what is Healthy in an environment and was in an earlier one before, once."""
    if not any(may_be_promoted(one[-1]) for one in service.rollouts.values()):
        return service
    by_environment = _by_environment(service, rules)
    names = tuple(by_environment)
    for place, environment in enumerate(names):
        if not service.rollouts.get(environment):
            continue
        earlier = [
            (other, key_of(rules.key, by_environment[other], by_environment[environment]))
            for other in reversed(names[:place])
        ]
        found = source_of(service.rollouts, earlier, environment)
        if found is None:
            continue
        other, key, source = found
        *older, newest = service.rollouts[environment]
        happenings.append(
            Promoted(
                pair=Pair(service.engine, service.project, service.name, other, environment),
                key=key,
                value=_value(newest, key),
                deployed_at=source.deployed_at,
                at=newest.ready_at or sight.at,
                observed_at=sight.at,
                catch_up=sight.catch_up,
            )
        )
        service = _with(service, environment, (*older, replace(newest, promoted=True)))
    return service


def _by_environment(service: Service, rules: Rules) -> dict[str, Mapping[str, Member]]:
    """The Applications of each environment that has some, in the order of promotion."""
    return dict(_grouped(service, rules))


def _grouped(service: Service, rules: Rules) -> Iterator[tuple[str, Mapping[str, Member]]]:
    for environment in rules.environments:
        members = {name: one for name, one in service.members.items() if one.environment == environment}
        if members:
            yield environment, members


def _with(service: Service, environment: str, had: tuple[Rollout, ...]) -> Service:
    return replace(service, rollouts={**service.rollouts, environment: had})


def _journey(service: Service, key: PromotionKey, value: tuple[str, ...], number: int = 0) -> Journey:
    return Journey(service.engine, service.project, service.name, key, value, number)
