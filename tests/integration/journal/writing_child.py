"""A process that writes groups and says on stdout what is durable, until it is killed: `writing_child FILE FIRST`.

Each group changes all that a journal holds: the state and the value are the number of the last event of the group.
"""

import asyncio
import sys
import time
from pathlib import Path

from observability.journal.group import Group, Limits
from observability.journal.journal import Journal
from observability.model.event import Record
from observability.model.observation import Kind, Scope
from tests.journals import event, key, span

SIZE = 5


async def main(path: Path, first: int) -> None:
    """Write for ever, three groups at a time."""
    journal = await Journal.open(path, Limits(commit_seconds=0.001), time.time)  # noqa: TID251 - a process of its own
    await journal.add_endpoint("a")

    async def write(last: int) -> None:
        records: list[Record] = [event(number, size=300) for number in range(last - SIZE + 1, last + 1)]
        records.append(span(last))
        told = str(last).encode()
        written = await journal.write(
            Group(
                observed_at=float(last),
                states={key(): told, key(f"{last}"): told},
                cursors={Scope(Kind.APPLICATION): str(last)},
                values={"last": told},
                records=records,
            )
        )
        assert written.durable
        print(last, flush=True)  # noqa: T201 - the parent reads it

    while True:
        await asyncio.gather(*(write(first + SIZE * step - 1) for step in (1, 2, 3)))
        first += 3 * SIZE
        for row in await journal.next("a", 7):
            await journal.acknowledge("a", row.number)


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
