"""A tally as bytes, and the name under which they are kept. Pure."""

from typing import Final
from urllib.parse import quote

import msgspec

from observability.model.engines import ARGOCD
from observability.model.status import Result
from observability.model.tally import (
    DEGRADED_SECONDS,
    DRIFT_SECONDS,
    HEALTHY_SECONDS,
    LEAD_SECONDS,
    QUEUE_SECONDS,
    RESTORE_SECONDS,
    SYNC_SECONDS,
    Counts,
    Group,
    Tally,
)

PREFIX: Final = "tally/"
"""What all names begin with."""
VERSION: Final = 1
"""Of the form. It is another one when fields move or bounds of buckets change."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Tally)


def name_of(group: Group) -> str:
    """`tally/<environment>/<project>/<service>`, and an engine that is not Argo CD; with slashes of theirs escaped."""
    *parts, engine = group
    return PREFIX + "/".join(quote(part, safe="") for part in (*parts, engine)[: len(parts) + (engine != ARGOCD)])


def encoded(tally: Tally) -> bytes:
    """A byte with the version, and the tally as MessagePack."""
    return bytes((VERSION,)) + _ENCODER.encode(tally)


def decoded(data: bytes) -> Tally:
    """What `encoded` was given, exactly. Raises ValueError for anything else."""
    if data[:1] != bytes((VERSION,)):
        raise ValueError(f"expected a tally of version {VERSION}")
    tally = _DECODER.decode(data[1:])
    if not _fits(tally.counts):
        raise ValueError("expected as many counts as there are buckets and results")
    return tally


def _fits(counts: Counts) -> bool:
    histograms = (
        (counts.sync_duration, SYNC_SECONDS),
        (counts.sync_queue, QUEUE_SECONDS),
        (counts.time_to_healthy, HEALTHY_SECONDS),
        (counts.degraded, DEGRADED_SECONDS),
        (counts.lead_time, LEAD_SECONDS),
        (counts.time_to_restore, RESTORE_SECONDS),
        *((histogram, DRIFT_SECONDS) for histogram in counts.drift.values()),
    )
    of_results = all(len(results) == len(Result) for results in counts.syncs.values())
    return of_results and all(one is None or len(one.counts) == len(bounds) + 1 for one, bounds in histograms)
