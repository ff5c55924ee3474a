"""What is to be judged again, at once or at a time. Pure: time comes in."""

import heapq
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from observability.model.application import Key
from observability.model.observation import Kind
from observability.state.calendar import Assignment

Alarm: TypeAlias = Assignment | tuple[Kind, Key]
"""What an alarm is for: all members of an assignment, or one object."""


class Agenda:
    """Alarms by time, and the objects whose turn it is. An object stands in it once, however often it was added."""

    def __init__(self) -> None:
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._count = 0
        self._now: dict[Kind, dict[Key, None]] = {kind: {} for kind in Kind}

    def alarm(self, at: float, what: Alarm) -> None:
        """Judge `what` at `at` (seconds since the epoch)."""
        self._count += 1
        heapq.heappush(self._alarms, (at, self._count, what))

    def add(self, kind: Kind, keys: Iterable[Key]) -> None:
        """Judge these soon. A hundred thousand are added in some milliseconds, and judged in slices."""
        self._now[kind].update(dict.fromkeys(keys))

    def forget_alarms(self) -> None:
        """No alarm holds any more."""
        self._alarms.clear()

    def next_at(self) -> float | None:
        """When there is something to do: 0 for at once, None for not before something is added."""
        if any(self._now.values()):
            return 0.0
        return self._alarms[0][0] if self._alarms else None

    def rung(self, now: float) -> Iterator[Alarm]:
        """The alarms that are due, each taken off."""
        while self._alarms and self._alarms[0][0] <= now:
            yield heapq.heappop(self._alarms)[2]

    def turns(self, most: int) -> Iterator[tuple[Kind, Key]]:
        """The objects whose turn it is, `most` of them at most, each taken off; projects first."""
        for kind in (Kind.PROJECT, Kind.APPLICATIONSET, Kind.APPLICATION):
            keys = self._now[kind]
            while keys and most > 0:
                most -= 1
                yield kind, keys.popitem()[0]
