# ruff: noqa: E501 - lines of /metrics are as long as they are
"""Every metric of an ApplicationSet and of an AppProject, as Prometheus reads it: its state in, its lines out."""

from operator import attrgetter
from typing import Any, Final

import pytest

from observability.model.applicationset import SetCondition
from observability.model.state import ApplicationSetState, ProjectState, WindowState
from observability.signals.catalogue import Metric
from observability.signals.groupings import APPLICATIONSET_METRICS, PROJECT_METRICS
from observability.signals.metrics import METRICS
from tests.builders import NOON, applicationset, project, window
from tests.rendering import golden, text_of
from tests.rows import name_of, names, only, row

WINDOWS: Final = ProjectState(
    project(
        "shop",
        window("deny", "0 13 * * *", "2h"),
        window("allow", "* * * * *", "1h", time_zone="Europe/Paris"),
        window("deny", "often", "1h"),
    ),
    (WindowState(False), WindowState(True), WindowState(None)),
)
APPLICATIONSETS: Final[tuple[tuple[ApplicationSetState, str], ...]] = (
    (
        ApplicationSetState(applicationset(generators=("git", "list"), strategy="RollingSync")),
        """
        # HELP gitops_applicationset_info spec.generators (their kinds, joined by commas) and spec.strategy.type.
        # TYPE gitops_applicationset_info gauge
        gitops_applicationset_info{applicationset="shops",generators="git,list",strategy="RollingSync"} 1
        """,
    ),
    (
        ApplicationSetState(
            applicationset(
                conditions=(
                    SetCondition("ErrorOccurred", "False"),
                    SetCondition("ResourcesUpToDate", "True"),
                    SetCondition("RolloutProgressing", "Unknown"),
                )
            )
        ),
        """
        # HELP gitops_applicationset_condition status.conditions: 1 for each type of condition whose status is True.
        # TYPE gitops_applicationset_condition gauge
        gitops_applicationset_condition{applicationset="shops",condition="ResourcesUpToDate"} 1
        """,
    ),
    (
        ApplicationSetState(applicationset(applications=12)),
        """
        # HELP gitops_applicationset_applications Applications that it owns: status.resourcesCount, else the length of status.resources.
        # TYPE gitops_applicationset_applications gauge
        gitops_applicationset_applications{applicationset="shops"} 12
        """,
    ),
    (
        ApplicationSetState(applicationset(), step=2, step_since=NOON),
        """
        # HELP gitops_applicationset_step The step of a progressive sync that is worked on: the lowest with an Application in status.applicationStatus that is not Healthy, the last one when all are. Absent without steps.
        # TYPE gitops_applicationset_step gauge
        gitops_applicationset_step{applicationset="shops"} 2
        """,
    ),
    (
        ApplicationSetState(applicationset(), step=2, step_since=NOON),
        """
        # HELP gitops_applicationset_step_since_timestamp_seconds When that step began: when the steps before it were done. Of a finished progressive sync its end.
        # TYPE gitops_applicationset_step_since_timestamp_seconds gauge
        gitops_applicationset_step_since_timestamp_seconds{applicationset="shops"} 1795435200
        """,
    ),
)
PROJECTS: Final[tuple[tuple[ProjectState, str], ...]] = (
    (
        WINDOWS,
        """
        # HELP gitops_project_sync_window_active 1 while a window of spec.syncWindows is active, 0 otherwise. Absent for one that cannot be read.
        # TYPE gitops_project_sync_window_active gauge
        gitops_project_sync_window_active{project="shop",kind="deny",schedule="0 13 * * *",duration="2h",time_zone="UTC"} 0
        gitops_project_sync_window_active{project="shop",kind="allow",schedule="* * * * *",duration="1h",time_zone="Europe/Paris"} 1
        """,
    ),
    (
        WINDOWS,
        """
        # HELP gitops_project_sync_window_invalid 1 for a window of spec.syncWindows with a schedule or duration that cannot be read: Argo CD then refuses every sync of the Applications that it matches.
        # TYPE gitops_project_sync_window_invalid gauge
        gitops_project_sync_window_invalid{project="shop",kind="deny",schedule="often",duration="1h",time_zone="UTC"} 1
        """,
    ),
)


@pytest.mark.parametrize(("subject", "text"), APPLICATIONSETS, ids=names(APPLICATIONSETS))
def test_an_applicationset(subject: ApplicationSetState, text: str) -> None:
    assert text_of(row(name_of(text)), subject, (("applicationset", "shops"),)) == golden(text)


@pytest.mark.parametrize(("subject", "text"), PROJECTS, ids=names(PROJECTS))
def test_a_project(subject: ProjectState, text: str) -> None:
    assert text_of(row(name_of(text)), subject, (("project", "shop"),)) == golden(text)


def test_each_metric_has_its_golden_text_in_the_order_of_the_catalogue() -> None:
    prefixes = ("gitops_applicationset_", "gitops_project_")
    assert [*names(APPLICATIONSETS), *names(PROJECTS)] == [one.name for one in METRICS if one.name.startswith(prefixes)]


ABSENT: Final = (
    ("gitops_applicationset_condition", ApplicationSetState(applicationset())),
    ("gitops_applicationset_step", ApplicationSetState(applicationset())),
    ("gitops_applicationset_step_since_timestamp_seconds", ApplicationSetState(applicationset(), step=1)),
    ("gitops_project_sync_window_active", ProjectState(project("shop", window("deny")), (WindowState(None),))),
    ("gitops_project_sync_window_invalid", ProjectState(project("shop", window("deny")), (WindowState(True),))),
)


@pytest.mark.parametrize(("name", "subject"), ABSENT)
def test_what_is_not_so_has_no_line(name: str, subject: object) -> None:
    assert list(row(name).samples(subject)) == []


def test_windows_that_differ_only_in_whom_they_match_share_a_line() -> None:
    windows = window("deny"), window("deny", applications=("a",))
    subject = ProjectState(project("shop", *windows), (WindowState(True), WindowState(True)))
    assert len(list(row("gitops_project_sync_window_active").samples(subject))) == 1


@pytest.mark.parametrize("metric", APPLICATIONSET_METRICS, ids=attrgetter("name"))
def test_samples_of_applicationsets_depend_on_nothing_but_what_the_row_reads(metric: Metric[Any]) -> None:
    for subject, _ in APPLICATIONSETS:
        assert tuple(metric.samples(only(metric.reads, subject))) == tuple(metric.samples(subject))


@pytest.mark.parametrize("metric", PROJECT_METRICS, ids=attrgetter("name"))
def test_samples_of_projects_depend_on_nothing_but_what_the_row_reads(metric: Metric[Any]) -> None:
    for subject, _ in PROJECTS:
        assert tuple(metric.samples(only(metric.reads, subject))) == tuple(metric.samples(subject))
