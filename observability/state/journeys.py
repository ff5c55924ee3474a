"""What is under way through the environments of one service. Pure.

A journey sets out with the first environment that has something new, and is over when the last environment is Healthy
with it, or when each environment that had it has something newer.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from observability.model.promotion import Arrived, Delivered, Journey, PromotionKey
from observability.model.status import Result
from observability.state.rollouts import digest

MOST_KNOWN: Final = 4
"""So many of those that are over are known, to know again what comes late."""


class Way(Struct, frozen=True, gc=False, array_like=True, kw_only=True):
    """A journey, and how far it is. Of one that is over, `value` is let go."""

    key: PromotionKey
    value_digest: int
    number: int
    started_at: float
    value: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    """Environments that had it successfully."""
    newest_in: tuple[str, ...] = ()
    """Environments that had, or tried, nothing newer."""
    last_at: float = 0.0
    over: bool = False
    created_at: float = 0.0
    """See `Journey.created_at`."""

    def of(self, sibling: Journey) -> Journey:
        """The journey, as one of the same service as `sibling`."""
        return replace(sibling, key=self.key, value=self.value, number=self.number, created_at=self.created_at)


Happened = tuple[Delivered | Arrived, ...]


def delivered(ways: tuple[Way, ...], told: Delivered, last: str) -> tuple[tuple[Way, ...], Happened]:
    """The journeys after an environment had, or tried, something; `last` is the last environment of the service.

    The number of `told.journey` is set here: the same that comes again is a journey of its own, and so is what comes
    to an environment when its journey is over and forgotten. A journey that goes on is of the service as it set out.
    """
    value_digest, key = digest(told.journey.value), told.journey.key
    known = next((way for way in reversed(ways) if (way.key, way.value_digest) == (key, value_digest)), None)
    if known is None or told.environment in known.reached:
        number = _first_number(ways, told) if known is None else known.number + 1
        way = Way(
            key=key,
            value_digest=value_digest,
            number=number,
            started_at=told.started_at,
            value=told.journey.value,
            created_at=told.journey.created_at,
        )
        others = ways
    else:
        way = known
        others = tuple(one for one in ways if one is not known)
    arrives = told.result is Result.SUCCESS and told.environment == last and not way.over
    way = replace(
        way,
        reached=(*way.reached, told.environment) if told.result is Result.SUCCESS else way.reached,
        newest_in=(*(one for one in way.newest_in if one != told.environment), told.environment),
        started_at=min(way.started_at, told.started_at),
        last_at=max(way.last_at, told.ended_at),
    )
    journey = replace(told.journey, number=way.number, created_at=way.created_at)
    happened: list[Delivered | Arrived] = [replace(told, journey=journey)]
    kept: list[Way] = []
    for one in others:
        left = _left(one, told.environment)
        if left.over and not one.over:
            happened.append(_arrived(one, told.journey, told.ended_at, complete=False))
        kept.append(left)
    if arrives:
        happened.append(_arrived(way, told.journey, told.ended_at, complete=True))
        way = _over(way)
    kept.append(way)
    return _bounded(kept), tuple(happened)


def _first_number(ways: tuple[Way, ...], told: Delivered) -> int:
    """0; once journeys were forgotten, one of which this may go on: a number that none of them can have had."""
    forgets = sum(way.over for way in ways) >= MOST_KNOWN
    return int(told.started_at) if forgets else 0


def _left(way: Way, environment: str) -> Way:
    """The journey after something newer came to an environment."""
    if environment not in way.newest_in:
        return way
    newest_in = tuple(one for one in way.newest_in if one != environment)
    left = replace(way, newest_in=newest_in)
    return left if newest_in or way.over else _over(left)


def _over(way: Way) -> Way:
    return replace(way, over=True, value=())


def _arrived(way: Way, sibling: Journey, at: float, *, complete: bool) -> Arrived:
    ended_at = at if complete else max(at, way.last_at)
    journey = way.of(sibling)
    return Arrived(
        journey=journey, started_at=way.started_at, ended_at=ended_at, complete=complete, environments=way.reached
    )


def _bounded(ways: list[Way]) -> tuple[Way, ...]:
    """Of those that are over only the newest; of those under way each is the newest in some environment."""
    over = [way for way in ways if way.over]
    forgotten = over[: max(0, len(over) - MOST_KNOWN)]
    return tuple(way for way in ways if way not in forgotten)
