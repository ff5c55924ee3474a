"""What time and AppProjects change of what a store believes: settle times, sync windows, policies about them."""

from typing import Any

import pytest

from observability.model.application import Destination, Key, Source
from observability.model.observation import (
    Kind,
)
from observability.model.project import SyncWindow
from observability.model.state import ApplicationState
from observability.model.status import Cause, Phase, Policy, SyncStatus
from observability.settings.groups import GlobalProject
from observability.state.store import Store
from tests.builders import (
    NOON,
    application,
    entry,
    gone,
    listing,
    operation,
    project,
    seen,
    target,
    window,
)
from tests.stores import FROM_ONE, HOUR, SETTLE, SHOP, known, names, new, settled_down, told, watching

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
