"""Which of what the journal knew is still watched, and with the selector that it was listed with. Pure."""

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

import msgspec

from observability.app.watched import LISTED, encoded, named
from observability.model.observation import Kind, Scope
from observability.model.state import State

SELECTORS: Final = "selectors"
"""The name of the value that tells the label selectors that scopes were listed with, but for empty ones."""
_SELECTORS: Final = msgspec.msgpack.Decoder(dict[str, str])

Selectors: TypeAlias = Mapping[Scope, str]
"""The scopes that are watched, each with its label selector, empty for all objects."""


class Coverage(NamedTuple):
    """The scopes that are watched now. `before`: selectors they were listed with, by saved name; None: not known."""

    selectors: Selectors
    before: Mapping[str, str] | None

    def has(self, kind: Kind, state: State) -> bool:
        """A scope that is watched has the object, whatever its labels."""
        facts = state.facts
        return any(Scope(kind, namespace, facts.engine) in self.selectors for namespace in ("", facts.namespace))

    def is_same(self, scope: Scope) -> bool:
        """The scope is watched as before: what is known of it is known of the same objects."""
        selector = self.selectors.get(scope)
        return selector is not None and self.before is not None and self.before.get(named(scope), "") == selector

    def unsaved(self, listed: Mapping[Scope, float]) -> dict[str, bytes | None]:
        """What is to be saved where something is watched in another way than before: now, and when it was listed."""
        now = {named(scope): selector for scope, selector in self.selectors.items() if selector}
        found: dict[str, bytes | None] = {}
        if now != self.before:
            found[SELECTORS] = msgspec.msgpack.encode(now) if now else None
        same = {scope: at for scope, at in listed.items() if self.is_same(scope)}
        if len(same) < len(listed):
            found[LISTED] = encoded(same)
        return found


def selectors(value: bytes | None) -> dict[str, str]:
    """Selectors as they were saved, by the saved name of the scope. Raises ValueError when that cannot be read."""
    return {} if value is None else _SELECTORS.decode(value)
