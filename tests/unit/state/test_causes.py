"""Each row of the table of causes, reached by a case that no row above it takes."""

from typing import Any, Final

import pytest

from observability.model.application import Application
from observability.model.state import Memory
from observability.model.status import Cause, SyncStatus
from observability.state.causes import CAUSES, cause
from tests.builders import NOON, application, memory, target

ELSEWHERE: Final = 2
"""The digest of other sources."""


def behind(**facts: Any) -> Application:
    """OutOfSync at the revision that is deployed, unless the facts say otherwise."""
    return application(sync=SyncStatus.OUT_OF_SYNC, **facts)


CASES: Final[tuple[tuple[Cause, Application, Memory], ...]] = (
    (Cause.DELETING, behind(deleted_at=NOON), memory()),
    (Cause.STALE_VERDICT, behind(sources_digest=ELSEWHERE), memory()),
    (Cause.NEVER_DEPLOYED, behind(), memory(deployed=None, settled=None)),
    (Cause.ROLLED_BACK, behind(desired=target("b")), memory(rolled_back=True)),
    (
        Cause.PENDING_SOURCE_CHANGE,
        behind(sources_digest=ELSEWHERE, desired=target("a", ELSEWHERE)),
        memory(),
    ),
    (Cause.PENDING_REVISION, behind(desired=target("b")), memory()),
    (Cause.PRUNE_PENDING, behind(prune_only=True), memory()),
    (Cause.UNCONVERGED, behind(), memory(settled_since_deployment=False)),
    (Cause.LIVE_DRIFT, behind(), memory()),
)


@pytest.mark.parametrize(("expected", "app", "remembered"), CASES, ids=[name for name, *_ in CASES])
def test_a_cause(expected: Cause, app: Application, remembered: Memory) -> None:
    assert cause(app, remembered) is expected


def test_there_is_a_case_for_each_cause() -> None:
    assert [name for name, *_ in CASES] == [name for name, _ in CAUSES] == list(Cause)


def test_the_order_of_the_table_decides() -> None:
    """With everything true at once, each row is the answer when those above it are not true any more."""
    app = behind(deleted_at=NOON, sources_digest=ELSEWHERE, prune_only=True, desired=target("b", 3))
    never = memory(deployed=None, settled=None, rolled_back=True, settled_since_deployment=False)
    ever = memory(rolled_back=True, settled_since_deployment=False)
    git_moved_on = memory(settled_since_deployment=False)
    old = application(sync=SyncStatus.OUT_OF_SYNC, prune_only=True)
    assert cause(app, never) is Cause.DELETING
    app.deleted_at = None
    assert cause(app, never) is Cause.STALE_VERDICT
    app.sources_digest = 3
    assert cause(app, never) is Cause.NEVER_DEPLOYED
    assert cause(app, ever) is Cause.ROLLED_BACK
    assert cause(app, git_moved_on) is Cause.PENDING_SOURCE_CHANGE
    app.sources_digest = 1
    app.desired = target("b")
    assert cause(app, git_moved_on) is Cause.PENDING_REVISION
    assert cause(old, git_moved_on) is Cause.PRUNE_PENDING
    old.prune_only = False
    assert cause(old, git_moved_on) is Cause.UNCONVERGED
    assert cause(old, memory()) is Cause.LIVE_DRIFT


@pytest.mark.parametrize(
    ("remembered", "expected"),
    [
        (memory(deployed=target("a"), settled=target("b")), Cause.LIVE_DRIFT),
        (memory(deployed=target("b"), settled=target("a")), Cause.LIVE_DRIFT),
        (memory(deployed=target("b"), settled=None, settled_since_deployment=False), Cause.UNCONVERGED),
        (memory(deployed=target("a"), settled=target("a", ELSEWHERE)), Cause.PENDING_REVISION),
        (memory(deployed=None, settled=target("a")), Cause.PENDING_REVISION),
    ],
    ids=["settled", "deployed", "deployed and never settled", "a source that was settled", "adopted"],
)
def test_what_is_known_is_what_was_deployed_and_what_was_settled_last(remembered: Memory, expected: Cause) -> None:
    assert cause(behind(desired=target("b")), remembered) is expected


def test_other_sources_count_only_when_they_differ_from_both() -> None:
    app = behind(sources_digest=ELSEWHERE, desired=target("b", ELSEWHERE))
    assert cause(app, memory()) is Cause.PENDING_SOURCE_CHANGE
    assert cause(app, memory(settled=target("a", ELSEWHERE))) is Cause.PENDING_REVISION


def test_converging_within_the_settle_time_is_no_drift_although_it_was_settled() -> None:
    assert cause(behind(), memory(unconverged=True)) is Cause.UNCONVERGED


def test_before_the_first_verdict_no_verdict_is_stale() -> None:
    assert not application(desired=target("a", 0)).is_stale
    assert cause(behind(desired=target("a", 0), sources_digest=1), memory()) is not Cause.STALE_VERDICT
