"""How far the progressive sync of an ApplicationSet is. Pure.

Source: argo-cd pkg/apis/application/v1alpha1/applicationset_types.go, ApplicationSetApplicationStatus (3.6-dev).
"""

from typing import Final

from observability.model.applicationset import ApplicationSet
from observability.model.state import ApplicationSetState

_DONE: Final = "Healthy"


def state_of(facts: ApplicationSet) -> ApplicationSetState:
    """The step that is being worked on, and since when: since all Applications of the steps before it were done.

    It is the lowest step with an Application that is not Healthy, the last one when all are; None without steps.
    Steps count from 1: an Application that no step selects has -1, and is waited for by none.
    """
    steps = [one for one in facts.steps if one.step > 0]
    if not steps:
        return ApplicationSetState(facts)
    open_steps = [one.step for one in steps if one.status != _DONE]
    current = min(open_steps) if open_steps else max(one.step for one in steps)
    done = [one.since for one in steps if one.since is not None and (not open_steps or one.step < current)]
    begun = [one.since for one in steps if one.since is not None and one.step == current]
    return ApplicationSetState(facts, current, max(done) if done else min(begun, default=None))
