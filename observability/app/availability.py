"""Which kinds are in, which are out of reach, and what that means for readiness. Pure."""

from collections.abc import Iterable
from enum import Enum

from observability.model.observation import Kind, Listed, Observation, Restarted, Scope, Unavailable

_FINAL = ("forbidden", "not_found")


class Presence(Enum):
    """How a scope is."""

    WAITING = "not listed yet"
    IN = "listed"
    REFUSED = "forbidden or not installed"


class Availability:
    """What has been listed and what cannot be.

    A scope that is forbidden or not installed holds up nothing, but without any Application there is nothing to show.
    """

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self._presence = dict.fromkeys(scopes, Presence.WAITING)
        self._troubles: dict[Scope, str] = {}

    def take(self, observation: Observation) -> None:
        """Note what an observation says of its scope."""
        match observation:
            case Listed(scope):
                self._presence[scope] = Presence.IN
                self._troubles.pop(scope, None)
            case Restarted(scope):
                # It goes on from a version: what was listed is known, if not from this process then from the journal.
                self._presence[scope] = Presence.IN
                self._troubles.pop(scope, None)
            case Unavailable(scope, reason, _):
                self._troubles[scope] = reason
                if reason in _FINAL and self._presence[scope] is Presence.WAITING:
                    self._presence[scope] = Presence.REFUSED
            case _:
                pass

    def is_settled(self, kind: Kind) -> bool:
        """Whatever can be had of the kind has been listed once."""
        return Presence.WAITING not in self._of(kind)

    def is_in(self, kind: Kind) -> bool:
        """The kind is settled, and something of it was listed."""
        return self.is_settled(kind) and Presence.IN in self._of(kind)

    def is_available(self, kind: Kind) -> bool:
        """All of it can be listed and watched now."""
        return all(scope not in self._troubles for scope in self._presence if scope.kind is kind) and self.is_in(kind)

    @property
    def is_ready(self) -> bool:
        """Each kind is settled, and there are Applications to show."""
        return all(map(self.is_settled, Kind)) and self.is_in(Kind.APPLICATION)

    def waiting_for(self) -> list[str]:
        """Why it is not ready, a sentence each; empty when it is."""
        if self.is_ready:
            return []
        return [
            f"{_name(scope)}: {self._troubles.get(scope, presence.value)}"
            for scope, presence in self._presence.items()
            if presence is Presence.WAITING or (presence is Presence.REFUSED and scope.kind is Kind.APPLICATION)
        ]

    def watched(self) -> list[str]:
        """What is watched, and how it is: a line a scope."""
        return [f"{_name(scope)}: {self._troubles.get(scope, one.value)}" for scope, one in self._presence.items()]

    def _of(self, kind: Kind) -> list[Presence]:
        return [presence for scope, presence in self._presence.items() if scope.kind is kind]


def _name(scope: Scope) -> str:
    return f"{scope.of} in {'all namespaces' if not scope.namespace else f'namespace {scope.namespace}'}"
