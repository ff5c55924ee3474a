"""What the history of an Application tells: what is deployed, how often that changed, whether it is a rollback. Pure.

Source: argo-cd controller/state.go, persistRevisionHistory (3.6-dev): identifiers grow by one, the oldest are cut off.
"""

from collections.abc import Sequence

from observability.model.application import Application, HistoryEntry, Target, deployments_after
from observability.model.state import Memory


def is_new(memory: Memory, app: Application) -> bool:
    """The history has another newest entry than is remembered."""
    if not app.history:
        return False
    newest = app.history[-1]
    return (newest.id, newest.deployed_at) != (memory.deployed_id, memory.deployed_at)


def take(memory: Memory, app: Application, settle_seconds: float) -> None:
    """Take the newest entry of the history as what is deployed now."""
    history = app.history
    newest = history[-1]
    stands = memory.rolled_back and newest.target == memory.deployed
    memory.rolled_back = app.desired != newest.target and (stands or _repeats(history, memory.oldest))
    memory.deployed = newest.target
    memory.deployed_id = newest.id
    memory.deployed_at = newest.deployed_at
    memory.oldest = history[0].target
    # With a verdict from long after the deployment, we come late: whether it was Synced in between cannot be known. It
    # counts as settled, for a change by hand is worth a look, and is the more likely.
    settled_at = None if newest.deployed_at is None else newest.deployed_at + settle_seconds
    memory.settled_since_deployment = is_after(app.reconciled_at, settled_at)


def changes(memory: Memory, history: Sequence[HistoryEntry]) -> tuple[int, HistoryEntry | None]:
    """How many deployments are new, those included that were cut off before we saw them; and the newest one.

    The newest is None when no entry that can be seen deployed something else than the one before.
    """
    new = deployments_after(history, memory.deployed_id, memory.deployed_at, memory.deployed)
    first = next((entry.id for entry in history if entry.id > memory.deployed_id), memory.deployed_id + 1)
    return len(new) + first - memory.deployed_id - 1, new[-1][0] if new else None


def goes_back(history: Sequence[HistoryEntry]) -> bool:
    """The newest entry deploys what came before what the entry right before it deployed, by when each came first."""
    order = [entry.target for entry in history if entry.target.revisions]
    if len(order) < 3 or order[-1] != history[-1].target:
        return False
    return order.index(order[-1]) < order.index(order[-2])


def is_after(later: float | None, earlier: float | None) -> bool:
    """Both are known, and in that order."""
    return later is not None and earlier is not None and later > earlier


def _repeats(history: Sequence[HistoryEntry], cut: Target | None) -> bool:
    """The newest entry equals an older one, or the one that it cut off, and differs from the one right before it."""
    newest = history[-1].target
    if len(history) < 2 or not newest.revisions or newest == history[-2].target:
        return False
    return newest == cut or any(entry.target == newest for entry in history[:-2])
