"""Groups that wait to be written together, and which of their records may be. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple

from observability.journal.group import Group, ObjectKey
from observability.journal.packing import pack
from observability.journal.records import about
from observability.model.event import Event, Record
from observability.model.observation import Scope

_ROW_BYTES: Final = 400
"""What a record takes in its row and indexes beside its JSON, about."""


class Refusal(NamedTuple):
    """A record that an endpoint will never take. `record`: event or span."""

    endpoint: str
    number: int
    record: str
    reason: str
    at: float
    data: str


class Draft(NamedTuple):
    """A record that is about to be written. `object`: what it is about, None when that is no object of Kubernetes."""

    record: Record
    id: str
    data: bytes
    object: ObjectKey | None


class Entry(NamedTuple):
    """The records of one group."""

    drafts: tuple[Draft, ...]
    unfolded: frozenset[ObjectKey]


class Sifted(NamedTuple):
    """What becomes of records: `kept` are written, of `folded` it is only counted how many. In both cases by order.

    `counts`: how many of each entry were folded. `unfolded`: objects that are not folded any more.
    """

    kept: tuple[Draft, ...]
    folded: Mapping[ObjectKey | None, int]
    counts: tuple[int, ...]
    unfolded: frozenset[ObjectKey]


class Batch:
    """What waits. A later state, cursor or value of the same name takes the place of one that waits already."""

    def __init__(self) -> None:
        self.states: dict[ObjectKey, bytes | None] = {}
        self.cursors: dict[Scope, tuple[str | None, float]] = {}
        self.values: dict[str, bytes | None] = {}
        self.entries: list[Entry] = []
        self.folded: dict[ObjectKey | None, int] = {}
        """Records that were given up, by what they are about: still to be noted."""
        self.acknowledged: dict[str, int] = {}
        self.refusals: list[Refusal] = []
        self.observed_at = 0.0
        self.told = 0
        """Of so many entries, the first ones, it was told that they wait."""

    def __bool__(self) -> bool:
        return any(
            (self.states, self.cursors, self.values, self.entries, self.folded, self.acknowledged, self.refusals)
        )

    @property
    def records(self) -> int:
        """How many records wait."""
        return sum(len(entry.drafts) for entry in self.entries)

    @property
    def bytes(self) -> int:
        """How much room the records need, about."""
        return sum(len(one.data) + _ROW_BYTES for entry in self.entries for one in entry.drafts)

    def add(self, group: Group) -> list[ValueError]:
        """Take in a group, behind those before it. The reasons why some of its records cannot be written."""
        drafts, failures = _drafted(group)  # first: what fails here must leave nothing behind
        self.states.update(group.states)
        self.cursors.update((scope, (version, group.observed_at)) for scope, version in group.cursors.items())
        self.values.update(group.values)
        self.entries.append(Entry(tuple(drafts), frozenset(group.unfolded)))
        self.observed_at = max(self.observed_at, group.observed_at)
        return failures

    def acknowledge(self, endpoint: str, number: int) -> None:
        """An endpoint has all rows up to this one."""
        self.acknowledged[endpoint] = max(number, self.acknowledged.get(endpoint, 0))

    def give_up_records(self, sifted: Sifted) -> None:
        """They could not be written: from now on it is only known how many there were. States and cursors wait on."""
        self.folded = dict(sifted.folded)
        self.entries = []
        self.told = 0


def sift(batch: Batch, folded: Collection[ObjectKey], *, room: bool) -> Sifted:
    """Which records may be written. With `folded` objects, those of them may not, for order's sake, until unfolded."""
    kept: list[Draft] = []
    counted, counts = dict(batch.folded), []
    unfolded: set[ObjectKey] = set()
    for entry in batch.entries:
        if room:
            unfolded |= entry.unfolded
        lost = [one for one in entry.drafts if not room or (one.object in folded and one.object not in unfolded)]
        if not lost:
            kept.extend(entry.drafts)
        else:
            dropped = set(map(id, lost))
            kept.extend(one for one in entry.drafts if id(one) not in dropped)
        for one in lost:
            counted[one.object] = counted.get(one.object, 0) + 1
        counts.append(len(lost))
    return Sifted(tuple(kept), counted, tuple(counts), frozenset(unfolded))


def _drafted(group: Group) -> tuple[list[Draft], list[ValueError]]:
    drafts, failures = [], []
    for record in group.records:
        try:
            identifier = record.id if isinstance(record, Event) else record.trace_id + record.id
            drafts.append(Draft(record, identifier, pack(record), about(record.subject)))
        except ValueError as error:  # UnicodeEncodeError is one, too
            failures.append(error)
    return drafts, failures


def named(keys: Iterable[ObjectKey]) -> list[list[str]]:
    """The keys as SQLite reads them from a JSON array: kind, namespace, name."""
    return [[str(kind), *key] for kind, key in keys]
