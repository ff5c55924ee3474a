"""The store: what it believes after observations and after time, and which changes it tells."""

from typing import Any, Final

import pytest
from msgspec.structs import replace

from observability.model.application import Application, Destination, Key, Source, SyncedResource
from observability.model.commit import Commit
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
from observability.model.project import Project, SyncWindow
from observability.model.state import ApplicationSetState, ApplicationState, Change, ProjectState, WindowState
from observability.model.status import Cause, HealthStatus, Phase, Policy, Result, SyncStatus
from observability.settings.environments import Environment, IdentityRule, IdentitySource, Requirement, by_name
from observability.settings.groups import GlobalProject
from observability.state import saving
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
SETTLE: Final = 10.0
HOUR: Final = 3600.0
ENVIRONMENTS: Final = (Environment(name="dev"), Environment(name="staging"), Environment(name="prod"))
FROM_ONE: Final = window("deny", "0 13 * * *", "2h")
"""Forbids syncs from 13:00 to 15:00 UTC: an hour after NOON, for two."""
HOOK: Final = SyncedResource("batch", "Job", "shop", "migrate", "Synced", "PreSync", "PreSync", "Succeeded", "done")
SHOP: Final = Key("argocd", "shop-prod")


def new(**more: Any) -> Store:
    """A store that has seen nothing."""
    return Store(
        **{"settle_seconds": SETTLE, "environments": ENVIRONMENTS, "identity": (by_name(ENVIRONMENTS),), **more}
    )


def watching(*resources: Application | Project, **more: Any) -> Store:
    """A store whose first lists, an hour ago, had these."""
    store = new(**more)
    projects = [one for one in resources if isinstance(one, Project)]
    apps = [one for one in resources if isinstance(one, Application)]
    store.apply(listing(projects, NOON - HOUR, PROJECTS))
    store.apply(listing(apps, NOON - HOUR))
    return store


def known(store: Store, key: Key = SHOP) -> ApplicationState:
    state = store.states(Kind.APPLICATION)[key]
    assert isinstance(state, ApplicationState)
    return state


def names(store: Store, kind: Kind = Kind.APPLICATION) -> set[str]:
    return {key.name for key in store.states(kind)}


def told(changes: list[Change]) -> list[str]:
    """Each change as a word: `+shop` is new, `-shop` gone, `shop` changed."""
    signs = {(True, False): "+", (False, True): "-", (False, False): ""}
    return [signs[change.before is None, change.after is None] + change.key.name for change in changes]


def settled_down(store: Store, now: float) -> list[Change]:
    """All that is due until `now`."""
    changes: list[Change] = []
    while (next_due := store.next_due()) is not None and next_due <= now:
        changes += store.due(now)
    return changes


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


# Lists


def test_what_a_later_list_does_not_have_was_deleted() -> None:
    store = watching(application("a"), application("b"), application("c"))
    changes = store.apply(listing([application("a"), application("d")], reason="expired"))
    assert sorted(told(changes)) == ["+d", "-b", "-c", "a"]
    assert names(store) == {"a", "d"}


def test_until_a_list_is_complete_nothing_is_missing() -> None:
    store = watching(application("a"), application("b"))
    store.apply([Listing(APPLICATIONS, "outage"), seen(application("a"))])
    assert names(store) == {"a", "b"}


def test_a_list_that_is_begun_again_forgets_what_it_had() -> None:
    store = watching(application("a"), application("b"))
    store.apply([Listing(APPLICATIONS, "expired"), seen(application("a"))])
    store.apply(listing([application("b")], reason="outage"))
    assert names(store) == {"b"}


def test_after_the_server_went_back_the_same_version_may_be_another_state() -> None:
    now = application("a", resource_version="7", health=HealthStatus.HEALTHY)
    then = application("a", resource_version="7", health=HealthStatus.DEGRADED)
    store = watching(now, application("b"))
    (change, gone_) = store.apply(listing([then], reason="restored"))
    assert (told([change, gone_]), change.catch_up, gone_.catch_up) == (["a", "-b"], True, True)
    assert known(store, now.key).facts.health is HealthStatus.DEGRADED
    assert store.apply([seen(now)]) == [], "from then on a version is one state again"


def test_what_cannot_be_read_in_a_list_is_there_all_the_same() -> None:
    store = watching(application("a"), application("b"))
    unreadable = Malformed(APPLICATIONS, Key("argocd", "b"), "", "no JSON", skipped=True)
    store.apply([Listing(APPLICATIONS, "expired"), seen(application("a")), unreadable, Listed(APPLICATIONS, "9", NOON)])
    assert names(store) == {"a", "b"}


def test_one_that_goes_while_it_is_listed_is_gone() -> None:
    store = watching(application("a"))
    store.apply([Listing(APPLICATIONS, "expired"), seen(application("a")), gone(application("a"))])
    assert told(store.apply([Listed(APPLICATIONS, "9", NOON)])) == []
    assert names(store) == set()


def test_the_list_of_a_namespace_says_nothing_of_others() -> None:
    store = new()
    a, b = Scope(Kind.APPLICATION, "team-a"), Scope(Kind.APPLICATION, "team-b")
    store.apply(listing([application("a", namespace="team-a")], scope=a))
    store.apply(listing([application("b", namespace="team-b")], scope=b))
    assert told(store.apply(listing([], scope=a, reason="expired"))) == ["-a"]
    assert names(store) == {"b"}


def test_the_list_of_an_engine_says_nothing_of_others() -> None:
    store = new()
    flux = Scope(Kind.APPLICATION, engine="flux")
    store.apply(listing([application("a")]))
    (change,) = store.apply(listing([application("b", engine="flux")], scope=flux))
    assert (change.born, known(store, Key("argocd", "b")).identity.engine) == (False, "flux")
    store.apply(listing([application("a")], reason="expired"))
    assert names(store) == {"a", "b"}
    (change,) = store.apply(listing([], scope=flux, reason="expired"))
    assert (told([change]), change.catch_up, names(store)) == (["-b"], True, {"a"})


def test_what_two_engines_have_under_one_name_is_that_of_the_first() -> None:
    store, failures = watching(application("a", uid="1")), list[str]()
    other = seen(application("a", engine="flux", uid="2"))
    assert store.apply([other, seen(application("b"))], lambda _, error: failures.append(str(error)))
    assert (failures, names(store)) == (["argocd and flux both have argocd/a"], {"a", "b"})
    assert known(store, Key("argocd", "a")).identity.engine == "argocd"


@pytest.mark.parametrize("uid", ["1", "2"])
@pytest.mark.parametrize("make", [application, applicationset, project])
def test_an_object_of_another_engine_is_neither_taken_in_nor_takes_one_away(make: Any, uid: str) -> None:
    kind = {application: Kind.APPLICATION, applicationset: Kind.APPLICATIONSET, project: Kind.PROJECT}[make]
    store, failures = new(), list[tuple[Kind, str]]()
    ours, other = make("a", uid="1", resource_version="1"), make("a", uid=uid, resource_version="1", engine="flux")
    store.apply(listing([ours], scope=Scope(kind)))
    assert store.apply([seen(other)], lambda kind, error: failures.append((kind, str(error)))) == []
    assert failures == [(kind, "argocd and flux both have argocd/a")]
    assert [state.facts.engine for state in store.states(kind).values()] == ["argocd"]


@pytest.mark.parametrize("make", [application, applicationset, project])
def test_an_object_of_another_engine_that_is_gone_takes_none_of_that_name_along(make: Any) -> None:
    kind = {application: Kind.APPLICATION, applicationset: Kind.APPLICATIONSET, project: Kind.PROJECT}[make]
    store = new()
    store.apply(listing([make("a", uid="1")], scope=Scope(kind)))
    assert store.apply([gone(make("a", uid="2", engine="flux"))]) == []
    assert names(store, kind) == {"a"}


@pytest.mark.parametrize("make", [application, applicationset, project])
def test_one_that_was_deleted_is_not_there_because_another_engine_has_that_name(make: Any) -> None:
    kind = {application: Kind.APPLICATION, applicationset: Kind.APPLICATIONSET, project: Kind.PROJECT}[make]
    store, failures = new(), list[Kind]()
    store.apply(listing([make("a", uid="1")], scope=Scope(kind)))
    store.apply([Listing(Scope(kind), "expired")])
    store.apply([seen(make("a", uid="2", engine="flux"))], lambda kind, _: failures.append(kind))
    assert told(store.apply([Listed(Scope(kind), "2", NOON)])) == ["-a"]
    assert failures == [kind]


def test_the_windows_of_a_project_say_nothing_to_another_engine() -> None:
    closed = SyncWindow("deny", "* * * * *", "1h", applications=("*",))
    store = watching(project("shop", closed), application("a"), application("b", engine="flux"))
    assert known(store, Key("argocd", "b")).windows is None
    verdict = known(store, Key("argocd", "a")).windows
    assert verdict is not None
    assert not verdict.can_sync_auto


def test_the_list_of_a_kind_says_nothing_of_others() -> None:
    store = watching(application(), project("shop"))
    store.apply(listing([], scope=PROJECTS, reason="expired"))
    assert (names(store), names(store, Kind.PROJECT)) == ({"shop-prod"}, set())


# Born, or there before us

PAST: Final[dict[str, Any]] = {"history": (entry(0, "a"), entry(1, "b")), "operation": operation()}


def counted(store: Store) -> tuple[int, int]:
    """Deployments and successful operations of the one Application."""
    memory = known(store).memory
    return memory.deployments, memory.results[list(Result).index(Result.SUCCESS)]


def test_what_the_first_list_has_is_not_counted() -> None:
    assert counted(watching(application(**PAST))) == (0, 0)


@pytest.mark.parametrize("created_at", [None, NOON - HOUR - 30, NOON])
def test_what_is_watched_after_it_is_new(created_at: float | None) -> None:
    """The clock of the API server may be half a minute behind ours."""
    store = watching()
    store.apply([seen(application(**PAST, created_at=created_at))])
    assert counted(store) == (2, 1)


@pytest.mark.parametrize(("created_at", "expected"), [(None, (0, 0)), (NOON - HOUR - 1, (0, 0)), (NOON, (2, 1))])
def test_what_a_later_list_has_is_new_when_it_was_created_since(
    created_at: float | None, expected: tuple[int, int]
) -> None:
    store = watching()
    store.apply(listing([application(**PAST, created_at=created_at)], reason="expired"))
    assert counted(store) == expected


def test_one_that_could_not_be_read_before_is_not_new() -> None:
    store = new()
    unreadable = Malformed(APPLICATIONS, SHOP, "", "no JSON", skipped=True)
    store.apply([Listing(APPLICATIONS, "start"), unreadable, Listed(APPLICATIONS, "9", NOON - HOUR)])
    store.apply([seen(application(**PAST, created_at=NOON - 24 * HOUR))])
    assert counted(store) == (0, 0)


def test_the_first_list_of_its_namespace_counts() -> None:
    store = new()
    scope = Scope(Kind.APPLICATION, "argocd")
    store.apply(listing([], scope=Scope(Kind.APPLICATION, "other")))
    store.apply(listing([application(**PAST)], scope=scope))
    assert counted(store) == (0, 0)
    store.apply([gone(application()), seen(application(uid="2", **PAST, created_at=NOON + 1))])
    assert counted(store) == (2, 1)


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


# Time


def test_before_anything_is_seen_nothing_is_due() -> None:
    assert new().next_due() is None
    assert new().due(NOON) == []


def test_the_settle_time_ends_without_an_update() -> None:
    store = watching(application(history=(entry(0, "a", NOON - 2 * HOUR),), reconciled_at=NOON - HOUR))
    store.apply([seen(application(operation=operation(Phase.RUNNING)))])
    store.apply([seen(application(operation=operation()), NOON + 1)])
    late = application(operation=operation(), sync=SyncStatus.OUT_OF_SYNC, desired=target("b"))
    store.apply([seen(late, NOON + 2)])
    assert known(store).memory.cause is None
    assert store.next_due() == NOON + 1 + SETTLE
    assert store.due(NOON + SETTLE) == []
    (change,) = store.due(NOON + 1 + SETTLE)
    assert isinstance(change.after, ApplicationState)
    assert change.after.memory.cause is Cause.PENDING_REVISION
    assert change.received_at == NOON + 1 + SETTLE
    assert settled_down(store, NOON + HOUR) == []


def blocked(store: Store, key: Key = SHOP) -> tuple[bool, bool] | None:
    """May an automated and a manual sync not start? None when that is not known."""
    verdict = known(store, key).windows
    if verdict is None:
        return None
    return not verdict.can_sync_auto, not verdict.can_sync_manual


def test_a_window_opens_and_closes_without_an_update() -> None:
    store = watching(project("shop", FROM_ONE), application())
    assert blocked(store) == (False, False)
    verdict = known(store).windows
    assert verdict is not None
    assert verdict.auto_changes_at == pytest.approx(NOON + HOUR, abs=0.01)
    assert store.next_due() == pytest.approx(NOON + HOUR, abs=0.01)
    assert sorted(told(settled_down(store, NOON + HOUR + 0.1))) == ["shop", "shop-prod"]
    assert blocked(store) == (True, True)
    settled_down(store, NOON + 3 * HOUR + 0.1)
    assert blocked(store) == (False, False)


def test_a_clock_that_is_set_back_closes_a_window_again() -> None:
    store = watching(project("shop", FROM_ONE), application(), application("other", project="other"))
    settled_down(store, NOON + 2 * HOUR)
    assert blocked(store) == (True, True)
    store.rewind()
    assert store.next_due() == 0.0
    settled_down(store, NOON)
    assert blocked(store) == (False, False)
    settled_down(store, NOON + HOUR + 0.1)
    assert blocked(store) == (True, True)


def test_all_that_share_a_window_follow_it() -> None:
    apps = [application(f"shop-{number}") for number in range(5)]
    store = watching(project("shop", FROM_ONE), *apps, application("other", project="other"))
    changes = settled_down(store, NOON + HOUR + 0.1)
    assert sorted(told(changes)) == ["shop", *(f"shop-{number}" for number in range(5))]
    store.apply([gone(application("shop-0"))])
    assert sorted(told(settled_down(store, NOON + 3 * HOUR + 0.1))) == ["shop", *(f"shop-{n}" for n in range(1, 5))]


def test_when_all_are_gone_nothing_is_due_any_more() -> None:
    store = watching(project("shop", FROM_ONE), application())
    store.apply([gone(application()), gone(project("shop"))])
    assert settled_down(store, NOON + 48 * HOUR) == []
    assert store.next_due() is None


def test_at_most_so_many_are_judged_at_once() -> None:
    store = watching(project("shop", FROM_ONE), *(application(f"shop-{number}") for number in range(5)))
    later = NOON + HOUR + 0.1
    rounds = []
    while (next_due := store.next_due()) is not None and next_due <= later:
        rounds.append(len(store.due(later, most=2)))
    assert rounds == [2, 2, 2]


# Projects and windows


def test_a_project_that_comes_later_is_taken_up() -> None:
    store = watching(application())
    assert told(store.apply([seen(project("shop", window()))])) == ["+shop"]
    assert blocked(store) is None
    assert store.next_due() == 0.0
    assert told(store.due(NOON)) == ["shop-prod"]
    assert blocked(store) == (True, True)


def test_a_project_that_changes_is_taken_up_by_its_own() -> None:
    store = watching(project("shop", window()), application(), application("other", project="other"))
    store.apply([seen(project("shop", window(manual_sync=True)))])
    assert told(settled_down(store, NOON)) == ["shop-prod"]
    assert blocked(store) == (True, False)


def test_a_project_that_says_the_same_concerns_nobody() -> None:
    store = watching(project("shop", window(), resource_version="1"), application())
    store.apply([seen(project("shop", window(), resource_version="2"))])
    assert settled_down(store, NOON) == []


def test_a_project_that_goes_takes_its_windows_along() -> None:
    store = watching(project("shop", window()), application())
    store.apply([gone(project("shop"))])
    settled_down(store, NOON)
    assert blocked(store) is None


def test_an_application_may_go_before_the_change_of_its_project_is_taken_up() -> None:
    store = watching(project("shop", window()), application())
    changes = store.apply([seen(project("shop", window(manual_sync=True))), gone(application())])
    assert told(changes) == ["shop", "-shop-prod"]
    assert settled_down(store, NOON) == []


def test_an_application_may_move_before_the_change_of_its_project_is_taken_up() -> None:
    store = watching(project("shop", window()), project("free"), application())
    store.apply([seen(project("shop", window(manual_sync=True))), seen(application(project="free"))])
    settled_down(store, NOON)
    assert blocked(store) == (False, False)


def test_a_list_may_end_before_the_change_of_a_project_is_taken_up() -> None:
    store = watching(project("shop", window()), application())
    store.apply([seen(project("shop")), *listing([], reason="expired")])
    assert names(store) == set()


@pytest.mark.parametrize(
    "moved",
    [
        {"project": "free"},
        {"destination": Destination(server="https://kubernetes.default.svc", namespace="elsewhere")},
        {"controller_namespace": "argocd-2"},
    ],
    ids=["project", "destination", "Argo CD"],
)
def test_one_that_moves_has_other_windows_at_once(moved: dict[str, Any]) -> None:
    here = SyncWindow("deny", "* * * * *", "1h", namespaces=("shop",))
    store = watching(
        project("shop", here), project("free"), project("shop", namespace="argocd-2", uid="other"), application()
    )
    assert blocked(store) == (True, True)
    store.apply([seen(application(**moved))])
    assert blocked(store) == (False, False)


def test_the_windows_of_a_global_project_hold_for_all() -> None:
    store = watching(
        project("all", window()),
        project("shop"),
        application(),
        global_projects=(GlobalProject(project="all"),),
    )
    assert blocked(store) == (True, True)
    store.apply([seen(project("all", window(manual_sync=True)))])
    assert told(settled_down(store, NOON)) == ["shop-prod"]
    assert blocked(store) == (True, False)


def test_a_project_that_is_labelled_comes_under_a_global_one() -> None:
    gold = GlobalProject.model_validate({"project": "all", "match": {"matchLabels": {"tier": "gold"}}})
    store = watching(project("all", window()), project("shop"), application(), global_projects=(gold,))
    assert blocked(store) == (False, False)
    store.apply([seen(project("shop", labels={"tier": "gold"}))])
    settled_down(store, NOON)
    assert blocked(store) == (True, True)


def test_a_window_that_cannot_be_read_forbids_everything() -> None:
    store = watching(project("shop", window(schedule="sometimes")), application())
    assert blocked(store) == (True, True)
    verdict = known(store).windows
    assert verdict is not None
    assert verdict.error is not None


# Policies


def test_policies_are_those_of_its_environment() -> None:
    facts = {"automated": True, "sources": (Source("https://git.example.com/a", target_revision="main"),)}
    apps = [application(f"shop-{name}", **facts) for name in ("dev", "staging", "prod", "qa")]
    store = watching(*apps)
    assert {key.name: known(store, key).violations for key in store.states(Kind.APPLICATION)} == {
        "shop-dev": (Policy.SELF_HEAL,),
        "shop-staging": (Policy.AUTOMATED_SYNC,),
        "shop-prod": (Policy.AUTOMATED_SYNC, Policy.TARGET_REVISION),
        "shop-qa": (),
    }


def synced_in(store: Store, at: float, **more: Any) -> bool:
    """After a sync that ran at `at`: was it outside its windows?"""
    story: list[dict[str, Any]] = [{"phase": Phase.RUNNING}, {"phase": Phase.SUCCEEDED}]
    for number, one in enumerate(story):
        sync = operation(**{"started": at, **one, **more})
        store.apply([seen(application(operation=sync, resource_version=f"{at}-{number}"), at + number)])
    return Policy.OUTSIDE_WINDOW in known(store).violations


def test_a_sync_outside_its_windows() -> None:
    store = watching(project("shop", FROM_ONE), application())
    assert not synced_in(store, NOON)
    assert synced_in(store, NOON + 2 * HOUR)
    assert not synced_in(store, NOON + 4 * HOUR)


def test_a_manual_sync_that_the_window_lets_through() -> None:
    store = watching(project("shop", window(manual_sync=True)), application())
    assert not synced_in(store, NOON)
    assert synced_in(store, NOON + 60, automated=True)


def test_a_dry_run_says_nothing_of_windows() -> None:
    store = watching(project("shop", FROM_ONE), application())
    assert not synced_in(store, NOON + 2 * HOUR, dry_run=True)
    assert synced_in(store, NOON + 2 * HOUR + 60)
    assert synced_in(store, NOON + 4 * HOUR, dry_run=True)


def test_one_that_was_parked_until_its_end_did_not_run() -> None:
    store = watching(project("shop", window()), application())
    parked = operation(Phase.RUNNING, message="Sync operation blocked by sync window")
    store.apply([seen(application(operation=parked, resource_version="1"))])
    ended = operation(Phase.FAILED, message="Operation terminated")
    store.apply([seen(application(operation=ended, resource_version="2"), NOON + 1)])
    assert Policy.OUTSIDE_WINDOW not in known(store).violations


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


# Who wrote what is deployed


def wrote(author: str, revision: str = "b") -> Commit:
    return Commit(repository="https://git.example.com/shop.git", revision=revision, author_name=author)


def deployed_by(name: str, *, automated: bool = False) -> Application:
    by_hand = replace(entry(1, "b", NOON), username=name, automated=automated)
    return application(history=(entry(0, "a", NOON - HOUR), by_hand), desired=target("b"))


def four_eyes() -> Store:
    """A store that has seen `a`, and demands nothing else."""
    ignored = dict.fromkeys(Policy, Requirement.IGNORED)
    only = Environment(name="prod", policies={**ignored, Policy.FOUR_EYES: Requirement.REQUIRED})
    before = application(history=(entry(0, "a", NOON - HOUR),))
    return watching(before, environments=(only,), identity=(by_name((only,)),))


def test_who_deployed_what_they_wrote_violates_four_eyes_once_that_is_known() -> None:
    store = four_eyes()
    store.apply([seen(deployed_by("jo"), NOON)])
    assert known(store).violations == ()
    (change,) = store.learn(SHOP, wrote("Jo"), NOON + 5)
    assert (change.before, change.after, change.received_at) == (change.before, known(store), NOON + 5)
    assert known(store).violations == (Policy.FOUR_EYES,)
    assert store.learn(SHOP, wrote("Jo"), NOON + 6) == []
    store.apply([seen(replace(deployed_by("jo"), resource_version="9"), NOON + 7)])
    assert known(store).violations == (Policy.FOUR_EYES,)


@pytest.mark.parametrize(
    ("deployed", "commit"),
    [
        (deployed_by("kim"), wrote("jo")),
        (deployed_by("jo", automated=True), wrote("jo")),
        (deployed_by("admin"), wrote("admin")),
        (deployed_by("jo"), wrote("jo", "a")),
        (deployed_by("jo"), Commit(repository="https://git.example.com/shop.git", revision="b")),
    ],
)
def test_what_two_saw_or_nobody_can_tell_violates_nothing(deployed: Application, commit: Commit) -> None:
    store = four_eyes()
    store.apply([seen(deployed, NOON)])
    store.learn(SHOP, commit, NOON)
    assert known(store).violations == ()


def test_the_verdict_stands_until_something_else_is_deployed() -> None:
    store = four_eyes()
    store.apply([seen(deployed_by("jo"), NOON)])
    store.learn(SHOP, wrote("jo"), NOON)
    once = deployed_by("jo")
    same, other = (replace(entry(2 + n, revision, NOON), username="kim") for n, revision in enumerate("bc"))
    store.apply([seen(replace(once, history=(*once.history, same)), NOON + 60)])
    assert known(store).memory.deployed_id == same.id
    assert known(store).violations == (Policy.FOUR_EYES,)
    store.apply([seen(replace(once, history=(*once.history, same, other), desired=target("c")), NOON + 120)])
    assert known(store).violations == ()


def test_it_survives_a_restart_known_or_awaited() -> None:
    store = four_eyes()
    store.apply([seen(deployed_by("jo"), NOON)])
    awaited = saving.loads(Kind.APPLICATION, saving.dumps(known(store)))
    again = four_eyes()
    again.restore([awaited], {APPLICATIONS: NOON})
    assert again.learn(SHOP, wrote("jo"), NOON + 60)
    violated = saving.loads(Kind.APPLICATION, saving.dumps(known(again)))
    assert isinstance(violated, ApplicationState)
    assert violated.violations == (Policy.FOUR_EYES,)
    assert "jo" not in str(violated.memory.deployer)


def test_what_was_deployed_before_it_was_first_seen_is_not_judged() -> None:
    store = watching(deployed_by("jo"))
    assert store.learn(SHOP, wrote("jo"), NOON) == []
    assert store.learn(Key("argocd", "nobody"), wrote("jo"), NOON) == []


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
