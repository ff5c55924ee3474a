"""What is told of one service: deliveries, journeys and promotions. Pure."""

from msgspec.structs import replace

from observability.model.promotion import Delivered, Happening, Journey, Pair, Promoted, PromotionKey
from observability.model.status import Result
from observability.state import journeys, rollouts
from observability.state.pairs import digest_of, key_of, may_be_promoted, source_of
from observability.state.rollouts import Manner, Member, Rollout, Told
from observability.state.services import Rules, Service, Sight, by_environments, with_rollouts


def overtaken(
    service: Service, environment: str, by: Rollout, sight: Sight, rules: Rules, happenings: list[Happening]
) -> Service:
    """Something newer came before it was Healthy; what it was is only known where the revision travels."""
    by_environment = by_environments(service, rules)
    key = key_of(rules.key, *by_environment.values())
    rollout = service.rollouts[environment][-1]
    if rollout.told is not Told.NOTHING or key is not PromotionKey.REVISION or len(by_environment) < 2:
        return service
    if not _travels(service, environment, key):
        return service
    ended_at = max(by.started_at, rollout.started_at)
    told = _delivery(service, environment, key, Result.CANCELLATION, ended_at, sight)
    return _go_on(service, told, rules, happenings)


def failed(service: Service, sight: Sight, now: Member, rules: Rules, happenings: list[Happening]) -> Service:
    """A sync failed: what it was asked to bring is known where the revision travels."""
    by_environment = by_environments(service, rules)
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
        journey=journey(service, key, asked),
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


def told(service: Service, environment: str, sight: Sight, rules: Rules, happenings: list[Happening]) -> Service:
    """Tell of the newest rollout of an environment that it is delivered, or that it failed, once."""
    had = service.rollouts.get(environment, ())
    if not had or had[-1].manner is not Manner.NORMAL:
        return service
    rollout = had[-1]
    ready = rollout.ready_at is not None
    if rollout.told is Told.DELIVERED or (not ready and (rollout.failed_at is None or rollout.told is Told.FAILED)):
        return service
    by_environment = by_environments(service, rules)
    key = key_of(rules.key, *by_environment.values())
    if len(by_environment) < 2 or not _travels(service, environment, key):
        return service
    result = Result.SUCCESS if ready else Result.FAILURE
    ended_at = rollout.ready_at if rollout.ready_at is not None else rollout.failed_at or sight.at
    told = _delivery(service, environment, key, result, ended_at, sight)
    marked = (
        replace(rollout, told=Told.DELIVERED, members=(), syncs=()) if ready else replace(rollout, told=Told.FAILED)
    )
    return _go_on(with_rollouts(service, environment, (*had[:-1], marked)), told, rules, happenings)


def promoted(service: Service, sight: Sight, rules: Rules, happenings: list[Happening]) -> Service:
    """Tell of what is Healthy in an environment and was in an earlier one before, once."""
    first = rules.environments[0]
    waiting = [name for name, had in service.rollouts.items() if name != first and may_be_promoted(had[-1])]
    if not waiting:
        return service
    by_environment = by_environments(service, rules)
    names = tuple(by_environment)
    for place, environment in enumerate(names):
        if not place or environment not in waiting:
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
        service = with_rollouts(service, environment, (*older, replace(newest, promoted=True)))
    return service


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
        journey=journey(service, key, _value(rollout, key)),
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
    last = tuple(by_environments(service, rules))[-1]
    ways, happened = journeys.delivered(service.ways, told, last)
    happenings.extend(happened)
    return replace(service, ways=ways)


def journey(service: Service, key: PromotionKey, value: tuple[str, ...]) -> Journey:
    """What travels, as a journey of this service."""
    created_at = min(member.created_at for member in service.members.values())
    return Journey(service.engine, service.project, service.name, key, value, created_at=created_at)
