"""States that are to be saved, each once for all that happened to it meanwhile. Belongs to the event loop."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

from observability.journal.group import ObjectKey
from observability.model.state import Change, State
from observability.state.saving import dumps, is_due, is_put_off

_WAITING_MOST: Final = 1000


class Unsaved:
    """What waits for the journal. `failed` is told of a state that cannot be encoded, a defect of ours: it is left out.

    The latest of it waits as it is: of what changes often only the last state is encoded.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._states: dict[ObjectKey, tuple[State | None, State | None]] = {}
        """As it was when it was noted first, and as it is now."""
        self._encoded: dict[ObjectKey, bytes | None] = {}

    def note(self, change: Change) -> None:
        """It is to be saved. The latest come last: those before them are slim already, see `Store.apply`."""
        key = change.kind, change.key
        if change.compared and key not in self._states and not is_due(change.before, change.after):
            return
        before, _ = self._states.pop(key, (change.before, None))
        self._states[key] = before, change.after

    def settle(self) -> None:
        """Encode what is too much to wait, as it comes rather than all at once: that would hold the loop."""
        if len(self._states) > _WAITING_MOST:
            self._encode(len(self._states) - _WAITING_MOST)

    def take(self) -> dict[ObjectKey, bytes | None]:
        """All of it as it is saved, None for what is gone; it waits no more."""
        self._encode(len(self._states))
        encoded, self._encoded = self._encoded, {}
        return encoded

    def put_back(self, encoded: Mapping[ObjectKey, bytes | None]) -> None:
        """What was taken could not be saved: it waits again, but for what has waited since."""
        self._encoded = {**encoded, **self._encoded}

    def _encode(self, count: int) -> None:
        for key in list(islice(self._states, count)):
            before, after = self._states.pop(key)
            if before is not None and after is not None and is_put_off(before, after):
                continue
            try:
                self._encoded[key] = None if after is None else dumps(after)
            except Exception as error:  # the others are saved
                self._failed(error)
