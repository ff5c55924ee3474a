"""Makes history of changes: events, spans, tallies and promotions, and hands what must survive to the journal.

All methods belong to the event loop. What happens between two writes is written together: a busy journal gets larger
groups, and nothing that it does holds up a watch or a scrape.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import structlog
from msgspec.structs import replace

from observability.app import restoring
from observability.app.coverage import Selectors
from observability.app.enrichment import Enrichment
from observability.app.exposed import PROMOTIONS, TALLIES
from observability.app.unsaved import Unsaved
from observability.app.watched import Watched
from observability.delivery.exposition import Exposition
from observability.delivery.own import OwnMetrics
from observability.errors import JournalError
from observability.journal.group import Fold, Group, ObjectKey
from observability.journal.journal import Journal
from observability.model.application import Key
from observability.model.event import Event, Record
from observability.model.observation import Kind, Observation, Scope
from observability.model.promotion import Happening, Promoted
from observability.model.state import ApplicationState, Change, State
from observability.signals import exporter
from observability.signals.events import Gap, events_of, gap_events
from observability.signals.promotions import promotion_events
from observability.signals.traces import journey_span, sync_span
from observability.signals.transitions import Context
from observability.state.promotion import Promotions
from observability.state.saving import loads
from observability.state.store import Store
from observability.state.tallies import Tallies

log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 1.0
_TAKEN_IN_AT_ONCE: Final = 100


class History(NamedTuple):
    """What changes are turned into: events in this context, what is counted of them, and what travels.

    `commits` adds to events what is known of their commits; None: nobody is asked. `heard` False: nobody reads or is
    sent what is recorded, there is neither a file nor a receiver; then events are only counted.
    """

    context: Context
    tallies: Tallies
    promotions: Promotions
    commits: Enrichment | None = None
    heard: bool = True


class Recorder:
    """What happened, from changes to the journal."""

    def __init__(
        self,
        journal: Journal,
        store: Store,
        exposition: Exposition,
        own: OwnMetrics,
        history: History,
        clock: Callable[[], float],
    ) -> None:
        self._journal = journal
        self._store = store
        self._exposition = exposition
        self._own = own
        self._context, self._tallies, self._promotions, self._commits, self._heard = history
        self._clock = clock
        self._survives = journal.path is not None
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._newcomers: dict[Key, tuple[str, ...]] = {}
        """Applications that were there before us and are not taken in yet, and the images they were listed with."""
        self._watched = Watched(store.listed)
        self._states = Unsaved(self._failed)
        self._values: dict[str, bytes | None] = {}
        self._records: list[Record] = []
        self._left_out: frozenset[ObjectKey] = frozenset()
        """Not watched any more since this process: that they are not there does not say that they were deleted."""

    async def restore(self, selectors: Selectors | None = None) -> Mapping[Scope, str]:
        """Go on from what the journal holds, and tell up to which resourceVersion each scope is known.

        `selectors`: what is watched from now on; None: what was. What is not watched any more is forgotten.
        What cannot be read is counted and left out: it is listed again. Other tasks get their turn meanwhile.
        """
        parts = restoring.Parts(
            self._store,
            self._exposition,
            self._tallies,
            self._promotions,
            self._commits,
            self._clock,
            self._unreadable,
            self._failed,
            selectors,
        )
        known = await restoring.restore(self._journal, parts)
        self._values.update(known.unsaved)
        self._records += self._travelled(known.happenings)
        self._wanted.set()
        self._states.put_back(dict.fromkeys(known.left_out))
        self._left_out = frozenset(known.left_out)
        self._watched.restore(known.until, known.forgotten)
        for kind in Kind:
            self._own.set(exporter.OBJECTS, (kind.value,), len(self._store.states(kind)))
        return known.versions

    def observe(self, scope: Scope, observations: Sequence[Observation]) -> None:
        """Note where the watch of a scope stands, and what of it nobody saw."""
        for gap in self._watched.observe(scope, observations, self._failed):
            try:
                self._records += gap_events(gap, self._context)
            except Exception as error:  # a defect of ours: what comes after it is noted
                self._failed(error)
        self._wanted.set()

    def take(self, changes: Sequence[Change]) -> None:
        """Make history of changes, before the store is asked for more."""
        events = [event for change in changes for event in self._record(change)]
        changes = [one for change in changes for one in self._in_turn(change)]
        events += self._promoted(changes)
        told = [change for change in changes if not change.compared]
        self._reflect(TALLIES, self._tallies.take(events, told, self._failed))
        self._records += events
        self._states.settle()
        self._wanted.set()

    def _record(self, change: Change) -> Sequence[Event]:
        """Note what is to be saved and sent of one change; its events."""
        if self._survives:
            self._states.note(change)
        if change.compared:
            return ()
        try:
            events = self._enriched(change, events_of(change, self._context))
            if self._heard and (span := sync_span(change, self._context)) is not None:
                self._records.append(span)
        except Exception as error:  # a defect of ours with one object: the others are recorded
            self._failed(error)
            return ()
        return events

    def _in_turn(self, change: Change) -> Sequence[Change]:
        """The change, behind what was put off of its object; nothing when it is put off itself.

        Applications that were there before we came are many at once, and nothing happened to them: what is counted and
        promoted of them can wait until all are listed.
        """
        if change.kind is not Kind.APPLICATION:
            return (change,)
        if change.before is None and not change.born:
            if isinstance(change.after, ApplicationState):
                self._newcomers[change.key] = change.after.facts.images
            return ()
        images = self._newcomers.pop(change.key, None)
        if images is None or not isinstance(change.before, ApplicationState):
            return (change,)
        return _newcomer(change.key, change.before, images, change.received_at), change

    async def welcome(self) -> None:
        """Take in those who were there before we came, each time that all are listed, for ever."""
        while True:
            await self._settled.wait()
            self._settled.clear()
            await self.take_in()

    async def take_in(self) -> None:
        """Take in those who were there before we came, all of whom are listed, and show what follows from all.

        That takes a quarter of the time at most: the exporter is ready by now, and is scraped.
        """
        loop = asyncio.get_running_loop()
        while self._newcomers:
            began = loop.time()
            self._take_some_in(list(islice(self._newcomers, _TAKEN_IN_AT_ONCE)))
            await asyncio.sleep(3 * (loop.time() - began))
        self._reflect(TALLIES, self._tallies.listed())
        for kind in (TALLIES, PROMOTIONS):
            self._exposition.show(kind)

    def _take_some_in(self, keys: Iterable[Key]) -> None:
        now, applications = self._clock(), self._store.applications
        found = []
        for key in keys:
            images = self._newcomers.pop(key)
            try:
                found.append(_newcomer(key, applications[key], images, now))
            except Exception as error:  # a defect of ours with one object: the others are taken in
                self._failed(error)
        self._records += self._promoted(found)
        self._reflect(TALLIES, self._tallies.take((), found, self._failed))
        self._wanted.set()

    def _enriched(self, change: Change, events: list[Event]) -> list[Event]:
        state = change.after or change.before
        if self._commits is None or not isinstance(state, ApplicationState):
            return events
        return [self._commits.enriched(event, state) for event in events]

    def settled(self) -> None:
        """All Applications are listed: groups that have none any more go."""
        self._settled.set()

    async def write(self) -> None:
        """Write what is to be written, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            await self._write(self._group())

    async def finish(self) -> None:
        """Write what is left, at the end."""
        await self._write(self._group())

    async def unfold(self) -> None:
        """Record what a full journal could not take, once it can, for ever: as one step from what was saved last."""
        while True:
            try:
                folds = await self._journal.folds()
                records = [record for fold in folds for record in self._rebuilt(fold)]
                folded = sum(fold.records for fold in folds)
                gap = Gap(min(fold.since for fold in folds), self._clock(), "journal_full", folded=folded)
                keys = [(fold.kind, fold.key) for fold in folds]
                waiting = self._group()
                records = [*gap_events(gap, self._context), *records, *waiting.records]
                await self._write(replace(waiting, records=records, unfolded=keys))
            except JournalError as error:
                log.warning("the journal cannot be used", error=str(error))
                await asyncio.sleep(_RETRY_SECONDS)

    def _group(self) -> Group:
        """What has come together, and begin anew. In memory only records count: nothing there survives."""
        records, self._records = self._records, []
        states = self._states.take()
        cursors, of_scopes = self._watched.unsaved()
        values, self._values = {**self._values, **of_scopes}, {}
        unsaved = self._tallies.unsaved()
        if self._commits is not None:
            unsaved |= self._commits.unsaved()
        if not self._survives:
            return Group(observed_at=self._clock(), records=records if self._heard else ())
        return Group(
            observed_at=self._clock(), states=states, cursors=cursors, values={**values, **unsaved}, records=records
        )

    async def _write(self, group: Group) -> None:
        if not (group.states or group.cursors or group.values or group.records):
            return
        try:
            written = await self._journal.write(group)
        except JournalError as error:  # a defect of ours: of the file or the disk it would wait
            self._own.increment(exporter.RECORD_FAILURES, (), max(1, len(group.records)))
            log.warning("what happened could not be recorded", records=len(group.records), error=str(error))
            self._states.put_back(group.states)
            self._values = {**group.values, **self._values}
            await asyncio.sleep(_RETRY_SECONDS)
            return
        if written.unwritable:
            self._own.increment(exporter.RECORD_FAILURES, (), written.unwritable)

    def _rebuilt(self, fold: Fold) -> Sequence[Record]:
        """What lies between what was saved before the first record was lost, and now; nothing when that fails."""
        now = self._store.states(fold.kind).get(fold.key)
        if now is None and (fold.kind, fold.key) in self._left_out:
            return []
        try:
            before = None if fold.state is None else loads(fold.kind, fold.state)
            found: list[Record] = []
            for change in _between(fold, before, now, self._clock()):
                found += events_of(change, self._context)
                if (span := sync_span(change, self._context)) is not None:
                    found.append(span)
        except JournalError:
            self._unreadable(f"{fold.kind} {'/'.join(fold.key)}")
        except Exception as error:  # a defect of ours with one object: the others are recorded
            self._failed(error)
        else:
            return found
        return []

    def _promoted(self, changes: Sequence[Change]) -> list[Event]:
        """Show and save what follows for promotions, and note the spans of journeys; the events."""
        step = self._promotions.apply(changes, self._failed)
        self._reflect(PROMOTIONS, step.states)
        self._values.update(step.saved)
        return self._travelled(step.happenings)

    def _travelled(self, happenings: Iterable[Happening]) -> list[Event]:
        """Note the spans of journeys; the events of promotions."""
        events: list[Event] = []
        for happening in happenings:
            try:
                if isinstance(happening, Promoted):
                    events += promotion_events(happening, self._context)
                else:
                    self._records.append(journey_span(happening, self._context))
            except Exception as error:  # the others are recorded
                self._failed(error)
        return events

    def _reflect(self, kind: str, subjects: Mapping[Any, object | None]) -> None:
        """Show what follows from changes. What becomes of that stops no event."""
        try:
            self._exposition.reflect(kind, subjects)
        except Exception as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._own.increment(exporter.RECORD_FAILURES)
        log.error("could not be recorded", exc_info=error)

    def _unreadable(self, what: str) -> None:
        self._own.increment(exporter.UNREADABLE_MEMORIES)
        log.error("cannot be read from the journal", what=what)


def _newcomer(key: Key, state: ApplicationState, images: tuple[str, ...], at: float) -> Change:
    """The change that brings an Application that was there before us, with the images that it was seen with."""
    seen = ApplicationState(replace(state.facts, images=images), state.memory, state.windows, state.violations)
    return Change(Kind.APPLICATION, key, None, seen, at)


def _between(fold: Fold, before: State | None, now: State | None, at: float) -> list[Change]:
    """What lies between two states of an object; one that was born again under its name is another object."""
    steps = [(before, now)]
    if before is not None and now is not None and before.facts.uid != now.facts.uid:
        steps = [(before, None), (None, now)]
    return [
        Change(fold.kind, fold.key, old, new, at, catch_up=True, born=old is None)
        for old, new in steps
        if old is not None or new is not None
    ]
