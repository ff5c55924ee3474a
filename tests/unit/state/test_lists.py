"""Lists: who is there, who left between two of them, and who was born since."""

from typing import Any, Final

import pytest

from observability.model.application import Key
from observability.model.observation import (
    Kind,
    Listed,
    Listing,
    Malformed,
    Scope,
)
from observability.model.project import SyncWindow
from observability.model.status import HealthStatus, Result
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
)
from tests.stores import (
    APPLICATIONS,
    HOUR,
    PROJECTS,
    SHOP,
    known,
    names,
    new,
    told,
    watching,
)

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
