"""The journal for the event loop: what is asked here is done in the thread of `writer`, and never waits in the loop."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import structlog

from observability.errors import JournalError
from observability.journal import restoring
from observability.journal.group import Fold, Group, Limits, Stats, Written
from observability.journal.ledger import Ledger
from observability.journal.opening import open_file, open_memory
from observability.journal.restoring import Page, Restored
from observability.journal.writer import Report, Writer
from observability.model.application import Key
from observability.model.observation import Kind
from observability.model.outbox import Row

log = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 10.0
"""Commands change the file, too, and wake nobody: who waits looks so often."""

_Answer = TypeVar("_Answer")


class Journal:
    """An open journal; an `Outbox` of `observability.model`. Belongs to one event loop.

    Every method raises JournalError when the journal is closed, or cannot be used now.
    """

    def __init__(self, ledger: Ledger, path: Path | None, limits: Limits) -> None:
        self.path = path
        self._loop = asyncio.get_running_loop()
        self._writer = Writer(ledger, limits, self._reported)
        self._end = ledger.end
        self._seen: dict[str, int] = {}
        """Of each endpoint that has everything: up to which number that is so."""
        self._news = asyncio.Event()
        self._foldable = asyncio.Event()
        self._writer.start()

    @classmethod
    async def open(cls, path: Path | None, limits: Limits, clock: Callable[[], float]) -> "Journal":
        """The journal in the file, begun when there is none; None: in memory. `clock` tells epoch seconds.

        Raises:
            JournalError: the folder is missing or read-only, somebody else writes the file, a newer version wrote it.
        """
        if path is None:
            log.warning("the journal is in memory: what is in it goes with the process")
        return cls(await asyncio.to_thread(_ledger, path, limits, clock), path, limits)

    async def write(self, group: Group) -> Written:
        """Write a group; returns when it is on disk, or when that cannot be now (`Written` says which).

        Groups are written in the order of these calls. A group is written even if its caller is cancelled.
        """
        return await asyncio.wrap_future(self._writer.write(group))

    def restore(self) -> Restored:
        """What was saved before. Waits for the file: before the loop has other work, or in a thread."""
        return self._writer.call(lambda ledger: ledger.restore(self._states)).result()

    def _states(self, kind: Kind, after: Key) -> Page:
        return self._writer.call(lambda ledger: ledger.read(lambda it: restoring.states(it, kind, after))).result()

    async def next(self, endpoint: str, most: int) -> Sequence[Row]:
        """The oldest rows that this endpoint has neither acknowledged nor refused, in order; empty: there are none."""
        rows, end = await self._ask(lambda ledger: ledger.next(endpoint, most))
        self._seen[endpoint] = -1 if rows else end
        return rows

    async def wait(self, endpoint: str) -> None:
        """Until there may be something for this endpoint."""
        if self._end <= self._seen.get(endpoint, -1):
            await _happens(self._news)
        self._seen.pop(endpoint, None)

    async def acknowledge(self, endpoint: str, number: int) -> None:
        """It has all rows up to this one. Holds at once; on disk soon: after a crash it may be offered some again."""
        await self._ask(lambda ledger: ledger.acknowledge(endpoint, number))

    async def refuse(self, endpoint: str, row: Row, reason: str) -> None:
        """It has all rows before this one, and will never take this one: that goes to its dead letters."""
        await self._ask(lambda ledger: ledger.refuse(endpoint, row, reason))

    async def add_endpoint(self, name: str) -> None:
        """Somebody to deliver to. One that is new is owed what comes from now on, one that is known all it missed."""
        await self._ask(lambda ledger: ledger.add(name), settled=True)

    async def folds(self, most: int = 200) -> Sequence[Fold]:
        """Wait until there is room and something was folded; the oldest of it, at most `most` objects.

        To be recorded in one group with `unfolded`, computed from the states as they are when that is written.
        """
        while True:
            found = await self._ask(lambda ledger: ledger.folds(most), settled=True)
            if found:
                return found
            await _happens(self._foldable)

    async def stats(self) -> Stats:
        """How the journal is."""
        return await self._ask(Ledger.stats, settled=True)

    async def close(self) -> None:
        """Write what waits, and let go of the file. A second time does nothing."""
        with suppress(JournalError):
            await asyncio.wrap_future(self._writer.close())

    async def _ask(self, function: Callable[[Ledger], _Answer], *, settled: bool = False) -> _Answer:
        future: Future[_Answer] = self._writer.call(function, settled=settled)
        return await asyncio.wrap_future(future)

    def _reported(self, report: Report) -> None:
        """Called in the thread of the writer."""
        with suppress(RuntimeError):  # the loop is closed, nobody waits any more
            self._loop.call_soon_threadsafe(self._take, report)

    def _take(self, report: Report) -> None:
        if report.end > self._end:
            self._end = report.end
            self._news.set()
            self._news = asyncio.Event()
        if report.foldable:
            self._foldable.set()
        else:
            self._foldable.clear()


async def _happens(event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_LOOK_SECONDS):
            await event.wait()


def _ledger(path: Path | None, limits: Limits, clock: Callable[[], float]) -> Ledger:
    opened = open_memory() if path is None else open_file(path, clock())
    try:
        return Ledger(opened, path, limits, clock)
    except (sqlite3.Error, ValueError) as error:
        opened.close()
        raise JournalError(f"{path}: the journal cannot be read: {error}") from error
