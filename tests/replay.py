"""The recordings of a real Argo CD, played into a store."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from observability.model.observation import Kind, Listed, Observation, Scope
from observability.model.state import ApplicationState, Change
from observability.settings import Settings
from observability.sources.argocd import ARGOCD
from observability.sources.engine import WatchedKind
from observability.sources.reader import Cursor, Reader
from observability.state.store import Store

FOLDER: Final = Path(__file__).parent / "recordings"
TOPICS: Final = tuple(sorted(path.name.removesuffix(".truth.ndjson") for path in FOLDER.glob("*.truth.ndjson")))
SETTLE_SECONDS: Final = 1.0
_LIST_SECONDS: Final = 2.0
"""An object that is older than this when the recording begins was listed, not watched."""
KINDS: Final = {kind.plural: kind for kind in ARGOCD.kinds}


class Line(NamedTuple):
    """One watch event. `resource` is the plural of its kind."""

    at: float
    resource: str
    type: str
    object: dict[str, Any]


class Spell(NamedTuple):
    """From `at` (seconds since the first line) an application was believed to be so, until its next spell."""

    at: float
    state: ApplicationState | None


def lines(topic: str) -> Iterator[Line]:
    """The events of a topic that the exporter watches, in the order of receipt, bookmarks left out."""
    with gzip.open(FOLDER / f"{topic}.ndjson.gz", "rt") as file:
        for text in file:
            line = json.loads(text)
            if line["resource"] in KINDS and line["type"] != "BOOKMARK":
                yield Line(line["t"], line["resource"], line["type"], line["object"])


def truth(topic: str) -> list[dict[str, Any]]:
    """What was really done, in order."""
    return [json.loads(text) for text in (FOLDER / f"{topic}.truth.ndjson").read_text().splitlines()]


def spells(topic: str, told: Callable[[ApplicationState], object]) -> dict[str, list[Spell]]:
    """What was believed of each application over time; a new spell begins where `told` says something else."""
    events = list(lines(topic))
    began_at = events[0].at
    store = new_store()
    found: dict[str, list[Spell]] = {}
    for at, changes in _changes(store, events):
        for change in changes:
            if change.kind is Kind.APPLICATION:
                after = change.after if isinstance(change.after, ApplicationState) else None
                known = found.setdefault(change.key.name, [])
                if not known or _said(told, known[-1].state) != _said(told, after):
                    known.append(Spell(at - began_at, after))
    return found


def batches(topic: str, store: Store | None = None) -> Iterator[tuple[float, list[Change]]]:
    """What a store makes of a topic, a new one if None, with the time; to be looked at before the next is asked for."""
    yield from _changes(store or new_store(), list(lines(topic)))


def new_store() -> Store:
    """A store with the default settings, the shortened settle time aside."""
    settings = Settings()
    return Store(settle_seconds=SETTLE_SECONDS, environments=settings.environments, identity=settings.identity)


def _said(told: Callable[[ApplicationState], object], state: ApplicationState | None) -> object:
    return None if state is None else (told(state),)


def _changes(store: Store, events: Sequence[Line]) -> Iterator[tuple[float, list[Change]]]:
    for observations, at in _opened(events):
        while (due := store.next_due()) is not None and due <= at:
            now = due or at
            yield now, store.due(now)
        yield at, store.apply(observations)


class _Watch:
    """Reads what a watch brings as the exporter does; the versions of a topic are not looked at, it has gaps."""

    def __init__(self, kind: WatchedKind) -> None:
        self._scope = Scope(kind.kind)
        self._cursor = Cursor(None, "start")
        self._reader = Reader(self._scope, kind, self._cursor)

    def listed(self, events: Sequence[Line], at: float, reason: str) -> list[Observation]:
        """What a list tells that brings these."""
        self._cursor.reason = reason
        return [self._cursor.listing(self._scope), *map(self.told, events), Listed(self._scope, "", at)]

    def told(self, event: Line) -> Observation:
        """What one event tells."""
        text = json.dumps(event.object, separators=(",", ":"), ensure_ascii=False)
        (observation,) = self._reader.lines([f'{{"type":"{event.type}","object":{text}}}'.encode()], event.at)
        return observation


def _opened(events: Sequence[Line]) -> Iterator[tuple[list[Observation], float]]:
    """The observations that a source would make: first the list of what was there when the recording began."""
    began_at = events[0].at
    there = listed(events)
    watches = {resource: _Watch(kind) for resource, kind in KINDS.items()}
    for resource, watch in watches.items():
        yield watch.listed([event for event in there if event.resource == resource], began_at, "start"), began_at
    known = {_uid(event) for event in there}
    again: list[Line] = []
    for event in events:
        if event in there:
            continue
        if event.type == "ADDED" and (again or _uid(event) in known):
            again.append(event)
            continue
        yield from _listed_again(again, watches)
        again = []
        known.add(_uid(event))
        yield [watches[event.resource].told(event)], event.at
    yield from _listed_again(again, watches)


def _uid(event: Line) -> str:
    uid: str = event.object["metadata"]["uid"]
    return uid


def _listed_again(events: Sequence[Line], watches: Mapping[str, _Watch]) -> Iterator[tuple[list[Observation], float]]:
    """A second list, after a gap: objects that are known were added again."""
    for resource, watch in watches.items():
        found = [event for event in events if event.resource == resource]
        if found:
            yield watch.listed(found, found[-1].at, "outage"), found[-1].at


def listed(events: Sequence[Line]) -> list[Line]:
    """What was there when the recording began."""
    return [event for event in events if event.at < events[0].at + _LIST_SECONDS and _was_there(event)]


def _was_there(event: Line) -> bool:
    born_at = datetime.fromisoformat(event.object["metadata"]["creationTimestamp"]).timestamp()
    return event.type == "ADDED" and event.at - born_at > _LIST_SECONDS


def changes(topic: str) -> Iterator[Change]:
    """All changes of a topic, in order, as a store with the default settings tells them.

    They have all that they may be asked for until the next one is taken.
    """
    yield from played(list(lines(topic)))


def played(events: Sequence[Line]) -> Iterator[Change]:
    """The same of these events."""
    for _, told in _changes(new_store(), events):
        yield from told
