"""Events as lines of JSON, in a file or on stdout."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from observability.delivery.sinks.appending import target
from observability.delivery.sinks.lines import line
from observability.model.event import Attribute, Event, Record


class JsonLines:
    """A sink of lines in the form of `lines.as_json`. Spans are left out.

    A record counts as delivered when its line is on the disk. After a failure in between, lines may be there twice,
    with the same id.
    """

    def __init__(self, name: str, path: Path, resource: Mapping[str, Attribute]) -> None:
        self.name = name
        self._target = target(path)
        self._resource = resource

    async def deliver(self, records: Sequence[Record]) -> None:
        """Return once the line of each event is there. Raises Later: the disk is full, the reader is gone."""
        lines = [line(record, self._resource) for record in records if isinstance(record, Event)]
        if lines:
            await self._target.append(b"".join(lines))

    async def close(self) -> None:
        """Let go of the file."""
        await self._target.close()
