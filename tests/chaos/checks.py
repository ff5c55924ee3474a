"""What must hold of what was told, as sentences about what does not. Pure.

Each has a test in which it is lied to.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from observability.model.event import Attribute, Event, Span
from tests.chaos.truth import Item, Look, item_of

_TOLERANCE_SECONDS: Final = 1e-5
"""OTLP counts nanoseconds, JSON lines microseconds, and a double of today is exact to a quarter of one."""
_CHAINS: Final = {
    "gitops.application.health.changed": ("gitops.health.previous_status", "gitops.health.status"),
    "gitops.application.sync_status.changed": ("gitops.previous_sync_status", "gitops.sync_status"),
}
"""Events that say what was before and what is now."""
_PAIRS: Final = {
    "gitops.application.drift.detected": ("drift", "gitops.application.uid", True),
    "gitops.application.drift.resolved": ("drift", "gitops.application.uid", False),
    "gitops.application.sync.started": ("sync", "cicd.pipeline.run.id", True),
    "gitops.application.sync.finished": ("sync", "cicd.pipeline.run.id", False),
}
"""Events of what begins and ends: of what, known by which attribute, and whether it is the beginning."""


class Told(NamedTuple):
    """A record, wherever it was found: `about` is the Application, `content` all that is not a time."""

    id: str
    about: str
    content: str
    times: tuple[float, ...]


def told(event: Event) -> Told:
    """An event; its subject is left out, it is not sent."""
    content = (event.name, str(event.severity), event.body, _plain(event.attributes))
    return Told(event.id, _application(event.attributes), _text(content), (event.at, event.observed_at))


def told_span(span: Span) -> Told:
    """A span, the same."""
    links = [tuple(link) if isinstance(link, tuple) else repr(link) for link in span.links]
    content = (span.name, span.parent_id, str(span.status), span.message, links, _plain(span.attributes))
    return Told(
        span.trace_id + span.id, _application(span.attributes), _text(content), (span.started_at, span.ended_at)
    )


def _application(attributes: Mapping[str, Attribute]) -> str:
    return str(attributes.get("gitops.application.name", ""))


def _plain(attributes: Mapping[str, Attribute]) -> dict[str, Any]:
    """Numbers as floats: JSON does not keep them apart."""
    return {
        name: float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for name, value in attributes.items()
    }


def _text(content: object) -> str:
    return msgspec.json.encode(content, order="sorted").decode()


def missing(kept: Sequence[Told], arrived: Sequence[Told]) -> list[str]:
    """What is in the journal and did not arrive."""
    there = {one.id for one in arrived}
    return [f"did not arrive: {one.content}" for one in kept if one.id not in there]


def strange(kept: Sequence[Told], arrived: Sequence[Told]) -> list[str]:
    """What arrived and is not in the journal."""
    there = {one.id for one in kept}
    return [f"is not in the journal: {one.content}" for one in arrived if one.id not in there]


def different(kept: Sequence[Told], arrived: Sequence[Told]) -> list[str]:
    """What arrived, once or again, with another content than what has its id; the first one is right."""
    first: dict[str, Told] = {}
    for one in (*kept, *arrived):
        first.setdefault(one.id, one)
    return [
        f"has one id and two contents: {first[one.id]} and {one}" for one in arrived if not _same(first[one.id], one)
    ]


def _same(one: Told, other: Told) -> bool:
    pairs = zip(one.times, other.times, strict=True)
    return one.content == other.content and all(abs(a - b) < _TOLERANCE_SECONDS for a, b in pairs)


def disordered(kept: Sequence[Told], arrived: Sequence[Told]) -> list[str]:
    """What came first after something of the same Application that is behind it in the journal."""
    places = {one.id: place for place, one in enumerate(kept)}
    last: dict[str, int] = {}
    found = []
    seen: set[str] = set()
    for one in arrived:
        if one.id in seen or one.id not in places:
            continue
        seen.add(one.id)
        if places[one.id] < last.get(one.about, -1):
            found.append(f"came out of order: {one.content}")
        last[one.about] = max(places[one.id], last.get(one.about, -1))
    return found


def again(arrived: Sequence[Told]) -> int:
    """How many came that had come before."""
    return len(arrived) - len({one.id for one in arrived})


def untold(required: Collection[Item], events: Iterable[Event]) -> list[str]:
    """What happened and was not told."""
    known = {item_of(event) for event in events}
    return [f"was not told: {item}" for item in sorted(required, key=repr) if item not in known]


def invented(happened: Collection[Item], events: Iterable[Event]) -> list[str]:
    """What was told and did not happen."""
    found = ((item_of(event), event) for event in events)
    return [f"did not happen: {item} ({event.body})" for item, event in found if item and item not in happened]


def belated(late: Collection[Item], events: Iterable[Event]) -> list[str]:
    """What was told as seen late, though nothing kept it from being seen at once."""
    found = ((item_of(event), event) for event in events if event.attributes.get("gitops.catch_up") is True)
    return [f"is called late: {item} ({event.body})" for item, event in found if item and item not in late]


def repeated(events: Iterable[Event]) -> list[str]:
    """What was told twice, under two ids."""
    first: dict[Item, str] = {}
    found = []
    for event in events:
        item = item_of(event)
        if item is not None and first.setdefault(item, event.id) != event.id:
            found.append(f"was told twice: {item}")
    return found


def promoted_again(events: Iterable[Event], services: Collection[str]) -> list[str]:
    """What was promoted twice, of services whose Applications stay."""
    names = ("gitops.service", "gitops.from_environment", "gitops.to_environment", "gitops.promotion.value")
    seen: set[tuple[Attribute, ...]] = set()
    found = []
    for event in events:
        if event.name == "gitops.service.promoted" and event.attributes["gitops.service"] in services:
            key = tuple(event.attributes[name] for name in names)
            found += [f"was promoted twice: {event.body}"] if key in seen else []
            seen.add(key)
    return found


def broken(events: Sequence[Event], alive: Mapping[str, Look]) -> list[str]:
    """Health and sync status: each event begins where the one before ended, and the last says what is so now."""
    found: list[str] = []
    last: dict[tuple[str, str], str] = {}
    for event in events:
        if event.name not in _CHAINS:
            continue
        before, now = (str(event.attributes[name]) for name in _CHAINS[event.name])
        key = event.name, str(event.attributes["gitops.application.uid"])
        if last.get(key, before) != before:
            found.append(f"does not follow from {last[key]}: {event.body} ({key[1]})")
        last[key] = now
    truths: tuple[tuple[str, Callable[[Look], str]], ...] = (
        ("gitops.application.health.changed", lambda look: look.health),
        ("gitops.application.sync_status.changed", lambda look: look.synced),
    )
    for name, truth in truths:
        for uid, look in alive.items():
            if (said := last.get((name, uid), truth(look))) != truth(look):
                found.append(f"{name}: {said} was told last, and it is {truth(look)} ({uid})")
    return found


def unpaired(events: Iterable[Event]) -> list[str]:
    """Ends without a beginning before them, and beginnings of what has begun already: of drifts and of syncs."""
    under_way: set[tuple[str, Attribute]] = set()
    found = []
    for event in events:
        if event.name not in _PAIRS:
            continue
        what, by, begins = _PAIRS[event.name]
        key = what, event.attributes[by]
        if begins is (key in under_way):
            found.append(f"{'begins again' if begins else 'ends and had not begun'}: {event.body}")
        (under_way.add if begins else under_way.discard)(key)
    return found


def traceless(events: Iterable[Event], spans: Iterable[Span]) -> list[str]:
    """Syncs that ended without a trace of their own, and traces of syncs that did not end."""
    run = "cicd.pipeline.run.id"
    syncs = {event.attributes[run] for event in events if event.name == "gitops.application.sync.finished"}
    roots = [span for span in spans if span.name.startswith("SYNC ")]
    traces = {span.attributes[run]: span.trace_id for span in roots}
    alone = [f"a sync has no trace: {one}" for one in sorted(map(str, syncs - set(traces)))]
    alone += [f"a trace has no sync: {one}" for one in sorted(map(str, set(traces) - syncs))]
    others = [span for span in roots if traces[span.attributes[run]] != span.trace_id]
    return alone + [f"a sync has two traces: {span.attributes[run]}" for span in others]


def miscounted(events: Iterable[Event], counted: Mapping[str, float], exact: bool) -> list[str]:
    """Services of which /metrics counts other syncs than were told; `exact` False: some were counted and then folded.

    `counted`: gitops_syncs_total by service and environment, as `service-environment`.
    """
    syncs: dict[str, int] = dict.fromkeys(counted, 0)
    for event in events:
        group = f"{event.attributes.get('gitops.service')}-{event.attributes.get('gitops.environment')}"
        if event.name == "gitops.application.sync.finished" and group in syncs:
            syncs[group] += 1
    return [
        f"gitops_syncs_total is {counted[group]:g} for {group}, and {number} were told"
        for group, number in syncs.items()
        if counted[group] < number or (exact and counted[group] != number)
    ]
