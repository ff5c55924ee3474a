"""The body of /metrics, kept as text that is rendered when a subject changes and deflated when somebody asks.

A subject is an object that is watched, or what follows from many of them: a group with its counters, a step between two
environments. What is exposed of a kind of subjects is an `Exposed`.

Reads changes of the state, yields the body in the text format 0.0.4: gzip in pieces of one member, identity streamed.
All methods belong to the event loop; only deflating leaves it, for a thread.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter, is_not
from typing import Any, Final, Generic, NamedTuple, TypeVar

from msgspec import Struct

from observability.delivery.buckets import BUCKET, Buckets, Texts, deflated
from observability.delivery.family import Family, Limits
from observability.delivery.fragments import deflate, gzip_member
from observability.delivery.own import OwnMetrics
from observability.delivery.text import Labels, Tails, label_prefix
from observability.model.observation import Kind
from observability.model.state import Change
from observability.signals.catalogue import Distribution, Metric, OwnMetric

Subject = TypeVar("Subject")

_QUIET_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 0.5
_RESTS: Final = 39
"""So many times as long as it took does it rest while changes do not stop."""
_ALIKE: Final = 4
_AT_ONCE: Final = 500
"""So many buckets, and a family more, are copied and deflated in one go: 8 ms of the loop, 50 ms of the thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed(Generic[Subject]):
    """How the subjects of one kind are exposed: the labels that each of their series begins with, and their families.

    `kind`: a kind that is watched, or for `Exposition.reflect` a word of its own. `identity` yields at least one
    label and says the same as long as the subject lives.
    """

    kind: Kind | str
    identity: Callable[[Subject], Labels]
    metrics: Sequence[Metric[Subject] | Distribution[Subject]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """The rows of the catalogue that say how the exposition is. Each is among those of the `OwnMetrics` it comes with.

    Labels: `encoding` of `body_bytes`, `family` of `dropped`, `hidden` and `failures`, none of the others.
    """

    series: OwnMetric
    body_bytes: OwnMetric
    dropped: OwnMetric
    hidden: OwnMetric
    truncated: OwnMetric
    failures: OwnMetric
    exposed_delay: OwnMetric


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """How the exposition is now; the maps are by family.

    `series`, `identity_bytes` and `gzip_bytes` are of the kinds that are shown and without the exporter's own metrics;
    `gzip_bytes` as of the last gzip body. `waiting`: objects that are not shown for want of room. The others count from
    the start.
    """

    series: Mapping[str, int]
    waiting: Mapping[str, int]
    dropped: Mapping[str, int]
    failures: Mapping[str, int]
    truncated: int
    identity_bytes: int
    gzip_bytes: int


class Exposition:
    """What a scrape gets: the exporter's own metrics, then the families of the kinds that are shown, in order of rows.

    `clock` is the one that `Change.received_at` was read from. A kind that is not among `kinds` is not exposed.
    """

    def __init__(
        self,
        kinds: Iterable[Exposed[Any]],
        limits: Limits,
        own: OwnMetrics,
        meters: Meters,
        clock: Callable[[], float],
    ) -> None:
        kinds = tuple(kinds)
        self._objects: dict[str, _Objects] = {exposed.kind: _Objects(exposed, limits) for exposed in kinds}
        self._own = own
        self._meters = meters
        self._clock = clock
        self._deflating = asyncio.Lock()
        self._changed = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="deflate")

    def apply(self, changes: Iterable[Change]) -> None:
        """Render what changed; the next body has it. A kind that was not shown yet is rendered all the same."""
        received = []
        for change in changes:
            objects = self._objects.get(change.kind)
            if objects is not None:
                objects.apply(change.key, change.before, change.after)
                received.append(change.received_at)
        for objects in self._objects.values():
            objects.admit()
        self._changed.set()
        now = self._clock()
        for received_at, times in Counter(received).items():
            self._own.observe(self._meters.exposed_delay, (), max(0.0, now - received_at), times)

    def reflect(self, kind: str, subjects: Mapping[Any, object | None]) -> None:
        """The same of what follows from objects: the subjects of `kind` that are others now, by key; None: gone.

        A key is a tuple of texts, and whoever has the same key has the same identity. No delay is measured of these.
        """
        objects = self._objects.get(kind)
        if objects is None or not subjects:
            return
        for key, subject in subjects.items():
            objects.apply(key, subject, subject)
        objects.admit()
        self._changed.set()

    def show(self, kind: Kind | str) -> None:
        """All subjects of `kind` are in for the first time: its families appear. A body said nothing of them."""
        self._objects[kind].shown = True
        self._changed.set()

    async def keep_fresh(self) -> None:
        """Deflate what changed ahead, for ever, so that a scrape finds little to do; also what is not shown yet.

        It begins when nothing changes for a moment. When changes do not stop for a while it begins all the same, but is
        at work for a fortieth of the time at most: all of it is stale again by the next scrape.
        """
        loop = asyncio.get_running_loop()
        took = 0.0
        while True:
            await self._changed.wait()
            latest = loop.time() + max(_PATIENCE_SECONDS, _RESTS * took)
            while self._changed.is_set() and loop.time() < latest:
                self._changed.clear()
                await asyncio.sleep(_QUIET_SECONDS)
            began = loop.time()
            await self._refresh(family for objects in self._objects.values() for family in objects.families)
            took = loop.time() - began
            await asyncio.sleep(took)

    async def gzip(self) -> Sequence[bytes | memoryview]:
        """The body as pieces of one gzip member: all that was applied before the call.

        Each family is of one moment; two families may be some milliseconds apart. Several callers share the work.
        """
        families = self._families()
        await self._refresh(families)
        own = deflate([self._own_text()])
        return gzip_member([*own, *(family.buckets.deflated for family in families)])

    async def identity(self) -> AsyncIterator[bytes]:
        """The body as text, in pieces of whole lines. Each family is of the moment when it is reached."""
        families = self._families()
        yield self._own_text()
        for family in families:
            yield family.buckets.header
            for bucket in family.buckets.snapshots():
                if text := bucket.text():
                    yield text
                    # A fast reader never makes the writer wait, and the loop has others to serve.
                    await asyncio.sleep(0)

    def close(self) -> None:
        """Let the thread end that deflates."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def stats(self) -> Stats:
        """How it is now."""
        shown = self._families()
        families = [family for objects in self._objects.values() for family in objects.families]
        return Stats(
            series={family.name: family.buckets.lines for family in shown},
            waiting={family.name: family.waiting for family in families},
            dropped={family.name: family.dropped for family in families},
            failures={family.name: family.failures for family in families},
            truncated=sum(family.truncated for family in families),
            identity_bytes=sum(family.buckets.deflated.length for family in shown),
            gzip_bytes=sum(len(family.buckets.deflated.data) for family in shown),
        )

    def _families(self) -> list[Family]:
        """Those that are shown, in the order of the body."""
        return [family for objects in self._objects.values() if objects.shown for family in objects.families]

    async def _refresh(self, families: Iterable[Family]) -> None:
        """Deflate what is stale: many families in one go, for each wait for the thread is a wait for the loop too.

        Between two goes another pass may have its turn: a scrape does not wait for all that is deflated ahead.
        """
        rest = deque(family.buckets for family in families)
        while rest:
            async with self._deflating:  # what another pass has taken is kept before we look
                some: list[Buckets] = []
                while rest and sum(buckets.stale for buckets in some) <= _AT_ONCE:
                    some.append(rest.popleft())
                await self._deflate([buckets for buckets in some if buckets.stale])

    async def _deflate(self, families: Sequence[Buckets]) -> None:
        taken = [(buckets, buckets.take_stale()) for buckets in families]
        if not taken:
            return
        try:
            work = [stale for _, stale in taken]
            done = await asyncio.get_running_loop().run_in_executor(self._thread, lambda: list(map(deflated, work)))
        except BaseException:  # a cancelled scrape too leaves the work to the next one
            for buckets, stale in taken:
                buckets.give_back(stale)
            raise
        for (buckets, _), fresh in zip(taken, done, strict=True):
            buckets.keep(fresh)

    def _own_text(self) -> bytes:
        stats = self.stats()
        own, meters = self._own, self._meters
        own.set(meters.series, (), sum(stats.series.values()))
        own.set(meters.body_bytes, ("identity",), stats.identity_bytes)
        own.set(meters.body_bytes, ("gzip",), stats.gzip_bytes)
        own.advance(meters.truncated, (), stats.truncated)
        for name, series in stats.dropped.items():
            own.advance(meters.dropped, (name,), series)
        for name, objects in stats.waiting.items():
            own.set(meters.hidden, (name,), objects)
        for name, times in stats.failures.items():
            own.advance(meters.failures, (name,), times)
        return own.render()


class _Entry(Struct, gc=False):
    """An object: its slot in all families, and what they read of it when it was rendered last."""

    slot: int
    values: tuple[object, ...]


class _Look(NamedTuple):
    """What the families read of a subject, and what those show that show something."""

    values: tuple[object, ...]
    shown: tuple[tuple[Family, Tails], ...]


class _Objects:
    """The subjects of one kind: an entry each, for all its families."""

    def __init__(self, exposed: Exposed[Any], limits: Limits) -> None:
        self._prefixes: list[Texts] = []
        self.families = tuple(Family(metric, limits, self._prefixes) for metric in exposed.metrics)
        rows = zip(self.families, exposed.metrics, strict=True)
        reads = [(family, path) for family, metric in rows for path in metric.reads]
        self._readers = tuple(family for family, _ in reads)
        self._places = range(len(self._readers))
        self._read = _reader([path for _, path in reads])
        self.shown = False
        self._identity = exposed.identity
        self._entries: dict[tuple[str, ...], _Entry] = {}
        self._alike: tuple[_Look, ...] = ()
        self._slots = 0
        self._free: list[int] = []

    def apply(self, key: tuple[str, ...], before: object | None, state: object | None) -> None:
        """Render the subject, or forget it."""
        entry = self._entries.get(key)
        if entry is not None and (before is None or state is None):
            self._remove(key, entry)
            entry = None
        if state is None:
            return
        if entry is None:
            self._add(key, state)
            return
        # All that the families read is read in one go, and only those go further that would show something else.
        values, old = self._read(state), entry.values
        for place in compress(self._places, map(is_not, values, old)):
            if values[place] != old[place]:
                self._readers[place].update(entry.slot, state)
        entry.values = values

    def admit(self) -> None:
        """Show objects that wait, in the families that have room."""
        for family in self.families:
            family.admit()

    def _add(self, key: tuple[str, ...], state: object) -> None:
        prefix = label_prefix(self._identity(state)).encode()
        if not self._free:
            self._grow()
        slot = self._free.pop()
        self._prefixes[slot // BUCKET][slot % BUCKET] = prefix
        look = self._look(state)
        self._entries[key] = _Entry(slot, look.values)
        for family, tails in look.shown:
            family.show(slot, state, tails)

    def _look(self, state: object) -> _Look:
        """How a subject looks: like one of the last few, or anew. Groups begin with the same zeros, all of them."""
        values = self._read(state)
        for known in self._alike:
            if known.values == values:
                return known
        tails = [(family, family.tails(state)) for family in self.families]
        look = _Look(values, tuple(one for one in tails if one[1].lines))
        self._alike = (look, *self._alike[: _ALIKE - 1])
        return look

    def _remove(self, key: tuple[str, ...], entry: _Entry) -> None:
        del self._entries[key]
        self._free.append(entry.slot)
        for family in self.families:
            family.remove(entry.slot)
        self._prefixes[entry.slot // BUCKET][entry.slot % BUCKET] = b""

    def _grow(self) -> None:
        self._free.extend(reversed(range(self._slots, self._slots + BUCKET)))
        self._slots += BUCKET
        self._prefixes.append([b""] * BUCKET)
        for family in self.families:
            family.buckets.grow()


def _reader(paths: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    """Reads the attributes at `paths` of an object in one go."""
    if len(paths) == 1:
        read_one = attrgetter(paths[0])
        return lambda subject: (read_one(subject),)
    return attrgetter(*paths)
