"""One family of /metrics: from the samples of an object to its text, within the limits. No I/O but the log."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import structlog

from observability.delivery.buckets import Buckets, Texts
from observability.delivery.histograms import HistogramFormat
from observability.delivery.text import REMEMBERED, LabelFormat, Sample, Tails, header, number
from observability.signals.catalogue import Distribution, Metric, Samples

log = structlog.get_logger(__name__)

_Samples: TypeAlias = tuple[Sample, ...]

_NOTHING: Final = Tails()


def _end(value: float) -> bytes:
    """The end of a line without labels behind the identity."""
    return f"}} {number(value)}\n".encode()


_ENDS: Final[Mapping[float, bytes]] = {value: _end(value) for value in range(256)}
"""Those of small numbers, which most are: kept once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What keeps the body within bounds.

    `series_per_family`: in one family over all objects. `label_value_bytes`: the longest value, in UTF-8, of a label
    that is not identity. `current_only`: names of the families whose samples of value 0 are left out (state sets).
    """

    series_per_family: int
    label_value_bytes: int
    current_only: frozenset[str] = frozenset()


class Family:
    """The lines of all objects in one family.

    An object has a slot; `prefixes` are the identity labels of all objects by bucket and slot. `buckets` holds what is
    shown. `dropped` counts series that were refused for want of room, `truncated` label values that were cut in a text
    that is new, `failures` times that the samples of an object could not be had.

    An object whose lines do not all fit is not shown at all and waits. It is tried again when it changes and, first
    come first served, when room appears. Its series are counted once each time that it begins to wait.
    """

    def __init__(self, metric: Metric[Any] | Distribution[Any], limits: Limits, prefixes: Sequence[Texts]) -> None:
        self.name = metric.name
        self._beginning = f"{metric.name}{{".encode()
        has_lines = isinstance(metric, Metric)
        self._has_one_line = has_lines and (not metric.labels or metric.name.endswith("_info"))
        self.buckets = Buckets(
            header(metric.name, metric.type, metric.help), prefixes, self._beginning if self._has_one_line else b""
        )
        self.dropped = 0
        self.truncated = 0
        self.failures = 0
        self._labels = LabelFormat(self._beginning, metric.labels, limits.label_value_bytes)
        self._samples: Callable[[Any], Iterable[Any]] = metric.samples
        self._render: Callable[[Any], Tails] = self._tails_of
        if isinstance(metric, Distribution):
            self._render = HistogramFormat(metric.name, self._labels, metric.bounds).tails
        elif metric.name in limits.current_only:
            self._samples = _without_zeros(metric.samples)
        self._is_labelled = bool(metric.labels)
        self._limit = limits.series_per_family
        self._remembered: dict[_Samples, Tails] | None = {} if metric.labels else None
        self._waiting: OrderedDict[int, object] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many objects are not shown for want of room."""
        return len(self._waiting)

    def update(self, slot: int, subject: object) -> None:
        """Show `subject`, whose slot this is, as it is now."""
        self.show(slot, subject, self.tails(subject))

    def tails(self, subject: object) -> Tails:
        """The ends of the lines of `subject` as it is now; none when they cannot be had."""
        try:
            return self._render(tuple(self._samples(subject)))
        except Exception:  # whatever a row does wrong with one object, the others and the other rows are shown
            if not self.failures:
                log.exception("an object has no samples; more of this family are only counted", family=self.name)
            self.failures += 1
            return _NOTHING

    def show(self, slot: int, subject: object, tails: Tails) -> None:
        """Show these tails, which are those of `subject`, whose slot this is."""
        buckets = self.buckets
        if buckets.lines + tails.lines > self._limit and self._is_full(slot, subject, tails.lines):
            return
        if self._waiting:
            self._waiting.pop(slot, None)
        if buckets.store(slot, tails):
            self.truncated += tails.cuts

    def remove(self, slot: int) -> None:
        """Show nothing in this slot."""
        self._waiting.pop(slot, None)
        self.buckets.store(slot, _NOTHING)

    def admit(self) -> None:
        """Show those who wait, as far as there is room now."""
        while self._waiting and self.buckets.lines < self._limit:
            slot, subject = next(iter(self._waiting.items()))
            self.update(slot, subject)
            if slot in self._waiting:
                return

    def _tails_of(self, samples: _Samples) -> Tails:
        """Their tails, as an object that others share where they can: state sets have a handful."""
        if self._remembered is None:
            return self._tails(samples)
        known = self._remembered.get(samples)
        if known is None:
            known = self._remembered[samples] = self._tails(samples)
            if len(self._remembered) > REMEMBERED:
                self._remembered = None
        return known

    def _tails(self, samples: _Samples) -> Tails:
        if self._is_labelled or len(samples) != 1 or samples[0][0]:
            tails = self._labels.tails(samples)
            if self._has_one_line and tails.lines > 1:
                raise ValueError(f"{self.name}: expected one sample of a family without labels or of an info metric")
            return tails
        value = samples[0][1]
        return Tails((self._beginning, _ENDS.get(value) or _end(value)), 1)

    def _is_full(self, slot: int, subject: object, series: int) -> bool:
        """Without what the slot shows now there is no room for so many series either: it shows nothing, and waits."""
        buckets = self.buckets
        if buckets.lines + series - buckets.lines_of(slot) <= self._limit:
            return False
        if slot not in self._waiting:
            self.dropped += series
        self._waiting[slot] = subject
        buckets.store(slot, _NOTHING)
        return True


def _without_zeros(samples: Callable[[Any], Samples]) -> Callable[[Any], Samples]:
    return lambda subject: tuple([sample for sample in samples(subject) if sample[1]])
