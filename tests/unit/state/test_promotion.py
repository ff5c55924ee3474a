"""What travels between environments: what waits, what is delivered, what has arrived."""

import pytest

from observability.model.promotion import Delivered, PromotionState
from observability.model.status import Result
from tests.builders import NOON
from tests.fleet import image
from tests.promoted import ALL, SERVICE, Watcher, by_path


def test_a_revision_travels_where_environments_share_a_path() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    for name in ALL:
        fleet.sync(name, "b", image("1.1.0"))
    assert watcher.happened == [
        "dev b success",
        "staging b success",
        "dev>staging b",
        "prod b success",
        "b arrived (dev staging prod)",
        "staging>prod b",
    ]


def test_what_was_there_before_is_no_news() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    assert watcher.happened == []
    assert watcher.state("dev", "staging") == PromotionState(
        SERVICE, watcher.state("dev", "staging").key, revision_match=True, images_match=True
    )


def test_what_waits_waits_since_the_oldest_of_it_was_deployed() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-dev", "c", image("1.2.0"))
    since = watcher.happenings[0]
    assert isinstance(since, Delivered)
    state = watcher.state("dev", "staging")
    assert (state.pending, state.pending_since, state.revision_match, state.images_match) == (
        True,
        NOON + 1,
        False,
        False,
    )
    fleet.sync("shop-staging", "b", image("1.1.0"))
    state = watcher.state("dev", "staging")
    assert state.pending
    assert state.pending_since == NOON + 8
    fleet.sync("shop-staging", "c", image("1.2.0"))
    assert not watcher.state("dev", "staging").pending
    assert watcher.state("dev", "staging").pending_since is None


def test_a_sync_that_changes_neither_revision_nor_image_starts_no_journey() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    watcher.fleet.sync("shop-dev", "a")
    assert watcher.happened == []


def test_configuration_of_one_environment_does_not_travel() -> None:
    watcher = Watcher()
    for name in ALL:
        watcher.fleet.there(name, **by_path(name))
    watcher.fleet.sync("shop-prod", "b")
    watcher.fleet.sync("shop-staging", "c")
    assert watcher.happened == []
    assert not watcher.state("staging", "prod").pending


@pytest.mark.parametrize("how", ["partial", "local", "dry_run"])
def test_only_full_syncs_from_git_count(how: str) -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    watcher.fleet.sync("shop-dev", "b", image("1.1.0"), **{how: True})
    assert watcher.happened == []
    assert not watcher.state("dev", "staging").pending


def test_git_that_moves_on_beside_the_path_is_no_promotion() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    watcher.fleet.move("shop-dev", "readme")
    watcher.fleet.move("shop-staging", "readme")
    assert watcher.happened == []
    assert watcher.state("dev", "staging").revision_match
    watcher.fleet.sync("shop-staging", "readme")
    assert watcher.state("dev", "staging").revision_match
    assert not watcher.state("dev", "staging").pending


def test_a_commit_undone_before_anybody_synced_leaves_nothing() -> None:
    watcher = Watcher()
    watcher.fleet.there(*ALL)
    watcher.fleet.edit("shop-prod", sync="OutOfSync")
    watcher.fleet.move("shop-prod", "a")
    assert watcher.happened == []


def test_a_sync_to_the_older_of_two_commits_is_a_journey_of_its_own() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-dev", "c", image("1.2.0"))
    fleet.sync("shop-staging", "c", image("1.2.0"))
    fleet.sync("shop-prod", "b", image("1.1.0"), git="c")
    assert watcher.happened[3:] == ["prod b success", "b arrived (prod)"]
    assert watcher.state("staging", "prod").pending
    fleet.sync("shop-prod", "c", image("1.2.0"))
    assert watcher.happened[5:] == ["prod c success", "c arrived (dev staging prod)", "staging>prod c"]


def test_an_environment_that_is_skipped() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.sync("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-prod", "b", image("1.1.0"))
    fleet.sync("shop-staging", "b", image("1.1.0"))
    assert watcher.happened == [
        "dev b success",
        "prod b success",
        "b arrived (dev prod)",
        "dev>prod b",
        "staging b success",
        "dev>staging b",
    ]


def test_a_rollback_is_no_promotion_and_nothing_waits_after_it() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    for name in ALL:
        fleet.sync(name, "b", image("1.1.0"))
    known = len(watcher.happenings)
    fleet.sync("shop-prod", "a", image("1.0.0"), git="b", apply_only=True)
    assert watcher.happened[known:] == []
    state = watcher.state("staging", "prod")
    assert (state.pending, state.revision_match, state.images_match) == (False, False, False)
    fleet.sync("shop-dev", "a", image("1.0.0"), git="b", apply_only=True)
    assert watcher.happened[known:] == []
    assert not watcher.state("dev", "staging").pending


def test_a_degraded_delivery_has_failed_and_is_delivered_once_it_recovers() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.start("shop-dev", "b", image("1.1.0"))
    fleet.degrade("shop-dev")
    assert watcher.happened == ["dev b failure"]
    fleet.recover("shop-dev", image("1.1.0"))
    failed, delivered = watcher.happenings
    assert isinstance(failed, Delivered)
    assert isinstance(delivered, Delivered)
    assert delivered.result is Result.SUCCESS
    assert delivered.started_at == failed.ended_at


def test_a_sync_that_fails_is_a_delivery_that_fails_where_the_revision_travels() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.fail("shop-dev", "b")
    fleet.edit("shop-dev", muted_until=1.0)
    assert watcher.happened == ["dev b failure"]
    fleet.sync("shop-dev", "b", image("1.1.0"))
    assert watcher.happened == ["dev b failure", "dev b success"]


def test_what_is_overtaken_before_it_is_healthy_is_cancelled() -> None:
    watcher = Watcher()
    fleet = watcher.fleet
    fleet.there(*ALL)
    fleet.start("shop-dev", "b", image("1.1.0"))
    fleet.sync("shop-dev", "c", image("1.2.0"))
    assert watcher.happened == ["dev b cancellation", "dev c success", "b superseded ()"]
