"""Promotion between environments: what waits, what travels, what has arrived.

Reads changes of Applications in order, yields what stands and what happened. It holds one memory for each service, as
bytes: that is how it is saved, and a hundred thousand Applications need little room.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import Final, NamedTuple

from msgspec import DecodeError, Struct
from msgspec.msgpack import Decoder, Encoder

from observability.model.application import Key
from observability.model.observation import Kind
from observability.model.promotion import Happening, Pair, PromotionKey, PromotionState, PromotionStep
from observability.model.state import ApplicationState, Change
from observability.state import services, sightings
from observability.state.services import Rules, Service, Sight

PREFIX: Final = "promotion/"
"""What the names of its saved blobs begin with; project and service follow."""
VERSION: Final = b"\x01"
"""The first byte of a blob. One of another version is not read: what runs then is the new starting point."""

_MOST_READ: Final = 512
"""Enough for those where something is on its way, one change after another: some 5 KB each."""

_ENCODER: Final = Encoder()
_DECODER: Final = Decoder(Service)


class _Name(NamedTuple):
    """A service of a project."""

    project: str
    service: str

    @property
    def blob(self) -> str:
        return f"{PREFIX}{self.project}/{self.service}"


class _Step(Struct):
    """What has followed so far: services as they were and as they are now, None for those that are not there.

    And what happened.
    """

    before: dict[_Name, Service | None]
    after: dict[_Name, Service | None]
    happenings: list[Happening]


def _raise(error: Exception) -> None:
    raise error


class Promotions:
    """What is remembered of all services. One coroutine feeds it; it is not safe for threads."""

    def __init__(
        self, environments: tuple[str, ...], key: str = PromotionKey.AUTO, most_read: int = _MOST_READ
    ) -> None:
        """`environments`: their names in the order of promotion; Applications of others are left out.

        `most_read`: so many services are kept as they are when read, besides the bytes of all.
        """
        self._most_read = most_read
        self._rules = Rules(environments, PromotionKey(key))
        self._services: dict[_Name, bytes] = {}
        self._read: OrderedDict[_Name, Service] = OrderedDict()
        """Some of them as they are when read, the latest last."""
        self._of: dict[Key, _Name] = {}
        self._open: dict[_Name, float] = {}
        """Until when each service is open, see `services.open_until`; those that are not are left out."""

    def restore(self, blobs: Mapping[str, bytes]) -> tuple[str, ...]:
        """Go on from what was saved, other blobs aside; the names of those that cannot be read."""
        unreadable = []
        for name, blob in blobs.items():
            if not name.startswith(PREFIX):
                continue
            project, _, service_name = name.removeprefix(PREFIX).partition("/")
            service = _decoded(blob)
            if service is None or (service.project, service.name) != (project, service_name):
                unreadable.append(name)
                continue
            found = _Name(project, service_name)
            self._services[found] = blob
            self._open[found] = inf
            for member in service.members:
                namespace, _, application = member.partition("/")
                self._of[Key(namespace, application)] = found
        return tuple(unreadable)

    def begin(
        self, states: Iterable[ApplicationState], at: float, failed: Callable[[Exception], None] = _raise
    ) -> PromotionStep:
        """Take in what is known of Applications whose service is not: what runs now is its starting point.

        After `restore`, with the states of the journal: its promotions may be missing or unreadable. `at` is now;
        `failed`: see `apply`. Something may happen: what the others of a service brought may be complete with these.
        """
        found = (
            Change(Kind.APPLICATION, state.facts.key, None, state, at)
            for state in states
            if state.facts.key not in self._of
        )
        return self.apply(found, failed)

    def states(self) -> Iterator[PromotionState]:
        """How all neighbouring environments stand to each other now."""
        for blob in self._services.values():
            yield from services.states(_DECODER.decode(memoryview(blob)[1:]), self._rules).values()

    def apply(self, changes: Iterable[Change], failed: Callable[[Exception], None] = _raise) -> PromotionStep:
        """Take in changes, in order; those of other kinds are left out.

        A change that cannot be taken in, a defect of ours, is told to `failed`; the others are taken in.
        """
        step = _Step({}, {}, [])
        for change in changes:
            try:
                if not self._says_nothing(change):
                    self._take(change, step)
            except Exception as error:
                failed(error)
        return self._kept(step, failed)

    def leave(self, keys: Iterable[Key], at: float, failed: Callable[[Exception], None] = _raise) -> PromotionStep:
        """Let go of Applications that are not watched any more; those that are not known are left out.

        `failed`: see `apply`.
        """
        step = _Step({}, {}, [])
        for key in keys:
            try:
                if (known := self._of.get(key)) is not None:
                    self._leave(key, known, at, step)
            except Exception as error:
                failed(error)
        return self._kept(step, failed)

    def _kept(self, step: _Step, failed: Callable[[Exception], None]) -> PromotionStep:
        """Keep what has followed; what is to be shown, told and saved of it."""
        states: dict[Pair, PromotionState | None] = {}
        saved: dict[str, bytes | None] = {}
        for name, service in step.after.items():
            try:
                self._keep(name, step.before[name], service, states, saved)
            except Exception as error:
                failed(error)
        return PromotionStep(states, tuple(step.happenings), saved)

    def _says_nothing(self, change: Change) -> bool:
        """Nothing that counts is another than before, and nothing is on its way. Nearly all changes are such.

        Of a service of which only images may still change, images count, as they always do.
        """
        before, after = change.before, change.after
        if not isinstance(after, ApplicationState):
            return not isinstance(before, ApplicationState)
        if not isinstance(before, ApplicationState):
            return False
        known = self._of.get(change.key)
        if known is None:
            return after.memory.identity.environment not in self._rules.environments
        until = self._open.get(known)
        if until is not None and not change.received_at <= until < inf:
            return False
        return change.compared or (
            _is_same(before, after)
            and self._is_of(known, after)
            and (after.facts is before.facts or after.facts.images_mark == before.facts.images_mark)
        )

    def _is_of(self, name: _Name, state: ApplicationState) -> bool:
        """The Application belongs to this service."""
        _, _, _, project, environment, service = state.memory.identity
        return name == (project, service) and environment in self._rules.environments

    def _take(self, change: Change, step: _Step) -> None:
        after, known = change.after, self._of.get(change.key)
        if not isinstance(after, ApplicationState):
            if known is not None:
                self._leave(change.key, known, change.received_at, step)
            return
        if known is not None and not self._is_of(known, after):
            self._leave(change.key, known, change.received_at, step)
            known = None
        if known is None:
            identity = after.memory.identity
            if identity.environment not in self._rules.environments:
                return
            known = _Name(identity.project, identity.service)
        self._see(known, change, after, step)

    def _see(self, name: _Name, change: Change, state: ApplicationState, step: _Step) -> None:
        """Take in the sight of an Application of this service."""
        service = self._known(name, step)
        if service is None:
            service = Service(engine=state.identity.engine, project=name.project, name=name.service)
        key, at = change.key, change.received_at
        if key not in self._of:
            self._of[key] = name = self._one(name, service)
        fresh = change.before is None or state.facts is not change.before.facts
        sight = Sight(f"{key.namespace}/{key.name}", state, at, fresh, change.born, change.catch_up)
        becomes, happenings = sightings.seen(service, sight, self._rules)
        step.after[name] = becomes
        step.happenings.extend(happenings)
        until = services.open_until(becomes)
        if at <= until:
            self._open[name] = until
        else:
            self._open.pop(name, None)

    def _one(self, name: _Name, service: Service) -> _Name:
        """The same name, as the object that other Applications of the service have: a hundred thousand need room."""
        for member in service.members:
            namespace, _, application = member.partition("/")
            found = self._of.get(Key(namespace, application))
            return found if found is not None and found == name else name
        return name

    def _leave(self, key: Key, name: _Name, at: float, step: _Step) -> None:
        """An Application is gone, or belongs to another service or environment now."""
        del self._of[key]
        service = self._known(name, step)
        if service is None:
            return
        becomes, happenings = sightings.gone(service, f"{key.namespace}/{key.name}", at, self._rules)
        step.after[name] = becomes
        step.happenings.extend(happenings)
        if becomes is None:
            self._open.pop(name, None)

    def _known(self, name: _Name, step: _Step) -> Service | None:
        """What is remembered of a service; None when it is new. Read once a step."""
        if name in step.after:
            return step.after[name]
        if name not in step.before:
            blob, read = self._services.get(name), self._read.pop(name, None)
            if blob is not None and read is None:
                read = _DECODER.decode(memoryview(blob)[1:])
            if read is not None:
                self._put(name, read)
            step.before[name] = read
        return step.before[name]

    def _put(self, name: _Name, service: Service) -> None:
        """Keep a service as it is when read, as the latest."""
        self._read.pop(name, None)
        self._read[name] = service
        if len(self._read) > self._most_read:
            self._read.popitem(last=False)

    def _keep(
        self,
        name: _Name,
        before: Service | None,
        after: Service | None,
        states: dict[Pair, PromotionState | None],
        saved: dict[str, bytes | None],
    ) -> None:
        """Keep what is remembered of a service, and note what of it is another now."""
        if after is before:
            return
        blob = None if after is None else VERSION + _ENCODER.encode(after)
        if blob == self._services.get(name):
            return
        saved[name.blob] = blob
        if blob is None:
            del self._services[name]
            self._read.pop(name, None)
        else:
            self._services[name] = blob
        if after is not None:
            self._put(name, after)
        states.update(services.changed_states(before, after, self._rules))


def _decoded(blob: bytes) -> Service | None:
    if blob[:1] != VERSION:
        return None
    try:
        return _DECODER.decode(memoryview(blob)[1:])
    except DecodeError:
        return None


def _is_same(before: ApplicationState, after: ApplicationState) -> bool:
    """Nothing that counts for a service with nothing on its way is another than before."""
    old, new = before.memory, after.memory
    return before.facts.sources == after.facts.sources and (
        old is new
        or (
            old.deployed == new.deployed
            and old.settled == new.settled
            and old.settled_since_deployment == new.settled_since_deployment
            and old.identity == new.identity
            and old.run == new.run
            and old.running == new.running
        )
    )
