"""States as bytes and back: what of a belief is kept over a restart. Pure.

MessagePack with names, so that fields can be added with a default; a version in front for what cannot be added so.
What the store lets go of is not kept.
"""

from collections.abc import Mapping
from sys import intern
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from observability.errors import JournalError
from observability.model.application import HistoryEntry
from observability.model.observation import Kind
from observability.model.state import ApplicationSetState, ApplicationState, Identity, ProjectState, State

VERSION: Final = 1
"""Of the form of what is saved: raised when what was saved before cannot be read any more."""

PUT_OFF_SECONDS: Final = 600

_Value = TypeVar("_Value")


class UnreadableStateError(JournalError, ValueError):
    """A saved state cannot be read: of another version, or damaged."""


def is_put_off(before: State, after: State) -> bool:
    """Nothing is lost when `before` stays saved: Argo CD only compared once more and found nothing new.

    Nine of ten updates are such. Each Application is saved once in `PUT_OFF_SECONDS` all the same, not all of them at
    once, so that the time of the last comparison that is known after a restart is at most so much too old.
    """
    if not isinstance(before, ApplicationState) or not isinstance(after, ApplicationState):
        return False
    old, new = before.facts, after.facts
    if after.memory is not before.memory or old.reconciled_at is None or new.reconciled_at is None:
        return False
    shift = hash(new.uid) % PUT_OFF_SECONDS
    if (old.reconciled_at + shift) // PUT_OFF_SECONDS != (new.reconciled_at + shift) // PUT_OFF_SECONDS:
        return False
    if after.windows != before.windows or after.violations != before.violations:
        return False
    return replace(old, resource_version=new.resource_version, reconciled_at=new.reconciled_at) == new


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
    memory.identity = Identity(*map(intern, memory.identity))
    facts.namespace, facts.name = intern(facts.namespace), intern(facts.name)
    facts.project, facts.applicationset = intern(facts.project), intern(facts.applicationset)
    facts.controller_namespace = intern(facts.controller_namespace)
    for name in _SHARED_FACTS:
        setattr(facts, name, _one(getattr(facts, name)))
    for name in _SHARED_MEMORIES:
        setattr(memory, name, _one(getattr(memory, name)))
    if facts.operation is not None:
        facts.operation.synced = _one(facts.operation.synced)
        facts.operation.message = _one(facts.operation.message)
    return ApplicationState(facts, memory, _one(state.windows), _one(state.violations))


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


_SHARED_FACTS: Final = ("destination", "sources", "options", "desired", "conditions")
_SHARED_MEMORIES: Final = ("settled", "deployed", "oldest", "results", "lineage")
_KEPT: Final[dict[tuple[type, Any], Any]] = {}
_KEPT_MOST: Final = 10_000

_FRONT: Final = bytes([VERSION])
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODERS: Final[Mapping[Kind, "msgspec.msgpack.Decoder[Any]"]] = {
    Kind.APPLICATION: msgspec.msgpack.Decoder(ApplicationState),
    Kind.APPLICATIONSET: msgspec.msgpack.Decoder(ApplicationSetState),
    Kind.PROJECT: msgspec.msgpack.Decoder(ProjectState),
}
