"""Sync windows over time: one verdict for all Applications that the same windows match.

A hundred thousand Applications share a few dozen such assignments, so that a window that opens costs one evaluation,
not one an Application.
"""

from collections.abc import Iterator
from typing import Final

from observability.model.application import Application, Key
from observability.model.project import Project, SyncWindow
from observability.model.state import ProjectState, WindowState, WindowVerdict
from observability.settings.groups import GlobalProject, LabelExpression, LabelSelector
from observability.state import windows

_NANOSECONDS: Final = 1_000_000_000
_DAY_SECONDS: Final = 86_400.0
_AFTER_SECONDS: Final = 0.001
"""A window is not yet active at its very start: the verdict is asked for again just after a change."""


class Assignment:
    """The windows that may hold for an Application, and the indexes of those that match it, with their verdict.

    `members` are the Applications that share it. One that matches nothing is falsy. Its verdict is None when it is not
    known which windows there are.
    """

    __slots__ = ("expires_at", "matching", "members", "verdict", "windows")

    def __init__(self, candidates: tuple[SyncWindow, ...] = (), matching: tuple[int, ...] = ()) -> None:
        self.windows = candidates
        self.matching = matching
        self.members: set[Key] = set()
        self.verdict: WindowVerdict | None = WindowVerdict()
        self.expires_at = float("-inf") if matching else float("inf")

    def __bool__(self) -> bool:
        return bool(self.matching)

    def at(self, now: float) -> WindowVerdict | None:
        """The verdict at `now` (seconds since the epoch), None when it is not known.

        It is kept until it changes by itself, and a day at most: what changes next may come within its horizon.
        """
        if now >= self.expires_at:
            verdict = windows.verdict(self.windows, self.matching, round(now * _NANOSECONDS))
            self.verdict = verdict
            changes = (verdict.auto_changes_at, verdict.manual_changes_at)
            soon = (change + _AFTER_SECONDS for change in changes if change is not None)
            self.expires_at = min((*soon, now + _DAY_SECONDS))
        return self.verdict

    def forbade(self, *, automated: bool, started_at: float | None, at: float) -> bool:
        """Whether the controller would have held back a sync at `at` that started at `started_at`."""
        return bool(self) and windows.blocks(
            self.windows,
            self.matching,
            automated=automated,
            started_ns=None if started_at is None else round(started_at * _NANOSECONDS),
            at_ns=round(at * _NANOSECONDS),
        )


class Calendar:
    """The AppProjects that are known, and which of their windows hold for whom."""

    def __init__(self, global_projects: tuple[GlobalProject, ...]) -> None:
        self._global = global_projects
        self._projects: dict[Key, Project] = {}
        self._assignments: dict[tuple[tuple[SyncWindow, ...], tuple[int, ...]], Assignment] = {}
        self._unknown = Assignment()
        self._unknown.verdict = None

    def put(self, project: Project) -> None:
        """Know a project, or know it as it is now."""
        self._projects[project.key] = project

    def drop(self, key: Key) -> None:
        """Forget a project that was deleted."""
        self._projects.pop(key, None)

    def project_of(self, app: Application) -> Project | None:
        """Its AppProject: the one beside its Argo CD, else the only one of that name; None when it is not known.

        Projects of one engine, and their windows, say nothing to another.
        """
        for namespace in (app.controller_namespace, app.namespace):
            if (found := self._projects.get(Key(namespace, app.project))) is not None and found.engine == app.engine:
                return found
        named = [one for one in self._projects.values() if one.name == app.project and one.engine == app.engine]
        return named[0] if len(named) == 1 else None

    def is_global(self, name: str) -> bool:
        """True when the windows of that project hold for others, too."""
        return any(one.project == name for one in self._global)

    def candidates(self, app: Application) -> tuple[SyncWindow, ...]:
        """The windows that may hold for `app`: its project's, then those of the global projects that match that."""
        project = self.project_of(app)
        return project.windows + tuple(self._inherited(project)) if project is not None else ()

    def assign(self, app: Application) -> Assignment:
        """Which of its `candidates` hold for `app`; a verdict of None while its AppProject is not known."""
        if self.project_of(app) is None:
            return self._unknown
        candidates = self.candidates(app)
        matching = windows.matching(candidates, app.name, app.destination) if candidates else ()
        key = (candidates if matching else (), matching)
        assignment = self._assignments.get(key)
        if assignment is None:
            assignment = self._assignments[key] = Assignment(*key)
        return assignment

    def leave(self, assignment: Assignment, key: Key) -> None:
        """An Application has no longer that assignment; one without members is forgotten."""
        assignment.members.discard(key)
        if not assignment.members:
            self._assignments.pop((assignment.windows, assignment.matching), None)

    def state(self, project: Project, now: float) -> ProjectState:
        """The project, and which of its windows are active at `now`."""
        return ProjectState(project, tuple(_window(window, now) for window in project.windows))

    def _inherited(self, project: Project) -> Iterator[SyncWindow]:
        """Source: argo-cd util/argo/argo.go, GetGlobalProjects and mergeVirtualProject (3.6-dev)."""
        for one in self._global:
            if one.project != project.name and (one.match is None or _selects(one.match, project)):
                found = self._projects.get(Key(project.namespace, one.project))
                yield from found.windows if found is not None else ()


def _window(window: SyncWindow, now: float) -> WindowState:
    if windows.active(window, round(now * _NANOSECONDS)) is None:
        return WindowState(None)
    # A deny window alone says no exactly while it is active: how to find when that changes is known already.
    alone = SyncWindow("deny", window.schedule, window.duration, ("*",), time_zone=window.time_zone)
    verdict = windows.verdict((alone,), (0,), round(now * _NANOSECONDS))
    changes_at = None if verdict.auto_changes_at is None else verdict.auto_changes_at + _AFTER_SECONDS
    return WindowState(not verdict.can_sync_auto, changes_at)


def _selects(selector: LabelSelector, project: Project) -> bool:
    labels = project.labels
    exact = all(labels.get(key) == value for key, value in selector.match_labels.items())
    return exact and all(_holds(expression, labels.get(expression.key)) for expression in selector.match_expressions)


def _holds(expression: LabelExpression, value: str | None) -> bool:
    match expression.operator:
        case "In":
            return value in expression.values
        case "NotIn":
            return value not in expression.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
