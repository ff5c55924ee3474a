"""What travelled through the environments of the recordings is what the logs say, as journeys, spans and events."""

from functools import cache
from typing import Any, Final, NamedTuple

import pytest

from observability.model.event import Event, Link, Span
from observability.model.promotion import Promoted
from observability.signals.promotions import promotion_events
from observability.signals.traces import journey_span, spans_of, sync_span
from observability.signals.transitions import Context
from observability.state.promotion import Promotions
from tests.replay import TOPICS, batches, truth

ENVIRONMENTS: Final = ("dev", "staging", "prod")
PROMOTIONS: Final = ("promotion", "promotion-branches", "promotion-dirs")

JOURNEYS: Final = {
    "promotion": (
        "cbd8354e2c56 dev staging prod",
        "210eb7ec971b dev staging prod",
        "ddc33341d059 prod",
        "8e6a73b567e7 dev staging prod",
    ),
    "promotion-branches": ("pay:1.0.0 dev prod", "pay:1.1.0 dev prod", "pay:1.2.0 dev prod"),
    "promotion-dirs": ("cart:1.0.0 dev staging prod", "cart:1.1.0 dev staging prod"),
}
"""What set out, and the environments in the order in which it was healthy there."""

PROMOTED: Final = {
    "promotion": (
        "cbd8354e2c56 dev>staging",
        "cbd8354e2c56 staging>prod",
        "210eb7ec971b dev>staging",
        "210eb7ec971b staging>prod",
        "8e6a73b567e7 dev>staging",
        "8e6a73b567e7 staging>prod",
    ),
    "promotion-branches": ("pay:1.0.0 dev>prod", "pay:1.1.0 dev>prod", "pay:1.2.0 dev>prod"),
    "promotion-dirs": (
        "cart:1.0.0 dev>staging",
        "cart:1.0.0 staging>prod",
        "cart:1.1.0 dev>staging",
        "cart:1.1.0 staging>prod",
    ),
}

NOT_TRAVELLING: Final = {
    ("promotion", "2afa3724f6e6"): "README only: nobody synced it",
    ("promotion-dirs", "4aa7fa7f8ce3"): "undone before anybody synced",
    ("promotion-dirs", "0a55605c7295"): "undoes the one before it: nobody synced it",
    ("promotion-dirs", "fb8fdd1d2c61"): "configuration of prod only: its images stay",
}
"""Commits of the logs that no delivery brought, with the reason."""

NOT_DELIVERED: Final = {("promotion-dirs", "cart-prod", 49): "configuration of prod only: its images stay"}
"""Syncs by hand that were no delivery, by topic, Application and second, with the reason."""


class Heard(NamedTuple):
    """All that came of a topic."""

    syncs: tuple[Span, ...]
    journeys: tuple[Span, ...]
    promoted: tuple[Event, ...]


@cache
def heard(topic: str) -> Heard:
    """What comes of a topic."""
    promotions, context = Promotions(ENVIRONMENTS), Context(cluster="eu", otel_names={})
    syncs: list[Span] = []
    journeys: list[Span] = []
    promoted: list[Event] = []
    for _, told in batches(topic):
        for change in told:
            if (span := sync_span(change, context)) is not None:
                syncs.extend(spans_of(span))
        for happening in promotions.apply(told).happenings:
            if isinstance(happening, Promoted):
                promoted.extend(promotion_events(happening, context))
            else:
                journeys.append(journey_span(happening, context))
    return Heard(tuple(syncs), tuple(journeys), tuple(promoted))


def short(value: Any) -> str:
    """A revision as Git shows it, an image without its registry."""
    return str(value).rpartition("/")[2] if "/" in str(value) else str(value)[:12]


def deliveries(topic: str) -> list[Span]:
    return [span for span in heard(topic).journeys if span.parent_id is not None]


@pytest.mark.parametrize("topic", PROMOTIONS)
def test_a_promotion_is_one_trace(topic: str) -> None:
    traces: dict[str, list[Span]] = {}
    for span in heard(topic).journeys:
        traces.setdefault(span.trace_id, []).append(span)
    told = []
    for spans in traces.values():
        (root,) = [span for span in spans if span.parent_id is None]
        parts = [span for span in spans if span.parent_id is not None]
        assert {span.parent_id for span in parts} == {root.id}
        assert root.started_at == min(span.started_at for span in parts)
        assert root.ended_at == max(span.ended_at for span in parts)
        assert spans[-1] is root, "it is told once the last environment is healthy"
        names = [str(span.attributes["gitops.environment"]) for span in parts]
        told.append(" ".join([short(root.attributes["gitops.promotion.value"]), *names]))
    assert tuple(told) == JOURNEYS[topic]


@pytest.mark.parametrize("topic", PROMOTIONS)
def test_what_was_promoted_is_what_the_log_says(topic: str) -> None:
    told = [
        f"{short(one.attributes['gitops.promotion.value'])} "
        f"{one.attributes['gitops.from_environment']}>{one.attributes['gitops.to_environment']}"
        for one in heard(topic).promoted
    ]
    assert tuple(told) == PROMOTED[topic]


@pytest.mark.parametrize("topic", PROMOTIONS)
def test_each_delivery_links_to_its_sync_and_begins_with_it(topic: str) -> None:
    syncs = {Link(span.trace_id, span.id): span for span in heard(topic).syncs if span.parent_id is None}
    for span in deliveries(topic):
        (link,) = span.links
        sync = syncs[link]
        assert span.started_at == sync.started_at
        assert span.ended_at >= sync.ended_at
        assert span.attributes["gitops.environment"] == sync.attributes["gitops.environment"]
        assert span.attributes["gitops.revision"] == sync.attributes["gitops.revision"]


@pytest.mark.parametrize("topic", PROMOTIONS)
def test_each_sync_by_hand_is_a_delivery_until_it_was_healthy(topic: str) -> None:
    log = truth(topic)
    began_at = log[0]["t"]
    known = {(span.attributes["gitops.environment"], span.started_at): span for span in deliveries(topic)}
    missed = []
    for place, line in enumerate(log):
        if "manual sync" not in line["did"] or line.get("http_status") != 200:
            continue
        environment = line["application"].rpartition("-")[2]
        found = [span for (where, at), span in known.items() if where == environment and -1 <= at - line["t"] <= 1.5]
        if not found:
            missed.append((topic, line["application"], int(line["t"] - began_at)))
            continue
        healthy = [
            one["t"]
            for one in log[place:]
            if one["application"] == line["application"] and "Synced" in one["did"] and one.get("kind") == "observed"
        ]
        # The log looks every 0.7 s, the status has whole seconds.
        assert not healthy or found[0].ended_at <= healthy[0]
    assert sorted(missed) == sorted(place for place in NOT_DELIVERED if place[0] == topic)


@pytest.mark.parametrize("topic", PROMOTIONS)
def test_each_commit_travels_or_is_explained(topic: str) -> None:
    committed = {line["revision"] for line in truth(topic) if "revision" in line}
    delivered = {span.attributes["gitops.revision"] for span in deliveries(topic)}
    missed = {(topic, revision[:12]) for revision in committed - delivered}
    assert missed == {place for place in NOT_TRAVELLING if place[0] == topic}


@pytest.mark.parametrize("topic", PROMOTIONS)
def test_in_the_end_nothing_waits(topic: str) -> None:
    promotions = Promotions(ENVIRONMENTS)
    for _, told in batches(topic):
        promotions.apply(told)
    states = list(promotions.states())
    assert states
    assert not any(state.pending for state in states)
    assert all(state.images_match for state in states)


@pytest.mark.parametrize("topic", TOPICS)
def test_no_two_spans_are_the_same(topic: str) -> None:
    spans = (*heard(topic).syncs, *heard(topic).journeys)
    assert len({(span.trace_id, span.id) for span in spans}) == len(spans)
    assert all(span.started_at <= span.ended_at for span in spans)


@pytest.mark.parametrize("topic", PROMOTIONS)
def test_a_restart_after_each_change_makes_the_same(topic: str) -> None:
    context = Context(cluster="eu", otel_names={})
    saved: dict[str, bytes | None] = {}
    spans: list[Span] = []
    for _, told in batches(topic):
        for change in told:
            promotions = Promotions(ENVIRONMENTS)
            promotions.restore({name: blob for name, blob in saved.items() if blob is not None})
            step = promotions.apply([change])
            saved.update(step.saved)
            spans.extend(journey_span(one, context) for one in step.happenings if not isinstance(one, Promoted))
    assert tuple(spans) == heard(topic).journeys
