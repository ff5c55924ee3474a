"""Promotion between environments: its metrics, and the event of what arrived. Pure."""

from collections.abc import Iterator
from typing import Final

from observability.model.event import Attribute, Event
from observability.model.promotion import Promoted, PromotionKey, PromotionState
from observability.signals.catalogue import EventRow, Metric, Occurrence, Samples, Type, number
from observability.signals.identifiers import derived
from observability.signals.transitions import Context

_EVENT_BYTES: Final = 16
_SHORT: Final = 12
"""So much of a commit is enough for people."""


def _pending(state: PromotionState) -> Samples:
    return (((), float(state.pending)),)


def _match(value: bool | None) -> Samples:
    return () if value is None else (((), float(value)),)


def _revision_match(state: PromotionState) -> Samples:
    return _match(state.revision_match)


def _images_match(state: PromotionState) -> Samples:
    return _match(state.images_match)


PROMOTION_PENDING: Final[Metric[PromotionState]] = Metric(
    name="gitops_promotion_pending",
    type=Type.GAUGE,
    help="1 while from_environment has deployed something that to_environment has not had yet: a revision where "
    "both read the same repository, path and target revision, else images (promotion.key).",
    samples=_pending,
    reads=("pending",),
)
PROMOTION_PENDING_SINCE: Final[Metric[PromotionState]] = number(
    "gitops_promotion_pending_since_timestamp_seconds",
    Type.GAUGE,
    "When the oldest of what waits was deployed in from_environment. Absent while nothing waits.",
    "pending_since",
)
PROMOTION_REVISION_MATCH: Final[Metric[PromotionState]] = Metric(
    name="gitops_promotion_revision_match",
    type=Type.GAUGE,
    help="1 while both environments run the same revision: that of status.history, or a later one at which they "
    "are Synced without a sync. Absent until both have deployed something.",
    samples=_revision_match,
    reads=("revision_match",),
)
PROMOTION_IMAGES_MATCH: Final[Metric[PromotionState]] = Metric(
    name="gitops_promotion_images_match",
    type=Type.GAUGE,
    help="1 while both environments run the same set of images (status.summary.images). Absent until both are "
    "known to run some.",
    samples=_images_match,
    reads=("images_match",),
)
PROMOTION_METRICS: Final[tuple[Metric[PromotionState], ...]] = (
    PROMOTION_PENDING,
    PROMOTION_PENDING_SINCE,
    PROMOTION_REVISION_MATCH,
    PROMOTION_IMAGES_MATCH,
)
"""What is exposed of two neighbouring environments of a service."""


def promotion_labels(state: PromotionState) -> tuple[tuple[str, str], ...]:
    """The labels that each series of two environments begins with."""
    return tuple(zip(state.pair._fields, state.pair, strict=True))


def _promoted(told: Promoted) -> Iterator[Occurrence]:
    pair, value = told.pair, ",".join(told.value)
    yield Occurrence(
        at=told.at,
        key=(*pair, told.key, value, told.deployed_at, told.at),
        body=f"{pair.service}: {_shown(told)} was promoted from {pair.from_environment} to {pair.to_environment}",
        attributes={
            "gitops.from_environment": pair.from_environment,
            "gitops.to_environment": pair.to_environment,
            "gitops.promotion.key": told.key.value,
            "gitops.promotion.value": value,
            "gitops.promotion.duration_seconds": max(0.0, told.at - told.deployed_at),
        },
    )


PROMOTION_EVENTS: Final[tuple[EventRow[Promoted], ...]] = (
    EventRow(
        name="gitops.service.promoted",
        help="What was deployed in one environment is deployed and Healthy in a later one.",
        occurrences=_promoted,
        attributes=(
            "gitops.project",
            "gitops.environment",
            "gitops.service",
            "deployment.environment.name",
            "service.name",
            "gitops.from_environment",
            "gitops.to_environment",
            "gitops.promotion.key",
            "gitops.promotion.value",
            "gitops.promotion.duration_seconds",
        ),
    ),
)
"""Events of services; without a namespace, since they may have Applications in several."""


def promotion_events(told: Promoted, context: Context) -> list[Event]:
    """The events of what was promoted."""
    return [_event(row.name, one, told, context) for row in PROMOTION_EVENTS for one in row.occurrences(told)]


def _event(name: str, occurrence: Occurrence, told: Promoted, context: Context) -> Event:
    pair, cluster = told.pair, context.cluster
    identifier = derived(_EVENT_BYTES, name, cluster, *occurrence.key)
    attributes: dict[str, Attribute] = {
        "gitops.event.id": identifier,
        "gitops.catch_up": told.catch_up,
        "gitops.engine": pair.engine,
        "gitops.project": pair.project,
        "gitops.environment": pair.to_environment,
        "gitops.service": pair.service,
        "deployment.environment.name": context.otel_names.get(pair.to_environment, pair.to_environment),
        "service.name": pair.service,
        **occurrence.attributes,
    }
    if cluster:
        attributes["k8s.cluster.name"] = cluster
    return Event(
        id=identifier,
        name=name,
        at=occurrence.at,
        observed_at=told.observed_at,
        severity=occurrence.severity,
        body=occurrence.body,
        subject=f"Service/{pair.project}/{pair.service}",
        attributes=attributes,
    )


def _shown(told: Promoted) -> str:
    """What was promoted, for people: commits are cut, images are not."""
    if told.key is PromotionKey.IMAGES:
        return ", ".join(told.value)
    return ", ".join(one[:_SHORT] if len(one) >= 40 else one for one in told.value)
