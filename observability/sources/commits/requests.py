"""The queue between the pipeline, which never waits, and a source of commits, which may be slow or away.

What is asked for comes later, by a callback, or never; each outcome is counted.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

import structlog
from msgspec import Struct

from observability.errors import ApiError, Forbidden, SourceError
from observability.model.application import Key
from observability.model.commit import Commit
from observability.sources.backoff import Backoff
from observability.sources.commits.cache import Cache
from observability.sources.commits.source import CommitSource, is_askable

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a question."""

    FOUND = "found"
    MISSING = "missing"
    """The source does not have it."""
    FORBIDDEN = "forbidden"
    FAILED = "failed"
    """The source could not tell; it is asked again."""
    GIVEN_UP = "given_up"
    """It could not tell so often, or we failed, that it is not asked again for a while."""
    DROPPED = "dropped"
    """Too many questions waited."""


class Limits(Struct, frozen=True, kw_only=True):
    """How many, and how long in seconds."""

    waiting: int = 1000
    """Questions that wait for an answer; what is more is dropped."""
    workers: int = 4
    """Questions at one time."""
    attempts: int = 5
    """A source that cannot tell is asked so often for one commit."""
    retry_initial: float = 1.0
    retry_maximum: float = 300.0
    """Waits after failures double from the one to the other, for all questions together."""
    missing_initial: float = 300.0
    missing_maximum: float = 86_400.0
    """What was not there is not asked for again so soon; the wait doubles each time it is still not there."""
    missing: int = 10_000
    """So many of these are remembered."""


class Arrival(Struct, frozen=True):
    """A commit that was asked for.

    `applications`: on whose behalf, each once. `values`: what the journal is to keep by name, and, as None, to forget.
    """

    commit: Commit
    applications: tuple[Key, ...]
    values: Mapping[str, bytes | None]


class _Name(NamedTuple):
    repository: str
    revision: str


class _Question(Struct):
    """`applications` with the place of the repository in each: the first one is asked about."""

    applications: dict[Key, int]
    attempts: int = 0


class _Missing(NamedTuple):
    until: float
    wait_seconds: float


class Commits:
    """Asks a source for commits, and remembers its answers.

    `arrived` is called with each commit that was found, in the event loop, and must not wait. `clock` gives monotonic
    seconds, `random` values from 0 to 1.
    """

    def __init__(
        self,
        source: CommitSource,
        cache: Cache,
        arrived: Callable[[Arrival], None],
        clock: Callable[[], float],
        random: Callable[[], float],
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self._source = source
        self._cache = cache
        self._arrived = arrived
        self._clock = clock
        self._limits = limits
        self._backoff = Backoff(limits.retry_initial, limits.retry_maximum, 0.0, random)
        self._resume_at = clock()
        self._forbidden = False
        self._queue: asyncio.Queue[_Name] = asyncio.Queue()
        self._questions: dict[_Name, _Question] = {}
        self._missing: OrderedDict[_Name, _Missing] = OrderedDict()
        self.outcomes: Counter[Outcome] = Counter(dict.fromkeys(Outcome, 0))
        """How often each was, since the start."""

    @property
    def waiting(self) -> int:
        """Questions that have no answer yet."""
        return len(self._questions)

    def request(self, application: Key, repository: str, revision: str, place: int = 0) -> Commit | None:
        """What is known of a commit, at once; None: nothing, and it was asked for if that makes sense now.

        `place` is that of the repository among the sources of the Application, from 0.
        """
        if not repository or not is_askable(revision):
            return None
        name = _Name(repository, revision)
        found = self._cache.get(*name)
        if found is None and not self._is_missing(name):
            self._ask(name, application, place)
        return found

    async def run(self) -> None:
        """Answer questions, for ever. What waits when this is cancelled is asked for again when it is run again."""
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._limits.workers):
                workers.create_task(self._work())

    def _is_missing(self, name: _Name) -> bool:
        missing = self._missing.get(name)
        return missing is not None and self._clock() < missing.until

    def _ask(self, name: _Name, application: Key, place: int) -> None:
        question = self._questions.get(name)
        if question is not None:
            question.applications.setdefault(application, place)
        elif len(self._questions) >= self._limits.waiting:
            self.outcomes[Outcome.DROPPED] += 1
        else:
            self._questions[name] = _Question({application: place})
            self._queue.put_nowait(name)

    async def _work(self) -> None:
        while True:
            name = await self._queue.get()
            try:
                await self._until_resumed()
                await self._answer(name, self._questions[name])
            except asyncio.CancelledError:
                self._queue.put_nowait(name)
                raise

    async def _until_resumed(self) -> None:
        while (seconds := self._resume_at - self._clock()) > 0:  # noqa: ASYNC110 - another one may fail meanwhile
            await asyncio.sleep(seconds)

    async def _answer(self, name: _Name, question: _Question) -> None:
        application, place = next(iter(question.applications.items()))
        try:
            commit = await self._source.commit(application, *name, place)
        except Forbidden as error:
            if not self._forbidden:  # said once: it is mostly the same for all
                log.warning("a commit may not be asked for", application="/".join(application), cause=str(error))
            self._forbidden = True
            self._absent(name, Outcome.FORBIDDEN)
        except SourceError as error:
            self._failed(name, question, error)
        except Exception:  # a defect of ours with one commit: the others are asked for
            log.exception("a commit cannot be asked for", revision=name.revision)
            self._absent(name, Outcome.GIVEN_UP)
        else:
            self._backoff.succeeded(self._clock())
            self._forbidden = False
            if commit is None:
                self._absent(name, Outcome.MISSING)
            else:
                self._found(name, commit)

    def _found(self, name: _Name, commit: Commit) -> None:
        self.outcomes[Outcome.FOUND] += 1
        self._missing.pop(name, None)
        applications = tuple(self._questions.pop(name).applications)
        self._arrived(Arrival(commit, applications, self._cache.put(commit)))

    def _absent(self, name: _Name, outcome: Outcome) -> None:
        self.outcomes[outcome] += 1
        del self._questions[name]
        known = self._missing.pop(name, None)
        wait = min(known.wait_seconds * 2, self._limits.missing_maximum) if known else self._limits.missing_initial
        self._missing[name] = _Missing(self._clock() + wait, wait)
        if len(self._missing) > self._limits.missing:
            self._missing.popitem(last=False)

    def _failed(self, name: _Name, question: _Question, error: SourceError) -> None:
        self._pause(error)
        question.attempts += 1
        if question.attempts >= self._limits.attempts:
            log.warning("a commit is given up for a while", revision=name.revision, attempts=question.attempts)
            self._absent(name, Outcome.GIVEN_UP)
        else:
            self.outcomes[Outcome.FAILED] += 1
            self._queue.put_nowait(name)

    def _pause(self, error: SourceError) -> None:
        """Leave the source alone for a while; workers that fail at the same time say nothing new."""
        now = self._clock()
        if now < self._resume_at:
            return
        wait = self._backoff.failed(now)
        if isinstance(error, ApiError) and error.retry_after_seconds is not None:
            wait = max(wait, error.retry_after_seconds)
        self._resume_at = now + wait
        log.warning("cannot ask for commits", cause=str(error), again_in_seconds=round(wait, 1))
