"""What is written to the journal, and what came of it, as values."""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from observability.model.application import Key
from observability.model.event import Record
from observability.model.observation import Kind, Scope

ObjectKey: TypeAlias = tuple[Kind, Key]


class Limits(Struct, frozen=True, kw_only=True):
    """How much is kept, and how soon it is on disk."""

    max_bytes: int = 1 << 30
    """Of all files together. Close to it delivered events are cut, the oldest first; when there are none, no records
    are written any more, only states."""
    retention_days: float = 400.0
    """Events stay so long, delivered or not, as far as they fit. In memory they go once every endpoint has them."""
    commit_seconds: float = 0.05
    """What is to be written waits at most so long for more to come, and shares a transaction with it …"""
    commit_records: int = 200
    """… or until there are so many records."""
    waiting_records: int = 10_000
    """While the file cannot be written, so many records wait in memory for it before they are given up."""


class Group(Struct, frozen=True, kw_only=True):
    """What belongs together: all of it is there after a crash, or nothing of it.

    `states`: None for an object that is gone. `cursors`: up to which version a scope is known; None forgets it.
    `values`: opaque, by name; None forgets it. `unfolded`: objects of which `records` tell all that was folded.
    """

    observed_at: float
    states: Mapping[ObjectKey, bytes | None] = {}
    cursors: Mapping[Scope, str | None] = {}
    values: Mapping[str, bytes | None] = {}
    records: Sequence[Record] = ()
    unfolded: Collection[ObjectKey] = ()


class Written(Struct, frozen=True, kw_only=True):
    """What became of a group.

    `durable`: it is on disk, all but what was folded; else it is kept in memory, and tried again until it is.
    `folded`: so many of its records were given up, for want of room or because records of the same object had been
    folded before: `Journal.folds` gives these objects back once there is room.
    `unwritable`: so many of its records cannot be written as JSON (lone surrogates), and were left out.
    """

    durable: bool = True
    folded: int = 0
    unwritable: int = 0


class Fold(Struct, frozen=True):
    """An object of which `records` were not written since `since`.

    `state`: as it was saved before the first of them; None when it was not there. What lies between that and now is to
    be recorded in one group, with the object in `unfolded`.
    """

    kind: Kind
    key: Key
    state: bytes | None
    records: int
    since: float


class EndpointStats(Struct, frozen=True):
    """What an endpoint is owed. `oldest_at`: when the oldest of it was observed; None when it has everything."""

    name: str
    rows: int
    oldest_at: float | None
    dead_letters: int


class Stats(Struct, frozen=True, kw_only=True):
    """How the journal is. `bytes`: of all its files. `folded`: records that were never written, since it was opened.

    `folds`: objects of which something is folded. `cut_early`: delivered events that went before `retention_days` for
    want of room, since the journal was opened. `trouble`: why it cannot be written now; empty when it can.
    """

    bytes: int
    endpoints: tuple[EndpointStats, ...]
    folded: int
    folds: int
    cut_early: int
    full: bool
    trouble: str
