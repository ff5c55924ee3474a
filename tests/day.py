"""A day full of transitions: what the recorder makes of tests/recordings, again and again at other times.

Each recording is played once through store, signals and recorder. Its transitions, the updates that brought events,
come again as often as are wanted, a pass under names, identifiers, uids and commits of its own; their sizes and their
mix stay as they are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from typing import Final, NamedTuple, cast

import msgspec

from observability.app.composition import METERS
from observability.app.exposed import exposed
from observability.app.recorder import History, Recorder
from observability.delivery.exposition import Exposition
from observability.delivery.family import Limits
from observability.delivery.own import OwnMetrics
from observability.journal.group import Group, ObjectKey, Written
from observability.journal.journal import Journal
from observability.model.application import Key
from observability.model.event import Event, Record, Span
from observability.settings import Settings
from observability.settings.groups import Cluster
from observability.settings.groups import Exposition as ExpositionSettings
from observability.signals import exporter
from observability.signals.transitions import Context
from observability.state.promotion import Promotions
from observability.state.tallies import Tallies
from tests import replay

_IDENTIFIER: Final = re.compile(
    rb'(?<=")(?:[0-9a-f]{40}|[0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=")'
)
"""Commits, identifiers of records, and uids."""
_DECODERS: Final[dict[bool, "msgspec.json.Decoder[Event] | msgspec.json.Decoder[Span]"]] = {
    False: msgspec.json.Decoder(Event),
    True: msgspec.json.Decoder(Span),
}


class Template(NamedTuple):
    """One transition. `at`: when it was observed. `records`: whether each is a span, and its JSON."""

    at: float
    group: Group
    records: tuple[tuple[bool, bytes], ...]


async def templates(topics: Sequence[str] = replay.TOPICS) -> list[Template]:
    """The transitions of these recordings, in their order."""
    return [one for topic in topics for one in await _played(topic)]


def transitions(known: Sequence[Template], first_at: float, interval_seconds: float) -> Iterator[Group]:
    """One after the other at this interval, for ever."""
    numbers = count()
    for turn in count():
        words: dict[bytes, bytes] = {}
        for template in known:
            at = first_at + next(numbers) * interval_seconds
            yield _again(template, at, f"{turn:04}", words)


class _Tap:
    """Stands where the recorder expects its journal, and keeps what it is given to write.

    Faithful to `Journal.write`, as far as a recorder that restores nothing uses it.
    """

    path = Path("journal.db")

    def __init__(self) -> None:
        self.groups: list[Group] = []

    async def write(self, group: Group) -> Written:
        self.groups.append(group)
        return Written()


async def _played(topic: str) -> list[Template]:
    now = 0.0
    store, own, tap = replay.new_store(), OwnMetrics(exporter.EXPORTER_METRICS), _Tap()
    limits = Limits(series_per_family=100_000, label_value_bytes=1024)
    exposition = Exposition(exposed(ExpositionSettings(), Cluster()), limits, own, METERS, lambda: now)
    environments = Settings().environments
    history = History(Context.of(environments), Tallies(), Promotions(tuple(one.name for one in environments)))
    recorder = Recorder(cast("Journal", tap), store, exposition, own, history, lambda: now)
    found = []
    for now, changes in replay.batches(topic, store):
        recorder.take(changes)
        await recorder.finish()
        found += [_template(now, group) for group in tap.groups if group.records]
        tap.groups.clear()
    exposition.close()
    return found


def _template(at: float, group: Group) -> Template:
    return Template(at, group, tuple((isinstance(one, Span), msgspec.json.encode(one)) for one in group.records))


def _again(template: Template, at: float, turn: str, words: dict[bytes, bytes]) -> Group:
    shift, group = at - template.at, template.group
    names = sorted({key.name for _, key in group.states} | {_name(one) for one in group.records} - {""}, key=len)

    def other(found: re.Match[bytes]) -> bytes:
        word = found[0]
        if word not in words:
            digits = sha256(turn.encode() + word).hexdigest().encode()[: len(word)]
            words[word] = digits if b"-" not in word else b"-".join((digits[:8], *[digits[8:12]] * 3, digits[12:24]))
        return words[word]

    def renamed(data: bytes) -> bytes:
        for name in names[-1:]:
            data = data.replace(name.encode(), f"{name}-{turn}".encode())
        return _IDENTIFIER.sub(other, data)

    return Group(
        observed_at=at,
        states={_moved(key, turn): state for key, state in group.states.items()},
        values=group.values,
        records=[_shifted(_DECODERS[is_span].decode(renamed(data)), shift) for is_span, data in template.records],
    )


def _name(record: Record) -> str:
    return record.subject.rpartition("/")[2]


def _moved(key: ObjectKey, turn: str) -> ObjectKey:
    kind, (namespace, name) = key
    return kind, Key(namespace, f"{name}-{turn}")


def _shifted(record: Record, seconds: float) -> Record:
    if isinstance(record, Span):
        return msgspec.structs.replace(
            record, started_at=round(record.started_at + seconds, 6), ended_at=round(record.ended_at + seconds, 6)
        )
    at, observed_at = round(record.at + seconds, 6), round(record.observed_at + seconds, 6)
    identifier = record.attributes.get("gitops.event.id", record.id)
    assert identifier == record.id
    return msgspec.structs.replace(record, at=at, observed_at=observed_at)


def first(known: Sequence[Template], number: int, first_at: float, interval_seconds: float) -> Iterator[Group]:
    """So many of `transitions`."""
    return islice(transitions(known, first_at, interval_seconds), number)


def mix(names: Mapping[str, int]) -> str:
    """How many of each, in per cent of all, the most frequent first; what is below one per cent together."""
    total = sum(names.values())
    told = sorted(((number / total, name) for name, number in names.items()), reverse=True)
    large = [f"{name.removeprefix('gitops.')} {share:.0%}" for share, name in told if share >= 0.01]
    return ", ".join([*large, f"others {sum(share for share, _ in told if share < 0.01):.0%}"])
