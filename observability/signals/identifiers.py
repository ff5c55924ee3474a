"""Identifiers of runs, traces and spans. Pure: they follow from what happened alone.

A resend, a restart or a second replica makes the same ones, so that receivers can drop what they have already.
"""

from typing import Final

from observability.model.digests import digest
from observability.model.promotion import Journey, SyncMark
from observability.model.state import Run

_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8


def derived(size: int, *parts: str | float | None) -> str:
    """`size` bytes in hexadecimal digits that follow from `parts`; never all zero, which would be no identifier."""
    text = "".join([f"{len(part)}:{part}" for part in map(_text, parts)])
    found = digest(text, size).hex()
    return found if found != "0" * (2 * size) else "1" * (2 * size)


def run_id(cluster: str, uid: str, run: Run) -> str:
    """`cicd.pipeline.run.id` of a sync, 32 digits. `cluster` is empty when it has no name.

    Before it has begun it is known by when it was asked for: it is another one then.
    """
    if run.started_at is None:
        return derived(_TRACE_BYTES, "request", cluster, uid, run.requested_at)
    return derived(_TRACE_BYTES, "run", cluster, uid, run.started_at, run.number)


def sync_trace(cluster: str, sync: SyncMark) -> str:
    """The trace of a sync, 32 digits. Names are left out: the uid tells it from all others."""
    return derived(_TRACE_BYTES, "sync", cluster, sync.uid, sync.started_at, sync.number)


def sync_span(cluster: str, sync: SyncMark) -> str:
    """The root span of that trace, 16 digits."""
    return derived(_SPAN_BYTES, "sync", cluster, sync.uid, sync.started_at, sync.number)


def journey_trace(cluster: str, journey: Journey) -> str:
    """The trace of what travels through the environments of a service, 32 digits."""
    parts = (journey.engine, journey.project, journey.service, journey.key, journey.number, journey.created_at)
    return derived(_TRACE_BYTES, "journey", cluster, *parts, *journey.value)


def journey_span(trace_id: str) -> str:
    """The root span of that trace, 16 digits."""
    return derived(_SPAN_BYTES, "journey", trace_id)


def span(trace_id: str, *parts: str | float) -> str:
    """A further span of a trace, 16 digits."""
    return derived(_SPAN_BYTES, "span", trace_id, *parts)


def _text(part: str | float | None) -> str:
    """Numbers that are equal have the same text."""
    if isinstance(part, str):
        return part
    return "" if part is None else repr(float(part))
