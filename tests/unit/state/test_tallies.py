"""What events make of the counters and histograms of a group."""

from collections.abc import Iterable, Sequence
from itertools import count, pairwise
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from observability.model.event import Event, Severity
from observability.model.observation import Kind
from observability.model.state import ApplicationState, Change, ProjectState
from observability.model.tally import GROUP_LABELS, Counts, Group, Histogram, Tally
from observability.state.blobs import decoded, encoded, name_of
from observability.state.tallies import Tallies
from tests.builders import NOON, application, identity, memory, project
from tests.tallied import restored, saved

SHOP: Final = Group("prod", "shop", "shop")
HOUR: Final = 3600.0

_ids = count()


def event(what: str, at: float = NOON, group: Group = SHOP, uid: str = "1", **attributes: Any) -> Event:
    """An event of an Application; `sync__kind` is its attribute `gitops.sync.kind`."""
    return Event(
        id=f"{next(_ids):032x}",
        name=f"gitops.application.{what}",
        at=at,
        observed_at=at,
        severity=Severity.INFO,
        body="",
        subject="Application/argocd/shop-prod",
        attributes={
            **{f"gitops.{name}": value for name, value in zip(Group._fields, group, strict=True)},
            "gitops.application.uid": uid,
            **{f"gitops.{name.replace('__', '.')}": value for name, value in attributes.items()},
        },
    )


def finished(kind: str = "auto", result: str = "success", **attributes: Any) -> Event:
    made = event("sync.finished", sync__kind=kind, **attributes)
    return replace(made, attributes={**made.attributes, "cicd.pipeline.result": result})


def deployed(revision: str, at: float = NOON, uid: str = "1", group: Group = SHOP, kind: str = "auto") -> Event:
    return event("deployed", at, group, uid, revision=revision, sync__kind=kind)


def healthy(revision: str, at: float, uid: str = "1", group: Group = SHOP, **more: Any) -> Event:
    return event("healthy_after_deploy", at, group, uid, revision=revision, **more)


def health(status: str, at: float, uid: str = "1", **more: Any) -> Event:
    return event("health.changed", at, uid=uid, health__status=status, **more)


def rolled_back(to: str, away: str, at: float, uid: str = "1") -> Event:
    return event("rolled_back", at, uid=uid, revision=to, previous_revision=away)


def counts(*events: Event, group: Group = SHOP) -> Counts:
    tallies = Tallies()
    tallies.take(events)
    return tallies.tallies()[group].counts


def observations(histogram: Histogram | None) -> tuple[int, float]:
    """How many, and their sum. A histogram that is not there is a failure."""
    assert histogram is not None
    return sum(histogram.counts), histogram.total


def joined(
    name: str = "shop-prod", environment: str = "prod", service: str = "shop", automated: bool = True, uid: str = "1"
) -> Change:
    app = application(name, automated=automated, uid=uid)
    state = ApplicationState(app, memory(identity=identity(name, environment, service)), None)
    return Change(Kind.APPLICATION, app.key, None, state, NOON)


def left(change: Change) -> Change:
    return Change(Kind.APPLICATION, change.key, change.after, None, NOON)


# Syncs


def test_syncs_are_counted_by_kind_and_result() -> None:
    made = counts(finished("manual", "failure"), finished("manual", "success"), finished("auto", "timeout"))
    assert made.syncs == {"manual": (1, 1, 0, 0, 0), "auto": (0, 0, 0, 1, 0)}


def test_a_sync_is_measured_once_it_ended() -> None:
    made = counts(finished(sync__duration_seconds=42.5, sync__queue_seconds=0.05))
    assert made.sync_duration == Histogram((0, 0, 0, 0, 1, 0, 0, 0, 0), 42.5)
    assert made.sync_queue == Histogram((1, 0, 0, 0, 0, 0, 0, 0), 0.05)


def test_a_bound_belongs_to_its_bucket_and_what_is_beyond_all_to_the_last_one() -> None:
    made = counts(*(finished(sync__duration_seconds=seconds) for seconds in (1.0, 1.001, 3600.0, 3601.0, -5.0)))
    assert made.sync_duration == Histogram((2, 1, 0, 0, 0, 0, 0, 1, 1), 7203.001)


@pytest.mark.parametrize("what", ["sync.requested", "sync.started"])
def test_all_results_of_a_kind_are_at_0_before_the_first_sync_of_it_ends(what: str) -> None:
    made = counts(event(what, sync__kind="rollback", revision="a"))
    assert made.syncs == {"rollback": (0, 0, 0, 0, 0)}
    assert observations(made.sync_duration) == observations(made.sync_queue) == (0, 0.0)


def test_a_dry_run_is_no_sync() -> None:
    tallies = Tallies()
    assert tallies.take([finished(sync__dry_run=True)]) == {}


@pytest.mark.parametrize("attributes", [{"sync__duration_seconds": float("nan")}, {"sync__duration_seconds": "12"}, {}])
def test_what_is_no_number_is_not_measured(attributes: dict[str, Any]) -> None:
    made = counts(finished(**attributes))
    assert made.syncs == {"auto": (1, 0, 0, 0, 0)}
    assert made.sync_duration is None


# Drift and health


def test_a_drift_is_measured_by_its_cause_from_the_moment_it_is_detected() -> None:
    begun = event("drift.detected", out_of_sync__cause="live_drift")
    ended = event("drift.resolved", out_of_sync__cause="live_drift", out_of_sync__duration_seconds=90.0)
    assert observations(counts(begun).drift["live_drift"]) == (0, 0.0)
    assert counts(begun, ended).drift == {"live_drift": Histogram((0, 1, 0, 0, 0, 0, 0, 0), 90.0)}


def test_an_episode_of_degraded_is_measured_when_it_is_over() -> None:
    begun = health("Degraded", NOON)
    assert observations(counts(begun).degraded) == (0, 0.0)
    assert observations(counts(begun, health("Progressing", NOON + 5)).degraded) == (0, 0.0)
    ended = health("Healthy", NOON + 30, degraded__duration_seconds=30.0)
    assert observations(counts(begun, ended).degraded) == (1, 30.0)
    assert observations(counts(begun, event("deleted", degraded__duration_seconds=7.0)).degraded) == (1, 7.0)


# Delivery performance


def test_a_deployment_counts_and_has_a_lead_time_from_when_its_revision_was_first_seen() -> None:
    made = counts(
        event("revision.pending", NOON, revision="b"),
        event("sync.started", NOON + 60, revision="b", sync__kind="auto"),
        deployed("b", NOON + 70),
        healthy("b", NOON + 100, time_to_healthy_seconds=30.0),
    )
    assert made.deployments == 1
    assert observations(made.lead_time) == (1, 100.0)
    assert observations(made.time_to_healthy) == (1, 30.0)
    assert (made.change_failures, made.rework) == (0, 0)


def test_the_lead_time_begins_in_the_environment_that_saw_the_revision_first() -> None:
    dev = SHOP._replace(environment="dev")
    other = SHOP._replace(service="mail", environment="dev")
    made = counts(
        deployed("b", NOON - HOUR, group=other),
        deployed("b", NOON, group=dev),
        deployed("b", NOON + HOUR),
        healthy("b", NOON + HOUR + 10),
    )
    assert observations(made.lead_time) == (1, HOUR + 10)


def test_the_time_of_the_commit_wins_where_it_is_known() -> None:
    made = counts(deployed("b", NOON), healthy("b", NOON + 10, commit__time_seconds=NOON - 2 * HOUR))
    assert observations(made.lead_time) == (1, 2 * HOUR + 10)


def test_a_revision_of_which_nothing_is_known_has_no_lead_time() -> None:
    made = counts(healthy("b", NOON + 10, time_to_healthy_seconds=10.0))
    assert made.lead_time is None
    assert observations(made.time_to_healthy) == (1, 10.0)


def test_a_rollback_and_the_same_revision_again_have_no_lead_time() -> None:
    made = counts(
        deployed("a", NOON),
        deployed("b", NOON + 10),
        deployed("a", NOON + 20, kind="rollback"),
        healthy("a", NOON + 30),
        deployed("a", NOON + 40),
        healthy("a", NOON + 50),
    )
    assert observations(made.lead_time) == (0, 0.0)
    assert made.deployments == 4


@pytest.mark.parametrize("kind", ["partial", "local"])
def test_what_is_not_a_whole_sync_from_git_is_no_deployment(kind: str) -> None:
    tallies = Tallies()
    assert tallies.take([deployed("b", kind=kind)]) == {}


def test_degraded_soon_after_a_deployment_is_its_failure_once() -> None:
    made = counts(
        deployed("b", NOON),
        health("Degraded", NOON + 60),
        health("Healthy", NOON + 90),
        health("Degraded", NOON + 120),
        health("Healthy", NOON + 150),
    )
    assert made.change_failures == 1
    assert observations(made.time_to_restore) == (1, 30.0)


@pytest.mark.parametrize(("seconds", "failures"), [(HOUR, 1), (HOUR + 1, 0), (-1.0, 0)])
def test_degraded_long_after_a_deployment_or_before_it_is_none(seconds: float, failures: int) -> None:
    assert counts(deployed("b", NOON), health("Degraded", NOON + seconds)).change_failures == failures


def test_degraded_without_a_deployment_that_was_seen_is_none() -> None:
    assert counts(health("Degraded", NOON)).change_failures == 0


def test_the_window_is_a_parameter() -> None:
    tallies = Tallies(window_seconds=10.0)
    tallies.take([deployed("b", NOON), health("Degraded", NOON + 11)])
    assert tallies.tallies()[SHOP].counts.change_failures == 0


def test_the_failure_of_one_application_is_not_that_of_another() -> None:
    made = counts(deployed("b", NOON, uid="1"), deployed("b", NOON, uid="2"), health("Degraded", NOON + 1, uid="2"))
    assert (made.deployments, made.change_failures) == (2, 1)


def test_a_deployment_after_a_failure_is_rework_and_the_next_one_is_not() -> None:
    made = counts(
        deployed("b", NOON),
        health("Degraded", NOON + 60),
        deployed("c", NOON + 120),
        healthy("c", NOON + 180),
        deployed("d", NOON + 240),
    )
    assert (made.change_failures, made.deployments, made.rework) == (1, 3, 1)
    assert observations(made.time_to_restore) == (1, 120.0)


def test_the_failed_revision_on_its_way_to_another_application_repairs_nothing() -> None:
    failure = (deployed("b", NOON, uid="1"), health("Degraded", NOON + 60, uid="1"), deployed("b", NOON + 61, uid="2"))
    assert counts(*failure).rework == 0
    assert counts(*failure, deployed("c", NOON + 90, uid="2")).rework == 1


@pytest.mark.parametrize("rollback_is_told_first", [True, False])
@pytest.mark.parametrize("was_degraded", [True, False])
def test_a_rollback_is_a_failure_of_what_it_left_and_a_repair(rollback_is_told_first: bool, was_degraded: bool) -> None:
    back = [rolled_back("a", "b", NOON + 200), deployed("a", NOON + 200, kind="rollback")]
    made = counts(
        deployed("a", NOON),
        deployed("b", NOON + 100),
        *([health("Degraded", NOON + 150)] if was_degraded else []),
        *(back if rollback_is_told_first else reversed(back)),
        healthy("a", NOON + 230),
        deployed("c", NOON + 300),
    )
    assert (made.deployments, made.change_failures, made.rework) == (4, 1, 1)
    assert observations(made.time_to_restore) == (1, 80.0 if was_degraded else 130.0)


def test_a_rollback_from_a_deployment_that_was_not_seen_counts() -> None:
    made = counts(rolled_back("a", "b", NOON), deployed("a", NOON, kind="rollback"), healthy("a", NOON + 9))
    assert (made.change_failures, made.rework) == (1, 1)
    assert observations(made.time_to_restore) == (1, 9.0)


# Once each


def test_an_event_counts_once() -> None:
    one = finished()
    tallies = Tallies()
    assert list(tallies.take([one, one])) == [SHOP]
    assert tallies.take([one]) == {}
    assert tallies.tallies()[SHOP].counts.syncs == {"auto": (1, 0, 0, 0, 0)}


def test_it_is_remembered_across_a_restart() -> None:
    one = finished()
    tallies = Tallies()
    tallies.take([one])
    assert restored(saved(tallies)).take([one]) == {}


def test_what_is_remembered_stays_small() -> None:
    tallies = Tallies()
    for number in range(200):
        tallies.take([deployed(f"{number}"), health("Degraded", NOON + 1), finished()])
    assert len(encoded(tallies.tallies()[SHOP])) < 1_000


@pytest.mark.parametrize("missing", GROUP_LABELS[1:])
def test_an_event_without_a_group_counts_nowhere(missing: str) -> None:
    one = finished()
    attributes = {name: value for name, value in one.attributes.items() if name != f"gitops.{missing}"}
    assert Tallies().take([replace(one, attributes=attributes)]) == {}


def test_other_events_do_not_concern_it() -> None:
    assert Tallies().take([event("created"), event("policy.violated"), event("health.changed")]) == {}
    assert Tallies().take([replace(finished(), name="gitops.service.promoted")]) == {}


@pytest.mark.parametrize("what", [finished(kind=""), finished(result="odd"), event("drift.detected"), event("deleted")])
def test_an_event_that_does_not_say_enough_counts_nowhere(what: Event) -> None:
    assert Tallies().take([what]) == {}


# Groups


def test_a_group_comes_with_its_first_application_and_the_results_of_its_kind_at_0() -> None:
    tallies = Tallies()
    took = tallies.take((), [joined(automated=True)])
    assert took == {SHOP: Tally(SHOP, Counts(syncs={"auto": (0, 0, 0, 0, 0)}))}
    assert tallies.take((), [joined("shop-prod-2", automated=True, uid="2")]) == {}
    third = tallies.take((), [joined("shop-prod-3", automated=False, uid="3")])[SHOP]
    assert third is not None
    assert list(third.counts.syncs) == ["auto", "manual"]


def test_an_application_that_begins_to_sync_by_itself_starts_another_kind() -> None:
    tallies = Tallies()
    before = joined(automated=False)
    tallies.take((), [before])
    after = joined(automated=True).after
    took = tallies.take((), [Change(Kind.APPLICATION, before.key, before.after, after, NOON)])[SHOP]
    assert took is not None
    assert list(took.counts.syncs) == ["manual", "auto"]


def test_a_group_goes_with_its_last_application_after_its_last_events() -> None:
    tallies = Tallies()
    one, two = joined(), joined("shop-prod-2", uid="2")
    tallies.take((), [one, two])
    tallies.take([finished()])
    tallies.unsaved()
    assert tallies.take((), [left(one)]) == {}
    assert tallies.take([finished()], [left(two)]) == {SHOP: None}
    assert tallies.tallies() == {}
    assert tallies.unsaved() == {"tally/prod/shop/shop": None}


def test_what_was_counted_stays_while_an_application_is_born_again() -> None:
    tallies = Tallies()
    tallies.take([deployed("b")], [joined()])
    tallies.take((), [left(joined()), joined(uid="2")])
    tally = tallies.tallies()[SHOP]
    assert tally.counts.deployments == 1
    assert tally.past.applications == {}


def test_an_application_takes_its_past_along_when_it_goes() -> None:
    tallies = Tallies()
    tallies.take([deployed("b", uid="1"), deployed("b", uid="2")], [joined(), joined("shop-prod-2", uid="2")])
    took = tallies.take((), [left(joined())])[SHOP]
    assert took is not None
    assert list(took.past.applications) == ["2"]


def test_an_application_that_turns_out_to_be_of_another_group_leaves_the_first() -> None:
    tallies = Tallies()
    tallies.take((), [joined(environment="unassigned")])
    took = tallies.take((), [joined(environment="prod")])
    assert {group.environment: tally is None for group, tally in took.items()} == {"prod": False, "unassigned": True}
    assert tallies.take((), [left(joined())]) == {SHOP: None}


def test_two_of_a_group_can_go_at_once_and_one_that_never_came_can_go() -> None:
    tallies = Tallies()
    one, two = joined(), joined("shop-prod-2", uid="2")
    assert tallies.take((), [left(one)]) == {}
    tallies.take((), [one, two])
    assert tallies.take((), [left(one), left(two)]) == {SHOP: None}


def test_other_kinds_make_no_groups() -> None:
    state = ProjectState(project("shop"))
    change = Change(Kind.PROJECT, state.facts.key, None, state, NOON)
    assert Tallies().take((), [change, left(change)]) == {}


# Restarts


def test_a_name_tells_the_group_whatever_it_is_called() -> None:
    assert name_of(SHOP) == "tally/prod/shop/shop"
    assert name_of(Group("a/b", "c", "d%")) == "tally/a%2Fb/c/d%25"
    assert name_of(SHOP._replace(engine="flux")) == "tally/prod/shop/shop/flux"


def test_what_was_saved_when_there_was_one_engine_is_read() -> None:
    known = Tally(SHOP)
    version, (group, *rest) = encoded(known)[:1], msgspec.msgpack.decode(encoded(known)[1:])
    assert group[3:] == ["argocd"]
    assert decoded(version + msgspec.msgpack.encode([group[:3], *rest])) == known


def test_what_two_engines_deploy_is_counted_apart() -> None:
    flux = deployed("b", uid="2", group=SHOP._replace(engine="flux"))
    tallies = Tallies()
    tallies.take([deployed("b"), flux])
    assert {group.engine: tally.counts.deployments for group, tally in tallies.tallies().items()} == {
        "argocd": 1,
        "flux": 1,
    }


def test_only_what_was_counted_is_saved() -> None:
    tallies = Tallies()
    tallies.take((), [joined(), joined("mail-prod", service="mail", uid="2")])
    assert tallies.unsaved() == saved(tallies) == {}
    tallies.take([finished()])
    unsaved = tallies.unsaved()
    assert unsaved == saved(tallies)
    assert list(unsaved) == ["tally/prod/shop/shop"]
    assert tallies.unsaved() == {}


def test_a_restored_group_is_shown_when_its_application_is_known_and_goes_when_none_is() -> None:
    before = Tallies()
    mail = SHOP._replace(service="mail")
    before.take([finished(), deployed("b", group=mail)])
    tallies = restored(saved(before))
    took = tallies.take((), [joined()])
    assert took[SHOP] == before.tallies()[SHOP]
    assert tallies.unsaved() == {}
    assert tallies.listed() == {mail: None}
    assert tallies.unsaved() == {name_of(mail): None}


@pytest.mark.parametrize("damage", [b"", b"\x02", b"\x01", b"\x01\xc1"])
def test_what_cannot_be_read_is_named_and_the_rest_is_restored(damage: bytes) -> None:
    before = Tallies()
    before.take([finished()])
    tallies = Tallies()
    assert tallies.restore({"tally/a/b/c": damage, **saved(before)}) == ["tally/a/b/c"]
    assert tallies.tallies() == before.tallies()


def test_counts_that_do_not_fit_the_buckets_cannot_be_read() -> None:
    for odd in (Counts(sync_queue=Histogram((1, 2))), Counts(drift={"a": Histogram(())}), Counts(syncs={"auto": (1,)})):
        with pytest.raises(ValueError, match="as many counts"):
            decoded(encoded(Tally(SHOP, odd)))


# For any events

_NAMES: Final = ("sync.requested", "sync.finished", "revision.pending", "deployed", "healthy_after_deploy")
_MORE_NAMES: Final = ("rolled_back", "drift.detected", "drift.resolved", "health.changed", "deleted")


@st.composite
def any_events(draw: st.DrawFn) -> list[Event]:
    """A history of two services in two environments, in which the same event comes again now and then."""
    some = st.sampled_from
    seconds = st.one_of(st.floats(-10, 1e6), st.integers(0, 100), st.just(float("inf")))
    events: list[Event] = []
    for number in range(draw(st.integers(0, 25))):
        attributes: dict[str, Any] = {
            "sync__kind": draw(some(["auto", "manual", "rollback", "partial"])),
            "revision": draw(some(["a", "b", "c", ""])),
            "previous_revision": draw(some(["a", "b"])),
            "health__status": draw(some(["Healthy", "Degraded", "Progressing"])),
            "out_of_sync__cause": draw(some(["live_drift", "unconverged"])),
            "sync__duration_seconds": draw(seconds),
            "out_of_sync__duration_seconds": draw(seconds),
            "time_to_healthy_seconds": draw(seconds),
        }
        group = Group(draw(some(["dev", "prod"])), "shop", draw(some(["shop", "mail"])))
        name = draw(some(_NAMES + _MORE_NAMES))
        made = event(name, NOON + 100 * number, group, draw(some(["1", "2"])), **attributes)
        events.append(replace(made, attributes={**made.attributes, "cicd.pipeline.result": "success"}))
        if draw(st.integers(0, 9)) == 0:
            events.append(draw(some(events)))
    return events


def taken(parts: Iterable[Sequence[Event]]) -> Tallies:
    tallies = Tallies()
    for part in parts:
        tallies.take(part)
    return tallies


@given(events=any_events(), cuts=st.lists(st.integers(0, 30)))
def test_events_in_parts_make_what_they_make_at_once(events: list[Event], cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(events)) for cut in cuts), len(events)]
    parts = [events[start:end] for start, end in pairwise(edges)]
    assert taken(parts).tallies() == taken([events]).tallies()


@given(events=any_events(), cut=st.integers(0, 30))
def test_a_restart_between_any_two_events_changes_nothing(events: list[Event], cut: int) -> None:
    before = taken([events[:cut]])
    after = restored(saved(before))
    assert after.tallies() == before.tallies()
    after.take(events[cut:])
    assert after.tallies() == taken([events]).tallies()


@given(events=any_events())
def test_what_is_saved_after_each_event_is_what_is_saved_at_last(events: list[Event]) -> None:
    tallies, kept = Tallies(), dict[str, bytes | None]()
    for one in events:
        changed = tallies.take([one])
        unsaved = tallies.unsaved()
        assert set(unsaved) == set(map(name_of, changed))
        kept.update(unsaved)
    assert kept == saved(tallies)
