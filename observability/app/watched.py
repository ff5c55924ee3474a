"""Where the watch of each scope stands, and what of it nobody saw. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from observability.model.observation import Alive, Compared, Listed, Listing, Observation, Scope, Seen, scope_of
from observability.signals.events import Gap

LISTED: Final = "listed"
"""The name of the value that tells when each scope was listed first."""
UNSEEN: Final = "unseen"
"""The name of the value that tells, of each scope that is listed again, since when nobody saw what happened there."""
_TIMES: Final = msgspec.msgpack.Decoder(dict[str, float])


def _raise(error: Exception) -> None:
    raise error


class Watched:
    """The scopes that are watched; `listed` tells when each was listed first, in seconds since the epoch."""

    def __init__(self, listed: Mapping[Scope, float]) -> None:
        self._listed = listed
        self._cursors: dict[Scope, str | None] = {}
        self._values: dict[str, bytes | None] = {}
        self._known_until: dict[Scope, float] = {}
        self._gaps: dict[Scope, str] = {}

    def restore(self, known_until: Mapping[Scope, float], forgotten: Iterable[Scope] = ()) -> None:
        """Begin with what was known of each scope until then; the cursors of some are to be forgotten.

        That nobody saw what happens there until they are listed is saved with that: the list may never come to its end.
        """
        self._known_until = dict(known_until)
        self._cursors = dict.fromkeys(forgotten)
        self._gaps = {scope: "restart" for scope in self._cursors if scope in known_until}
        if self._gaps:
            self._note_unseen()

    def observe(
        self, scope: Scope, observations: Sequence[Observation], failed: Callable[[Exception], None] = _raise
    ) -> Iterator[Gap]:
        """Note where the watch of a scope stands. The gaps that end.

        An observation that cannot be noted, a defect of ours, is told to `failed`; the others are noted.
        """
        for observation in observations:
            try:
                match observation:
                    case Seen(object=told) | (Compared() as told) if scope not in self._gaps:
                        self._cursors[scope] = told.resource_version or None
                        self._known_until[scope] = observation.received_at
                    case Alive() | Listed():
                        self._cursors[scope] = observation.resource_version or None
                        if isinstance(observation, Listed):
                            yield from self._complete(scope, observation.received_at)
                        self._known_until[scope] = observation.received_at
                    case Listing():
                        # Until the list is complete, what is saved is of no one version.
                        self._cursors[scope] = None
                        self._gaps[scope] = "restart" if observation.reason == "start" else observation.reason
                        self._note_unseen()
                    case _:
                        pass
            except Exception as error:
                failed(error)

    def unsaved(self) -> tuple[dict[Scope, str | None], dict[str, bytes | None]]:
        """Cursors and values that are others since this was asked last; None: to be forgotten."""
        cursors, self._cursors = self._cursors, {}
        values, self._values = self._values, {}
        return cursors, values

    def _complete(self, scope: Scope, at: float) -> Iterator[Gap]:
        """A list is complete. Unless it is the very first, what happened since the scope was known was not seen."""
        self._values[LISTED] = encoded(self._listed)
        reason = self._gaps.pop(scope, "")
        self._note_unseen()
        known_until = self._known_until.get(scope)
        if reason and known_until is not None:
            yield Gap(known_until, at, reason, scope.kind.value, scope.namespace, engine=scope.engine)

    def _note_unseen(self) -> None:
        """A list that does not come to its end in this process leaves no cursor: only this tells when the gap began."""
        began = {scope: self._known_until[scope] for scope in self._gaps if scope in self._known_until}
        self._values[UNSEEN] = encoded(began) if began else None


def times(value: bytes | None) -> dict[Scope, float]:
    """A time for each scope, as it was saved. Raises ValueError when that cannot be read."""
    if value is None:
        return {}
    return {_scope(name): at for name, at in _TIMES.decode(value).items()}


def encoded(of_scopes: Mapping[Scope, float]) -> bytes:
    """A time for each scope, to be saved."""
    return msgspec.msgpack.encode({named(scope): at for scope, at in of_scopes.items()})


def named(scope: Scope) -> str:
    """The name that a scope is saved by."""
    return f"{scope.of}/{scope.namespace}"


def _scope(name: str) -> Scope:
    of, _, namespace = name.rpartition("/")
    return scope_of(of, namespace)
