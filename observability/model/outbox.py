"""Between the journal, which keeps what is to be delivered, and the sinks, which deliver it."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from observability.model.event import Record


class Row(Struct, frozen=True, gc=False):
    """A record in the outbox. `number` grows with each record, over all subjects."""

    number: int
    record: Record


class Outbox(Protocol):
    """What is recorded and not yet delivered. Each endpoint has a cursor of its own, by its name.

    All methods raise JournalError when the journal cannot be used now; nothing is lost by it.
    """

    async def next(self, endpoint: str, most: int) -> Sequence[Row]:
        """The oldest rows that this endpoint has neither acknowledged nor refused, in order; empty: there are none."""
        ...

    async def wait(self, endpoint: str) -> None:
        """Until there may be something for this endpoint."""
        ...

    async def acknowledge(self, endpoint: str, number: int) -> None:
        """It has all rows up to this one."""
        ...

    async def refuse(self, endpoint: str, row: Row, reason: str) -> None:
        """It has all rows before this one, and will never take this one: that goes to its dead letters."""
        ...


class Sink(Protocol):
    """Somewhere records are delivered to."""

    name: str
    """Unique among all sinks; its cursor is kept by it."""

    async def deliver(self, records: Sequence[Record]) -> None:
        """Return once all of them are there for sure.

        Raises:
            Refused: it will not take them, or some of them, as they are: they are tried again in halves.
            Later: it may take them another time.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and files."""
        ...
