"""Each check of the fault loop is lied to, and finds it; what is true passes."""

from collections.abc import Callable, Sequence
from random import Random

import pytest
from msgspec.structs import replace

from observability.model.event import Attribute, Event, Severity, Span, SpanKind, SpanStatus
from tests.chaos import checks
from tests.chaos.checks import Told, told, told_span
from tests.chaos.truth import Item, Look

AT = 1_795_471_788.672933
SEEDS = pytest.mark.parametrize("seed", range(5))
Arrival = list[Told]


def event(number: int, name: str = "gitops.application.deployed", uid: str = "a", **attributes: str | int) -> Event:
    """The one of this number, of the Application `uid`."""
    common: dict[str, Attribute] = {"gitops.application.name": uid, "gitops.application.uid": uid}
    common["gitops.deployment.id"] = number
    return Event(
        id=f"{uid}{number}",
        name=name,
        at=AT + number,
        observed_at=AT + number + 1,
        severity=Severity.INFO,
        body=f"{uid} {number}",
        subject=f"Application/argocd/{uid}",
        attributes={**common, **{key.replace("__", "."): value for key, value in attributes.items()}},
    )


KEPT = [told(event(number, uid=uid)) for number in range(20) for uid in "ab"]


def disturbed(seed: int, lie: Callable[[Random, Arrival], None]) -> Arrival:
    """What arrived, after a lie."""
    arrived = list(KEPT)
    lie(Random(seed), arrived)
    return arrived


def drop(random: Random, arrived: Arrival) -> None:
    del arrived[random.randrange(len(arrived))]


def invent(random: Random, arrived: Arrival) -> None:
    arrived.insert(random.randrange(len(arrived)), told(event(99)))


def alter(random: Random, arrived: Arrival) -> None:
    place = random.randrange(len(arrived))
    arrived[place] = arrived[place]._replace(content=arrived[place].content + " ")


def again_altered(random: Random, arrived: Arrival) -> None:
    one = random.choice(arrived)
    arrived.append(one._replace(content=one.content + " "))


def again_later(random: Random, arrived: Arrival) -> None:
    one = random.choice(arrived)
    arrived.append(one._replace(times=(one.times[0], one.times[1] + 0.001)))


def swap(random: Random, arrived: Arrival) -> None:
    """Two of one Application."""
    place = random.randrange(len(arrived) - 2)
    arrived[place], arrived[place + 2] = arrived[place + 2], arrived[place]


def again(random: Random, arrived: Arrival) -> None:
    """As at least once allows it: a stretch comes twice."""
    place = random.randrange(len(arrived) - 5)
    arrived[place + 5 : place + 5] = arrived[place : place + 5]


def swap_two(random: Random, arrived: Arrival) -> None:
    """Those of two Applications have no order."""
    place = 2 * random.randrange(len(arrived) // 2)
    arrived[place], arrived[place + 1] = arrived[place + 1], arrived[place]


ALL = (checks.missing, checks.strange, checks.different, checks.disordered)


@SEEDS
@pytest.mark.parametrize(
    ("lie", "finds"),
    [
        (drop, checks.missing),
        (invent, checks.strange),
        (alter, checks.different),
        (again_altered, checks.different),
        (again_later, checks.different),
        (swap, checks.disordered),
    ],
)
def test_a_lie_about_what_arrived_is_found_by_its_check_alone(
    seed: int,
    lie: Callable[[Random, Arrival], None],
    finds: Callable[[Sequence[Told], Sequence[Told]], list[str]],
) -> None:
    arrived = disturbed(seed, lie)
    assert {check for check in ALL if check(KEPT, arrived)} == {finds}


@SEEDS
@pytest.mark.parametrize("truth", [again, swap_two])
def test_what_may_be_is_no_lie(seed: int, truth: Callable[[Random, Arrival], None]) -> None:
    arrived = disturbed(seed, truth)
    assert [one for check in ALL for one in check(KEPT, arrived)] == []
    assert checks.again(arrived) == (5 if truth is again else 0)


def test_times_are_the_same_as_far_as_they_can_be() -> None:
    """OTLP counts nanoseconds, and a double is not as exact."""
    (one,) = KEPT[:1]
    arrived = [one._replace(times=tuple(at + 3e-7 for at in one.times))]
    assert checks.different([one], arrived) == []


def test_numbers_are_the_same_in_every_form_of_json() -> None:
    as_int, as_float = event(1, gitops__x=1), event(1)
    assert told(as_int) == told(replace(as_float, attributes={**as_float.attributes, "gitops.x": 1.0}))
    assert told(as_int) != told(replace(as_float, attributes={**as_float.attributes, "gitops.x": True}))


EVENTS = [event(number) for number in range(5)]
ITEMS = {Item("deployed", "a", (number,)) for number in range(5)}


def test_what_happened_is_told_once() -> None:
    assert checks.untold(ITEMS, EVENTS) == checks.invented(ITEMS, EVENTS) == checks.repeated(EVENTS) == []


@pytest.mark.parametrize("number", range(5))
def test_what_was_not_told_is_found(number: int) -> None:
    (wrong,) = checks.untold(ITEMS, [one for one in EVENTS if one.id != f"a{number}"])
    assert f"({number},)" in wrong


def test_what_did_not_happen_is_found() -> None:
    (wrong,) = checks.invented(ITEMS, [*EVENTS, event(5)])
    assert "(5,)" in wrong


def test_what_was_told_twice_is_found() -> None:
    assert checks.repeated([*EVENTS, EVENTS[2]]) == []
    (wrong,) = checks.repeated([*EVENTS, replace(EVENTS[2], id="another")])
    assert "(2,)" in wrong


def test_what_is_called_late_without_a_reason_is_found() -> None:
    late = replace(EVENTS[1], attributes={**EVENTS[1].attributes, "gitops.catch_up": True})
    assert checks.belated({Item("deployed", "a", (1,))}, [*EVENTS, late]) == []
    assert checks.belated({Item("deployed", "a", (2,))}, [*EVENTS, late])


def test_what_was_promoted_twice_is_found() -> None:
    promoted = [
        event(
            number,
            "gitops.service.promoted",
            gitops__service="shop",
            gitops__from_environment="dev",
            gitops__to_environment=to,
            gitops__promotion__value="abc",
        )
        for number, to in enumerate(("staging", "prod", "prod"))
    ]
    assert checks.promoted_again(promoted[:2], ["shop"]) == []
    assert checks.promoted_again(promoted, ["other"]) == []
    assert len(checks.promoted_again(promoted, ["shop"])) == 1


def health(number: int, before: str, now: str, uid: str = "a") -> Event:
    """A change of health."""
    statuses = {"gitops__health__status": now, "gitops__health__previous_status": before}
    return event(number, "gitops.application.health.changed", uid, **statuses)


CHAIN = [health(1, "Missing", "Progressing"), health(2, "Progressing", "Healthy"), health(3, "Healthy", "Degraded")]


def test_a_chain_that_holds() -> None:
    other = health(4, "Healthy", "Missing", "b")
    alive = {"a": Look(9, "a", health="Degraded"), "c": Look(9, "c", health="Healthy")}
    assert checks.broken([*CHAIN[:1], other, *CHAIN[1:]], alive) == []


@pytest.mark.parametrize(
    "chain", [[CHAIN[0], CHAIN[2]], [CHAIN[0], CHAIN[2], CHAIN[1]], [*CHAIN, CHAIN[1], CHAIN[2]], CHAIN[:2]]
)
def test_a_chain_that_breaks(chain: list[Event]) -> None:
    assert checks.broken(chain, {"a": Look(9, "a", health="Degraded")})


def synced(before: str, now: str) -> Event:
    statuses = {"gitops__sync_status": now, "gitops__previous_sync_status": before}
    return event(1, "gitops.application.sync_status.changed", **statuses)


def test_the_last_sync_status_is_that_of_now() -> None:
    events = [synced("Synced", "OutOfSync"), synced("OutOfSync", "Synced")]
    assert checks.broken(events, {"a": Look(9, "a", synced="Synced")}) == []
    assert checks.broken(events[:1], {"a": Look(9, "a", synced="Synced")})


def test_what_ends_has_begun_once() -> None:
    drift, sync = "gitops.application.drift.", "gitops.application.sync."
    begun, ended = event(1, drift + "detected"), event(2, drift + "resolved")
    started = event(3, sync + "started", cicd__pipeline__run__id="r")
    over = event(4, sync + "finished", cicd__pipeline__run__id="r")
    assert checks.unpaired([begun, started, ended, over, begun, event(5, drift + "detected", "b")]) == []
    for wrong in ([begun, begun], [ended], [begun, ended, ended], [over, started], [started, started]):
        assert len(checks.unpaired(wrong)) == 1


def finished(run: str, service: str = "shop") -> Event:
    """A sync that ended."""
    attributes = {"cicd__pipeline__run__id": run, "gitops__service": service, "gitops__environment": "prod"}
    return event(1, "gitops.application.sync.finished", **attributes)


def root(run: str, trace: str = "") -> Span:
    """The first span of a sync."""
    return Span(
        trace_id=trace or f"trace of {run}",
        id="1",
        parent_id=None,
        name="SYNC shop-prod",
        kind=SpanKind.SERVER,
        started_at=AT,
        ended_at=AT + 1,
        status=SpanStatus.UNSET,
        message="",
        subject="",
        attributes={"cicd.pipeline.run.id": run},
    )


def test_each_sync_has_its_trace() -> None:
    syncs, roots = [finished("1"), finished("2")], [root("1"), root("2"), root("1")]
    assert checks.traceless(syncs, roots) == []
    assert checks.traceless(syncs, roots[:1]) == ["a sync has no trace: 2"]
    assert checks.traceless(syncs[:1], roots) == ["a trace has no sync: 2"]
    assert checks.traceless(syncs, [*roots, root("1", "another")])


def test_a_span_with_another_content_is_found() -> None:
    one = told_span(root("1"))
    assert checks.different((), [one, one]) == []
    assert checks.different((), [one, told_span(replace(root("1"), message="no"))])


def test_metrics_count_what_was_told() -> None:
    events = [finished("1"), finished("2"), finished("3", "other")]
    assert checks.miscounted(events, {"shop-prod": 2, "idle-prod": 0}, exact=True) == []
    assert checks.miscounted(events, {"shop-prod": 1}, exact=True)
    assert checks.miscounted(events, {"shop-prod": 3}, exact=True)
    assert checks.miscounted(events, {"shop-prod": 3}, exact=False) == [], "some were folded"
    assert checks.miscounted(events, {"shop-prod": 1}, exact=False)
