"""Goes on from what the journal holds: the store, the tallies, the promotions, and what they say in the exposition."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple, TypeVar

import structlog

from observability.app.coverage import SELECTORS, Coverage, Selectors, selectors
from observability.app.enrichment import Enrichment
from observability.app.exposed import PROMOTIONS, TALLIES
from observability.app.watched import LISTED, UNSEEN, times
from observability.delivery.exposition import Exposition
from observability.errors import JournalError
from observability.journal.group import ObjectKey
from observability.journal.journal import Journal
from observability.journal.restoring import Restored
from observability.model.observation import Kind, Scope
from observability.model.promotion import Happening
from observability.model.state import ApplicationState, Change, State
from observability.state.promotion import Promotions
from observability.state.saving import loads
from observability.state.store import Store
from observability.state.tallies import Tallies

log = structlog.get_logger(__name__)

TALLY_PREFIX: Final = "tally/"
"""What the names of saved tallies begin with."""
AT_ONCE: Final = 200
"""So many are taken in before others have their turn."""
_ORDER: Final = (Kind.APPLICATIONSET, Kind.PROJECT, Kind.APPLICATION)
"""What tells the identity of Applications comes before them."""

_Item = TypeVar("_Item")


class Parts(NamedTuple):
    """What is to go on. `commits` None: nobody is asked for commits. `selectors`: what is watched; None: as before.

    `unreadable` is told of what cannot be read, `failed` of defects of ours with what could be.
    """

    store: Store
    exposition: Exposition
    tallies: Tallies
    promotions: Promotions
    commits: Enrichment | None
    clock: Callable[[], float]
    unreadable: Callable[[str], None]
    failed: Callable[[Exception], None]
    selectors: Selectors | None = None


class Known(NamedTuple):
    """What the journal knew.

    `versions`: up to which resourceVersion each scope is known; none when a state could not be read, then all is to be
    listed. `until`: when each scope was known last. `unsaved`: values that follow and are to be saved. `happenings`: of
    promotions, which follow, too, and are to be told. `left_out`: objects, and `forgotten`: scopes, that are not
    watched any more, or not as before; the journal is to forget what it has of them.
    """

    versions: Mapping[Scope, str]
    until: Mapping[Scope, float]
    unsaved: Mapping[str, bytes | None]
    happenings: Sequence[Happening]
    left_out: Sequence[ObjectKey]
    forgotten: Sequence[Scope]


async def restore(journal: Journal, parts: Parts) -> Known:
    """Go on from what the journal holds.

    What cannot be read is told and left out: it is listed again. What is not watched any more is left out, too: nobody
    would hear what becomes of it. Other tasks get their turn meanwhile.
    """
    restored = await asyncio.to_thread(journal.restore)
    if restored.origin.moved_aside is not None:
        parts.unreadable("the journal")
        log.error("the journal was unusable", moved_to=restored.origin.moved_aside, reason=restored.origin.trouble)
    elif not restored.clean:
        log.warning("the exporter before did not end in order: going on from what it had written")
    cursors, values = restored.cursors, restored.values
    listed, until = _times(values, LISTED, parts), _times(values, UNSEEN, parts)
    until |= {scope: cursor.at for scope, cursor in cursors.items()}
    coverage = _coverage(values, parts)
    forgotten: list[Scope] = []
    changed: dict[str, bytes | None] = {}
    if coverage is not None:
        changed = coverage.unsaved(listed)
        listed = {scope: at for scope, at in listed.items() if coverage.is_same(scope)}
        until = {scope: at for scope, at in until.items() if scope in coverage.selectors}
        forgotten = [scope for scope in cursors if not coverage.is_same(scope)]
    parts.store.restore((), listed)
    complete, left_out = await _restore_states(restored, parts, coverage)
    async for some in sliced(values.items()):
        _restore_values(dict(some), parts)
    changed |= await _leave(left_out, parts)
    del restored, values  # before most of the exposition is made: it is much, and what counts of it is decoded
    unsaved, happenings = await _expose(parts)
    versions = {scope: cursor.version for scope, cursor in cursors.items() if scope not in forgotten}
    return Known(versions if complete else {}, until, {**changed, **unsaved}, happenings, left_out, forgotten)


async def sliced(items: Iterable[_Item]) -> AsyncIterator[list[_Item]]:
    """The items, some at once; others have their turn between."""
    rest = iter(items)
    while some := list(islice(rest, AT_ONCE)):
        yield some
        await asyncio.sleep(0)


def _coverage(values: Mapping[str, bytes], parts: Parts) -> Coverage | None:
    if parts.selectors is None:
        return None
    try:
        return Coverage(parts.selectors, selectors(values.get(SELECTORS)))
    except ValueError:  # msgspec's errors are such
        parts.unreadable(SELECTORS)
        return Coverage(parts.selectors, None)


async def _restore_states(restored: Restored, parts: Parts, coverage: Coverage | None) -> tuple[bool, list[ObjectKey]]:
    """Whether all states could be read, and which objects are not watched any more."""
    complete = True
    left_out: list[ObjectKey] = []
    rest = restored.states(*_ORDER)
    while some := await asyncio.to_thread(lambda: list(islice(rest, AT_ONCE))):
        found: list[State] = []
        for kind, key, blob in some:
            try:
                state = loads(kind, blob)
            except JournalError:
                complete = False
                parts.unreadable(f"{kind} {'/'.join(key)}")
                continue
            if coverage is None or coverage.has(kind, state):
                found.append(state)
            else:
                left_out.append((kind, key))
        parts.store.restore(found, {})
        parts.store.apply(())  # lets go of what need not be kept of these, before there are very many
    return complete, left_out


async def _leave(left_out: Sequence[ObjectKey], parts: Parts) -> dict[str, bytes | None]:
    """Let the promotions go on without those that are not watched any more: what is to be saved.

    What follows for journeys is told to nobody: nothing happened. Tallies without any go once all are listed.
    """
    unsaved: dict[str, bytes | None] = {}
    async for some in sliced([key for kind, key in left_out if kind is Kind.APPLICATION]):
        unsaved |= parts.promotions.leave(some, parts.clock(), parts.failed).saved
    if left_out:
        log.warning("what is not watched any more is forgotten", objects=len(left_out))
    return unsaved


def _restore_values(values: Mapping[str, bytes], parts: Parts) -> None:
    tallies = {name: value for name, value in values.items() if name.startswith(TALLY_PREFIX)}
    for name in (*parts.tallies.restore(tallies), *parts.promotions.restore(values)):
        parts.unreadable(name)
    if parts.commits is not None:
        parts.commits.restore(values)


async def _expose(parts: Parts) -> tuple[dict[str, bytes | None], list[Happening]]:
    """Bring all of it into the exposition. What follows from it: what is to be saved, by name, and what is to be told.

    Something happens where Applications were saved before the promotions took them in: their service may be complete
    with them. What happened is noted in what is saved, and would not be told again.
    """
    exposition, now = parts.exposition, parts.clock()
    unsaved: dict[str, bytes | None] = {}
    happenings: list[Happening] = []
    async for states in sliced(_states(parts.store)):
        known = [state for _, state in states if isinstance(state, ApplicationState)]
        step = parts.promotions.begin(known, now, parts.failed)
        happenings += step.happenings
        exposition.reflect(PROMOTIONS, step.states)
        unsaved.update(step.saved)
    async for waiting in sliced(parts.promotions.states()):
        exposition.reflect(PROMOTIONS, {state.pair: state for state in waiting})
    async for tallies in sliced(list(parts.tallies.tallies().items())):
        exposition.reflect(TALLIES, dict(tallies))
    async for states in sliced(_states(parts.store)):
        changes = [Change(kind, state.facts.key, None, state, now) for kind, state in states]
        _await_authors(states, parts)
        exposition.apply(changes)
        exposition.reflect(TALLIES, parts.tallies.take((), changes, parts.failed))
    return unsaved, happenings


def _await_authors(states: Iterable[tuple[Kind, State]], parts: Parts) -> None:
    if parts.commits is not None:
        for _, state in states:
            if isinstance(state, ApplicationState):
                parts.commits.await_author(state)


def _states(store: Store) -> Iterable[tuple[Kind, State]]:
    return [(kind, state) for kind in _ORDER for state in store.states(kind).values()]


def _times(values: Mapping[str, bytes], name: str, parts: Parts) -> dict[Scope, float]:
    try:
        return times(values.get(name))
    except ValueError:  # msgspec's errors are such, and so is a kind that is not known
        parts.unreadable(name)
        return {}
