"""The end of a process whose journal is in memory: what nobody has by then is lost with it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Final

import structlog

from observability.errors import JournalError
from observability.journal.journal import Journal

log = structlog.get_logger(__name__)

GRACE_SECONDS: Final = 3.0
"""So long endpoints have: shutdown takes 10 s at most, and the server needs some of that to say goodbye."""
_LOOK_SECONDS: Final = 0.05


async def part(
    journal: Journal,
    endpoints: Collection[str],
    finish: Callable[[], Awaitable[None]],
    seconds: float = GRACE_SECONDS,
) -> None:
    """Wait until these endpoints have everything, at most so many seconds; then say what is lost, by endpoint.

    They are to be served meanwhile. `finish` writes what is left to be recorded. With a journal in a file nothing is
    lost, and nobody waits. Records that an endpoint does not want are counted, too, while it has not come to them.
    """
    if journal.path is not None or not endpoints:
        return
    try:
        await finish()
    except JournalError as error:
        log.warning("the journal cannot be used", error=str(error))
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while (owed := await _owed(journal, endpoints)) and loop.time() < until:  # noqa: ASYNC110 - nobody tells the last
        await asyncio.sleep(_LOOK_SECONDS)
    for name, records in owed.items():
        log.warning("records are lost with the process: they were not delivered", endpoint=name, records=records)


async def _owed(journal: Journal, endpoints: Collection[str]) -> Mapping[str, int]:
    """How many records each of them has not got yet; only who is owed some."""
    try:
        stats = await journal.stats()
    except JournalError as error:
        log.warning("the journal cannot be used", error=str(error))
        return {}
    return {one.name: one.rows for one in stats.endpoints if one.rows and one.name in endpoints}
