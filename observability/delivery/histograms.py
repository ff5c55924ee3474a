"""Histograms of a subject as the ends of lines, in the text format 0.0.4. Pure.

Source: prometheus/docs content/docs/instrumenting/exposition_formats.md (2026).
"""

from collections.abc import Collection
from itertools import accumulate
from typing import Final, TypeAlias

from prometheus_client.utils import floatToGoString

from observability.delivery.text import LabelFormat, Tails, number
from observability.model.tally import Histogram

Sample: TypeAlias = tuple[tuple[str, ...], Histogram]
"""Label values, and the histogram."""

_SHARED: Final = 16_384
"""So many ends of lines are shared among subjects: counts are small, and most histograms look alike."""


class HistogramFormat:
    """The lines of one family of histograms: `_bucket` with `le` as the last label, `_sum`, `_count`.

    `bounds` are the upper bounds of the buckets without the infinite one.
    """

    def __init__(self, name: str, labels: LabelFormat, bounds: Collection[float]) -> None:
        self._labels = labels
        self._bounds = (*map(floatToGoString, bounds), "+Inf")
        self._bucket = f"{name}_bucket{{".encode()
        self._sum = f"{name}_sum{{".encode()
        self._count = f"{name}_count{{".encode()
        self._shared: dict[bytes, bytes] = {}

    def tails(self, samples: Collection[Sample]) -> Tails:
        """The ends of the lines of one subject."""
        parts: list[bytes] = []
        cuts = 0
        for values, histogram in samples:
            labels, cut = self._labels.labels(values) if values else ("", 0)
            parts[-1:] = [parts[-1] + self._bucket] if parts else [self._bucket]
            parts += self._ends(labels, histogram)
            cuts += cut
        return Tails(tuple(map(self._share, parts)), max(0, len(parts) - 1), cuts)

    def _ends(self, labels: str, histogram: Histogram) -> list[bytes]:
        """All ends of the lines of one histogram, each but the last with the beginning of the next line."""
        *buckets, infinite = [
            f'{labels},le="{bound}"}} {number(count)}\n'.encode()
            for bound, count in zip(self._bounds, accumulate(histogram.counts), strict=True)
        ]
        total = f"{labels}}} {number(histogram.total)}\n".encode()
        count = f"{labels}}} {number(sum(histogram.counts))}\n".encode()
        return [*(end + self._bucket for end in buckets), infinite + self._sum, total + self._count, count]

    def _share(self, text: bytes) -> bytes:
        """An equal text that is kept already, so that it is kept once."""
        if len(self._shared) > _SHARED:
            self._shared.clear()
        return self._shared.setdefault(text, text)
