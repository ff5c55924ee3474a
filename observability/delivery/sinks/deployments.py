"""What a sink of deployments makes of an event: a word for it, and what it is known by. Pure.

A rollback in the cluster is told by two events, the deployment of a sync of that kind and `rolled_back`, and one may
come without the other when it happened unseen. So both are a rollback here, known by the same id: the second is a
duplicate.
"""

from enum import StrEnum
from hashlib import sha256
from typing import Final, NamedTuple

from observability.model.event import Event

_NAME: Final = "gitops.application."


class Step(StrEnum):
    """What happened to what is deployed."""

    DEPLOYED = "deployed"
    UPGRADED = "upgraded"
    ROLLED_BACK = "rolledback"
    REMOVED = "removed"


class Deployment(NamedTuple):
    """A step, and 32 hexadecimal digits by which receivers know it again."""

    step: Step
    id: str


def deployment(event: Event) -> Deployment | None:
    """The step that `event` tells of; None when it tells of none. The first deployment has nothing before it."""
    facts = event.attributes
    match event.name.removeprefix(_NAME):
        case "deployed" if facts.get("gitops.sync.kind") == "rollback":
            return Deployment(Step.ROLLED_BACK, _id_of_rollback(event))
        case "deployed":
            return Deployment(Step.UPGRADED if "gitops.previous_revision" in facts else Step.DEPLOYED, event.id)
        case "rolled_back":
            return Deployment(Step.ROLLED_BACK, _id_of_rollback(event))
        case "deleted":
            return Deployment(Step.REMOVED, event.id)
        case _:
            return None


def _id_of_rollback(event: Event) -> str:
    """By the deployment that it is, where that is known: one id for both events."""
    facts = event.attributes
    if "gitops.deployment.id" not in facts or "gitops.application.uid" not in facts:
        return event.id
    names = ("gitops.application.uid", "gitops.deployment.id", "gitops.revision")
    return sha256("\0".join(("rollback", *(str(facts.get(name)) for name in names))).encode()).hexdigest()[:32]
