"""The store: what it believes after observations, and which changes it tells."""

from typing import Any, Final

import pytest

from observability.model.application import Key
from observability.model.observation import (
    Alive,
    Compared,
    Gone,
    Kind,
    Listed,
    Listing,
    Malformed,
    Restarted,
    Scope,
    Unavailable,
)
from observability.model.project import Project
from observability.model.state import ApplicationSetState, ProjectState, WindowState
from observability.model.status import HealthStatus
from observability.settings.environments import IdentityRule, IdentitySource, by_name
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
    window,
)
from tests.stores import (
    APPLICATIONS,
    ENVIRONMENTS,
    FROM_ONE,
    HOOK,
    HOUR,
    PROJECTS,
    SHOP,
    known,
    names,
    new,
    settled_down,
    told,
    watching,
)

# Objects come and go


def test_a_list_is_told_object_by_object() -> None:
    store = new()
    changes = store.apply(listing([application("shop-prod"), application("shop-dev")]))
    assert told(changes) == ["+shop-prod", "+shop-dev"]
    assert all(change.received_at == NOON and change.kind is Kind.APPLICATION for change in changes)
    assert changes[0].after is known(store)


def test_each_update_is_told_with_what_was_and_what_is() -> None:
    store = watching(application(resource_version="1"))
    before = known(store)
    (change,) = store.apply([seen(application(resource_version="2", health=HealthStatus.DEGRADED))])
    assert change.before is before
    assert change.after is known(store)
    assert known(store).facts.health is HealthStatus.DEGRADED


def test_the_same_version_again_is_no_change() -> None:
    store = watching(application(resource_version="1"))
    assert store.apply([seen(application(resource_version="1"))]) == []
    assert store.apply(listing([application(resource_version="1")], reason="expired")) == []


def test_one_that_is_deleted_is_forgotten() -> None:
    store = watching(application())
    assert told(store.apply([gone(application())])) == ["-shop-prod"]
    assert names(store) == set()
    assert store.apply([gone(application())]) == []


def test_the_deletion_of_an_earlier_one_of_that_name_deletes_nothing() -> None:
    store = watching(application(uid="new"))
    assert store.apply([gone(application(uid="old"))]) == []
    assert told(store.apply([gone(application(uid=""))])) == ["-shop-prod"]


def test_one_of_the_same_name_with_another_uid_is_another() -> None:
    store = watching(application(uid="old", history=(entry(0, "a"),), labels={}))
    changes = store.apply([seen(application(uid="new", history=(entry(0, "a"), entry(1, "b"))))])
    assert told(changes) == ["-shop-prod", "+shop-prod"]
    assert known(store).memory.deployments == 2


def test_two_of_one_name_in_two_namespaces_are_two() -> None:
    store = watching(application(), application(namespace="team-a"))
    store.apply([gone(application(namespace="team-a"))])
    assert set(store.states(Kind.APPLICATION)) == {SHOP}


def test_applicationsets_are_told_when_they_change() -> None:
    store = new()
    (change,) = store.apply([seen(applicationset(applications=1))])
    assert isinstance(change.after, ApplicationSetState)
    assert store.apply([seen(applicationset(applications=1))]) == []
    assert told(store.apply([seen(applicationset(applications=2))])) == ["shops"]
    assert told(store.apply([gone(applicationset())])) == ["-shops"]


def test_projects_are_told_with_their_windows() -> None:
    store = new()
    (change,) = store.apply([seen(project("shop", FROM_ONE, window(schedule="never")))])
    assert isinstance(change.after, ProjectState)
    later, unreadable = change.after.windows
    assert later.active is False
    assert later.changes_at == pytest.approx(NOON + HOUR, abs=0.01)
    assert unreadable == WindowState(None)
    assert told(store.apply([gone(project("shop"))])) == ["-shop"]


@pytest.mark.parametrize(
    "observation",
    [
        Alive(APPLICATIONS, "9", NOON),
        Restarted(APPLICATIONS, "closed"),
        Unavailable(APPLICATIONS, "unreachable", "away"),
        Malformed(APPLICATIONS, SHOP, "spec", "expected an object", skipped=True),
    ],
)
def test_what_is_no_object_changes_nothing(observation: Any) -> None:
    store = watching(application())
    assert store.apply([observation]) == []
    assert names(store) == {"shop-prod"}


# What is kept


def test_what_is_remembered_is_let_go_of() -> None:
    facts: dict[str, Any] = {"images": ("a:1",), "labels": {"team": "shop", "env": "prod"}}
    facts |= {
        "operation": operation(resources=(HOOK,)),
        "asked": operation(),
        "history": (entry(0, "a"), entry(1, "b")),
    }
    store = watching(application(**facts))
    told = known(store).facts
    assert len(told.history) == 2
    assert told.operation is not None
    assert tuple(told.operation.resources) == (HOOK,)
    assert told.images == ("a:1",)
    assert dict(told.labels) == facts["labels"]
    store.due(NOON)
    let_go = known(store).facts
    assert (tuple(let_go.history), let_go.images, dict(let_go.labels)) == ((entry(1, "b"),), (), {})
    assert let_go.operation is not None
    assert (let_go.operation.resources, let_go.asked) == ((), None)


def test_what_is_exposed_is_kept() -> None:
    facts: dict[str, Any] = {"images": ("a:1",), "labels": {"team": "shop", "env": "prod"}}
    store = watching(application(**facts), kept_labels=("team", "absent"), keeps_images=True)
    store.apply([])
    kept = known(store).facts
    assert (kept.images, dict(kept.labels)) == (("a:1",), {"team": "shop"})


# Identity


def test_identity_never_changes_while_it_lives() -> None:
    rules = (IdentityRule(source=IdentitySource.APPLICATION_LABEL, key="env"), by_name(ENVIRONMENTS))
    store = watching(application(labels={"env": "staging"}), identity=rules)
    before = known(store).identity
    assert (before.environment, before.project) == ("staging", "shop")
    store.apply([seen(application(labels={"env": "dev"}, project="other", resource_version="2"))])
    assert known(store).identity == before
    assert known(store).facts.project == "other"


def test_identity_comes_from_its_applicationset_and_its_project_when_they_are_known() -> None:
    rules = (
        IdentityRule(source=IdentitySource.APPLICATIONSET, key="env"),
        IdentityRule(source=IdentitySource.PROJECT, key="service", pattern="(?P<service>.+)"),
    )
    store = new(identity=rules)
    store.apply([seen(applicationset("shops", labels={"env": "dev"})), seen(project("shop", labels={"service": "s"}))])
    store.apply(listing([application("x", applicationset="shops"), application("y")]))
    x, y = known(store, Key("argocd", "x")).identity, known(store, Key("argocd", "y")).identity
    assert (x.environment, x.service) == ("dev", "s")
    assert (y.environment, y.service) == ("unassigned", "s")


# A defect of ours


IMPOSSIBLE: Final[Any] = []
NOTHING: Final[Any] = None
"""No object has these where a name or a tuple belongs: whoever handles them raises."""


@pytest.mark.parametrize(
    ("observation", "kind"),
    [
        (seen(application(destination=NOTHING)), Kind.APPLICATION),
        (seen(applicationset(steps=NOTHING)), Kind.APPLICATIONSET),
        (seen(Project(namespace="argocd", name="broken", windows=NOTHING)), Kind.PROJECT),
        (Gone(Kind.PROJECT, IMPOSSIBLE, "", NOON), Kind.PROJECT),
        (Listed(Scope(Kind.APPLICATIONSET, IMPOSSIBLE), "1", NOON), Kind.APPLICATIONSET),
    ],
)
def test_what_cannot_be_taken_in_leaves_the_others(observation: Any, kind: Kind) -> None:
    store = watching(project("shop", window()))
    failures: list[Kind] = []
    changes = store.apply(
        [seen(application("a")), observation, seen(application("b"))], lambda failed, _: failures.append(failed)
    )
    assert {"+a", "+b"} <= set(told(changes))
    assert failures == [kind]


def test_unless_somebody_wants_to_know_it_is_raised() -> None:
    with pytest.raises(AttributeError):
        watching(project("shop", window())).apply([seen(application(destination=None))])


def test_what_cannot_be_judged_anew_leaves_the_others() -> None:
    store = watching(project("shop"), application("a"), application("b"))
    known(store, Key("argocd", "a")).facts.destination = None  # type: ignore[assignment]  # a defect
    store.apply([seen(project("shop", window()))])
    failures: list[Kind] = []
    changes = store.due(NOON, lambda failed, _: failures.append(failed))
    assert (told(changes), failures) == (["b"], [Kind.APPLICATION])
    store.apply([seen(project("shop", FROM_ONE))])
    with pytest.raises(AttributeError):
        settled_down(store, NOON)


# What comes late, what is far away, and what is much at once


@pytest.mark.parametrize(
    ("rule", "owner"),
    [
        (IdentityRule(source=IdentitySource.APPLICATIONSET, key="env"), applicationset(labels={"env": "staging"})),
        (IdentityRule(source=IdentitySource.PROJECT, key="env"), project("shop", labels={"env": "staging"})),
    ],
    ids=["ApplicationSet", "AppProject"],
)
def test_an_application_that_came_before_what_tells_its_identity_is_identified_anew(rule: Any, owner: Any) -> None:
    by_label = IdentityRule(source=IdentitySource.APPLICATION_LABEL, key="svc", pattern="(?P<service>.+)")
    store = watching(application("x", applicationset="shops", labels={"svc": "cart"}), identity=(rule, by_label))
    key = Key("argocd", "x")
    assert known(store, key).identity[-2:] == ("unassigned", "cart")
    store.apply([seen(owner)])
    changes = settled_down(store, NOON)
    assert known(store, key).identity[-2:] == ("staging", "cart")
    assert changes[0].before is None
    store.apply([seen(owner), gone(application("x"))])
    assert settled_down(store, NOON) == []


def test_a_window_that_is_months_away_is_taken_up_in_time() -> None:
    store = watching(project("shop", window("deny", "0 0 20 12 *", "336h")))
    july, december = 1_782_900_000.0, 1_798_000_000.0
    store.apply(listing([project("shop", window("deny", "0 0 20 12 *", "336h"))], july, PROJECTS))
    settled_down(store, december)
    state = store.states(Kind.PROJECT)[Key("argocd", "shop")]
    assert isinstance(state, ProjectState)
    assert state.windows[0].active


def test_a_list_without_thousands_is_taken_in_by_and_by() -> None:
    apps = [application(f"app-{number}-dev") for number in range(1_000)]
    store = watching(*apps)
    first = store.apply(listing(apps[:10], NOON))
    assert 0 < len(first) < 990
    # One that is seen again before its turn is not gone.
    back = apps[500]
    store.apply([seen(back)])
    steps = []
    while store.next_due() == 0.0:
        steps.append(len(store.due(NOON)))
    assert max(steps) <= 200
    assert names(store) == {app.name for app in (*apps[:10], back)}


# Compared again


def test_who_was_compared_again_is_judged_as_if_it_had_been_read() -> None:
    read, told = watching(application(reconciled_at=NOON)), watching(application(reconciled_at=NOON))
    read.apply([seen(application(reconciled_at=NOON + 60.0, resource_version="9"), NOON + 61.0)])
    (change,) = told.apply([Compared(APPLICATIONS, SHOP, "9", NOON + 60.0, NOON + 61.0)])
    assert (change.key, change.received_at, change.before is change.after) == (SHOP, NOON + 61.0, False)
    for store in (read, told):
        store.apply(())  # what was told is let go
    assert known(told) == known(read)
    assert known(told).facts.reconciled_at == NOON + 60.0


def test_who_was_compared_again_and_is_as_it_was_is_no_change() -> None:
    store = watching(application(reconciled_at=NOON, resource_version="5"))
    assert store.apply([Compared(APPLICATIONS, SHOP, "5", NOON, NOON)]) == []


def test_who_was_compared_again_while_a_list_is_read_is_still_there() -> None:
    store = watching(application(reconciled_at=NOON))
    store.apply(
        [
            Listing(APPLICATIONS, "expired"),
            Compared(APPLICATIONS, SHOP, "9", NOON, NOON),
            Listed(APPLICATIONS, "9", NOON),
        ]
    )
    assert SHOP in store.applications


def test_a_comparison_of_somebody_unknown_is_a_failure_and_the_others_are_taken_in() -> None:
    store, failures = watching(application(reconciled_at=NOON)), []
    observations = [
        Compared(APPLICATIONS, Key("argocd", "who"), "8", NOON, NOON),
        Compared(APPLICATIONS, SHOP, "9", NOON + 60.0, NOON + 60.0),
    ]
    changes = store.apply(observations, lambda kind, _: failures.append(kind))
    assert failures == [Kind.APPLICATION]
    assert [change.key for change in changes] == [SHOP]


def test_a_comparison_of_another_engine_is_not_one_of_ours() -> None:
    store, failures = watching(application(reconciled_at=NOON)), []
    flux = Scope(Kind.APPLICATION, "", "flux")
    assert store.apply([Compared(flux, SHOP, "9", NOON + 60.0, NOON)], lambda kind, _: failures.append(kind)) == []
    assert (failures, known(store).facts.reconciled_at) == ([Kind.APPLICATION], NOON)


def test_a_change_says_when_there_is_nothing_but_a_comparison() -> None:
    store = watching(application(reconciled_at=NOON), project("shop", FROM_ONE))
    settled_down(store, NOON)
    times = NOON + 60.0, NOON + HOUR + 60.0, NOON + HOUR + 120.0
    changes = [store.apply([Compared(APPLICATIONS, SHOP, f"{at}", at, at)]) for at in times]
    assert [[change.compared for change in found] for found in changes] == [[True], [False], [True]]


def test_who_is_read_is_never_only_compared() -> None:
    store = watching(application(reconciled_at=NOON))
    (change,) = store.apply([seen(application(reconciled_at=NOON + 60.0, resource_version="9"), NOON + 61.0)])
    assert not change.compared
