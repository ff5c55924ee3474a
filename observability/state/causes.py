"""Why an Application is OutOfSync: the first row that holds.

Proved on recordings of a real Argo CD (tests/recordings). *Desired* is what Argo CD compared the cluster with,
*deployed* the newest entry of the history; both are revisions and the sources that they are revisions of.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

from observability.model.application import Application, Target
from observability.model.state import Memory
from observability.model.status import Cause

Test: TypeAlias = Callable[[Application, Memory], bool]


def cause(app: Application, memory: Memory) -> Cause:
    """The cause of an Application that is OutOfSync."""
    return next(name for name, holds in CAUSES if holds(app, memory))


def _is_being_deleted(app: Application, _: Memory) -> bool:
    return app.deleted_at is not None


def _compared_to_another_source(app: Application, _: Memory) -> bool:
    return app.is_stale


def _was_never_deployed(_: Application, memory: Memory) -> bool:
    return memory.deployed is None and memory.settled is None


def _stays_behind_git_on_purpose(_: Application, memory: Memory) -> bool:
    return memory.rolled_back


def _desires_other_sources(app: Application, memory: Memory) -> bool:
    return _is_new(app, memory) and all(app.desired.sources != known.sources for known in _known(memory))


def _desires_another_revision(app: Application, memory: Memory) -> bool:
    return _is_new(app, memory)


def _only_prunes(app: Application, _: Memory) -> bool:
    return app.prune_only


def _never_settled(_: Application, memory: Memory) -> bool:
    return memory.unconverged or not memory.settled_since_deployment


def _always(_: Application, __: Memory) -> bool:
    return True


def _is_new(app: Application, memory: Memory) -> bool:
    """Desired is neither what was deployed nor what was settled last."""
    return app.desired not in _known(memory)


def _known(memory: Memory) -> tuple[Target, ...]:
    return tuple(target for target in (memory.deployed, memory.settled) if target is not None)


CAUSES: Final[tuple[tuple[Cause, Test], ...]] = (
    (Cause.DELETING, _is_being_deleted),
    (Cause.STALE_VERDICT, _compared_to_another_source),
    (Cause.NEVER_DEPLOYED, _was_never_deployed),
    (Cause.ROLLED_BACK, _stays_behind_git_on_purpose),
    (Cause.PENDING_SOURCE_CHANGE, _desires_other_sources),
    (Cause.PENDING_REVISION, _desires_another_revision),
    (Cause.PRUNE_PENDING, _only_prunes),
    (Cause.UNCONVERGED, _never_settled),
    (Cause.LIVE_DRIFT, _always),
)
"""Read from the top; the first test that holds names the cause."""
