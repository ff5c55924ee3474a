"""Drift, degradations, the wait until a deployment is healthy, and whether Git went back."""

from typing import Any, Final

import pytest

from observability.model.application import Application, HistoryEntry
from observability.model.state import Awaited, Drift, Memory
from observability.model.status import Cause, HealthStatus, Phase, SyncStatus
from observability.state.memory import first, remember
from tests.builders import NOON, application, entry, identity, operation, target

SETTLE: Final = 10.0
HOUR: Final = 3600.0


class Life:
    """An Application that was Synced and Healthy at `a` with version 1, and what is remembered of it."""

    def __init__(self, version: str = "1") -> None:
        self.history: tuple[HistoryEntry, ...] = (entry(0, "a", NOON - HOUR),)
        self.now = NOON
        self.memory = first(self.facts(images=(f"shop:{version}",)), identity(), NOON, SETTLE, born=False)

    def facts(self, **facts: Any) -> Application:
        given = {"history": self.history, "reconciled_at": self.now, "desired": self.history[-1].target, **facts}
        return application(**given)

    def sees(self, seconds: float = 60.0, **facts: Any) -> Memory:
        self.now += seconds
        self.memory = remember(self.memory, self.facts(**facts), self.now, SETTLE)
        return self.memory

    def deploys(
        self, revision: str, *images: str, healthy: bool = True, was: tuple[str, ...] = (), **facts: Any
    ) -> Memory:
        """A sync of `revision`, after which these images run. `was`: what ran when it began."""
        self.sees(operation=operation(Phase.RUNNING, self.now), images=was, **facts)
        self.history = (*self.history, entry(len(self.history), revision, self.now))
        self.sees(1.0, operation=operation(Phase.RUNNING, self.now - 61), **facts)
        ended = operation(Phase.SUCCEEDED, self.now - 61, self.now)
        self.sees(1.0, operation=ended, health=HealthStatus.PROGRESSING, health_since=self.now, **facts)
        health = HealthStatus.HEALTHY if healthy else HealthStatus.DEGRADED
        return self.sees(20.0, operation=ended, health=health, health_since=self.now + 20, images=images, **facts)


def test_a_change_by_hand_is_a_drift_from_its_onset_until_it_is_undone() -> None:
    life = Life()
    assert life.sees(sync=SyncStatus.OUT_OF_SYNC).drift == Drift(NOON + 60, Cause.LIVE_DRIFT)
    assert life.sees(sync=SyncStatus.OUT_OF_SYNC).drift == Drift(NOON + 60, Cause.LIVE_DRIFT)
    assert life.sees(sync=SyncStatus.UNKNOWN, desired=target("main")).drift is not None, "that is no comparison"
    assert life.sees().drift is None


def test_a_commit_ends_a_drift_and_is_none() -> None:
    life = Life()
    life.sees(sync=SyncStatus.OUT_OF_SYNC)
    assert life.sees(sync=SyncStatus.OUT_OF_SYNC, desired=target("b")).drift is None
    assert life.sees(sync=SyncStatus.OUT_OF_SYNC, desired=target("a")).drift == Drift(NOON + 180, Cause.LIVE_DRIFT)


def test_a_drift_that_was_there_at_first_sight_has_a_low_confidence() -> None:
    app = application(sync=SyncStatus.OUT_OF_SYNC, history=(entry(0, "a", NOON - HOUR),), reconciled_at=NOON)
    memory = first(app, identity(), NOON, SETTLE, born=False)
    assert memory.drift == Drift(NOON, Cause.LIVE_DRIFT, witnessed=False)


def test_a_stale_verdict_right_after_a_sync_is_no_drift() -> None:
    life = Life()
    life.sees(operation=operation(Phase.RUNNING, NOON), sync=SyncStatus.OUT_OF_SYNC, desired=target("b"))
    life.history = (*life.history, entry(1, "b", NOON + 61))
    ended = operation(Phase.SUCCEEDED, NOON, NOON + 61)
    assert life.sees(1.0, operation=ended, sync=SyncStatus.OUT_OF_SYNC).drift is None
    assert life.sees(SETTLE + 1, operation=ended, sync=SyncStatus.OUT_OF_SYNC).drift is not None, "it stays so"


def test_a_degradation_lasts_until_it_is_well_again() -> None:
    life = Life()
    assert life.sees(health=HealthStatus.DEGRADED, health_since=NOON + 50).degraded_since == NOON + 50
    assert life.sees(health=HealthStatus.PROGRESSING, health_since=NOON + 100).degraded_since == NOON + 50
    assert life.sees(health=HealthStatus.DEGRADED, health_since=NOON + 170).degraded_since == NOON + 50
    assert life.sees(health=HealthStatus.SUSPENDED, health_since=NOON + 200).degraded_since is None


def test_a_deployment_is_awaited_until_a_status_from_after_it_says_healthy() -> None:
    life = Life()
    life.sees(operation=operation(Phase.RUNNING, NOON + 60))
    life.history = (*life.history, entry(1, "b", NOON + 61))
    running = operation(Phase.RUNNING, NOON + 60)
    assert life.sees(1.0, operation=running).awaited == Awaited(1, target("b"), None, target("a"))
    ended = operation(Phase.SUCCEEDED, NOON + 60, NOON + 62)
    memory = life.sees(1.0, operation=ended, reconciled_at=NOON + 55)
    assert memory.awaited == Awaited(1, target("b"), NOON + 62, target("a")), "that Healthy is from before"
    life.sees(1.0, operation=ended, health=HealthStatus.PROGRESSING, health_since=NOON + 63)
    memory = life.sees(9.0, operation=ended, health_since=NOON + 72)
    assert (memory.awaited, memory.healthy_at) == (None, NOON + 72)


def test_one_that_never_was_anything_but_healthy_is_so_once_that_has_settled() -> None:
    life = Life()
    life.sees(operation=operation(Phase.RUNNING, NOON + 60))
    life.history = (*life.history, entry(1, "b", NOON + 61))
    ended = operation(Phase.SUCCEEDED, NOON + 60, NOON + 62)
    assert life.sees(2.0, operation=ended).awaited is not None
    assert life.sees(SETTLE, operation=ended).healthy_at is None
    assert life.sees(1.0, operation=ended).healthy_at == NOON + 62


def test_a_revert_brings_earlier_images_back() -> None:
    life = Life()
    life.deploys("b", "shop:2")
    assert life.memory.reverted_id == -1
    life.deploys("c", "shop:1")
    assert life.memory.reverted_id == 2
    life.deploys("d", "shop:2")
    assert life.memory.reverted_id == 2, "forward again"


def test_a_revert_of_what_never_became_healthy() -> None:
    life = Life()
    life.deploys("b", "shop:1", "shop:2-bad", healthy=False)
    assert life.memory.awaited is not None
    life.deploys("c", "shop:1", was=("shop:1", "shop:2-bad"))
    assert life.memory.reverted_id == 2


def test_pods_that_end_count_for_a_while() -> None:
    life = Life()
    life.deploys("b", "shop:1", "shop:2")
    life.sees(5.0, operation=life_end(life), health_since=life.memory.health_since, images=("shop:2",))
    life.deploys("c", "shop:1", "shop:2")
    assert life.memory.reverted_id == 2


def life_end(life: Life) -> Any:
    assert life.memory.ended is not None
    return operation(Phase.SUCCEEDED, life.memory.ended[0], life.memory.ended[1])


def test_a_hook_that_goes_is_no_rollback() -> None:
    life = Life()
    life.deploys("b", "migrate:1", "shop:1")
    life.deploys("c", "shop:1")
    assert life.memory.reverted_id == -1


def test_the_way_forward_after_a_rollback_in_the_cluster_is_none_by_git() -> None:
    life = Life()
    life.deploys("b", "shop:2")
    life.deploys("a", "shop:1", desired=target("b"), sync=SyncStatus.OUT_OF_SYNC)
    assert life.memory.rolled_back
    life.deploys("b", "shop:2")
    assert (life.memory.rolled_back, life.memory.reverted_id) == (False, -1)


def test_a_tag_that_goes_back_is_known_by_its_revision() -> None:
    life = Life()
    life.deploys("b")
    life.deploys("a")
    assert life.memory.reverted_id == 2
    life.deploys("b")
    assert life.memory.reverted_id == 2


@pytest.mark.parametrize("count", [3, 30])
def test_no_more_than_ten_sets_of_images_are_kept(count: int) -> None:
    life = Life()
    for number in range(count):
        life.deploys(f"r{number}", f"shop:{number + 2}")
    assert len(life.memory.lineage.images) == min(count + 1, 10)
    assert life.memory.lineage.place == len(life.memory.lineage.images) - 1
    life.deploys("back", f"shop:{count}")
    assert life.memory.reverted_id == life.memory.deployed_id
