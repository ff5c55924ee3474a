"""What the history of an Application tells: what is deployed, how often that changed, whether it is a rollback. Pure.

Source: argo-cd controller/state.go, persistRevisionHistory (3.6-dev): identifiers grow by one, the oldest are cut off.
"""

from collections.abc import Sequence

from observability.model.application import Application, HistoryEntry, Target
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


def count(memory: Memory, history: Sequence[HistoryEntry]) -> int:
    """New entries with other content than the one before, and those that were cut off before we saw them.

    When identifiers do not grow (a history that was edited, or begun anew), times tell what is new.
    """
    if history[-1].id > memory.deployed_id:
        new = [place for place, entry in enumerate(history) if entry.id > memory.deployed_id]
        unseen = history[new[0]].id - memory.deployed_id - 1
    else:
        known_until = memory.deployed_at or 0.0
        new = [place for place, entry in enumerate(history) if (entry.deployed_at or 0.0) > known_until]
        unseen = 0
    counted = unseen
    for place in new:
        before = history[place - 1].target if place else memory.deployed
        counted += history[place].target != before and bool(history[place].target.revisions)
    return counted


def is_after(later: float | None, earlier: float | None) -> bool:
    """Both are known, and in that order."""
    return later is not None and earlier is not None and later > earlier


def _repeats(history: Sequence[HistoryEntry], cut: Target | None) -> bool:
    """The newest entry equals an older one, or the one that it cut off, and differs from the one right before it."""
    newest = history[-1].target
    if len(history) < 2 or not newest.revisions or newest == history[-2].target:
        return False
    return newest == cut or any(entry.target == newest for entry in history[:-2])
