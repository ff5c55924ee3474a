"""What was delivered of late, so that a batch that is tried again is not sent again as a whole. Pure."""

from typing import Final

_MOST: Final = 10_000


class Recent:
    """Identifiers of the records that were delivered last, at most ten thousand. Gone with the process."""

    def __init__(self, most: int = _MOST) -> None:
        self._ids: dict[str, None] = {}
        self._most = most

    def add(self, id_: str) -> None:
        """This one was delivered."""
        self._ids[id_] = None
        if len(self._ids) > self._most:
            del self._ids[next(iter(self._ids))]

    def __contains__(self, id_: str) -> bool:
        return id_ in self._ids
