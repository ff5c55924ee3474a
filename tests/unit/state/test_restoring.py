"""A store that begins with what was saved believes what it believed before, and tells late what it missed."""

from typing import Any, Final

import pytest

from observability.model.application import Application
from observability.model.observation import Kind, Listed, Listing, Scope
from observability.model.state import ApplicationState, Change, State
from observability.model.status import HealthStatus, Phase, SyncStatus
from observability.settings.environments import Environment, IdentityRule, IdentitySource, by_name
from observability.state.saving import dumps, loads
from observability.state.store import Store
from tests.builders import (
    NOON,
    application,
    applicationset,
    entry,
    gone,
    listing,
    operation,
    project,
    seen,
    target,
    window,
)

APPLICATIONS: Final = Scope(Kind.APPLICATION)
PROJECTS: Final = Scope(Kind.PROJECT)
ENVIRONMENTS: Final = (Environment(name="dev"), Environment(name="prod"))
DRIFTED: Final[dict[str, Any]] = {"sync": SyncStatus.OUT_OF_SYNC, "history": (entry(0, "a", NOON - 7200),)}
HOUR: Final = 3600.0


def new(**more: Any) -> Store:
    return Store(**{"settle_seconds": 10.0, "environments": ENVIRONMENTS, "identity": (by_name(ENVIRONMENTS),), **more})


def watching(*apps: Application, **more: Any) -> Store:
    store = new(**more)
    store.apply(listing([project("shop", window(schedule="0 13 * * *"))], NOON - HOUR, PROJECTS))
    store.apply(listing(apps, NOON - HOUR))
    return store


def restored(store: Store, **more: Any) -> Store:
    """Another one with what was saved of it."""
    saved = [(kind, dumps(state)) for kind in Kind for state in store.states(kind).values()]
    again = new(**more)
    again.restore([loads(kind, data) for kind, data in saved], dict(store.listed))
    return again


def caught_up(store: Store, now: float) -> list[Change]:
    changes = []
    while (due := store.next_due()) is not None and due <= now:
        changes += store.due(now)
    return changes


def states(store: Store) -> list[State]:
    return [state for kind in Kind for state in store.states(kind).values()]


def test_it_believes_what_it_believed_and_tells_nothing() -> None:
    store = watching(application(resource_version="1", **DRIFTED), application("cart-dev", resource_version="2"))
    again = restored(store)
    caught_up(store, NOON)
    assert caught_up(again, NOON) == []
    assert states(again) == states(store)
    assert again.next_due() == store.next_due()


def test_onset_and_counters_go_on_where_they_were() -> None:
    store = watching(application(resource_version="1"))
    store.apply([seen(application(resource_version="2", **DRIFTED), NOON - 60)])
    again = restored(store)
    (change,) = again.apply([seen(application(resource_version="3", **DRIFTED), NOON)])
    assert isinstance(change.after, ApplicationState)
    assert change.after.out_of_sync_since == NOON - 60
    assert change.after.memory.witnessed
    assert not change.catch_up, "it was watched from where the last watch stopped"


def test_the_first_list_afterwards_catches_up() -> None:
    kept = application(resource_version="1")
    store = watching(kept, application("cart-dev", resource_version="1"))
    again = restored(store)
    late = application("late-dev", created_at=NOON - 60)
    changed = application(resource_version="2", health=HealthStatus.DEGRADED)
    changes = again.apply(listing([changed, late], NOON))
    assert [(change.key.name, change.after is None, change.catch_up, change.born) for change in changes] == [
        ("shop-prod", False, True, False),
        ("late-dev", False, True, True),
        ("cart-dev", True, True, False),
    ]
    (change,) = again.apply([seen(application(resource_version="3"), NOON + 1)])
    assert not change.catch_up


def test_a_cold_start_does_not_catch_up() -> None:
    changes = new().apply(listing([application()]))
    assert [(change.catch_up, change.born) for change in changes] == [(False, False)]
    store = new()
    store.apply([Listing(APPLICATIONS, "start"), seen(application())])
    *_, change = store.apply(listing([application(), application("cart-dev")], reason="start"))
    assert (change.key.name, change.catch_up) == ("cart-dev", False)


def test_a_relist_catches_up_where_it_lists_and_nowhere_else() -> None:
    store = new()
    team, other = Scope(Kind.APPLICATION, "team"), Scope(Kind.APPLICATION, "argocd")
    store.apply(listing([application(namespace="team")], NOON - 60, team))
    store.apply(listing([application()], NOON - 60, other))
    store.apply([Listing(team, "outage")])
    changes = store.apply(
        [
            seen(application(health=HealthStatus.DEGRADED)),
            seen(application(namespace="team", health=HealthStatus.DEGRADED)),
            Listed(team, "2", NOON),
        ]
    )
    assert [(change.key.namespace, change.catch_up) for change in changes] == [("argocd", False), ("team", True)]


def test_what_groups_applications_is_born_and_caught_up_with_as_well() -> None:
    store = new()
    scope = Scope(Kind.APPLICATIONSET)
    (first,) = store.apply(listing([applicationset("shops")], NOON, scope))
    (second,) = store.apply([seen(applicationset("carts"), NOON)])
    third, left = store.apply(listing([applicationset("carts"), applicationset("tools")], NOON, scope))[-2:]
    assert [(one.born, one.catch_up) for one in (first, second, third, left)] == [
        (False, False),
        (True, False),
        (True, True),
        (False, True),
    ]


def test_a_window_that_opened_meanwhile_is_told_by_time() -> None:
    again = restored(watching(application()))
    changes = caught_up(again, NOON + HOUR + 60)
    assert {change.kind for change in changes} == {Kind.APPLICATION, Kind.PROJECT}
    assert all(change.before is not None for change in changes)


def test_what_settled_meanwhile_is_judged_by_time() -> None:
    store = watching(application(resource_version="1", history=(entry(0, "a", NOON - 7200),)))
    store.apply([seen(application(resource_version="2", operation=operation(Phase.RUNNING, NOON)), NOON)])
    ended = operation(Phase.SUCCEEDED, NOON)
    store.apply([seen(application(resource_version="3", operation=ended, **DRIFTED), NOON + 1)])
    again = restored(store)
    (change,) = caught_up(again, NOON + 60)
    assert isinstance(change.before, ApplicationState)
    assert isinstance(change.after, ApplicationState)
    assert change.before.memory.cause is None
    assert change.after.memory.cause is not None


def test_a_deleted_one_is_gone() -> None:
    again = restored(watching(application()))
    (change,) = again.apply([gone(application())])
    assert change.after is None
    assert not again.states(Kind.APPLICATION)


def test_one_that_was_born_again_under_its_name_is_another() -> None:
    again = restored(watching(application()))
    changes = again.apply(listing([application(uid="2", created_at=NOON - 60)], NOON))
    assert [(change.after is None, change.born, change.catch_up) for change in changes] == [
        (True, False, True),
        (False, True, True),
    ]


@pytest.mark.parametrize("known", [True, False])
def test_an_identity_that_was_to_be_told_still_is(known: bool) -> None:
    rules = (IdentityRule.model_validate({"from": IdentitySource.APPLICATIONSET, "key": "env"}),)
    owner = applicationset("shops", labels={"env": "prod"})
    store = new(identity=rules)
    store.apply(listing([application(applicationset="shops")], NOON))
    again = restored(store, identity=rules)
    if known:
        again.apply([seen(owner)])
    caught_up(again, NOON + 1)
    (state,) = again.states(Kind.APPLICATION).values()
    assert isinstance(state, ApplicationState)
    assert state.identity.environment == ("prod" if known else "unassigned")


def test_a_run_that_was_on_its_way_ends_once() -> None:
    store = watching(application(resource_version="1"))
    begun = operation(Phase.RUNNING, NOON)
    store.apply([seen(application(resource_version="2", operation=begun, requested=True), NOON)])
    again = restored(store)
    ended = operation(Phase.SUCCEEDED, NOON, NOON + 5, synced=target("a"))
    (change,) = again.apply([seen(application(resource_version="3", operation=ended), NOON + 60)])
    assert isinstance(change.after, ApplicationState)
    assert change.after.memory.run is not None
    assert (change.after.memory.run.number, change.after.memory.run.finished_at) == (0, NOON + 5)
    assert change.after.memory.results[0] == 1
