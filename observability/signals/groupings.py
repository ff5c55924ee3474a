"""The metrics of what groups Applications: ApplicationSets and AppProjects. Pure."""

from typing import Final

from observability.model.project import SyncWindow
from observability.model.state import ApplicationSetState, ProjectState
from observability.signals.catalogue import Metric, Samples, Type, number

_WINDOW_LABELS: Final = ("kind", "schedule", "duration", "time_zone")


def _set_info(state: ApplicationSetState) -> Samples:
    facts = state.facts
    return (((",".join(facts.generators), facts.strategy or "AllAtOnce"), 1.0),)


def _set_conditions(state: ApplicationSetState) -> Samples:
    return tuple(((one.type,), 1.0) for one in state.facts.conditions if one.status == "True")


def _window_labels(window: SyncWindow) -> tuple[str, ...]:
    return window.kind, window.schedule, window.duration, window.time_zone or "UTC"


def _windows_active(state: ProjectState) -> Samples:
    """Windows that differ only in whom they match share a series: whether they are active is the same for all."""
    return tuple(
        {
            _window_labels(window): float(now.active)
            for window, now in zip(state.facts.windows, state.windows, strict=True)
            if now.active is not None
        }.items()
    )


def _windows_invalid(state: ProjectState) -> Samples:
    labels = {
        _window_labels(window): 1.0
        for window, now in zip(state.facts.windows, state.windows, strict=True)
        if now.active is None
    }
    return tuple(labels.items())


APPLICATIONSET_INFO: Final[Metric[ApplicationSetState]] = Metric(
    name="gitops_applicationset_info",
    type=Type.GAUGE,
    help="spec.generators (their kinds, joined by commas) and spec.strategy.type.",
    labels=("generators", "strategy"),
    samples=_set_info,
    reads=("facts.generators", "facts.strategy"),
)
APPLICATIONSET_CONDITION: Final[Metric[ApplicationSetState]] = Metric(
    name="gitops_applicationset_condition",
    type=Type.GAUGE,
    help="status.conditions: 1 for each type of condition whose status is True.",
    labels=("condition",),
    samples=_set_conditions,
    reads=("facts.conditions",),
)
APPLICATIONSET_APPLICATIONS: Final[Metric[ApplicationSetState]] = number(
    "gitops_applicationset_applications",
    Type.GAUGE,
    "Applications that it owns: status.resourcesCount, else the length of status.resources.",
    "facts.applications",
)
APPLICATIONSET_STEP: Final[Metric[ApplicationSetState]] = number(
    "gitops_applicationset_step",
    Type.GAUGE,
    "The step of a progressive sync that is worked on: the lowest with an Application in "
    "status.applicationStatus that is not Healthy, the last one when all are. Absent without steps.",
    "step",
)
APPLICATIONSET_STEP_SINCE: Final[Metric[ApplicationSetState]] = number(
    "gitops_applicationset_step_since_timestamp_seconds",
    Type.GAUGE,
    "When that step began: when the steps before it were done. Of a finished progressive sync its end.",
    "step_since",
)
APPLICATIONSET_METRICS: Final[tuple[Metric[ApplicationSetState], ...]] = (
    APPLICATIONSET_INFO,
    APPLICATIONSET_CONDITION,
    APPLICATIONSET_APPLICATIONS,
    APPLICATIONSET_STEP,
    APPLICATIONSET_STEP_SINCE,
)
"""What is exposed of an ApplicationSet."""

PROJECT_SYNC_WINDOW_ACTIVE: Final[Metric[ProjectState]] = Metric(
    name="gitops_project_sync_window_active",
    type=Type.GAUGE,
    help="1 while a window of spec.syncWindows is active, 0 otherwise. Absent for one that cannot be read.",
    labels=_WINDOW_LABELS,
    samples=_windows_active,
    reads=("facts.windows", "windows"),
)
PROJECT_SYNC_WINDOW_INVALID: Final[Metric[ProjectState]] = Metric(
    name="gitops_project_sync_window_invalid",
    type=Type.GAUGE,
    help="1 for a window of spec.syncWindows with a schedule or duration that cannot be read: Argo CD then refuses "
    "every sync of the Applications that it matches.",
    labels=_WINDOW_LABELS,
    samples=_windows_invalid,
    reads=("facts.windows", "windows"),
)
PROJECT_METRICS: Final[tuple[Metric[ProjectState], ...]] = (
    PROJECT_SYNC_WINDOW_ACTIVE,
    PROJECT_SYNC_WINDOW_INVALID,
)
"""What is exposed of an AppProject."""
