"""A source of commits in memory: it tells, or fails as the test says."""

import asyncio
from collections.abc import Sequence

from observability.model.application import Key
from observability.model.commit import Commit


class Repository:
    """Has the commits of `revisions`. `failures` are raised first, one a question; it answers while `free` is set."""

    def __init__(self, revisions: Sequence[str] = (), failures: Sequence[Exception] = ()) -> None:
        self.revisions = set(revisions)
        self.failures = list(failures)
        self.asked: list[tuple[Key, str, int]] = []
        self.free = asyncio.Event()
        self.free.set()
        self.at_once = 0
        self.most_at_once = 0

    async def commit(self, application: Key, repository: str, revision: str, place: int = 0) -> Commit | None:
        """What it has."""
        self.asked.append((application, revision, place))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.free.wait()
            await asyncio.sleep(0)
        finally:
            self.at_once -= 1
        if self.failures:
            raise self.failures.pop(0)
        known = revision in self.revisions
        return Commit(repository=repository, revision=revision, author_name="Jo") if known else None

    async def close(self) -> None:
        """Nothing is open."""
