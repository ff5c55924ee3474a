"""Makes history of changes: events, spans, tallies and promotions, and hands what must survive to the journal.

All methods belong to the event loop. What happens between two writes is written together: a busy journal gets larger
groups, and nothing that it does holds up a watch or a scrape.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from observability.app.enrichment import Enrichment
from observability.app.exposed import PROMOTIONS, TALLIES
from observability.delivery.exposition import Exposition
from observability.delivery.own import OwnMetrics
from observability.errors import JournalError
from observability.journal.group import Fold, Group, ObjectKey
from observability.journal.journal import Journal
from observability.journal.restoring import Restored
from observability.model.application import Key
from observability.model.event import Event, Record
from observability.model.observation import Alive, Kind, Listed, Listing, Observation, Scope, Seen
from observability.model.promotion import Promoted, PromotionStep
from observability.model.state import ApplicationState, Change, State
from observability.signals import exporter
from observability.signals.events import Gap, events_of, gap_events
from observability.signals.promotions import promotion_events
from observability.signals.traces import journey_span, sync_span
from observability.signals.transitions import Context
from observability.state.promotion import Promotions
from observability.state.saving import dumps, is_put_off, loads
from observability.state.store import Store
from observability.state.tallies import Tallies

log = structlog.get_logger(__name__)

TALLY_PREFIX: Final = "tally/"
"""What the names of saved tallies begin with."""
LISTED: Final = "listed"
"""The name of the value that tells when each scope was listed first."""
UNSEEN: Final = "unseen"
"""The name of the value that tells, of each scope that is listed again, since when nobody saw what happened there."""
_RESTORED_AT_ONCE: Final = 200
_WAITING_MOST: Final = 1000
_RETRY_SECONDS: Final = 1.0
_STATS_SECONDS: Final = 5.0
_TIMES: Final = msgspec.msgpack.Decoder(dict[str, float])
_NO_TIMES: Final = msgspec.msgpack.encode({})

_Item = TypeVar("_Item")


class History(NamedTuple):
    """What changes are turned into: events in this context, what is counted of them, and what travels.

    `commits` adds to events what is known of their commits; None: nobody is asked.
    """

    context: Context
    tallies: Tallies
    promotions: Promotions
    commits: Enrichment | None = None


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
        self._context, self._tallies, self._promotions, self._commits = history
        self._clock = clock
        self._survives = journal.path is not None
        self._wanted = asyncio.Event()
        self._settled = asyncio.Event()
        self._newcomers: dict[Key, tuple[str, ...]] = {}
        """Applications that were there before us and are not taken in yet, and the images they were listed with."""
        self._states: dict[ObjectKey, tuple[State | None, State | None]] = {}
        """To be saved: as it was when that was noted first, and as it is now."""
        self._saved: dict[ObjectKey, bytes | None] = {}
        self._cursors: dict[Scope, str | None] = {}
        self._values: dict[str, bytes | None] = {}
        self._records: list[Record] = []
        self._known_until: dict[Scope, float] = {}
        self._gaps: dict[Scope, str] = {}

    async def restore(self) -> Mapping[Scope, str]:
        """Go on from what the journal holds, and tell up to which resourceVersion each scope is known.

        What cannot be read is counted and left out: it is listed again. Other tasks get their turn meanwhile.
        """
        restored = await asyncio.to_thread(self._journal.restore)
        if restored.origin.moved_aside is not None:
            self._own.increment(exporter.UNREADABLE_MEMORIES)
            log.error("the journal was unusable", moved_to=restored.origin.moved_aside, reason=restored.origin.trouble)
        states, complete = await self._restored_states(restored)
        # What tells the identity of Applications comes before them.
        states.sort(key=lambda state: isinstance(state, ApplicationState))
        self._store.restore((), self._times(restored, LISTED))
        async for batch in _sliced(states):
            self._store.restore(batch, {})
        async for values in _sliced(list(restored.values.items())):
            self._restore_values(dict(values))
        now = self._clock()
        async for batch in _sliced(states):
            known = [state for state in batch if isinstance(state, ApplicationState)]
            self._reflect(self._promotions.begin(known, now))
        async for waiting in _sliced(self._promotions.states()):
            self._exposition.reflect(PROMOTIONS, {state.pair: state for state in waiting})
        async for tallies in _sliced(list(self._tallies.tallies().items())):
            self._exposition.reflect(TALLIES, dict(tallies))
        async for batch in _sliced(states):
            changes = [Change(_kind(state), state.facts.key, None, state, now) for state in batch]
            self._await_authors(batch)
            self._exposition.apply(changes)
            self._exposition.reflect(TALLIES, self._tallies.take((), changes))
        self._count()
        cursors = {scope: cursor.at for scope, cursor in restored.cursors.items()}
        self._known_until = {**self._times(restored, UNSEEN), **cursors}
        return {scope: cursor.version for scope, cursor in restored.cursors.items()} if complete else {}

    def observe(self, scope: Scope, observations: Sequence[Observation]) -> None:
        """Note where the watch of a scope stands, and what of it nobody saw."""
        for observation in observations:
            match observation:
                case Seen() if scope not in self._gaps:
                    self._cursors[scope] = observation.object.resource_version or None
                    self._known_until[scope] = observation.received_at
                case Alive() | Listed():
                    self._cursors[scope] = observation.resource_version or None
                    if isinstance(observation, Listed):
                        self._complete(scope, observation.received_at)
                    self._known_until[scope] = observation.received_at
                case Listing():
                    # Until the list is complete, what is saved is of no one version.
                    self._cursors[scope] = None
                    self._gaps[scope] = "restart" if observation.reason == "start" else observation.reason
                    self._note_unseen()
                case _:
                    pass
        self._wanted.set()

    def take(self, changes: Sequence[Change]) -> None:
        """Make history of changes, before the store is asked for more."""
        events: list[Event] = []
        for change in changes:
            self._note(change)
            try:
                events += self._enriched(change, events_of(change, self._context))
                if (span := sync_span(change, self._context)) is not None:
                    self._records.append(span)
            except Exception as error:  # a defect of ours with one object: the others are recorded
                self._failed(error)
        changes = [one for change in changes for one in self._in_turn(change)]
        step = self._promotions.apply(changes, self._failed)
        for happening in step.happenings:
            if isinstance(happening, Promoted):
                events += promotion_events(happening, self._context)
            else:
                self._records.append(journey_span(happening, self._context))
        self._reflect(step)
        try:
            self._exposition.reflect(TALLIES, self._tallies.take(events, changes))
        except Exception as error:
            self._failed(error)
        self._records += events
        self._encode(_WAITING_MOST)
        self._wanted.set()

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
        """Take in those who were there before we came, once all are listed, for ever."""
        while True:
            await self._settled.wait()
            self._settled.clear()
            applications = self._store.applications
            while keys := list(islice(self._newcomers, _RESTORED_AT_ONCE)):
                now = self._clock()
                found = [_newcomer(key, applications[key], self._newcomers.pop(key), now) for key in keys]
                self._reflect(self._promotions.apply(found, self._failed))
                self._exposition.reflect(TALLIES, self._tallies.take((), found))
                self._wanted.set()
                await asyncio.sleep(0)
            self._exposition.reflect(TALLIES, self._tallies.listed())

    def _await_authors(self, states: Iterable[State]) -> None:
        if self._commits is not None:
            for state in states:
                if isinstance(state, ApplicationState):
                    self._commits.await_author(state)

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

    async def measure(self) -> None:
        """Bring the metrics of the journal up to date, for ever."""
        own = self._own
        while True:
            try:
                stats = await self._journal.stats()
            except JournalError:
                await asyncio.sleep(_STATS_SECONDS)
                continue
            own.set(exporter.JOURNAL_BYTES, (), stats.bytes)
            own.set(exporter.JOURNAL_FULL, (), float(stats.full or bool(stats.trouble)))
            own.advance(exporter.EVENTS_FOLDED, (), stats.folded)
            own.advance(exporter.EVENTS_CUT_EARLY, (), stats.cut_early)
            if self._commits is not None:
                self._commits.measure(own)
            for endpoint in stats.endpoints:
                own.set(exporter.OUTBOX_ROWS, (endpoint.name,), endpoint.rows)
                own.set(exporter.OUTBOX_OLDEST, (endpoint.name,), endpoint.oldest_at or self._clock())
                own.set(exporter.DEAD_LETTERS, (endpoint.name,), endpoint.dead_letters)
            await asyncio.sleep(_STATS_SECONDS)

    def _count(self) -> None:
        """How many objects are known, though none was observed yet."""
        for kind in Kind:
            self._own.set(exporter.OBJECTS, (kind.value,), len(self._store.states(kind)))

    def _times(self, restored: Restored, name: str) -> dict[Scope, float]:
        """A time for each scope, as far as saved and readable."""
        try:
            return {_scope(one): at for one, at in _TIMES.decode(restored.values.get(name, _NO_TIMES)).items()}
        except ValueError:  # msgspec's errors are such, and so is a kind that is not known
            self._unreadable(name)
            return {}

    async def _restored_states(self, restored: Restored) -> tuple[list[State], bool]:
        """The states that can be read, and whether these are all."""
        found: list[State] = []
        complete = True
        rest = restored.states()
        while some := await asyncio.to_thread(lambda: list(islice(rest, _RESTORED_AT_ONCE))):
            for kind, key, blob in some:
                try:
                    found.append(loads(kind, blob))
                except JournalError:
                    complete = False
                    self._unreadable(f"{kind} {'/'.join(key)}")
        return found, complete

    def _restore_values(self, values: Mapping[str, bytes]) -> None:
        tallies = {name: value for name, value in values.items() if name.startswith(TALLY_PREFIX)}
        for name in (*self._tallies.restore(tallies), *self._promotions.restore(values)):
            self._unreadable(name)
        if self._commits is not None:
            self._commits.restore(values)

    def _complete(self, scope: Scope, at: float) -> None:
        """A list is complete. Unless it is the very first, what happened since the scope was known was not seen."""
        self._values[LISTED] = _encoded(self._store.listed)
        reason = self._gaps.pop(scope, "")
        self._note_unseen()
        known_until = self._known_until.get(scope)
        if reason and known_until is not None:
            gap = Gap(known_until, at, reason, scope.kind.value, scope.namespace)
            self._records += gap_events(gap, self._context)

    def _note_unseen(self) -> None:
        """A list that does not come to its end in this process leaves no cursor: only this tells when the gap began."""
        began = {scope: self._known_until[scope] for scope in self._gaps if scope in self._known_until}
        self._values[UNSEEN] = _encoded(began) if began else None

    def _group(self) -> Group:
        """What has come together, and begin anew. In memory only records count: nothing there survives."""
        records, self._records = self._records, []
        self._encode(0)
        saved, self._saved = self._saved, {}
        cursors, self._cursors = self._cursors, {}
        values, self._values = self._values, {}
        unsaved = self._tallies.unsaved()
        if self._commits is not None:
            unsaved |= self._commits.unsaved()
        if not self._survives:
            return Group(observed_at=self._clock(), records=records)
        return Group(
            observed_at=self._clock(), states=saved, cursors=cursors, values={**values, **unsaved}, records=records
        )

    def _note(self, change: Change) -> None:
        """It is to be saved. The latest come last: those before them are slim already, see `Store.apply`."""
        if self._survives:
            key = change.kind, change.key
            before, _ = self._states.pop(key, (change.before, None))
            self._states[key] = before, change.after

    def _encode(self, most: int) -> None:
        """Encode all but so many of the states, as they come rather than all at once: that would hold the loop."""
        for key in list(islice(self._states, max(0, len(self._states) - most))):
            before, after = self._states.pop(key)
            if before is not None and after is not None and is_put_off(before, after):
                continue
            try:
                self._saved[key] = None if after is None else dumps(after)
            except Exception as error:  # a defect of ours with one object: the others are saved
                self._failed(error)

    async def _write(self, group: Group) -> None:
        if not (group.states or group.cursors or group.values or group.records):
            return
        written = await self._journal.write(group)
        if written.unwritable:
            self._own.increment(exporter.RECORD_FAILURES, (), written.unwritable)

    def _rebuilt(self, fold: Fold) -> Sequence[Record]:
        """What lies between what was saved before the first record was lost, and now; nothing when that fails."""
        now = self._store.states(fold.kind).get(fold.key)
        try:
            before = None if fold.state is None else loads(fold.kind, fold.state)
            if before is None and now is None:
                return []
            change = Change(fold.kind, fold.key, before, now, self._clock(), catch_up=True, born=before is None)
            span = sync_span(change, self._context)
            return [*events_of(change, self._context), *(() if span is None else (span,))]
        except JournalError:
            self._unreadable(f"{fold.kind} {'/'.join(fold.key)}")
        except Exception as error:  # a defect of ours with one object: the others are recorded
            self._failed(error)
        return []

    def _reflect(self, step: PromotionStep) -> None:
        self._exposition.reflect(PROMOTIONS, step.states)
        self._values.update(step.saved)

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


async def _sliced(items: Iterable[_Item]) -> AsyncIterator[list[_Item]]:
    """The items, some at once; others have their turn between."""
    rest = iter(items)
    while some := list(islice(rest, _RESTORED_AT_ONCE)):
        yield some
        await asyncio.sleep(0)


def _encoded(times: Mapping[Scope, float]) -> bytes:
    return msgspec.msgpack.encode({_name(scope): at for scope, at in times.items()})


def _name(scope: Scope) -> str:
    return f"{scope.kind.value}/{scope.namespace}"


def _scope(name: str) -> Scope:
    kind, _, namespace = name.partition("/")
    return Scope(Kind(kind), namespace)


def _kind(state: State) -> Kind:
    match state:
        case ApplicationState():
            return Kind.APPLICATION
        case _:
            return Kind.APPLICATIONSET if hasattr(state, "step") else Kind.PROJECT
