# ruff: noqa: E501 - lines of /metrics are as long as they are
"""Promotion, as Prometheus reads it, and its event."""

from msgspec.structs import replace

from observability.model.event import Event, Severity
from observability.model.promotion import Pair, Promoted, PromotionKey, PromotionState
from observability.signals.promotions import PROMOTION_EVENTS, PROMOTION_METRICS, promotion_events, promotion_labels
from observability.signals.transitions import Context
from tests.builders import NOON
from tests.rendering import golden, page

PAIR = Pair("argocd", "shop", "shop", "staging", "prod")
WAITING = PromotionState(
    PAIR, PromotionKey.REVISION, pending=True, pending_since=NOON, revision_match=False, images_match=True
)
PROMOTED = Promoted(
    pair=PAIR,
    key=PromotionKey.REVISION,
    value=("8e6a73b567e72c41ba93ee89ed50a2a083cdc426",),
    deployed_at=NOON - 60.0,
    at=NOON,
    observed_at=NOON + 0.5,
)


def promoted_event(told: Promoted, context: Context = Context(otel_names={})) -> Event:  # noqa: B008 - frozen
    (event,) = promotion_events(told, context)
    return event


def test_what_waits() -> None:
    assert page(PROMOTION_METRICS, WAITING, promotion_labels(WAITING)) == golden("""
        # HELP gitops_promotion_pending 1 while from_environment has deployed something that to_environment has not had yet: a revision where both read the same repository, path and target revision, else images (promotion.key).
        # TYPE gitops_promotion_pending gauge
        gitops_promotion_pending{engine="argocd",project="shop",service="shop",from_environment="staging",to_environment="prod"} 1
        # HELP gitops_promotion_pending_since_timestamp_seconds When the oldest of what waits was deployed in from_environment. Absent while nothing waits.
        # TYPE gitops_promotion_pending_since_timestamp_seconds gauge
        gitops_promotion_pending_since_timestamp_seconds{engine="argocd",project="shop",service="shop",from_environment="staging",to_environment="prod"} 1795435200
        # HELP gitops_promotion_revision_match 1 while both environments run the same revision: that of status.history, or a later one at which they are Synced without a sync. Absent until both have deployed something.
        # TYPE gitops_promotion_revision_match gauge
        gitops_promotion_revision_match{engine="argocd",project="shop",service="shop",from_environment="staging",to_environment="prod"} 0
        # HELP gitops_promotion_images_match 1 while both environments run the same set of images (status.summary.images). Absent until both are known to run some.
        # TYPE gitops_promotion_images_match gauge
        gitops_promotion_images_match{engine="argocd",project="shop",service="shop",from_environment="staging",to_environment="prod"} 1
        """)


def test_what_is_not_known_has_no_line() -> None:
    state = PromotionState(PAIR, PromotionKey.IMAGES)
    lines = [line for line in page(PROMOTION_METRICS, state, promotion_labels(state)).splitlines() if line[0] != "#"]
    assert lines == [
        'gitops_promotion_pending{engine="argocd",project="shop",service="shop",from_environment="staging",to_environment="prod"} 0'
    ]


def test_the_event_of_a_promotion() -> None:
    event = promoted_event(PROMOTED, Context(cluster="eu", otel_names={"prod": "production"}))
    assert event.attributes == {
        "gitops.event.id": event.id,
        "gitops.catch_up": False,
        "gitops.engine": "argocd",
        "gitops.project": "shop",
        "gitops.environment": "prod",
        "gitops.service": "shop",
        "deployment.environment.name": "production",
        "service.name": "shop",
        "k8s.cluster.name": "eu",
        "gitops.from_environment": "staging",
        "gitops.to_environment": "prod",
        "gitops.promotion.key": "revision",
        "gitops.promotion.value": "8e6a73b567e72c41ba93ee89ed50a2a083cdc426",
        "gitops.promotion.duration_seconds": 60.0,
    }
    assert event.name == "gitops.service.promoted"
    assert event.body == "shop: 8e6a73b567e7 was promoted from staging to prod"
    assert (event.at, event.observed_at, event.severity) == (NOON, NOON + 0.5, Severity.INFO)
    assert event.subject == "Service/shop/shop"


def test_the_same_promotion_is_the_same_event() -> None:
    assert promoted_event(PROMOTED).id == promoted_event(replace(PROMOTED, observed_at=NOON + 99, catch_up=True)).id
    assert promoted_event(PROMOTED).id != promoted_event(replace(PROMOTED, at=NOON + 1)).id
    assert "k8s.cluster.name" not in promoted_event(PROMOTED).attributes


def test_images_are_not_cut() -> None:
    told = replace(PROMOTED, key=PromotionKey.IMAGES, value=("registry.example.com/shop@sha256:" + "0" * 64, "proxy:1"))
    assert told.value[0] in promoted_event(told).body


def test_its_row_names_all_that_it_carries() -> None:
    (row,) = PROMOTION_EVENTS
    event = promoted_event(PROMOTED)
    assert set(event.attributes) == {*row.attributes, "gitops.event.id", "gitops.catch_up", "gitops.engine"}
    assert event.name == row.name
