"""A sink in memory: it takes records, or fails as the test says."""

import asyncio
from collections.abc import Sequence

from observability.errors import Refused
from observability.model.event import Record


class Receiver:
    """Keeps what it took, in `taken`. `failures` are raised first, one a call. Batches with a `poison` are refused."""

    def __init__(self, name: str = "sink", failures: Sequence[Exception] = (), poison: Sequence[str] = ()) -> None:
        self.name = name
        self.failures = list(failures)
        self.poison = frozenset(poison)
        self.taken: list[Record] = []
        self.batches: list[int] = []
        """How many records came with each call."""
        self.closed = False

    async def deliver(self, records: Sequence[Record]) -> None:
        """Take all of them, or none."""
        self.batches.append(len(records))
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        bad = [record.id for record in records if record.id in self.poison]
        if bad:
            raise Refused(f"cannot take {bad[0]}")
        self.taken.extend(records)
        await asyncio.sleep(0)

    async def close(self) -> None:
        """Let go."""
        self.closed = True
