"""What a sync operation is about: is it running, is it parked, how did it end.

Source: argo-cd controller/appcontroller.go, controller/sync.go and gitops-engine pkg/sync (3.6-dev).
"""

from typing import Final

from observability.model.application import Operation
from observability.model.status import Phase, Result

_RESULTS: Final = {
    Phase.SUCCEEDED: Result.SUCCESS,
    Phase.FAILED: Result.FAILURE,
    Phase.ERROR: Result.ERROR,
}
_BLOCKED: Final = "Sync operation blocked by sync window"
_TERMINATED: Final = "Operation terminated"
_TIMED_OUT: Final = "triggered by controller sync timeout"


def is_running(operation: Operation | None) -> bool:
    """True while it runs, waits for a retry, is parked, or terminates."""
    return operation is not None and (operation.phase is Phase.RUNNING or operation.phase is Phase.TERMINATING)


def is_parked(operation: Operation | None) -> bool:
    """True when a sync window was seen to hold it back; the message may stand for a while after it was let go."""
    return operation is not None and operation.message.startswith(_BLOCKED)


def result(operation: Operation | None) -> Result | None:
    """How it ended; None while it has not, or with a phase that we do not know."""
    if operation is None or operation.phase is None:
        return None
    ended = _RESULTS.get(operation.phase)
    if ended is Result.FAILURE and operation.message.startswith(_TERMINATED):
        return Result.TIMEOUT if _TIMED_OUT in operation.message else Result.CANCELLATION
    return ended
