"""Carries observations through the stages: into the store, and its changes into the exposition and into history."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from observability.app.availability import Availability
from observability.app.enrichment import Enrichment
from observability.app.recorder import Recorder
from observability.delivery.exposition import Exposition
from observability.delivery.own import OwnMetrics
from observability.model.observation import (
    Alive,
    Compared,
    Gone,
    Kind,
    Listed,
    Listing,
    Malformed,
    Observation,
    Restarted,
    Scope,
    Seen,
)
from observability.model.state import Change
from observability.signals import exporter
from observability.state.store import Store

log = structlog.get_logger(__name__)

_MOST_TROUBLES: Final = 1000
"""So many fields that cannot be read are named in the log, once each; all are counted."""
_IDLE_SECONDS: Final = 1.0
"""The timer looks at the clock at least so often: clocks jump."""


class Pipeline:
    """The way of an observation. All methods belong to the event loop."""

    def __init__(
        self,
        store: Store,
        exposition: Exposition,
        recorder: Recorder,
        own: OwnMetrics,
        availability: Availability,
        clock: Callable[[], float],
    ) -> None:
        self.availability = availability
        self._recorder = recorder
        self._store = store
        self._exposition = exposition
        self._own = own
        self._clock = clock
        self._wake = asyncio.Event()
        self._progress = asyncio.Event()
        self._told: set[tuple[str, ...]] = set()
        self._failures = 0

    def take(self, scope: Scope, batch: Sequence[Observation]) -> bool:
        """Take in one batch of one scope. False when some of it could not be: only what is read anew can tell then."""
        kind, failures = scope.kind, self._failures
        for observation in batch:
            if not isinstance(observation, Seen | Compared):  # nearly all are
                self._note(kind, observation)
        self._tell(self._store.apply(batch, self.failed))
        self._recorder.observe(scope, batch)
        is_settled = kind is Kind.APPLICATION and any(isinstance(one, Listed | Restarted) for one in batch)
        if is_settled and self.availability.is_in(kind):
            self._recorder.settled()
        for observation in reversed(batch):
            if isinstance(observation, Seen | Compared | Gone | Alive | Listed):
                self._own.set(exporter.LAST_EVENT, (kind.value,), observation.received_at)
                break
        self._own.set(exporter.OBJECTS, (kind.value,), len(self._store.states(kind)))
        self._wake.set()
        return self._failures == failures

    async def learn(self, commits: Enrichment) -> None:
        """Judge with each commit that becomes known, for ever."""
        while True:
            key, commit = await commits.learned.get()
            try:
                changes = self._store.learn(key, commit, self._clock())
            except Exception as error:
                self.failed(Kind.APPLICATION, error)
            else:
                self._tell(changes)
            await asyncio.sleep(0)  # a queue that has more does not make room for others

    @property
    def known(self) -> int:
        """How many objects are known."""
        return sum(len(self._store.states(kind)) for kind in Kind)

    async def settled(self, kinds: Sequence[Kind]) -> None:
        """Wait until these kinds have been listed, or cannot be."""
        while not all(map(self.availability.is_settled, kinds)):
            self._progress.clear()
            await self._progress.wait()

    async def follow_time(self) -> None:
        """Bring what changes with time into the exposition, for ever: the one timer of the exporter."""
        before = self._clock()
        while True:
            now = self._clock()
            if now < before - _IDLE_SECONDS:
                log.warning("the clock was set back", seconds=round(before - now))
                self._store.rewind()
            before = now
            next_due = self._store.next_due()
            if next_due is not None and next_due <= now:
                self._tell(self._store.due(now, self.failed))
                await asyncio.sleep(0)
                continue
            self._wake.clear()
            try:
                async with asyncio.timeout(_IDLE_SECONDS if next_due is None else min(_IDLE_SECONDS, next_due - now)):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _tell(self, changes: Sequence[Change]) -> None:
        """Metrics first: whatever becomes of history, they are current."""
        self._exposition.apply(changes)
        self._recorder.take(changes)

    def failed(self, kind: Kind, error: Exception) -> None:
        """One observation or judgement was too much for us: it alone is left out."""
        self._failures += 1
        self._own.increment(exporter.JUDGE_FAILURES, (kind.value,))
        log.error("could not be judged", kind=kind.value, exc_info=error)

    def _note(self, kind: Kind, observation: Observation) -> None:
        """Count what is not an object, and see what it says of the availability."""
        self.availability.take(observation)
        match observation:
            case Listing() if observation.reason != "start":
                self._own.increment(exporter.RELISTS, (kind.value, observation.reason))
            case Restarted():
                self._own.increment(exporter.WATCH_RESTARTS, (kind.value,))
            case Malformed():
                self._own.increment(exporter.DECODE_FAILURES, (kind.value,))
                self._name(observation)
            case _:
                pass
        self._own.set(exporter.KIND_AVAILABLE, (kind.value,), float(self.availability.is_available(kind)))
        if self.availability.is_in(kind):
            self._exposition.show(kind)
        self._own.set(exporter.READY, (), float(self.availability.is_ready))
        self._progress.set()

    def _name(self, trouble: Malformed) -> None:
        """Say once of each field of each object that it cannot be read."""
        told = (*trouble.key, trouble.path)
        if told not in self._told and len(self._told) < _MOST_TROUBLES:
            self._told.add(told)
            log.warning(
                "an object cannot be read" if trouble.skipped else "a field cannot be read",
                kind=trouble.scope.kind.value,
                object="/".join(trouble.key),
                field=trouble.path,
                error=trouble.message,
            )
