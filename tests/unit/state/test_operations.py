"""What a sync operation is about."""

import pytest

from observability.model.application import Operation
from observability.model.status import Phase, Result
from observability.state.operations import is_parked, is_running, result

TERMINATED = "Operation terminated"
TIMED_OUT = "Operation terminated, triggered by controller sync timeout"
PARKED = "Sync operation blocked by sync window"


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (None, None),
        (Operation(), None),
        (Operation(Phase.RUNNING), None),
        (Operation(Phase.RUNNING, finished_at=1.0, retries=1), None),
        (Operation(Phase.TERMINATING, TERMINATED), None),
        (Operation(Phase.SUCCEEDED), Result.SUCCESS),
        (Operation(Phase.SUCCEEDED, TERMINATED), Result.SUCCESS),
        (Operation(Phase.ERROR), Result.ERROR),
        (Operation(Phase.ERROR, TERMINATED), Result.ERROR),
        (Operation(Phase.FAILED, "one or more objects failed to apply"), Result.FAILURE),
        (Operation(Phase.FAILED, f"{TERMINATED} (retried 2 times)."), Result.CANCELLATION),
        (Operation(Phase.FAILED, TIMED_OUT), Result.TIMEOUT),
        (Operation(Phase.FAILED, f"{TIMED_OUT} (retried 1 times)."), Result.TIMEOUT),
        (Operation(Phase.FAILED, "hook failed: triggered by controller sync timeout"), Result.FAILURE),
    ],
)
def test_how_it_ended(operation: Operation | None, expected: Result | None) -> None:
    assert result(operation) is expected


@pytest.mark.parametrize("phase", [None, *Phase])
def test_what_has_not_ended_runs(phase: Phase | None) -> None:
    operation = Operation(phase)
    assert is_running(operation) is (phase in (Phase.RUNNING, Phase.TERMINATING))
    assert not (is_running(operation) and result(operation) is not None)


def test_nothing_does_not_run() -> None:
    assert not is_running(None)
    assert not is_parked(None)


def test_a_window_parks_it_with_a_message() -> None:
    assert is_parked(Operation(Phase.RUNNING, PARKED))
    assert is_parked(Operation(Phase.TERMINATING, f"{PARKED} since an hour"))
    assert not is_parked(Operation(Phase.RUNNING, f"waiting. {PARKED}"))
