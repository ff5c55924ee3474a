"""What follows for a service from one sight of an Application, or from its end. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from observability.model.promotion import Arrived, Happening
from observability.state import deliveries, rollouts
from observability.state.pairs import digest_of, key_of
from observability.state.rollouts import Manner, Member, Rollout
from observability.state.services import Rules, Service, Sight, by_environments, members_in, with_rollouts

MOST_ROLLOUTS: Final = 5
"""So many of an environment are remembered."""


def seen(service: Service, sight: Sight, rules: Rules) -> tuple[Service, Sequence[Happening]]:
    """The service after one of its Applications was seen, and what happened."""
    known, uid = service.members.get(sight.name), rollouts.digest((sight.state.facts.uid,))
    if known is not None and known.uid != uid:
        known = None
    now = rollouts.member(known, sight.state, uid, observed=sight.fresh)
    failed = rollouts.failure(sight.state)
    is_new_failure = failed is not None and known is not None and failed != known.failed
    if failed is not None and failed != now.failed:
        now = replace(now, failed=failed)
    happenings: list[Happening] = []
    after = service if now == known else replace(service, members={**service.members, sight.name: now})
    if now.revision and (known is None or (now.revision, now.sources) != (known.revision, known.sources)):
        after = _deployed(after, sight, service.members, rules, happenings)
    after = _assessed(after, now.environment, sight.at)
    if is_new_failure:
        after = deliveries.failed(after, sight, now, rules, happenings)
    after = deliveries.told(after, now.environment, sight, rules, happenings)
    return deliveries.promoted(after, sight, rules, happenings), happenings


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
            journey=way.of(deliveries.journey(service, way.key, way.value)),
            started_at=way.started_at,
            ended_at=max(at, way.last_at),
            complete=False,
            environments=way.reached,
        )
        for way in service.ways
        if not way.over
    ]


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
        return with_rollouts(service, now.environment, (*had[:-1], rollouts.joined(newest, sight.state, sight.name)))
    replaced = rollouts.union(one for one in before.values() if one.environment == now.environment)
    begun = rollouts.begun(sight.state, sight.name, manner, replaced)
    if newest is not None and newest.ready_at is None:
        service = deliveries.overtaken(service, now.environment, begun, sight, rules, happenings)
    older = tuple(map(rollouts.slim, had))[-MOST_ROLLOUTS + 1 :]
    return with_rollouts(service, now.environment, (*older, begun))


def _takes_in(service: Service, rollout: Rollout, name: str, manner: Manner, rules: Rules) -> bool:
    """What an Application deployed belongs to this rollout: it has no part in it yet, and not all have it."""
    if manner is not rollout.manner or name in rollout.members:
        return False
    key = key_of(rules.key, *by_environments(service, rules).values())
    return rollout.ready_at is None or manner is Manner.BASELINE or not digest_of(rollout, key)


def _is_known(before: Member | None, now: Member) -> bool:
    return before is not None and before.uid == now.uid


def _assessed(service: Service, environment: str, at: float) -> Service:
    had = service.rollouts.get(environment, ())
    if not had:
        return service
    if rollouts.is_at_rest(had[-1], at):
        return service
    assessed = rollouts.assessed(had[-1], members_in(service, environment), at)
    return service if assessed is had[-1] else with_rollouts(service, environment, (*had[:-1], assessed))
