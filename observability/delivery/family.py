"""One family of /metrics: from the samples of an object to its text, within the limits. No I/O but the log."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import structlog
from msgspec import Struct

from observability.delivery.buckets import Buckets, Texts
from observability.delivery.text import REMEMBERED, LabelFormat, Sample, Tails, header, number
from observability.signals.catalogue import Metric, Samples

log = structlog.get_logger(__name__)

_Samples: TypeAlias = tuple[Sample, ...]

_NOTHING: Final = Tails()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What keeps the body within bounds.

    `series_per_family`: in one family over all objects. `label_value_bytes`: the longest value, in UTF-8, of a label
    that is not identity. `current_only`: names of the families whose samples of value 0 are left out (state sets).
    """

    series_per_family: int
    label_value_bytes: int
    current_only: frozenset[str] = frozenset()


class Entry(Struct, gc=False):
    """An object of a kind in all families of that kind: its slot, and a mark a family.

    A mark is what the text of a labelled family was rendered from, None: nothing is known. Most are the same again.
    `numbers` are the values of the families that have a path, as they were last.
    """

    slot: int
    marks: list[object]
    numbers: tuple[object, ...] = ()


class Family:
    """The lines of all objects in one family.

    `place` is the index of its mark in an entry, `prefixes` has those of all entries by bucket and slot. `buckets`
    holds what is shown. `dropped` counts series that were refused for want of room, `truncated` label values that were
    cut in a text that is new, `failures` times that the samples of an object could not be had.

    An object whose lines do not all fit is not shown at all and waits. It is tried again when it changes and, first
    come first served, when room appears. Its series are counted once each time that it begins to wait.
    """

    def __init__(self, metric: Metric[Any], place: int, limits: Limits, prefixes: Sequence[Texts]) -> None:
        self.name = metric.name
        self._beginning = f"{metric.name}{{".encode()
        self._has_one_line = not metric.labels or metric.name.endswith("_info")
        self.buckets = Buckets(
            header(metric.name, metric.type, metric.help), prefixes, self._beginning if self._has_one_line else b""
        )
        self.dropped = 0
        self.truncated = 0
        self.failures = 0
        self._place = place
        self._samples = _without_zeros(metric.samples) if metric.name in limits.current_only else metric.samples
        self._labels = LabelFormat(self._beginning, metric.labels, limits.label_value_bytes)
        self._is_labelled = bool(metric.labels)
        self._limit = limits.series_per_family
        self._remembered: dict[_Samples, tuple[_Samples, Tails]] | None = {}
        self._waiting: OrderedDict[int, tuple[Entry, object]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many objects are not shown for want of room."""
        return len(self._waiting)

    def differs(self, entry: Entry, subject: object) -> bool:
        """Whether `update` has something to do, as far as can be told at once. May raise what the row raises."""
        samples = self._samples(subject)
        mark = entry.marks[self._place]
        return samples is not mark and samples != mark

    def update(self, entry: Entry, subject: object) -> None:
        """Show `subject`, whose entry this is, as it is now."""
        try:
            samples = tuple(self._samples(subject))
            if samples == entry.marks[self._place]:
                return
            mark, tails = self._remembered_tails(samples)
        except Exception:  # whatever a row does wrong with one object, the others and the other rows are shown
            if not self.failures:
                log.exception("an object has no samples; more of this family are only counted", family=self.name)
            self.failures += 1
            mark, tails = None, _NOTHING
        shown = self._show(entry, subject, tails)
        # The values of numbers are kept elsewhere.
        entry.marks[self._place] = mark if shown and self._is_labelled else None

    def remove(self, entry: Entry) -> None:
        """Show nothing of this entry."""
        self._waiting.pop(entry.slot, None)
        self.buckets.store(entry.slot, _NOTHING)

    def admit(self) -> None:
        """Show those who wait, as far as there is room now."""
        while self._waiting and self.buckets.lines < self._limit:
            entry, subject = next(iter(self._waiting.values()))
            self.update(entry, subject)
            if entry.slot in self._waiting:
                return

    def _tails(self, samples: _Samples) -> Tails:
        if self._is_labelled or len(samples) != 1 or samples[0][0]:
            tails = self._labels.tails(samples)
            if self._has_one_line and tails.lines > 1:
                raise ValueError(f"{self.name}: expected one sample of a family without labels or of an info metric")
            return tails
        return Tails((self._beginning, f"}} {number(samples[0][1])}\n".encode()), 1)

    def _show(self, entry: Entry, subject: object, tails: Tails) -> bool:
        buckets = self.buckets
        if buckets.lines + tails.lines > self._limit and self._is_full(entry, subject, tails.lines):
            return False
        if self._waiting:
            self._waiting.pop(entry.slot, None)
        if buckets.store(entry.slot, tails):
            self.truncated += tails.cuts
        return True

    def _is_full(self, entry: Entry, subject: object, series: int) -> bool:
        """Without what the entry shows now there is no room for so many series either: it shows nothing, and waits."""
        slot, buckets = entry.slot, self.buckets
        if buckets.lines + series - buckets.lines_of(slot) <= self._limit:
            return False
        if slot not in self._waiting:
            self.dropped += series
        self._waiting[slot] = (entry, subject)
        buckets.store(slot, _NOTHING)
        return True

    def _remembered_tails(self, samples: _Samples) -> tuple[_Samples, Tails]:
        """The samples, as an object that others share where they can, and their tails. State sets have a handful."""
        if self._remembered is None or not self._is_labelled:
            return samples, self._tails(samples)
        known = self._remembered.get(samples)
        if known is None:
            known = self._remembered[samples] = (samples, self._tails(samples))
            if len(self._remembered) > REMEMBERED:
                self._remembered = None
        return known


def _without_zeros(samples: Callable[[Any], Samples]) -> Callable[[Any], Samples]:
    return lambda subject: tuple([sample for sample in samples(subject) if sample[1]])
