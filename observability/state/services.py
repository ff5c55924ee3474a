"""The memory of one service: what its environments run and had run, and what is under way. Pure.

What cannot be seen, because the Application does not tell it:
- deployments that several others followed while nobody watched: the newest one only;
- deployments of an Application with `revisionHistoryLimit: 0`;
- the images of a sync that failed: only where the revision travels does it belong to a journey;
- images of a deployment that another one followed before it was Healthy;
- which images are those of hooks: as long as Argo CD shows their pods they count as images of the Application.
"""

from collections.abc import Collection, Mapping
from itertools import pairwise
from math import inf
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from observability.model.promotion import Pair, PromotionKey, PromotionState
from observability.model.state import ApplicationState
from observability.state.journeys import Way
from observability.state.pairs import Members, key_of, state_of
from observability.state.rollouts import Member, Rollout


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


def states(service: Service, rules: Rules) -> dict[Pair, PromotionState]:
    """How its neighbouring environments stand to each other."""
    by_environment = by_environments(service, rules)
    return _states(service, by_environment, by_environment, rules)


def changed_states(before: Service | None, after: Service | None, rules: Rules) -> dict[Pair, PromotionState | None]:
    """Which of them stand otherwise than before, and how; None for those that are no more.

    Only what follows from environments that are others is looked at: `before` and `after` share what is not.
    """
    if before is not None and after is not None and _stand_the_same(before, after):
        return {}
    had = {} if before is None else by_environments(before, rules)
    has = {} if after is None else by_environments(after, rules)
    touched: Collection[str] = had.keys() | has.keys()
    if before is not None and after is not None and tuple(had) == tuple(has):
        touched = [name for name in has if not _stands_the_same(name, before, after, had[name], has[name])]
    stood = {} if before is None else _states(before, had, touched, rules)
    stands = {} if after is None else _states(after, has, touched, rules)
    others: dict[Pair, PromotionState | None] = {pair: one for pair, one in stands.items() if stood.get(pair) != one}
    return others | dict.fromkeys(stood.keys() - stands.keys())


def _states(
    service: Service, by_environment: Mapping[str, Members], touched: Collection[str], rules: Rules
) -> dict[Pair, PromotionState]:
    """How those neighbours stand of which one is touched."""
    found = {}
    for before, after in pairwise(by_environment):
        if before in touched or after in touched:
            members = by_environment[before], by_environment[after]
            pair = Pair(service.engine, service.project, service.name, before, after)
            found[pair] = state_of(pair, key_of(rules.key, *members), members, service.rollouts)
    return found


def _stand_the_same(before: Service, after: Service) -> bool:
    """Nothing that states are made of is another than before."""
    return before.rollouts is after.rollouts and _show_the_same(before.members, after.members)


def _stands_the_same(environment: str, before: Service, after: Service, had: Members, has: Members) -> bool:
    """Nothing of it that states are made of is another than before."""
    return before.rollouts.get(environment) is after.rollouts.get(environment) and _show_the_same(had, has)


def _show_the_same(had: Members, has: Members) -> bool:
    if had.keys() != has.keys():
        return False
    for name, one in has.items():
        other = had[name]
        if one is not other and (
            one.environment != other.environment
            or one.place != other.place
            or one.revision != other.revision
            or one.settled != other.settled
            or one.images != other.images
        ):
            return False
    return True


def open_until(service: Service) -> float:
    """Something is on its way: what is seen of any Application of it counts, though nothing seems to change.

    Infinite while that is so. Otherwise until when only its images count, as they may still change.
    """
    until, pictured = -inf, True
    for had in service.rollouts.values():
        newest = had[-1]
        if newest.ready_at is None:
            return inf
        pictured = pictured and newest.images_digest != 0
        until = max(until, newest.watched_until)
    return until if pictured or not any(member.images for member in service.members.values()) else inf


def by_environments(service: Service, rules: Rules) -> dict[str, Members]:
    """The Applications of each environment that has some, in the order of promotion."""
    found: dict[str, dict[str, Member]] = {}
    for name, one in service.members.items():
        members = found.get(one.environment)
        if members is None:
            found[one.environment] = {name: one}
        else:
            members[name] = one
    return {environment: found[environment] for environment in rules.environments if environment in found}


def members_in(service: Service, environment: str) -> Members:
    """The Applications of one environment."""
    return {name: one for name, one in service.members.items() if one.environment == environment}


def with_rollouts(service: Service, environment: str, had: tuple[Rollout, ...]) -> Service:
    """The service with other rollouts of an environment."""
    return replace(service, rollouts={**service.rollouts, environment: had})
