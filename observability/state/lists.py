"""Which objects are there, as lists tell it, and what happened while nobody watched. Pure: time comes in."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from observability.model.application import Application, Key
from observability.model.observation import Kind, Resource, Scope
from observability.model.state import State

_CLOCK_SKEW_SECONDS: Final = 60.0
"""So far behind ours the clock of the API server may be."""
_MOST_AT_ONCE: Final = 200


class Lists:
    """The lists of all scopes: when each was complete first, and what of those under way was there so far."""

    def __init__(self) -> None:
        self.listed: dict[Scope, float] = {}
        """When each scope was listed first, in seconds since the epoch."""
        self._under_way: dict[Scope, set[Key]] = {}
        self._restored: set[Scope] = set()
        self._leaving: dict[Kind, dict[Key, None]] = {kind: {} for kind in Kind}

    @property
    def go_back(self) -> bool:
        """One is under way as of an older version than was known: the same version may be another state."""
        return bool(self._restored)

    @property
    def are_leaving(self) -> bool:
        """Some are still to be forgotten that a list did not have."""
        return any(self._leaving.values())

    def begin(self, scope: Scope, reason: str) -> None:
        """A list begins, anew if one was under way. `reason`: see `Listing`."""
        self._under_way[scope] = set()
        if reason == "restored":
            self._restored.add(scope)

    def note(self, kind: Kind, key: Key) -> None:
        """The object is still there: no list under way takes it for gone, nor does one that was."""
        if leaving := self._leaving[kind]:
            leaving.pop(key, None)
        if self._under_way:
            for scope, seen in self._under_way.items():
                if scope.kind is kind:
                    seen.add(key)

    def complete(self, scope: Scope, at: float, known: Mapping[Key, State]) -> Sequence[Key]:
        """A list is complete: those of `known` that are in its scope and were not in it were deleted meanwhile.

        The first of them, to be forgotten at once; `leaving` yields the others by and by.
        """
        seen = self._under_way.pop(scope, set())
        self._restored.discard(scope)
        self.listed.setdefault(scope, at)
        gone = [key for key, one in known.items() if key not in seen and _has(scope, one.facts)]
        self._leaving[scope.kind].update(dict.fromkeys(gone[_MOST_AT_ONCE:]))
        return gone[:_MOST_AT_ONCE]

    def leaving(self, most: int) -> Iterator[tuple[Kind, Key]]:
        """`most` at most of those that a list did not have, each taken off."""
        for kind, keys in self._leaving.items():
            while keys and most > 0:
                most -= 1
                yield kind, keys.popitem()[0]

    def left(self, kind: Kind, key: Key) -> None:
        """The object is forgotten."""
        self._leaving[kind].pop(key, None)

    def have(self, kind: Kind, facts: Resource) -> bool:
        """A list of a scope that has this object was complete."""
        return any(scope in self.listed for scope in _scopes_of(kind, facts))

    def catch_up(self, kind: Kind, facts: Resource) -> bool:
        """A list of what was listed before is under way: what it tells happened while nobody watched."""
        return bool(self._under_way) and any(
            scope.kind is kind and _has(scope, facts) and scope in self.listed for scope in self._under_way
        )

    def saw_birth(self, facts: Application) -> bool:
        """Whether it was created after the first list.

        Its time of creation tells, by the clock of the API server: one that could not be read until now, or that the
        selector did not select, was there before. While that clock is a little behind, being watched tells more.
        """
        scopes = _scopes_of(Kind.APPLICATION, facts)
        listed_at = min((self.listed[scope] for scope in scopes if scope in self.listed), default=None)
        if listed_at is None:
            return False
        listing = any(scope in self._under_way for scope in scopes)
        if facts.created_at is None:
            return not listing
        return facts.created_at >= (listed_at if listing else listed_at - _CLOCK_SKEW_SECONDS)


def _scopes_of(kind: Kind, facts: Resource) -> tuple[Scope, Scope]:
    return Scope(kind, "", facts.engine), Scope(kind, facts.namespace, facts.engine)


def _has(scope: Scope, facts: Resource) -> bool:
    """A list of that scope has the object, as long as it is there."""
    return scope.namespace in ("", facts.namespace) and scope.engine == facts.engine
