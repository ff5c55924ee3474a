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


APPLICATIONSET_METRICS: Final[tuple[Metric[ApplicationSetState], ...]] = (
    Metric(
        name="gitops_applicationset_info",
        type=Type.GAUGE,
        help="spec.generators (their kinds, joined by commas) and spec.strategy.type.",
        labels=("generators", "strategy"),
        samples=_set_info,
        reads=("facts.generators", "facts.strategy"),
    ),
    Metric(
        name="gitops_applicationset_condition",
        type=Type.GAUGE,
        help="status.conditions: 1 for each type of condition whose status is True.",
        labels=("condition",),
        samples=_set_conditions,
        reads=("facts.conditions",),
    ),
    number(
        "gitops_applicationset_applications",
        Type.GAUGE,
        "Applications that it owns: status.resourcesCount, else the length of status.resources.",
        "facts.applications",
    ),
    number(
        "gitops_applicationset_step",
        Type.GAUGE,
        "The step of a progressive sync that is worked on: the lowest with an Application in "
        "status.applicationStatus that is not Healthy, the last one when all are. Absent without steps.",
        "step",
    ),
    number(
        "gitops_applicationset_step_since_timestamp_seconds",
        Type.GAUGE,
        "When that step began: when the steps before it were done. Of a finished progressive sync its end.",
        "step_since",
    ),
)
"""What is exposed of an ApplicationSet."""

PROJECT_METRICS: Final[tuple[Metric[ProjectState], ...]] = (
    Metric(
        name="gitops_project_sync_window_active",
        type=Type.GAUGE,
        help="1 while a window of spec.syncWindows is active, 0 otherwise. Absent for one that cannot be read.",
        labels=_WINDOW_LABELS,
        samples=_windows_active,
        reads=("facts.windows", "windows"),
    ),
    Metric(
        name="gitops_project_sync_window_invalid",
        type=Type.GAUGE,
        help="1 for a window of spec.syncWindows with a schedule or duration that cannot be read: Argo CD then refuses "
        "every sync of the Applications that it matches.",
        labels=_WINDOW_LABELS,
        samples=_windows_invalid,
        reads=("facts.windows", "windows"),
    ),
)
"""What is exposed of an AppProject."""
