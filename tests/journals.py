"""Journals for tests: groups with events of Applications, and an open journal that is closed in the end."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from observability.journal.group import Group, Limits, ObjectKey
from observability.journal.journal import Journal
from observability.model.application import Key
from observability.model.event import Event, Record, Severity, Span, SpanKind, SpanStatus
from observability.model.observation import Kind
from tests.builders import NOON

AT_ONCE: Final = Limits(commit_seconds=0.0)
"""Nothing waits for more to come."""


def key(name: str = "shop-prod") -> ObjectKey:
    """An Application of the namespace argocd."""
    return Kind.APPLICATION, Key("argocd", name)


def event(number: int, name: str = "shop-prod", size: int = 10, at: float = NOON) -> Event:
    """The event of this number; two of one number are the same. `size`: of its body."""
    return Event(
        id=f"{number:032x}",
        name="gitops.application.health.changed",
        at=at,
        observed_at=at + 0.5,
        severity=Severity.INFO,
        body="x" * size,
        subject=f"Application/argocd/{name}",
        attributes={
            "gitops.environment": "prod",
            "gitops.service": "shop",
            "gitops.project": "shop",
            "gitops.application.namespace": "argocd",
            "gitops.application.name": name,
            "gitops.images": ("a", "b"),
            "gitops.catch_up": False,
            "gitops.sync.duration_seconds": 1.0,
        },
    )


def span(number: int) -> Span:
    """The span of this number."""
    return Span(
        trace_id=f"{number:032x}",
        id=f"{number:016x}",
        parent_id=None,
        name="SYNC shop-prod",
        kind=SpanKind.SERVER,
        started_at=NOON,
        ended_at=NOON + 1,
        status=SpanStatus.OK,
        message="",
        subject="Application/argocd/shop-prod",
        attributes={},
    )


def events(first: int, last: int, name: str = "shop-prod", size: int = 10) -> list[Event]:
    """The events of these numbers."""
    return [event(number, name, size) for number in range(first, last + 1)]


def group(
    records: Sequence[Record] = (),
    state: bytes | None = None,
    name: str = "shop-prod",
    unfolded: Collection[ObjectKey] = (),
) -> Group:
    """A group of one Application; without a state none is saved."""
    states = {} if state is None else {key(name): state}
    return Group(observed_at=NOON, states=states, records=records, unfolded=unfolded)


@asynccontextmanager
async def opened(path: Path | None, limits: Limits = AT_ONCE, now: float = NOON) -> AsyncIterator[Journal]:
    """An open journal at one instant."""
    journal = await Journal.open(path, limits, lambda: now)
    try:
        yield journal
    finally:
        await journal.close()


def numbers(records: Sequence[Record]) -> list[int]:
    """Which of `event` or `span` they are."""
    return [int(one.id, 16) for one in records]
