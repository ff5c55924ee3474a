"""Records for tests of delivery: events and spans with every kind of attribute."""

from typing import Any, Final

from observability.model.event import Event, Link, Severity, Span, SpanKind, SpanStatus

AT: Final = 1_795_435_200.123456
"""2026-11-23T12:00:00.123456Z."""


def event(number: int = 1, **facts: Any) -> Event:
    """The event of this number; each is a second after the one before."""
    identifier = f"{number:032x}"
    attributes: dict[str, Any] = {
        "gitops.event.id": identifier,
        "gitops.catch_up": False,
        "gitops.environment": "prod",
        "gitops.sync.retries": 2,
        "gitops.sync.duration_seconds": 1.5,
        "gitops.images": ("shop:1.2", "proxy:é"),
    }
    given: dict[str, Any] = {
        "id": identifier,
        "name": "gitops.application.sync.finished",
        "at": round(AT + number % 2**20, 6),
        "observed_at": round(AT + number % 2**20 + 0.5, 6),
        "severity": Severity.INFO,
        "body": f"Sync {number} of shop-prod finished.",
        "subject": "Application/argocd/shop-prod",
        "attributes": attributes,
    }
    return Event(**(given | facts))


def span(number: int = 1, **facts: Any) -> Span:
    """The span of this number, a child with a link."""
    given: dict[str, Any] = {
        "trace_id": f"{number + 2**100:032x}",
        "id": f"{number + 2**60:016x}",
        "parent_id": f"{number + 2**61:016x}",
        "name": "SYNC shop-prod",
        "kind": SpanKind.SERVER,
        "started_at": round(AT + number % 2**20, 6),
        "ended_at": round(AT + number % 2**20 + 2.25, 6),
        "status": SpanStatus.ERROR,
        "message": "one resource failed",
        "subject": "Application/argocd/shop-prod",
        "attributes": {"cicd.pipeline.run.id": f"run {number}", "gitops.catch_up": True, "gitops.sync.retries": 1},
        "links": (Link(f"{number + 2**99:032x}", f"{number + 2**59:016x}"),),
    }
    return Span(**(given | facts))
