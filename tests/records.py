"""Events and spans for tests of sinks: what a test does not care about is filled in."""

from hashlib import sha256

from observability.model.event import Attribute, Event, Severity, Span, SpanKind, SpanStatus
from tests.builders import NOON


def event(name: str = "gitops.application.deployed", number: int = 0, /, **changes: object) -> Event:
    """An event of shop-prod, `number` seconds past noon; `attributes` are added to its own, None takes one away."""
    attributes: dict[str, Attribute] = {
        "gitops.environment": "prod",
        "gitops.service": "shop",
        "gitops.project": "shop",
        "gitops.engine": "argocd",
        "gitops.application.name": "shop-prod",
        "gitops.revision": "b" * 40,
        "gitops.previous_revision": "a" * 40,
    }
    added = changes.pop("attributes", {})
    assert isinstance(added, dict)
    given = {
        "id": sha256(f"{name} {number}".encode()).hexdigest()[:32],
        "at": NOON + number,
        "observed_at": NOON + number + 0.25,
        "severity": Severity.INFO,
        "body": f"shop-prod: {name}",
        "subject": "Application/argocd/shop-prod",
        **changes,
        "attributes": {key: value for key, value in {**attributes, **added}.items() if value is not None},
    }
    return Event(name=name, **given)  # type: ignore[arg-type]


def span(**attributes: Attribute) -> Span:
    """A span of shop-prod; `__` in the name of an attribute is a point."""
    return Span(
        trace_id="1" * 32,
        id="2" * 16,
        parent_id=None,
        name="SYNC shop-prod",
        kind=SpanKind.SERVER,
        started_at=NOON,
        ended_at=NOON + 1,
        status=SpanStatus.OK,
        message="",
        subject="Application/argocd/shop-prod",
        attributes={name.replace("__", "."): value for name, value in attributes.items()},
    )
