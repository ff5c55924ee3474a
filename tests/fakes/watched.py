"""What tests watch, and how they look at what comes."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import aclosing
from typing import Any

from observability.model.observation import (
    Compared,
    Gone,
    Kind,
    Listed,
    Listing,
    Observation,
    Restarted,
    Scope,
    Seen,
    Unavailable,
)
from observability.settings.groups import Watch
from observability.sources.argocd import ARGOCD
from observability.sources.kubernetes import Connection
from observability.sources.watching import Subject, watch

NOW = 1_700_000_000.0
"""What the clock says: Tue, 14 Nov 2023 22:13:20 GMT."""

KINDS = {kind.kind: kind for kind in ARGOCD.kinds}

EVERYWHERE = Scope(Kind.APPLICATION)
"""All Applications."""


class Pauses(list[float]):
    """The waits that were asked for; each is as short as it can be, so that no test waits out a back-off.

    A wait of `real_seconds` at most is really waited: real servers need some time to come back.
    """

    def __init__(self, real_seconds: float = 0.0) -> None:
        super().__init__()
        self.real_seconds = real_seconds

    async def sleep(self, seconds: float) -> None:
        """In place of asyncio.sleep."""
        self.append(seconds)
        await asyncio.sleep(min(seconds, self.real_seconds))


def subject(connection: Connection, pauses: Pauses, scope: Scope = EVERYWHERE, **settings: Any) -> Subject:
    """What is to be watched; waits are the longest that chance allows."""
    kind = KINDS[scope.kind]
    return Subject(connection, scope, kind, Watch(**settings), "", lambda: NOW, lambda: 1.0, pauses.sleep)


async def observed(
    watched: Subject, enough: Callable[[list[Observation]], bool], resume_from: str | None = None, seconds: float = 30.0
) -> list[Observation]:
    """What comes until it is `enough`."""
    found: list[Observation] = []
    async with asyncio.timeout(seconds), aclosing(watch(watched, resume_from)) as batches:
        async for batch in batches:
            found.extend(batch)
            if enough(found):
                break
    return found


def said(observations: Iterable[Observation]) -> list[str]:
    """Each observation as a word or two."""
    return [_said(observation) for observation in observations]


def _said(observation: Observation) -> str:
    match observation:
        case Seen(object=facts):
            word = facts.name
        case Gone(key=key) | Compared(key=key):
            word = key.name
        case Listed(resource_version=version):
            word = version
        case Listing(reason=reason) | Unavailable(reason=reason) | Restarted(reason=reason):
            word = reason
        case _:
            word = ""
    return f"{type(observation).__name__.lower()} {word}".strip()


def until(word: str, times: int = 1) -> Callable[[list[Observation]], bool]:
    """Whether `word` was said so often."""
    return lambda observations: said(observations).count(word) >= times
