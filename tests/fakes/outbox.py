"""An outbox in memory, faithful to the journal as the contract in model/outbox.py says.

Rows have growing numbers; each endpoint has a cursor of its own, which only moves forward; a refused row goes to the
dead letters; rows stay until the test ends. `fail` makes the next calls raise JournalError, as a full disk would.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from observability.errors import JournalError
from observability.model.event import Record
from observability.model.outbox import Row


class DeadLetter(NamedTuple):
    """A row that an endpoint refused, and why."""

    endpoint: str
    row: Row
    reason: str


class MemoryOutbox:
    """What is recorded and not yet delivered."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.rows: list[Row] = []
        self.cursors: defaultdict[str, int] = defaultdict(int)
        self.dead: list[DeadLetter] = []
        self.fail = 0
        self.calls: list[tuple[str, str, int]] = []
        """What was asked: the method, the endpoint, and how many or up to which row."""
        self._more = asyncio.Condition()
        self.put(records)

    def put(self, records: Iterable[Record]) -> None:
        """Record these; whoever waits already is not told."""
        for record in records:
            self.rows.append(Row(len(self.rows) + 1, record))

    async def add(self, *records: Record) -> None:
        """Record these, and tell those who wait."""
        self.put(records)
        async with self._more:
            self._more.notify_all()

    async def next(self, endpoint: str, most: int) -> Sequence[Row]:
        """The oldest rows that this endpoint has not."""
        self._ask("next", endpoint, most)
        start = self.cursors[endpoint]
        return self.rows[start : start + most]

    async def wait(self, endpoint: str) -> None:
        """Until there is something for this endpoint."""
        self._ask("wait", endpoint, 0)
        async with self._more:
            await self._more.wait_for(lambda: self.pending(endpoint) > 0)

    async def acknowledge(self, endpoint: str, number: int) -> None:
        """It has all rows up to this one."""
        self._ask("acknowledge", endpoint, number)
        self._move(endpoint, number)

    async def refuse(self, endpoint: str, row: Row, reason: str) -> None:
        """It has all rows before this one, and will never take this one."""
        self._ask("refuse", endpoint, row.number)
        self.dead.append(DeadLetter(endpoint, row, reason))
        self._move(endpoint, row.number)

    def pending(self, endpoint: str) -> int:
        """How many rows this endpoint has not."""
        return len(self.rows) - self.cursors[endpoint]

    def _move(self, endpoint: str, number: int) -> None:
        assert self.cursors[endpoint] <= number <= len(self.rows), "a cursor moves forward, to rows that exist"
        self.cursors[endpoint] = number

    def _ask(self, what: str, endpoint: str, number: int) -> None:
        self.calls.append((what, endpoint, number))
        if self.fail:
            self.fail -= 1
            raise JournalError("the disk is full")
