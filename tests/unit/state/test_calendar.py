"""Sync windows over time: which hold for whom, and one verdict for all that share them."""

from typing import Any

import pytest

from observability.model.application import Key
from observability.model.state import WindowVerdict
from observability.settings.groups import GlobalProject
from observability.state.calendar import Assignment, Calendar
from tests.builders import NOON, application, project, window

HOUR = 3600.0
DAY = 86_400.0
FROM_ONE = window("deny", "0 13 * * *", "2h")
"""Forbids syncs from 13:00 to 15:00 UTC: an hour after NOON, for two."""


def calendar(*projects: Any, global_projects: tuple[GlobalProject, ...] = ()) -> Calendar:
    made = Calendar(global_projects)
    for one in projects:
        made.put(one)
    return made


def assigned(*windows: Any) -> Assignment:
    return calendar(project("shop", *windows)).assign(application())


def told(assignment: Assignment, at: float) -> WindowVerdict:
    """The verdict, of a project that is known."""
    verdict = assignment.at(at)
    assert verdict is not None
    return verdict


# The verdict


def test_without_its_project_nothing_is_known() -> None:
    assignment = calendar(project("other", FROM_ONE)).assign(application())
    assert assignment.at(NOON) is None
    assert not assignment.forbade(automated=True, started_at=NOON, at=NOON)


def test_a_verdict_is_kept_until_it_changes() -> None:
    assignment = assigned(FROM_ONE)
    before = told(assignment, NOON)
    assert before.can_sync_auto
    assert assignment.at(NOON + HOUR - 1) is before
    opened = told(assignment, assignment.expires_at)
    assert not opened.can_sync_auto
    assert opened.auto_changes_at == pytest.approx(NOON + 3 * HOUR, abs=0.01)
    assert assignment.at(NOON + 2 * HOUR) is opened
    assert told(assignment, NOON + 3 * HOUR + 0.1).can_sync_auto


def test_a_verdict_that_does_not_change_is_looked_at_once_a_day() -> None:
    assignment = assigned(window(schedule="* * * * *", duration="1h"))
    assignment.at(NOON)
    assert assignment.expires_at == NOON + DAY


def test_who_is_matched_by_nothing_may_always_sync() -> None:
    assignment = assigned()
    assert not assignment
    assert told(assignment, NOON).can_sync_auto
    assert assignment.expires_at == float("inf")
    assert not assignment.forbade(automated=True, started_at=NOON, at=NOON)


@pytest.mark.parametrize(
    ("at", "automated", "expected"),
    [
        (NOON, False, False),
        (NOON + 2 * HOUR, False, True),
        (NOON + 2 * HOUR, True, True),
        (NOON + 4 * HOUR, True, False),
    ],
)
def test_what_the_controller_would_have_held_back(at: float, automated: bool, expected: bool) -> None:
    assert assigned(FROM_ONE).forbade(automated=automated, started_at=at, at=at) is expected


def test_one_that_began_in_time_may_overrun() -> None:
    overrun = assigned(window("deny", "0 13 * * *", "2h", sync_overrun=True))
    assert not overrun.forbade(automated=False, started_at=NOON, at=NOON + 2 * HOUR)
    assert overrun.forbade(automated=False, started_at=NOON + 1.5 * HOUR, at=NOON + 2 * HOUR)
    assert overrun.forbade(automated=False, started_at=None, at=NOON + 2 * HOUR)


# Who shares what


def test_who_is_matched_by_the_same_windows_shares_one_assignment() -> None:
    shops = calendar(project("shop", FROM_ONE))
    assert shops.assign(application("a")) is shops.assign(application("b"))


def test_an_assignment_that_nobody_has_is_forgotten() -> None:
    shops = calendar(project("shop", FROM_ONE))
    assignment = shops.assign(application("a"))
    assignment.members.update((Key("argocd", "a"), Key("argocd", "b")))
    shops.leave(assignment, Key("argocd", "a"))
    assert shops.assign(application("c")) is assignment
    shops.leave(assignment, Key("argocd", "b"))
    assert shops.assign(application("c")) is not assignment


# Which project


def test_its_project_stands_beside_its_argo_cd() -> None:
    mine, other = project("shop", namespace="argocd"), project("shop", FROM_ONE, namespace="argocd-2")
    both = calendar(mine, other)
    assert both.project_of(application(controller_namespace="argocd-2", namespace="team-a")) is other
    assert both.project_of(application(controller_namespace="argocd", namespace="argocd-2")) is mine
    assert both.project_of(application(controller_namespace="", namespace="argocd-2")) is other


def test_else_it_is_the_only_one_of_that_name() -> None:
    one, another = project("shop"), project("shop", namespace="argocd-2")
    lost = application(controller_namespace="", namespace="team-a")
    assert calendar(one).project_of(lost) is one
    assert calendar(one, another).project_of(lost) is None
    assert calendar(project("other")).project_of(lost) is None


def test_a_project_that_was_dropped_is_not_known() -> None:
    shops = calendar(project("shop", FROM_ONE))
    shops.drop(Key("argocd", "shop"))
    assert shops.project_of(application()) is None
    assert not shops.assign(application())


# Global projects


def everywhere(match: dict[str, Any] | None) -> GlobalProject:
    return GlobalProject.model_validate({"project": "all", "match": match})


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (None, True),
        ({}, True),
        ({"matchLabels": {"tier": "gold"}}, True),
        ({"matchLabels": {"tier": "gold", "team": "shop"}}, False),
        ({"matchLabels": {"tier": "silver"}}, False),
        ({"matchExpressions": ({"key": "tier", "operator": "In", "values": ("gold", "silver")},)}, True),
        ({"matchExpressions": ({"key": "tier", "operator": "In", "values": ("silver",)},)}, False),
        ({"matchExpressions": ({"key": "tier", "operator": "NotIn", "values": ("gold",)},)}, False),
        ({"matchExpressions": ({"key": "team", "operator": "NotIn", "values": ("gold",)},)}, True),
        ({"matchExpressions": ({"key": "tier", "operator": "Exists"},)}, True),
        ({"matchExpressions": ({"key": "team", "operator": "Exists"},)}, False),
        ({"matchExpressions": ({"key": "team", "operator": "DoesNotExist"},)}, True),
        ({"matchExpressions": ({"key": "tier", "operator": "DoesNotExist"},)}, False),
        (
            {
                "matchLabels": {"tier": "gold"},
                "matchExpressions": ({"key": "team", "operator": "Exists"},),
            },
            False,
        ),
    ],
)
def test_a_global_project_holds_for_the_projects_that_it_selects(
    match: dict[str, Any] | None,
    expected: bool,
) -> None:
    shops = calendar(
        project("shop", labels={"tier": "gold"}), project("all", window()), global_projects=(everywhere(match),)
    )
    assert bool(shops.assign(application())) is expected
    assert shops.is_global("all")
    assert not shops.is_global("shop")


def test_its_windows_come_after_those_of_the_project() -> None:
    own, inherited = FROM_ONE, window("allow")
    shops = calendar(project("shop", own), project("all", inherited), global_projects=(everywhere(None),))
    assert shops.assign(application()).windows == (own, inherited)


def test_a_global_project_does_not_inherit_from_itself() -> None:
    shops = calendar(project("all", FROM_ONE), global_projects=(everywhere(None),))
    assert shops.assign(application(project="all")).windows == (FROM_ONE,)


@pytest.mark.parametrize("name", ["missing", "elsewhere"])
def test_a_global_project_that_is_not_beside_it_has_no_windows(name: str) -> None:
    shops = calendar(
        project("shop"),
        project("elsewhere", FROM_ONE, namespace="argocd-2"),
        global_projects=(GlobalProject(project=name),),
    )
    assert not shops.assign(application())


# The windows of a project


@pytest.mark.parametrize("kind", ["deny", "allow", "other"])
def test_a_window_is_active_whatever_its_kind(kind: str) -> None:
    one = project("shop", window(kind, "0 13 * * *", "2h"))
    shops = calendar(one)
    (before,) = shops.state(one, NOON).windows
    (within,) = shops.state(one, NOON + 2 * HOUR).windows
    assert (before.active, within.active) == (False, True)
    assert before.changes_at == pytest.approx(NOON + HOUR, abs=0.01)
    assert within.changes_at == pytest.approx(NOON + 3 * HOUR, abs=0.01)


def test_a_window_far_away_changes_at_a_time_that_is_not_told() -> None:
    one = project("shop", window("deny", "0 0 1 1 *", "1h"))
    (state,) = calendar(one).state(one, NOON - 60 * DAY).windows
    assert (state.active, state.changes_at) == (False, None)


def test_when_a_window_changes_it_has_changed() -> None:
    one = project("shop", FROM_ONE)
    shops = calendar(one)
    at = NOON
    seen = []
    for _ in range(4):
        (state,) = shops.state(one, at).windows
        assert state.changes_at is not None
        seen.append(state.active)
        at = state.changes_at
    assert seen == [False, True, False, True]


@pytest.mark.parametrize("broken", [window(schedule="often"), window(duration="long"), window(schedule="")])
def test_a_window_that_cannot_be_read_is_neither_active_nor_not(broken: Any) -> None:
    one = project("shop", broken, FROM_ONE)
    unreadable, readable = calendar(one).state(one, NOON).windows
    assert (unreadable.active, unreadable.changes_at) == (None, None)
    assert readable.active is False
