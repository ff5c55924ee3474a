"""States as bytes and back: what of a belief is kept over a restart. Pure.

MessagePack with names, so that fields can be added with a default; a version in front for what cannot be added so.
What the store lets go of is not kept.
"""

from collections.abc import Mapping
from sys import intern
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec.structs import force_setattr, replace

from observability.errors import JournalError
from observability.model.application import HistoryEntry
from observability.model.observation import Kind
from observability.model.state import ApplicationSetState, ApplicationState, Identity, ProjectState, State

VERSION: Final = 1
"""Of the form of what is saved: raised when what was saved before cannot be read any more."""

PUT_OFF_SECONDS: Final = 600

_Value = TypeVar("_Value")
_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class UnreadableStateError(JournalError, ValueError):
    """A saved state cannot be read: of another version, or damaged."""


def is_put_off(before: State, after: State) -> bool:
    """Nothing is lost when `before` stays saved: Argo CD only compared once more and found nothing new.

    What was told to be only compared seldom gets here; this is for what was read and says nothing new. Each Application
    is saved when it `is_due` all the same.
    """
    if not isinstance(before, ApplicationState) or not isinstance(after, ApplicationState):
        return False
    if after.memory is not before.memory or is_due(before, after):
        return False
    if after.windows != before.windows or after.violations != before.violations:
        return False
    old, new = before.facts, after.facts
    return replace(old, resource_version=new.resource_version, reconciled_at=new.reconciled_at) == new


def is_due(before: State | None, after: State | None) -> bool:
    """Its turn to be saved is between the two comparisons: once in `PUT_OFF_SECONDS`, not all of them at once.

    The time of the last comparison that is known after a restart is at most so much too old.
    """
    if not isinstance(before, ApplicationState) or not isinstance(after, ApplicationState):
        return True
    old, new = before.facts.reconciled_at, after.facts.reconciled_at
    if old is None or new is None:
        return True
    shift = hash(after.facts.uid) % PUT_OFF_SECONDS
    return (old + shift) // PUT_OFF_SECONDS != (new + shift) // PUT_OFF_SECONDS


def dumps(state: State) -> bytes:
    """The state, to be read by `loads`. Of the history of an Application only the newest entry is kept."""
    if isinstance(state, ApplicationState):
        state = _slim(state)
    return _FRONT + _ENCODER.encode(state)


def loads(kind: Kind, data: bytes) -> State:
    """The state of an object of `kind` that `dumps` made these bytes of.

    Raises:
        UnreadableStateError: they are of another version, or damaged.
    """
    if data[:1] != _FRONT:
        raise UnreadableStateError(f"a saved {kind}: expected version {VERSION}, got {data[0] if data else 'nothing'}")
    try:
        state: State = _DECODERS[kind].decode(memoryview(data)[1:])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise UnreadableStateError(f"a saved {kind} cannot be read: {error}") from error
    if isinstance(state, ApplicationState):
        state.facts.history = tuple(state.facts.history)
        if state.facts.operation is not None:
            state.facts.operation.resources = ()
        state = _shared(state)
    return state


def _shared(state: ApplicationState) -> ApplicationState:
    """The same, with parts that others have, too: of its own they would double the memory of a process."""
    facts, memory = state.facts, state.memory
    times: dict[float, float] = {}
    memory.identity = Identity(*map(intern, memory.identity))
    facts.namespace, facts.name = intern(facts.namespace), intern(facts.name)
    facts.project, facts.applicationset = intern(facts.project), intern(facts.applicationset)
    facts.controller_namespace = intern(facts.controller_namespace)
    if not facts.labels:
        facts.labels = _NO_LABELS
    facts.destination = _of_words(facts.destination)
    facts.sources = _one(tuple(map(_of_words, facts.sources)))
    facts.history = tuple(_shared_fields(one, times, _OF_ENTRIES) for one in facts.history)
    _shared_fields(facts, times, _OF_FACTS)
    _shared_fields(memory, times, _OF_MEMORIES)
    memory.ended = _one(memory.ended)
    if memory.run is not None:
        _shared_fields(memory.run, times, _OF_RUNS)
    if facts.operation is not None:
        _shared_fields(facts.operation, times, _OF_OPERATIONS)
    return ApplicationState(facts, memory, _one(state.windows), _one(state.violations))


class _Fields(NamedTuple):
    """Which fields are shared, and how: words among all, times within one state, values among those that come near."""

    words: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


_OF_FACTS: Final = _Fields((), ("created_at", "health_since", "reconciled_at"), ("options", "desired", "conditions"))
_OF_MEMORIES: Final = _Fields(
    (),
    ("deployed_at", "ended_at", "health_since", "healthy_at"),
    ("settled", "deployed", "oldest", "results", "lineage", "begun"),
)
_OF_ENTRIES: Final = _Fields(("username",), ("deployed_at", "deploy_started_at"), ("target",))
_OF_RUNS: Final = _Fields(("initiator", "message"), ("requested_at", "started_at", "finished_at"), ("target",))
_OF_OPERATIONS: Final = _Fields(
    ("message", "username"), ("started_at", "finished_at"), ("options", "requested", "synced")
)


def _shared_fields(struct: _Struct, times: dict[float, float], fields: _Fields) -> _Struct:
    """The same object, which was just read and nobody has: that it is frozen matters to others."""
    for name in fields.words:
        force_setattr(struct, name, intern(getattr(struct, name)))
    for name in fields.times:
        if (at := getattr(struct, name)) is not None:
            force_setattr(struct, name, times.setdefault(at, at))
    for name in fields.values:
        force_setattr(struct, name, _one(getattr(struct, name)))
    return struct


def _of_words(struct: _Struct) -> _Struct:
    for name in struct.__struct_fields__:
        force_setattr(struct, name, intern(getattr(struct, name)))
    return _one(struct)


def _one(value: _Value) -> _Value:
    """An equal value that is kept already."""
    if len(_KEPT) > _KEPT_MOST:
        _KEPT.clear()
    found: _Value = _KEPT.setdefault((type(value), value), value)
    return found


def _slim(state: ApplicationState) -> ApplicationState:
    facts = state.facts
    operation = facts.operation
    history: tuple[HistoryEntry, ...] = (facts.history[-1],) if facts.history else ()
    if operation is not None:
        operation = replace(operation, resources=())
    return replace(state, facts=replace(facts, history=history, asked=None, operation=operation))


_NO_LABELS: Final[Mapping[str, str]] = {}
_KEPT: Final[dict[tuple[type, Any], Any]] = {}
_KEPT_MOST: Final = 10_000

_FRONT: Final = bytes([VERSION])
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODERS: Final[Mapping[Kind, "msgspec.msgpack.Decoder[Any]"]] = {
    Kind.APPLICATION: msgspec.msgpack.Decoder(ApplicationState),
    Kind.APPLICATIONSET: msgspec.msgpack.Decoder(ApplicationSetState),
    Kind.PROJECT: msgspec.msgpack.Decoder(ProjectState),
}
