"""How the memory of an Application follows from what is seen of it, told as stories."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from observability.model.application import HistoryEntry, Operation, Target
from observability.model.state import Memory
from observability.model.status import Cause, HealthStatus, Phase, Result, SyncStatus
from observability.state import memory as memories
from tests.builders import GIT, NOON, application, entry, identity, operation, target

SETTLE: Final = 10.0
PARKED: Final = "Sync operation blocked by sync window"
TERMINATED: Final = "Operation terminated"


class Story:
    """One Application over time. `sees` is an update, `waits` time without one; both give what is remembered then.

    What an update does not mention stays as it was.
    """

    def __init__(self, *, born: bool = True, at: float = NOON, **facts: Any) -> None:
        self.facts: dict[str, Any] = facts
        self.memory = memories.first(application(**facts), identity(), at, SETTLE, born=born)

    def sees(self, at: float = NOON, **facts: Any) -> Memory:
        self.facts |= facts
        self.memory = memories.remember(self.memory, application(**self.facts), at, SETTLE)
        return self.memory

    def waits(self, until: float) -> Memory:
        return self.sees(until)

    @property
    def judged_again_at(self) -> float | None:
        return memories.settles_at(self.memory, application(**self.facts), SETTLE)


def deployed(*, reconciled_at: float = NOON - 3600) -> Story:
    """An Application that was deployed at `a` by an operation an hour ago, and is Synced."""
    at = NOON - 3600
    entries, ended = (entry(0, "a", at - 1),), operation(started=at - 2)
    return Story(born=False, at=at, history=entries, operation=ended, reconciled_at=reconciled_at)


def behind(revision: str = "a", **facts: Any) -> dict[str, Any]:
    """The facts of one that is OutOfSync."""
    return {"sync": SyncStatus.OUT_OF_SYNC, "desired": target(revision), **facts}


SYNCED: Final[Mapping[str, Any]] = {"sync": SyncStatus.SYNCED}


def counted(memory: Memory) -> dict[Result, int]:
    """The operations that ended, by result, those that there are."""
    return {result: times for result, times in zip(Result, memory.results, strict=True) if times}


# Operations


@pytest.mark.parametrize(
    ("phase", "message", "expected"),
    [
        (Phase.SUCCEEDED, "successfully synced", Result.SUCCESS),
        (Phase.FAILED, "one or more objects failed", Result.FAILURE),
        (Phase.ERROR, "could not", Result.ERROR),
        (Phase.FAILED, f"{TERMINATED}, triggered by controller sync timeout", Result.TIMEOUT),
        (Phase.FAILED, TERMINATED, Result.CANCELLATION),
    ],
)
def test_an_operation_counts_once_when_it_ends(phase: Phase, message: str, expected: Result) -> None:
    story = deployed()
    assert counted(story.sees(operation=operation(Phase.RUNNING))) == {}
    ended = operation(phase, message=message)
    assert counted(story.sees(NOON + 1, operation=ended)) == {expected: 1}
    assert counted(story.sees(NOON + 2, operation=ended)) == {expected: 1}
    assert counted(story.sees(NOON + 60, operation=ended)) == {expected: 1}


def test_an_operation_of_which_only_the_end_was_seen_counts() -> None:
    assert counted(deployed().sees(operation=operation())) == {Result.SUCCESS: 1}


def test_two_operations_of_one_second_are_two() -> None:
    story = deployed()
    ended = operation(started=NOON, ended=NOON)
    story.sees(operation=operation(Phase.RUNNING))
    story.sees(operation=ended)
    story.sees(operation=operation(Phase.RUNNING))
    assert counted(story.sees(operation=ended)) == {Result.SUCCESS: 2}


def test_two_operations_of_one_second_are_two_when_the_state_is_emptied_between_them() -> None:
    story = deployed()
    ended = operation(started=NOON, ended=NOON)
    story.sees(operation=ended)
    story.sees(operation=None, requested=True)
    assert counted(story.sees(operation=ended)) == {Result.SUCCESS: 2}


def test_one_that_is_requested_beside_the_state_of_the_last_does_not_count_the_last_again() -> None:
    story = deployed()
    ended = operation()
    story.sees(operation=ended)
    story.sees(operation=ended, requested=True)
    assert counted(story.sees(operation=ended, requested=False)) == {Result.SUCCESS: 1}


def test_one_that_is_requested_and_never_runs_does_not_count() -> None:
    story = deployed()
    assert counted(story.sees(operation=None, requested=True)) == {}
    assert counted(story.sees(operation=None, requested=False)) == {}


def test_dry_runs_do_not_count() -> None:
    story = deployed()
    story.sees(operation=operation(Phase.RUNNING, dry_run=True))
    assert counted(story.sees(operation=operation(dry_run=True))) == {}


def test_a_retry_is_the_same_operation() -> None:
    story = deployed()
    story.sees(operation=operation(Phase.RUNNING))
    waiting = operation(Phase.RUNNING, ended=NOON + 1, retries=1)
    assert counted(story.sees(NOON + 1, operation=waiting)) == {}
    assert story.memory.running
    story.sees(NOON + 6, operation=operation(Phase.RUNNING, retries=1))
    failed = operation(Phase.FAILED, ended=NOON + 7, retries=1)
    assert counted(story.sees(NOON + 7, operation=failed)) == {Result.FAILURE: 1}


def test_one_that_terminates_runs_until_it_ended() -> None:
    story = deployed()
    assert story.sees(operation=operation(Phase.TERMINATING)).running
    memory = story.sees(operation=operation(Phase.FAILED, message=TERMINATED))
    assert not memory.running
    assert counted(memory) == {Result.CANCELLATION: 1}


def test_a_phase_that_is_not_known_is_neither_running_nor_over() -> None:
    memory = deployed().sees(operation=Operation(None, started_at=NOON))
    assert not memory.running
    assert counted(memory) == {}


# Deployments


def history(*entries: tuple[int, str]) -> dict[str, Any]:
    """A history of these ids and revisions, one a minute."""
    return {"history": tuple(entry(number, revision, NOON + 60 * number) for number, revision in entries)}


def test_each_new_content_is_a_deployment() -> None:
    story = Story(**history((0, "a")))
    assert story.memory.deployments == 1
    assert story.sees(**history((0, "a"), (1, "b"))).deployments == 2
    assert story.sees(**history((0, "a"), (1, "b"))).deployments == 2
    assert story.sees(**history((0, "a"), (1, "b"), (2, "c"), (3, "d"))).deployments == 4


def test_the_same_content_again_is_none() -> None:
    story = Story(**history((0, "a")))
    assert story.sees(**history((0, "a"), (1, "a"), (2, "a"), (3, "a"), (4, "a"))).deployments == 1
    assert story.memory.deployed_id == 4


def test_other_sources_at_the_same_revision_are_other_content() -> None:
    story = Story(**history((0, "a")))
    assert story.sees(history=(entry(0, "a"), entry(1, "a", NOON + 60, sources=2))).deployments == 2


def test_going_back_is_a_deployment() -> None:
    story = Story(**history((0, "a"), (1, "b")))
    assert story.sees(**history((0, "a"), (1, "b"), (2, "a"))).deployments == 3


def test_local_manifests_are_no_deployment() -> None:
    story = Story(**history((0, "a")))
    local = HistoryEntry(1, Target((), GIT), NOON + 60)
    assert story.sees(history=(entry(0, "a"), local)).deployments == 1
    assert story.memory.deployed == local.target


def test_what_was_cut_off_before_it_was_seen_counts_by_its_id() -> None:
    story = Story(**history((0, "a")))
    assert story.sees(**history((7, "h"), (8, "i"), (9, "j"))).deployments == 10


def test_a_history_that_keeps_one_entry() -> None:
    story = Story(**history((0, "a")))
    assert story.sees(**history((1, "b"))).deployments == 2
    assert story.sees(**history((2, "b"))).deployments == 2
    assert story.sees(**history((5, "c"))).deployments == 5


def test_a_history_that_shrinks_or_vanishes_counts_nothing() -> None:
    story = Story(**history((0, "a"), (1, "b"), (2, "c")))
    assert story.sees(**history((2, "c"))).deployments == 3
    assert story.sees(history=()).deployments == 3
    assert story.memory.deployed == target("c")
    assert story.sees(**history((2, "c"), (3, "d"))).deployments == 4


def test_an_entry_that_was_taken_away_counts_nothing() -> None:
    story = Story(**history((0, "a"), (1, "b")))
    assert story.sees(**history((0, "a"))).deployments == 2
    assert story.memory.deployed == target("a")


def test_ids_that_begin_anew_are_told_by_their_times() -> None:
    story = Story(**history((8, "a"), (9, "b")), born=False)
    later = NOON + 3600
    memory = story.sees(history=(entry(0, "c", later), entry(1, "d", later + 1)))
    assert (memory.deployments, memory.deployed_id) == (2, 1)
    assert story.sees(history=(entry(0, "c", later), entry(1, "d", later + 1))).deployments == 2
    memory = story.sees(history=(entry(0, "c", later), entry(1, "d", later + 1), entry(2, "e", later + 2)))
    assert memory.deployments == 3


# Self-heals


def healing(attempts: int, phase: Phase = Phase.RUNNING, started: float = NOON) -> Operation:
    return operation(phase, started, automated=True, self_heal_attempts=attempts)


def test_self_heals_count_by_difference() -> None:
    story = deployed()
    assert story.sees(operation=healing(1)).self_heals == 1
    assert story.sees(operation=healing(1, Phase.SUCCEEDED)).self_heals == 1
    assert story.sees(operation=healing(4)).self_heals == 4
    assert story.sees(operation=operation()).self_heals == 4
    assert story.sees(operation=healing(2)).self_heals == 6


def test_attempts_that_begin_anew_count_from_nothing() -> None:
    story = deployed()
    story.sees(operation=healing(5))
    assert story.sees(operation=healing(2)).self_heals == 7


def test_a_state_that_is_emptied_does_not_begin_the_attempts_anew() -> None:
    story = deployed()
    story.sees(operation=healing(2))
    story.sees(operation=None, requested=True)
    assert story.sees(operation=healing(3)).self_heals == 3


# How the last sync was done


def test_local_manifests_stand_until_a_whole_sync_from_git_succeeds() -> None:
    story = deployed()
    assert story.sees(operation=operation(local=True)).local
    assert story.sees(operation=operation(Phase.RUNNING, started=NOON + 9)).local
    assert story.sees(operation=operation(Phase.FAILED, started=NOON + 9)).local
    assert story.sees(operation=operation(started=NOON + 19, partial=True)).local
    assert story.sees(operation=operation(started=NOON + 29, dry_run=True)).local
    assert not story.sees(operation=operation(started=NOON + 39)).local


def test_risky_options_of_a_sync_stand_as_long() -> None:
    story = deployed()
    assert story.sees(operation=operation(options=("Replace=true",))).risky
    assert story.sees(operation=operation(started=NOON + 9, partial=True)).risky
    assert not story.sees(operation=operation(started=NOON + 19)).risky


@pytest.mark.parametrize("more", [{"dry_run": True}, {"message": PARKED}])
def test_what_did_not_run_did_nothing(more: dict[str, Any]) -> None:
    memory = deployed().sees(operation=operation(Phase.RUNNING, local=True, options=("Force=true",), **more))
    assert not memory.local
    assert not memory.risky


# Causes over time


def test_a_commit_waits_until_it_is_synced() -> None:
    story = deployed()
    memory = story.sees(**behind("b"))
    assert (memory.cause, memory.out_of_sync_since) == (Cause.PENDING_REVISION, NOON)
    assert story.sees(NOON + 60, **behind("c")).out_of_sync_since == NOON
    story.sees(NOON + 61, operation=operation(Phase.RUNNING, NOON + 61))
    assert story.memory.cause is Cause.PENDING_REVISION
    story.sees(NOON + 62, history=(entry(0, "a"), entry(1, "c", NOON + 62)))
    memory = story.sees(NOON + 63, operation=operation(started=NOON + 61), reconciled_at=NOON + 63, **SYNCED)
    assert (memory.cause, memory.out_of_sync_since, memory.settled) == (None, None, target("c"))


def test_a_change_by_hand_is_drift_at_once() -> None:
    memory = deployed().sees(**behind("a"))
    assert (memory.cause, memory.out_of_sync_since, memory.witnessed) == (Cause.LIVE_DRIFT, NOON, True)


def test_the_source_of_the_spec_is_edited() -> None:
    story = deployed()
    assert story.sees(**behind("a", sources_digest=2)).cause is Cause.STALE_VERDICT
    compared = story.sees(NOON + 1, desired=target("a", 2))
    assert (compared.cause, compared.out_of_sync_since) == (Cause.PENDING_SOURCE_CHANGE, NOON)


def test_a_new_one_is_not_deployed() -> None:
    story = Story(**behind("a"))
    assert story.memory.cause is Cause.NEVER_DEPLOYED
    assert story.memory.out_of_sync_since == NOON


def test_only_what_is_to_be_pruned_is_left() -> None:
    story = deployed()
    assert story.sees(**behind("a", prune_only=True)).cause is Cause.PRUNE_PENDING


def test_deletion_is_named_at_once_also_within_the_settle_time() -> None:
    story = deployed()
    story.sees(operation=operation(Phase.RUNNING))
    story.sees(NOON + 1, operation=operation())
    assert story.sees(NOON + 2, **behind("b", deleted_at=NOON)).cause is Cause.DELETING


def test_unknown_is_no_cause_and_the_onset_stays() -> None:
    story = deployed()
    story.sees(**behind("b"))
    memory = story.sees(NOON + 5, sync=SyncStatus.UNKNOWN, desired=target("main"))
    assert (memory.cause, memory.out_of_sync_since) == (None, NOON)
    memory = story.sees(NOON + 9, **behind("b"))
    assert (memory.cause, memory.out_of_sync_since) == (Cause.PENDING_REVISION, NOON)


# The settle time


def test_after_an_operation_a_new_out_of_sync_is_judged_when_it_has_settled() -> None:
    story = deployed()
    story.sees(operation=operation(Phase.RUNNING))
    story.sees(NOON + 1, operation=operation())
    memory = story.sees(NOON + 2, **behind("b"))
    assert (memory.cause, memory.out_of_sync_since) == (None, NOON + 2)
    assert story.judged_again_at == NOON + 1 + SETTLE
    assert story.waits(NOON + 1 + SETTLE - 0.1).cause is None
    assert story.waits(NOON + 1 + SETTLE).cause is Cause.PENDING_REVISION
    assert story.memory.out_of_sync_since == NOON + 2


def test_a_cause_that_stands_is_not_judged_again_before() -> None:
    story = deployed()
    story.sees(**behind("b"))
    story.sees(NOON + 1, operation=operation(Phase.RUNNING, NOON + 1))
    assert story.judged_again_at is None
    assert story.sees(NOON + 2, desired=target("a")).cause is Cause.PENDING_REVISION
    story.sees(NOON + 3, operation=operation(Phase.FAILED, NOON + 1, ended=NOON + 3))
    assert story.sees(NOON + 4, desired=target("a")).cause is Cause.PENDING_REVISION
    assert story.waits(NOON + 3 + SETTLE).cause is Cause.LIVE_DRIFT


def test_while_an_operation_runs_a_new_out_of_sync_waits() -> None:
    story = deployed()
    story.sees(**behind("b"))
    story.sees(NOON + 1, operation=operation(Phase.RUNNING, NOON + 1))
    story.sees(NOON + 2, **SYNCED)
    assert story.sees(NOON + 3, **behind("a")).cause is None
    story.sees(NOON + 4, operation=operation(started=NOON + 1, ended=NOON + 4))
    assert story.waits(NOON + 30).cause is Cause.UNCONVERGED


def test_a_drift_that_is_healed_before_the_verdict_says_so_is_drift() -> None:
    story = deployed()
    story.sees(operation=healing(1))
    assert story.sees(NOON + 0.1, **behind("a")).cause is Cause.LIVE_DRIFT
    assert story.sees(NOON + 1, operation=healing(1, Phase.FAILED)).cause is Cause.LIVE_DRIFT
    assert story.waits(NOON + 30).cause is Cause.LIVE_DRIFT


def test_one_that_begins_together_with_an_operation_is_judged_at_once() -> None:
    story = deployed()
    story.sees(operation=operation(Phase.RUNNING, automated=True))
    memory = story.sees(NOON + 0.1, **behind("b"))
    assert memory.cause is Cause.PENDING_REVISION
    story.sees(NOON + 1, history=(entry(0, "a"), entry(1, "b", NOON + 1)))
    assert story.memory.cause is Cause.PENDING_REVISION
    assert story.sees(NOON + 2, operation=operation(), reconciled_at=NOON + 2, **SYNCED).cause is None


def test_a_clock_that_was_set_back_does_not_prolong_the_settle_time() -> None:
    story = deployed()
    story.sees(operation=operation())
    assert story.sees(NOON - 86_400, **behind("b")).cause is Cause.PENDING_REVISION


def test_without_a_settle_time_nothing_waits() -> None:
    memory = memories.first(application(), identity(), NOON, 0.0, born=True)
    memory = memories.remember(memory, application(operation=operation()), NOON + 1, 0.0)
    late = application(operation=operation(), **behind("b"))
    assert memories.remember(memory, late, NOON + 1, 0.0).cause is not None


def test_a_controller_that_rewrites_leaves_it_unconverged_until_it_ends() -> None:
    story = deployed()
    story.sees(operation=operation(Phase.RUNNING))
    story.sees(NOON + 1, history=(entry(0, "a"), entry(1, "b", NOON + 1)), desired=target("b"))
    story.sees(NOON + 2, operation=operation(), reconciled_at=NOON + 2, **SYNCED)
    assert story.memory.settled_since_deployment
    story.sees(NOON + 3, **behind("b"))
    assert story.waits(NOON + 30).cause is Cause.UNCONVERGED
    assert story.sees(NOON + 9000, reconciled_at=NOON + 9000).cause is Cause.UNCONVERGED
    story.sees(NOON + 9001, **SYNCED)
    assert story.sees(NOON + 9002, **behind("b")).cause is Cause.LIVE_DRIFT


def test_a_deployment_that_never_was_synced_is_unconverged() -> None:
    story = deployed()
    story.sees(**behind("b"))
    story.sees(NOON + 1, operation=operation(Phase.RUNNING, NOON + 1))
    story.sees(NOON + 2, history=(entry(0, "a"), entry(1, "b", NOON + 2)))
    story.sees(NOON + 3, operation=operation(started=NOON + 1, ended=NOON + 3))
    assert story.waits(NOON + 30).cause is Cause.UNCONVERGED


def test_the_verdict_from_before_a_deployment_does_not_settle_it() -> None:
    """The update that brings the new entry still says Synced, of the desired state before it."""
    story = deployed(reconciled_at=NOON - 60)
    memory = story.sees(NOON + 1, history=(entry(0, "a"), entry(1, "b", NOON + 1)), **SYNCED)
    assert not memory.settled_since_deployment
    assert memory.settled == target("a")
    memory = story.sees(NOON + 2, desired=target("b"))
    assert memory.settled_since_deployment
    assert memory.settled == target("b")


def test_a_comparison_in_the_second_of_the_deployment_does_not_settle_it() -> None:
    story = deployed(reconciled_at=NOON - 60)
    entries = (entry(0, "a"), entry(1, "b", NOON + 1))
    assert not story.sees(NOON + 1, history=entries, reconciled_at=NOON + 1, **SYNCED).settled_since_deployment


def test_a_later_comparison_settles_a_deployment_whatever_is_desired() -> None:
    story = deployed(reconciled_at=NOON - 60)
    story.sees(NOON + 1, history=(entry(0, "a"), entry(1, "b", NOON + 1)), **SYNCED)
    memory = story.sees(NOON + 5, desired=target("c"), reconciled_at=NOON + 5)
    assert memory.settled_since_deployment
    assert memory.settled == target("c")


# Rollbacks


def rolled_back() -> Story:
    """Deployed a, b and c, then a again while Git stays at c."""
    story = Story(born=False, history=(entry(0, "a"), entry(1, "b"), entry(2, "c", NOON - 60)), desired=target("c"))
    story.sees(NOON + 1, operation=operation(Phase.RUNNING))
    back = (entry(0, "a"), entry(1, "b"), entry(2, "c", NOON - 60), entry(3, "a", NOON + 2))
    story.sees(NOON + 2, history=back)
    story.sees(NOON + 3, operation=operation())
    return story


def test_a_rollback_stands_while_git_is_ahead() -> None:
    story = rolled_back()
    assert story.memory.rolled_back
    story.sees(NOON + 4, **behind("c"))
    assert story.waits(NOON + 30).cause is Cause.ROLLED_BACK
    assert story.sees(NOON + 60, **behind("d")).cause is Cause.ROLLED_BACK


def test_a_rollback_is_over_when_git_follows() -> None:
    story = rolled_back()
    story.sees(NOON + 4, **behind("c"))
    memory = story.sees(NOON + 60, desired=target("e"), reconciled_at=NOON + 60, **SYNCED)
    assert not memory.rolled_back
    assert story.sees(NOON + 90, **behind("f")).cause is Cause.PENDING_REVISION


def test_a_rollback_is_over_with_the_next_deployment() -> None:
    story = rolled_back()
    forward = (entry(2, "c", NOON - 60), entry(3, "a", NOON + 2), entry(4, "c", NOON + 60))
    assert not story.sees(NOON + 60, history=forward).rolled_back


def test_a_rollback_that_is_synced_again_without_change_stands() -> None:
    story = rolled_back()
    again = (entry(1, "b"), entry(2, "c", NOON - 60), entry(3, "a", NOON + 2), entry(4, "a", NOON + 60))
    assert story.sees(NOON + 60, history=again).rolled_back


def test_the_synced_verdict_of_before_does_not_end_a_rollback() -> None:
    """Right after it the object still says Synced, of what was deployed before."""
    story = rolled_back()
    assert story.sees(NOON + 3, reconciled_at=NOON - 30, **SYNCED).rolled_back


@pytest.mark.parametrize(
    ("entries", "desired", "why"),
    [
        ([(0, "a"), (1, "b"), (2, "a")], "a", "Git went back too"),
        ([(0, "a"), (1, "b"), (2, "c")], "d", "what was deployed is new"),
        ([(0, "b"), (1, "a"), (2, "b"), (3, "b")], "c", "the same again is a sync without change"),
        ([(0, "a")], "b", "there is nothing before it"),
    ],
)
def test_what_is_no_rollback(entries: list[tuple[int, str]], desired: str, why: str) -> None:
    assert not Story(born=False, **behind(desired), **history(*entries)).memory.rolled_back, why


# Born, or there before us


def test_of_one_that_was_there_before_us_nothing_is_counted() -> None:
    memory = Story(
        born=False, operation=operation(self_heal_attempts=3), **history((5, "a"), (6, "b"), (7, "c"))
    ).memory
    assert (counted(memory), memory.deployments, memory.self_heals) == ({}, 0, 0)
    assert (memory.deployed, memory.deployed_id) == (target("c"), 7)


def test_of_one_that_was_born_while_we_watch_all_is_counted() -> None:
    memory = Story(born=True, operation=operation(self_heal_attempts=1), **history((0, "a"), (1, "b"))).memory
    assert (counted(memory), memory.deployments, memory.self_heals) == ({Result.SUCCESS: 1}, 2, 1)


def test_an_operation_that_runs_when_we_come_counts_when_it_ends() -> None:
    story = Story(born=False, operation=operation(Phase.RUNNING), **history((0, "a")))
    assert story.memory.running
    assert counted(story.sees(NOON + 1, operation=operation())) == {Result.SUCCESS: 1}


def test_after_a_cold_start_what_is_counted_is_what_comes_then() -> None:
    story = Story(born=False, operation=healing(3), **history((5, "a"), (6, "b")))
    memory = story.sees(NOON + 1, operation=healing(4, Phase.SUCCEEDED), **history((5, "a"), (6, "b"), (7, "c")))
    assert (counted(memory), memory.deployments, memory.self_heals) == ({Result.SUCCESS: 1}, 1, 1)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (behind("a", reconciled_at=NOON), Cause.LIVE_DRIFT),
        (behind("a", reconciled_at=NOON - 3595), Cause.UNCONVERGED),
        (behind("a"), Cause.UNCONVERGED),
        (behind("b", reconciled_at=NOON), Cause.PENDING_REVISION),
        (behind("b", operation=operation(Phase.RUNNING)), Cause.PENDING_REVISION),
        (behind("b", deleted_at=NOON), Cause.DELETING),
        (behind("b", sources_digest=2), Cause.STALE_VERDICT),
        (behind("a", history=()), Cause.NEVER_DEPLOYED),
    ],
)
def test_what_stands_when_we_come_is_judged_at_once(facts: dict[str, Any], expected: Cause) -> None:
    memory = Story(born=False, **{"history": (entry(0, "a", NOON - 3600),), **facts}).memory
    assert memory.cause is expected
    assert (memory.out_of_sync_since, memory.witnessed) == (NOON, False)


def test_a_rollback_that_stands_when_we_come_is_known() -> None:
    entries = history((0, "a"), (1, "b"), (2, "c"), (3, "a"))
    assert Story(born=False, **entries, **behind("d")).memory.cause is Cause.ROLLED_BACK


def test_the_onset_is_witnessed_once_it_was_seen_synced() -> None:
    story = Story(born=False, **behind("b"))
    assert not story.memory.witnessed
    story.sees(NOON + 1, **SYNCED)
    assert story.sees(NOON + 2, **behind("c")).witnessed


# Health, and nothing


def test_health_begins_when_the_object_says_so_else_when_it_was_first_seen() -> None:
    story = Story(health=HealthStatus.DEGRADED, health_since=NOON - 60)
    assert story.memory.health_since == NOON - 60
    story.sees(NOON + 1, health=HealthStatus.HEALTHY, health_since=None)
    assert story.memory.health_since == NOON + 1
    story.sees(NOON + 2, health=HealthStatus.HEALTHY, health_since=None)
    assert story.memory.health_since == NOON + 1


def test_the_health_of_a_new_one_without_a_time_begins_now() -> None:
    assert Story(health=HealthStatus.UNKNOWN, health_since=None).memory.health_since == NOON


def test_when_nothing_changes_the_memory_is_the_same_object() -> None:
    story = deployed()
    story.sees(**behind("b"))
    before = story.memory
    assert story.sees(NOON + 60, reconciled_at=NOON + 60) is before


def test_a_memory_that_was_handed_on_never_changes() -> None:
    story = deployed()
    before = story.memory
    story.sees(**behind("b"), operation=operation(Phase.RUNNING))
    assert (before.cause, before.running) == (None, False)


def test_only_an_out_of_sync_after_an_operation_is_judged_again() -> None:
    assert Story(**behind("a")).judged_again_at is None
    assert deployed().judged_again_at is None
    story = deployed()
    story.sees(operation=operation())
    assert story.judged_again_at is None
    story.sees(NOON + 1, **behind("b"))
    assert story.judged_again_at == NOON + SETTLE


# What a history that is cut, a gap, or a sync that did nothing must not be taken for


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([(0, "a"), (1, "b")], [(1, "b"), (2, "a")]),
        ([(n, f"r{n}") for n in range(10)], [*((n, f"r{n}") for n in range(1, 10)), (10, "r0")]),
    ],
    ids=["of two", "of ten"],
)
def test_a_rollback_to_the_oldest_entry_cuts_it_off_and_is_seen(
    before: list[tuple[int, str]], after: list[tuple[int, str]]
) -> None:
    newest = target(before[-1][1])
    story = Story(born=False, history=tuple(entry(*one, NOON - 60) for one in before), desired=newest)
    entries = (*(entry(*one, NOON - 60) for one in after[:-1]), entry(*after[-1], NOON + 1))
    assert story.sees(NOON + 1, history=entries).rolled_back


def test_a_rollback_is_over_when_git_wants_what_is_deployed() -> None:
    story = rolled_back()
    story.sees(NOON + 4, **behind("c"))
    story.waits(NOON + 30)
    memory = story.sees(NOON + 60, **behind("a"))
    assert not memory.rolled_back
    assert memory.cause is not Cause.ROLLED_BACK


def test_a_second_local_sync_is_no_rollback() -> None:
    local = Target((), GIT)
    entries = (entry(0, "b"), HistoryEntry(1, local, NOON - 90), entry(2, "b", NOON - 60))
    story = Story(born=False, history=entries, desired=target("b"))
    assert not story.sees(
        NOON + 1, history=(*entries, HistoryEntry(3, local, NOON + 1)), desired=target("b")
    ).rolled_back


def test_a_deployment_that_was_missed_has_settled_since_as_after_a_cold_start() -> None:
    """A gap: deployed an hour ago, compared long after that, OutOfSync now."""
    missed = {
        "history": (entry(0, "a"), entry(1, "b", NOON + 3600)),
        "operation": operation(started=NOON + 3599, ended=NOON + 3600),
        "reconciled_at": NOON + 7000,
        **behind("b"),
    }
    cold = Story(born=False, at=NOON + 7200, **missed)
    assert cold.memory.cause is Cause.LIVE_DRIFT
    assert deployed().sees(NOON + 7200, **missed).cause is Cause.LIVE_DRIFT


@pytest.mark.parametrize(
    "waiting",
    [operation(Phase.RUNNING, message=PARKED), operation(Phase.RUNNING, ended=NOON + 1)],
    ids=["parked", "between retries"],
)
def test_while_an_operation_waits_verdicts_are_judged(waiting: Operation) -> None:
    story = deployed()
    assert story.sees(NOON, **behind("a")).cause is Cause.LIVE_DRIFT
    story.sees(NOON + 1, operation=waiting)
    assert story.sees(NOON + 600, **behind("b")).cause is Cause.PENDING_REVISION


@pytest.mark.parametrize(
    ("runs", "ends"),
    [
        (operation(Phase.RUNNING, dry_run=True), operation(dry_run=True)),
        (operation(Phase.RUNNING, message=PARKED), operation(Phase.FAILED, message=TERMINATED)),
    ],
    ids=["dry run", "terminated while parked"],
)
def test_an_operation_that_did_nothing_starts_no_settle_time(runs: Operation, ends: Operation) -> None:
    story = deployed()
    story.sees(NOON, operation=runs)
    story.sees(NOON + 1, operation=ends)
    assert story.sees(NOON + 3, **behind("a")).cause is Cause.LIVE_DRIFT


def test_a_self_heal_after_a_pause_counts_though_its_attempts_begin_anew() -> None:
    story = deployed()
    for at in (NOON, NOON + 600):
        story.sees(at, operation=healing(1, started=at))
        story.sees(at + 1, operation=healing(1, Phase.SUCCEEDED, started=at))
    assert story.memory.self_heals == 2


def test_a_drift_that_comes_back_at_once_is_unconverged_though_a_self_heal_begins_with_it() -> None:
    story = deployed()
    story.sees(NOON, operation=healing(1))
    story.sees(NOON + 1, operation=healing(1, Phase.SUCCEEDED), **SYNCED)
    memory = story.sees(NOON + 5, operation=healing(2), **behind("a"))
    assert memory.cause is Cause.UNCONVERGED


def test_without_a_history_the_last_operation_tells_of_a_deployment() -> None:
    """revisionHistoryLimit: 0."""
    done = operation(started=NOON - 600, synced=target("a"))
    assert Story(born=False, operation=done, **behind("a")).memory.cause is Cause.LIVE_DRIFT
    assert Story(born=False, operation=done, **behind("b")).memory.cause is Cause.PENDING_REVISION
